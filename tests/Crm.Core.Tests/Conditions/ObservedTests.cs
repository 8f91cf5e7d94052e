using Crm.Conditions;
using Crm.Events;
using Crm.Modules;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Core.Tests.Conditions;

using History = List<(CustomerEvent Event, Instant At)>;

/// <summary>The kernel's accumulators give what a scan of the history gives.</summary>
public sealed class ObservedTests
{
    private static readonly Duration Tick = Duration.FromTicks(1);

    /// <summary>Answers a leaf from events in the order of their arrival.</summary>
    private delegate Truth Answering(Condition.EventWindow leaf, History arrived, Instant now);

    [Fact]
    public void Accumulators_give_what_a_scan_of_the_history_gives_whatever_the_order_of_arrival() => AgreesWithHistory((leaf, arrived, now) => Observe(leaf, arrived).Answer(leaf, now));

    [Fact]
    public void Writing_and_reading_after_every_event_changes_no_answer() => AgreesWithHistory((leaf, arrived, now) =>
    {
        var catalog = new WindowCatalog([leaf]);
        var observed = Observed.Empty(catalog);
        foreach (var (happened, at) in arrived)
        {
            observed.Add(happened, at);
            observed = Reread(observed, catalog);
        }

        return observed.Answer(leaf, now);
    });

    [Fact]
    public void A_clone_goes_its_own_way() => AgreesWithHistory((leaf, arrived, now) =>
    {
        var observed = Observed.Empty(new WindowCatalog([leaf]));
        foreach (var (happened, at) in arrived)
        {
            var clone = observed.Clone();
            observed.Add(happened, at);
            clone.Add(happened, at + Tick);
            clone.Add(happened, at);
        }

        return observed.Answer(leaf, now);
    });

    [Fact]
    public void Two_that_are_joined_write_the_bytes_of_one_that_was_given_all() => AgreesWithHistory((leaf, arrived, now) =>
    {
        Assert.Equal(Bytes(Observe(leaf, arrived)), Bytes(Join(leaf, arrived)));
        return Join(leaf, arrived).Answer(leaf, now);
    });

    [Fact]
    public void What_a_leaf_missed_is_filled_in_from_the_events_of_its_kinds_within_reach() => AgreesWithHistory((leaf, arrived, now) =>
    {
        var filled = Fill(leaf, arrived, static (at, after) => after is null || at > after);
        Assert.Equal(Bytes(Observe(Beside(leaf), arrived)), Bytes(filled));
        return filled.Answer(leaf, now);
    });

    [Fact]
    public void What_a_lifetime_missed_is_filled_in_from_the_first_instant_there_is()
    {
        var leaf = Leaf(new Window.Lifetime());
        History arrived = [.. new[] { Instant.MinValue, Arbitrary.Start }.Select(at => (CustomerEvent.Purchase("till:1", Identity.User(1), Money.Hkd(5)), at))];

        Assert.Equal(Bytes(Observe(Beside(leaf), arrived)), Bytes(Fill(leaf, arrived, static (at, after) => after is null || at > after)));
    }

    [Fact]
    public void The_law_catches_events_that_are_read_from_too_late() => Refuted((leaf, arrived, now) => Fill(leaf, arrived, static (at, after) => at > (after ?? Arbitrary.Start - Tick) + Duration.FromHours(1)).Answer(leaf, now));

    [Fact]
    public void The_law_catches_events_of_which_the_latest_is_not_read() => Refuted((leaf, arrived, now) => Fill(leaf, [.. arrived.SkipLast(1)], static (at, after) => after is null || at > after).Answer(leaf, now));

    [Fact]
    public void The_law_catches_a_join_that_keeps_one_side() => Refuted((leaf, arrived, now) => Observe(leaf, [.. arrived.Where((_, i) => i % 2 == 0)]).Answer(leaf, now));

    [Fact]
    public void The_law_catches_a_window_that_holds_its_first_instant() =>
        Refuted((leaf, arrived, now) => Scan(leaf, arrived, now, (at, length) => at >= now - length));

    [Fact]
    public void The_law_catches_a_window_that_begins_with_the_hour() =>
        Refuted((leaf, arrived, now) => Scan(leaf, arrived, now, (at, length) => Hour(at) > Hour(now - length)));

    [Fact]
    public void The_law_catches_an_accumulator_that_forgets_to_forget() =>
        Refuted((leaf, arrived, now) => Scan(leaf, arrived, now, (_, _) => true));

    [Fact]
    public void The_law_catches_an_accumulator_that_drops_late_events() =>
        Refuted((leaf, arrived, now) => HistoryWindows.Evaluate(leaf, arrived.Where((one, i) => arrived.Take(i).All(before => before.At <= one.At)), now));

