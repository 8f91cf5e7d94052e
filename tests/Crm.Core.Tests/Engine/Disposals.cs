using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Ledger;
using Crm.Storage;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Core.Tests.Engine;

/// <summary>Journal entries that need not be kept any longer, and what stands for them.</summary>
public sealed class Disposals
{
    private const string Told = "reaches-disposed-history";
    private static readonly CancellationToken Token = TestContext.Current.CancellationToken;

    [Fact]
    public void Disposing_changes_no_state_no_balance_and_no_later_decision_that_does_not_say_so() => Law(shop => shop).Check(Config.QuickThrowOnFailure.WithMaxTest(400));

    [Fact]
    public void An_opening_of_another_instant_is_caught() => Counterfeits.Caught(() => Law(shop => shop.Over(store => new OtherOpening(store))).Check(Config.QuickThrowOnFailure.WithMaxTest(400)));

    [Fact]
    public async Task A_state_and_a_balance_are_as_before_and_the_journal_is_shorter()
    {
        var shop = await BusyAsync(40);
        var before = await shop.PictureAsync(Histories.End, netted: false);
        var report = await shop.Engine.DisposeOfJournalAsync(new DisposalRequest(Day(20)), Token);

        Assert.Equal((1, 1, 21, 0, true), (report.Seen, report.Customers, report.Entries, report.Held, report.IsComplete));
        Assert.Equal(before, await shop.PictureAsync(Histories.End, netted: false));
        Assert.Equal(19, (await JournalAsync(shop)).Count);
        await HoldsAsync(shop);
    }

    [Fact]
    public async Task A_second_run_goes_on_from_the_opening_and_a_third_finds_nothing()
    {
        var shop = await BusyAsync(40);
        await shop.Engine.DisposeOfJournalAsync(new DisposalRequest(Day(10)), Token);
        var second = await shop.Engine.DisposeOfJournalAsync(new DisposalRequest(Day(39)), Token);
        var third = await shop.Engine.DisposeOfJournalAsync(new DisposalRequest(Day(39)), Token);

        Assert.Equal((29, 0), (second.Entries, third.Entries));
        var opening = (await HistoryAsync(shop)).Opening;
        Assert.Equal((40L, Day(39)), (opening!.Entries, opening.At));
        await HoldsAsync(shop);
        var receipt = await shop.RecordAsync(Histories.Purchase("till:next", 10_000) with { OccurredAt = Day(41) });
        Assert.Equal(41, (await HistoryAsync(shop)).Opening!.Entries + (await JournalAsync(shop)).Count);
        Assert.True(receipt.Total("points") > 0);
        await HoldsAsync(shop);
    }

    [Fact]
    public async Task A_dry_run_says_what_would_go_and_writes_nothing()
    {
        var shop = await BusyAsync(10);
        var version = (await shop.ReadAsync()).Version;
        var report = await shop.Engine.DisposeOfJournalAsync(new DisposalRequest(Day(5)) { DryRun = true }, Token);

        Assert.Equal(6, report.Entries);
        Assert.Equal(10, (await JournalAsync(shop)).Count);
        Assert.Equal(version, (await shop.ReadAsync()).Version);
    }

    [Fact]
    public async Task An_event_sent_again_after_its_entry_has_gone_gets_a_short_receipt()
    {
        var shop = await BusyAsync(10);
        var happened = Histories.Purchase("till:3", 1_000) with { OccurredAt = Day(3) };
        var first = await shop.RecordAsync(happened);
        await shop.Engine.DisposeOfJournalAsync(new DisposalRequest(Day(5)), Token);
        var again = await shop.RecordAsync(happened);

        Assert.False(first.IsShort);
        Assert.True(again.IsShort);
        Assert.Equal(first.Short(), again);
        Assert.Equal((first.Key, first.Customer, first.Version, first.EffectiveAt, first.Accepted), (again.Key, again.Customer, again.Version, again.EffectiveAt, again.Accepted));
        await Assert.ThrowsAsync<KeyReusedException>(() => shop.RecordAsync(Histories.Purchase("till:3", 1_001) with { OccurredAt = Day(3) }));
    }

