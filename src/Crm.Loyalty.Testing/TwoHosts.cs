using System.Collections.Concurrent;
using Crm.Engine;
using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Wallets;
using Crm.Storage;
using Crm.Testing;
using Crm.Testing.Laws;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Testing;

/// <summary>A club with a point a dollar, run by two hosts over one database.</summary>
internal sealed class TwoHosts
{
    /// <summary>The source of events that come at once with others.</summary>
    public const string Race = "race";

    public const string Mug = "mug";

    private const string Points = "points";

    public static readonly Instant Opened = Instant.FromUtc(2026, 3, 1, 10, 0);

    /// <summary>When the points run out of who buys as soon as the club opens.</summary>
    public static readonly Instant FirstEnd = Instant.FromUtc(2026, 4, 1, 0, 0);

    private readonly ICustomerStore[] stores;
    private readonly CrmEngine[] hosts;
    private readonly FakeClock[] clocks = [new(Opened), new(Opened)];
    private readonly ConcurrentDictionary<CustomerId, Meeting> meetings = [];
    private readonly CancellationToken cancellationToken;

    private TwoHosts(ICustomerStore[] stores, CancellationToken cancellationToken)
    {
        this.stores = stores;
        this.cancellationToken = cancellationToken;
        hosts = [.. stores.Select((store, host) => new CrmEngine(store, [new MeetingModule(new LoyaltyModule(Program), (customer, key) => meetings.GetValueOrDefault(customer)?.Come(host, key))], new CrmOptions { Attempts = 100 }, clocks[host], new SeededIdSource(host + 1)))];
    }

    public static LoyaltyProgram Program { get; } = new()
    {
        Name = "club",
        Zone = "Etc/UTC",
        Units = [new(Points, UnitKind.Redeemable) { Expiry = LotExpiry.AfterDays(30, LastDay.Included), Transferable = true }],
        Rules = [new PointsPerAmount { Name = "a-point-a-dollar", Unit = Points, Points = 1, Every = Money.Hkd(1), Basis = new EarningBasis.Spend() }],
        Rewards = [new() { Name = Mug, Kind = new RewardKind.Physical("mug-1"), Costs = [new(Points, 100)], Stocked = true }],
    };

    public ICustomerStore Store => stores[0];

    public static async Task<TwoHosts> OpenAsync(IStoreFactory factory, CancellationToken cancellationToken) => new(
        [await factory.OpenAsync("default", cancellationToken).ConfigureAwait(false), await factory.OpenAsync("default", cancellationToken).ConfigureAwait(false)],
        cancellationToken);

    public static Identity Who(int customer) => Identity.User(customer);

    public void SetClocks(Instant one, Instant other)
    {
        clocks[0].Set(one);
        clocks[1].Set(other);
    }

    /// <summary>Makes the hosts wait for each other once, when they decide about any of these customers next: each has read then, and none has written.</summary>
    public void Meet(params IReadOnlyList<CustomerId> customers) => Meet(new Meeting(1), customers);

    /// <summary>As <see cref="Meet(IReadOnlyList{CustomerId})"/>, for who gives. Where both sides are written together, a gift is decided once to learn whom to wait for, and again to be written.</summary>
    public void MeetGiving(CustomerId giver) => Meet(new Meeting(Store is IAtomicCommits ? 2 : 1), [giver]);

    private void Meet(Meeting meeting, IReadOnlyList<CustomerId> customers)
    {
        foreach (var customer in customers)
        {
            meetings[customer] = meeting;
        }
    }

    /// <summary>A customer buys for a hundred points.</summary>
    public Task<Receipt> BuyAsync(int customer) => RecordAsync(0, CustomerEvent.Purchase($"till:{customer}", Who(customer), Money.Hkd(100)));

    public async Task<Receipt> RecordAsync(int host, CustomerEvent happened) =>
        await Bench.AnswerAsync($"What is answered to '{happened.Key}'", async () => await hosts[host].RecordAsync(happened, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);

    /// <summary>One host handles all that is due.</summary>
    /// <returns>Null: there is no receipt for it.</returns>
    public async Task<Receipt?> RunDueAsync(int host)
    {
        while (await hosts[host].RunDueAsync(cancellationToken: cancellationToken).ConfigureAwait(false) is { Customers: > 0 })
        {
        }

        return null;
    }

    /// <summary>Both hosts let leave what waits.</summary>
    public async Task PumpAsync()
    {
        foreach (var host in hosts)
        {
            while (await host.PumpAsync(cancellationToken: cancellationToken).ConfigureAwait(false) is { Items: > 0 })
            {
            }
        }
    }

    /// <summary>Does something many times at once, on threads of their own and at alternating hosts.</summary>
    public static async Task<T[]> AtOnceAsync<T>(int times, Func<int, int, Task<T>> work)
    {
        using var start = new ManualResetEventSlim();
        var works = Enumerable.Range(0, times).Select(n => Task.Run(async () =>
        {
            start.Wait();
            return await work(n % 2, n).ConfigureAwait(false);
        })).ToList();
        start.Set();
        return await Task.WhenAll(works).ConfigureAwait(false);
    }

    /// <summary>What a customer has, as the other host reads it than the one that records.</summary>
    public async Task<long> PointsAsync(int customer) =>
        (await hosts[1].ReadAsync(CustomerRef.Of(Who(customer)), cancellationToken).ConfigureAwait(false))?.Slot<LoyaltyState>(LoyaltyNames.Module).In(Program.Name).Wallet(Points).Balance ?? 0;

    /// <summary>Fails the law unless a customer's part of the ledger adds up, where the store can read it.</summary>
    /// <param name="customer">Whose.</param>
    /// <param name="expected">To what.</param>
    /// <param name="movement">Of which movement; null: of all.</param>
    public async Task SumsToAsync(int customer, long expected, Movement? movement = null)
    {
        if (Store is not IJournalScan scan)
        {
            return;
        }

        var id = (await Store.LoadAsync(CustomerRef.Of(Who(customer)), cancellationToken).ConfigureAwait(false)).Customer;
        var entries = await scan.ReadLedgerAsync(cancellationToken).ToListAsync(cancellationToken).ConfigureAwait(false);
        Bench.Same($"What the ledger of a customer adds up to{(movement is { } one ? $", {one}" : "")}", expected, entries.Where(row => row.Customer == id && (movement is null || row.Entry.Movement == movement)).Sum(row => row.Entry.Amount));
    }
}
