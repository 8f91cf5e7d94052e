using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Core.Tests.Engine;

/// <summary>Two customers become one.</summary>
public sealed class Merges
{
    internal static readonly Identity Ben = Identity.User("ben");
    private static readonly Identity Phone = Identity.Phone("+852 9123 4567");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task CU4_the_id_and_the_identities_of_the_retired_customer_lead_to_the_survivor()
    {
        var shop = Open();
        var amy = await shop.RecordAsync(Purchase("till:1", Shop.Amy, 1_000));
        var ben = await shop.RecordAsync(Purchase("till:2", Ben, 2_000) with { AlsoKnownAs = [Phone] });

        var receipt = await MergedAsync(shop, "desk:1", Shop.Amy, Ben);

        Assert.Equal(amy.Customer, receipt.Customer);
        foreach (var reference in new[] { CustomerRef.Of(Shop.Amy), CustomerRef.Of(Ben), CustomerRef.Of(Phone), CustomerRef.Of(amy.Customer), CustomerRef.Of(ben.Customer) })
        {
            var view = await shop.Engine.ReadAsync(reference, Token);
            Assert.Equal(amy.Customer, view?.Customer);
            Assert.Equal(3L, view?.Fact("club.points").AsNumber);
        }

        Assert.Equal([Shop.Amy, Ben, Phone], await shop.Store.IdentitiesOfAsync(amy.Customer, Token));
        Assert.Empty(await shop.Store.IdentitiesOfAsync(ben.Customer, Token));
        Assert.Equal([amy.Customer], await shop.Store.ReadCustomersAsync(Token).ToListAsync(Token));
    }

    [Fact]
    public async Task What_is_sent_to_either_reaches_the_survivor_and_what_was_sent_before_is_known()
    {
        var shop = Open();
        await shop.RecordAsync(Purchase("till:1", Shop.Amy, 1_000));
        var ben = await shop.RecordAsync(Purchase("till:2", Ben, 2_000));
        var merged = await MergedAsync(shop, "desk:1", Shop.Amy, Ben);

        var byIdentity = await shop.RecordAsync(Purchase("till:3", Ben, 4_000));
        var byId = await shop.RecordAsync(Purchase("till:4", Ben, 8_000) with { Identity = null, Customer = ben.Customer });

        Assert.Equal([merged.Customer, merged.Customer], [byIdentity.Customer, byId.Customer]);
        Assert.Equal(ben, await shop.RecordAsync(Purchase("till:2", Ben, 2_000)));
        await Assert.ThrowsAsync<KeyReusedException>(() => shop.RecordAsync(Purchase("till:2", Ben, 3_000)));
        Assert.Equal(15, await PointsAsync(shop));
        Assert.Empty(await Books.DifferencesAsync(shop));
    }

    [Fact]
    public async Task Units_go_over_lot_by_lot_in_the_books_of_both_and_none_is_earned_again()
    {
        var shop = Open();
        await shop.RecordAsync(Purchase("till:1", Shop.Amy, 1_000));
        shop.Clock.Advance(Duration.FromDays(40));
        var ben = await shop.RecordAsync(Purchase("till:2", Ben, 20_000));

        var receipt = await MergedAsync(shop, "desk:1", Shop.Amy, Ben);

        Assert.Equal(20, receipt.Total("points"));
        Assert.Equal([("2026-04", 1L), ("2026-05", 20L)], (await shop.ReadAsync()).Slot<ClubState>("club").Lots.Select(lot => (lot.Key, lot.Value)));
        var ledger = await shop.Store.ReadLedgerAsync(Token).ToListAsync(Token);
        Assert.Equal([("2026-05", -20L), ("2026-05", 20L)], ledger.Where(row => row.Entry.Movement == Ledger.Movement.Transferred).OrderBy(row => row.Entry.Amount).Select(row => (row.Entry.Lot, row.Entry.Amount)));
        Assert.Equal(0, ledger.Where(row => row.Customer == ben.Customer).Sum(row => row.Entry.Amount));
        Assert.Empty(await Books.DifferencesAsync(shop));
    }

