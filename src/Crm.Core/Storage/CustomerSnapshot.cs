using Crm.Events;
using Crm.Values;

namespace Crm.Storage;

/// <summary>A customer as loaded.</summary>
public sealed record CustomerSnapshot
{
    /// <summary>Nobody has the reference.</summary>
    public static CustomerSnapshot Nobody { get; } = new();

    /// <summary>The customer; null when nobody has the reference.</summary>
    public CustomerId? Customer { get; init; }

    /// <summary>The version of the last commit; 0 when there is no customer.</summary>
    public long Version { get; init; }

    /// <summary>How many identities the customer ever had; severed ones count, so that no reference comes twice.</summary>
    public int Identities { get; init; }

    /// <summary>The opaque reference of the identity by which the customer was loaded; null when loaded by id.</summary>
    public int? IdentityReference { get; init; }

    /// <summary>All slots.</summary>
    public Sequence<StoredSlot> Slots { get; init; }

    /// <summary>The values of the profile, where the store keeps it; empty otherwise.</summary>
    public Fields Profile { get; init; }

    /// <summary>What the store has under the key about to be recorded, of this customer or another; null when it is new.</summary>
    public RecordedKey? Recorded { get; init; }
}

/// <summary>A key that the store has already.</summary>
/// <param name="PayloadHash">The hash of the payload first recorded under it.</param>
/// <param name="Receipt">The receipt given then.</param>
public sealed record RecordedKey(UInt128 PayloadHash, Receipt Receipt);
