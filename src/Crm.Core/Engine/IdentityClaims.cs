using Crm.Events;
using Crm.Storage;
using Crm.Values;

namespace Crm.Engine;

/// <summary>The identities that become the customer's with one commit.</summary>
internal sealed class IdentityClaims(CustomerSnapshot snapshot, CustomerId customer)
{
    private readonly List<IdentityClaim> claims = [];

    public Sequence<IdentityClaim> All => claims.ToSequence();

    public void Add(Identity identity)
    {
        if (claims.TrueForAll(claim => claim.Identity != identity))
        {
            claims.Add(new IdentityClaim(identity, snapshot.Identities + claims.Count + 1));
        }
    }

    /// <summary>Whether the further identities of an event can become the customer's, for all that is known of their owners: a request is refused, a happening gets a note.</summary>
    public Refusal? Check(CustomerEvent happened, EventKind kind, IReadOnlyDictionary<Identity, CustomerId>? owners, Consequences own)
    {
        foreach (var identity in happened.AlsoKnownAs)
        {
            if (owners is not null && owners.TryGetValue(identity, out var owner) && owner != customer)
            {
                var text = new Text($"A {identity.Kind} belongs to somebody else.", $"該 {identity.Kind} 已屬另一位客人。");
                if (kind.Nature == EventNature.Request)
                {
                    return new Refusal(StateCodec.KernelSlot, "identity-taken", text);
                }

                own.Lines.Add(new ReceiptLine(StateCodec.KernelSlot, "identity-taken") { Subject = identity.Kind, Text = text });
            }
        }

        return null;
    }

    /// <summary>The opaque reference of the identity that an event came with; null when it came with the id.</summary>
    /// <param name="sent">The event as it was sent.</param>
    /// <param name="loaded">The customer as loaded by the event's own identity: events that come with different ones may be decided together.</param>
    public int? ReferenceOf(CustomerEvent sent, CustomerSnapshot loaded)
    {
        if (sent.Customer is not null)
        {
            return null;
        }

        foreach (var claim in claims)
        {
            if (claim.Identity == sent.Identity)
            {
                return claim.Reference;
            }
        }

        return loaded.IdentityReference;
    }
}
