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
        return Opening(state, history)
            .Concat(Each(customer, version, entries))
            .Concat(Whole(state, history.Opening, entries))
            .Concat(Causes(history.Opening, entries, ledger));
    }

    private static IEnumerable<Difference> Opening(CustomerState state, CustomerHistory history)
    {
        var found = OpeningMark.Of(history.Opening);
        if (found != state.Opening)
        {
            yield return new Difference("the opening of the journal", Text(found), found?.At == state.Opening?.At ? "the one that the state has seen" : Text(state.Opening));
        }

        if (found is { At: var at } && history.Entries.FirstOrDefault(entry => entry.EffectiveAt <= at) is { } early)
        {
            yield return new Difference($"the journal entry '{early.Event.Key}': its instant", $"{early.EffectiveAt}", $"one after {at}, up to which everything was disposed of,");
        }
    }

    private static string Text(OpeningMark? opening) => opening is { At: var at } ? $"one as of {at}" : "none";

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

    private static IEnumerable<Difference> Whole(CustomerState state, JournalOpening? opening, List<JournalEntry> entries)
    {
        if (state.Journal is { } tally && JournalTally.Of(entries).With(opening) is var found && found != tally)
        {
            yield return found.Count == tally.Count
                ? new Difference("the entries of the journal", "others than the state has seen", "the same")
                : new Difference("the entries of the journal", Number(found.Count), Number(tally.Count));
        }

        var last = entries.Count == 0 || opening?.RecordedAt > entries[^1].RecordedAt ? opening?.RecordedAt : entries[^1].RecordedAt;
        if (last is not null && state.RecordedAt != last)
        {
            yield return new Difference("the last recording", $"{state.RecordedAt}", $"{last}");
        }
    }

    private static IEnumerable<Difference> Causes(JournalOpening? opening, List<JournalEntry> entries, IEnumerable<LedgerEntry> ledger)
    {
        var keys = entries.Select(entry => entry.Event.Key).ToHashSet();
        if (opening is not null)
        {
            var (found, expected) = (LedgerTally.WithoutCauseIn(keys, ledger), LedgerTally.Of(opening));
            if (found != expected)
            {
                yield return found.Count == expected.Count
                    ? new Difference("the ledger entries of events that were disposed of", "others than the opening has seen", "the same")
                    : new Difference("the ledger entries of events that were disposed of", Number(found.Count), Number(expected.Count));
            }

            yield break;
        }

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
