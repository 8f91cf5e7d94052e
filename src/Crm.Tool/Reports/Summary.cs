using Crm.Loyalty.Accounts;
using Crm.Tool.Books;
using Crm.Values;

namespace Crm.Tool.Reports;

/// <summary>A store in figures, as of an instant.</summary>
internal sealed record Summary
{
    /// <summary>Customers with at least one event.</summary>
    public required long Customers { get; init; }

    /// <summary>Customers whom tiers, segments, stamp cards and reasons leave out, because events that tell of the instant have been disposed of.</summary>
    public long Disposed { get; init; }

    public required long Events { get; init; }

    public required long Purchases { get; init; }

    /// <summary>By currency.</summary>
    public required IReadOnlyDictionary<string, Revenue> Revenue { get; init; }

    /// <summary>By unit, over all programmes.</summary>
    public required IReadOnlyDictionary<string, UnitAccount> Units { get; init; }

    /// <summary>Programmes that nobody defines here.</summary>
    public required Undefined Undefined { get; init; }

    /// <summary>Customers by tier.</summary>
    public required IReadOnlyDictionary<string, long> Tiers { get; init; }

    /// <summary>Customers by segment.</summary>
    public required IReadOnlyDictionary<string, long> Segments { get; init; }

    public required StampCards StampCards { get; init; }

    public required MessageFigures Messages { get; init; }
}

/// <summary>Money that came in and went back.</summary>
/// <param name="Gross">All purchases.</param>
/// <param name="Refunded">All refunds, also what of them was found in no purchase, and what they left of cancelled purchases; without refunds that were cancelled themselves.</param>
[System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Auto)]
internal readonly record struct Revenue(Money Gross, Money Refunded)
{
    public Money Net => Gross - Refunded;
}

/// <summary>Stamp cards.</summary>
/// <param name="Open">Begun and not full.</param>
/// <param name="Completed">Full, whether their free one was taken or not.</param>
[System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Auto)]
internal readonly record struct StampCards(long Open, long Completed);

/// <summary>What became of messages.</summary>
/// <param name="Sent">Handed to a channel.</param>
/// <param name="Suppressed">Not sent, by reason: kept back when they were decided, or when they were about to leave.</param>
/// <param name="Deferred">Decided by then, and to leave only at a later time.</param>
internal sealed record MessageFigures(long Sent, IReadOnlyDictionary<string, long> Suppressed, long Deferred);
