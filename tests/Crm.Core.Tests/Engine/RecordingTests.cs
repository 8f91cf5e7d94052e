using System.Globalization;
using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Ledger;
using Crm.Modules;
using Crm.Storage;
using Crm.Testing;
using Crm.Values;
using NodaTime;

namespace Crm.Core.Tests.Engine;

public sealed class RecordingTests
{
    private static readonly CancellationToken Token = TestContext.Current.CancellationToken;
    private readonly Shop shop = new(new ClubModule(new Condition.Any([])));

    [Fact]
    public async Task The_same_event_again_gets_the_same_receipt_whoever_claims_it()
    {
        var first = await shop.RecordAsync(Histories.Purchase("till:1", 5_000));
        Assert.Equal(first, await shop.RecordAsync(Histories.Purchase("till:1", 5_000)));
        Assert.Equal(first, await shop.RecordAsync(Histories.Purchase("till:1", 5_000) with { Identity = Identity.User("ben") }));
        Assert.Null(await shop.Engine.ReadAsync(CustomerRef.Of(Identity.User("ben")), Token));
        Assert.Equal(5, (await shop.ReadAsync()).Fact("club.points").AsNumber);
    }

    [Fact]
    public async Task A_key_with_other_content_is_reused_and_nothing_happens()
    {
        await shop.RecordAsync(Histories.Purchase("till:1", 5_000));
        var fault = await Assert.ThrowsAsync<KeyReusedException>(() => shop.RecordAsync(Histories.Purchase("till:1", 5_001)));
        Assert.Equal(EventKey.Parse("till:1"), fault.Key);
        Assert.Equal(5, (await shop.ReadAsync()).Fact("club.points").AsNumber);
    }

    [Fact]
    public async Task An_instant_that_was_left_out_is_no_part_of_what_is_compared()
    {
        var first = await shop.RecordAsync(Histories.Purchase("till:1", 5_000));
        shop.Clock.Advance(Duration.FromHours(1));
        Assert.Equal(first, await shop.RecordAsync(Histories.Purchase("till:1", 5_000)));
        await Assert.ThrowsAsync<KeyReusedException>(() => shop.RecordAsync(Histories.Purchase("till:1", 5_000) with { OccurredAt = Shop.Opening }));
    }

    [Fact]
    public async Task In_one_call_the_first_of_a_key_counts_and_the_others_hear_of_it()
    {
        var answers = await shop.Engine.RecordAsync(
            [Histories.Purchase("till:1", 5_000), Histories.Purchase("till:1", 5_000), Histories.Purchase("till:1", 6_000), Histories.Purchase("till:2", 1_000)],
            cancellationToken: Token);
        Assert.True(Assert.IsType<Recorded.New>(answers[0]).Born);
        Assert.IsType<Recorded.Already>(answers[1]);
        Assert.IsType<Recorded.KeyReused>(answers[2]);
        Assert.False(Assert.IsType<Recorded.New>(answers[3]).Born);
        Assert.Equal(6, (await shop.ReadAsync()).Fact("club.points").AsNumber);
    }

    [Fact]
    public async Task What_was_recorded_before_is_known_again_behind_an_imposter_in_one_call()
    {
        await shop.RecordAsync(Histories.Purchase("till:1", 5_000));

        var answers = await shop.Engine.RecordAsync([Histories.Purchase("till:1", 6_000), Histories.Purchase("till:1", 5_000), Histories.Purchase("till:1", 7_000), Histories.Purchase("till:1", 5_000)], cancellationToken: Token);

        Assert.IsType<Recorded.KeyReused>(answers[0]);
        Assert.IsType<Recorded.Already>(answers[1]);
        Assert.IsType<Recorded.KeyReused>(answers[2]);
        Assert.IsType<Recorded.Already>(answers[3]);
    }

    [Fact]
    public async Task Everything_wrong_with_all_events_is_said_at_once_and_nothing_is_written()
    {
        var fault = await Assert.ThrowsAsync<InvalidEventException>(async () => await shop.Engine.RecordAsync(
            [
                Histories.Purchase("till:1", 5_000),
                Histories.Purchase("till:2", 5_000) with { Kind = "purchsae", Identity = null },
                Histories.Purchase("till:3", 5_000) with { OccurredAt = Shop.Opening + Duration.FromMinutes(6), Channel = "Web Shop" },
                Histories.Redeem("till:4", 1) with { Fields = Fields.Of(("amout", 1)) },
                CustomerEvent.Purchase("till:5", Shop.Amy, Money.Hkd(1), new EventLine("tea", 0, Money.Of(1, Currency.Of("USD")))),
            ],
            cancellationToken: Token));
        Assert.Equal(["no-customer", "unknown-kind", "from-the-future", "bad-name", "unknown-field", "missing-field", "bad-line", "mixed-currencies"], fault.Problems.Select(problem => problem.Code));
        Assert.Contains("Did you mean 'purchase'?", fault.Message, StringComparison.Ordinal);
        Assert.Null(await shop.Engine.ReadAsync(CustomerRef.Of(Shop.Amy), Token));
    }

