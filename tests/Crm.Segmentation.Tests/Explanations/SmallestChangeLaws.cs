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
    private static readonly LocalDate OfAge = new(2007, 6, 15);

    private static readonly decimal[] Named = [0, 0.5m, 2.25m];

    // How near to a number that tests name others are.
    private const decimal Near = 0.001m;

    // The numbers that tests name, those between any two of them, and some below and above all.
    private static readonly Scalar[] Numbers = [.. Named.Concat(Named.Select(number => number + 1.5m)).SelectMany(number => new[] { number, number - Near, number + Near }).Concat([-1, 1, 3, 5]).Distinct().Order().Select(Scalar.Of)];

    // What each fact can be, as far as the tests can tell it apart.
    private static readonly (string Name, Scalar[] Values)[] Facts =
    [
        ("a", Numbers),
        ("b", Numbers),
        ("tier", [default, "gold", "silver", "g", "tin"]),
        ("day", [.. Enumerable.Range(-2, 5).Select(days => (Scalar)Today.PlusDays(days))]),
        ("tags", [default, "tea", "cup", Scalar.Of(["cup", "tea"]), "tin"]),
        ("born", [Today.PlusYears(-1), Today.PlusYears(-1).PlusDays(1), Today.PlusYears(-1).PlusDays(-2), new LocalDate(2008, 1, 1), OfAge, OfAge.PlusDays(-1), new LocalDate(2007, 1, 1)]),
    ];

    // Everything that the facts of a condition together can be; the others stay as they are.
    private static IEnumerable<Scalar[]> Worlds(Condition condition, Scalar[] values)
    {
        var asked = condition.Leaves().Select(PlaceOf).ToHashSet();
        return Facts.Select((fact, place) => asked.Contains(place) ? fact.Values : [values[place]])
            .Aggregate((IEnumerable<Scalar[]>)[[]], (worlds, all) => worlds.SelectMany(world => all, (world, value) => (Scalar[])[.. world, value]));
    }

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
        from value in Gen.Elements(Named)
        from question in Gen.Constant(If.Fact(name).WhenMissing(false))
        from condition in Gen.Elements(question.AtLeast(value), question.LessThan(value), question.MoreThan(value), question.AtMost(value), question.Is(value), question.Between(value, value + 1.5m))
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
        from question in Gen.Constant(If.Fact("born").WhenMissing(false))
        from condition in Gen.Elements(question.HasAnniversary("UTC"), question.HasAnniversary("UTC"), question.LessThan(OfAge), question.AtLeast(OfAge))
        select condition);

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

    [Fact]
    public void The_law_catches_a_search_by_whole_numbers() => Counterfeits.Caught(() => Check((search, condition) =>
        [.. search.Find(condition).Select(change => change.Says is not null && change.To.Kind == ScalarKind.Number ? change with { To = decimal.Floor(change.To.AsNumber) - 1, Says = null } : change)]));

    [Fact]
    public void The_law_catches_a_change_that_says_more_than_turns_the_answer() => Counterfeits.Caught(() => Check((search, condition) =>
        [.. search.Find(condition).Select(change => change.Says is Condition.Fact { Is: Test.LessThan } says ? change with { Says = says with { Is = new Test.Between(-5, 5) } } : change)]));

    [Fact]
    public void The_law_catches_a_date_that_is_farther_than_it_must_be() => Counterfeits.Caught(() => Check((search, condition) =>
        [.. search.Find(condition).Select(change => change.Leaf is Condition.Fact { Name: "born" } && change.To.AsDate is { } date ? change with { To = date.PlusYears(-4) } : change)]));

    // Sixteen questions about seven facts, of which several may look at one.
    private static readonly Gen<Condition> Wide = (
        from parts in Gen.Choose(5, 9).SelectMany(count => Gen.ListOf(
            from name in Gen.Elements("c", "d", "e", "f", "g", "h", "i")
            from other in Gen.Elements("c", "d", "e", "f", "g", "h", "i")
            from value in Gen.Elements(1m, 2m)
            from question in Gen.Constant(If.Fact(name).WhenMissing(false))
            from leaf in Gen.Elements(question.AtLeast(value), question.AtLeast(value), question.LessThan(value), question.Is(value))
            from form in Gen.Choose(0, 4)
            select form switch { 0 => If.Any(leaf, If.All(If.Fact(other).WhenMissing(false).AtLeast(2), If.Fact(name).WhenMissing(false).AtLeast(1))), 1 => If.All(leaf, If.Not(If.Fact(other).WhenMissing(false).Is(2))), _ => leaf }, count))
        from least in Gen.Choose(0, 9)
        select least > 6
            ? (Condition)new Condition.Score(parts.Select((part, place) => new Scored(part, (place % 3) + 1)).ToSequence(), new Test.AtLeast(least))
            : If.All(parts.ToSequence())).SelectMany(condition => Gen.Elements(condition, If.Not(condition)));

    private static readonly Scalar[] Few = [0, 1, 1.5m, 2, 3];

    [Fact]
    public void Where_many_values_have_to_change_a_change_is_found_whenever_there_is_one() => CheckWide((search, condition) => search.Find(condition));

    [Fact]
    public void The_law_of_many_values_catches_a_search_that_gives_up() => Counterfeits.Caught(() => CheckWide((search, condition) => search.Find(condition) is { Count: <= 3 } found ? found : []));

    [Fact]
    public void The_law_of_many_values_catches_a_search_that_takes_for_a_value_what_the_first_leaf_asks() => Counterfeits.Caught(() => CheckWide((search, condition) => [.. search.Find(condition).Select(change =>
        LeafValues.TestOf(change.Leaf) is Test.AtLeast { Value: { Kind: ScalarKind.Number } first } ? change with { To = first, Says = null } : change)]));

    private static void CheckWide(Func<SmallestChange, Condition, IReadOnlyList<ChangedValue>> find) => Prop.ForAll(Arb.From(Wide), Arb.From(Gen.ArrayOf(Gen.Elements(Few), 7)), (condition, values) =>
    {
        bool HoldsOf(Condition part, Scalar[] world) => Evaluator.Evaluate(part, new Named7(world)).Value;
        var found = find(new SmallestChange(_ => null, leaf => values[Named7.PlaceOf(((Condition.Fact)leaf).Name)], leaf => HoldsOf(leaf, values), Club.Opening), condition);
        var before = HoldsOf(condition, values);
        if (found.Count > 0)
        {
            Scalar[] other = [.. values];
            foreach (var change in found)
            {
                other[Named7.PlaceOf(((Condition.Fact)change.Leaf).Name)] = change.To;
            }

            Assert.NotEqual(before, HoldsOf(condition, other));
            return;
        }

        // All that the facts of the condition can be, until one turns the answer.
        var asked = condition.Leaves().Select(leaf => Named7.PlaceOf(((Condition.Fact)leaf).Name)).ToHashSet();
        var worlds = values.Select((value, place) => asked.Contains(place) ? Few : [value])
            .Aggregate((IEnumerable<Scalar[]>)[[]], (all, some) => all.SelectMany(world => some, (world, value) => (Scalar[])[.. world, value]));
        Assert.DoesNotContain(worlds, world => HoldsOf(condition, world) != before);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(3_000));

    private static void Check(Func<SmallestChange, Condition, IReadOnlyList<ChangedValue>> find) => Prop.ForAll(
        Arb.From(Conditions(2)),
        Arb.From(Gen.ArrayOf(Gen.Choose(0, 1_000), Facts.Length)),
        (condition, chosen) =>
        {
            Scalar[] values = [.. Facts.Zip(chosen, (fact, place) => fact.Values[place % fact.Values.Length])];
            var search = new SmallestChange(_ => null, leaf => values[PlaceOf(leaf)], leaf => Holds(leaf, values), Club.Opening);
            var found = find(search, condition);
            var before = Holds(condition, values);
            var least = Worlds(condition, values).Where(world => Holds(condition, world) != before).Min(world => (int?)world.Zip(values).Count(pair => pair.First != pair.Second));
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
            if (found is [var only])
            {
                IsNearest(condition, values, only);
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1_000));

    // Every value for which what is said holds will do, and none that will do is nearer than what is said.
    private static void IsNearest(Condition condition, Scalar[] values, ChangedValue found)
    {
        var place = PlaceOf(found.Leaf);
        var nearest = decimal.MaxValue;
        var all = Facts[place].Values.Select(value => (Value: value, World: (Scalar[])[.. values[..place], value, .. values[(place + 1)..]])).ToList();
        foreach (var (value, world) in all)
        {
            var turns = Holds(condition, world) != Holds(condition, values);
            Assert.True(found.Says is null || !Holds(found.Says, world) || turns, $"{value} does not turn {ConditionJson.Write(condition)}, where it is said that {found.Says} does");
            if (turns && value.Kind == ScalarKind.Number)
            {
                nearest = Math.Min(nearest, Math.Abs(value.AsNumber - values[place].AsNumber));
            }
        }

        if (Facts[place].Values == Numbers)
        {
            Assert.True(found.Says is null
                ? Math.Abs(found.To.AsNumber - values[place].AsNumber) <= nearest + Near
                : all.Exists(one => Holds(found.Says, one.World) && Math.Abs(one.Value.AsNumber - values[place].AsNumber) <= nearest + Near), $"{nearest} away is one that turns {ConditionJson.Write(condition)}, and {found} is said");
        }

        if (values[place].AsDate is { } day && found.To.AsDate is { } to)
        {
            Assert.All(all.Where(one => Holds(condition, one.World) != Holds(condition, values)), one =>
                Assert.True(Math.Abs(Period.DaysBetween(day, to)) <= Math.Abs(Period.DaysBetween(day, one.Value.AsDate!.Value)), $"{one.Value} turns {ConditionJson.Write(condition)} and is nearer to {day} than {to}"));
        }
    }

    private static int PlaceOf(Condition leaf) => Array.FindIndex(Facts, fact => fact.Name == ((Condition.Fact)leaf).Name);

    private static bool Holds(Condition condition, Scalar[] values) => Evaluator.Evaluate(condition, new World(values)).Value;

    /// <summary>Seven facts, "c" to "i".</summary>
    private sealed class Named7(Scalar[] values) : IEvidence
    {
        public Moment Moment => new(Club.Opening, DateTimeZone.Utc);

        public static int PlaceOf(string name) => name[0] - 'c';

        public Scalar Field(string name) => default;

        public bool Observed(Condition.Field leaf) => leaf.WhenMissing;

        public Truth Window(Condition.EventWindow leaf) => default;

        public Scalar Fact(string name, out Instant? validUntil)
        {
            validUntil = null;
            return values[PlaceOf(name)];
        }
    }

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
