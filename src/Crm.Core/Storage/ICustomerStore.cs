using Crm.Values;
using NodaTime;

namespace Crm.Storage;

/// <summary>
/// What a host's database must do: load a customer, load history, commit one atomic value, and read a journal. Everything else is optional.
/// Check an implementation with the laws of Crm.Testing.
/// </summary>
public interface ICustomerStore
{
    /// <summary>Loads a customer, or finds that there is none. The id of somebody who was merged leads to the survivor, over as many merges as there were. Where the reference names the event about to be recorded, says whether the store has that key already.</summary>
    ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken);

    /// <summary>The journal from a point on, with the latest settled checkpoint before that point (none for the beginning).</summary>
    ValueTask<CustomerHistory> LoadHistoryAsync(CustomerId customer, HistoryStart start, CancellationToken cancellationToken);

    /// <summary>
    /// Writes a commit wholly or not at all. A text that the database cannot keep letter by letter (<see cref="Values.StorableText"/>; the engine lets none through) is refused with an <see cref="ArgumentException"/>, never
    /// written as another. Everything expected to happen is in the result; exceptions mean that the store failed, and then nothing was written or, where the connection broke while committing, it is not known.
    /// </summary>
    ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken);

    /// <summary>A customer's journal in the order in which it was recorded, beginning after a version; 0 for all of it.</summary>
    IAsyncEnumerable<JournalEntry> ReadJournalAsync(CustomerId customer, long afterVersion, CancellationToken cancellationToken);
}

/// <summary>Whom to load.</summary>
/// <param name="Id">By id, or null.</param>
/// <param name="Identity">By identity; used when there is no id.</param>
public sealed record CustomerRef(CustomerId? Id, Identity? Identity)
{
    /// <summary>The key of the event about to be recorded; null when none is.</summary>
    public EventKey? Recording { get; init; }

    /// <summary>By id.</summary>
    public static CustomerRef Of(CustomerId id) => new(id, null);

    /// <summary>By identity.</summary>
    public static CustomerRef Of(Identity identity) => new(null, identity);
}

/// <summary>From where history is wanted.</summary>
public abstract record HistoryStart
{
    private HistoryStart()
    {
    }

    /// <summary>All of it, without a checkpoint.</summary>
    public sealed record Beginning : HistoryStart;

    /// <summary>From the last checkpoint strictly before an instant.</summary>
    /// <param name="Instant">The instant; what counts at it is included in the entries.</param>
    public sealed record Before(Instant Instant) : HistoryStart;

    /// <summary>From the last checkpoint strictly before the instant at which an event of the customer counts; all of it when the customer has no such event.</summary>
    /// <param name="Key">The event.</param>
    public sealed record BeforeEvent(EventKey Key) : HistoryStart;
}

/// <summary>A customer's history from a point on.</summary>
/// <param name="Checkpoint">The state to start from; null: from nothing.</param>
/// <param name="Entries">What counts after the checkpoint, in the order (effective, recorded, key).</param>
public sealed record CustomerHistory(Checkpoint? Checkpoint, Sequence<JournalEntry> Entries)
{
    /// <summary>
    /// With what the customer's journal begins, whichever start was asked for; null while nothing was disposed of (<see cref="IJournalDisposal"/>). Where there is no checkpoint, the entries are those after it.
    /// It counts among the checkpoints: a history from after its instant has it as its checkpoint where there is no later one.
    /// </summary>
    public JournalOpening? Opening { get; init; }

    /// <summary>The histories of the customers who were merged into this one by entries that are here. Stores leave it empty; <see cref="JoinedHistories"/> reads them.</summary>
    public Sequence<JoinedHistory> Joined { get; init; }
}

/// <summary>The whole state of a customer as of an instant, so that a replay need not start at birth.</summary>
/// <param name="At">Everything that counts at or before this instant is in it, and nothing after.</param>
/// <param name="Slots">All slots.</param>
public sealed record Checkpoint(Instant At, Sequence<StoredSlot> Slots);

/// <summary>A state as stored.</summary>
/// <param name="Name">The module, or "kernel".</param>
/// <param name="Version">The codec's version.</param>
/// <param name="Bytes">The encoded state.</param>
public readonly record struct StoredSlot(string Name, int Version, Sequence<byte> Bytes)
{
    /// <summary>Slots after some of them changed, in the ordinal order of their names.</summary>
    internal static Sequence<StoredSlot> With(Sequence<StoredSlot> slots, Sequence<StoredSlot> changed)
    {
        if (changed.IsEmpty)
        {
            return slots;
        }

        var all = slots.AsSpan().ToArray();
        foreach (var slot in changed)
        {
            var place = 0;
            var order = -1;
            while (place < all.Length && (order = string.CompareOrdinal(all[place].Name, slot.Name)) < 0)
            {
                place++;
            }

            if (place < all.Length && order == 0)
            {
                all[place] = slot;
            }
            else
            {
                all = [.. all.AsSpan(0, place), slot, .. all.AsSpan(place)];
            }
        }

        return Sequence.Given(all);
    }
}
