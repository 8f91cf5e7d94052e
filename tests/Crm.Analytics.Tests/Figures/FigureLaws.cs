using Crm.Analytics.Figures;
using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Modules;
using Crm.Segmentation.Memberships;
using Crm.Segmentation.Segments;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Analytics.Tests.Figures;

using Outcome = Crm.Modules.Outcome;

/// <summary>Figures, and the segments of them, are at every instant what the events and the printed formulas say.</summary>
public sealed class FigureLaws
{
    private const int LastDay = 50;

    private static readonly Gen<Given> Cases =
        from count in Gen.Choose(1, 9)
        from days in Gen.Choose(0, LastDay).ListOf(count)
        from times in Gen.Elements(Duration.Zero, Duration.FromHours(16) - Duration.FromTicks(1), Duration.FromHours(16), Duration.FromHours(10)).ListOf(count)
        from rolls in Gen.Choose(0, 99).ListOf(count)
        from step in Gen.Elements(CalendarPeriod.Day, CalendarPeriod.Week, CalendarPeriod.Month)
        from work in Gen.Elements<int?>(null, 1, 13)
        from shuffled in Gen.Elements(true, false, false)
        select Of([.. days.Zip(times, (day, time) => House.Day(day) + time).Order()], [.. rolls], step, work, shuffled);

    [Fact]
    public void Facts_are_at_every_instant_what_the_events_say() => FactsHold(figures => new FiguresModule(figures));

    [Fact]
    public void The_law_catches_figures_that_change_with_events_alone() => Counterfeits.Caught(() => FactsHold(figures => new Counterfeit(new FiguresModule(figures), accepted => accepted with { Agenda = [] })));

    [Fact]
    public void The_law_catches_a_probability_that_is_never_renewed() => Counterfeits.Caught(() => FactsHold(figures => new Counterfeit(new FiguresModule(figures with { Step = CalendarPeriod.Year }), accepted => accepted)));

    [Fact]
    public void Segments_of_figures_begin_and_end_at_the_very_instants_whatever_the_worker_and_the_order_of_events() => MembershipsHold(figures => new FiguresModule(figures));

    [Fact]
    public void The_law_catches_figures_of_another_zone() => Counterfeits.Caught(() => MembershipsHold(figures => new FiguresModule(figures with { Zone = "UTC" })));

    private static void FactsHold(Func<CustomerFigures, ICustomerModule> module) => Check(async given =>
    {
        var house = new House(module(House.Figures with { Step = given.Step }));
        var next = 0;
        foreach (var at in Boundaries(given).Concat(given.Events.Select(happened => happened.OccurredAt!.Value)).Distinct().Order())
        {
            for (; next < given.Events.Count && given.Events[next].OccurredAt <= at; next++)
            {
                await house.RecordAsync(given.Events[next]);
            }

            if (next > 0)
            {
                Same(new Plain([.. given.Events.Take(next)], at).Facts(given.Step), await house.ReadAsync(at));
            }
        }
    });

    private static void MembershipsHold(Func<CustomerFigures, ICustomerModule> module) => Check(async given =>
    {
        var house = new House(module(House.Figures with { Step = given.Step }));
        if (given.Shuffled)
        {
            house.Clock.Set(given.Events[^1].OccurredAt!.Value);
        }

        foreach (var happened in given.Shuffled ? given.Events.OrderBy(happened => happened.Key.Value, StringComparer.Ordinal).Reverse() : given.Events)
        {
            while (!given.Shuffled && given.Work is { } days && house.Clock.GetCurrentInstant() + Duration.FromDays(days) is var at && at < happened.OccurredAt)
            {
                await house.WorkAsync(at);
            }

            await house.RecordAsync(happened);
        }

        var view = await house.ReadAsync(House.Day(LastDay + 70));
        Same(new Plain(given.Events, view.Moment.Instant).Facts(given.Step), view);
        var state = view.Slot<SegmentationState>(SegmentNames.Module);
        foreach (var at in Boundaries(given).Where(at => at >= given.Events[0].OccurredAt && at <= view.Moment.Instant))
        {
            var plain = new Plain(given.Events, at);
            Assert.All(House.Segments, segment => Assert.True(plain.IsIn(segment.Id, given.Step) == state.WasMember(segment.Id, at), $"{segment.Id} at {at}: {state.WasMember(segment.Id, at)}"));
        }
    });

    private static void Same(IReadOnlyDictionary<string, Scalar> expected, CustomerView view)
    {
        var found = view.Facts.Where(fact => fact.Name.StartsWith(FigureNames.Prefix, StringComparison.Ordinal)).ToDictionary(fact => fact.Name, fact => fact.Value);
        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), found.Keys.Order(StringComparer.Ordinal));
        foreach (var (name, value) in expected)
        {
            Assert.True(value.Kind == ScalarKind.Number ? Math.Abs(value.AsNumber - found[name].AsNumber) <= 0.0001m : value == found[name], $"{name} is {found[name]} at {view.Moment.Instant} where {value} is expected");
        }
    }

    // Both sides of every midnight in Hong Kong, and of the edges of the windows.
    private static IEnumerable<Instant> Boundaries(Given given) =>
        Enumerable.Range(0, LastDay + 70).Select(day => House.Day(day) + Duration.FromHours(16))
            .Concat(given.Events.SelectMany(happened => new[] { 0, 14 }.Select(days => happened.OccurredAt!.Value + Duration.FromDays(days))))
            .SelectMany(at => new[] { at - Duration.FromTicks(1), at }).Distinct().Order();

    private static Given Of(Instant[] instants, int[] rolls, CalendarPeriod step, int? work, bool shuffled)
    {
        var events = new List<CustomerEvent>();
        foreach (var (at, roll) in instants.Zip(rolls))
        {
            var key = $"till:{events.Count}-{roll}";
            var purchases = events.Where(happened => happened.Kind == EventKinds.PurchaseName && happened.OccurredAt < at).ToList();
            events.Add(
                roll < 15 ? new CustomerEvent { Key = EventKey.Parse(key), Kind = "referral", Identity = House.Amy, OccurredAt = at }
                : roll < 28 && purchases.Count > 0 && events.TrueForAll(happened => happened.Original != purchases[^1].Key) ? House.Cancellation(key, at, purchases[^1].Key)
                : House.Purchase(key, at, 10 + roll));
        }

        return new Given(events, step, work, shuffled);
    }

    private static void Check(Func<Given, Task> law) => Prop.ForAll(Cases.ToArbitrary(), async given => await law(given)).Check(Config.QuickThrowOnFailure.WithMaxTest(20));

    private sealed record Given(List<CustomerEvent> Events, CalendarPeriod Step, int? Work, bool Shuffled)
    {
        public override string ToString() => $"{Step}, worker {Work}, shuffled {Shuffled}:{Environment.NewLine}{string.Join(Environment.NewLine, Events.Select(happened => $"{happened.Key} {happened.Kind} {happened.OccurredAt} {happened.Spend} {happened.Original}"))}";
    }

    private sealed class Counterfeit(ICustomerModule real, Func<Outcome.Accepted, Outcome.Accepted> change) : ICustomerModule
    {
        public ModuleContract Contract => real.Contract;

        public Outcome Handle(object state, ModuleContext context) => real.Handle(state, context) is Outcome.Accepted accepted ? change(accepted) : Outcome.Nothing;

        public Outcome.Accepted Correct(object stored, object without, object with) => real.Correct(stored, without, with);
    }
}
