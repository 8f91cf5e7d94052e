namespace Crm.Testing.Tests;

public sealed class SeededIds
{
    [Fact]
    public void The_same_seed_gives_the_same_ids()
    {
        var (one, other) = (new SeededIdSource(7), new SeededIdSource(7));

        Assert.All(Enumerable.Range(0, 100), _ => Assert.Equal(one.NewCustomerId(), other.NewCustomerId()));
    }

    [Fact]
    public void No_id_comes_twice_from_one_source_or_from_two()
    {
        var sources = new[] { new SeededIdSource(1), new SeededIdSource(2), new SeededIdSource(-1) };

        var ids = sources.SelectMany(source => Enumerable.Range(0, 10_000).Select(_ => source.NewCustomerId())).ToList();

        Assert.Equal(ids.Count, ids.Distinct().Count());
        Assert.All(ids, id => Assert.NotEqual(default, id));
    }

    [Fact]
    public void Ids_spread_over_all_buckets()
    {
        var source = new SeededIdSource();

        var perBucket = Enumerable.Range(0, 102_400).Select(_ => source.NewCustomerId().Bucket).CountBy(bucket => bucket).ToDictionary();

        Assert.Equal(Values.CustomerId.BucketCount, perBucket.Count);
        Assert.All(perBucket.Values, count => Assert.InRange(count, 40, 180));
    }
}
