using Crm.Testing;

namespace Crm.Storage.Tests;

public sealed class Laws
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static IEnumerable<ITheoryDataRow> StoresAndLaws =>
        from store in TestedStore.All
        from law in StorageLaws.All
        select new TheoryDataRow<string, string>(store.Name, law.Name);

    public static IEnumerable<ITheoryDataRow> Names => StorageLaws.All.Select(law => new TheoryDataRow<string>(law.Name));

    [Theory]
    [MemberData(nameof(StoresAndLaws))]
    public async Task Every_store_keeps_every_law(string store, string law)
    {
        await using var factory = TestedStore.All.Single(tested => tested.Name == store).Fresh();

        await StorageLaws.Named(law).Check(factory, Token);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Every_law_catches_its_counterfeit(string law)
    {
        var named = StorageLaws.Named(law);

        var broken = await Assert.ThrowsAsync<LawBroken>(() => named.Check(named.Counterfeit(), Token));

        Assert.NotEqual(broken.Expected, broken.Found);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_counterfeit_is_wrong_in_one_point_only(string law)
    {
        var caught = new List<string>();
        foreach (var other in StorageLaws.All)
        {
            try
            {
                await other.Check(StorageLaws.Named(law).Counterfeit(), Token);
            }
            catch (LawBroken)
            {
                caught.Add(other.Name);
            }
        }

        Assert.Equal([law], caught);
    }

    [Fact]
    public void There_are_laws_and_no_two_share_a_name()
    {
        Assert.True(StorageLaws.All.Count >= 20);
        Assert.Equal(StorageLaws.All.Count, StorageLaws.All.Select(law => law.Name).Distinct().Count());
    }

    [Fact]
    public void A_store_is_held_only_to_the_laws_about_its_ports()
    {
        var all = StorageLaws.For(new InMemoryStore()).Count();

        Assert.Equal(StorageLaws.All.Count, all);
        Assert.DoesNotContain(StorageLaws.All, law => law.Port == typeof(IOutbox) && law.AppliesTo(new OnlyTheRequired()));
    }

    private sealed class OnlyTheRequired : ICustomerStore
    {
        public ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken) => ValueTask.FromResult(CustomerSnapshot.Nobody);

        public ValueTask<CustomerHistory> LoadHistoryAsync(Values.CustomerId customer, HistoryStart start, CancellationToken cancellationToken) => ValueTask.FromResult(new CustomerHistory(null, []));

        public ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken) => ValueTask.FromResult<CommitResult>(CommitResult.Done);

        public IAsyncEnumerable<JournalEntry> ReadJournalAsync(Values.CustomerId customer, long afterVersion, CancellationToken cancellationToken) => AsyncEnumerable.Empty<JournalEntry>();
    }
}