    [Fact]
    public async Task A_refund_finds_the_retired_customers_purchase()
    {
        var shop = Open();
        await shop.RecordAsync(Purchase("till:1", Shop.Amy, 3_000));
        await shop.RecordAsync(Purchase("till:2", Ben, 10_000));
        await MergedAsync(shop, "desk:1", Shop.Amy, Ben);

        var refund = await shop.RecordAsync(CustomerEvent.Refund("till:3", Ben, "till:2", Money.Hkd(60)));

        Assert.Equal(-6, refund.Total("points"));
        Assert.Equal(Money.Hkd(60), refund.TakenBack?.Spread);
        Assert.Equal(7, await PointsAsync(shop));
        Assert.Empty(await Books.DifferencesAsync(shop));
    }

    [Fact]
    public async Task Sent_again_a_merge_gets_its_receipt_and_under_another_key_nothing_happens()
    {
        var shop = Open();
        await shop.RecordAsync(Purchase("till:1", Shop.Amy, 1_000));
        await shop.RecordAsync(Purchase("till:2", Ben, 1_000));
        await shop.RecordAsync(Purchase("till:3", Identity.User("cat"), 1_000));
        var first = await MergedAsync(shop, "desk:1", Shop.Amy, Ben);
        var before = await Books.PictureAsync(shop);

        Assert.Equal(first, await MergedAsync(shop, "desk:1", Shop.Amy, Ben));
        Assert.Equal(new MergeResult.OneAlready(first.Customer), await MergeAsync(shop, "desk:2", Shop.Amy, Ben));
        Assert.Equal(new MergeResult.OneAlready(first.Customer), await MergeAsync(shop, "desk:2", Ben, Shop.Amy));
        await Assert.ThrowsAsync<KeyReusedException>(() => MergeAsync(shop, "desk:1", Shop.Amy, Identity.User("cat")));

        Assert.Equal(before, await Books.PictureAsync(shop));
    }

    [Fact]
    public async Task A_message_that_waits_for_the_retired_customer_leaves_once_and_tells_the_survivor()
    {
        var anyPurchase = new Condition.EventWindow(EventKinds.PurchaseName, new Measure.Count(), new Window.Lifetime(), new Test.AtLeast(1));
        var channel = new Collecting();
        var shop = new Shop(new ClubModule(new Condition.Any([])), new WatchModule(anyPurchase));
        var engine = new CrmEngine(shop.Store, shop.Modules, shop.Options, shop.Clock, new Testing.SeededIdSource(7), new CrmPorts { Channels = [channel] });
        await shop.RecordAsync(Purchase("till:1", Shop.Amy, 1_000));
        await shop.RecordAsync(Purchase("till:2", Ben, 1_000));
        var merged = await MergedAsync(shop, "desk:1", Shop.Amy, Ben);

        await engine.PumpAsync(cancellationToken: Token);
        await engine.PumpAsync(cancellationToken: Token);

        Assert.Equal([merged.Customer, merged.Customer], channel.Sent);
        var journal = await shop.Store.ReadJournalAsync(merged.Customer, 0, Token).ToListAsync(Token);
        Assert.Equal(2, journal.Count(entry => entry.Event.Kind == MessageOutcomes.Sent));
        Assert.Empty(await Books.DifferencesAsync(shop));
    }

    [Fact]
    public async Task A_message_that_a_refund_takes_the_cause_from_is_withdrawn_though_the_retired_customer_had_it()
    {
        var big = new Condition.EventWindow(EventKinds.PurchaseName, new Measure.SumOfSpend(Currency.Hkd), new Window.Lifetime(), new Test.AtLeast(100));
        var shop = new Shop(new ClubModule(new Condition.Any([])), new WatchModule(big));
        await shop.RecordAsync(Purchase("till:1", Shop.Amy, 1_000));
        await shop.RecordAsync(Purchase("till:2", Ben, 10_000));
        Assert.Single(await shop.MessagesAsync());
        shop.Clock.Advance(Duration.FromHours(1));
        await MergedAsync(shop, "desk:1", Shop.Amy, Ben);

        await shop.RecordAsync(CustomerEvent.Refund("till:3", Ben, "till:2", Money.Hkd(100)));

        IOutbox outbox = shop.Store;
        Assert.Empty(await outbox.LeaseAsync(Instant.MaxValue, Instant.MaxValue, 10, Token));
        Assert.Empty(await Books.DifferencesAsync(shop));
    }

