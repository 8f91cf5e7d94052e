using Crm.Values;

namespace Crm.Loyalty.Rules;

/// <summary>
/// Dated rates between currencies, which the host supplies with each event as a look-up, so that the rate of that day is stored with the decision and a refund a year later uses it again.
/// </summary>
public static class ExchangeRates
{
    /// <summary>The name of the look-up: "rate.mop.hkd" holds how many Hong Kong dollars one pataca is.</summary>
    public static string Name(Currency from, Currency to) => $"rate.{from.Code.ToLowerInvariant()}.{to.Code.ToLowerInvariant()}";

    /// <summary>An amount in minor units of another currency, half to even; 0 where there is no rate above 0.</summary>
    internal static long Convert(long minorUnits, Currency from, Currency to, decimal rate)
    {
        if (rate <= 0 || minorUnits <= 0)
        {
            return 0;
        }

        try
        {
            return Money.Rounded(new Money(minorUnits, from).Amount * rate, to).MinorUnits;
        }
        catch (Exception exception) when (exception is OverflowException or ArgumentException)
        {
            return PointsPerAmount.Most;
        }
    }
}