    [Fact]
    public async Task A_refused_request_stays_refused_when_it_is_sent_again()
    {
        var shop = await BusyAsync(2);
        var redeem = Histories.Redeem("till:much", 1_000) with { OccurredAt = Day(3) };
        var refused = await shop.RecordAsync(redeem);
        await shop.RecordAsync(Histories.Purchase("till:later", 1_000) with { OccurredAt = Day(9) });
        await shop.Engine.DisposeOfJournalAsync(new DisposalRequest(Day(5)), Token);

        Assert.Equal(refused.Refusal!.Code, (await shop.RecordAsync(redeem)).Refusal?.Code);
        await HoldsAsync(shop);
    }

    [Fact]
    public async Task A_refund_of_what_was_disposed_of_takes_nothing_back_and_says_so()
    {
        var shop = await BusyAsync(40);
        await shop.Engine.DisposeOfJournalAsync(new DisposalRequest(Day(20)), Token);
        var before = (await shop.ReadAsync()).Slot<ClubState>("club");
        var refund = await shop.RecordAsync(CustomerEvent.Refund("till:back", Shop.Amy, "till:10", Money.Hkd(10)) with { OccurredAt = Day(41) });
        var cancelled = await shop.RecordAsync(Histories.Cancellation("till:undo", EventKey.Parse("till:back")) with { OccurredAt = Day(42) });

        Assert.Contains(refund.Lines, line => line.Code == Told && line.Text is not null);
        Assert.Equal(Money.Hkd(10), refund.TakenBack!.Unmatched);
        Assert.Contains(cancelled.Lines, line => line.Code == Told);
        Assert.Equal(before.Lots.Sum(lot => lot.Value), (await shop.ReadAsync()).Slot<ClubState>("club").Lots.Sum(lot => lot.Value));
        await HoldsAsync(shop);
        var ordinary = await shop.RecordAsync(CustomerEvent.Refund("till:back-30", Shop.Amy, "till:30", Money.Hkd(10)) with { OccurredAt = Day(43) });
        Assert.DoesNotContain(ordinary.Lines, line => line.Code == Told);
        Assert.True(ordinary.Total("points") < 0);
        await HoldsAsync(shop);
    }

    [Fact]
    public async Task A_purchase_from_before_the_opening_counts_now_and_says_so()
    {
        var shop = await BusyAsync(40);
        await shop.Engine.DisposeOfJournalAsync(new DisposalRequest(Day(20)), Token);
        var late = await shop.RecordAsync(Histories.Purchase("till:late", 1_000) with { OccurredAt = Day(3) });

        Assert.Contains(late.Lines, line => line.Code == Told);
        Assert.True(late.EffectiveAt >= Day(39));
        Assert.True(late.Total("points") > 0);
        await HoldsAsync(shop);
        var ordinary = await shop.RecordAsync(Histories.Purchase("till:less-late", 1_000) with { OccurredAt = Day(25) });
        Assert.Equal(Day(25), ordinary.EffectiveAt);
        Assert.DoesNotContain(ordinary.Lines, line => line.Code == Told);
        await HoldsAsync(shop);
    }

    [Fact]
    public async Task Where_everything_was_disposed_of_the_next_event_of_that_very_instant_counts_after_it()
    {
        var shop = await BusyAsync(3);
        await shop.Engine.DisposeOfJournalAsync(new DisposalRequest(Day(2)), Token);
        var same = await shop.RecordAsync(Histories.Purchase("till:same", 1_000) with { OccurredAt = Day(2) });
        var request = await shop.RecordAsync(Histories.Redeem("till:old", 1) with { OccurredAt = Day(1) });

        Assert.Equal(Day(2) + Duration.FromTicks(1), same.EffectiveAt);
        Assert.True(request.Accepted);
        Assert.True(request.EffectiveAt > Day(2));
        await HoldsAsync(shop);
    }

