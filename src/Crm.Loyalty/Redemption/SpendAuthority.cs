using Crm.Values;

namespace Crm.Loyalty.Redemption;

/// <summary>
/// Why a host believes that whoever asks may spend a customer's units. There is no way to ask for units without one: a name or an address typed into a cart is an identity, and no authority.
/// </summary>
public sealed record SpendAuthority
{
    private SpendAuthority(Identity customer, string method, string? actor)
    {
        Customer = customer;
        Method = method;
        Actor = actor;
    }

    /// <summary>Whose units.</summary>
    public Identity Customer { get; }

    /// <summary>How it was made sure: "signed-in", "one-time-code", "card-present" or "staff". It is journalled with the request.</summary>
    public string Method { get; }

    /// <summary>The member of staff who vouches; null otherwise.</summary>
    public string? Actor { get; }

    /// <summary>The member who spends from a pool; null where a customer spends units of their own.</summary>
    public CustomerId? Member { get; private init; }

    /// <summary>The same customer, of whom the host is sure in the same way, spends from a pool that they are a member of.</summary>
    /// <param name="pool">The pool's account.</param>
    /// <param name="member">The customer's id.</param>
    public SpendAuthority From(Identity pool, CustomerId member) => new(pool, Method, Actor) { Member = member };

    internal Fields On(Fields fields) => fields.With(LoyaltyEvents.Authority, Method).With(Pools.PoolEvents.Member, Member is { } member ? Scalar.Of(member.ToString()) : default);

    /// <summary>The customer is signed in under this identity, in the host's own session.</summary>
    public static SpendAuthority SignedIn(Identity customer) => new(customer, "signed-in", null);

    /// <summary>The customer gave back a code that was sent to this identity just now.</summary>
    public static SpendAuthority OneTimeCode(Identity customer) => new(customer, "one-time-code", null);

    /// <summary>The customer's card, or a fresh code on their screen, was read at the till.</summary>
    public static SpendAuthority CardPresent(Identity customer) => new(customer, "card-present", null);

    /// <summary>A member of staff knows the customer and vouches.</summary>
    /// <param name="customer">Whose units.</param>
    /// <param name="actor">Who, as a code such as "staff:17".</param>
    public static SpendAuthority ByStaff(Identity customer, string actor)
    {
        ArgumentException.ThrowIfNullOrEmpty(actor);
        return new SpendAuthority(customer, "staff", actor);
    }
}
