using Crm.Engine;
using Crm.Values;

namespace Crm.Campaigns.Messages;

/// <summary>The language that a customer reads.</summary>
public static class CustomerLanguage
{
    /// <summary>The profile field that says it: "en…" is English, "zh…" is Traditional Chinese.</summary>
    public const string Field = "language";

    /// <summary>The customer's language; the other where the profile says nothing that is known.</summary>
    public static Language Of(CustomerView customer, Language otherwise = Language.TraditionalChinese)
    {
        ArgumentNullException.ThrowIfNull(customer);
        var code = customer.Profile[Field].AsCode ?? "";
        return code.StartsWith("en", StringComparison.OrdinalIgnoreCase) ? Language.English
            : code.StartsWith("zh", StringComparison.OrdinalIgnoreCase) ? Language.TraditionalChinese
            : otherwise;
    }
}
