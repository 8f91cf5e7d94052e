using System.Globalization;
using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Modules;
using Crm.Segmentation.Memberships;
using Crm.Segmentation.Segments;
using Crm.Values;
using NodaTime;
using Outcome = Crm.Modules.Outcome;

namespace Crm.Segmentation.Tests.Memberships;

/// <summary>
/// Many customers with short random histories on the boundaries of the windows, folded without engine and store; before every other event the state is written and read. All segments are asked about at every event, at every instant that the module names and a tick before it, and at
/// instants that the histories alone give; each answer is held against a scan of the whole history. With CRM_LONG=1 a million events, of which CRM_PART=3/8 takes the
/// third eighth.
/// </summary>
public sealed class FoldedEvents
{
    private const int EventsOfOne = 10;
    private const int MostNamed = 60;
    private static readonly Range Customers = Environment.GetEnvironmentVariable("CRM_LONG") == "1" ? Part(100_000, Environment.GetEnvironmentVariable("CRM_PART") ?? "1/1") : ..250;
    private static readonly Condition[] Named = [.. Puzzles.Segments(), .. CalendarPuzzles.Segments()];
    private static readonly SegmentCatalog Catalog = new(Named.Select((where, i) => Samples.Of(Id(i), where)));

    // What windows, steps and parts are long, and what lies between them.
    private static readonly Duration[] Lengths = [.. new[] { 0, 2, 6, 12, 20, 24, 36, 48, 96 }.Select(hours => Duration.FromHours(hours))];

    [Fact]
    public void No_membership_differs_from_what_the_whole_history_says_at_events_and_at_all_instants_that_are_named()
    {
        var (asked, members, differing) = Count(new SegmentationModule(Catalog), Customers);
        var events = (Customers.End.Value - Customers.Start.Value) * EventsOfOne;
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{events} events, {asked} answers, {members} of them members, {differing} differing"));

        Assert.Equal(0, differing);
        Assert.InRange(members, asked / 20, asked - (asked / 20));
        Assert.True(asked > (long)events * Named.Length * 2, $"Only {asked} answers were compared.");
    }

    [Fact]
    public void The_count_catches_a_module_that_wakes_a_tick_late() =>
        Assert.NotEqual(0, Count(new Counterfeit(outcome => outcome with { Agenda = [.. outcome.Agenda.Select(change => new AgendaChange(change.Key, change.Due + Duration.FromTicks(1), change.Phase))] }, _ => false), ..20).Differing);

    [Fact]
    public void The_count_catches_a_module_that_never_wakes() =>
        Assert.NotEqual(0, Count(new Counterfeit(outcome => outcome with { Agenda = default }, _ => false), ..20).Differing);

    [Fact]
    public void The_count_catches_a_module_that_overlooks_one_kind_of_events() =>
        Assert.NotEqual(0, Count(new Counterfeit(outcome => outcome, stimulus => stimulus is Stimulus.Happened { Event.Kind: "page-view" }), ..20).Differing);

    private static string Id(int place) => string.Create(CultureInfo.InvariantCulture, $"s{place}");

    private static Range Part(int customers, string part)
    {
        var (number, parts) = part.Split('/') is [var first, var second] ? (int.Parse(first, CultureInfo.InvariantCulture), int.Parse(second, CultureInfo.InvariantCulture)) : throw new FormatException($"CRM_PART is '{part}'; such as 3/8 is expected.");
        return (customers * (number - 1) / parts)..(customers * number / parts);
    }

    private static (long Asked, long Members, long Differing) Count(ICustomerModule module, Range customers)
    {
        var (first, end) = (customers.Start.Value, customers.End.Value);
        var (asked, members, differing) = (0L, 0L, 0L);
        if (module is not SegmentationModule)
        {
            Take(first, end);
        }
        else
        {
            const int chunk = 50;
            Parallel.For(0, (end - first + chunk - 1) / chunk, part => Take(first + (part * chunk), Math.Min(end, first + ((part + 1) * chunk))));
        }

        return (asked, members, differing);

        void Take(int from, int until)
        {
            // A fold is used by one thread at a time.
            var modules = new ModuleSet([new ScoreModule(), module], CalendarPuzzles.Calendars);
            var codec = new StateCodec(modules);
            var fold = new Fold(modules, codec, new CrmOptions { Zone = DateTimeZone.Utc, Calendars = CalendarPuzzles.Calendars });
            for (var customer = from; customer < until; customer++)
            {
                var one = new OneCustomer(fold, codec, modules, (ulong)customer);
                one.Live();
                Interlocked.Add(ref asked, one.Asked);
                Interlocked.Add(ref members, one.Members);
                Interlocked.Add(ref differing, one.Differing);
            }
        }
    }

    /// <summary>One customer, from the first event until nothing has happened for long.</summary>
    private sealed class OneCustomer(Fold fold, StateCodec codec, ModuleSet modules, ulong number)
    {
        private readonly Luck luck = new(number);
        private readonly CustomerId id = new(number + 1);
        private CustomerState state = CustomerState.Newborn(modules);
        private readonly List<(CustomerEvent Event, Instant At)> history = [];

        public long Asked { get; private set; }

        public long Members { get; private set; }

