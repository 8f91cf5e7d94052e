using System.Collections.Immutable;
using Crm.Events;
using Crm.Tool.Import.Assembly;
using Crm.Values;

namespace Crm.Tool.Import;

/// <summary>What an import did.</summary>
internal sealed record ImportResult
{
    /// <summary>What the rows of the file became.</summary>
    public required Assembled Source { get; init; }

    public required Currency Currency { get; init; }

    /// <summary>Events that were new to the store.</summary>
    public long Recorded { get; init; }

    /// <summary>Events whose keys the store had, with the same content.</summary>
    public long Already { get; init; }

    /// <summary>Events whose keys the store had with other content: nothing was done with them, and they count as rejected.</summary>
    public ImmutableList<RejectedRow> Reused { get; init; } = [];

    /// <summary>Customers who were born with these events.</summary>
    public long Customers { get; init; }

    /// <summary>What refunds of the file found nothing to take from, whether they were recorded now or before.</summary>
    public UnmatchedRefunds Unmatched { get; init; }

    public double Seconds { get; init; }

    /// <summary>Whether it was stopped before its end.</summary>
    public bool Interrupted { get; init; }

    public bool DryRun { get; init; }

    public IEnumerable<RejectedRow> Rejected => Source.Rejected.Concat(Reused);

    /// <summary>This result with one more answer of the engine in it.</summary>
    public ImportResult With(Engine.Recorded recorded, SourceEvent source, string keyColumn) => recorded switch
    {
        Engine.Recorded.New(var receipt, var born) => this with { Recorded = Recorded + 1, Customers = Customers + (born ? 1 : 0), Unmatched = Unmatched.With(receipt) },
        Engine.Recorded.Already(var receipt) => this with { Already = Already + 1, Unmatched = Unmatched.With(receipt) },
        _ => this with { Reused = Reused.Add(new RejectedRow(source.Line, keyColumn, source.Event.Key.Value, "key-recorded-with-other-content")) },
    };
}

/// <summary>What refunds found nothing to take from.</summary>
/// <param name="Lines">Refunded lines with an unmatched amount.</param>
/// <param name="Quantity">The quantity of those lines that found nothing of their article.</param>
/// <param name="MinorUnits">The amount.</param>
internal readonly record struct UnmatchedRefunds(long Lines, decimal Quantity, long MinorUnits)
{
    public UnmatchedRefunds With(Receipt receipt) => receipt.TakenBack is { } taken
        ? new(Lines + taken.LinesUnmatched, Quantity + taken.QuantityUnmatched, MinorUnits + taken.Unmatched.MinorUnits)
        : this;
}
