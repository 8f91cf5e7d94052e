using System.Globalization;
using Crm.Events;
using Crm.Ledger;
using Crm.Storage;
using Crm.Values;

namespace Crm.Engine;

/// <summary>Compares a journal with itself, with what the state knows of it, and with what the ledger says caused its entries.</summary>
internal static class JournalCheck
{
    public const string DueSource = "due";

    public static IEnumerable<Difference> Compare(CustomerId customer, long version, CustomerState state, CustomerHistory history, IEnumerable<LedgerEntry> ledger)
    {
        var entries = history.Entries.OrderBy(entry => entry.Version).ToList();
        return Each(customer, version, entries)
            .Concat(Whole(state, entries))
            .Concat(Causes(entries, ledger));
    }

    private static IEnumerable<Difference> Each(CustomerId customer, long version, List<JournalEntry> entries)
    {
        JournalEntry? before = null;
        foreach (var entry in entries)
        {
            var name = $"the journal entry '{entry.Event.Key}'";
            if (entry.Version > version)
            {
                yield return new Difference($"{name}: its version", Number(entry.Version), $"at most {Number(version)}, the customer's,");
            }

            if ((entry.Receipt.Key, entry.Receipt.Customer, entry.Receipt.Version) != (entry.Event.Key, customer, entry.Version))
            {
                yield return new Difference($"{name}: its receipt", $"one for '{entry.Receipt.Key}'", "its own");
            }

            if (before?.RecordedAt >= entry.RecordedAt)
            {
                yield return new Difference($"{name}: its recording", $"{entry.RecordedAt}", $"an instant after {before.RecordedAt}");
            }

            // The sender may have left the instant out, which is then no part of the hash.
            if (Binary.PayloadHash(entry.Event) != entry.PayloadHash && Binary.PayloadHash(entry.Event with { OccurredAt = null }) != entry.PayloadHash)
            {
                yield return new Difference($"{name}: its content", "another than its hash was made of", "what was sent");
            }

            before = entry;
        }
    }

    private static IEnumerable<Difference> Whole(CustomerState state, List<JournalEntry> entries)
    {
        if (state.Journal is { } tally && JournalTally.Of(entries) is var found && found != tally)
        {
            yield return found.Count == tally.Count
                ? new Difference("the entries of the journal", "others than the state has seen", "the same")
                : new Difference("the entries of the journal", Number(found.Count), Number(tally.Count));
        }

        if (entries.Count > 0 && state.RecordedAt != entries[^1].RecordedAt)
        {
            yield return new Difference("the last recording", $"{state.RecordedAt}", $"{entries[^1].RecordedAt}");
        }
    }

    private static IEnumerable<Difference> Causes(List<JournalEntry> entries, IEnumerable<LedgerEntry> ledger)
    {
        var keys = entries.Select(entry => entry.Event.Key).ToHashSet();
        foreach (var entry in ledger)
        {
            if (entry.Cause.Source != DueSource && !keys.Contains(entry.Cause))
            {
                yield return new Difference($"a ledger entry of {Number(entry.Amount)} {entry.Unit}", $"the cause '{entry.Cause}'", "an event of the journal");
            }
        }
    }

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
