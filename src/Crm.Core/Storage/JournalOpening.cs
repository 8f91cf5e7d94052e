using Crm.Values;
using NodaTime;

namespace Crm.Storage;

/// <summary>
/// With what a journal begins whose first entries were disposed of: a checkpoint that never goes, and what those entries added up to, so that neither a missing entry nor a foreign one goes unnoticed.
/// A customer has one at most: a later disposal takes its place.
/// </summary>
/// <param name="At">Every entry that counts at or before this instant is gone, and no other.</param>
/// <param name="Slots">All slots as of then.</param>
public sealed record JournalOpening(Instant At, Sequence<StoredSlot> Slots)
{
    /// <summary>For how many entries it stands, those of earlier disposals included.</summary>
    public required long Entries { get; init; }

    /// <summary>The hashes of their payloads added up, modulo 2^128.</summary>
    public required UInt128 Sum { get; init; }

    /// <summary>How many entries of the ledger they caused; those stay.</summary>
    public required long LedgerEntries { get; init; }

    /// <summary>The hashes of those ledger entries added up, modulo 2^128.</summary>
    public required UInt128 LedgerSum { get; init; }

    /// <summary>When the last of them was recorded.</summary>
    public required Instant RecordedAt { get; init; }

    /// <summary>When the latest of them was disposed of.</summary>
    public required Instant DisposedAt { get; init; }

    /// <summary>The state to start from.</summary>
    public Checkpoint State => new(At, Slots);
}

/// <summary>What <see cref="IJournalDisposal.DisposeOfAsync"/> does: one unit of work for one customer.</summary>
/// <param name="Commit">The version that the customer must have, and has afterwards, and the slots that change; nothing else.</param>
/// <param name="Opening">What stands for the entries from now on.</param>
/// <param name="Receipts">For each entry that goes, what is left of its receipt (<see cref="Events.Receipt.Short"/>), by rising version.</param>
public sealed record JournalDisposal(Commit Commit, JournalOpening Opening, Sequence<Events.Receipt> Receipts)
{
    /// <summary>
    /// Whether the customer is erased: then what goes is in nothing that the store keeps once this is done, such as a log beside its file. Otherwise it may stay there until the store writes over it by itself.
    /// </summary>
    public bool Erases { get; init; }

    /// <summary>Checks that the parts fit together.</summary>
    /// <exception cref="InvalidOperationException">They do not; the message says what was found.</exception>
    public void Check()
    {
        Commit.Check();
        if (Commit.ExpectedVersion == 0 || !Commit.Entries.IsEmpty || !Commit.Ledger.IsEmpty || !Commit.Claims.IsEmpty || !Commit.Severed.IsEmpty || !Commit.Facts.IsEmpty || Commit.Profile is not null
            || Commit.NextDueChanged || !Commit.Outbox.IsEmpty || !Commit.Withdrawn.IsEmpty || Commit.WithdrawsMessages || !Commit.Settled.IsEmpty || !Commit.Quotas.IsEmpty || Commit.CheckpointsInvalidFrom is not null || !Commit.Checkpoints.IsEmpty)
        {
            throw Faulty("has a commit with more than a version and slots; a disposal changes nothing else");
        }

        var last = 0L;
        foreach (var receipt in Receipts)
        {
            if (receipt.Customer != Commit.Customer || receipt.Version <= last || receipt.Version > Commit.ExpectedVersion || receipt.EffectiveAt > Opening.At || receipt != receipt.Short())
            {
                throw Faulty($"names '{receipt.Key}' of version {receipt.Version} after {last}, counting at {receipt.EffectiveAt}; short receipts of the customer are expected, by rising version, of entries that count at or before {Opening.At}");
            }

            last = receipt.Version;
        }

        if (Receipts.IsEmpty || Opening.Entries < Receipts.Count)
        {
            throw Faulty($"names {Receipts.Count} entries, with an opening that stands for {Opening.Entries}; one at least is expected, and no more than the opening stands for");
        }
    }

    /// <summary>Checks that what is named is what is there.</summary>
    /// <param name="found">The versions of the entries up to the opening's instant, rising.</param>
    /// <exception cref="InvalidOperationException">It is not.</exception>
    public void CheckAgainst(IReadOnlyCollection<long> found)
    {
        ArgumentNullException.ThrowIfNull(found);
        if (!Receipts.Select(receipt => receipt.Version).SequenceEqual(found))
        {
            throw Faulty($"names {Receipts.Count} entries, and the store has {found.Count} up to {Opening.At}; the same are expected");
        }
    }

    private InvalidOperationException Faulty(string what) => new($"The disposal of journal entries of customer {Commit.Customer} {what}. Nothing was written.");
}