    [Fact]
    public async Task What_a_later_refund_takes_from_stays_until_the_refund_goes_too()
    {
        var shop = await BusyAsync(40);
        await shop.RecordAsync(CustomerEvent.Refund("till:back", Shop.Amy, "till:10", Money.Hkd(4)) with { OccurredAt = Day(41) });
        await shop.RecordAsync(Histories.Purchase("till:last", 1_000) with { OccurredAt = Day(60) });
        var held = new List<HeldHistory>();
        var first = await shop.Engine.DisposeOfJournalAsync(new DisposalRequest(Day(20)) { Held = held.Add }, Token);
        var second = await shop.Engine.DisposeOfJournalAsync(new DisposalRequest(Day(50)) { Held = held.Add }, Token);

        Assert.Equal((10, 1), (first.Entries, first.Held));
        var one = Assert.Single(held);
        Assert.Equal(("still-amended", 11), (one.Code, one.Entries));
        Assert.Equal((31, 0), (second.Entries, second.Held));
        await HoldsAsync(shop);
    }

    [Fact]
    public async Task A_customer_who_does_not_verify_is_left_as_evidence()
    {
        var shop = await BusyAsync(10);
        var other = new Shop(shop.Store, new ClubModule(new Condition.Any([])), new WatchModule());
        other.Clock.Set(Day(50));
        var held = new List<HeldHistory>();
        var report = await other.Engine.DisposeOfJournalAsync(new DisposalRequest(Day(5)) { Held = held.Add }, Token);

        Assert.Equal((0, 1), (report.Entries, report.Held));
        Assert.Equal("not-verified", Assert.Single(held).Code);
    }

    [Fact]
    public async Task Whoever_is_merged_while_a_run_goes_on_is_no_damage()
    {
        var shop = await BusyAsync(10);
        await shop.RecordAsync(Merges.Purchase("ben:1", Merges.Ben, 2_000) with { OccurredAt = Day(1) });
        var held = new List<string>();
        await shop.Engine.DisposeOfJournalAsync(new DisposalRequest(Day(5)) { UntilFor = view => MergedWithOther(shop, view.Customer, Day(5)), Held = one => held.Add(one.Code) }, Token);

        Assert.Equal(["joined"], held);
    }

    [Fact]
    public async Task Whoever_is_merged_while_a_run_goes_on_into_somebody_of_the_same_version_is_no_damage()
    {
        var shop = await BusyAsync(10);
        for (var visit = 0; visit < 11; visit++)
        {
            await shop.RecordAsync(Merges.Purchase($"ben:{visit}", Merges.Ben, 2_000) with { OccurredAt = Day(1) });
        }

        var held = new List<string>();
        var amy = (await shop.ReadAsync()).Customer;
        await shop.Engine.DisposeOfJournalAsync(new DisposalRequest(Day(5)) { UntilFor = view => view.Customer == amy ? null : MergedWithOther(shop, amy, Day(5)), Held = one => held.Add(one.Code) }, Token);

        Assert.Equal(11, (await shop.ReadAsync()).Version);
        Assert.Empty(held);
    }

    [Fact]
    public async Task A_state_of_a_module_that_the_engine_does_not_have_keeps_the_journal_unless_the_module_is_gone_for_good()
    {
        var shop = await BusyAsync(60);
        var other = new Shop(shop.Store, new ClubModule(Bonus));
        other.Clock.Set(Day(61));
        var held = new List<HeldHistory>();
        var kept = await other.Engine.DisposeOfJournalAsync(new DisposalRequest(Day(5)) { Held = held.Add }, Token);
        var gone = await other.Engine.DisposeOfJournalAsync(new DisposalRequest(Day(5)) { RemovedModules = ["watch"] }, Token);

        Assert.Equal((0, 1), (kept.Entries, kept.Held));
        Assert.Equal("unknown-module", Assert.Single(held).Code);
        Assert.Equal((6, 0), (gone.Entries, gone.Held));
    }

