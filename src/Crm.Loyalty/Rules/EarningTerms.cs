using System.Runtime.InteropServices;
using Crm.Loyalty.Wallets;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Rules;

/// <summary>A span over which a cap or a frequency counts, in the calendar of the programme's zone.</summary>
public enum CapPeriod
{
    /// <summary>One event.</summary>
    Award,

    /// <summary>A calendar day.</summary>
    Day,

    /// <summary>A week from Monday to Sunday.</summary>
    Week,

    /// <summary>A calendar month.</summary>
    Month,

    /// <summary>A calendar year.</summary>
    Year,

    /// <summary>The whole membership.</summary>
    Ever,

    /// <summary>What the wallet holds, pending units among it; only for limits of units.</summary>
    Balance,
}

/// <summary>How often a rule may give.</summary>
/// <param name="Most">At most so many times; 1 or more.</param>
/// <param name="Per">In each such span.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct Frequency(int Most, CapPeriod Per);

/// <summary>
/// What every rule has beside what it earns, whether it is written as JSON or in code: where, when, how often and how much it applies, and what becomes of the units. The core sees to all of it.
/// </summary>
public sealed record EarningTerms
{
    /// <summary>Everywhere, always, without bounds.</summary>
    public static EarningTerms Usual { get; } = new();

    /// <summary>Where.</summary>
    public EarningScope Scope { get; init; } = EarningScope.Everywhere;

    /// <summary>When.</summary>
    public EarningHours Hours { get; init; } = EarningHours.Always;

    /// <summary>The event's spend has to be at least this, in this currency; null: any event.</summary>
    public Money? MinimumSpend { get; init; }

    /// <summary>How often; null: every time.</summary>
    public Frequency? Frequency { get; init; }

    /// <summary>
    /// The field of the event that names what it is about, such as "reference": the rule gives once for each value, and once ever for events without one. Null: for every event.
    /// </summary>
    public string? OncePer { get; init; }

    /// <summary>How long after it gave the rule does not give again; null: it may at once. The instant that lies exactly so much later may.</summary>
    public Duration? Cooldown { get; init; }

    /// <summary>The least that the rule gives of a unit for one event where it applies, in one earning or several, even where it would give 0; null: no such bound.</summary>
    public long? Least { get; init; }

    /// <summary>The most that the rule gives of a unit for one event, in one earning or several; null: no such bound. It is above <see cref="Least"/>.</summary>
    public long? Most { get; init; }

    /// <summary>The group in which rules compete; null: what the rule gives is added to everything else.</summary>
    public string? Group { get; init; }

    /// <summary>Higher goes first in its group; among equals the name decides.</summary>
    public int Priority { get; init; }

    /// <summary>In a group that is exclusive by priority: when this rule gives, no rule of the group beside it does.</summary>
    public bool Exclusive { get; init; }

    /// <summary>When what the rule gives runs out; null: as the unit says.</summary>
    public LotExpiry? Expiry { get; init; }

    /// <summary>When what the rule gives can be spent; null: as the unit says.</summary>
    public Activation? Activation { get; init; }

    /// <summary>The partner on whose account the units are issued, for a programme that several share; null: the programme's own.</summary>
    public string? Issuer { get; init; }
}
