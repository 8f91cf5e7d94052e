using Crm.Loyalty.Testing;
using Crm.Testing;

namespace Crm.Storage.Tests;

/// <summary>The races over points and rewards, run by every store, by the sample adapter as its author would, and by their counterfeits.</summary>
public sealed class LoyaltyRaceLaws
{
    public static IEnumerable<ITheoryDataRow> StoresAndLaws =>
        from store in TestedStore.All
        from law in LoyaltyRaces.All
        select new TheoryDataRow<string, string>(store.Name, law.Name).WithTrait("store", store.Name).WithTrait("law", law.Name);

    public static TheoryData<string> Sample => [.. LoyaltyRaces.NamesFor<CustomStore.FileStore>()];

    public static TheoryData<string> Names => [.. LoyaltyRaces.All.Select(law => law.Name)];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(StoresAndLaws))]
    public Task Every_store_ends_every_race_rightly(string store, string law) => LoyaltyRaces.CheckAsync(law, TestedStore.All.Single(tested => tested.Name == store).Fresh(), Token);

    [Theory]
    [MemberData(nameof(Sample))]
    public Task The_sample_adapter_ends_every_race_rightly(string law) => LoyaltyRaces.CheckAsync(law, new FileStores(), Token);

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Every_race_is_lost_by_its_counterfeit(string law)
    {
        for (var round = 0; round < 5; round++)
        {
            var broken = await Assert.ThrowsAsync<LawBroken>(() => LoyaltyRaces.CheckAsync(law, LoyaltyRaces.All.Single(one => one.Name == law).Counterfeit(), Token));

            Assert.NotEqual(broken.Expected, broken.Found);
        }
    }
}
