using Crm.Engine;
using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Pools;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Tests.Redemption;
using Crm.Loyalty.Wallets;
using Crm.Modules;
using Crm.Storage;
using Crm.Testing;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Tests.Pools;

/// <summary>Amy, Bob and Cat in one club, over a store that writes several customers together or one that does not, and short ways to say what they do.</summary>
internal sealed class Household
{
    public static readonly Identity Amy = Identity.User("amy");
    public static readonly Identity Bob = Identity.User("bob");
    public static readonly Identity Cat = Identity.User("cat");
    public static readonly Identity Home = PoolEvents.Named("home");

    private readonly InMemoryStore store = new();
    private readonly FakeClock clock = new(Samples.Local(2026, 1, 15, 12));
    private int events;

    public Household(LoyaltyProgram? program = null, bool together = true, params ICustomerModule[] modules)
        : this(program, together, static module => module, modules)
    {
    }

    public Household(LoyaltyProgram? program, bool together, Func<LoyaltyModule, ICustomerModule> wrap, params ICustomerModule[] modules)
    {
        Module = new LoyaltyModule(LoyaltyProgramJson.Read(LoyaltyProgramJson.Write(program ?? Program())));
        Engine = new CrmEngine(together ? store : new Apart(store), [wrap(Module), .. modules], new CrmOptions(), clock, new SeededIdSource());
        Desk = new CrmEngine(store, [wrap(Module), .. modules], new CrmOptions(), clock, new SeededIdSource(2));
    }

    public LoyaltyModule Module { get; }

    public CrmEngine Engine { get; }

    /// <summary>Another process over the same store, which can do all that the store can.</summary>
    public CrmEngine Desk { get; }

    /// <summary>Whole dollars are points; gifts and pools are allowed.</summary>
    public static LoyaltyProgram Program(PoolRules? pools = null) => RewardClub.Program(RewardClub.Mug) is var club ? club with
    {
        Units = [club.Units[0] with { Transferable = true }, .. club.Units.Skip(1)],
        Payment = new() { Unit = "points", Points = 1, Value = new Money(1, Currency.Hkd) },
        Pools = pools ?? new PoolRules(),
    } : throw new InvalidOperationException();

    public string Key() => $"app:{Interlocked.Increment(ref events)}";

    public void Later(int days = 1) => clock.Advance(Duration.FromDays(days));

    public ValueTask<Receipt> Records(CustomerEvent happened) => Engine.RecordAsync(happened);

    public ValueTask<Receipt> Buys(Identity who, decimal spend, string? key = null) => Records(CustomerEvent.Purchase(key ?? Key(), who, Money.Hkd(spend)));

    public async Task<CustomerId> IdOf(Identity who) => (await View(who)).Customer;

    public async Task<CustomerView> View(Identity who) => await Engine.ReadAsync(CustomerRef.Of(who)) ?? throw new InvalidOperationException($"Nobody is called {who.Value}.");

    public async Task<Membership> Of(Identity who) => (await View(who)).Slot<LoyaltyState>(Module.Contract.Name).In("tea-club");

    /// <summary>The membership of an id, whoever has it.</summary>
    public async Task<Membership> Of(CustomerId id) => (await Engine.ReadAsync(CustomerRef.Of(id)) ?? throw new InvalidOperationException($"Nobody has the id {id}.")).Slot<LoyaltyState>(Module.Contract.Name).In("tea-club");

    /// <summary>Forgets who somebody is.</summary>
    public async Task<CustomerId> Erases(Identity who, bool keepsJournal = false)
    {
        var id = await IdOf(who);
        await Desk.EraseAsync(new EraseRequest(EventKey.Parse(Key()), CustomerRef.Of(who)) { KeepJournal = keepsJournal });
        return id;
    }

    public async Task Merges(Identity survivor, Identity retired) => await Desk.MergeAsync(new MergeRequest(EventKey.Parse(Key()), CustomerRef.Of(survivor), CustomerRef.Of(retired)));

    /// <summary>Gives points to an id.</summary>
    public async Task<Receipt> Gives(Identity from, CustomerId to, long amount, string? key = null) => await Records(LoyaltyEvents.Transfer(key ?? Key(), from, to, amount, unit: "points"));

