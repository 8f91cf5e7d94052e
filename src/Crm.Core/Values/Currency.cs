using System.Collections.Frozen;

namespace Crm.Values;

/// <summary>A currency of ISO 4217, by its three-letter code.</summary>
public readonly record struct Currency
{
    private static readonly FrozenDictionary<string, byte> DecimalsByCode = Known();
    private readonly string? code;

    private Currency(string code) => this.code = code;

    /// <summary>Hong Kong dollar.</summary>
    public static Currency Hkd { get; } = new("HKD");

    /// <summary>Every currency in use, in the order of the codes.</summary>
    public static Sequence<Currency> All { get; } = DecimalsByCode.Keys.Order(StringComparer.Ordinal).Select(Of).ToSequence();

    /// <summary>The three letters, such as "HKD". The default value of the type is "XXX", no currency.</summary>
    public string Code => code ?? "XXX";

    /// <summary>How many decimals an amount has: 2 for most, 0 for the yen, 3 for the dinar.</summary>
    public int Decimals => code is null ? 0 : DecimalsByCode[code];

    internal decimal MinorUnitsPerUnit => Decimals switch { 0 => 1m, 2 => 100m, 3 => 1_000m, _ => 10_000m };

    /// <summary>The currency with this code.</summary>
    /// <exception cref="ArgumentException">No currency in use has the code.</exception>
    public static Currency Of(string code)
    {
        ArgumentNullException.ThrowIfNull(code);
        return TryOf(code, out var currency)
            ? currency
            : throw new ArgumentException($"'{code}' is not a currency code of ISO 4217; three capital letters such as 'HKD' or 'USD' are expected{(DecimalsByCode.ContainsKey(code.ToUpperInvariant()) ? $": did you mean '{code.ToUpperInvariant()}'?" : ".")}", nameof(code));
    }

    /// <summary>The currency with this code, if one in use has it.</summary>
    public static bool TryOf(string code, out Currency currency)
    {
        var known = DecimalsByCode.ContainsKey(code);
        currency = known ? new Currency(string.Intern(code)) : default;
        return known;
    }

    /// <summary>The three letters.</summary>
    public override string ToString() => Code;

    // ISO 4217 List One (active codes), by number of decimals.
    private static FrozenDictionary<string, byte> Known()
    {
        const string none = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
        const string three = "BHD IQD JOD KWD LYD OMR TND";
        const string four = "CLF UYW";
        const string two = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG";
        return new[] { (none, (byte)0), (two, (byte)2), (three, (byte)3), (four, (byte)4) }
            .SelectMany(group => group.Item1.Split(' ').Select(code => (code, group.Item2)))
            .ToFrozenDictionary(pair => pair.code, pair => pair.Item2, StringComparer.Ordinal);
    }
}
