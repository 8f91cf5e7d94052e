using System.Runtime.InteropServices;
using Crm.Ledger;
using Crm.Storage;
using Crm.Values;

namespace Crm.Engine;

/// <summary>What the ledger entries amount to whose causes were disposed of: they stay, and their causes cannot be looked up any more.</summary>
/// <param name="Count">How many entries there are.</param>
/// <param name="Sum">Their hashes added up, modulo 2^128: the order makes no difference.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct LedgerTally(long Count, UInt128 Sum)
{
    public static LedgerTally Of(JournalOpening opening) => new(opening.LedgerEntries, opening.LedgerSum);

    /// <summary>The entries without a cause among some events, apart from those that fell due.</summary>
    public static LedgerTally WithoutCauseIn(IReadOnlySet<EventKey> events, IEnumerable<LedgerEntry> ledger) => ledger
        .Where(entry => entry.Cause.Source != JournalCheck.DueSource && !events.Contains(entry.Cause))
        .Aggregate(default(LedgerTally), (tally, entry) => new LedgerTally(tally.Count + 1, unchecked(tally.Sum + Binary.Hash(entry))));
}