    [Fact]
    public async Task Nobody_is_known_by_nothing()
    {
        var wrong = await Assert.ThrowsAsync<InvalidEventException>(async () => await shop.Engine.RecordAsync(
            [
                Histories.Purchase("till:1", 5_000) with { AlsoKnownAs = [Identity.Cookie("c"), default] },
                Histories.Purchase("till:2", 5_000) with { Customer = new SeededIdSource().NewCustomerId(), Identity = default(Identity) },
            ],
            cancellationToken: Token));

        Assert.Equal([(0, "no-identity"), (1, "no-identity")], wrong.Problems.Select(problem => (problem.Index, problem.Code)));
        Assert.Contains("further identity 2", wrong.Problems[0].Message, StringComparison.Ordinal);
    }

    // It would be another customer, for ever.
    [Theory]
    [InlineData("phone", "9123 4567")]
    [InlineData("phone", "+852 9123-4567")]
    [InlineData("phone", "secret")]
    [InlineData("email", "AMY@x.hk")]
    [InlineData("email", "amy at x.hk")]
    public async Task Nobody_is_named_by_a_value_in_another_form_than_that_of_its_kind(string kind, string value)
    {
        var identity = new Identity(kind, value);
        var wrong = await Assert.ThrowsAsync<InvalidEventException>(async () => await shop.Engine.RecordAsync(
            [
                Histories.Purchase("till:1", 5_000) with { Identity = identity },
                Histories.Purchase("till:2", 5_000) with { AlsoKnownAs = [identity] },
            ],
            cancellationToken: Token));

        Assert.Equal(["not-an-identity", "not-an-identity"], wrong.Problems.Select(problem => problem.Code));
        Assert.DoesNotContain(value, wrong.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("phone", "+852 9123-4567")]
    [InlineData("email", "AMY@x.hk")]
    [InlineData("member", "AMY 9123")]
    public async Task Whoever_is_named_in_the_form_of_the_kind_is_recorded(string kind, string value) =>
        Assert.Null((await shop.RecordAsync(Histories.Purchase("till:1", 5_000) with { Identity = Identity.Of(kind, value) })).Refusal);

    [Fact]
    public async Task Amounts_and_quantities_beyond_all_measure_are_refused_in_words()
    {
        var fault = await Assert.ThrowsAsync<InvalidEventException>(async () => await shop.Engine.RecordAsync(
            [
                Histories.Purchase("till:1", long.MaxValue),
                CustomerEvent.Purchase("till:2", Shop.Amy, Money.Hkd(1), new EventLine("tea", 2_000_000_000, Money.Hkd(1))),
                CustomerEvent.Purchase("till:3", Shop.Amy, Money.Hkd(1), new EventLine("tea", 0.0000000001m, Money.Hkd(1))),
                CustomerEvent.Purchase("till:4", Shop.Amy, Money.Hkd(1), Most, Most),
                CustomerEvent.Purchase("till:5", Shop.Amy, Money.Hkd(1)) with { Fields = Fields.Of(("discount", 2e15m)) },
            ],
            cancellationToken: Token));
        Assert.Equal(["bad-amount", "bad-line", "bad-line", "bad-amount", "bad-amount"], fault.Problems.Select(problem => problem.Code));
    }

    [Fact]
    public async Task The_largest_order_can_be_refunded()
    {
        await shop.RecordAsync(CustomerEvent.Purchase("till:1", Shop.Amy, Most.Amount, Most) with { Fields = Fields.Of(("discount", (decimal)CustomerEvent.MostMinorUnits)) });

        Assert.Null((await shop.RecordAsync(CustomerEvent.Refund("till:2", Shop.Amy, "till:1", Money.Hkd(1)))).Refusal);
        Assert.Null((await shop.RecordAsync(CustomerEvent.Refund("till:3", Shop.Amy, "till:1", Most.Amount))).Refusal);
    }

    private static EventLine Most => new("gold", 1, new Money(CustomerEvent.MostMinorUnits, Money.Hkd(1).Currency));

    [Theory]
    [InlineData("1.00000000", true)]
    [InlineData("0.000001000", true)]
    [InlineData("0.0000010001", false)]
    [InlineData("1000000.000", true)]
    [InlineData("1000000.000001", false)]
    [InlineData("0.00", false)]
    public async Task A_quantity_is_compared_by_its_value(string quantity, bool isOne)
    {
        var line = new EventLine("tea", decimal.Parse(quantity, System.Globalization.CultureInfo.InvariantCulture), Money.Hkd(1));
        var recording = shop.Engine.RecordAsync([CustomerEvent.Purchase("till:1", Shop.Amy, Money.Hkd(1), line)], cancellationToken: Token).AsTask();

        Assert.Equal(isOne, EventLine.IsQuantity(line.Quantity));
        Assert.Equal(isOne ? [] : ["bad-line"], await Record.ExceptionAsync(() => recording) is InvalidEventException fault ? fault.Problems.Select(problem => problem.Code) : []);
    }

    [Fact]
    public async Task What_recording_would_answer_can_be_asked_before()
    {
        await shop.RecordAsync(Histories.Purchase("till:1", 5_000));
        CustomerEvent[] events =
        [
            Histories.Purchase("till:1", 5_000), Histories.Purchase("till:1", 6_000), Histories.Purchase("till:1", 5_000) with { Identity = Merges.Ben }, Histories.Purchase("till:2", 5_000),
        ];

        var found = await shop.Engine.FindRecordedAsync(events, Token);
        Assert.Null((await shop.Store.LoadAsync(CustomerRef.Of(Merges.Ben), Token)).Customer);
        var recorded = await shop.Engine.RecordAsync(events, cancellationToken: Token);

        Assert.Equal([typeof(Recorded.Already), typeof(Recorded.KeyReused), typeof(Recorded.Already), null], found.Select(answer => answer?.GetType()));
        Assert.Equal(recorded.SkipLast(1).Select(answer => $"{answer}"), found.SkipLast(1).Select(answer => $"{answer}"));
    }

    [Fact]
    public async Task A_profile_value_can_be_removed()
    {
        await shop.RecordAsync(Histories.Purchase("till:1", 1_000) with { Profile = Fields.Of(("name", "Amy"), ("region", "HK")) });
        await shop.RecordAsync(Histories.Purchase("till:2", 1_000) with { ProfileRemoved = ["name"] });
        Assert.Equal(Fields.Of(("region", "HK")), (await shop.ReadAsync()).Profile);
    }

    [Fact]
    public async Task A_till_whose_clock_is_ahead_can_be_read_at_once()
    {
        await shop.Engine.RecordAsync(Histories.Purchase("till:1", 1_000) with { OccurredAt = Shop.Opening + Duration.FromMinutes(4) }, Token);
        Assert.Equal(Shop.Opening + Duration.FromMinutes(4), (await shop.ReadAsync()).Moment.Instant);
    }

    [Fact]
    public async Task An_event_from_the_future_may_come_again_when_its_time_has_come()
    {
        var early = Histories.Purchase("till:1", 5_000) with { OccurredAt = Shop.Opening + Duration.FromHours(1) };
        await Assert.ThrowsAsync<InvalidEventException>(async () => await shop.Engine.RecordAsync(early, Token));
        shop.Clock.Advance(Duration.FromHours(1));
        Assert.Equal(5, (await shop.Engine.RecordAsync(early, Token)).Total("points"));
    }

    [Fact]
    public async Task A_refusal_is_journalled_under_its_key_and_returned_again()
    {
        await shop.RecordAsync(Histories.Purchase("till:1", 5_000));
        var refused = await shop.RecordAsync(Histories.Redeem("till:2", 6));
        Assert.Equal("insufficient-balance", refused.Refusal?.Code);
        await shop.RecordAsync(Histories.Purchase("till:3", 5_000));
        Assert.Equal(refused, await shop.RecordAsync(Histories.Redeem("till:2", 6)));
        Assert.True((await shop.RecordAsync(Histories.Redeem("till:4", 6))).Accepted);
    }

    [Fact]
    public async Task A_request_that_comes_late_is_decided_on_what_is_there_now()
    {
        await shop.RecordAsync(Histories.Purchase("till:1", 5_000));
        shop.Clock.Advance(Duration.FromHours(2));
        Assert.True((await shop.RecordAsync(Histories.Redeem("till:2", 5))).Accepted);
        var late = await shop.RecordAsync(Histories.Redeem("till:3", 5) with { OccurredAt = Shop.Opening + Duration.FromHours(1) });
        Assert.Equal("insufficient-balance", late.Refusal?.Code);
        Assert.Equal(0, (await shop.ReadAsync()).Fact("club.points").AsNumber);
    }

    [Fact]
    public async Task A_refund_after_the_points_are_spent_leaves_a_debt_that_the_next_purchase_repays()
    {
        await shop.RecordAsync(Histories.Purchase("till:1", 5_000));
        await shop.RecordAsync(Histories.Redeem("till:2", 5));
        await shop.RecordAsync(CustomerEvent.Refund("till:3", Shop.Amy, "till:1", Money.Hkd(50)));
        Assert.Equal(-5, (await shop.ReadAsync()).Slot<ClubState>("club").In("debt"));
        await shop.RecordAsync(Histories.Purchase("till:4", 8_000));
        Assert.Equal(0, (await shop.ReadAsync()).Slot<ClubState>("club").In("debt"));
        Assert.Equal(3, (await shop.ReadAsync()).Fact("club.points").AsNumber);
    }

    [Fact]
    public async Task A_refund_that_comes_before_its_purchase_counts_when_the_purchase_comes()
    {
        var refund = await shop.RecordAsync(CustomerEvent.Refund("till:2", Shop.Amy, "till:1", Money.Hkd(20)));
        Assert.Equal(Money.Hkd(20), refund.TakenBack?.Unmatched);
        Assert.Equal(3, (await shop.RecordAsync(Histories.Purchase("till:1", 5_000))).Total("points"));
        Assert.Equal(3, (await shop.ReadAsync()).Fact("club.points").AsNumber);
    }

    [Fact]
    public async Task A_cancellation_takes_what_is_left_of_its_purchase_and_says_how_much()
    {
        await shop.RecordAsync(Histories.Purchase("till:1", 5_000));
        await shop.RecordAsync(CustomerEvent.Refund("till:2", Shop.Amy, "till:1", Money.Hkd(20)));
        Assert.Equal(new TakenBack(Money.Hkd(30), Money.Hkd(0), Money.Hkd(0)), (await shop.RecordAsync(Histories.Cancellation("till:3", EventKey.Parse("till:1")))).TakenBack);
        Assert.Equal(new TakenBack(Money.Hkd(0), Money.Hkd(0), Money.Hkd(0)), (await shop.RecordAsync(Histories.Cancellation("till:4", EventKey.Parse("till:1")))).TakenBack);
        Assert.Null((await shop.RecordAsync(Histories.Cancellation("till:5", EventKey.Parse("till:2")))).TakenBack);
        Assert.Null((await shop.RecordAsync(Histories.Cancellation("till:6", EventKey.Parse("till:7")))).TakenBack);
        Assert.Equal(0, (await shop.ReadAsync()).Fact("club.points").AsNumber);
    }

    [Fact]
    public async Task A_refund_without_its_original_takes_the_latest_purchase_of_the_article()
    {
        var tea = new EventLine("tea", 2, Money.Hkd(40));
        await shop.RecordAsync(CustomerEvent.Purchase("till:1", Shop.Amy, Money.Hkd(40), tea));
        await shop.RecordAsync(CustomerEvent.Purchase("till:2", Shop.Amy, Money.Hkd(70), tea, new EventLine("cake", 1, Money.Hkd(30))));
        var receipt = await shop.RecordAsync(CustomerEvent.Refund("till:3", Shop.Amy, null, Money.Hkd(90), new EventLine("tea", 3, Money.Hkd(60)), new EventLine("mug", 1, Money.Hkd(30))));
        Assert.Equal(new TakenBack(Money.Hkd(60), Money.Hkd(30), Money.Hkd(0)) { LinesInFull = 1, LinesNotFound = 1 }, receipt.TakenBack);

        // Both teas of the second purchase and one of the first are back; 30.00 are taken in proportion of what is left: 20.00 and 30.00.
        Assert.Equal(0 + 1, (await shop.ReadAsync()).Fact("club.points").AsNumber);
    }

    [Fact]
    public async Task A_refund_of_goods_from_a_discounted_order_takes_what_was_paid_back_and_no_more()
    {
        var (tea, mug) = (new EventLine("tea", 1, Money.Hkd(100)), new EventLine("mug", 1, Money.Hkd(100)));
        await shop.RecordAsync(CustomerEvent.Purchase("till:1", Shop.Amy, Money.Hkd(160), tea, mug) with { Fields = Fields.Of((EventKinds.DiscountField, 40)) });

        var first = await shop.RecordAsync(CustomerEvent.Refund("till:2", Shop.Amy, "till:1", Money.Hkd(80), tea));
        var left = await LeftAsync();

        Assert.Equal(new TakenBack(Money.Hkd(80), Money.Hkd(0), Money.Hkd(0)) { LinesInFull = 1 }, first.TakenBack);
        Assert.Equal(-8, first.Total("points"));
        Assert.Equal((Money.Hkd(80), 20m, [mug]), (left?.Spend, left?.Fields[EventKinds.DiscountField].AsNumber ?? 0, left?.Lines ?? []));
        Assert.Equal(new TakenBack(Money.Hkd(80), Money.Hkd(0), Money.Hkd(0)) { LinesInFull = 1 }, (await shop.RecordAsync(CustomerEvent.Refund("till:3", Shop.Amy, "till:1", Money.Hkd(80), mug))).TakenBack);
        Assert.Null(await LeftAsync());

        async Task<CustomerEvent?> LeftAsync() => (await shop.Engine.ReadAsync(CustomerRef.Of(Shop.Amy), new PastQuestion(Shop.Opening + Duration.FromDays(1)), Token))?.History[0].Event;
    }

    [Fact]
    public async Task A_refund_of_several_discounted_articles_takes_each_at_its_share_whatever_it_was_bought_with()
    {
        var (tea, mug) = (new EventLine("tea", 2, Money.Hkd(100)), new EventLine("mug", 1, Money.Hkd(50)));
        await shop.RecordAsync(CustomerEvent.Purchase("till:1", Shop.Amy, Money.Hkd(100), tea));
        await shop.RecordAsync(CustomerEvent.Purchase("till:2", Shop.Amy, Money.Hkd(50), mug));

        // Of 90.00 for goods of 150.00, 60.00 are for the tea and 30.00 for the mug.
        var refund = await shop.RecordAsync(CustomerEvent.Refund("till:3", Shop.Amy, null, Money.Hkd(90), tea, mug));

        Assert.Equal(new TakenBack(Money.Hkd(90), Money.Hkd(0), Money.Hkd(0)) { LinesInFull = 2 }, refund.TakenBack);
        Assert.Equal(4 + 2, (await shop.ReadAsync()).Fact("club.points").AsNumber);
    }

    [Fact]
    public async Task Half_of_what_was_paid_for_a_discounted_order_is_half_of_its_goods()
    {
        await shop.RecordAsync(CustomerEvent.Purchase("till:1", Shop.Amy, Money.Hkd(160), new EventLine("tea", 1, Money.Hkd(100)), new EventLine("mug", 1, Money.Hkd(100))));
        await shop.RecordAsync(CustomerEvent.Refund("till:2", Shop.Amy, "till:1", Money.Hkd(80)));
        var left = (await shop.Engine.ReadAsync(CustomerRef.Of(Shop.Amy), new PastQuestion(Shop.Opening + Duration.FromDays(1)), Token))?.History[0].Event;
        Assert.Equal((Money.Hkd(80), [new EventLine("tea", 1, Money.Hkd(50)), new EventLine("mug", 1, Money.Hkd(50))]), (left?.Spend, left?.Lines ?? []));
    }

    [Fact]
    public async Task Articles_that_come_back_for_nothing_take_no_money_back()
    {
        var tea = new EventLine("tea", 1, Money.Hkd(50));
        await shop.RecordAsync(CustomerEvent.Purchase("till:1", Shop.Amy, Money.Hkd(50), tea));
        Assert.Equal(new TakenBack(Money.Hkd(0), Money.Hkd(0), Money.Hkd(0)) { LinesInFull = 1 }, (await shop.RecordAsync(CustomerEvent.Refund("till:2", Shop.Amy, "till:1", Money.Hkd(0), tea))).TakenBack);
        Assert.Equal(5, (await shop.ReadAsync()).Fact("club.points").AsNumber);
    }

    [Fact]
    public async Task A_refund_that_waits_to_be_spread_never_makes_another_take_less_than_nothing()
    {
        var tea = new EventLine("tea", 1, Money.Hkd(40));
        await shop.RecordAsync(CustomerEvent.Purchase("till:1", Shop.Amy, Money.Hkd(40), tea));
        await shop.RecordAsync(CustomerEvent.Refund("till:2", Shop.Amy, null, Money.Hkd(30)));
        await shop.RecordAsync(CustomerEvent.Refund("till:3", Shop.Amy, null, Money.Hkd(40), tea));
        var third = await shop.RecordAsync(CustomerEvent.Refund("till:4", Shop.Amy, null, Money.Hkd(5)));
        Assert.Equal(new TakenBack(Money.Hkd(0), Money.Hkd(0), Money.Hkd(5)), third.TakenBack);
        Assert.Equal(0, (await shop.ReadAsync()).Fact("club.points").AsNumber);
    }

    [Fact]
    public async Task Every_receipt_adds_up_to_the_ledger_entries_of_its_event()
    {
        await shop.RecordAsync(Histories.Purchase("till:1", 5_000));
        await shop.RecordAsync(Histories.Redeem("till:2", 2));
        await shop.RecordAsync(CustomerEvent.Refund("till:3", Shop.Amy, "till:1", Money.Hkd(10)));
        var view = await shop.ReadAsync();
        await foreach (var entry in shop.Store.ReadJournalAsync(view.Customer, 0, Token))
        {
            var ledger = await shop.Store.ReadLedgerAsync(Token).Where(row => row.Entry.Cause == entry.Event.Key).Select(row => row.Entry.Amount).SumAsync(Token);
            Assert.Equal(ledger, entry.Receipt.Total("points"));
            Assert.All(entry.Receipt.Lines, line => Assert.True(line.AddsUp));
        }
    }

    [Fact]
    public async Task An_event_beyond_the_replay_horizon_is_decided_as_of_now_with_a_note()
    {
        var strict = new Shop(new CrmOptions { Zone = DateTimeZone.Utc, ReplayHorizon = Duration.FromDays(10) }, new ClubModule(new Condition.Any([])));
        strict.Clock.Set(Shop.Opening + Duration.FromDays(30));
        await strict.RecordAsync(Histories.Purchase("till:1", 5_000));
        var receipt = await strict.RecordAsync(Histories.Purchase("till:2", 5_000) with { OccurredAt = Shop.Opening });
        Assert.Equal(Shop.Opening + Duration.FromDays(30), receipt.EffectiveAt);
        Assert.Contains(receipt.Lines, line => line.Code == "beyond-replay-horizon");
    }

    [Fact]
    public async Task All_who_are_unknown_are_reported_each_with_the_place_of_its_event_and_nothing_is_written()
    {
        var (somebody, nobody) = (new CustomerId(7), new CustomerId(8));
        CustomerEvent Named(string key, CustomerId customer) => Histories.Purchase(key, 1_000) with { Identity = null, Customer = customer };
        var fault = await Assert.ThrowsAsync<InvalidEventException>(async () => await shop.Engine.RecordAsync(
            [Histories.Purchase("till:1", 1_000), Named("till:2", somebody), Histories.Purchase("till:3", 1_000), Named("till:4", nobody), Named("till:2", somebody)], cancellationToken: Token));

        Assert.Equal([(1, "unknown-customer"), (3, "unknown-customer"), (4, "unknown-customer")], fault.Problems.Select(problem => (problem.Index, problem.Code)));
        Assert.All(fault.Problems, problem => Assert.Contains(problem.Index == 3 ? $"'till:4' names the customer {nobody}" : $"'till:2' names the customer {somebody}", problem.Message, StringComparison.Ordinal));
        Assert.Null(await shop.Engine.ReadAsync(CustomerRef.Of(Shop.Amy), Token));
    }

    [Fact]
    public async Task A_module_that_fails_is_named_and_nothing_is_committed()
    {
        var faulty = new Shop(new ScriptModule("faulty", [EventKinds.PurchaseName], (_, _) => throw new InvalidOperationException("boom")));
        var fault = await Assert.ThrowsAsync<ModuleFaultException>(() => faulty.RecordAsync(Histories.Purchase("till:1", 1)));
        Assert.Equal("faulty", fault.Module);
        Assert.Null(await faulty.Engine.ReadAsync(CustomerRef.Of(Shop.Amy), Token));
    }

    [Fact]
    public async Task A_module_that_fails_for_one_customer_that_is_due_does_not_hold_up_the_others()
    {
        var due = new Shop(new ScriptModule("due", [EventKinds.PurchaseName], (notes, context) => context.Stimulus switch
        {
            Stimulus.Happened(var happened) => notes.Plus(happened.Key.Value) with { Agenda = [new AgendaChange("later", context.Moment.Instant + Duration.FromDays(1))] },
            _ when notes.Lines[0] == "1" => throw new InvalidOperationException("boom"),
            _ => notes.Plus("due"),
        }));
        await due.RecordAsync(Histories.Purchase("till:1", 1));
        var ben = await due.RecordAsync(Histories.Purchase("till:2", 1) with { Identity = Identity.User("ben") });
        due.Clock.Advance(Duration.FromDays(2));
        await Assert.ThrowsAsync<ModuleFaultException>(async () => await due.Engine.RunDueAsync(cancellationToken: Token));
        var stored = await due.Store.LoadAsync(CustomerRef.Of(ben.Customer), Token);
        Assert.Equal(2, stored.Version);
    }

    [Fact]
    public async Task A_module_that_refuses_a_happening_is_at_fault()
    {
        var faulty = new Shop(new ScriptModule("faulty", [EventKinds.PurchaseName], (_, _) => new Outcome.Refused("no", new Text("No.", "不。"))));
        await Assert.ThrowsAsync<ModuleFaultException>(() => faulty.RecordAsync(Histories.Purchase("till:1", 1)));
    }

    [Fact]
    public async Task Modules_that_hear_each_other_in_a_circle_come_to_rest_where_their_definitions_do()
    {
        ScriptModule Hearing(string name, string hears, string emits) => new(
            new ModuleContract { Name = name, Handles = [EventKinds.PurchaseName, hears], Emits = [emits], Codec = NotesCodec.Instance },
            (notes, context) => context.Stimulus is Stimulus.Happened ? name == "tiers" ? notes.Plus("bought") with { Echoes = [new Echo(emits)] } : Outcome.Nothing
                : notes.Lines.Count < 3 ? notes.Plus(hears) with { Echoes = [new Echo(emits)] } : Outcome.Nothing);
        var circle = new Shop(Hearing("tiers", "segment.entered", "tier.changed"), Hearing("segments", "tier.changed", "segment.entered"));

        var receipt = await circle.RecordAsync(Histories.Purchase("till:1", 1));

        Assert.DoesNotContain(receipt.Lines, line => line.Code == "echoes-dropped");
        var view = await circle.ReadAsync();
        Assert.Equal(["bought", "segment.entered", "segment.entered"], view.Slot<Notes>("tiers").Lines);
        Assert.Equal(["tier.changed", "tier.changed", "tier.changed"], view.Slot<Notes>("segments").Lines);
    }

    [Fact]
    public async Task Definitions_that_answer_each_other_for_ever_drop_the_same_when_history_is_decided_again()
    {
        var endless = new Shop(
            new ScriptModule(new ModuleContract { Name = "ping", Handles = [EventKinds.PurchaseName, "pong"], Emits = ["ping"], Codec = NotesCodec.Instance }, (notes, _) => notes.Plus("ping") with { Echoes = [new Echo("ping")] }),
            new ScriptModule(new ModuleContract { Name = "pong", Handles = ["ping"], Emits = ["pong"], Codec = NotesCodec.Instance }, (notes, _) => notes.Plus("pong") with { Echoes = [new Echo("pong")] }));
        endless.Clock.Advance(Duration.FromDays(2));
        await endless.RecordAsync(Histories.Purchase("till:2", 1));
        var late = await endless.RecordAsync(Histories.Purchase("till:1", 1) with { OccurredAt = Shop.Opening });

        Assert.Contains(late.Lines, line => line.Code == "echoes-dropped");
        Assert.Equal(2 * (1 + endless.Options.EchoRounds), (await endless.ReadAsync()).Slot<Notes>("ping").Lines.Count + (await endless.ReadAsync()).Slot<Notes>("pong").Lines.Count);
        Assert.Empty(await Books.DifferencesAsync(endless));
    }

    [Fact]
    public async Task Definitions_that_answer_each_other_for_ever_are_stopped_and_the_sale_stands()
    {
        var endless = new Shop(new ScriptModule("ping", [EventKinds.PurchaseName, "pong"], (notes, _) => notes.Plus("ping") with { Echoes = [new Echo("pong")] }));
        var receipt = await endless.RecordAsync(Histories.Purchase("till:1", 1));
        Assert.Equal("pong", Assert.Single(receipt.Lines, line => line.Code == "echoes-dropped").Subject);
        Assert.Equal(1 + endless.Options.EchoRounds, (await endless.ReadAsync()).Slot<Notes>("ping").Lines.Count);
    }

    [Fact]
    public void Contracts_that_do_not_fit_together_are_refused_with_all_that_is_wrong()
    {
        var reads = new ModuleContract { Name = "a", Codec = NotesCodec.Instance, Publishes = [new FactDeclaration("x.y")], Reads = ["no.such"] };
        var clashes = new ModuleContract { Name = "a", Codec = NotesCodec.Instance, Publishes = [new FactDeclaration("x.y")] };
        var fault = Assert.Throws<ArgumentException>(() => new Shop(new ScriptModule(reads, (_, _) => Outcome.Nothing), new ScriptModule(clashes, (_, _) => Outcome.Nothing)));
        Assert.Contains("Two modules are named 'a'", fault.Message, StringComparison.Ordinal);
        Assert.Contains("'x.y' is published by", fault.Message, StringComparison.Ordinal);
        Assert.Contains("reads the fact 'no.such'", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_state_of_a_later_release_is_refused_with_a_sentence()
    {
        var module = (int version) => new ScriptModule(new ModuleContract { Name = "m", Handles = ["*"], Codec = new NotesCodec(version) }, (notes, _) => notes.Plus("seen"));
        var newer = new Shop(module(2));
        await newer.RecordAsync(Histories.Purchase("till:1", 1));
        var older = new Shop(newer.Store, module(1));
        var fault = await Assert.ThrowsAsync<UnreadableStateException>(() => older.RecordAsync(Histories.Purchase("till:2", 1)));
        Assert.Contains("The state of 'm' has version 2; this release reads versions 1 to 1.", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_module_added_later_starts_from_now_and_a_late_event_does_not_show_it_the_past()
    {
        await shop.RecordAsync(Histories.Purchase("till:1", 5_000));
        shop.Clock.Advance(Duration.FromDays(2));
        var joined = new Shop(shop.Store, new ClubModule(new Condition.Any([])), new ScriptModule("late-comer", ["*"], (notes, context) => notes.Plus(context.Cause.Value)));
        joined.Clock.Set(shop.Clock.GetCurrentInstant());
        await joined.RecordAsync(Histories.Purchase("till:2", 5_000));
        await joined.RecordAsync(Histories.Purchase("till:3", 5_000) with { OccurredAt = Shop.Opening + Duration.FromDays(1) });
        var view = await joined.ReadAsync();
        Assert.Equal(["3", "2"], view.Slot<Notes>("late-comer").Lines);
        Assert.Equal(15, view.Fact("club.points").AsNumber);
    }

    [Fact]
    public async Task A_new_condition_counts_what_happened_before_it_was_written()
    {
        await shop.RecordAsync(Histories.Purchase("till:1", 5_000));
        await shop.RecordAsync(Histories.Purchase("till:2", 5_000));
        var watched = If.Purchases().Count().AtLeast(3);
        var later = new Shop(shop.Store, new ClubModule(new Condition.Any([])), new WatchModule(watched));
        await later.RecordAsync(Histories.Purchase("till:3", 5_000));
        Assert.True((await later.ReadAsync()).Fact("watch.0").AsFlag);
    }

    [Fact]
    public async Task A_replay_reads_what_was_observed_and_not_todays_profile()
    {
        var regional = new Shop(new ClubModule(If.Field("customer.region").Is("HK")));
        await regional.RecordAsync(Histories.Purchase("till:1", 1_000) with { Profile = Fields.Of(("region", "HK")), OccurredAt = Shop.Opening });
        await regional.RecordAsync(Histories.Purchase("till:2", 1_000) with { Profile = Fields.Of(("region", "MO")), OccurredAt = Shop.Opening + Duration.FromDays(2) });
        Assert.Equal(1 + 5 + 1, (await regional.ReadAsync()).Fact("club.points").AsNumber);

        // The late purchase falls in the time of the first region, and history before and after it keeps what was seen then.
        var late = await regional.RecordAsync(Histories.Purchase("till:3", 1_000) with { OccurredAt = Shop.Opening + Duration.FromDays(1) });
        Assert.Equal(6, late.Total("points"));
        Assert.Equal(13, (await regional.ReadAsync()).Fact("club.points").AsNumber);
    }

    [Fact]
    public async Task No_value_of_the_profile_or_identity_is_in_the_journal()
    {
        await shop.RecordAsync(Histories.Purchase("till:1", 1_000) with { Profile = Fields.Of(("name", "Amy Canary")), AlsoKnownAs = [Identity.Email("canary@example.com")] });
        var view = await shop.ReadAsync();
        Assert.Equal("Amy Canary", view.Profile["name"].AsCode);
        await foreach (var entry in shop.Store.ReadJournalAsync(view.Customer, 0, Token))
        {
            Assert.DoesNotContain("canary", System.Text.Encoding.UTF8.GetString(Binary.Write(entry.Event)), StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("canary", entry.ToString(), StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public async Task An_irrevocable_module_does_a_late_event_once()
    {
        var contract = new ModuleContract { Name = "stamps", Handles = [EventKinds.PurchaseName], Codec = NotesCodec.Instance, Reversible = false };
        var stamped = new Shop(new ScriptModule(contract, (notes, context) => notes.Plus(context.Cause.Value) with
        {
            Entries = [new LedgerEntry { Program = "stamps", Unit = "stamps", Lot = "all", Amount = 1, Movement = Movement.Issued, Cause = context.Cause, OccurredAt = context.Moment.Instant }],
            Messages = [new Message { Occasion = $"stamp:{context.Cause.Value}", Channel = "post", Template = "stamp", Purpose = "service", DecidedAt = context.Moment.Instant, UsefulUntil = context.Moment.Instant + Duration.FromDays(9) }],
        }));
        stamped.Clock.Set(Shop.Opening + Duration.FromDays(2));
        await stamped.RecordAsync(Histories.Purchase("till:1", 1_000));
        await stamped.RecordAsync(Histories.Purchase("till:2", 1_000) with { OccurredAt = Shop.Opening });
        Assert.Equal(["1", "2"], (await stamped.ReadAsync()).Slot<Notes>("stamps").Lines);
        Assert.Equal(2, await stamped.Store.ReadLedgerAsync(Token).Select(row => row.Entry.Amount).SumAsync(Token));
        Assert.Equal(["stamp:1", "stamp:2"], (await stamped.MessagesAsync()).Select(message => message.Occasion));
    }

    [Fact]
    public async Task An_irrevocable_module_keeps_what_it_has_done_and_hears_of_the_correction()
    {
        var contract = new ModuleContract { Name = "letters", Handles = ["*"], Codec = NotesCodec.Instance, Reversible = false };
        var posted = new Shop(new ScriptModule(contract, (notes, context) => context.Stimulus switch
        {
            Stimulus.Happened(var happened) => notes.Plus($"letter about {happened.Key.Value}"),
            Stimulus.Echoed({ Kind: Echo.Corrected } echo) => notes.Plus($"corrected by {echo.Fields["cause"]}"),
            _ => Outcome.Nothing,
        }));
        await posted.RecordAsync(Histories.Purchase("till:1", 1_000));
        await posted.RecordAsync(CustomerEvent.Refund("till:2", Shop.Amy, "till:1", Money.Hkd(10)));
        Assert.Equal(["letter about 1", "letter about 2", "corrected by till:2"], (await posted.ReadAsync()).Slot<Notes>("letters").Lines);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_cancelled_purchase_counts_for_nothing_whichever_comes_first(bool cancellationFirst)
    {
        var (purchase, cancellation) = (Histories.Purchase("till:1", 3_000), CustomerEvent.Cancellation("till:2", Shop.Amy, "till:1"));
        await shop.RecordAsync(cancellationFirst ? cancellation : purchase);
        await shop.RecordAsync(cancellationFirst ? purchase : cancellation);

        Assert.Equal(0, await shop.Store.ReadLedgerAsync(Token).Select(row => row.Entry.Amount).SumAsync(Token));
    }

    [Fact]
    public async Task What_an_irrevocable_module_had_due_last_fits_the_journal_and_an_instant_that_nobody_handled_does_not()
    {
        var calling = new Shop(Calls());
        calling.Clock.Set(Shop.Opening + Duration.FromDays(2));
        await calling.RecordAsync(Histories.Purchase("till:1", 1_000));
        Assert.Equal(["the last thing handled"], await HandledLaterAsync(calling, Duration.FromTicks(1)));

        await calling.RecordAsync(Histories.Purchase("till:3", 1_000) with { OccurredAt = Shop.Opening });
        calling.Clock.Set(Shop.Opening + Duration.FromDays(6));
        await calling.Engine.RunDueAsync(cancellationToken: Token);
        Assert.Empty(await HandledLaterAsync(calling, Duration.Zero));

        await calling.RecordAsync(Histories.Purchase("till:9", 1_000));
        Assert.Empty(await HandledLaterAsync(calling, Duration.Zero));
        Assert.Equal(["the last thing handled"], await HandledLaterAsync(calling, Duration.FromDays(10)));
    }

    [Fact]
    public async Task What_changed_before_an_irrevocable_module_came_excuses_no_instant_that_nobody_handled()
    {
        var before = new Shop(new ScriptModule("any", ["*"], (_, _) => Outcome.Nothing));
        before.Clock.Set(Shop.Opening + Duration.FromDays(2));
        await before.RecordAsync(Histories.Purchase("till:1", 1_000));
        await before.RecordAsync(Histories.Purchase("till:3", 1_000) with { OccurredAt = Shop.Opening });
        var calling = new Shop(before.Store, Calls());
        calling.Clock.Set(Shop.Opening + Duration.FromDays(4));
        await calling.RecordAsync(Histories.Purchase("till:9", 1_000));
        Assert.Empty(await HandledLaterAsync(calling, Duration.Zero));
        Assert.Equal(["the last thing handled"], await HandledLaterAsync(calling, Duration.FromTicks(1)));

        await calling.RecordAsync(Histories.Purchase("till:2", 1_000) with { OccurredAt = Shop.Opening + Duration.FromDays(3) });
        calling.Clock.Set(Shop.Opening + Duration.FromDays(8));
        await calling.Engine.RunDueAsync(cancellationToken: Token);
        Assert.Empty(await HandledLaterAsync(calling, Duration.Zero));
    }

    // Calls back so many days after a purchase as its key says.
    private static ScriptModule Calls() => new(
        new ModuleContract { Name = "calls", Handles = [EventKinds.PurchaseName], Codec = NotesCodec.Instance, Reversible = false },
        (notes, context) => context.Stimulus switch
        {
            Stimulus.Happened(var happened) => notes.Plus(happened.Key.Value) with { Agenda = [new AgendaChange(happened.Key.Value, context.Moment.Instant + Duration.FromDays(int.Parse(happened.Key.Value, CultureInfo.InvariantCulture)))] },
            _ => Outcome.Nothing,
        });

    // In what Amy differs from her journal where the store says that something later was handled last.
    private static async Task<List<string>> HandledLaterAsync(Shop shop, Duration later)
    {
        var snapshot = await shop.Store.LoadAsync(CustomerRef.Of(Shop.Amy), Token);
        var codec = new StateCodec(new ModuleSet(shop.Modules, shop.Options.Calendars));
        var state = codec.Decode(snapshot.Slots, snapshot.Version);
        state.Handled += later;
        var customer = snapshot.Customer!.Value;
        var (history, ledger) = (await shop.Store.LoadWholeAsync(customer, Token), await shop.Store.LedgerOfAsync(customer, Token));
        return [.. new CustomerVerifier(shop.Modules, shop.Options).Verify(snapshot with { Slots = codec.EncodeAll(state) }, history, ledger).Differences.Select(difference => difference.About)];
    }
}
