using Crm.Conditions;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Segments;

/// <summary>
/// Conditions for whom another one is worth waiting: of whom it does not hold, time alone never makes the other one true, nor need anybody ask again. They name no more than the other one does, so that a store that
/// selects by one selects by both.
/// </summary>
internal static class NearbyConditions
{
    private static readonly Condition Everybody = new Condition.All([]);

    /// <summary>Holds of whoever a condition holds of, or may come to hold of if nothing but time passes; null where that cannot be said.</summary>
    /// <param name="condition">The other condition.</param>
    /// <param name="ahead">How much later than now this one is asked, because events may lie so far ahead: windows are longer by it.</param>
    public static Condition? Near(Condition condition, Duration ahead) => Of(condition, holds: true, ahead);

    private static Condition? Of(Condition condition, bool holds, Duration ahead) => condition switch
    {
        // A whole changes by time only if each part that is against it does: a part for which time does nothing keeps it as it is.
        Condition.All { Of: var parts } => holds ? All(parts, holds, ahead) : Any(parts, holds, ahead),
        Condition.Any { Of: var parts } => holds ? Any(parts, holds, ahead) : All(parts, holds, ahead),
        Condition.Not { Of: var part } => Of(part, !holds, ahead),
        Condition.Fact { Is: var test } fact when !test.IsTimedTest() => fact.Name.StartsWith(SegmentNames.FactPrefix, StringComparison.Ordinal)
            ? Now(fact, holds)
            : new Condition.Any([Now(fact, holds), fact with { Is = new Test.Known(), WhenMissing = false }]),
        Condition.EventWindow { Measure: Measure.Count or Measure.SumOfSpend or Measure.SumOfQuantity } leaf => OfSum(leaf, holds, ahead),
        _ => null,
    };

    // What has happened leaves a window that goes with the time, and nothing enters it: a sum over it only grows less.
    private static Condition? OfSum(Condition.EventWindow leaf, bool holds, Duration ahead) => leaf switch
    {
        { Window: Window.Lifetime } => leaf.Is.IsTimedTest() ? null : Now(leaf, holds),
        { Window: Window.Last { Skip: var skip } last } when skip == Duration.Zero => leaf.Is switch
        {
            Test.AtLeast { Value.Kind: ScalarKind.Number } or Test.MoreThan { Value.Kind: ScalarKind.Number } => holds ? Longer(leaf, last, ahead) : Everybody,
            Test.AtMost { Value.Kind: ScalarKind.Number } or Test.LessThan { Value.Kind: ScalarKind.Number } => holds ? Everybody : Now(Longer(leaf, last, ahead), holds),
            _ => null,
        },
        _ => null,
    };

    private static Condition.EventWindow Longer(Condition.EventWindow leaf, Window.Last window, Duration ahead) => leaf with { Window = new Window.Last(window.Length + ahead) };

    private static Condition Now(Condition leaf, bool holds) => holds ? leaf : new Condition.Not(leaf);

    private static Condition.All? All(Sequence<Condition> parts, bool holds, Duration ahead) => Each(parts, holds, ahead) is { } each ? new Condition.All(each.Where(part => !IsEverybody(part)).ToSequence()) : null;

    private static Condition? Any(Sequence<Condition> parts, bool holds, Duration ahead) => Each(parts, holds, ahead) is not { } each ? null
        : each.Exists(IsEverybody) ? Everybody
        : new Condition.Any(each.ToSequence());

    private static List<Condition>? Each(Sequence<Condition> parts, bool holds, Duration ahead)
    {
        var each = new List<Condition>(parts.Count);
        foreach (var part in parts)
        {
            if (Of(part, holds, ahead) is not { } near)
            {
                return null;
            }

            each.Add(near);
        }

        return each;
    }

    private static bool IsEverybody(Condition condition) => condition is Condition.All { Of.IsEmpty: true };

    private static bool IsTimedTest(this Test test) => test is Test.Relative or Test.Anniversary;
}
