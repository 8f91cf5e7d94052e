using Crm.Engine;
using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Storage;
using Crm.Testing;
using Crm.Testing.Counterfeits;
using Crm.Testing.Laws;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Testing;

/// <summary>
/// Races over points and rewards that a store must end rightly, as data, beside the laws of <see cref="StorageLaws"/>: two hosts over one database, each with an engine and connections of its own, as two processes are. The hosts wait
/// for each other between reading and writing, so that they race whatever the machine is busy with. Run each check against your own store in the test framework of your choice. Each law gets an empty database, and ships with a
/// counterfeit, a store that loses just that race.
/// </summary>
public static class LoyaltyRaces
{
    private const long All100 = 100;

    /// <summary>All laws.</summary>
    public static IReadOnlyList<StorageLaw> All { get; } =
    [
        new(
            "Of_twenty_gifts_of_all_that_somebody_has_one_is_given",
            "Twenty gifts of a hundred points at once, from a wallet of a hundred, to twenty others: one is given, nineteen are refused, and there are a hundred points afterwards as before.",
            typeof(IOutbox),
            GiftsAsync)
        {
            Counterfeit = () => new CounterfeitFactory(_ => new IgnoresVersions()),
        },
        new(
            "The_last_of_a_stock_goes_to_one_of_fifty",
            "Fifty customers redeem the last mug at once: one gets it, forty-nine are told that there is none and keep their points, and the stock is empty and not below.",
            typeof(IQuotas),
            StockAsync)
        {
            Counterfeit = () => new CounterfeitFactory(_ => Faulty.Writing(commit => commit with { Quotas = [] })),
        },
        new(
            "Points_are_redeemed_or_run_out_and_never_both",
            "Points are redeemed at one host in the second in which another has them run out: whoever is first has them, all of them, and the other finds nothing left.",
            typeof(IWakeups),
            ExpiryAsync)
        {
            Counterfeit = () => new CounterfeitFactory(_ => new IgnoresVersions()),
        },
    ];

    /// <summary>The names of the laws that can be checked of a store, for a theory to list.</summary>
    /// <typeparam name="TStore">The store: the laws about the ports that it implements.</typeparam>
    public static IEnumerable<string> NamesFor<TStore>()
        where TStore : ICustomerStore => All.Where(law => law.Port.IsAssignableFrom(typeof(TStore))).Select(law => law.Name);

