using Crm.Conditions;
using Crm.CrashProgram;
using Crm.Engine;
using Crm.Events;
using Crm.Storage;
using Crm.Values;

namespace Crm.EndToEnd.Tests.Races;

/// <summary>Two hosts over one store merge customers while things happen to them: they become one once, and nothing is lost or doubled.</summary>
public sealed class MergeRaces
{
    private const int Pairs = 8;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Town.Kinds), MemberType = typeof(Town))]
    public async Task Two_who_are_merged_in_opposite_directions_at_once_become_one(string kind)
    {
        await using var town = new Town(kind);
        for (var pair = 0; pair < Pairs; pair++)
        {
            await BornAsync(town, pair);

            var results = await town.AtOnceAsync(2, async (host, n) => await host.MergeAsync(Request($"desk:{pair}-{n}", Name(pair, n), Name(pair, 1 - n)), Token));

            var merged = Assert.Single(results.OfType<MergeResult.Merged>());
            Assert.Equal(new MergeResult.OneAlready(merged.Receipt.Customer), Assert.Single(results.OfType<MergeResult.OneAlready>()));
            Assert.Equal([30, 30], await PointsAsync(town, pair));
        }

        await FitsAsync(town, customers: Pairs, points: Pairs * 30);
    }

    [Theory]
    [MemberData(nameof(Town.Kinds), MemberType = typeof(Town))]
    public async Task A_merge_that_both_hosts_are_asked_for_happens_once(string kind)
    {
        await using var town = new Town(kind);
        for (var pair = 0; pair < Pairs; pair++)
        {
            await BornAsync(town, pair);

            var results = await town.AtOnceAsync(4, async (host, _) => await host.MergeAsync(Request($"desk:{pair}", Name(pair, 0), Name(pair, 1)), Token));

            Assert.Single(results.Distinct());
            Assert.IsType<MergeResult.Merged>(results[0]);
        }

        await FitsAsync(town, customers: Pairs, points: Pairs * 30);
    }

    [Theory]
    [MemberData(nameof(Town.Kinds), MemberType = typeof(Town))]
    public async Task What_is_bought_while_two_are_merged_is_the_survivors_and_counts_once(string kind)
    {
        await using var town = new Town(kind);
        await BornAsync(town, 0);

        await town.AtOnceAsync(40, async (host, n) => n % 20 == 10
            ? (object)await host.MergeAsync(Request("desk:1", Name(0, 0), Name(0, 1)), Token)
            : await host.RecordAsync(CustomerEvent.Purchase($"till:{n / 2}", Name(0, n / 2 % 2), Money.Hkd(1 + (n / 2))), Token));

        // Each purchase is sent twice, but for those in whose place a merge was.
        var bought = Enumerable.Range(0, 40).Where(n => n % 20 != 10).Select(n => n / 2).Distinct().Sum(purchase => 1 + purchase);
        Assert.Equal([30 + bought, 30 + bought], await PointsAsync(town, 0));
        await FitsAsync(town, customers: 1, points: 30 + bought);
    }

    [Theory]
    [MemberData(nameof(Town.Kinds), MemberType = typeof(Town))]
    public async Task Three_who_are_merged_in_a_circle_at_once_become_one(string kind)
    {
        await using var town = new Town(kind);
        await BornAsync(town, 0);
        await town.Hosts[0].RecordAsync(CustomerEvent.Purchase("till:third", Name(1, 0), Money.Hkd(5)), Token);
        var names = new[] { Name(0, 0), Name(0, 1), Name(1, 0) };

        await town.AtOnceAsync(3, async (host, n) => await host.MergeAsync(Request($"desk:{n}", names[n], names[(n + 1) % 3]), Token));

        Assert.Equal([35, 35], await PointsAsync(town, 0));
        await FitsAsync(town, customers: 1, points: 35);
    }

    private static Identity Name(int pair, int side) => Identity.User($"{(side == 0 ? "amy" : "ben")}-{pair}");

    private static MergeRequest Request(string key, Identity survivor, Identity retired) => new(EventKey.Parse(key), CustomerRef.Of(survivor), CustomerRef.Of(retired));

    private static async Task BornAsync(Town town, int pair)
    {
        await town.Hosts[0].RecordAsync(CustomerEvent.Purchase($"till:amy-{pair}", Name(pair, 0), Money.Hkd(10)), Token);
        await town.Hosts[1].RecordAsync(CustomerEvent.Purchase($"till:ben-{pair}", Name(pair, 1), Money.Hkd(20)), Token);
    }

    private static async Task<decimal?[]> PointsAsync(Town town, int pair) =>
    [
        (await town.Hosts[0].ReadAsync(CustomerRef.Of(Name(pair, 0)), Token))?.Fact(Club.Points).AsNumber,
        (await town.Hosts[1].ReadAsync(CustomerRef.Of(Name(pair, 1)), Token))?.Fact(Club.Points).AsNumber,
    ];

    // Journals, states and books of everybody, those who were merged among them.
    private static async Task FitsAsync(Town town, int customers, long points)
    {
        Assert.Equal(customers, await town.CustomersAsync());
        Assert.Equal(points, await town.LedgerAsync());
        Assert.Equal(customers, (await town.Hosts[0].SelectAsync(If.Fact(Club.Points).AtLeast(1), Token)).Count);
        var (store, scan) = (town.Stores[0], (IJournalScan)town.Stores[0]);
        var ledgers = (await scan.ReadLedgerAsync(Token).ToListAsync(Token)).ToLookup(row => row.Customer, row => row.Entry);
        var verifier = new CustomerVerifier(Club.Modules(), Club.Options);
        foreach (var customer in (await scan.ReadAllAsync(Token).ToListAsync(Token)).Select(row => row.Customer).Distinct())
        {
            var snapshot = await store.LoadAsync(CustomerRef.Of(customer), Token);
            var history = await store.LoadWholeAsync(customer, Token);
            var verdict = snapshot.Customer == customer ? verifier.Verify(snapshot, history, [.. ledgers[customer]]) : verifier.VerifyRetired(customer, history, [.. ledgers[customer]]);
            Assert.Empty(verdict.Differences);
        }
    }
}