    [Fact]
    public async Task Where_definitions_are_gone_the_last_checkpoint_stands_for_what_is_before_it()
    {
        var shop = await BusyAsync(40, checkpointEvery: 8, definition: "club 1");
        var other = new Shop(shop.Store, new ClubModule(Bonus, definition: "club 2"), new WatchModule(If.Purchases().SumOfSpend(Currency.Hkd).AtLeast(500)));
        other.Clock.Set(Day(50));
        var report = await other.Engine.DisposeOfJournalAsync(new DisposalRequest(Day(30)), Token);

        var opening = (await HistoryAsync(other)).Opening;
        Assert.NotNull(opening);
        Assert.InRange(opening.At, Day(15), Day(30));
        Assert.Equal(opening.Entries, report.Entries);
        await HoldsAsync(other);
    }

    [Fact]
    public async Task No_checkpoint_stands_for_a_late_event_that_it_does_not_know()
    {
        var options = new CrmOptions { Zone = DateTimeZone.Utc, CheckpointEvery = 8 };
        // What has been done is kept, in the order in which it came.
        var seen = new ScriptModule(
            new Crm.Modules.ModuleContract { Name = "seen", Kinds = [new EventKind("page-view", EventNature.Happening) { OrderFree = true }], Handles = ["page-view"], Codec = NotesCodec.Instance, Reversible = false },
            (notes, context) => context.Stimulus is Crm.Modules.Stimulus.Happened(var view) ? notes.Plus(view.Key.Value) : Crm.Modules.Outcome.Nothing);
        var shop = new Shop(options, new ClubModule(Bonus, definition: "club 1"), seen);
        for (var day = 0; day < 40; day++)
        {
            await shop.RecordAsync(Histories.Purchase($"till:{day}", 1_000) with { OccurredAt = Day(day) });
        }

        await shop.RecordAsync(View("web:1", 10));
        var other = new Shop(shop.Store, new ClubModule(Bonus, definition: "club 2"), seen);
        other.Clock.Set(Day(50));
        var report = await other.Engine.DisposeOfJournalAsync(new DisposalRequest(Day(30)), Token);
        var past = await other.Engine.ReadAsync(CustomerRef.Of(Shop.Amy), new PastQuestion(Day(35)), Token);

        Assert.NotEqual(0, report.Entries);
        Assert.Equal(["1"], past!.Customer.Slot<Notes>("seen").Lines);
    }

