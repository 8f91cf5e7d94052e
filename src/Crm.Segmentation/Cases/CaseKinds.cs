using Crm.Conditions;
using Crm.Events;
using Crm.Values;

namespace Crm.Segmentation.Cases;

/// <summary>The kinds of events that definitions ask for, or cases have, and that no module declares: happenings, with the fields that are asked for and given.</summary>
internal static class CaseKinds
{
    public static IEnumerable<EventKind> Of(IEnumerable<Condition> conditions, IEnumerable<CustomerEvent> events, EventKinds known)
    {
        var leaves = conditions.SelectMany(condition => condition.Leaves()).OfType<Condition.EventWindow>().ToList();
        var given = events.SelectMany(happened => happened.Fields.Select(pair => (happened.Kind, Field: pair.Key, ValueKind: (ScalarKind?)pair.Value.Kind)).Append((happened.Kind, Field: "", ValueKind: null)));
        var asked = leaves.SelectMany(leaf => leaf.Patterns()).SelectMany(pattern => InFilter(pattern.Where).Select(field => (pattern.Kind, Field: field.Name, ValueKind: KindOf(field.Is))).Append((pattern.Kind, Field: "", ValueKind: null)));
        var measured = leaves.Where(leaf => leaf.Measure is Measure.Aggregate { Of: Measured.Named }).Select(leaf => (leaf.Kind, Field: Unscoped(((Measured.Named)((Measure.Aggregate)leaf.Measure).Of).Name), ValueKind: MeasuredKind(leaf)));
        return given.Concat(asked).Concat(measured)
            .Where(one => known.Find(one.Kind) is null && Names.IsName(one.Kind))
            .GroupBy(one => one.Kind, StringComparer.Ordinal)
            .Select(kind => new EventKind(kind.Key, EventNature.Happening)
            {
                Fields = kind.Where(one => one.Field.Length > 0 && !EventFields.OfEveryEvent.Contains(one.Field)).GroupBy(one => one.Field, StringComparer.Ordinal)
                    .Select(field => new FieldDeclaration(field.Key, field.Select(one => one.ValueKind).FirstOrDefault(value => value is not null) ?? ScalarKind.Code)).ToSequence(),
            });
    }

    private static IEnumerable<(string Name, Test Is)> InFilter(Condition? where) => (where?.Leaves() ?? []).OfType<Condition.Field>()
        .Where(field => field.Name.StartsWith(EventFields.Scope, StringComparison.Ordinal)).Select(field => (Unscoped(field.Name), field.Is));

    private static string Unscoped(string name) => name.StartsWith(EventFields.Scope, StringComparison.Ordinal) ? name[EventFields.Scope.Length..] : "";

    private static ScalarKind? MeasuredKind(Condition.EventWindow leaf) => leaf.Measure switch
    {
        Measure.Aggregate { How: Aggregation.Sum or Aggregation.Average } => ScalarKind.Number,
        Measure.Aggregate { How: Aggregation.Unique } => ScalarKind.Code,
        Measure.Aggregate { How: Aggregation.Distinct } => null,
        _ => KindOf(leaf.Is),
    };

    private static ScalarKind? KindOf(Test test) => test switch
    {
        Test.EqualTo equal => equal.Value.Kind,
        Test.MoreThan more => more.Value.Kind,
        Test.AtLeast least => least.Value.Kind,
        Test.LessThan less => less.Value.Kind,
        Test.AtMost most => most.Value.Kind,
        Test.Between between => between.From.Kind,
        Test.OneOf { Values: [var first, ..] } => first.Kind,
        Test.Contains or Test.StartsWith or Test.EndsWith or Test.Matches or Test.AnyOf or Test.AllOf => ScalarKind.Code,
        Test.Relative { To: RelativeTime.Now } => ScalarKind.Instant,
        Test.Relative or Test.Anniversary => ScalarKind.Date,
        _ => null,
    };
}
