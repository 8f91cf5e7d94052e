using Crm.Engine;
using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Members;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Pools;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Tests.Pools;
using Crm.Loyalty.Tests.Recording;
using Crm.Modules;
using Crm.Storage;
using Crm.Testing;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using static Crm.Loyalty.Tests.Pools.Household;
using Outcome = Crm.Modules.Outcome;

namespace Crm.Loyalty.Tests.Wallets;

/// <summary>What is given to nobody is refused, or comes back with its life: it is never lost, and never there twice.</summary>
public sealed class GiftsToNobody
{
    private static readonly CustomerId Stranger = new(42);
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(80);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_gift_to_an_id_that_nobody_has_is_refused(bool together)
    {
        var club = await Of(together);
        var before = (await club.Of(Amy)).Wallet("points");

        var receipt = await club.Gives(Amy, Stranger, 60, "app:gift");

        Assert.Equal(
            new Refusal("kernel", "unknown-customer", new Text("Nobody has the customer id '0000000000000000000000000000002a'.", "查無編號為「0000000000000000000000000000002a」的客人。")),
            receipt.Refusal);
        Assert.Equal(receipt, await club.Gives(Amy, Stranger, 60, "app:gift"));
        Assert.Equal((before, 0), ((await club.Of(Amy)).Wallet("points"), await club.Settles()));
    }

