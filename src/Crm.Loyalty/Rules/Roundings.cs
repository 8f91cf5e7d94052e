namespace Crm.Loyalty.Rules;

/// <summary>Which whole number a part of one becomes.</summary>
public enum Rounding
{
    /// <summary>Only what is whole counts.</summary>
    Floor,

    /// <summary>The nearest whole number; a half goes to the even one.</summary>
    Nearest,

    /// <summary>What has begun counts.</summary>
    Ceiling,

    /// <summary>Only what is whole counts, and the exact rest is kept for the member's next event by the same rule.</summary>
    Carry,
}

/// <summary>Where an award is rounded: once, at the place that the rule names.</summary>
public enum RoundingPoint
{
    /// <summary>What the rule gives for the event.</summary>
    Rule,

    /// <summary>What the rule gives for each line. Splitting a line in two may then change the sum.</summary>
    Line,

    /// <summary>What all rules that say so give of a unit for the event, together and always down; each keeps its exact part until then.</summary>
    Award,
}

/// <summary>Exact division with a rest.</summary>
internal static class Rounded
{
    /// <summary>Whether a part is rounded up: <paramref name="rest"/> over <paramref name="of"/>, on top of <paramref name="whole"/>.</summary>
    public static bool Up(Rounding rounding, Int128 whole, Int128 rest, Int128 of) => rounding switch
    {
        Rounding.Floor or Rounding.Carry => false,
        Rounding.Nearest => rest > of - rest || (rest == of - rest && Int128.IsOddInteger(whole)),
        Rounding.Ceiling => rest > 0,
        _ => throw new InvalidOperationException($"Rounding {(int)rounding} is not one of floor, nearest, ceiling and carry."),
    };
}