    [Fact]
    public void The_law_catches_answers_that_claim_to_stay_for_ever() =>
        Refuted((leaf, arrived, now) => HistoryWindows.Evaluate(leaf, arrived, now) with { ValidUntil = null });

    [Fact]
    public void The_law_catches_calendar_days_that_begin_in_UTC() =>
        RefutedAs(leaf => leaf.Window is Window.Calendar calendar ? leaf with { Window = calendar with { Zone = "UTC" } } : leaf);

    [Fact]
    public void The_law_catches_a_window_that_does_not_leave_out_the_latest() =>
        RefutedAs(leaf => leaf.Window is Window.Last last ? leaf with { Window = last with { Skip = Duration.Zero } } : leaf);

    [Fact]
    public void The_law_catches_a_sequence_that_lets_happen_what_must_not() =>
        RefutedAs(leaf => leaf.Measure is Measure.Sequence sequence ? leaf with { Measure = sequence with { Then = sequence.Then.Select(step => step with { Without = null }).ToSequence() } } : leaf);

    [Fact]
    public void The_law_catches_a_sequence_that_does_not_wait_for_what_must_be_lacking() =>
        RefutedAs(leaf => leaf.Measure is Measure.Sequence { Lacking: { } lacking } sequence ? leaf with { Measure = sequence with { Lacking = lacking with { For = Tick } } } : leaf);

    [Fact]
    public void The_law_catches_a_step_that_comes_too_late() =>
        RefutedAs(leaf => leaf.Measure is Measure.Sequence sequence ? leaf with { Measure = sequence with { Then = sequence.Then.Select(step => step with { Within = null }).ToSequence() } } : leaf);

    [Fact]
    public void The_law_catches_the_first_taken_for_the_latest() =>
        RefutedAs(leaf => leaf.Measure is Measure.Aggregate { How: Aggregation.Latest } latest ? leaf with { Measure = latest with { How = Aggregation.First } } : leaf);

    [Fact]
    public void The_law_catches_one_value_taken_for_all_of_them() =>
        RefutedAs(leaf => leaf.Measure is Measure.Aggregate { How: Aggregation.Unique } all ? leaf with { Measure = all with { How = Aggregation.MostFrequent } } : leaf);

    [Fact]
    public void The_law_catches_regularity_that_counts_events_instead_of_periods() =>
        RefutedAs(leaf => leaf.Measure is Measure.Periods ? leaf with { Measure = new Measure.Count() } : leaf);

    [Fact]
    public void The_law_catches_events_since_the_first_instead_of_the_latest() =>
        RefutedAs(leaf => leaf.Window is Window.Since since ? leaf with { Window = since with { First = true } } : leaf);

    [Fact]
    public void The_law_catches_events_long_after_another_that_count_all_the_same() =>
        RefutedAs(leaf => leaf.Window is Window.Since since ? leaf with { Window = since with { Within = null } } : leaf);

    [Fact]
    public void Events_before_a_leaf_with_samples_was_defined_are_missing_and_what_no_leaf_needs_is_dropped()
    {
        var average = (Condition.EventWindow)If.Purchases().InLast(Duration.FromDays(9)).Of(Aggregation.Average, new Measured.Spend(Currency.Hkd)).AtLeast(10);
        var day = Leaf(new Window.Last(Duration.FromDays(1)));
        var before = Observe(new WindowCatalog([day, average]), [(Purchase, Arbitrary.Start)]);
        var sequence = (Condition.EventWindow)If.Purchases().Then(new Step(new EventPattern("purchase"))).Happened;

        var kept = Reread(before, new WindowCatalog([average]));
        var other = new WindowCatalog([day, sequence]);
        var dropped = Reread(before, other);

        Assert.True(kept.Answer(average, Arbitrary.Start).Value);
        Assert.Equal(10, kept.Measure(average, Arbitrary.Start));
        Assert.Equal([other.IndexOf(sequence)], dropped.MissingLeaves);
        Assert.True(dropped.Answer(day, Arbitrary.Start).Value);
    }

    [Fact]
    public void A_lifetime_keeps_no_instants_and_a_window_only_those_within_reach()
    {
        var ever = (Condition.EventWindow)If.Purchases().Of(Aggregation.Greatest, new Measured.Spend(Currency.Hkd)).AtLeast(10);
        var month = (Condition.EventWindow)If.Purchases().InLast(Duration.FromDays(30)).Of(Aggregation.Least, new Measured.Spend(Currency.Hkd)).AtLeast(10);

        int Size(Condition.EventWindow leaf, int days) => Bytes(Observe(leaf, [.. Enumerable.Range(0, days).Select(day => (Purchase, Arbitrary.Start + Duration.FromDays(day)))])).Length;

        Assert.Equal(Size(ever, 40), Size(ever, 4_000), 2.0);
        Assert.Equal(Size(month, 40), Size(month, 4_000), 4.0);
    }

