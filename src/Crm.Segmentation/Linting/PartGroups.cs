using Crm.Conditions;
using Crm.Values;

namespace Crm.Segmentation.Linting;

/// <summary>How the parts of a condition are put together, whichever their order and nesting: which have to hold all, and of which any is enough.</summary>
internal static class PartGroups
{
    /// <summary>The groups as a text; null where none of the parts has a name.</summary>
    /// <param name="condition">The condition.</param>
    /// <param name="nameOf">What a part is called, given with its "not"; null where it is to be left out.</param>
    public static string? Of(Condition condition, Func<Condition, string?> nameOf) => Of(condition, true, nameOf)?.Text;

    private static Group? Of(Condition condition, bool answer, Func<Condition, string?> nameOf) => condition switch
    {
        Condition.Not not => Of(not.Of, !answer, nameOf),
        Condition.All all => Of(all.Of, isAll: answer, answer, nameOf),
        Condition.Any any => Of(any.Of, isAll: !answer, answer, nameOf),
        _ => nameOf(answer ? condition : new Condition.Not(condition)) is { } name ? new Group(null, [name], name) : null,
    };

    private static Group? Of(Sequence<Condition> parts, bool isAll, bool answer, Func<Condition, string?> nameOf)
    {
        var groups = parts.Select(part => Of(part, answer, nameOf)).OfType<Group>().ToList();
        if (groups.Count == 1 || (groups.Count == 0 && !parts.IsEmpty))
        {
            return groups.FirstOrDefault();
        }

        var names = groups.SelectMany(group => group.IsAll == isAll ? group.Parts : [group.Text]).Order(StringComparer.Ordinal).ToList();
        return new Group(isAll, names, $"{(isAll ? "all" : "any")}[{string.Join(", ", names)}]");
    }

    /// <param name="IsAll">Whether all its parts have to hold; null for a part by itself.</param>
    /// <param name="Parts">The texts of its parts.</param>
    /// <param name="Text">The whole.</param>
    private sealed record Group(bool? IsAll, List<string> Parts, string Text);
}