    [Fact]
    public async Task A_run_can_stop_go_on_and_leave_out_whoever_is_under_a_legal_hold()
    {
        var shop = await BusyAsync(3);
        for (var customer = 0; customer < 9; customer++)
        {
            await shop.RecordAsync(CustomerEvent.Purchase($"till:of-{customer}", Identity.User(customer), Money.Hkd(50)) with { OccurredAt = Day(4) });
        }

        var amy = (await shop.ReadAsync()).Customer;
        var told = new List<DisposalReport>();
        var request = new DisposalRequest(Day(5)) { Most = 4, UntilFor = view => view.Customer == amy ? null : Day(5), Progress = new Telling<DisposalReport>(told.Add) };
        shop.Clock.Set(Day(6));
        var seen = 0L;
        var customers = 0L;
        DisposalReport report;
        do
        {
            report = await shop.Engine.DisposeOfJournalAsync(request, Token);
            seen += report.Seen;
            customers += report.Customers;
            request = request with { After = report.Last };
        }
        while (!report.IsComplete);

        Assert.Equal((10, 9), (seen, customers));
        Assert.NotEmpty(told);
        Assert.Equal(3, (await JournalAsync(shop)).Count);
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await shop.Engine.DisposeOfJournalAsync(new DisposalRequest(Day(5)), cancelled.Token));
        await Assert.ThrowsAsync<ArgumentException>(async () => await shop.Engine.DisposeOfJournalAsync(new DisposalRequest(Day(500)), Token));
    }

    [Fact]
    public async Task The_past_before_the_opening_is_unknown_and_after_it_is_as_before()
    {
        var shop = await BusyAsync(40);
        var before = await shop.Engine.ReadAsync(CustomerRef.Of(Shop.Amy), new PastQuestion(Day(30)), Token);
        await shop.Engine.DisposeOfJournalAsync(new DisposalRequest(Day(20)), Token);
        var after = await shop.Engine.ReadAsync(CustomerRef.Of(Shop.Amy), new PastQuestion(Day(30)), Token);

        Assert.Equal(before!.Customer.Slot<ClubState>("club").ToString(), after!.Customer.Slot<ClubState>("club").ToString());
        Assert.Equal(before.Customer.Facts.ToSequence(), after.Customer.Facts.ToSequence());
        Assert.Null(await shop.Engine.ReadAsync(CustomerRef.Of(Shop.Amy), new PastQuestion(Day(10)), Token));
        Assert.Equal((null, Day(20)), (before.DisposedUntil, after.DisposedUntil));
        var refused = await Assert.ThrowsAsync<ArgumentException>(async () => await shop.Engine.ReadAsync(CustomerRef.Of(Shop.Amy), new PastQuestion(Day(10)) { RefusesDisposed = true }, Token));
        Assert.Contains("have been disposed of, so nothing can be said of 2026-01-11", refused.Message, StringComparison.Ordinal);

        // Whoever counts customers as of then can say how many are missing.
        var (leftOut, amy) = (new List<CustomerId>(), after.Customer.Customer);
        await foreach (var view in shop.Engine.ReadAllAsync(new PastQuestion(Day(10)) { LeavesOut = leftOut.Add }, Token))
        {
            Assert.NotEqual(amy, view.Customer.Customer);
        }

        Assert.Contains(amy, leftOut);
    }

    [Fact]
    public async Task A_measure_that_reaches_back_to_what_is_gone_is_what_was_counted_or_refused()
    {
        var shop = await BusyAsync(40);
        var amy = Assert.IsType<CustomerView>(await shop.ReadAsync()).Customer;
        var (watched, unwatched) = (If.Purchases().SumOfSpend(Currency.Hkd), If.Purchases().Count());
        Condition[] answered =
        [
            watched.AtLeast(400), watched.AtLeast(401),
            If.Purchases().InLast(Duration.FromDays(19)).Count().AtLeast(19), If.Purchases().InLast(Duration.FromDays(19)).Count().AtLeast(20),
            If.Purchases().In(new Window.Between(Day(20) + Duration.FromTicks(1), null)).Count().Is(19),
        ];
        var refused = If.All(watched.AtLeast(1), unwatched.AtLeast(40), If.Purchases().InLast(Duration.FromDays(20)).Count().AtLeast(1), If.Purchases().In(new Window.Between(Day(20), null)).Count().AtLeast(1));
        var before = await AnswersAsync();
        Assert.Equal([amy], await shop.Engine.SelectAsync(refused, Token));

        await shop.Engine.DisposeOfJournalAsync(new DisposalRequest(Day(20)), Token);

        Assert.Equal([(true, true), (false, false), (true, true), (false, false), (true, true)], before);
        Assert.Equal(before, await AnswersAsync());
        var view = await shop.Engine.ReadAsync(CustomerRef.Of(Shop.Amy), new PastQuestion(Day(39)), Token);
        Assert.Equal(["$.all[1]", "$.all[2]", "$.all[3]"], view!.Refusals(refused).Select(error => error.Path));
        Assert.Throws<InvalidOperationException>(() => Evaluator.Evaluate(refused, view));
        Assert.Contains("$.all[1]: Events up to 2026-01-21", (await Assert.ThrowsAsync<ArgumentException>(async () => await shop.Engine.SelectAsync(refused, Token))).Message, StringComparison.Ordinal);

        async Task<List<(bool Asked, bool Selected)>> AnswersAsync()
        {
            var answers = new List<(bool, bool)>();
            foreach (var condition in answered)
            {
                var asked = await shop.Engine.ReadAsync(CustomerRef.Of(Shop.Amy), new PastQuestion(Day(39)), Token);
                Assert.Empty(asked!.Refusals(condition));
                answers.Add((Evaluator.Evaluate(condition, asked).Value, (await shop.Engine.SelectAsync(condition, Token)).Contains(amy)));
            }

            return answers;
        }
    }

    [Fact]
    public async Task A_condition_that_comes_later_counts_from_the_opening_on_and_others_go_on()
    {
        var shop = await BusyAsync(40);
        await shop.Engine.DisposeOfJournalAsync(new DisposalRequest(Day(20)), Token);
        var other = new Shop(shop.Store, new ClubModule(Bonus), new WatchModule(If.Purchases().Count().AtLeast(20), If.Purchases().Count().AtLeast(21), If.Purchases().SumOfSpend(Currency.Hkd).AtLeast(410), If.Purchases().SumOfSpend(Currency.Hkd).AtLeast(411)));
        other.Clock.Set(Day(41));
        await other.RecordAsync(Histories.Purchase("till:next", 1_000) with { OccurredAt = Day(41) });
        await HoldsAsync(other);
        var view = await other.ReadAsync();
        Assert.Equal([true, false, true, false], Enumerable.Range(0, 4).Select(place => view.Fact($"watch.{place}", out _) == true));
    }

    [Theory]
    [InlineData("opening")]
    [InlineData("entry")]
    [InlineData("ledger of what went")]
    [InlineData("ledger")]
    [InlineData("state of the opening")]
    public async Task Damage_is_found_after_a_disposal(string what)
    {
        var shop = await BusyAsync(40);
        await shop.Engine.DisposeOfJournalAsync(new DisposalRequest(Day(20)), Token);
        await HoldsAsync(shop);
        var (stored, history, ledger) = await StoredAsync(shop);
        var opening = history.Opening!;
        var verdict = Verifier(shop).Verify(
            stored,
            what switch
            {
                "opening" => history with { Opening = null },
                "entry" => history with { Entries = history.Entries.Skip(1).ToSequence() },
                "state of the opening" => history with { Opening = opening with { Slots = [.. opening.Slots.Skip(1)] } },
                _ => history,
            },
            what switch
            {
                "ledger of what went" => [ledger[0] with { Rule = "other" }, .. ledger.Skip(1)],
                "ledger" => [.. ledger.SkipLast(1), ledger[^1] with { Cause = EventKey.Parse("till:unknown") }],
                _ => ledger,
            });

        Assert.False(verdict.Holds);
    }

    [Fact]
    public async Task A_late_event_whose_order_does_not_matter_is_counted_by_every_later_decision()
    {
        var modules = new Crm.Modules.ICustomerModule[] { new ClubModule(Bonus), new WatchModule(orderFree: true, new Condition.EventWindow("page-view", new Measure.Count(), new Window.Lifetime(), new Test.AtLeast(2))) };
        var shop = new Shop(new CrmOptions { Zone = DateTimeZone.Utc, CheckpointEvery = 8 }, modules);
        for (var day = 0; day < 20; day++)
        {
            await shop.RecordAsync(Histories.Purchase($"till:{day}", 1_000) with { OccurredAt = Day(day) });
        }

        await shop.RecordAsync(View("web:1", 10));
        await shop.RecordAsync(Histories.Purchase("till:late", 1_000) with { OccurredAt = Day(18) + Duration.FromHours(1) });
        await shop.RecordAsync(View("web:2", 30));

        Assert.Equal(true, (await shop.ReadAsync()).Fact("watch.0", out _));
        await HoldsAsync(shop);
    }

    private static Condition Bonus => If.Purchases().InLast(Duration.FromDays(7)).Count().AtLeast(3);

    private static Instant Day(int day) => Shop.Opening + Duration.FromDays(day);

    private static CustomerEvent View(string key, int day) => new() { Key = EventKey.Parse(key), Kind = "page-view", Identity = Shop.Amy, OccurredAt = Day(day) };

    private static async Task<Shop> BusyAsync(int days, int checkpointEvery = 64, string? definition = null)
    {
        var shop = new Shop(new CrmOptions { Zone = DateTimeZone.Utc, CheckpointEvery = checkpointEvery }, new ClubModule(Bonus, definition: definition), new WatchModule(If.Purchases().SumOfSpend(Currency.Hkd).AtLeast(500)));
        for (var day = 0; day < days; day++)
        {
            await shop.RecordAsync(Histories.Purchase($"till:{day}", 1_000) with { OccurredAt = Day(day) });
        }

        return shop;
    }

    // When the first customer is looked at, the other is listed already.
    private static Instant MergedWithOther(Shop shop, CustomerId survivor, Instant until)
    {
        Identity[] both = [Shop.Amy, Merges.Ben];
        var others = both.Where(who => shop.Store.LoadAsync(CustomerRef.Of(who), Token).AsTask().GetAwaiter().GetResult().Customer != survivor).ToList();
        others.ForEach(retired => Merges.MergedAsync(shop, "desk:1", both.Single(who => who != retired), retired).GetAwaiter().GetResult());
        return until;
    }

    // Two shops live through the same events; in one of them the journal is disposed of in between. Until a receipt says that something reaches further back than the journal, both are the same.
    private static Property Law(Func<Shop, Shop> changed) => Prop.ForAll(
        Arb.From(Gen.Zip(Histories.Clubs, Histories.WithRequests)),
        Arb.From(Gen.ListOf(Gen.Zip(Gen.Choose(0, 24), Gen.Choose(0, 200)), 3)),
        Arb.From(Gen.ListOf(Gen.Choose(0, 1_000), 6)),
        async Task<bool> (given, disposals, picks) =>
        {
            var (club, events) = given;
            var kept = Shop.With(club);
            var disposed = changed(Shop.With(club));
            var all = events.Concat(Afterwards(events, [.. picks])).ToArray();
            for (var i = 0; i < all.Length; i++)
            {
                foreach (var (_, day) in disposals.Where(disposal => disposal.Item1 == i))
                {
                    var until = Instant.Min(Day(day), disposed.Clock.GetCurrentInstant());
                    await disposed.Engine.DisposeOfJournalAsync(new DisposalRequest(until), Token);
                    await HoldsAsync(disposed);
                }

                var expected = await kept.RecordAsync(all[i]);
                var found = await disposed.RecordAsync(all[i]);
                if (found.Lines.Any(line => line.Code == Told) || await IsAtTheOpeningAsync(disposed, expected, found))
                {
                    await HoldsAsync(disposed);
                    return true;
                }

                Assert.Equal(Comparable(expected), Comparable(found.IsShort ? expected : found));
            }

            await HoldsAsync(disposed);
            Assert.Equal(await kept.PictureAsync(Histories.End, netted: false), await disposed.PictureAsync(Histories.End, netted: false));
            return true;
        });

    // Whatever comes at the very instant of the opening counts a tick later, and so may what hangs on it.
    private static async Task<bool> IsAtTheOpeningAsync(Shop disposed, Receipt expected, Receipt found) =>
        found.EffectiveAt == expected.EffectiveAt + Duration.FromTicks(1) && (await StoredAsync(disposed)).History.Opening?.At == expected.EffectiveAt;

    // A disposal is a version of its own, which is all that may differ.
    private static string Comparable(Receipt receipt) => $"{receipt with { Version = 0, Customer = default }}";

    // Late purchases, refunds and cancellations of whatever there was, and the same again.
    private static IEnumerable<CustomerEvent> Afterwards(CustomerEvent[] events, int[] picks)
    {
        for (var i = 0; i < picks.Length; i++)
        {
            var one = events[picks[i] % events.Length];
            yield return (picks[i] % 5) switch
            {
                0 => Histories.Purchase($"late:{i}", 5_000) with { OccurredAt = Day(picks[i] % 190) },
                1 => CustomerEvent.Refund($"late:{i}", Shop.Amy, one.Key.ToString(), Money.Hkd(7)) with { OccurredAt = Day(191) },
                2 => Histories.Cancellation($"late:{i}", one.Key) with { OccurredAt = Day(191) },
                3 => CustomerEvent.Refund($"late:{i}", Shop.Amy, null, Money.Hkd(9)) with { OccurredAt = Day(192) },
                _ => one,
            };
        }
    }

    private static CustomerVerifier Verifier(Shop shop) => new(shop.Modules, shop.Options);

    private static async Task HoldsAsync(Shop shop)
    {
        var (stored, history, ledger) = await StoredAsync(shop);
        if (stored.Customer is not null)
        {
            Assert.Equal([], Verifier(shop).Verify(stored, history, ledger).Differences.Select(difference => $"{difference}"));
        }
    }

    private static async Task<(CustomerSnapshot Stored, CustomerHistory History, List<LedgerEntry> Ledger)> StoredAsync(Shop shop)
    {
        var stored = await shop.Store.LoadAsync(CustomerRef.Of(Shop.Amy), Token);
        return stored.Customer is not { } customer
            ? (stored, new CustomerHistory(null, []), [])
            : (stored, await shop.Store.LoadHistoryAsync(customer, new HistoryStart.Beginning(), Token), [.. await shop.Store.LedgerOfAsync(customer, Token)]);
    }

    private static async Task<CustomerHistory> HistoryAsync(Shop shop) => (await StoredAsync(shop)).History;

    private static async Task<List<JournalEntry>> JournalAsync(Shop shop) => await shop.Store.ReadJournalAsync((await shop.ReadAsync()).Customer, 0, Token).ToListAsync(Token);

    private sealed class Telling<T>(Action<T> tell) : IProgress<T>
    {
        public void Report(T value) => tell(value);
    }

    /// <summary>Disposes of the same entries, with the state of birth in their place.</summary>
    private sealed class OtherOpening(InMemoryStore store) : ICustomerStore, IJournalScan, IJournalDisposal, IWakeups
    {
        public ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken) => store.LoadAsync(customer, cancellationToken);

        public ValueTask<CustomerHistory> LoadHistoryAsync(CustomerId customer, HistoryStart start, CancellationToken cancellationToken) => store.LoadHistoryAsync(customer, start, cancellationToken);

        public ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken) => store.CommitAsync(commit, cancellationToken);

        public IAsyncEnumerable<JournalEntry> ReadJournalAsync(CustomerId customer, long afterVersion, CancellationToken cancellationToken) => store.ReadJournalAsync(customer, afterVersion, cancellationToken);

        public IAsyncEnumerable<CustomerId> ReadCustomersAsync(CancellationToken cancellationToken) => store.ReadCustomersAsync(cancellationToken);

        public IAsyncEnumerable<(CustomerId Customer, JournalEntry Entry)> ReadAllAsync(CancellationToken cancellationToken) => store.ReadAllAsync(cancellationToken);

        public IAsyncEnumerable<(CustomerId Customer, LedgerEntry Entry)> ReadLedgerAsync(CancellationToken cancellationToken) => store.ReadLedgerAsync(cancellationToken);

        public IAsyncEnumerable<(CustomerId Customer, Identity Identity)> ReadIdentitiesAsync(CancellationToken cancellationToken) => store.ReadIdentitiesAsync(cancellationToken);

        public IAsyncEnumerable<(CustomerId Customer, Crm.Modules.Fact Fact)> ReadFactsAsync(CancellationToken cancellationToken) => store.ReadFactsAsync(cancellationToken);

        public ValueTask<IReadOnlyList<LedgerEntry>> LedgerOfAsync(CustomerId customer, CancellationToken cancellationToken) => store.LedgerOfAsync(customer, cancellationToken);

        public ValueTask<IReadOnlyList<CustomerId>> LeaseDueAsync(Instant due, Instant now, Instant until, int most, CancellationToken cancellationToken) => store.LeaseDueAsync(due, now, until, most, cancellationToken);

        public ValueTask<CommitResult> DisposeOfAsync(JournalDisposal disposal, CancellationToken cancellationToken) =>
            store.DisposeOfAsync(disposal with { Opening = disposal.Opening with { Slots = [] } }, cancellationToken);
    }
}