    [Fact]
    public async Task A_quote_of_a_gift_to_nobody_says_so()
    {
        var club = await Of(together: true);

        var quote = await club.Engine.QuoteAsync(LoyaltyEvents.Transfer("app:gift", Amy, Stranger, 60, unit: "points"), TestContext.Current.CancellationToken);

        Assert.Equal(("unknown-customer", 0), (quote.Receipt.Refusal?.Code, quote.Entries.Count));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_gift_to_somebody_who_is_forgotten_is_refused(bool keepsJournal)
    {
        var club = await Of(together: true);
        var bob = await club.Erases(Bob, keepsJournal);

        Assert.Equal("unknown-customer", (await club.Gives(Amy, bob, 60)).Refusal?.Code);
    }

    [Fact]
    public async Task Neither_pools_nor_recommendations_name_anybody_whom_nobody_knows()
    {
        var club = await Of(together: true);
        await club.Opened();

        Assert.Equal("unknown-customer", (await club.Records(PoolEvents.Admit(club.Key(), Home, await club.IdOf(Amy), Stranger, PoolRole.Giver))).Refusal?.Code);
        Assert.Equal("unknown-customer", (await club.Records(PoolEvents.Open(club.Key(), PoolEvents.Named("other"), Stranger))).Refusal?.Code);
        Assert.Equal("unknown-customer", (await club.Records(PoolEvents.Give(club.Key(), SpendAuthority.SignedIn(Amy), Stranger, 10, unit: "points"))).Refusal?.Code);
        Assert.Equal("unknown-customer", (await club.Records(ReferralEvents.Accept(club.Key(), Cat, Stranger))).Refusal?.Code);
        var recommended = new Household(Recommending);
        Assert.Equal("unknown-advocate", (await recommended.Records(ReferralEvents.Accept(club.Key(), Cat, Stranger) with { Fields = Fields.Of(("advocate", "2a")) })).Refusal?.Code);
    }

    [Fact]
    public void Only_requests_name_others_and_what_comes_back_is_a_happening_with_the_same_fields()
    {
        var brought = new EventKind("brought", EventNature.Happening) { ComesBackAs = "back", Fields = [new("amount", ScalarKind.Number)] };
        string Refused(params EventKind[] kinds) => Assert.Throws<ArgumentException>(() => new EventKinds(kinds)).Message;

        Assert.Contains("'brought' comes back as 'back', which is no happening with the same fields", Refused(brought), StringComparison.Ordinal);
        Assert.Contains("'brought' comes back as 'back', which is no happening with the same fields", Refused(brought, new EventKind("back", EventNature.Happening)), StringComparison.Ordinal);
        Assert.Contains("only codes of requests can", Refused(new EventKind("told", EventNature.Happening) { Fields = [new("to", ScalarKind.Code) { NamesCustomer = true }] }), StringComparison.Ordinal);
        Assert.Contains("only codes of requests can", Refused(new EventKind("ask", EventNature.Request) { Fields = [new("to", ScalarKind.Number) { NamesCustomer = true }] }), StringComparison.Ordinal);
        Assert.NotNull(new EventKinds([brought, brought with { Name = "back", ComesBackAs = null }]).Find("back"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_gift_that_finds_nobody_any_more_comes_back_into_its_lots(bool keepsJournal)
    {
        var club = await Of(together: false);
        var before = (await club.Of(Amy)).Wallet("points");
        var bob = await club.IdOf(Bob);
        await club.Gives(Amy, bob, 60);
        await club.Erases(Bob, keepsJournal);

        Assert.Equal(1, await club.Settles());

        Assert.Equal((before, 1L), ((await club.Of(Amy)).Wallet("points"), (await club.Of(bob)).Wallet("points").Balance));
        Assert.Equal([-60L, 60L], (await club.Ledger()).Where(entry => entry.Movement == Movement.Transferred).Select(entry => entry.Amount).Order());
        var line = (await LastOf(club, Amy)).Lines.Single();
        Assert.Equal((LineCodes.CameBack, 60L), (line.Code, line.Amount));
        Assert.Equal(new Text("60 points came back: nobody has the customer id that they were given to.", "60 points 已退回：查無所贈予的顧客編號。"), LoyaltyTexts.Describe(line));
    }

    [Theory]
    [InlineData(Cascade.History)]
    [InlineData(Cascade.None)]
    public async Task Whoever_was_merged_receives_as_the_other(Cascade cascade)
    {
        var club = await Of(together: false, cascade);
        var bob = await club.IdOf(Bob);
        await club.Gives(Amy, bob, 60);
        await club.Merges(Cat, Bob);

        Assert.Equal(1, await club.Settles());
        Assert.Equal((40L, 62L), (await club.Points(Amy), await club.Points(Cat)));
        Assert.True((await club.Gives(Amy, bob, 10)).Accepted);
        await club.Settles();
        Assert.Equal((30L, 72L), (await club.Points(Amy), await club.Points(Cat)));
    }

    [Fact]
    public async Task Whoever_is_one_with_the_giver_by_now_receives_their_own()
    {
        var club = await Of(together: false);
        await club.Gives(Amy, await club.IdOf(Bob), 60);
        await club.Merges(Amy, Bob);

        await club.Settles();

        Assert.Equal(101, await club.Points(Amy));
    }

    [Fact]
    public async Task What_comes_back_to_a_giver_who_was_merged_is_the_others()
    {
        var club = await Of(together: false);
        await club.Gives(Amy, await club.IdOf(Bob), 60, "app:gift");
        await club.Merges(Cat, Amy);
        await club.Erases(Bob);

        await club.Settles();
        Assert.Equal(101, await club.Points(Cat));

        await club.Cancels("app:gift", Cat);
        await club.Settles();
        Assert.Equal(101, await club.Points(Cat));
    }

    [Theory]
    [InlineData(Cascade.History, true)]
    [InlineData(Cascade.History, false)]
    [InlineData(Cascade.None, true)]
    [InlineData(Cascade.None, false)]
    public async Task A_cancelled_gift_that_came_back_is_there_once(Cascade cascade, bool first)
    {
        var club = await Of(together: false, cascade);
        var before = (await club.Of(Amy)).Wallet("points");
        await club.Gives(Amy, await club.IdOf(Bob), 60, "app:gift");
        await club.Erases(Bob);
        if (first)
        {
            await club.Settles();
        }

        await club.Cancels("app:gift", Amy);
        await club.Settles();

        Assert.Equal(before, (await club.Of(Amy)).Wallet("points"));
        Assert.Equal(0, (await club.Ledger()).Where(entry => entry.Movement == Movement.Transferred).Sum(entry => entry.Amount));
    }

    [Theory]
    [InlineData(Cascade.History)]
    [InlineData(Cascade.None)]
    public async Task A_gift_to_a_pool_that_is_gone_comes_back_once_also_when_it_is_cancelled(Cascade cascade)
    {
        var club = await (await Of(together: false, cascade)).Opened();
        await club.Gives(Amy, 60, "app:gift");
        await club.Erases(Home);
        await club.Settles();
        Assert.Equal(100, await club.Points(Amy));

        await club.Cancels("app:gift", Amy);
        await club.Settles();

        Assert.Equal(100, await club.Points(Amy));
    }

    [Theory]
    [InlineData(Cascade.History, true)]
    [InlineData(Cascade.History, false)]
    [InlineData(Cascade.None, true)]
    [InlineData(Cascade.None, false)]
    public async Task Whoever_has_left_the_programme_gives_back_what_they_are_given(Cascade cascade, bool together)
    {
        var club = await Of(together, cascade);
        var before = (await club.Of(Amy)).Wallet("points");
        await club.Records(MemberEvents.Leave(club.Key(), Bob));
        await club.Gives(Amy, await club.IdOf(Bob), 60, "app:gift");
        await club.Settles();

        Assert.Equal((before, 0L), ((await club.Of(Amy)).Wallet("points"), await club.Points(Bob)));
        var line = (await LastOf(club, Bob)).Lines.Single(line => line.Code == LineCodes.NotTaken);
        Assert.Equal(new Text("60 points went back to who gave them: who was to get them has left the programme.", "60 points 已退回贈予人：獲贈的顧客已退出計劃。"), LoyaltyTexts.Describe(line));

        await club.Cancels("app:gift", Amy);
        await club.Settles();
        Assert.Equal((before, 0L), ((await club.Of(Amy)).Wallet("points"), await club.Points(Bob)));
    }

    [Fact]
    public async Task What_nobody_gets_for_a_friend_is_noted_at_the_friends()
    {
        var club = new Household(Recommending);
        await club.Buys(Amy, 100);
        var amy = await club.IdOf(Amy);
        await club.Records(ReferralEvents.Accept(club.Key(), Bob, amy));
        await club.Erases(Amy);
        await club.Buys(Bob, 10);

        Assert.Equal(1, await club.Settles());

        Assert.Equal((30L, 100L), (await club.Points(Bob), (await club.Of(amy)).Wallet("points").Balance));
        var line = (await LastOf(club, Bob)).Lines.Single();
        Assert.Equal((LineCodes.ReferralUnclaimed, "Nobody has the customer id of who recommended, so that side's reward is not given."), (line.Code, line.Text?.English));
    }

    [Fact]
    public async Task A_gift_that_was_on_its_way_before_anybody_had_the_id_comes_back_or_arrives_and_never_both()
    {
        var race = await Race.BeginAsync();
        race.BeforeCommit(LoyaltyEvents.CameBackName, race.StrangerIsBornAndReceives);

        await race.PumpAsync();

        Assert.Equal((40L, 60L), (await race.PointsOf(Amy), await race.PointsOf(Bob)));
        Assert.Equal(0, (await race.PumpAsync()).Items);
    }

    [Fact]
    public async Task A_gift_whose_receiver_is_forgotten_while_it_arrives_comes_back_once()
    {
        var race = await Race.BeginAsync();
        await race.StrangerIsBorn();
        race.BeforeCommit(LoyaltyEvents.ReceiveName, race.StrangerIsForgottenAndGivesBack);

        await race.PumpAsync();

        Assert.Equal((100L, 0L), (await race.PointsOf(Amy), await race.PointsOfStranger()));
        Assert.Equal(0, (await race.PumpAsync()).Items);
    }

    [Fact]
    public async Task Workers_and_a_birth_at_once_bring_a_gift_to_one_place()
    {
        for (var round = 0; round < 40; round++)
        {
            var race = await Race.BeginAsync();

            await Task.WhenAll(Task.Run(race.PumpAsync), Task.Run(race.StrangerIsBorn), Task.Run(race.PumpAsync));
            await race.PumpAsync();

            Assert.Equal(100, await race.PointsOf(Amy) + await race.PointsOfStranger());
        }
    }

    [Theory]
    [InlineData(Cascade.History)]
    [InlineData(Cascade.None)]
    public void Whoever_is_given_what_books_balance(Cascade cascade) => Law(cascade).Check(Thorough);

    [Fact]
    public void Coming_back_less_is_caught() => Counterfeits.Caught(() => Law(Cascade.History, new CameBackOff(-1)).Check(Thorough));

    [Fact]
    public void Coming_back_twice_is_caught() => Counterfeits.Caught(() => Law(Cascade.History, new CameBackOff(+60)).Check(Thorough));

    private static Property Law(Cascade cascade, params ICustomerModule[] others) => Prop.ForAll(
        (from together in Gen.Elements(true, false)
         from steps in (from what in Gen.Choose(0, 7) from who in Gen.Choose(0, 2) from whom in Gen.Choose(0, 3) from amount in Gen.Choose(1, 120) select (what, who, whom, amount)).ArrayOf().Where(steps => steps.Length > 3)
         select (together, steps)).ToArbitrary(),
        given => Balances(cascade, given.together, given.steps, others).GetAwaiter().GetResult());

    // Nobody is the fourth. Whoever is forgotten does nothing more, and may still be given to. What they had been given before is not cancelled once their journal is gone: they are asked for nothing again.
    private static async Task Balances(Cascade cascade, bool together, (int What, int Who, int Whom, int Amount)[] steps, ICustomerModule[] others)
    {
        Identity[] people = [Amy, Bob, Cat];
        var club = new Household(Household.Program() with { Cascade = cascade }, together, others);
        var (ids, gone, disposed, gifts) = (new List<CustomerId>(), new HashSet<Identity>(), new HashSet<int>(), new List<(string Key, Identity Who, int Whom)>());
        foreach (var who in people)
        {
            await club.Buys(who, 100);
            ids.Add(await club.IdOf(who));
        }

        foreach (var (what, place, whom, amount) in steps.Where(step => !gone.Contains(people[step.Who])))
        {
            var who = people[place];
            club.Later(amount % 2);
            switch (what)
            {
                case 0 or 1 or 2 when whom != place:
                    gifts.Add((club.Key(), who, whom));
                    await club.Gives(who, whom < 3 ? ids[whom] : Stranger, amount, gifts[^1].Key);
                    break;
                case 3 when amount % 3 == 0:
                    gone.Add(who);
                    if (amount % 2 != 0)
                    {
                        disposed.Add(place);
                        await club.Settles();
                    }

                    await club.Erases(who, keepsJournal: amount % 2 == 0);
                    break;
                case 4 when gifts.Count > 0 && gifts[amount % gifts.Count] is var (key, giver, to) && !gone.Contains(giver) && !disposed.Contains(to):
                    await club.Cancels(key, giver);
                    break;
                case 5:
                    await club.Records(whom % 2 == 0 ? MemberEvents.Leave(club.Key(), who) : MemberEvents.Join(club.Key(), who));
                    break;
                case 6:
                    await club.Engine.PumpAsync();
                    break;
                default:
                    await club.Buys(who, amount);
                    break;
            }
        }

        await club.Settles();
        Assert.Equal(0, (await club.Desk.ReadStatusAsync())?.OutboxDepth);
        var held = 0L;
        foreach (var id in ids)
        {
            held += (await club.Of(id)).Balances("points").Held;
        }

        var entries = (await club.Ledger()).Where(entry => entry.Unit == "points").ToList();
        Assert.Equal(0, entries.Where(entry => entry.Movement == Movement.Transferred).Sum(entry => entry.Amount));
        Assert.Equal(entries.Sum(entry => entry.Amount), held);
    }

    private static LoyaltyProgram Recommending { get; } = Household.Program() with { Referrals = new() { For = ReferralFor.FirstPurchase, Advocate = new("points", 50), Friend = new("points", 20) } };

    private static async Task<Household> Of(bool together, Cascade cascade = Cascade.History)
    {
        var club = new Household(Household.Program() with { Cascade = cascade }, together);
        await club.Buys(Amy, 100);
        await club.Buys(Bob, 1);
        await club.Buys(Cat, 1);
        return club;
    }

    private static async Task<Receipt> LastOf(Household club, Identity who) => (await club.JournalOf(who)).MaxBy(entry => entry.Version)?.Receipt ?? throw new InvalidOperationException("Nothing happened.");

    /// <summary>What comes back comes with more or less than was given.</summary>
    private sealed class CameBackOff(long by) : CustomerModule<VipWhen.Nothing>
    {
        public override ModuleContract Contract { get; } = new() { Name = "off", Codec = new VipWhen.NothingCodec(), Handles = [LoyaltyEvents.CameBackName] };

        protected override Outcome Handle(VipWhen.Nothing state, ModuleContext context) => context.Stimulus is Stimulus.Happened { Event: { Kind: LoyaltyEvents.CameBackName } back }
            ? new Outcome.Accepted { Entries = [new LedgerEntry { Program = "tea-club", Unit = "points", Lot = "off", Amount = by, Movement = Movement.Transferred, Cause = back.Key, OccurredAt = context.Moment.Instant }] }
            : Outcome.Nothing;
    }

    /// <summary>Amy has 100 points, 60 of which wait in the outbox for an id that nobody has yet, as an earlier release let them; the host's ids say who is born as that one.</summary>
    private sealed class Race : ICustomerStore, IOutbox
    {
        private readonly InMemoryStore store = new();
        private readonly FakeClock clock = new(Samples.Local(2026, 1, 15, 12));
        private readonly Ids ids = new();
        private readonly CrmEngine worker;
        private readonly CrmEngine desk;
        private bool pretends;
        private string? awaited;
        private Func<Task>? then;

        private Race()
        {
            worker = new CrmEngine(this, [new LoyaltyModule(Household.Program())], new CrmOptions(), clock, ids);
            desk = new CrmEngine(store, [new LoyaltyModule(Household.Program())], new CrmOptions(), clock, ids);
        }

        public static async Task<Race> BeginAsync()
        {
            var race = new Race();
            await race.desk.RecordAsync(CustomerEvent.Purchase("pos:1", Amy, Money.Hkd(100)));
            race.pretends = true;
            await race.worker.RecordAsync(LoyaltyEvents.Transfer("app:gift", Amy, Stranger, 60, unit: "points"));
            race.pretends = false;
            return race;
        }

        public async Task<PumpReport> PumpAsync() => await worker.PumpAsync();

        /// <summary>Lets something happen before an event of a kind is committed, once.</summary>
        public void BeforeCommit(string kind, Func<Task> happens) => (awaited, then) = (kind, happens);

        public async Task StrangerIsBorn()
        {
            ids.Next = Stranger;
            await desk.RecordAsync(LoyaltyEvents.Visit("app:birth", Bob));
        }

        public async Task StrangerIsBornAndReceives()
        {
            await StrangerIsBorn();
            await DeskPumps();
        }

        public async Task StrangerIsForgottenAndGivesBack()
        {
            await desk.EraseAsync(new EraseRequest(EventKey.Parse("desk:erase"), CustomerRef.Of(Bob)));
            await DeskPumps();
        }

        public Task<long> PointsOf(Identity who) => PointsOf(CustomerRef.Of(who));

        public Task<long> PointsOfStranger() => PointsOf(CustomerRef.Of(Stranger));

        public async ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken) =>
            pretends && customer.Id == Stranger ? new CustomerSnapshot { Customer = Stranger, Version = 1 } : await store.LoadAsync(customer, cancellationToken);

        public ValueTask<CustomerHistory> LoadHistoryAsync(CustomerId customer, HistoryStart start, CancellationToken cancellationToken) => store.LoadHistoryAsync(customer, start, cancellationToken);

        public async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
        {
            if (then is { } happens && commit.Entries.Any(entry => entry.Event.Kind == awaited))
            {
                then = null;
                await happens();
            }

            return await store.CommitAsync(commit, cancellationToken);
        }

        public IAsyncEnumerable<JournalEntry> ReadJournalAsync(CustomerId customer, long afterVersion, CancellationToken cancellationToken) => store.ReadJournalAsync(customer, afterVersion, cancellationToken);

        public ValueTask<IReadOnlyList<OutboxItem>> LeaseAsync(Instant now, Instant until, int most, CancellationToken cancellationToken) => ((IOutbox)store).LeaseAsync(now, until, most, cancellationToken);

        public ValueTask ReleaseAsync(OutboxItem item, Instant lease, Instant notBefore, CancellationToken cancellationToken) => ((IOutbox)store).ReleaseAsync(item, lease, notBefore, cancellationToken);

        public ValueTask SettleAsync(OutboxItem item, CancellationToken cancellationToken) => ((IOutbox)store).SettleAsync(item, cancellationToken);

        // When the worker's lease is over, what it is still at is another's.
        private async Task DeskPumps()
        {
            clock.Advance(new CrmOptions().LeaseFor + Duration.FromSeconds(1));
            Assert.Equal(1, (await desk.PumpAsync()).FollowUps);
        }

        private async Task<long> PointsOf(CustomerRef who) => (await desk.ReadAsync(who))?.Slot<LoyaltyState>("loyalty").In("tea-club").Wallet("points").Balance ?? 0;

        private sealed class Ids : IIdSource
        {
            private readonly SeededIdSource seeded = new();

            public CustomerId? Next { get; set; }

            public CustomerId NewCustomerId() => Next ?? seeded.NewCustomerId();
        }
    }
}
