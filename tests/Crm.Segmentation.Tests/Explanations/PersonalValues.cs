using Crm.Conditions;
using Crm.Segmentation.Explanations;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Segmentation.Tests.Explanations;

/// <summary>The change that is said of a profile follows from which parts hold, and from nothing else that stands in it.</summary>
public sealed class PersonalValues
{
    private static readonly LocalDate OfAge = new(2008, 6, 15);

    private static readonly Scalar[] Births = [new LocalDate(1950, 6, 15), new LocalDate(1961, 1, 1), new LocalDate(1985, 12, 25), new LocalDate(1999, 7, 1), new LocalDate(2005, 1, 1), OfAge, new LocalDate(2015, 6, 1), new LocalDate(2025, 1, 1)];

    private static readonly Scalar[] Numbers = [0, 1, 2, 2.5m, 3, 10, 100];

    private static readonly (Scalar Born, Scalar Children)[] Everybody = [.. Births.SelectMany(born => Numbers.Select(children => (born, children)))];

    [Fact]
    public void Two_of_whom_the_same_parts_hold_are_told_the_same() => AreToldTheSame(If.Field);

    [Fact]
    public void The_law_catches_what_is_nearest_to_the_value() => Counterfeits.Caught(() => AreToldTheSame(If.Fact));

    private static Gen<Condition> Leaves(Func<string, ValueQuestion> value)
    {
        var (born, children) = (value("customer.born").WhenMissing(false), value("customer.children").WhenMissing(false));
        return Gen.Elements(
            born.HasAnniversary("UTC"), born.HasAnniversary("UTC", 7, 7), born.LessThan(OfAge), born.Between(new LocalDate(1960, 1, 1), new LocalDate(2000, 1, 1)),
            children.AtLeast(1), children.LessThan(3), children.Between(1, 3), children.Is(2));
    }

    private static Gen<Condition> Conditions(Func<string, ValueQuestion> value, int depth) => depth == 0 ? Leaves(value) : Gen.OneOf(
        Leaves(value),
        Conditions(value, depth - 1).Select(If.Not),
        from parts in Gen.Choose(2, 3).SelectMany(count => Gen.ListOf(Conditions(value, depth - 1), count))
        from all in Gen.Elements(true, false)
        select all ? If.All(parts.ToSequence()) : If.Any(parts.ToSequence()));

    private static void AreToldTheSame(Func<string, ValueQuestion> value) => Prop.ForAll(
        Arb.From(Conditions(value, 2)),
        Arb.From(Gen.Elements(Everybody)),
        Arb.From(Gen.Choose(0, 1_000)),
        (condition, one, place) =>
        {
            var alike = Everybody.Where(other => condition.Leaves().All(leaf => Holds(leaf, other) == Holds(leaf, one))).ToList();

            Assert.Equal(Told(one), Told(alike[place % alike.Count]));

            IReadOnlyList<ChangedValue> Told((Scalar Born, Scalar Children) of) => new SmallestChange(_ => null, leaf => Of(leaf, of), leaf => Holds(leaf, of), Club.Opening).Find(condition);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1_000));

    private static bool Holds(Condition leaf, (Scalar Born, Scalar Children) of) => LeafValues.Holds(leaf, Of(leaf, of), Club.Opening);

    private static Scalar Of(Condition leaf, (Scalar Born, Scalar Children) of) =>
        (leaf is Condition.Field field ? field.Name : ((Condition.Fact)leaf).Name) == "customer.born" ? of.Born : of.Children;
}
