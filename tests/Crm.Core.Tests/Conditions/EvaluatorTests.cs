using Crm.Conditions;
using Crm.Events;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Core.Tests.Conditions;

using History = List<(CustomerEvent Event, Instant At)>;

/// <summary>What conditions mean, and how long their answers stay.</summary>
public sealed class EvaluatorTests
{
    private static readonly Duration Tick = Duration.FromTicks(1);
    private static readonly DateTimeZone HongKong = DateTimeZoneProviders.Tzdb["Asia/Hong_Kong"];

    [Fact]
    public void No_answer_changes_before_it_says_it_may() => AnswersStay(Evaluator.Evaluate);

    [Fact]
    public void The_law_of_staying_catches_a_whole_that_ignores_its_parts() =>
        Counterfeits.Caught(() => AnswersStay((condition, evidence) => Evaluator.Evaluate(condition, evidence) with { ValidUntil = null }));

    [Fact]
    public void The_law_of_staying_catches_an_answer_that_stays_one_tick_too_long() =>
        Counterfeits.Caught(() => AnswersStay((condition, evidence) => Evaluator.Evaluate(condition, evidence) is var truth ? truth with { ValidUntil = truth.ValidUntil + Tick } : default));

    [Fact]
    public void A_measure_changes_exactly_when_it_says_it_will() => WindowsChange((leaf, history, now) => HistoryWindows.Evaluate(leaf, history, now));

    [Fact]
    public void The_law_of_change_catches_a_measure_that_names_every_edge() => Counterfeits.Caught(() => WindowsChange((leaf, history, now) =>
        HistoryWindows.Evaluate(leaf, history, now) with
        {
            ValidUntil = leaf.Window is Window.Last last && history.Count > 0 ? history.Min(one => one.At + last.Length) : null,
        }));

    [Theory]
    [InlineData(true, true, "2026-03-02T00:00:00Z")] // both true: until the first changes
    [InlineData(true, false, "2026-03-03T00:00:00Z")] // one false: until it changes
    [InlineData(false, false, "2026-03-03T00:00:00Z")] // both false: until the last changes
    public void All_stays_as_long_as_its_parts_allow(bool first, bool second, string until)
    {
        var parts = new Condition.All([Changing(first, "2026-03-02T00:00:00Z"), Changing(second, "2026-03-03T00:00:00Z")]);

        var truth = Evaluator.Evaluate(parts, At(Arbitrary.Start));

        Assert.Equal(new Truth(first && second, Parse(until)), truth);
        Assert.Equal(new Truth(!truth.Value, truth.ValidUntil), Evaluator.Evaluate(new Condition.Not(parts), At(Arbitrary.Start)));
        Assert.Equal(
            new Truth(!truth.Value, truth.ValidUntil),
            Evaluator.Evaluate(new Condition.Any([Changing(!first, "2026-03-02T00:00:00Z"), Changing(!second, "2026-03-03T00:00:00Z")]), At(Arbitrary.Start)));
    }

