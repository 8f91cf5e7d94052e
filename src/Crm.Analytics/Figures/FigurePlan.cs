using Crm.Analytics.Buying;
using Crm.Analytics.Habits;
using Crm.Analytics.Spending;
using Crm.Conditions;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Analytics.Figures;

/// <summary>Works figures out of what the kernel has counted.</summary>
internal sealed class FigurePlan
{
    private static readonly Duration Year = Duration.FromDays(365);

    private readonly CustomerFigures figures;
    private readonly DateTimeZone zone;
    private readonly SleepForecast? forecast;
    private readonly Condition.EventWindow days;
    private readonly Condition.EventWindow first;
    private readonly Condition.EventWindow latest;
    private readonly Condition.EventWindow spend;
    private readonly Condition.EventWindow? core;

    public FigurePlan(CustomerFigures figures)
    {
        this.figures = figures;
        zone = DateTimeZoneProviders.Tzdb[figures.Zone];
        var day = new Measured.Day(figures.Zone);
        days = Leaf(figures, new Measure.Aggregate(Aggregation.Distinct, day));
        first = Leaf(figures, new Measure.Aggregate(Aggregation.First, day)) with { Is = new Test.Known() };
        latest = Leaf(figures, new Measure.Aggregate(Aggregation.Latest, day)) with { Is = new Test.Known() };
        spend = Leaf(figures, new Measure.SumOfSpend(figures.Currency));
        core = figures.Stage?.CoreSpend is { } least ? spend with { Window = new Window.Last(Year), Is = new Test.AtLeast(least) } : null;
        forecast = figures.Buying is { } buying ? new SleepForecast(buying.Value.Buying, buying.Unit) : null;
    }

    /// <summary>The conditions whose answers and measures the figures are made of.</summary>
    public IEnumerable<Condition> Conditions => new Condition?[] { days, first, latest, spend, core, figures.Advocate }.OfType<Condition>();

    /// <summary>The facts that are kept.</summary>
    public IEnumerable<string> Facts
    {
        get
        {
            IEnumerable<string> always = [FigureNames.Frequency, FigureNames.Monetary, FigureNames.Cycle];
            return always
                .Concat(figures.Nes is null ? [] : [FigureNames.Nes, FigureNames.Sleeps])
                .Concat(figures.Stage is null ? [] : [FigureNames.Stage])
                .Concat(figures.Advocate is null ? [] : [FigureNames.Advocate])
                .Concat(figures.Step is null ? [] : [FigureNames.Recency])
                .Concat(figures.Step is null || figures.Buying is null ? [] : [FigureNames.Alive, FigureNames.Expected, FigureNames.Value])
                .Concat(figures.Buying?.AsleepBelow is null ? [] : [FigureNames.Asleep])
                .Concat(figures.Buying?.Alarm is null ? [] : [FigureNames.Alarm]);
        }
    }

    public static Condition.EventWindow Leaf(CustomerFigures figures, Measure measure) => new(figures.Purchases.Kind, measure, new Window.Lifetime(), new Test.AtLeast(0)) { Where = figures.Purchases.Where };