    [Fact]
    public void The_same_events_in_any_order_give_the_same_bytes() =>
        Prop.ForAll(
            (from leaves in Gen.ListOf(Arbitrary.Windows).Resize(5) from history in Arbitrary.Histories from salt in Gen.Choose(1, 16) select (leaves, history, salt)).ToArbitrary(),
            sample =>
            {
                var catalog = new WindowCatalog(sample.leaves);
                return Bytes(Observe(catalog, sample.history)).AsSpan().SequenceEqual(Bytes(Observe(catalog, [.. sample.history.Index().OrderBy(one => (one.Index + 1) * sample.salt % 17).Select(one => one.Item)])));
            }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    [Fact]
    public void Old_slots_lose_leaves_that_are_gone_and_name_those_that_are_new()
    {
        var day = Leaf(new Window.Last(Duration.FromDays(1)));
        var ever = Leaf(new Window.Lifetime());
        var week = Leaf(new Window.Last(Duration.FromDays(7)));
        var now = Arbitrary.Start;
        var before = Observe(new WindowCatalog([day, ever]), [(Purchase, now)]);

        var catalog = new WindowCatalog([week, ever]);
        var after = Reread(before, catalog);

        Assert.Equal([catalog.IndexOf(week)], after.MissingLeaves);
        Assert.True(after.Answer(ever, now).Value);
        Assert.Throws<InvalidOperationException>(() => after.Answer(day, now));
        Assert.Equal([catalog.IndexOf(week)], Reread(after, catalog).MissingLeaves);
    }

    [Fact]
    public void Three_of_five_purchases_hold_until_the_third_newest_leaves()
    {
        var leaf = Leaf(new Window.Last(Duration.FromDays(90)), new Test.AtLeast(3));
        var observed = Observe(leaf, [.. Enumerable.Range(0, 5).Select(day => (Purchase, Arbitrary.Start + Duration.FromDays(day)))]);

        Assert.Equal(new Truth(true, Arbitrary.Start + Duration.FromDays(2 + 90)), observed.Answer(leaf, Arbitrary.Start + Duration.FromDays(4)));
    }

    [Fact]
    public void Copies_may_be_added_to_at_the_same_time()
    {
        var leaf = Leaf(new Window.Last(Duration.FromDays(90)), new Test.EqualTo(6));
        var observed = Observe(leaf, [.. Enumerable.Range(0, 5).Select(day => (Purchase, Arbitrary.Start + Duration.FromDays(day)))]);
        var copies = Enumerable.Range(0, 64).Select(_ => observed.Clone()).ToArray();

        Parallel.For(0, copies.Length, i => copies[i].Add(Purchase, Arbitrary.Start + Duration.FromDays(5) + Duration.FromHours(i)));

        Assert.All(copies.Select((copy, i) => copy.Answer(leaf, Arbitrary.Start + Duration.FromDays(5) + Duration.FromHours(i))), truth => Assert.True(truth.Value));
        Assert.All(copies.Select((copy, i) => (copy, i)), pair => Assert.Equal(
            Arbitrary.Start + Duration.FromDays(90), pair.copy.Answer(leaf, Arbitrary.Start + Duration.FromDays(5) + Duration.FromHours(pair.i)).ValidUntil));
        Assert.False(observed.Answer(leaf, Arbitrary.Start + Duration.FromDays(5)).Value);
    }

    [Fact]
    public void An_answer_from_what_is_known_allocates_nothing()
    {
        var leaf = Leaf(new Window.Last(Duration.FromDays(90)), new Test.AtLeast(3));
        var observed = Observe(leaf, [.. Enumerable.Range(0, 50).Select(day => (Purchase, Arbitrary.Start + Duration.FromDays(day)))]);
        var now = Arbitrary.Start + Duration.FromDays(60);
        observed.Answer(leaf, now);

        var before = GC.GetAllocatedBytesForCurrentThread();
        observed.Answer(leaf, now);

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static CustomerEvent Purchase { get; } = CustomerEvent.Purchase("pos:1", Identity.User(1), Money.Hkd(10));

    private static Condition.EventWindow Leaf(Window window, Test? test = null) => new("purchase", new Measure.Count(), window, test ?? new Test.AtLeast(1));

    private static Observed Observe(Condition.EventWindow leaf, History arrived) => Observe(new WindowCatalog([leaf]), arrived);

    private static Observed Observe(WindowCatalog catalog, History arrived)
    {
        var observed = Observed.Empty(catalog);
        foreach (var (happened, at) in arrived)
        {
            observed.Add(happened, at);
        }

        return observed;
    }

    private static WindowCatalog Beside(Condition.EventWindow leaf) => new([Leaf(new Window.Last(Duration.FromHours(2))), leaf]);

    // Where the leaf is no part of what was counted before, nothing is missing of it.
    private static Observed Fill(Condition.EventWindow leaf, History arrived, Func<Instant, Instant?, bool> isRead)
    {
        var before = Reread(Observe(Leaf(new Window.Last(Duration.FromHours(2))), arrived), Beside(leaf));
        if (before.MissingLeaves.IsEmpty)
        {
            return before;
        }

        var (kinds, after) = (before.LackingKinds.ToHashSet(StringComparer.Ordinal), before.LackingAfter);
        return before.Filled(arrived.Where(one => kinds.Contains(one.Event.Kind) && isRead(one.At, after)));
    }

    private static byte[] Bytes(Observed observed)
    {
        var writer = new SlotWriter();
        observed.Write(writer);
        return writer.Written.ToArray();
    }

    private static Observed Join(Condition.EventWindow leaf, History arrived)
    {
        var catalog = new WindowCatalog([leaf]);
        var halves = new[] { Observe(catalog, [.. arrived.Where((_, i) => i % 2 == 0)]), Observe(catalog, [.. arrived.Where((_, i) => i % 2 == 1)]) };
        halves[0].Join(halves[1]);
        return halves[0];
    }

    private static Observed Reread(Observed observed, WindowCatalog catalog)
    {
        var reader = new SlotReader(Bytes(observed));
        var read = Observed.Read(ref reader, catalog);
        Assert.True(reader.AtEnd);
        return read;
    }

    private static void AgreesWithHistory(Answering answering) => AgreesWithHistory(answering, Arbitrary.Windows);

    private static void AgreesWithHistory(Answering answering, Gen<Condition.EventWindow> leaves) =>
        Prop.ForAll((from leaf in leaves from history in Arbitrary.Histories select (leaf, history)).ToArbitrary(), sample =>
        {
            for (var count = 0; count <= sample.history.Count; count++)
            {
                var arrived = sample.history[..count];
                foreach (var now in Edges(sample.leaf, arrived))
                {
                    Assert.Equal(HistoryWindows.Evaluate(sample.leaf, arrived, now), answering(sample.leaf, arrived, now));
                }
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    // Only leaves that the counterfeit takes for others can refute it.
    private static void RefutedAs(Func<Condition.EventWindow, Condition.EventWindow> change) => Counterfeits.Caught(() =>
        AgreesWithHistory((leaf, arrived, now) => HistoryWindows.Evaluate(change(leaf), arrived, now), Arbitrary.Windows.Where(leaf => change(leaf) != leaf)));

    private static void Refuted(Answering counterfeit) => Counterfeits.Caught(() => AgreesWithHistory(counterfeit));

    /// <summary>Every event's instant and the end of its window, with the ticks before and after; none before the newest event, which the kernel never asks.</summary>
    private static IEnumerable<Instant> Edges(Condition.EventWindow leaf, History arrived)
    {
        var newest = arrived.Select(one => one.At).DefaultIfEmpty(Arbitrary.Start).Max();
        var length = leaf.Window is Window.Last last ? last.Length : Duration.Zero;
        var further = new[] { 1, 2, 3, 4, 5, 6, 24 }.Select(hours => Duration.FromHours(hours)).ToArray();
        var days = new[] { 5, 29, 53, 77 }.Select(hours => Arbitrary.Start + Duration.FromHours(hours));
        return arrived.SelectMany(one => further.Select(more => one.At + more).Concat([one.At, one.At + length])).Append(newest).Concat(days)
            .SelectMany(edge => new[] { edge - Tick, edge, edge + Tick }).Where(now => now >= newest).Distinct();
    }

    private static Truth Scan(Condition.EventWindow leaf, History arrived, Instant now, Func<Instant, Duration, bool> isIn)
    {
        var truth = HistoryWindows.Evaluate(leaf, arrived, now);
        return leaf is { Window: Window.Last last, Measure: not Measure.Periods } // which have no parts in a lifetime
            ? truth with { Value = HistoryWindows.Evaluate(leaf with { Window = new Window.Lifetime() }, arrived.Where(one => isIn(one.At, last.Length)), now).Value }
            : truth;
    }

    private static long Hour(Instant instant) => (long)Math.Floor((instant - Instant.FromUnixTimeTicks(0)).TotalHours);
}
