using Crm.Values;

namespace Crm.Events;

/// <summary>
/// What an amount was counted on and what rounding left of that, so that with the step of its rule it can be calculated again: 52.00 HKD in steps of 10.00 leave 2.00.
/// All of it is whole and in one measure, and at least 0.
/// </summary>
public sealed record CountedOn
{
    /// <summary>Counted on money.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is below 0.</exception>
    /// <exception cref="ArgumentException">It has no currency.</exception>
    public CountedOn(Money basis)
        : this(basis.MinorUnits, basis.Currency == default ? throw new ArgumentException("Money without a currency cannot be counted on; name one, such as Currency.Hkd.", nameof(basis)) : basis.Currency.Code, CountedIn.MinorUnits)
    {
    }

    /// <summary>Counted on articles.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer than 0.</exception>
    public CountedOn(long articles)
        : this(articles, null, CountedIn.Articles)
    {
    }

    /// <summary>Counted on units that rules before gave.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer than 0.</exception>
    public CountedOn(long basis, string unit)
        : this(basis, unit ?? throw new ArgumentNullException(nameof(unit)), CountedIn.Units)
    {
    }

    internal CountedOn(long basis, string? unit, CountedIn measure)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(basis);
        (Basis, Unit, Measure) = (basis, unit, measure);
    }

    /// <summary>In what all of it is counted.</summary>
    public CountedIn Measure { get; }

    /// <summary>The code of the currency, or the name of the units; null for articles.</summary>
    public string? Unit { get; }

    /// <summary>What the event itself had.</summary>
    public long Basis { get; }

    /// <summary>What earlier events had left, on top of the basis.</summary>
    public long Carried { get; init => field = NotNegative(value); }

    /// <summary>What rounding down left; at most <see cref="Basis"/> and <see cref="Carried"/> together.</summary>
    public long Left { get; init => field = NotNegative(value); }

    /// <summary>Whether what is left counts with the customer's next event; otherwise it was dropped.</summary>
    public bool Keeps { get; init; }

    /// <summary>Whether no more is left than there was.</summary>
    public bool IsWhole => (Int128)Left <= (Int128)Basis + Carried;

    /// <summary>An amount in the measure, such as "52.00 HKD", "5" or "5 points".</summary>
    public string InMeasure(long amount) => Measure switch
    {
        CountedIn.MinorUnits => new Money(amount, Currency.Of(Unit ?? "")).ToString(),
        CountedIn.Units => FormattableString.Invariant($"{amount} {Unit}"),
        _ => FormattableString.Invariant($"{amount}"),
    };

    private static long NotNegative(long value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        return value;
    }
}

/// <summary>In what something is counted.</summary>
public enum CountedIn
{
    /// <summary>Minor units of a currency.</summary>
    MinorUnits,

    /// <summary>Articles.</summary>
    Articles,

    /// <summary>Units of a programme.</summary>
    Units,
}
