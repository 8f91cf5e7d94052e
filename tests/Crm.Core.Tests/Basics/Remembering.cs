using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;

namespace Crm.Core.Tests.Basics;

/// <summary>What is remembered lately is what was kept last, or is forgotten: never what nobody kept.</summary>
public sealed class Remembering
{
    [Fact]
    public void What_is_found_is_the_latest_that_was_kept_in_its_place() => Holds(4, (lately, hash) => lately.Find(hash));

    [Fact]
    public void The_law_catches_a_memory_that_looks_in_one_place_only() => Counterfeits.Caught(() => Holds(4, (lately, _) => lately.Find(0)));

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(500)]
    [InlineData(1 << 16)]
    public void It_holds_as_many_as_it_says_rounded_up_to_a_power_of_two(int most)
    {
        var lately = new Lately<string>(most);
        var answers = Enumerable.Range(0, 40 * most).Select(hash => lately.Keep(hash, $"{hash}")).ToList();

        var held = answers.Where((answer, hash) => ReferenceEquals(answer, lately.Find(hash))).Count();
        Assert.Equal((int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)most), held);
    }

    [Theory]
    [InlineData(1)]
    [InlineData((1 << 16) + 1)]
    public void A_size_that_makes_no_sense_is_refused(int most) => Assert.Throws<ArgumentOutOfRangeException>(() => new Lately<string>(most));

    // A model that remembers everything says what may be found.
    private static void Holds(int most, Func<Lately<string>, int, string?> find) => Prop.ForAll(
        Gen.OneOf(Gen.Choose(0, 9), Gen.Choose(int.MinValue, int.MaxValue)).ListOf().ToArbitrary(),
        hashes =>
        {
            var lately = new Lately<string>(most);
            var kept = new Dictionary<int, string>();
            foreach (var (i, hash) in hashes.Index())
            {
                kept[hash] = lately.Keep(hash, $"{hash}/{i}");
                Assert.Same(kept[hash], find(lately, hash));
            }

            Assert.All(kept.Keys, hash => Assert.Contains(find(lately, hash), kept.Values));
            Assert.InRange(kept.Count(pair => ReferenceEquals(find(lately, pair.Key), pair.Value)), Math.Min(1, kept.Count), most);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));
}
