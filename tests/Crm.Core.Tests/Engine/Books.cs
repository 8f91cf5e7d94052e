using Crm.Engine;
using Crm.Ledger;
using Crm.Storage;
using Crm.Values;

namespace Crm.Core.Tests.Engine;

/// <summary>Everything that a store has, held against itself.</summary>
internal static class Books
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Everything in which journals, states and ledgers differ from what the journals lead to.</summary>
    public static async Task<List<string>> DifferencesAsync(Shop shop, ICustomerStore? readBy = null)
    {
        var store = readBy ?? shop.Store;
        var verifier = new CustomerVerifier(shop.Modules, shop.Options);
        var ledgers = (await shop.Store.ReadLedgerAsync(Token).ToListAsync(Token)).ToLookup(row => row.Customer, row => row.Entry);
        var found = new List<string>();
        foreach (var customer in (await shop.Store.ReadAllAsync(Token).ToListAsync(Token)).Select(row => row.Customer).Distinct())
        {
            var snapshot = await store.LoadAsync(CustomerRef.Of(customer), Token);
            var history = await store.LoadWholeAsync(customer, Token);
            var verdict = snapshot.Customer == customer
                ? verifier.Verify(snapshot, history, [.. ledgers[customer]])
                : verifier.VerifyRetired(customer, history, [.. ledgers[customer]]);
            found.AddRange(verdict.Differences.Select(difference => $"{customer}: {difference}"));
            Assert.True(snapshot.Customer != customer || verdict.NotRedecided is null || verdict.NotRedecided.Contains("order-free", StringComparison.Ordinal), verdict.NotRedecided);
        }

        return found;
    }

    /// <summary>Everything that is in a store, as text.</summary>
    public static async Task<string> PictureAsync(Shop shop) => string.Join(
        "\n",
        [
            .. (await shop.Store.ReadAllAsync(Token).ToListAsync(Token)).Select(row => $"{row.Customer} {row.Entry.Version} {row.Entry.Event.Key} {row.Entry.Receipt}"),
            .. (await shop.Store.ReadLedgerAsync(Token).ToListAsync(Token)).Select(row => $"{row}"),
            .. (await shop.Store.ReadIdentitiesAsync(Token).ToListAsync(Token)).Select(row => $"{row}"),
            .. (await shop.Store.ReadFactsAsync(Token).ToListAsync(Token)).Select(row => $"{row}"),
        ]);

    /// <summary>What is held of a unit by everybody, and what the movements add up to.</summary>
    public static async Task<long> SumAsync(Shop shop, Movement? movement = null) =>
        (await shop.Store.ReadLedgerAsync(Token).ToListAsync(Token)).Where(row => movement is null || row.Entry.Movement == movement).Sum(row => row.Entry.Amount);
}
