using Crm.Conditions;
using Crm.Segmentation.Linting;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;

namespace Crm.Segmentation.Tests.Linting;

/// <summary>What the linter says never holds, or always, is so of whoever it is asked.</summary>
public sealed class LintLaws
{
    [Fact]
    public void What_is_called_never_or_always_true_is_so_under_the_evaluator() => Agrees(condition => condition);

    [Fact]
    public void The_law_catches_a_linter_that_takes_at_most_for_less() =>
        Refuted(leaf => leaf is Condition.EventWindow { Is: Test.AtMost most } window ? window with { Is = new Test.LessThan(most.Value) } : leaf);

    [Fact]
    public void The_law_catches_a_linter_that_forgets_what_missing_values_answer() =>
        Refuted(leaf => leaf is Condition.Field field ? field with { WhenMissing = false } : leaf is Condition.Fact fact ? fact with { WhenMissing = false } : leaf);

    [Fact]
    public void The_law_catches_a_linter_that_takes_a_window_for_the_lifetime() =>
        Refuted(leaf => leaf is Condition.EventWindow window ? window with { Window = new Window.Lifetime() } : leaf);

    [Fact]
    public void The_law_catches_a_linter_that_takes_all_days_for_those_of_one_zone() =>
        Refuted(leaf => leaf is Condition.Moment moment ? moment with { Zone = null } : leaf, Arbitrary.MomentPairs);

    [Fact]
    public void The_law_catches_a_linter_that_takes_a_month_for_thirty_days() =>
        Refuted(leaf => leaf is Condition.Fact { Is: Test.Relative { To: RelativeTime.Today { Shift: { Months: not 0 } shift } today } relative } fact
            ? fact with { Is = relative with { To = today with { Shift = NodaTime.Period.FromDays((30 * shift.Months) + shift.Days) } } } : leaf, Arbitrary.MovingPairs);

