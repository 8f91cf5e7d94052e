using Crm.Values;

namespace Crm.Segmentation.Studies;

/// <summary>What a segment would be, seen before it is saved.</summary>
public sealed record SegmentPreview
{
    /// <summary>How many customers would be in it now; exact.</summary>
    public required int Size { get; init; }

    /// <summary>How many customers there are.</summary>
    public required int Population { get; init; }

    /// <summary>Some of those in it, drawn evenly; the same for the same seed as long as the members are the same.</summary>
    public required Sequence<CustomerId> Sample { get; init; }

    /// <summary>What it shares with the segments that there are, in the order of their ids.</summary>
    public required Sequence<SegmentOverlap> Overlaps { get; init; }

    /// <summary>The part of all customers that would be in it, 0 to 1; 0 without customers.</summary>
    public decimal Share => Population == 0 ? 0 : (decimal)Size / Population;
}

/// <summary>How many customers are in two segments.</summary>
/// <param name="Segment">The one.</param>
/// <param name="Other">The other.</param>
/// <param name="Size">How many are in the one.</param>
/// <param name="OtherSize">How many are in the other.</param>
/// <param name="Both">How many are in both.</param>
public sealed record SegmentOverlap(string Segment, string Other, int Size, int OtherSize, int Both)
{
    /// <summary>How alike the two are: those in both among those in either, 0 to 1; 0 where both are empty.</summary>
    public decimal Likeness => Size + OtherSize - Both is > 0 and var either ? (decimal)Both / either : 0;
}
