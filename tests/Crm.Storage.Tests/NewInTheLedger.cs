using Crm.Testing;
using Crm.Values;

namespace Crm.Storage.Tests;

/// <summary>Every store can say what is new in its ledger.</summary>
public sealed class NewInTheLedger
{
    private const int Many = 300;

    public static TheoryData<string> Names => [.. TestedStore.All.Select(store => store.Name)];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Names))]
    public async Task What_was_written_after_a_version_is_told_in_order_and_nothing_else(string name)
    {
        await using var factory = TestedStore.All.Single(store => store.Name == name).Fresh();
        var store = await factory.OpenAsync("tea", Token);
        var ledger = Assert.IsType<ILedgerScan>(store, exactMatch: false);
        Assert.Empty(await ledger.ReadVersionsAsync(null, 10, Token));
        for (var customer = 1; customer <= Many; customer++)
        {
            Assert.Equal(CommitResult.Done, await store.CommitAsync(Samples.Commit(customer, 0) with { Ledger = [Samples.Issued(customer), Samples.Issued(1)] }, Token));
        }

        Assert.Equal(CommitResult.Done, await store.CommitAsync(Samples.Commit(7, 1) with { Ledger = [Samples.Issued(50), Samples.Issued(60)] }, Token));
        Assert.Equal(CommitResult.Done, await store.CommitAsync(Samples.Commit(8, 1), Token));
        Assert.Equal(CommitResult.Done, await (await factory.OpenAsync("coffee", Token)).CommitAsync(Samples.Commit(7, 0) with { Ledger = [Samples.Issued(99)] }, Token));

        var versions = new List<CustomerVersion>();
        for (IReadOnlyList<CustomerVersion> some; (some = await ledger.ReadVersionsAsync(versions.Count == 0 ? null : versions[^1].Customer, 128, Token)).Count > 0;)
        {
            versions.AddRange(some);
        }

        Assert.Equal([.. Enumerable.Range(1, Many).Select(Samples.Customer).OrderBy(customer => (customer.Bucket, customer))], versions.Select(version => version.Customer));
        Assert.Equal(Many + 2, versions.Sum(version => version.Version));
        var whole = await ledger.ReadLedgerAfterAsync([.. versions.Select(version => version with { Version = 0 })], Token);
        Assert.Equal(await ((IJournalScan)store).ReadLedgerAsync(Token).ToListAsync(Token), whole.Select(line => (line.Customer, line.Entry)));
        Assert.Empty(await ledger.ReadLedgerAfterAsync(versions, Token));
        Assert.Empty(await ledger.ReadLedgerAfterAsync([], Token));
        var news = await ledger.ReadLedgerAfterAsync([.. versions.Select(version => version with { Version = 1 })], Token);
        Assert.Equal([(Samples.Customer(7), 2L, 50L), (Samples.Customer(7), 2L, 60L)], news.Select(line => (line.Customer, line.Version, line.Entry.Amount)));
    }
}
