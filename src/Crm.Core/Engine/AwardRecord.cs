using Crm.Definitions;
using Crm.Events;
using Crm.Ledger;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>What an event was recorded to have given, for replays by other definitions than those that decided it.</summary>
/// <param name="recorded">The event as it was recorded.</param>
/// <param name="epoch">By which definitions it was decided; null: no state tells.</param>
/// <param name="lines">The lines of its receipt.</param>
/// <param name="given">What the ledger says that it issued, and what corrected that since; nothing of a request.</param>
/// <param name="moved">What the ledger says that it moved otherwise; of a request also what it issued.</param>
/// <param name="records">Those of the whole history.</param>
internal sealed class AwardRecord(JournalDraft recorded, DefinitionEpoch? epoch, Sequence<ReceiptLine> lines, IReadOnlyList<LedgerEntry> given, IReadOnlyList<LedgerEntry> moved, AwardRecords records)
{
    /// <summary>The programmes in which it gave or moved something.</summary>
    public IEnumerable<string> Programs => given.Concat(moved).Select(entry => entry.Program).Distinct(StringComparer.Ordinal);

    /// <summary>What it moved in a programme, as it was recorded; nothing where the definition itself decided it.</summary>
    /// <param name="program">The programme.</param>
    /// <param name="now">The definition that would decide now; null: none is there.</param>
    public Sequence<LedgerEntry> MovedIn(string program, DefinitionHash? now)
    {
        var own = moved.Where(entry => entry.Program == program).ToSequence();
        return now is { } today && own.Any(entry => entry.Definition == today) ? [] : own;
    }

    /// <summary>What it gave in a programme, in proportion to what is left of it; null where the definition itself decided it, or nothing is known of it.</summary>
    /// <param name="program">The programme.</param>
    /// <param name="now">The definition that would decide now; null: none is there.</param>
    /// <param name="left">What is left of the event.</param>
    /// <param name="isWhole">Whether it is asked about as it was given, whatever was taken back since.</param>
    public RecordedAward? Of(string program, DefinitionHash? now, CustomerEvent left, bool isWhole)
    {
        if (recorded.Kind.Nature == EventNature.Request)
        {
            return null;
        }

        var own = given.Where(entry => entry.Program == program).ToList();
        var decidedBy = own.Select(entry => entry.Definition).OfType<DefinitionHash>().ToHashSet();
        if (now is { } today && (own.Count == 0 ? epoch?.Had(today) != false : decidedBy.Contains(today)))
        {
            return null;
        }

        // From when on the event was not decided by its definition any more: what corrected it until then was what it gave by that.
        var until = isWhole ? Instant.MinValue : records.EndOf(recorded, decidedBy, now);
        var before = own.FindAll(entry => entry.Cause == recorded.Key || records.RecordedAt(entry.Cause) < until);
        var (all, then, kept) = (SpendOf(recorded.Event), isWhole ? SpendOf(recorded.Event) : SpendOf(records.LeftOf(recorded, until)), SpendOf(left));
        return new RecordedAward(
            before.GroupBy(entry => (entry.Unit, entry.Lot, entry.Rule, entry.Definition)).Select(lot => lot.First() with
            {
                Amount = Share(lot.Where(entry => !records.IsAmendment(entry.Cause)).Sum(entry => entry.Amount), lot.Sum(entry => entry.Amount), all, then, kept, isPrize: lot.All(entry => entry is { Rule: null, Code: not null })),
            }).ToSequence(),
            lines.Where(line => line.Program is null || line.Program == program).ToSequence());
    }

    // Between what was given of the whole, what was left of that when its definition went, and nothing: in proportion, rounded up, so that what is taken is the same in however many pieces, and never more than was given.
    private static long Share(long given, long there, long all, long then, long left, bool isPrize)
    {
        if (left > then)
        {
            return Math.Max(0, there + Part(given - there, left - then, all - then));
        }

        return all <= 0 || isPrize || left == then ? Math.Max(0, there) : Part(Math.Max(0, there), left, then);
    }

    private static long Part(long amount, long of, long whole) => (long)((((Int128)amount * of) + (amount > 0 ? whole - 1 : 0)) / whole);

    private static long SpendOf(CustomerEvent? happened) => happened?.Spend?.MinorUnits ?? 0;
}