    /// <summary>Checks one law, and disposes the store under test.</summary>
    /// <param name="law">The name of the law.</param>
    /// <param name="stores">An empty database.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="ArgumentException">No law has the name.</exception>
    /// <exception cref="LawBroken">The store does not keep the law.</exception>
    public static async Task CheckAsync(string law, IStoreFactory stores, CancellationToken cancellationToken = default)
    {
        var named = All.FirstOrDefault(one => one.Name == law) ?? throw new ArgumentException($"No race is named '{law}'. There are: {string.Join(", ", All.Select(one => one.Name))}.", nameof(law));
        try
        {
            await named.Check(stores, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            if (stores is IAsyncDisposable disposable)
            {
                await disposable.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private static async Task GiftsAsync(IStoreFactory stores, CancellationToken cancellationToken)
    {
        var shop = await TwoHosts.OpenAsync(stores, cancellationToken).ConfigureAwait(false);
        shop.MeetGiving((await shop.BuyAsync(0).ConfigureAwait(false)).Customer);
        var friends = new List<CustomerId>();
        for (var n = 1; n <= 20; n++)
        {
            friends.Add((await shop.RecordAsync(0, LoyaltyEvents.Visit($"web:{n}", TwoHosts.Who(n))).ConfigureAwait(false)).Customer);
        }

        var receipts = await TwoHosts.AtOnceAsync(20, (host, n) => shop.RecordAsync(host, LoyaltyEvents.Transfer($"{TwoHosts.Race}:{n}", TwoHosts.Who(0), friends[n], All100))).ConfigureAwait(false);
        Bench.Same("Gifts that were given", 1, receipts.Count(receipt => receipt.Accepted));
        Bench.SameList("Why the others were not", Enumerable.Repeat("insufficient-balance", 19), receipts.Where(receipt => !receipt.Accepted).Select(receipt => receipt.Refusal?.Code ?? ""));
        await shop.PumpAsync().ConfigureAwait(false);
        Bench.Same("What the giver has left", 0, await shop.PointsAsync(0).ConfigureAwait(false));
        var given = new List<long>();
        for (var n = 1; n <= 20; n++)
        {
            given.Add(await shop.PointsAsync(n).ConfigureAwait(false));
        }

        Bench.SameList("What each friend has got", receipts.Select(receipt => receipt.Accepted ? All100 : 0), given);
        await shop.SumsToAsync(0, 0).ConfigureAwait(false);
    }

    private static async Task StockAsync(IStoreFactory stores, CancellationToken cancellationToken)
    {
        var shop = await TwoHosts.OpenAsync(stores, cancellationToken).ConfigureAwait(false);
        var (supply, stock) = ((IQuotas)shop.Store, LoyaltyNames.StockOf(TwoHosts.Program.Name, TwoHosts.Mug));
        await supply.SetAsync(stock, 1, cancellationToken).ConfigureAwait(false);
        var customers = new List<CustomerId>();
        for (var n = 0; n < 50; n++)
        {
            customers.Add((await shop.BuyAsync(n).ConfigureAwait(false)).Customer);
        }

        shop.Meet([.. customers]);
        var receipts = await TwoHosts.AtOnceAsync(50, (host, n) => shop.RecordAsync(host, RewardEvents.Redeem($"{TwoHosts.Race}:{n}", SpendAuthority.SignedIn(TwoHosts.Who(n)), TwoHosts.Mug))).ConfigureAwait(false);
        Bench.Same("Customers who got the last one", 1, receipts.Count(receipt => receipt.Accepted));
        Bench.SameList("What the others were told", Enumerable.Repeat("out-of-stock", 49), receipts.Where(receipt => !receipt.Accepted).Select(receipt => receipt.Refusal?.Code ?? ""));
        Bench.Same("What the stock has left", 0, await supply.AvailableAsync(stock, cancellationToken).ConfigureAwait(false));
        for (var n = 0; n < 50; n++)
        {
            var left = receipts[n].Accepted ? 0 : All100;
            Bench.Same("What a customer has left", left, await shop.PointsAsync(n).ConfigureAwait(false));
            await shop.SumsToAsync(n, left).ConfigureAwait(false);
        }
    }

    // The clock of the till is a second before the end, that of the worker a second after. One customer comes first, the next together with the worker, the third when the worker has been there.
    private static async Task ExpiryAsync(IStoreFactory stores, CancellationToken cancellationToken)
    {
        const int Customers = 15;
        var shop = await TwoHosts.OpenAsync(stores, cancellationToken).ConfigureAwait(false);
        for (var n = 0; n < Customers; n++)
        {
            shop.SetClocks(TwoHosts.Opened + Duration.FromDays(n), TwoHosts.Opened + Duration.FromDays(n));
            var customer = (await shop.BuyAsync(n).ConfigureAwait(false)).Customer;
            if (n % 3 == 1)
            {
                shop.Meet(customer);
            }
        }

        var receipts = new List<Receipt>();
        for (var n = 0; n < Customers; n++)
        {
            var end = TwoHosts.FirstEnd + Duration.FromDays(n);
            shop.SetClocks(end - Duration.FromSeconds(1), end + Duration.FromSeconds(1));
            Task<Receipt> RedeemAsync() => shop.RecordAsync(0, LoyaltyEvents.Redeem($"{TwoHosts.Race}:{n}", SpendAuthority.SignedIn(TwoHosts.Who(n)), All100));
            if (n % 3 == 2)
            {
                await shop.RunDueAsync(1).ConfigureAwait(false);
            }

            receipts.Add(n % 3 == 1
                ? (await TwoHosts.AtOnceAsync(2, async (host, _) => host == 0 ? await RedeemAsync().ConfigureAwait(false) : await shop.RunDueAsync(1).ConfigureAwait(false)).ConfigureAwait(false)).OfType<Receipt>().Single()
                : await RedeemAsync().ConfigureAwait(false));
        }

        shop.SetClocks(TwoHosts.FirstEnd + Duration.FromDays(Customers), TwoHosts.FirstEnd + Duration.FromDays(Customers));
        await shop.RunDueAsync(1).ConfigureAwait(false);
        for (var n = 0; n < Customers; n++)
        {
            if (n % 3 != 1)
            {
                Bench.Same($"Whether points are redeemed {(n % 3 == 0 ? "before" : "after")} the end", n % 3 == 0, receipts[n].Accepted);
            }

            Bench.Same("What is left", 0, await shop.PointsAsync(n).ConfigureAwait(false));
            await shop.SumsToAsync(n, 0).ConfigureAwait(false);
            await shop.SumsToAsync(n, receipts[n].Accepted ? -All100 : 0, Movement.Spent).ConfigureAwait(false);
            await shop.SumsToAsync(n, receipts[n].Accepted ? 0 : -All100, Movement.Expired).ConfigureAwait(false);
        }
    }

    /// <summary>Writes whatever version somebody has moved on to since.</summary>
    private sealed class IgnoresVersions : StoreDecorator
    {
        public override async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
        {
            CommitResult result;
            do
            {
                result = await base.CommitAsync(await RebasedAsync(commit).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
            }
            while (result is CommitResult.VersionConflict && commit.ExpectedVersion > 0);
            return result;
        }

        public override async ValueTask<IReadOnlyList<CommitResult>> CommitManyAsync(IReadOnlyList<Commit> commits, CancellationToken cancellationToken) =>
            await Task.WhenAll(commits.Select(commit => CommitAsync(commit, cancellationToken).AsTask())).ConfigureAwait(false);

        public override async ValueTask<AtomicResult> CommitTogetherAsync(IReadOnlyList<Commit> commits, CancellationToken cancellationToken)
        {
            AtomicResult result;
            do
            {
                result = await base.CommitTogetherAsync(await Task.WhenAll(commits.Select(RebasedAsync)).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
            }
            while (result.Result is CommitResult.VersionConflict && commits.All(commit => commit.ExpectedVersion > 0));
            return result;
        }

        private async Task<Commit> RebasedAsync(Commit commit)
        {
            var behind = (await base.LoadAsync(CustomerRef.Of(commit.Customer), default).ConfigureAwait(false)).Version - commit.ExpectedVersion;
            return commit.ExpectedVersion == 0 ? commit : commit with
            {
                ExpectedVersion = commit.ExpectedVersion + behind,
                Version = commit.Version + behind,
                Upon = null,
                Entries = commit.Entries.Select(entry => entry with { Version = entry.Version + behind }).ToSequence(),
            };
        }
    }
}