    public async Task<long> Points(Identity who) => await Engine.ReadAsync(CustomerRef.Of(who)) is null ? 0 : (await Of(who)).Wallet("points").Balance;

    /// <summary>Amy opens the pool, Bob may spend from it, and Cat may give to it.</summary>
    public async Task<Household> Opened()
    {
        foreach (var who in new[] { Amy, Bob, Cat })
        {
            await Records(LoyaltyEvents.Visit(Key(), who));
        }

        await Records(PoolEvents.Open(Key(), Home, await IdOf(Amy)));
        await Admits(Bob, PoolRole.Spender);
        await Admits(Cat, PoolRole.Giver);
        return this;
    }

    public async Task<Receipt> Admits(Identity who, PoolRole role, Identity? by = null) => await Records(PoolEvents.Admit(Key(), Home, await IdOf(by ?? Amy), await IdOf(who), role));

    public async Task<Receipt> Gives(Identity who, long amount, string? key = null, Identity? to = null) => await Records(PoolEvents.Give(key ?? Key(), SpendAuthority.SignedIn(who), await IdOf(to ?? Home), amount, unit: "points"));

    public async Task<Receipt> Spends(Identity who, long amount, string? key = null) => await Records(LoyaltyEvents.Redeem(key ?? Key(), await Authority(who), amount, unit: "points"));

    public async Task<SpendAuthority> Authority(Identity who) => SpendAuthority.SignedIn(who).From(Home, await IdOf(who));

    public async Task<Receipt> Leaves(Identity who, Identity? by = null) => await Records(PoolEvents.Leave(Key(), Home, await IdOf(by ?? who), await IdOf(who)));

    public async Task<Receipt> Dissolves(Identity by) => await Records(PoolEvents.Dissolve(Key(), Home, await IdOf(by)));

    public ValueTask<Receipt> Cancels(string key, Identity whose) => Records(new CustomerEvent { Key = EventKey.Parse(Key()), Kind = EventKinds.CancellationName, Identity = whose, Original = EventKey.Parse(key) });

    /// <summary>Lets what waits leave, until nothing does.</summary>
    public async Task<int> Settles()
    {
        var brought = 0;
        for (var round = 0; round < 20; round++)
        {
            clock.Advance(Duration.FromHours(1));
            var report = await Engine.PumpAsync();
            brought += report.FollowUps;
            if (report is { FollowUps: 0, Postponed: 0 })
            {
                break;
            }
        }

        return brought;
    }

    public async Task<List<JournalEntry>> JournalOf(Identity who) => await store.ReadJournalAsync(await IdOf(who), 0, CancellationToken.None).ToListAsync();

    public async Task<List<LedgerEntry>> Ledger()
    {
        var entries = new List<LedgerEntry>();
        await foreach (var (_, entry) in store.ReadLedgerAsync(CancellationToken.None))
        {
            entries.Add(entry);
        }

        return entries;
    }

    /// <summary>A store that writes one customer at a time.</summary>
    private sealed class Apart(InMemoryStore inner) : ICustomerStore, IOutbox
    {
        public ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken) => inner.LoadAsync(customer, cancellationToken);

        public ValueTask<CustomerHistory> LoadHistoryAsync(CustomerId customer, HistoryStart start, CancellationToken cancellationToken) => inner.LoadHistoryAsync(customer, start, cancellationToken);

        public ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken) => inner.CommitAsync(commit, cancellationToken);

        public IAsyncEnumerable<JournalEntry> ReadJournalAsync(CustomerId customer, long afterVersion, CancellationToken cancellationToken) => inner.ReadJournalAsync(customer, afterVersion, cancellationToken);

        public ValueTask<IReadOnlyList<OutboxItem>> LeaseAsync(Instant now, Instant until, int most, CancellationToken cancellationToken) => ((IOutbox)inner).LeaseAsync(now, until, most, cancellationToken);

        public ValueTask ReleaseAsync(OutboxItem item, Instant lease, Instant notBefore, CancellationToken cancellationToken) => ((IOutbox)inner).ReleaseAsync(item, lease, notBefore, cancellationToken);

        public ValueTask SettleAsync(OutboxItem item, CancellationToken cancellationToken) => ((IOutbox)inner).SettleAsync(item, cancellationToken);
    }
}
