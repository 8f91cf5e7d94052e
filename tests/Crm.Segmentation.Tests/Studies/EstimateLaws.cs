using Crm.Conditions;
using Crm.Segmentation.Studies;

namespace Crm.Segmentation.Tests.Studies;

/// <summary>Estimates of sizes, held to exact ones.</summary>
public sealed class EstimateLaws
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_estimate_covers_the_size_about_as_often_as_it_says_and_asking_everybody_is_exact()
    {
        var town = new Town(Samples.Regulars);
        for (var i = 0; i < 200; i++)
        {
            await town.BuysAsync($"c{i}", i % 3 == 0 ? [1, 2] : [1]);
        }

        var draft = Samples.Of("twice", If.Purchases().Count().AtLeast(2));
        var covered = 0;
        for (var seed = 0ul; seed < 100; seed++)
        {
            var estimate = await town.Study.EstimateAsync(draft, sample: 40, seed, Cancel);
            Assert.Equal((200, 40), (estimate.Population, estimate.Asked));
            covered += estimate.Least <= 67 && 67 <= estimate.Most ? 1 : 0;
        }

        // The seeds are fixed, so this is one number and not luck.
        Assert.InRange(covered, 90, 99);
        Assert.Equal(new SizeEstimate(200, 200, 67, 67, 67, 67), await town.Study.EstimateAsync(draft, cancellationToken: Cancel));
    }

    [Theory]
    [InlineData(1_000_000, 1_000, 0, 0, 0, 3_900)]
    [InlineData(1_000_000, 1_000, 500, 500_000, 469_000, 531_000)]
    [InlineData(100, 99, 40, 40, 40, 41)]
    [InlineData(0, 0, 0, 0, 0, 0)]
    public void The_interval_is_that_of_the_formula(int population, int asked, int hits, int size, int least, int most)
    {
        var estimate = SizeEstimate.Of(population, asked, hits);

        Assert.Equal(size, estimate.Size);
        Assert.InRange(estimate.Least, least - (population / 1_000), least + (population / 1_000));
        Assert.InRange(estimate.Most, most - (population / 1_000), most + (population / 1_000));
    }
}
