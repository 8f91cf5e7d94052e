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
    private static readonly LocalDate Today = new(2026, 1, 1);

    // What each fact can be, as far as the tests can tell it apart.
    private static readonly (string Name, Scalar[] Values)[] Facts =
    [
        ("a", [-1, 0, 1, 2, 3, 4, 5, 6]),
        ("b", [-1, 0, 1, 2, 3, 4, 5, 6]),
        ("tier", [default, "gold", "silver", "g", "tin"]),
        ("day", [.. Enumerable.Range(-2, 5).Select(days => (Scalar)Today.PlusDays(days))]),
        ("tags", [default, "tea", "cup", Scalar.Of(["cup", "tea"]), "tin"]),
        ("born", [Today.PlusYears(-1), Today.PlusYears(-1).PlusDays(1), Today.PlusYears(-1).PlusDays(-2)]),
    ];

    // Everything that the facts together can be.
    private static readonly Scalar[][] Worlds = [.. Facts.Aggregate((IEnumerable<Scalar[]>)[[]], (worlds, fact) => worlds.SelectMany(world => fact.Values, (world, value) => (Scalar[])[.. world, value]))];

    private static Gen<Condition> Conditions(int depth) => depth == 0 ? Leaves : Gen.OneOf(
        Leaves,
        Gen.Choose(1, 3).SelectMany(count => Gen.ListOf(Conditions(depth - 1), count)).Select(parts => If.All(parts.ToSequence())),
        Gen.Choose(1, 3).SelectMany(count => Gen.ListOf(Conditions(depth - 1), count)).Select(parts => If.Any(parts.ToSequence())),
        Conditions(depth - 1).Select(If.Not),
        from parts in Gen.ListOf(Conditions(depth - 1), 3)
        from least in Gen.Choose(1, 3)
        select (Condition)new Condition.Score(parts.Select((part, place) => new Scored(part, place - 1 == 0 ? 2 : 1)).ToSequence(), new Test.AtLeast(least)));

    private static Gen<Condition> Leaves => Gen.OneOf(
        from name in Gen.Elements("a", "b")
        from value in Gen.Choose(0, 4)
        from question in Gen.Constant(If.Fact(name).WhenMissing(false))
        from condition in Gen.Elements(question.AtLeast(value), question.LessThan(value), question.Is(value), question.Between(value, value + 1))
        select condition,
        from missing in Gen.Elements(true, false)
        from test in Gen.Elements<Test>(new Test.EqualTo("gold"), new Test.EqualTo("silver"), new Test.OneOf(["gold", "silver"]), new Test.StartsWith("g"), new Test.Matches("^gold$"), new Test.Known())
        select (Condition)new Condition.Fact("tier", test, missing && test is not Test.Known),
        from days in Gen.Choose(-1, 1)
        from comparison in Gen.Elements(Enum.GetValues<Comparison>())
        select If.Fact("day").FromToday(comparison, Period.FromDays(days), "UTC"),
        from missing in Gen.Elements(true, false)
        from test in Gen.Elements<Test>(new Test.AnyOf(["tea"]), new Test.AnyOf(["tea", "cup"]), new Test.AllOf(["cup", "tea"]), new Test.AnyOf(["cup"]))
        select (Condition)new Condition.Fact("tags", test, missing),
        Gen.Constant(If.Fact("born").HasAnniversary("UTC")));

    [Fact]
    public void The_smallest_change_turns_the_answer_and_no_smaller_set_of_values_does() => Check((search, condition) => search.Find(condition));

    [Fact]
    public void The_law_catches_a_search_that_changes_more_than_it_must() => Counterfeits.Caught(() => Check((search, condition) =>
        search.Find(condition) is { Count: 1 } one ? [.. one, new ChangedValue(If.Fact(((Condition.Fact)one[0].Leaf).Name == "a" ? "b" : "a").AtLeast(1), 1, null)] : search.Find(condition)));

    [Fact]
    public void The_law_catches_a_search_that_does_not_turn_the_answer() => Counterfeits.Caught(() => Check((search, condition) => [.. search.Find(condition).Select(change => change with { To = change.To.AsNumber + 100 })]));

    [Fact]
    public void The_law_catches_a_search_among_the_values_that_tests_name() => Counterfeits.Caught(() => Check((search, condition) => search.Find(condition) is var found && found.Any(change => change.Says is not null) ? [] : found));

    [Fact]
    public void The_law_catches_a_change_that_says_the_opposite() => Counterfeits.Caught(() => Check((search, condition) => [.. search.Find(condition).Select(change => change.Says is { } says ? change with { Says = !says } : change)]));

    private static void Check(Func<SmallestChange, Condition, IReadOnlyList<ChangedValue>> find) => Prop.ForAll(
        Arb.From(Conditions(2)),
        Arb.From(Gen.ArrayOf(Gen.Choose(0, 1_000), Facts.Length)),
        (condition, chosen) =>
        {
            Scalar[] values = [.. Facts.Zip(chosen, (fact, place) => fact.Values[place % fact.Values.Length])];
            var search = new SmallestChange(_ => null, leaf => values[PlaceOf(leaf)], leaf => Holds(leaf, values), Club.Opening);
            var found = find(search, condition);
            var before = Holds(condition, values);
            var least = Worlds.Where(world => Holds(condition, world) != before).Min(world => (int?)world.Zip(values).Count(pair => pair.First != pair.Second));
            if (least is null)
            {
                Assert.Empty(found);
                return;
            }

            Scalar[] other = [.. values];
            foreach (var change in found)
            {
                other[PlaceOf(change.Leaf)] = change.To;
            }

            Assert.NotEqual(before, Holds(condition, other));
            Assert.True(found.Count == least || least > 3, $"{found.Count} instead of {least}");
            Assert.All(found, change => Assert.True(change.Says is null || Holds(change.Says, other)));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    private static int PlaceOf(Condition leaf) => Array.FindIndex(Facts, fact => fact.Name == ((Condition.Fact)leaf).Name);

    private static bool Holds(Condition condition, Scalar[] values) => Evaluator.Evaluate(condition, new World(values)).Value;

    private sealed class World(Scalar[] values) : IEvidence
    {
        public Moment Moment => new(Club.Opening, DateTimeZone.Utc);

        public Scalar Field(string name) => default;

        public bool Observed(Condition.Field leaf) => leaf.WhenMissing;

        public Truth Window(Condition.EventWindow leaf) => default;

        public Scalar Fact(string name, out Instant? validUntil)
        {
            validUntil = null;
            return values[Array.FindIndex(Facts, fact => fact.Name == name)];
        }
    }
}
