using System.Globalization;
using Crm.Conditions;
using Crm.Engine;
using Crm.Segmentation.Segments;
using Crm.Values;

namespace Crm.Segmentation.Studies;

/// <summary>Says in which cell of a partition a customer is.</summary>
internal sealed class PartitionCells
{
    private readonly Partition partition;

    /// <exception cref="ArgumentException">The partition names what there is not, or has a condition that cannot be used; the message lists all of it.</exception>
    public PartitionCells(SegmentCatalog catalog, Partition partition, AskedConditions asking)
    {
        this.partition = partition;
        switch (partition)
        {
            case Partition.OfSegments segments when segments.Segments.Where(id => !catalog.Definitions.Names.Contains(id)).ToList() is { Count: > 0 } unknown:
                throw new ArgumentException($"No segment is named {string.Join(" or ", unknown.Select(id => $"'{id}'"))}. There are: {string.Join(", ", catalog.Definitions.Names)}.", nameof(partition));
            case Partition.OfConditions conditions:
                asking.Refuse(conditions.Cells.Select(cell => cell.Where));
                break;
            case Partition.OfFact of:
                asking.RefuseUnknown(of.Fact);
                break;
        }
    }

    /// <summary>The names of the cells in their order; empty where the values of a fact make them.</summary>
    public Sequence<string> Names => partition switch
    {
        Partition.OfSegments segments => segments.Segments,
        Partition.OfConditions conditions => conditions.Cells.Select(cell => cell.Name).ToSequence(),
        _ => [],
    };

    public string Of(PastView view) => partition switch
    {
        Partition.OfSegments segments => segments.Segments.FirstOrDefault(segment => !view.Customer.Fact(SegmentNames.Fact(segment)).IsMissing) ?? Partition.None,
        Partition.OfFact fact => view.Customer.Fact(fact.Fact) is { IsMissing: false } value ? string.Create(CultureInfo.InvariantCulture, $"{value}") : Partition.None,
        Partition.OfConditions conditions => conditions.Cells.FirstOrDefault(cell => Holds(view, cell.Where))?.Name ?? Partition.None,
        _ => throw new InvalidOperationException($"No way to divide by {partition.GetType().Name}."),
    };

    /// <summary>Refuses a condition that cannot be asked of a customer's past.</summary>
    public static void Refuse(PastView view, Condition condition)
    {
        var refusals = view.Refusals(condition);
        if (!refusals.IsEmpty)
        {
            throw new ArgumentException(string.Join(Environment.NewLine, refusals), nameof(condition));
        }
    }

    private static bool Holds(PastView view, Condition condition)
    {
        Refuse(view, condition);
        return Evaluator.Evaluate(condition, view).Value;
    }
}
