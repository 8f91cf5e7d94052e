using System.Globalization;
using Crm.Analytics.Buying;
using Crm.Analytics.Habits;
using Crm.Analytics.Spending;
using Crm.Conditions;
using Crm.Definitions;
using Crm.Events;
using Crm.Values;
using NodaTime;

namespace Crm.Analytics.Figures;

/// <summary>
/// Which figures of each customer are kept as facts (<see cref="FigureNames"/>), so that conditions of segments, journeys and rules compare them and stores select by them. A figure is a function of the customer's purchases and of the day:
/// days begin in one stated zone, and what changes with every day is worked out for the first day of each step. So at every instant there is one right value, whoever asks, whenever a worker ran, and however late an event came.
/// What was taken back by refunds has never been bought. The definition is a value; a change of it counts from each customer's next event on.
/// </summary>
public sealed record CustomerFigures
{
    /// <summary>Which events are purchases; all of kind "purchase" unless told.</summary>
    public EventPattern Purchases { get; init; } = new(EventKinds.PurchaseName);

    /// <summary>The zone in which days begin, such as "Asia/Hong_Kong".</summary>
    public required string Zone { get; init; }

    /// <summary>The currency of the amounts; purchases in others count with their days only.</summary>
    public required Currency Currency { get; init; }

    /// <summary>Who is new, existing or asleep; null: not kept.</summary>
    public NesRule? Nes { get; init; }

    /// <summary>The stages; null: not kept. The twelve months of spend are 365 days of 24 hours.</summary>
    public StageRule? Stage { get; init; }

    /// <summary>Who is an advocate, such as <c>If.Events("referral.rewarded").Count().AtLeast(1)</c>; null: not kept.</summary>
    public Condition? Advocate { get; init; }

    /// <summary>What a model of repeated buying says; null: not kept.</summary>
    public BuyingFigures? Buying { get; init; }

    /// <summary>
    /// How often the figures are worked out that change with every day (<see cref="FigureNames.Recency"/>, <see cref="FigureNames.Alive"/>, <see cref="FigureNames.Expected"/>, <see cref="FigureNames.Value"/>): they are as of the first day of
    /// the step, or of the latest purchase where that is later. Every step is a wake-up of every customer who has ever bought. Null: they are not kept; the dates of <see cref="FigureNames.Asleep"/> and <see cref="FigureNames.Alarm"/> need no steps.
    /// </summary>
    public CalendarPeriod? Step { get; init; }

    /// <summary>The name of the definition's exact content.</summary>
    public DefinitionHash Hash => DefinitionHash.Of(string.Join(
        '\n',
        "figures 1",
        ConditionJson.Write(FigurePlan.Leaf(this, new Measure.Count())),
        Zone,
        Currency,
        Nes?.Cycle,
        Stage is { } stage ? string.Create(CultureInfo.InvariantCulture, $"{stage.Nes.Cycle} {stage.LoyalDays} {stage.CoreSpend}") : null,
        Advocate is null ? null : ConditionJson.Write(Advocate),
        Buying?.Meaning,
        Step));

    internal IEnumerable<string> Errors()
    {
        if (DateTimeZoneProviders.Tzdb.GetZoneOrNull(Zone) is null)
        {
            yield return $"There is no zone '{Zone}'; a name of the IANA database is expected, such as 'Asia/Hong_Kong'.";
            yield break;
        }

        foreach (var error in ConditionCheck.Check(FigurePlan.Leaf(this, new Measure.Count())).Select(error => $"Purchases: {error}").Concat(Advocate is null ? [] : ConditionCheck.Check(Advocate).Select(error => $"Advocate: {error}")))
        {
            yield return error;
        }

        if (Advocate is not null)
        {
            foreach (var (path, leaf) in Advocate.LeavesWithPaths())
            {
                if (leaf is Condition.Fact fact && fact.Name.StartsWith(FigureNames.Prefix, StringComparison.Ordinal))
                {
                    yield return $"Advocate: {path}: '{fact.Name}' is made by these figures themselves; facts of other modules, events and the profile are expected.";
                }
                else if (leaf is Condition.Field field && !field.Name.StartsWith(Evaluator.ProfileScope, StringComparison.Ordinal))
                {
                    yield return $"Advocate: {path}: '{field.Name}' says nothing of the customer when the event is over; facts, the profile and measures over events are expected.";
                }
            }
        }

        if (Step is { } step && !Enum.IsDefined(step))
        {
            yield return $"There is no step {(int)step}; a day, week, month, quarter or year is expected.";
        }

        if (Nes is null && Stage is null && Advocate is null && Buying is null && Step is null)
        {
            yield return "No figure is asked for but the number, the sum and the mean gap of purchases; NES, stages, advocates, a model or steps are expected.";
        }
    }
}

/// <summary>What a model of repeated buying says of each customer.</summary>
/// <param name="Value">The models, and how far they look ahead.</param>
/// <param name="Unit">The unit of time in which the model of buying was fitted.</param>
public sealed record BuyingFigures(LifetimeValue Value, TimeUnit Unit)
{
    /// <summary>Who is asleep: whose P(alive) is below this, above 0 and below 1; null: <see cref="FigureNames.Asleep"/> is not kept.</summary>
    public double? AsleepBelow { get; init => field = value is null or (> 0 and < 1) ? value : throw new ArgumentOutOfRangeException(nameof(value), string.Create(CultureInfo.InvariantCulture, $"The threshold is {value}; a probability above 0 and below 1 is expected.")); }

    /// <summary>When it is too late; null: <see cref="FigureNames.Alarm"/> is not kept.</summary>
    public SilenceAlarm? Alarm { get; init; }

    internal string Meaning => string.Create(CultureInfo.InvariantCulture, $"{Value.Buying} {Value.Spending} {Value.Horizon:R} {Value.Step:R} {Value.Discount:R} {Value.Margin:R} {Unit} {AsleepBelow:R} {Alarm?.Ahead} {Alarm?.Risk:R}");
}

/// <summary>An alarm: the first day on which a purchase in the days that follow is unlikelier than a risk.</summary>
public sealed record SilenceAlarm
{
    /// <summary>An alarm.</summary>
    /// <param name="ahead">How many days it looks ahead; at least 1.</param>
    /// <param name="risk">How likely a purchase may still be, above 0 and below 1.</param>
    public SilenceAlarm(int ahead, double risk)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(ahead, 1);
        (Ahead, Risk) = (ahead, risk is > 0 and < 1 ? risk : throw new ArgumentOutOfRangeException(nameof(risk), string.Create(CultureInfo.InvariantCulture, $"The risk is {risk}; a probability above 0 and below 1 is expected.")));
    }

    /// <summary>How many days it looks ahead.</summary>
    public int Ahead { get; }

    /// <summary>How likely a purchase may still be.</summary>
    public double Risk { get; }
}