    [Fact]
    public void Who_cannot_change_side_does_not_and_a_part_that_is_loosened_lets_in_whom_it_let_in()
    {
        var (narrower, changed) = (0, 0);
        Prop.ForAll((from before in Arbitrary.Conditions from after in Arbitrary.Conditions from customers in Gen.ListOf(Arbitrary.Customers, 12) select (before, after, customers)).ToArbitrary(), sample =>
        {
            foreach (var (before, after) in new[] { (sample.before, sample.after), (sample.before, sample.before & sample.after), (sample.before | sample.after, sample.before), (sample.before, Tighter(sample.before)) })
            {
                var diff = SegmentDiff.Of(before, after);
                narrower += diff.SomeMayEnter ? 0 : 1;
                foreach (var customer in sample.customers)
                {
                    var (was, @is) = (Holds(before, customer), Holds(after, customer));
                    Assert.Equal((@is && !was, was && !@is), (Holds(diff.Entering, customer), Holds(diff.Leaving, customer)));
                    Assert.False(@is && !was && !diff.SomeMayEnter, $"{customer} enters.");
                    Assert.False(was && !@is && !diff.SomeMayLeave, $"{customer} leaves.");
                    foreach (var leaf in diff.Leaves.Where(leaf => leaf.Change is LeafChange.Loosened or LeafChange.Tightened))
                    {
                        changed++;
                        var (narrow, wide) = leaf.Change == LeafChange.Loosened ? (leaf.Before!, leaf.After!) : (leaf.After!, leaf.Before!);
                        Assert.True(!Holds(narrow, customer) || Holds(wide, customer), $"{leaf} is not so of {customer}.");
                    }
                }
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));
        Assert.True(narrower > 100 && changed > 100, $"Only {narrower} of the versions were narrower, and {changed} parts were loosened or tightened.");
    }

    [Fact]
    public void Where_somebody_changes_side_something_is_said_to_have_changed() => Names(diff => diff.Leaves);

    [Fact]
    public void The_law_catches_a_difference_that_does_not_look_at_how_parts_are_put_together() =>
        Counterfeits.Caught(() => Names(diff => diff.Leaves.Where(leaf => leaf.Change != LeafChange.Regrouped)));

    private static void Names(Func<SegmentDiff, IEnumerable<ChangedLeaf>> changes)
    {
        var changed = 0;
        Prop.ForAll((from before in Arbitrary.Conditions from after in Arbitrary.Conditions from customers in Gen.ListOf(Arbitrary.Customers, 12) select (before, after, customers)).ToArbitrary(), sample =>
        {
            foreach (var (before, after) in new[] { (sample.before, sample.after), (sample.before & sample.after, sample.before | sample.after), (sample.before, Tighter(sample.before)), (sample.before, Turned(sample.before)) })
            {
                if (sample.customers.Any(customer => Holds(before, customer) != Holds(after, customer)))
                {
                    changed++;
                    Assert.NotEmpty(changes(SegmentDiff.Of(before, after)));
                }
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));
        Assert.True(changed > 100, $"Only {changed} of the versions let anybody change side.");
    }

    private static Condition Turned(Condition condition) => condition switch
    {
        Condition.All all => new Condition.Any(all.Of.Select(Turned).ToSequence()),
        Condition.Any any => new Condition.All(any.Of.Select(Turned).ToSequence()),
        Condition.Not not => new Condition.Not(Turned(not.Of)),
        _ => condition,
    };

    // A counterfeit of few conditions is shown those of all that it is about.
    private static void Refuted(Func<Condition, Condition> counterfeit, Gen<Condition>? among = null) => Counterfeits.Caught(() => Agrees(condition => Mapped(condition, counterfeit), among));

    /// <param name="seen">What the linter sees of a condition.</param>
    /// <param name="among">Which conditions; null: all.</param>
    private static void Agrees(Func<Condition, Condition> seen, Gen<Condition>? among = null)
    {
        var (never, always) = (0, 0);
        Prop.ForAll((from condition in among ?? Arbitrary.Conditions from customers in Gen.ListOf(Arbitrary.Customers, 30) select (condition, customers)).ToArbitrary(), sample =>
        {
            foreach (var part in WithParts(sample.condition).Where(part => ConditionCheck.Check(seen(part)).IsEmpty))
            {
                var codes = SegmentLinter.Lint(seen(part)).Findings.Where(finding => finding.Path == "$").Select(finding => finding.Code).ToHashSet();
                if (codes.Contains(LintCodes.NeverTrue) || codes.Contains(LintCodes.Contradiction))
                {
                    never++;
                    Assert.DoesNotContain(sample.customers, customer => Holds(part, customer));
                }

                if (codes.Contains(LintCodes.AlwaysTrue))
                {
                    always++;
                    Assert.DoesNotContain(sample.customers, customer => !Holds(part, customer));
                }
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1_500));
        Assert.True(never > 40 && always > 40, $"Only {never} parts were called never true and {always} always true.");
    }

    private static bool Holds(Condition condition, Arbitrary.Customer customer) => Evaluator.Evaluate(condition, customer).Value;

    private static Condition Tighter(Condition condition) => Mapped(condition, leaf => leaf is Condition.EventWindow { Is: Test.AtLeast least } window ? window with { Is = new Test.AtLeast(least.Value.AsNumber + 1) } : leaf);

    private static IEnumerable<Condition> WithParts(Condition condition) => (condition switch
    {
        Condition.All all => all.Of.SelectMany(WithParts),
        Condition.Any any => any.Of.SelectMany(WithParts),
        Condition.Not not => WithParts(not.Of),
        Condition.Score score => score.Of.SelectMany(part => WithParts(part.When)),
        _ => [],
    }).Append(condition);

    private static Condition Mapped(Condition condition, Func<Condition, Condition> leaf) => condition switch
    {
        Condition.All all => new Condition.All(all.Of.Select(part => Mapped(part, leaf)).ToSequence()),
        Condition.Any any => new Condition.Any(any.Of.Select(part => Mapped(part, leaf)).ToSequence()),
        Condition.Not not => new Condition.Not(Mapped(not.Of, leaf)),
        Condition.Score score => score with { Of = score.Of.Select(part => part with { When = Mapped(part.When, leaf) }).ToSequence() },
        _ => leaf(condition),
    };
}