    [Fact]
    public void Nothing_of_nothing_is_all_true_and_not_any()
    {
        Assert.Equal(new Truth(true, null), Evaluator.Evaluate(new Condition.All([]), At(Arbitrary.Start)));
        Assert.Equal(new Truth(false, null), Evaluator.Evaluate(new Condition.Any([]), At(Arbitrary.Start)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_value_that_is_missing_or_of_another_kind_gets_the_stated_answer(bool whenMissing)
    {
        var evidence = At(Arbitrary.Start) with { Event = new CustomerEvent { Key = new EventKey("pos", "1"), Kind = "visit", Fields = Fields.Of(("table", 7)) } };
        Test[] tests = [new Test.EqualTo("7"), new Test.MoreThan("a"), new Test.AtLeast(true), new Test.LessThan("x"), new Test.AtMost(new LocalDate(2026, 1, 1)), new Test.OneOf(["7", "8"])];

        Assert.All(tests, test => Assert.Equal(whenMissing, Evaluator.Evaluate(new Condition.Field("event.table", test, whenMissing), evidence).Value));
        Assert.All(tests, test => Assert.Equal(whenMissing, Evaluator.Evaluate(new Condition.Field("event.channel", test, whenMissing), evidence).Value));
        Assert.All(tests, test => Assert.Equal(whenMissing, Evaluator.Evaluate(new Condition.Fact("no.such", test, whenMissing), evidence).Value));
    }

    [Fact]
    public void Of_several_codes_any_all_or_none_are_asked_and_which_of_them_is_never_left_open()
    {
        var evidence = At(Arbitrary.Start) with { Event = new CustomerEvent { Key = new EventKey("pos", "1"), Kind = "visit", Channel = "tea", Fields = Fields.Of(("tags", Scalar.Of(["vip", "tea", "vip"])), ("none", Scalar.Of([]))) } };
        bool Holds(Condition condition) => Evaluator.Evaluate(condition, evidence).Value;

        Assert.True(Holds(If.Field("event.tags").AnyOf("tea", "cake")));
        Assert.False(Holds(If.Field("event.tags").AllOf("tea", "cake")));
        Assert.True(Holds(If.Field("event.tags").AllOf("tea", "vip")));
        Assert.False(Holds(If.Field("event.tags").NoneOf("cake", "vip")));
        Assert.True(Holds(If.Field("event.none").NoneOf("cake")));
        Assert.True(Holds(If.Field("event.channel").AnyOf("tea")));
        Assert.False(Holds(If.Field("event.unknown").NoneOf("cake")));
        Assert.True(Holds(If.Field("event.unknown").WhenMissing(true).NoneOf("cake")));
        Assert.Equal(["tea", "vip"], Scalar.Of(["vip", "tea", "vip"]).AsCodes);
        Assert.Throws<ArgumentException>(() => Scalar.Of(["a,b"]));

        var writer = new Crm.Modules.SlotWriter();
        writer.Scalar(Scalar.Of(["vip", "tea"]));
        var reader = new Crm.Modules.SlotReader(writer.Written);
        Assert.Equal(Scalar.Of(["tea", "vip"]), reader.Scalar());
    }

    [Fact]
    public void A_fact_holds_until_it_runs_out()
    {
        var gold = new Condition.Fact("loyalty.tier", new Test.EqualTo("gold"), false);

        Assert.Equal(new Truth(true, TestEvidence.TierEnds), Evaluator.Evaluate(gold, At(Arbitrary.Start)));
        Assert.Equal(new Truth(false, null), Evaluator.Evaluate(gold, At(TestEvidence.TierEnds)));
    }

    [Fact]
    public void A_line_can_be_asked_only_where_there_are_lines()
    {
        var error = Assert.Throws<InvalidOperationException>(() => Evaluator.Evaluate(new Condition.Field("line.sku", new Test.Known(), false), At(Arbitrary.Start)));

        Assert.Equal("'line.sku' is asked of no line: fields of lines are allowed only in the 'where' of a measure over events.", error.Message);
    }

    [Theory]
    [InlineData(null, 1, 70.5, 3)]
    [InlineData("tea", 1, 20, 2)]
    [InlineData("cup", 1, 50.5, 1)]
    [InlineData("cake", 0, 0, 0)]
    public void An_event_counts_through_the_lines_that_satisfy_the_whole_filter(string? sku, int count, double spend, int quantity)
    {
        var happened = CustomerEvent.Purchase("pos:1", Identity.User(1), Money.Hkd(70.50m), new EventLine("tea", 2, Money.Hkd(20), "drinks"), new EventLine("cup", 1, Money.Hkd(50.50m)));
        Condition? where = sku is null ? null : new Condition.All([new Condition.Field("line.sku", new Test.EqualTo(sku), false), new Condition.Field("event.source", new Test.EqualTo("pos"), false)]);

        Assert.True(Measures(new Measure.Count(), count));
        Assert.True(Measures(new Measure.SumOfSpend(Currency.Hkd), (decimal)spend));
        Assert.True(Measures(new Measure.SumOfSpend(Currency.Of("USD")), 0));
        Assert.True(Measures(new Measure.SumOfQuantity(), quantity));

        bool Measures(Measure measure, decimal expected) =>
            HistoryWindows.Evaluate(new Condition.EventWindow("purchase", measure, new Window.Lifetime(), new Test.EqualTo(expected)) { Where = where }, [(happened, Arbitrary.Start)], Arbitrary.Start).Value;
    }

    [Fact]
    public void Two_lines_do_not_satisfy_a_filter_together()
    {
        var happened = CustomerEvent.Purchase("pos:1", Identity.User(1), Money.Hkd(70), new EventLine("tea", 2, Money.Hkd(20), "drinks"), new EventLine("cup", 1, Money.Hkd(50)));
        var where = new Condition.All([new Condition.Field("line.sku", new Test.EqualTo("tea"), false), new Condition.Field("line.amount", new Test.AtLeast(50), false)]);

        Assert.False(HistoryWindows.Evaluate(
            new Condition.EventWindow("purchase", new Measure.Count(), new Window.Lifetime(), new Test.AtLeast(1)) { Where = where }, [(happened, Arbitrary.Start)], Arbitrary.Start).Value);
    }

    [Fact]
    public void Asking_allocates_nothing()
    {
        var condition = new Condition.All([
            new Condition.Any([Changing(false, "2026-03-02T00:00:00Z"), new Condition.Moment(new Span.Hours(new LocalTime(22, 0), new LocalTime(20, 0)))]),
            new Condition.Not(new Condition.Field("event.channel", new Test.OneOf(["web", "app"]), false)),
        ]);
        IEvidence evidence = At(Arbitrary.Start) with { Event = new CustomerEvent { Key = new EventKey("pos", "1"), Kind = "visit", Channel = "shop" } };
        for (var i = 0; i < 100; i++)
        {
            Evaluator.Evaluate(condition, evidence);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        Evaluator.Evaluate(condition, evidence);

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void The_events_of_a_measure_are_those_that_it_counts() => EventsAreCounted(HistoryWindows.EventsOf);

    [Fact]
    public void The_law_catches_evidence_from_after_the_time_since_an_event() => Counterfeits.Caught(() => EventsAreCounted((leaf, history, now) =>
        HistoryWindows.EventsOf(leaf.Window is Window.Since since ? leaf with { Window = since with { Within = null } } : leaf, history, now)));

    [Fact]
    public void Evidence_since_an_event_ends_with_the_time_that_it_lasts()
    {
        CustomerEvent[] purchases = [.. new[] { 0, 10, 100 }.Select(day => CustomerEvent.Purchase($"till:{day}", Identity.User("amy"), Money.Hkd(1)))];
        var history = purchases.Zip([0, 10, 100], (purchase, day) => (purchase, Arbitrary.Start + Duration.FromDays(day))).ToList();
        var leaf = new Condition.EventWindow("purchase", new Measure.Count(), new Window.Since(new EventPattern("purchase"), First: true) { Within = Duration.FromDays(30) }, new Test.AtLeast(1));

        Assert.Equal(1, HistoryWindows.Measure(leaf, history, Arbitrary.Start + Duration.FromDays(200)));
        Assert.Equal([purchases[1]], HistoryWindows.EventsOf(leaf, history, Arbitrary.Start + Duration.FromDays(200)));
    }

    private static void EventsAreCounted(Func<Condition.EventWindow, History, Instant, IEnumerable<CustomerEvent>> events) =>
        Prop.ForAll((from leaf in Arbitrary.Windows from history in Arbitrary.Histories from now in Arbitrary.Instants select (leaf, history, now)).ToArbitrary(), sample =>
        {
            var counting = sample.leaf with { Measure = new Measure.Count() };
            Assert.Equal(HistoryWindows.Measure(counting, sample.history, sample.now), events(counting, sample.history, sample.now).Count());
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1_000));

    private static Condition Changing(bool now, string at) =>
        new Condition.Moment(now ? new Span.Between(null, Parse(at)) : new Span.Between(Parse(at), null));

    private static Instant Parse(string text) => NodaTime.Text.InstantPattern.General.Parse(text).Value;

    private static TestEvidence At(Instant instant) => new(new Moment(instant, HongKong));

    private static void AnswersStay(Func<Condition, IEvidence, Truth> evaluate) =>
        Prop.ForAll((from condition in Arbitrary.Conditions from history in Arbitrary.Histories from now in Arbitrary.Instants select (condition, history, now)).ToArbitrary(), sample =>
        {
            var history = sample.history.Where(one => one.At <= sample.now).ToList();
            var truth = evaluate(sample.condition, At(sample.now) with { History = history });
            foreach (var later in Edges(history).Where(edge => edge > sample.now && !(edge >= truth.ValidUntil)))
            {
                Assert.Equal(truth.Value, evaluate(sample.condition, At(later) with { History = history }).Value);
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));

    private static void WindowsChange(Func<Condition.EventWindow, History, Instant, Truth> evaluate) =>
        Prop.ForAll((from leaf in Arbitrary.Windows from history in Arbitrary.Histories from now in Arbitrary.Instants select (leaf, history, now)).ToArbitrary(), sample =>
        {
            var history = sample.history.Where(one => one.At <= sample.now).ToList();
            var truth = evaluate(sample.leaf, history, sample.now);
            Assert.True(truth.ValidUntil is not { } until || until > sample.now);
            Assert.True(truth.ValidUntil is not { } change || evaluate(sample.leaf, history, change).Value != truth.Value);
            foreach (var later in Edges(history).Where(edge => edge > sample.now && !(edge >= truth.ValidUntil)))
            {
                Assert.Equal(truth.Value, evaluate(sample.leaf, history, later).Value);
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));

    private static IEnumerable<Instant> Edges(History history) =>
        history.SelectMany(one => new[] { 1, 2, 3, 4, 5, 6 }.Select(hours => one.At + Duration.FromHours(hours)))
            .Concat(Enumerable.Range(0, 24 * 8).Select(halves => Arbitrary.Start + Duration.FromMinutes(30 * halves)))
            .SelectMany(edge => new[] { edge - Tick, edge, edge + Tick });
}
