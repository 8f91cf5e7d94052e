using System.Globalization;
using Crm.Conditions;
using Crm.Definitions;
using Crm.Events;
using Crm.Values;

namespace Crm.Segmentation.Segments;

/// <summary>How segments name each other: what is wrong with it, and the order in which each comes after those it names.</summary>
internal static class SegmentReferences
{
    /// <summary>Everything that is wrong with the versions of a catalogue, each by itself and together.</summary>
    public static IEnumerable<SegmentError> Errors(DefinitionCatalog<Segment> catalog, EventKinds? kinds)
    {
        var errors = catalog.All.SelectMany(definition => OfOne(definition, catalog.Names, kinds)).ToList();
        return errors.Count > 0 ? errors : Cycles(catalog);
    }

    /// <summary>The ids that a condition names.</summary>
    public static IEnumerable<string> In(Condition condition) => condition.Leaves().OfType<Condition.Fact>()
        .Where(fact => fact.Name.StartsWith(SegmentNames.FactPrefix, StringComparison.Ordinal))
        .Select(fact => fact.Name[SegmentNames.FactPrefix.Length..]);

    /// <summary>The ids such that each comes after all that any of its versions names; otherwise in ordinal order. Only for a catalogue without cycles.</summary>
    public static IReadOnlyList<string> InOrder(DefinitionCatalog<Segment> catalog)
    {
        var named = Named(catalog);
        var ordered = new List<string>();
        var done = new HashSet<string>(StringComparer.Ordinal);
        foreach (var id in catalog.Names)
        {
            Visit(id);
        }

        return ordered;

        void Visit(string id)
        {
            if (done.Add(id))
            {
                foreach (var other in named[id])
                {
                    Visit(other);
                }

                ordered.Add(id);
            }
        }
    }

    private static List<SegmentError> OfOne(Definition<Segment> definition, Sequence<string> known, EventKinds? kinds)
    {
        var place = string.Create(CultureInfo.InvariantCulture, $"{definition.Name} version {definition.Version}");
        var errors = SegmentValidator.Errors(definition.Value, kinds).Select(error => error with { Path = $"{place}, {error.Path}" }).ToList();
        if (definition.Value.Id != definition.Name)
        {
            errors.Add(new(place, $"The definition is named '{definition.Name}' and the segment in it '{definition.Value.Id}'; one name is expected."));
        }
        else if (definition.Value.Hash != definition.Hash)
        {
            errors.Add(new(place, $"The definition has the hash {definition.Hash}, but that of its segment is {definition.Value.Hash}; make definitions with Segment.Define."));
        }

        foreach (var unknown in In(definition.Value.Asked).Distinct(StringComparer.Ordinal).Where(id => !known.Contains(id)))
        {
            var nearest = Names.Nearest(unknown, known);
            errors.Add(new($"{place}, where", $"No segment is named '{unknown}'.{(nearest is null ? "" : $" Did you mean '{nearest}'?")} There are: {string.Join(", ", known)}."));
        }

        return errors;
    }

    private static List<SegmentError> Cycles(DefinitionCatalog<Segment> catalog)
    {
        var named = Named(catalog);
        var finished = new HashSet<string>(StringComparer.Ordinal);
        var path = new List<string>();
        var errors = new List<SegmentError>();
        foreach (var id in catalog.Names)
        {
            Visit(id);
        }

        return errors;

        void Visit(string id)
        {
            if (path.IndexOf(id) is >= 0 and var start)
            {
                var cycle = string.Join(" → ", path.Skip(start).Append(id));
                errors.Add(new(id, $"Segments go in a circle: {cycle}. One of them has to stop naming the next, in all of its versions."));
            }
            else if (!finished.Contains(id))
            {
                path.Add(id);
                foreach (var other in named[id])
                {
                    Visit(other);
                }

                path.RemoveAt(path.Count - 1);
                finished.Add(id);
            }
        }
    }

    private static Dictionary<string, string[]> Named(DefinitionCatalog<Segment> catalog) => catalog.All
        .GroupBy(definition => definition.Name, StringComparer.Ordinal)
        .ToDictionary(
            versions => versions.Key,
            versions => versions.SelectMany(definition => In(definition.Value.Where)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToArray(),
            StringComparer.Ordinal);
}