    [Fact]
    public async Task Conditions_count_the_events_of_both_from_then_on()
    {
        var three = new Condition.EventWindow(EventKinds.PurchaseName, new Measure.Count(), new Window.Last(Duration.FromDays(30)), new Test.AtLeast(3));
        var shop = new Shop(new WatchModule(three));
        await shop.RecordAsync(Purchase("till:1", Shop.Amy, 1_000));
        await shop.RecordAsync(Purchase("till:2", Shop.Amy, 1_000));
        await shop.RecordAsync(Purchase("till:3", Ben, 1_000));
        Assert.True((await shop.ReadAsync()).Fact("watch.0").IsMissing);

        await MergedAsync(shop, "desk:1", Ben, Shop.Amy);

        Assert.True((await shop.ReadAsync()).Fact("watch.0").AsFlag);
        Assert.Equal([(await shop.ReadAsync()).Customer], await shop.Engine.SelectAsync(three, Token));
        shop.Clock.Advance(Duration.FromDays(31));
        Assert.True((await shop.ReadAsync()).Fact("watch.0").IsMissing);
    }

    [Fact]
    public async Task Before_the_merge_they_were_two_and_the_past_says_so()
    {
        var shop = Open();
        await shop.RecordAsync(Purchase("till:1", Shop.Amy, 1_000));
        await shop.RecordAsync(Purchase("till:2", Ben, 2_000));
        var before = shop.Clock.GetCurrentInstant();
        shop.Clock.Advance(Duration.FromDays(1));
        await MergedAsync(shop, "desk:1", Shop.Amy, Ben);
        shop.Clock.Advance(Duration.FromDays(1));
        await shop.RecordAsync(Purchase("till:3", Ben, 4_000));

        Assert.Equal(1, await PointsAt(before));
        Assert.Equal(3, await PointsAt(before + Duration.FromDays(1)));
        Assert.Equal(7, await PointsAt(before + Duration.FromDays(2)));

        async Task<decimal?> PointsAt(Instant at) => (await shop.Engine.ReadAsync(CustomerRef.Of(Shop.Amy), new PastQuestion(at), Token))?.Customer.Fact("club.points").AsNumber;
    }

    [Fact]
    public async Task The_profile_of_the_retired_customer_fills_gaps_of_the_survivors_and_stays_nowhere_else()
    {
        var shop = Open();
        await shop.RecordAsync(Purchase("till:1", Shop.Amy, 1_000) with { Profile = Fields.Of(("name", "Amy")) });
        var ben = await shop.RecordAsync(Purchase("till:2", Ben, 1_000) with { Profile = Fields.Of(("name", "A. Chan"), ("city", "Taipei")) });

        await MergedAsync(shop, "desk:1", Shop.Amy, Ben);

        Assert.Equal(Fields.Of(("name", "Amy"), ("city", "Taipei")), (await shop.ReadAsync()).Profile);
        Assert.NotEqual(ben.Customer, (await shop.Store.LoadAsync(CustomerRef.Of(ben.Customer), Token)).Customer);
    }

    [Fact]
    public async Task Whoever_was_merged_can_be_merged_on_and_every_id_leads_to_the_last()
    {
        var shop = Open();
        var cat = Identity.User("cat");
        await shop.RecordAsync(Purchase("till:1", Shop.Amy, 1_000));
        var ben = await shop.RecordAsync(Purchase("till:2", Ben, 2_000));
        var third = await shop.RecordAsync(Purchase("till:3", cat, 4_000));
        await MergedAsync(shop, "desk:1", Ben, cat);
        await MergedAsync(shop, "desk:2", Shop.Amy, Ben);

        Assert.Equal(7, await PointsAsync(shop));
        foreach (var id in new[] { ben.Customer, third.Customer })
        {
            Assert.Equal((await shop.ReadAsync()).Customer, (await shop.Engine.ReadAsync(CustomerRef.Of(id), Token))?.Customer);
        }

        var refund = await shop.RecordAsync(CustomerEvent.Refund("till:4", cat, "till:3", Money.Hkd(40)));
        Assert.Equal(-4, refund.Total("points"));
        Assert.Empty(await Books.DifferencesAsync(shop));
    }

