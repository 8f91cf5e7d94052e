using Crm.Conditions;
using Crm.Engine;
using Crm.Segmentation.Segments;
using Crm.Values;

namespace Crm.Segmentation.Studies;

/// <summary>Finds what is wrong with conditions that no module watches, so that nobody checked them when the engine was made: what names nothing would not fail, but hold of nobody.</summary>
internal sealed class AskedConditions(CrmEngine engine, SegmentCatalog catalog)
{
    /// <summary>All that is wrong with a condition, with the kinds, calendars, facts and segments that there are.</summary>
    public IEnumerable<ConditionError> Errors(Condition condition) => ConditionCheck.Check(condition, engine.Kinds, engine.Calendars)
        .Concat(condition.LeavesWithPaths().Where(one => one.Leaf is Condition.Fact).Select(one => Unknown(one.Path + ".fact", ((Condition.Fact)one.Leaf).Name)).OfType<ConditionError>());

    /// <summary>Refuses conditions with something wrong.</summary>
    /// <exception cref="ArgumentException">The message lists all of it.</exception>
    public void Refuse(params IEnumerable<Condition> conditions)
    {
        if (conditions.SelectMany(Errors).ToSequence() is { IsEmpty: false } errors)
        {
            throw new ArgumentException(string.Join(Environment.NewLine, errors), nameof(conditions));
        }
    }

    /// <summary>Refuses a fact that nobody publishes.</summary>
    /// <exception cref="ArgumentException">There is none of the name.</exception>
    public void RefuseUnknown(string fact)
    {
        if (Unknown("fact", fact) is { } error)
        {
            throw new ArgumentException(error.Message, nameof(fact));
        }
    }

    private ConditionError? Unknown(string path, string fact)
    {
        var isSegment = fact.StartsWith(SegmentNames.FactPrefix, StringComparison.Ordinal);
        var name = isSegment ? fact[SegmentNames.FactPrefix.Length..] : fact;
        var known = isSegment ? catalog.Definitions.Names : engine.Facts.Select(one => one.Name).Order(StringComparer.Ordinal).ToSequence();
        return (isSegment ? known.Contains(name) : engine.Facts.Any(one => one.Covers(fact)))
            ? null
            : new ConditionError(path, $"{(isSegment ? $"No segment is named '{name}'." : $"No module publishes the fact '{name}'.")}{(Names.Nearest(name, known) is { } nearest ? $" Did you mean '{nearest}'?" : "")} There are: {string.Join(", ", known.DefaultIfEmpty("none"))}.");
    }
}
