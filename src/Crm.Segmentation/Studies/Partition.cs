using Crm.Conditions;
using Crm.Values;

namespace Crm.Segmentation.Studies;

/// <summary>Divides customers into cells, so that each is in one of them at an instant.</summary>
public abstract record Partition
{
    /// <summary>The cell of those who are in none of the others.</summary>
    public const string None = "(none)";

    /// <summary>The cell of those who were no customers yet.</summary>
    public const string NotYet = "(not yet)";

    /// <summary>The cell of those who have become one with somebody else, who is in another.</summary>
    public const string Merged = "(merged)";

    private protected Partition()
    {
    }

    /// <summary>Segments, in the order in which they are asked: a customer in several of them is in the cell of the first.</summary>
    /// <param name="Segments">The ids.</param>
    public sealed record OfSegments(Sequence<string> Segments) : Partition;

    /// <summary>The values of a fact, such as "loyalty.tier" or a stage; those without a value are in no cell.</summary>
    /// <param name="Fact">The name of the fact.</param>
    public sealed record OfFact(string Fact) : Partition;

    /// <summary>Conditions, in the order in which they are asked. Segments or versions of them need not be defined for it.</summary>
    /// <param name="Cells">The cells.</param>
    public sealed record OfConditions(Sequence<PartitionCell> Cells) : Partition;
}

/// <summary>A cell of a partition.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Where">Who is in it, unless an earlier cell has the customer.</param>
public sealed record PartitionCell(string Name, Condition Where);
