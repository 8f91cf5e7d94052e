using Crm.CrashProgram;
using Crm.Engine;
using Crm.Events;
using Crm.Storage;
using Crm.Values;

namespace Crm.EndToEnd.Tests.Races;

/// <summary>Two hosts over one store forget somebody while things happen to them: every event is recorded once, for who was erased or for somebody new, and all books add up.</summary>
public sealed class ErasureRaces
{
    private static readonly Identity Amy = Identity.User("amy");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Town.Kinds), MemberType = typeof(Town))]
    public async Task What_is_bought_while_somebody_is_erased_counts_once_for_the_erased_or_for_somebody_new(string kind)
    {
        await using var town = new Town(kind);
        var born = await town.Hosts[0].RecordAsync(CustomerEvent.Purchase("till:first", Amy, Money.Hkd(10)), Token);

        var results = await town.AtOnceAsync(40, async (host, n) => n % 20 == 10
            ? (object)await host.EraseAsync(new EraseRequest(EventKey.Parse("desk:1"), CustomerRef.Of(Amy)), Token)
            : await host.RecordAsync(CustomerEvent.Purchase($"till:{n / 2}", Amy, Money.Hkd(1 + (n / 2))), Token));

        // Each purchase is sent twice, but for those in whose place an erasure was.
        var bought = Enumerable.Range(0, 40).Where(n => n % 20 != 10).Select(n => n / 2).Distinct().Sum(purchase => 1 + purchase);
        var erased = Assert.Single(results.OfType<EraseResult.Erased>().Distinct());
        Assert.Equal(born.Customer, erased.Customer);
        Assert.Equal(10 + bought, await town.LedgerAsync());
        Assert.Empty(await ((ICustomerIdentities)town.Stores[0]).IdentitiesOfAsync(erased.Customer, Token));
        Assert.NotEqual(erased.Customer, (await town.Hosts[1].RecordAsync(CustomerEvent.Purchase("till:last", Amy, Money.Hkd(1)), Token)).Customer);
        Assert.Equal(erased, await town.Hosts[0].EraseAsync(new EraseRequest(EventKey.Parse("desk:1"), CustomerRef.Of(Amy)), Token));
        Assert.Equal(2, await town.CustomersAsync());
        await FitsAsync(town);
    }

    [Theory]
    [MemberData(nameof(Town.Kinds), MemberType = typeof(Town))]
    public async Task Who_is_merged_while_being_erased_is_erased_alone_or_with_the_other(string kind)
    {
        await using var town = new Town(kind);
        for (var pair = 0; pair < 6; pair++)
        {
            var (one, other) = (Identity.User($"one-{pair}"), Identity.User($"other-{pair}"));
            await town.Hosts[0].RecordAsync(CustomerEvent.Purchase($"till:one-{pair}", one, Money.Hkd(10)), Token);
            await town.Hosts[1].RecordAsync(CustomerEvent.Purchase($"till:other-{pair}", other, Money.Hkd(20)), Token);

            await town.AtOnceAsync(2, async (host, n) => n == 0
                ? (object)await host.EraseAsync(new EraseRequest(EventKey.Parse($"desk:erase-{pair}"), CustomerRef.Of(one)), Token)
                : await TryMergeAsync(host, new MergeRequest(EventKey.Parse($"desk:merge-{pair}"), CustomerRef.Of(other), CustomerRef.Of(one))));

            Assert.Null(await town.Hosts[0].ReadAsync(CustomerRef.Of(one), Token));
        }

        Assert.Equal(6 * 30, await town.LedgerAsync());
        await FitsAsync(town);
    }

    // Who has been erased by then cannot be merged any more.
    private static async Task<object> TryMergeAsync(CrmEngine host, MergeRequest request)
    {
        try
        {
            return await host.MergeAsync(request, Token);
        }
        catch (InvalidEventException nobody)
        {
            return nobody;
        }
    }

    private static async Task FitsAsync(Town town)
    {
        var (store, scan) = (town.Stores[0], (IJournalScan)town.Stores[0]);
        var ledgers = (await scan.ReadLedgerAsync(Token).ToListAsync(Token)).ToLookup(row => row.Customer, row => row.Entry);
        var verifier = new CustomerVerifier(Club.Modules(), Club.Options);
        foreach (var ledger in ledgers)
        {
            var snapshot = await store.LoadAsync(CustomerRef.Of(ledger.Key), Token);
            var history = await store.LoadWholeAsync(ledger.Key, Token);
            var verdict = snapshot.Customer == ledger.Key ? verifier.Verify(snapshot, history, [.. ledger]) : verifier.VerifyRetired(ledger.Key, history, [.. ledger]);
            Assert.Empty(verdict.Differences);
        }
    }
}
