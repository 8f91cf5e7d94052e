using Crm.Conditions;
using Crm.Events;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Tiers;
using Crm.Loyalty.Wallets;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Challenges;

/// <summary>
/// Something to achieve: one or several goals, once, in each period, or in so many periods one after the other (a streak). What counts is what refunds have left, so an order that
/// comes back lowers progress, and takes an award back that rested on it, unless <see cref="KeepsAchieved"/> says that it stays; in programmes without cascade the award stays anyway, and the next one is not given for it.
/// </summary>
public sealed record Challenge
{
    /// <summary>Its name within the programme.</summary>
    public required string Name { get; init; }

    /// <summary>What has to be done, all of it; at least one.</summary>
    public required Sequence<ChallengeGoal> Goals { get; init; }

    /// <summary>The period in which the goals have to be met, of the calendar in the programme's zone: a day, a week, a month or a longer one. Null: any time while it runs.</summary>
    public CalendarUnit? Period { get; init; }

    /// <summary>The day on which weeks begin, where the period is a week.</summary>
    public IsoDayOfWeek WeekStart { get; init; } = IsoDayOfWeek.Monday;

    /// <summary>In how many periods one after the other; 1: in one.</summary>
    public int Consecutive { get; init; } = 1;

    /// <summary>How many missed periods of a run do no harm.</summary>
    public int Freezes { get; init; }

    /// <summary>Whether a customer takes part only after saying so.</summary>
    public bool ByJoining { get; init; }

    /// <summary>When it can be achieved again.</summary>
    public Recurrence Recurrence { get; init; }

    /// <summary>From when it runs; null: always did.</summary>
    public Instant? From { get; init; }

    /// <summary>From when it no longer runs; null: it goes on.</summary>
    public Instant? Until { get; init; }

    /// <summary>
    /// Whether what was achieved stays so, with what it gave, though orders go back that counted towards it. What is not achieved yet goes back either way, and what was used up by an achievement counts for no other.
    /// Without cascade (<see cref="Programs.Cascade.None"/>) every achievement stays.
    /// </summary>
    public bool KeepsAchieved { get; init; }

    /// <summary>What achieving it gives.</summary>
    public Sequence<UnitAmount> Award { get; init; }

    /// <summary>Whether it runs at an instant.</summary>
    internal bool RunsAt(Instant instant) => !(instant < From) && !(Until <= instant);
}

/// <summary>When a challenge can be achieved again.</summary>
public enum Recurrence
{
    /// <summary>Never: once.</summary>
    Once,

    /// <summary>With the next period.</summary>
    NextPeriod,

    /// <summary>At once: counting begins anew when it is achieved. A run of several periods begins anew with the next period, for each counts once.</summary>
    OnCompletion,
}

/// <summary>One thing to do.</summary>
/// <param name="Name">Its name within the challenge.</param>
/// <param name="Target">How much; more than 0. Of money, in minor units.</param>
public sealed record ChallengeGoal(string Name, long Target)
{
    /// <summary>The kind of events that count; purchases unless said otherwise.</summary>
    public string On { get; init; } = EventKinds.PurchaseName;

    /// <summary>What of them counts.</summary>
    public GoalMeasure Measure { get; init; }

    /// <summary>What of them counts, of a team's own, instead of <see cref="Measure"/>; null: the measure says.</summary>
    public IGoalKind? Kind { get; init; }

    /// <summary>The currency, where money counts; otherwise left out. Amounts in others count at the rate that the host looked up for the event.</summary>
    public Currency? Currency { get; init; }

    /// <summary>Which lines count, where articles or money do; all unless said otherwise.</summary>
    public EarningBasis.Lines Lines { get; init; } = EarningBasis.AllLines;

    /// <summary>Which events count; null: all of the kind.</summary>
    public Condition? When { get; init; }

    internal long Of(EarningContext context) => Measure switch
    {
        GoalMeasure.Articles => Lines.WholeQuantity(context.Event),
        GoalMeasure.Money when Currency is { } currency => context.AmountOf(context.Event.Lines.IsEmpty ? EarningBasis.WholeSpend : Lines, currency),
        GoalMeasure.Money => 0,
        _ => 1,
    };
}

/// <summary>What of an event counts.</summary>
public enum GoalMeasure
{
    /// <summary>That it happened.</summary>
    Events,

    /// <summary>Whole ones of the quantities of its lines.</summary>
    Articles,

    /// <summary>The money spent.</summary>
    Money,
}
