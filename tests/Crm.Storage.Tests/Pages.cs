using Crm.Testing;
using Crm.Values;

namespace Crm.Storage.Tests;

/// <summary>Every store hands out customers page by page, as they are loaded by id.</summary>
public sealed class Pages
{
    private const int Many = 150;

    public static TheoryData<string> Names => [.. TestedStore.All.Select(store => store.Name)];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Pages_are_of_everybody_with_a_history_once_and_whole(string name)
    {
        await using var factory = TestedStore.All.Single(store => store.Name == name).Fresh();
        var store = await factory.OpenAsync("tea", Token);
        var pages = Assert.IsType<ICustomerPages>(store, exactMatch: false);
        Assert.Empty(await pages.LoadPageAsync(null, 10, Token));
        for (var customer = 1; customer <= Many; customer++)
        {
            var slots = Enumerable.Range(0, customer % 4).Select(slot => Samples.Slot($"slot-{slot}", (byte)customer)).ToSequence();
            await WriteAsync(store, Samples.Birth(customer) with { Slots = slots, Profile = customer % 3 == 0 ? Fields.Of(("name", $"Amy {customer}")) : null });
        }

        await WriteAsync(store, Samples.Commit(900, 0));
        await WriteAsync(await factory.OpenAsync("coffee", Token), Samples.Birth(3));
        var result = await ((IAtomicCommits)store).CommitTogetherAsync(
            [Samples.Commit(2, 1, "pos:retired") with { Retirement = new Retirement(Samples.Customer(1), 1, 1), NextDueChanged = true }, Samples.Commit(1, 1, "pos:merge")],
            Token);
        Assert.Equal(CommitResult.Done, result.Result);

        var found = new List<CustomerSnapshot>();
        for (IReadOnlyList<CustomerSnapshot> page; (page = await pages.LoadPageAsync(found.Count == 0 ? null : found[^1].Customer, 64, Token)).Count > 0;)
        {
            Assert.True(page.Count <= 64);
            found.AddRange(page);
        }

        var expected = await ((IJournalScan)store).ReadCustomersAsync(Token).ToListAsync(Token);
        Assert.Equal(Many - 1, expected.Count);
        Assert.Equal(expected, found.Select(snapshot => snapshot.Customer ?? default));
        Assert.Equal(await ((IBulkCommit)store).LoadManyAsync([.. expected.Select(CustomerRef.Of)], Token), found);
    }

    private static async Task WriteAsync(ICustomerStore store, Commit commit) => Assert.Equal(CommitResult.Done, await store.CommitAsync(commit, Token));
}
