using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Redemption;

/// <summary>How many units a member wants to use for a cart that is still open. Nothing is set aside for it: what comes of it is worked out anew each time somebody looks.</summary>
/// <param name="Cart">The host's name of the cart.</param>
/// <param name="Wanted">How many units; more than 0.</param>
/// <param name="Until">When the wish is forgotten, if the cart is neither paid nor changed before.</param>
public sealed record CartRequest(string Cart, long Wanted, Instant Until)
{
    /// <summary>How many of them the member had when the wish was last told: at most so many may have been shown as payable, and are taken as far as they are still there where <see cref="PointsPayment.ClampsToBalance"/> says so.</summary>
    public long Covered { get; init; }
}

/// <summary>What a wish comes to for a cart as it is now: the balance, the share and the minimum of the programme's terms of payment are asked anew.</summary>
/// <param name="Wanted">How many units the member wants to use.</param>
/// <param name="Available">How many can be spent now.</param>
/// <param name="Points">How many would be taken.</param>
/// <param name="Pays">What they would pay.</param>
public sealed record CartView(long Wanted, long Available, long Points, Money Pays)
{
    /// <summary>What could still be spent if the cart were paid now.</summary>
    public long Left => Available - Points;
}
