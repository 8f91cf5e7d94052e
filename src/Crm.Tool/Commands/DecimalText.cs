using System.Globalization;
using Crm.Values;

namespace Crm.Tool.Commands;

/// <summary>Amounts as text, with the decimals of their currency and nothing else.</summary>
internal static class DecimalText
{
    public static string Of(Money money) =>
        money.Amount.ToString("F" + money.Currency.Decimals.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
}
