using Crm.Events;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Redemption;

/// <summary>
/// The request of a cart that is still open. The cart keeps what the member wants; <see cref="LoyaltyModule.Cart"/> says what it comes to for the cart as it is;
/// <see cref="RewardEvents.Pay"/> with the cart's name takes, when the order is placed, what was shown last.
/// </summary>
public static class CartEvents
{
    /// <summary>Asks a cart to keep how many units the member wants to use for it; 0 forgets it. Fields "cart", "amount", "authority", "seconds" and where needed "program".</summary>
    public const string WantName = "cart.points";

    internal const string Cart = "cart";

    /// <summary>How long a wish is kept unless the request says otherwise.</summary>
    public static Duration UsualLife { get; } = Duration.FromDays(30);

    /// <summary>The kind.</summary>
    public static Sequence<EventKind> Kinds { get; } =
    [
        new(WantName, EventNature.Request)
        {
            Fields =
            [
                new(Cart, ScalarKind.Code, Required: true), new(LoyaltyEvents.Amount, ScalarKind.Number, Required: true), new(LoyaltyEvents.Authority, ScalarKind.Code, Required: true),
                new(RewardEvents.Seconds, ScalarKind.Number), new(LoyaltyEvents.Program, ScalarKind.Code), new(Pools.PoolEvents.Member, ScalarKind.Code),
            ],
        },
    ];

    /// <summary>Keeps how many units a member wants to use for a cart; a later request of the same cart replaces it.</summary>
    /// <param name="key">"source:the source's own key of the request".</param>
    /// <param name="authority">Why the asker may spend.</param>
    /// <param name="cart">The host's name of the cart, as a code.</param>
    /// <param name="wanted">How many units; more than there are is no error, and 0 forgets the wish.</param>
    /// <param name="keep">How long, in whole seconds: a second to 366 days; null: <see cref="UsualLife"/>.</param>
    /// <param name="program">The programme; may be left out where there is one.</param>
    public static CustomerEvent Want(string key, SpendAuthority authority, string cart, long wanted, Duration? keep = null, string? program = null)
    {
        ArgumentNullException.ThrowIfNull(authority);
        return new CustomerEvent
        {
            Key = EventKey.Parse(key),
            Kind = WantName,
            Identity = authority.Customer,
            Actor = authority.Actor,
            Fields = authority.On(Fields.Of(
                (Cart, cart),
                (LoyaltyEvents.Amount, wanted),
                (RewardEvents.Seconds, keep is { } life ? Scalar.Of((long)life.TotalSeconds) : default),
                (LoyaltyEvents.Program, program is null ? default : Scalar.Of(program)))),
        };
    }
}
