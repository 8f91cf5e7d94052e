using System.Runtime.InteropServices;
using Crm.Events;
using Crm.Ledger;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Storage;

/// <summary>All that <see cref="InMemoryStore"/> keeps of one customer. Guarded by the store's lock.</summary>
internal sealed class InMemoryCustomer
{
    private readonly List<JournalEntry> journal = [];
    private readonly List<LedgerEntry> ledger = [];
    private readonly List<long> ledgerVersions = [];
    private readonly Dictionary<string, Fact> facts = new(StringComparer.Ordinal);
    private readonly SortedDictionary<Instant, Checkpoint> checkpoints = [];
    private readonly List<Identity> identities = [];
    private int identitiesEver;
    private Sequence<StoredSlot> slots;
    private Fields profile;
    private JournalOpening? opening;

    public long Version { get; private set; }

    public IReadOnlyList<JournalEntry> Journal => journal;

    public bool HasHistory => journal.Count > 0 || opening is not null;

    public IReadOnlyList<LedgerEntry> Ledger => ledger;

    /// <summary>What was written into the ledger after a version.</summary>
    public IEnumerable<(long Version, LedgerEntry Entry)> LedgerAfter(long version) => ledgerVersions.Zip(ledger).Skip(ledgerVersions.Count(earlier => earlier <= version));

    /// <summary>The facts by name.</summary>
    public IEnumerable<Fact> Facts => facts.Values.OrderBy(fact => fact.Name, StringComparer.Ordinal);

    public IReadOnlyList<Identity> Identities => identities;

    /// <summary>Whether a slot of that name has that content.</summary>
    public bool Has(StoredSlot slot) => slots.Any(stored => stored.Name == slot.Name && stored.Bytes == slot.Bytes);

    public CustomerSnapshot Snapshot(CustomerId id, int? reference, RecordedKey? recorded) => new()
    {
        Customer = id,
        Version = Version,
        Identities = identitiesEver,
        IdentityReference = reference,
        Slots = slots,
        Profile = profile,
        Recorded = recorded,
    };

    public CustomerHistory HistoryBefore(Instant? instant)
    {
        var checkpoint = instant is { } before ? checkpoints.Values.LastOrDefault(checkpoint => checkpoint.At < before) : null;
        var entries = journal.Where(entry => checkpoint is null || entry.EffectiveAt > checkpoint.At)
            .OrderBy(entry => entry.EffectiveAt).ThenBy(entry => entry.RecordedAt).ThenBy(entry => entry.Event.Key);
        return new CustomerHistory(checkpoint, entries.ToSequence()) { Opening = opening };
    }

    /// <summary>Takes out of the journal what an opening stands for.</summary>
    public void Write(JournalDisposal disposal)
    {
        disposal.CheckAgainst([.. journal.Where(entry => entry.EffectiveAt <= disposal.Opening.At).Select(entry => entry.Version)]);
        Write(disposal.Commit);
        journal.RemoveAll(entry => entry.EffectiveAt <= disposal.Opening.At);
        opening = disposal.Opening;
        foreach (var at in checkpoints.Keys.Where(at => at < opening.At).ToList())
        {
            checkpoints.Remove(at);
        }

        checkpoints[opening.At] = opening.State;
    }

    public void Write(Commit commit)
    {
        Version = commit.Version;
        foreach (var severed in commit.Severed)
        {
            identities.Remove(severed);
        }

        foreach (var claim in commit.Claims)
        {
            identities.Add(claim.Identity);
            identitiesEver++;
        }

        journal.AddRange(commit.Entries.AsSpan());
        ledger.AddRange(commit.Ledger.AsSpan());
        CollectionsMarshal.SetCount(ledgerVersions, ledger.Count);
        CollectionsMarshal.AsSpan(ledgerVersions)[^commit.Ledger.Count..].Fill(commit.Version);
        slots = StoredSlot.With(slots, commit.Slots);
        profile = commit.Profile ?? profile;
        foreach (var fact in commit.Facts)
        {
            if (fact.Value.IsMissing)
            {
                facts.Remove(fact.Name);
            }
            else
            {
                facts[fact.Name] = fact;
            }
        }

        WriteCheckpoints(commit);
    }

    /// <summary>Takes over the identities of somebody who is the same customer from now on.</summary>
    public void Join(InMemoryCustomer retired, int ever)
    {
        identities.AddRange(retired.identities);
        identitiesEver += ever;
        retired.identities.Clear();
    }

    private void Invalidate(Instant from)
    {
        foreach (var at in checkpoints.Keys.Where(at => at >= from && at != opening?.At).ToList())
        {
            checkpoints.Remove(at);
        }
    }

    private void WriteCheckpoints(Commit commit)
    {
        if (commit.CheckpointsInvalidFrom is { } from)
        {
            Invalidate(from);
        }

        foreach (var checkpoint in commit.Checkpoints)
        {
            if (checkpoint.At != opening?.At)
            {
                checkpoints[checkpoint.At] = checkpoint;
            }
        }
    }
}
