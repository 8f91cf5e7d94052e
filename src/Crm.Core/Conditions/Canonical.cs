using Crm.Values;

namespace Crm.Conditions;

/// <summary>
/// One form for conditions that mean the same by inspection: nested all and any are flattened, their parts sorted and written once, a lone part stands for itself, not not falls away,
/// lists of values and days are sorted.
/// </summary>
internal static class Canonical
{
    /// <summary>The canonical form of a condition.</summary>
    public static Condition Of(Condition condition) => condition switch
    {
        Condition.All all => Combined(all.Of, part => part is Condition.All { Of: var inner } ? inner : null, parts => new Condition.All(parts)),
        Condition.Any any => Combined(any.Of, part => part is Condition.Any { Of: var inner } ? inner : null, parts => new Condition.Any(parts)),
        Condition.Not not => Of(not.Of) is var part && part is Condition.Not { Of: var twice } ? twice : new Condition.Not(part),
        Condition.Field field => field with { Is = Of(field.Is) },
        Condition.Fact fact => fact with { Is = Of(fact.Is) },
        Condition.EventWindow window => window with { Is = Of(window.Is), Where = window.Where is null ? null : Of(window.Where) },
        Condition.Moment { Within: Span.Weekdays weekdays } => new Condition.Moment(new Span.Weekdays(weekdays.Days.Distinct().Order().ToSequence())),
        _ => condition,
    };

    private static Condition Combined(Sequence<Condition> parts, Func<Condition, Sequence<Condition>?> same, Func<Sequence<Condition>, Condition> combine)
    {
        var flat = parts.Select(Of)
            .SelectMany(part => same(part) is { } inner ? (IEnumerable<Condition>)inner : [part])
            .Select(part => (part, text: ConditionWriter.Text(part)))
            .DistinctBy(pair => pair.text, StringComparer.Ordinal)
            .OrderBy(pair => pair.text, StringComparer.Ordinal)
            .Select(pair => pair.part)
            .ToSequence();
        return flat.Count == 1 ? flat[0] : combine(flat);
    }

    private static Test Of(Test test) => test is Test.OneOf { Values: var values }
        ? values.Distinct().OrderBy(value => value.Kind).ThenBy(value => value.AsNumber).ThenBy(value => value.ToString(), StringComparer.Ordinal).ToSequence() is var sorted && sorted.Count == 1
            ? new Test.EqualTo(sorted[0])
            : new Test.OneOf(sorted)
        : test;
}
