using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Studies;

/// <summary>How customers have moved between the cells of a partition from one instant to another.</summary>
/// <param name="From">The earlier instant.</param>
/// <param name="To">The later instant.</param>
/// <param name="Moves">How many moved from each cell to each other, those who stayed included; by cell, without zeroes.</param>
public sealed record Migration(Instant From, Instant To, Sequence<Move> Moves)
{
    /// <summary>The cells that anybody was in at either instant, in the order of the partition; those for nobody's cell last.</summary>
    public Sequence<string> Cells => Moves.SelectMany(move => new[] { move.From, move.To }).Distinct(StringComparer.Ordinal).OrderBy(cell => cell.StartsWith('(')).ThenBy(PlaceOf).ThenBy(cell => cell, StringComparer.Ordinal).ToSequence();

    /// <summary>The order of the cells where the partition has one; empty: by name.</summary>
    public Sequence<string> Order { get; init; }

    /// <summary>How many moved from one cell to another.</summary>
    public int Of(string from, string to) => Moves.FirstOrDefault(move => move.From == from && move.To == to)?.Customers ?? 0;

    /// <summary>How many were in a cell at the earlier instant.</summary>
    public int Before(string cell) => Moves.Where(move => move.From == cell).Sum(move => move.Customers);

    /// <summary>How many were in a cell at the later instant.</summary>
    public int After(string cell) => Moves.Where(move => move.To == cell).Sum(move => move.Customers);

    private int PlaceOf(string cell) => Order.ToList().IndexOf(cell);
}

/// <summary>Customers who moved alike.</summary>
/// <param name="From">The cell at the earlier instant.</param>
/// <param name="To">The cell at the later instant.</param>
/// <param name="Customers">How many.</param>
public sealed record Move(string From, string To, int Customers);