    [Fact]
    public async Task A_debt_of_one_is_repaid_with_what_the_other_holds()
    {
        var shop = Open();
        await shop.RecordAsync(Purchase("till:1", Shop.Amy, 10_000));
        await shop.RecordAsync(Histories.Redeem("till:2", 8));
        await shop.RecordAsync(CustomerEvent.Refund("till:3", Shop.Amy, "till:1", Money.Hkd(100)));
        await shop.RecordAsync(Purchase("till:4", Ben, 20_000));
        Assert.Equal(-8, await PointsAsync(shop));

        await MergedAsync(shop, "desk:1", Ben, Shop.Amy);

        Assert.Equal(12, await PointsAsync(shop));
        Assert.DoesNotContain((await shop.ReadAsync()).Slot<ClubState>("club").Lots, lot => lot.Key == "debt");
        Assert.Empty(await Books.DifferencesAsync(shop));
    }

    [Fact]
    public async Task A_merge_counts_where_both_have_been_handled_and_never_in_the_past()
    {
        var shop = Open();
        await shop.RecordAsync(Purchase("till:1", Shop.Amy, 1_000));
        shop.Clock.Advance(Duration.FromDays(3));
        await shop.RecordAsync(Purchase("till:2", Ben, 1_000));
        var late = new MergeRequest(EventKey.Parse("desk:1"), CustomerRef.Of(Shop.Amy), CustomerRef.Of(Ben)) { OccurredAt = Shop.Opening, Actor = "staff:17" };

        var merged = Assert.IsType<MergeResult.Merged>(await shop.Engine.MergeAsync(late, Token));

        Assert.Equal(Shop.Opening + Duration.FromDays(3), merged.Receipt.EffectiveAt);
    }

    [Fact]
    public async Task Everything_wrong_with_a_merge_is_said_at_once_and_nothing_is_written()
    {
        var shop = Open();
        await shop.RecordAsync(Purchase("till:1", Shop.Amy, 1_000));

        var unknown = await Assert.ThrowsAsync<InvalidEventException>(() => MergeAsync(shop, "desk:1", Ben, Identity.User("cat")));
        Assert.Equal(["unknown-customer", "unknown-customer"], unknown.Problems.Select(problem => problem.Code));
        var wrong = await Assert.ThrowsAsync<InvalidEventException>(async () => await shop.Engine.MergeAsync(
            new MergeRequest(default, new CustomerRef(null, null), CustomerRef.Of(Shop.Amy)) { OccurredAt = shop.Clock.GetCurrentInstant() + Duration.FromDays(1), Channel = "At the desk" }, Token));
        Assert.Equal(["no-key", "from-the-future", "bad-name", "no-customer"], wrong.Problems.Select(problem => problem.Code));
        var byHand = await Assert.ThrowsAsync<InvalidEventException>(() => shop.RecordAsync(new CustomerEvent { Key = EventKey.Parse("desk:2"), Kind = EventKinds.MergedName, Identity = Shop.Amy }));
        Assert.Equal("not-by-hand", Assert.Single(byHand.Problems).Code);
        Assert.Equal(1, await shop.Store.ReadJournalAsync((await shop.ReadAsync()).Customer, 0, Token).CountAsync(Token));
    }

    [Fact]
    public async Task A_store_that_cannot_write_two_at_once_merges_nobody_and_says_why()
    {
        var shop = Open().Over(store => new ForgetfulStore(store));
        await shop.RecordAsync(Purchase("till:1", Shop.Amy, 1_000));
        await shop.RecordAsync(Purchase("till:2", Ben, 1_000));

        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => MergeAsync(shop, "desk:1", Shop.Amy, Ben));