        public long Differing { get; private set; }

        public void Live()
        {
            var now = CalendarPuzzles.Starts[number % (ulong)CalendarPuzzles.Starts.Length] + Boundary();
            for (var i = 0; i < EventsOfOne; i++)
            {
                Happen(now, i);
                var next = Later(now);
                var probe = history[luck.Below(history.Count)].At + Boundary();
                if (now < probe && probe < next)
                {
                    Reach(probe);
                    Ask(probe);
                }

                Reach(next);
                now = next;
            }

            Reach(now + Duration.FromDays(5));
        }

        // Often as long after an earlier event as a window is, give or take a tick; often at the same instant.
        private Instant Later(Instant now)
        {
            var later = luck.Below(3) == 0 ? now + Boundary() : history[luck.Below(history.Count)].At + Boundary();
            return later < now ? now + Duration.FromMinutes(luck.Below(600)) : later;
        }

        private Duration Boundary() => Lengths[luck.Below(Lengths.Length)] + Duration.FromTicks(luck.Below(3) - 1);

        private void Happen(Instant at, int place)
        {
            at = history.Count > 0 && at < history[^1].At ? history[^1].At : at;
            var happened = (luck.Below(3) == 0
                ? new CustomerEvent { Key = new EventKey("web", Id(place)), Kind = "page-view" }
                : CustomerEvent.Purchase($"pos:{place}", Identity.User(1), Money.Hkd(Amount())) with { Identity = null, Channel = luck.Below(2) == 0 ? "web" : "shop" }) with { OccurredAt = at };
            Reach(at);
            if (luck.Below(2) == 0)
            {
                state = codec.Decode(codec.EncodeAll(state), place);
            }

            history.Add((happened, at));
            var kind = happened.Kind == EventKinds.PurchaseName ? EventKinds.Purchase : new EventKind("page-view", EventNature.Happening);
            var input = new JournalInput(new JournalDraft { Event = happened, Kind = kind, EffectiveAt = at, RecordedAt = at, Version = place + 1 }, happened);
            fold.Happen(id, state, input, new Consequences());
            Ask(at);
        }

        // The amounts at which the segments turn, and one beside each.
        private int Amount() => new[] { 1, 30, 75, 76, 119, 120, 150, 151, 500, 1_000 }[luck.Below(10)];

        /// <summary>Lets time pass, asking at every instant that the module names and a tick before.</summary>
        private void Reach(Instant until)
        {
            for (var named = 0; named < MostNamed && state.NextDue is { } due && due <= until; named++)
            {
                if (history.Count > 0 && due > history[^1].At)
                {
                    Ask(due - Duration.FromTicks(1));
                }

                fold.BringForward(id, state, due, new Consequences());
                Ask(due);
            }

            fold.BringForward(id, state, until, new Consequences());
        }

        private void Ask(Instant at)
        {
            var kept = (SegmentationState)state.Slots[modules.IndexOf(SegmentNames.Module)];
            var evidence = new Whole(new Moment(at, DateTimeZone.Utc) { Calendars = CalendarPuzzles.Calendars }, history);
            for (var place = 0; place < Named.Length; place++)
            {
                var isIn = kept.With(Id(place))?.Current is not null;
                var isSaid = state.Facts.Find(SegmentNames.Fact(Id(place)))?.Value.AsFlag == true;
                Asked++;
                Members += isIn ? 1 : 0;
                Differing += isIn == isSaid && isIn == evidence.Holds(place) ? 0 : 1;
            }
        }
    }

    /// <summary>The whole history of one customer at an instant; each segment is worked out once.</summary>
    private sealed class Whole(Moment moment, List<(CustomerEvent Event, Instant At)> history) : IEvidence
    {
        private readonly bool?[] known = new bool?[Named.Length];

        public Moment Moment => moment;

        public bool Holds(int place) => known[place] ??= Evaluator.Evaluate(Named[place], this).Value;

        public Scalar Field(string name) => default;

        public bool Observed(Condition.Field leaf) => leaf.WhenMissing;

        public Scalar Fact(string name, out Instant? validUntil)
        {
            validUntil = null;
            return Holds(int.Parse(name.AsSpan("segment.s".Length), CultureInfo.InvariantCulture)) ? true : default(Scalar);
        }

        // When it changes is what is in question, so it is not asked.
        public Truth Window(Condition.EventWindow leaf) => Evaluator.Passes(leaf.Is, HistoryWindows.Measure(leaf, history, moment.Instant), leaf.WhenMissing, moment.Instant);
    }

    /// <summary>Breaks the module.</summary>
    private sealed class Counterfeit(Func<Outcome.Accepted, Outcome.Accepted> change, Func<Stimulus, bool> ignores) : ICustomerModule
    {
        private readonly ICustomerModule real = new SegmentationModule(Catalog);

        public ModuleContract Contract => real.Contract;

        public Outcome Handle(object state, ModuleContext context) =>
            ignores(context.Stimulus) ? Outcome.Nothing : real.Handle(state, context) is Outcome.Accepted accepted && accepted != Outcome.Nothing ? change(accepted) : Outcome.Nothing;

        public Outcome.Accepted Correct(object stored, object without, object with) => real.Correct(stored, without, with);
    }
}
