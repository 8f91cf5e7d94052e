using Crm.Engine;
using Crm.Testing;
using Crm.Tests.Shared;

namespace Crm.Storage.Tests;

public sealed class Laws
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static IEnumerable<ITheoryDataRow> StoresAndLaws =>
        from store in TestedStore.All
        from law in store.Laws
        select new TheoryDataRow<string, string>(store.Name, law.Name).WithTrait("store", store.Name).WithTrait("law", law.Name);

    public static IEnumerable<ITheoryDataRow> Names => StorageLaws.All.Select(law => new TheoryDataRow<string>(law.Name));

    [Theory]
    [MemberData(nameof(StoresAndLaws))]
    public async Task Every_store_keeps_every_law(string store, string law)
    {
        var size = Environment.GetEnvironmentVariable("CRM_LONG") == "1" ? LawSize.Full : LawSize.Usual;

        await StorageLaws.CheckAsync(law, TestedStore.All.Single(tested => tested.Name == store).Fresh(), size, Token);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Every_law_catches_its_counterfeit(string law)
    {
        var named = StorageLaws.Named(law, LawSize.Small);

        var broken = await Assert.ThrowsAsync<LawBroken>(() => named.Check(named.Counterfeit(), Token));

        Assert.NotEqual(broken.Expected, broken.Found);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_counterfeit_is_wrong_in_one_point_only(string law)
    {
        var caught = new List<string>();
        foreach (var other in StorageLaws.OfSize(LawSize.Small))
        {
            try
            {
                var counterfeit = StorageLaws.Named(law).Counterfeit();
                if (other.AppliesTo((await counterfeit.OpenAsync("probe", Token)).GetType(), counterfeit.GetType()))
                {
                    await other.Check(counterfeit, Token);
                }
            }
            catch (LawBroken)
            {
                caught.Add(other.Name);
            }
        }

        Assert.Equal([law], caught);
    }

    [Fact]
    public async Task A_store_that_speaks_of_conflicts_for_ever_is_caught() =>
        Assert.Contains("conflicts", (await Assert.ThrowsAsync<LawBroken>(() => StorageLaws.CheckAsync("No_update_is_lost_when_writers_try_again", new ConflictsForEver(), cancellationToken: Token))).Found, StringComparison.Ordinal);

    [Fact]
    public void There_are_laws_and_no_two_share_a_name()
    {
        Assert.True(StorageLaws.All.Count >= 60);
        Assert.Equal(StorageLaws.All.Count, StorageLaws.All.Select(law => law.Name).Distinct().Count());
    }

    [Fact]
    public void A_store_is_held_only_to_the_laws_about_its_ports()
    {
        Assert.Equal(StorageLaws.All.Where(law => law.Port != typeof(IHistoryScan) && law.Port != typeof(IHostTransactions)), StorageLaws.For(new InMemoryStore()));
        Assert.DoesNotContain(StorageLaws.All, law => law.Port == typeof(IOutbox) && law.AppliesTo(new OnlyTheRequired()));
    }

    [Fact]
    public void Every_law_is_mandatory_for_one_capability_and_every_capability_has_laws()
    {
        Assert.All(StorageLaws.Capabilities, capability => Assert.NotEmpty(capability.Laws));
        Assert.Equal(StorageLaws.All.Count, StorageLaws.Capabilities.Sum(capability => capability.Laws.Count()));
    }

    [Fact]
    public void Every_ability_that_the_engine_asks_a_store_for_is_a_capability_with_laws() => Assert.Equal(
        new CrmEngine(new InMemoryStore(), [], new CrmOptions(), new FakeClock(Samples.Start), new SeededIdSource()).Describe().Select(ability => ability.Port).Except([nameof(IAudienceQuery)]).Order(), // AudienceLaws are about that one
        StorageLaws.Capabilities.Select(capability => capability.Port.Name).Except([nameof(ICustomerStore)]).Order());

    [Fact]
    public void The_laws_of_this_version_are_those_that_were_approved() => Snapshot.Match(string.Join('\n',
        [
            $"Version {StorageLaws.Version}. A law that is added, or made stricter, comes with the next version.",
            .. StorageLaws.Capabilities.SelectMany(capability => new[] { "", $"{capability.Port.Name}, {(capability.Required ? "required" : "optional")}: {capability.For}" }
                .Concat(capability.Laws.Select(law => $"  {law.Since} {law.Name}{(law.Needs is { } need ? $" (with {need.Name})" : "")}"))),
        ]));

    private sealed class ConflictsForEver : IStoreFactory, ICustomerStore
    {
        private readonly InMemoryStore inner = new();

        public ValueTask<ICustomerStore> OpenAsync(string tenant, CancellationToken cancellationToken) => ValueTask.FromResult<ICustomerStore>(this);

        public ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken) => inner.LoadAsync(customer, cancellationToken);

        public ValueTask<CustomerHistory> LoadHistoryAsync(Values.CustomerId customer, HistoryStart start, CancellationToken cancellationToken) => inner.LoadHistoryAsync(customer, start, cancellationToken);

        public ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken) =>
            commit.ExpectedVersion == 0 ? inner.CommitAsync(commit, cancellationToken) : ValueTask.FromResult<CommitResult>(new CommitResult.VersionConflict());

        public IAsyncEnumerable<JournalEntry> ReadJournalAsync(Values.CustomerId customer, long afterVersion, CancellationToken cancellationToken) => inner.ReadJournalAsync(customer, afterVersion, cancellationToken);
    }

    private sealed class OnlyTheRequired : ICustomerStore
    {
        public ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken) => ValueTask.FromResult(CustomerSnapshot.Nobody);

        public ValueTask<CustomerHistory> LoadHistoryAsync(Values.CustomerId customer, HistoryStart start, CancellationToken cancellationToken) => ValueTask.FromResult(new CustomerHistory(null, []));

        public ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken) => ValueTask.FromResult<CommitResult>(CommitResult.Done);

        public IAsyncEnumerable<JournalEntry> ReadJournalAsync(Values.CustomerId customer, long afterVersion, CancellationToken cancellationToken) => AsyncEnumerable.Empty<JournalEntry>();
    }
}