    /// <summary>The figures at a moment, and until when they surely stay so if nothing happens.</summary>
    /// <param name="context">The customer at the moment.</param>
    /// <param name="all">Whether purchases may have changed; otherwise those figures are left out that only they change.</param>
    public (Sequence<Fact> Facts, Instant? Until) Ask(ModuleContext context, bool all)
    {
        var moment = new Moment(context.Moment.Instant, zone);
        var today = moment.Date;
        PurchaseDays? bought = (int)context.Measure(days).AsNumber is > 0 and var count && context.Measure(first).AsDate is { } from && context.Measure(latest).AsDate is { } to
            ? new PurchaseDays(count, from, to)
            : null;
        var facts = new List<Fact>();
        Instant? until = null;
        void Keep(string name, Scalar value) => facts.Add(new Fact(name, value));
        void Ends(Instant? at) => until = at is { } instant && !(until <= instant) ? instant : until;

        if (all)
        {
            KeepPurchases(bought, context, Keep);
        }

        if (figures.Nes is { } nes)
        {
            Keep(FigureNames.Nes, bought is { } known ? nes.On(today, known).Code() : default(Scalar));
            Ends(bought is { } standing && nes.ChangesAfter(today, standing) is { } change ? moment.StartOf(change) : null);
        }

        if (figures.Stage is { } stage)
        {
            var (isCore, coreUntil) = core is null ? default : context.Evaluate(core) is var truth ? (truth.Value, truth.ValidUntil) : default;
            Keep(FigureNames.Stage, stage.On(today, bought, isCore ? stage.CoreSpend ?? 0 : decimal.MinValue).Code());
            Ends(coreUntil);
            Ends(bought is { } standing && stage.Nes.ChangesAfter(today, standing) is { } change ? moment.StartOf(change) : null);
        }

        if (figures.Advocate is { } advocate)
        {
            var recommends = context.Evaluate(advocate);
            Keep(FigureNames.Advocate, recommends.Value ? true : default(Scalar));
            Ends(recommends.ValidUntil);
        }

        if (figures.Step is { } step)
        {
            var (begins, next) = (step.First(today, 0), step.First(today, 1));
            var asOf = bought is { } buyer ? LocalDate.Max(begins, buyer.Latest) : begins;
            Keep(FigureNames.Recency, bought is { } past ? past.SilenceOn(asOf) : default(Scalar));
            KeepModel(bought, asOf, context, Keep);
            Ends(bought is null ? null : moment.StartOf(next));
        }

        return (facts.ToSequence(), until);
    }

    private void KeepPurchases(PurchaseDays? bought, ModuleContext context, Action<string, Scalar> keep)
    {
        keep(FigureNames.Frequency, bought is null ? default(Scalar) : bought.Value.Count);
        keep(FigureNames.Monetary, bought is null ? default : context.Measure(spend));
        keep(FigureNames.Cycle, bought is { Count: > 1 } regular ? decimal.Round((decimal)regular.Span / (regular.Count - 1), 6, MidpointRounding.ToEven) : default(Scalar));
        if (figures.Nes is { } nes)
        {
            keep(FigureNames.Sleeps, bought is { } awake ? Date(nes.FirstDayIn(Nes.S1, awake)) : default);
        }

        if (forecast is not null && figures.Buying is { AsleepBelow: { } below })
        {
            keep(FigureNames.Asleep, bought is { } known ? Date(forecast.AsleepOn(known, below)) : default);
        }

        if (forecast is not null && figures.Buying is { Alarm: { } alarm })
        {
            keep(FigureNames.Alarm, bought is { } known ? Date(forecast.AlarmOn(known, alarm.Ahead, alarm.Risk)) : default);
        }
    }

    private void KeepModel(PurchaseDays? bought, LocalDate asOf, ModuleContext context, Action<string, Scalar> keep)
    {
        if (figures.Buying is not { } buying)
        {
            return;
        }

        if (bought is not { } days)
        {
            keep(FigureNames.Alive, default);
            keep(FigureNames.Expected, default);
            keep(FigureNames.Value, default);
            return;
        }

        var history = BuyingHistory.Of(days, asOf, buying.Unit);
        keep(FigureNames.Alive, Number(buying.Value.Buying.Alive(history), 6));
        keep(FigureNames.Expected, Number(buying.Value.Buying.Expected(history, buying.Value.Horizon), 6));
        keep(FigureNames.Value, Number(buying.Value.Of(history, SpendHistory.OfTotal(days.Count, context.Measure(spend).AsNumber)), 4));
    }

    private static Scalar Date(LocalDate? date) => date is { } day ? day : default(Scalar);

    // Rounded far above the last digits, in which processors may differ.
    private static Scalar Number(double value, int decimals) => Math.Abs(value) < 1e15 ? decimal.Round((decimal)value, decimals, MidpointRounding.ToEven) : default(Scalar);
}