        Assert.Contains(nameof(IAtomicCommits), refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_module_that_holds_units_and_does_not_add_them_stops_the_merge()
    {
        var shop = new Shop(new Altered(new ClubModule(new Condition.Any([])), static (_, _, _) => null));
        await shop.RecordAsync(Purchase("till:1", Shop.Amy, 1_000));
        await shop.RecordAsync(Purchase("till:2", Ben, 2_000));
        var before = await Books.PictureAsync(shop);

        var fault = await Assert.ThrowsAsync<ModuleFaultException>(() => MergeAsync(shop, "desk:1", Shop.Amy, Ben));

        Assert.Contains("lost 2 of the lot '2026-04' of points", fault.Message, StringComparison.Ordinal);
        Assert.Equal(before, await Books.PictureAsync(shop));
    }

    [Fact]
    public async Task Whoever_merges_at_one_host_is_followed_at_another_that_remembers_the_two()
    {
        var store = new InMemoryStore();
        var options = new CrmOptions { Zone = DateTimeZone.Utc, RememberCustomers = 100 };
        var clock = new Testing.FakeClock(Shop.Opening);
        var hosts = Enumerable.Range(1, 2).Select(seed => new CrmEngine(store, [new ClubModule(new Condition.Any([]))], options, clock, new Testing.SeededIdSource(seed))).ToList();
        await hosts[0].RecordAsync(Purchase("till:1", Shop.Amy, 1_000), Token);
        await hosts[0].RecordAsync(Purchase("till:2", Ben, 2_000), Token);

        await hosts[1].MergeAsync(new MergeRequest(EventKey.Parse("desk:1"), CustomerRef.Of(Shop.Amy), CustomerRef.Of(Ben)), Token);
        await hosts[0].RecordAsync(Purchase("till:3", Ben, 4_000), Token);
        await hosts[0].RecordAsync(Purchase("till:4", Shop.Amy, 8_000), Token);

        Assert.Equal(15L, (await hosts[1].ReadAsync(CustomerRef.Of(Ben), Token))?.Fact("club.points").AsNumber);
    }

    internal static CustomerEvent Purchase(string key, Identity customer, long cents) => CustomerEvent.Purchase(key, customer, new Money(cents, Currency.Hkd));

    internal static async Task<MergeResult> MergeAsync(Shop shop, string key, Identity survivor, Identity retired) =>
        await shop.Engine.MergeAsync(new MergeRequest(EventKey.Parse(key), CustomerRef.Of(survivor), CustomerRef.Of(retired)), Token);

    internal static async Task<Receipt> MergedAsync(Shop shop, string key, Identity survivor, Identity retired) =>
        Assert.IsType<MergeResult.Merged>(await MergeAsync(shop, key, survivor, retired)).Receipt;

    private static Shop Open() => new(new ClubModule(new Condition.Any([])));

    private static async Task<decimal> PointsAsync(Shop shop) => (await shop.ReadAsync()).Fact("club.points").AsNumber;

    private sealed class Collecting : IMessageChannel
    {
        public List<CustomerId> Sent { get; } = [];

        public string Name => "email";

        public ValueTask<SendOutcome> SendAsync(string id, Message message, CustomerView customer, CancellationToken cancellationToken)
        {
            Sent.Add(customer.Customer);
            return ValueTask.FromResult<SendOutcome>(new SendOutcome.Sent());
        }
    }
}

/// <summary>A module that is as another, but for how it merges.</summary>
internal sealed class Altered(ICustomerModule real, Func<object, object, ModuleContext, Outcome.Accepted?> merge) : ICustomerModule, IHoldsUnits
{
    public ModuleContract Contract => real.Contract;

    public Outcome Handle(object state, ModuleContext context) => real.Handle(state, context);

    public Outcome.Accepted Correct(object stored, object without, object with) => real.Correct(stored, without, with);

    public Outcome.Accepted? Merge(object survivor, object retired, ModuleContext context) => merge(survivor, retired, context);

    public IEnumerable<UnitsHeld> Held(object state) => ((IHoldsUnits)real).Held(state);
}
