using Crm.Conditions;
using Crm.Segmentation.Explanations;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Segmentation.Tests.Explanations;

/// <summary>The smallest change is one, and there is none smaller.</summary>
public sealed class SmallestChangeLaws
{
    private static readonly string[] Names = ["a", "b", "c", "d"];

    private static Gen<Condition> Conditions(int depth) => depth == 0 ? Leaves : Gen.OneOf(
        Leaves,
        Gen.Choose(1, 3).SelectMany(count => Gen.ListOf(Conditions(depth - 1), count)).Select(parts => If.All(parts.ToSequence())),
        Gen.Choose(1, 3).SelectMany(count => Gen.ListOf(Conditions(depth - 1), count)).Select(parts => If.Any(parts.ToSequence())),
        Conditions(depth - 1).Select(If.Not),
        from parts in Gen.ListOf(Conditions(depth - 1), 3)
        from least in Gen.Choose(1, 3)
        select (Condition)new Condition.Score(parts.Select((part, place) => new Scored(part, place - 1 == 0 ? 2 : 1)).ToSequence(), new Test.AtLeast(least)));

    private static Gen<Condition> Leaves =>
        from name in Gen.Elements(Names)
        from value in Gen.Choose(0, 4)
        from question in Gen.Constant(If.Fact(name).WhenMissing(false))
        from condition in Gen.Elements(question.AtLeast(value), question.LessThan(value), question.Is(value), question.Between(value, value + 1))
        select condition;

    [Fact]
    public void The_smallest_change_turns_the_answer_and_no_smaller_set_of_values_does() => Check((search, condition) => search.Find(condition));

    [Fact]
    public void The_law_catches_a_search_that_changes_more_than_it_must() => Counterfeits.Caught(() => Check((search, condition) =>
        search.Find(condition) is { Count: 1 } one ? [.. one, (If.Fact(((Condition.Fact)one[0].Leaf).Name == "a" ? "b" : "a").AtLeast(1), 1)] : search.Find(condition)));

    [Fact]
    public void The_law_catches_a_search_that_does_not_turn_the_answer() => Counterfeits.Caught(() => Check((search, condition) => [.. search.Find(condition).Select(change => (change.Leaf, (Scalar)(change.To.AsNumber + 100)))]));

    private static void Check(Func<SmallestChange, Condition, IReadOnlyList<(Condition Leaf, Scalar To)>> find) => Prop.ForAll(
        Arb.From(Conditions(2)),
        Arb.From(Gen.ArrayOf(Gen.Choose(0, 5), Names.Length)),
        (condition, numbers) =>
        {
            var values = Names.Zip(numbers).ToDictionary(pair => pair.First, pair => pair.Second);
            var search = new SmallestChange(_ => null, leaf => values[((Condition.Fact)leaf).Name], leaf => Holds(leaf, values), Club.Opening);
            var found = find(search, condition);
            var before = Holds(condition, values);
            var least = Enumerable.Range(0, Names.Length + 1).Cast<int?>().FirstOrDefault(size => Worlds(values, size ?? 0).Any(world => Holds(condition, world) != before));
            if (least is null)
            {
                Assert.Empty(found);
                return;
            }

            var world = new Dictionary<string, int>(values);
            foreach (var (leaf, to) in found)
            {
                world[((Condition.Fact)leaf).Name] = (int)to.AsNumber;
            }

            Assert.NotEqual(before, Holds(condition, world));
            Assert.True(found.Count == least || least > 3, $"{found.Count} instead of {least}");
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    // Every world in which exactly so many values are others.
    private static IEnumerable<Dictionary<string, int>> Worlds(Dictionary<string, int> values, int size) =>
        from set in Enumerable.Range(0, 1 << Names.Length)
        where System.Numerics.BitOperations.PopCount((uint)set) == size
        from number in Enumerable.Range(0, (int)Math.Pow(8, size))
        select Names.Select((name, place) => (name, place)).ToDictionary(
            one => one.name,
            one => (set >> one.place & 1) == 0 ? values[one.name] : (number >> (3 * System.Numerics.BitOperations.PopCount((uint)set & ((1u << one.place) - 1))) & 7) - 1);

    private static bool Holds(Condition condition, Dictionary<string, int> values) => Evaluator.Evaluate(condition, new World(values)).Value;

    private sealed class World(Dictionary<string, int> values) : IEvidence
    {
        public Moment Moment => new(Club.Opening, DateTimeZone.Utc);

        public Scalar Field(string name) => default;

        public bool Observed(Condition.Field leaf) => leaf.WhenMissing;

        public Truth Window(Condition.EventWindow leaf) => default;

        public Scalar Fact(string name, out Instant? validUntil)
        {
            validUntil = null;
            return values[name];
        }
    }
}
