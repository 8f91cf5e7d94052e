using System.Runtime.InteropServices;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>What a decision writes: everything decided as one commit.</summary>
internal sealed partial class Decision
{
    private const int Few = 6;

    /// <summary>The commit of everything decided; null when there is nothing to write.</summary>
    public Commit? ToCommit(Instant now)
    {
        if (entries.Count == 0 && !broughtForward && settled is null)
        {
            return null;
        }

        // A later event may still count at the last instant handled, as a late request does: a state as of that instant is not whole yet.
        if (consequences.HasCheckpoints && consequences.Checkpoints.RemoveAll(checkpoint => checkpoint.At >= state.Handled) > 0)
        {
            state.SinceCheckpoint = kernel.Options.CheckpointEvery;
        }

        var nextDue = state.NextDue;
        var version = Math.Max(Version, snapshot.Version + 1);
        var commit = new Commit
        {
            Customer = Customer,
            ExpectedVersion = snapshot.Version,
            Version = version,
            RecordedAt = Kernel.After(null, now),
            Claims = claims.All,
            Entries = entries.ToSequence(),
            Slots = kernel.Codec.EncodeChanged(state, slotsBefore),
            Ledger = Netted(),
            Facts = ChangedFacts(),
            Profile = profile,
            NextDue = nextDue,
            NextDueChanged = nextDue != dueBefore || entries.Count == 0,
            Outbox = consequences.HasOutbox ? Outbox(now) : [],
            Withdrawn = Withdrawn(),
            Settled = settled?.ToSequence() ?? [],
            Quotas = Draws(),
            CheckpointsInvalidFrom = invalidFrom,
            Checkpoints = Checkpoints(),
        };
        commit.Check();
        return commit;
    }

    /// <summary>What has been decided about the ledger.</summary>
    public Sequence<Ledger.LedgerEntry> Unwritten => Netted();

    // Movements of one lot with the same cause, movement and definition are one entry.
    private Sequence<Ledger.LedgerEntry> Netted()
    {
        if (consequences.Entries.Count < 2 || (consequences.Entries.Count <= Few && AllDiffer(consequences.Entries)))
        {
            return consequences.Entries.ToSequence();
        }

        var netted = new Dictionary<Ledger.LedgerEntry, long>(consequences.Entries.Count, SameMovement.Instance);
        foreach (var entry in consequences.Entries)
        {
            CollectionsMarshal.GetValueRefOrAddDefault(netted, entry, out _) += entry.Amount;
        }

        var ledger = new List<Ledger.LedgerEntry>(netted.Count);
        foreach (var (entry, amount) in netted)
        {
            if (amount != 0)
            {
                ledger.Add(amount == entry.Amount ? entry : entry with { Amount = amount });
            }
        }

        return ledger.ToSequence();
    }

    // So few are compared with each other sooner than put into a table.
    private static bool AllDiffer(List<Ledger.LedgerEntry> entries)
    {
        for (var later = 0; later < entries.Count; later++)
        {
            if (entries[later].Amount == 0)
            {
                return false;
            }

            for (var earlier = 0; earlier < later; earlier++)
            {
                if (entries[earlier].Lot == entries[later].Lot && SameMovement.Instance.Equals(entries[earlier], entries[later]))
                {
                    return false;
                }
            }
        }

        return true;
    }

    private Sequence<Fact> ChangedFacts()
    {
        var changed = factsBeforeCorrection is { } before ? state.Facts.ChangesFrom(before) : state.Facts.Changes();
        for (var i = changed.Count - 1; i >= 0; i--)
        {
            if (kernel.Modules.OwnerOf(changed[i].Name) is { Declaration.Queryable: false })
            {
                changed.RemoveAt(i);
            }
        }

        if (!ownerless.IsEmpty)
        {
            changed.AddRange(ownerless.Select(name => new Fact(name, default)));
            changed.Sort(static (left, right) => string.CompareOrdinal(left.Name, right.Name));
        }

        return changed.ToSequence();
    }

    private Sequence<string> Withdrawn() => withdrawn is not { Count: > 0 }
        ? []
        : withdrawn.Select(name => name.OutboxId(Customer)).Order(StringComparer.Ordinal).ToSequence();

    private Sequence<QuotaDraw> Draws() => consequences.HasQuotas ? Commit.Net(consequences.Quotas) : [];

    private Sequence<Checkpoint> Checkpoints() => !consequences.HasCheckpoints
        ? []
        : consequences.Checkpoints.GroupBy(checkpoint => checkpoint.At).Select(group => group.Last()).ToSequence();

    // What was decided last about an occasion is what leaves.
    private Sequence<OutboxItem> Outbox(Instant now) => consequences.Messages
        .GroupBy(MessageName.Of).Select(name => name.Last())
        .Select(message => (OutboxItem)new OutboxItem.OfMessage(MessageName.Of(message).OutboxId(Customer), Customer, message.NotBefore ?? message.DecidedAt, message))
        .Concat(consequences.FollowUps.Select(followUp => new OutboxItem.OfFollowUp(DerivedKey.OfFollowUp(followUp.Key), Customer, followUp.OccurredAt ?? now, followUp) { Backfill = consequences.IsSilent(followUp) }))
        .ToSequence();

    // The same entry but for the amount.
    private sealed class SameMovement : IEqualityComparer<Ledger.LedgerEntry>
    {
        public static readonly SameMovement Instance = new();

        public bool Equals(Ledger.LedgerEntry? left, Ledger.LedgerEntry? right) =>
            ReferenceEquals(left, right) || (left is not null && right is not null && (left.Amount == right.Amount ? left == right : left == right with { Amount = left.Amount }));

        public int GetHashCode(Ledger.LedgerEntry entry) => HashCode.Combine(entry.Lot, entry.Movement, entry.Cause);
    }
}
