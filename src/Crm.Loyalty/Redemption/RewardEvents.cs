using Crm.Events;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Redemption;

/// <summary>The requests about rewards, and about units that are set aside first.</summary>
public static class RewardEvents
{
    /// <summary>Asks for a reward. Fields "reward", "authority", and where needed "quantity", "cost" and "program"; the look-up "code" where it carries one.</summary>
    public const string RedeemName = "reward.redeem";

    /// <summary>Asks to set a reward aside: its units and its stock. Fields as of <see cref="RedeemName"/>, and "seconds".</summary>
    public const string ReserveRewardName = "reward.reserve";

    /// <summary>Asks to use a reward's code. Fields "code" and where needed "program".</summary>
    public const string UseName = "reward.use";

    /// <summary>Asks to set units aside. Fields "amount", "authority", "seconds", and where needed "program" and "unit".</summary>
    public const string ReserveName = "points.reserve";

    /// <summary>Asks to take what was set aside: of units also a part of it, a reward at its price. Fields "reservation", and where needed "amount" and "program"; the look-up "code" where the reward carries one.</summary>
    public const string CaptureName = "points.capture";

    /// <summary>Asks to give back what was set aside. Fields "reservation" and where needed "program".</summary>
    public const string VoidName = "points.void";

    /// <summary>Asks to pay a part of an order with units; the event's spend is the order. Fields "amount" (units), "authority", and where needed "cart" and "program"; the look-up of the rate where the order is in another currency.</summary>
    public const string PayName = "points.pay";

    internal const string Reward = "reward";
    internal const string Quantity = "quantity";
    internal const string Cost = "cost";
    internal const string Code = "code";
    internal const string Seconds = "seconds";
    internal const string ReservationField = "reservation";

    private static readonly FieldDeclaration Program = new("program", ScalarKind.Code);
    private static readonly FieldDeclaration Authority = new(LoyaltyEvents.Authority, ScalarKind.Code, Required: true);

    private static readonly FieldDeclaration Member = new(Pools.PoolEvents.Member, ScalarKind.Code);

    /// <summary>The kinds.</summary>
    public static Sequence<EventKind> Kinds { get; } =
    [
        new(RedeemName, EventNature.Request) { Fields = [new(Reward, ScalarKind.Code, Required: true), Authority, new(Quantity, ScalarKind.Number), new(Cost, ScalarKind.Number), Program, Member] },
        new(ReserveRewardName, EventNature.Request)
        {
            Fields = [new(Reward, ScalarKind.Code, Required: true), Authority, new(Quantity, ScalarKind.Number), new(Cost, ScalarKind.Number), new(Seconds, ScalarKind.Number, Required: true), Program, Member],
        },
        new(UseName, EventNature.Request) { Fields = [new(Code, ScalarKind.Code, Required: true), Program] },
        new(ReserveName, EventNature.Request)
        {
            Fields = [new(LoyaltyEvents.Amount, ScalarKind.Number, Required: true), Authority, new(Seconds, ScalarKind.Number, Required: true), Program, new(LoyaltyEvents.Unit, ScalarKind.Code), Member],
        },
        new(CaptureName, EventNature.Request) { Fields = [new(ReservationField, ScalarKind.Code, Required: true), new(LoyaltyEvents.Amount, ScalarKind.Number), Program] },
        new(VoidName, EventNature.Request) { Fields = [new(ReservationField, ScalarKind.Code, Required: true), Program] },
        new(PayName, EventNature.Request) { Fields = [new(LoyaltyEvents.Amount, ScalarKind.Number, Required: true), Authority, Program, new(CartEvents.Cart, ScalarKind.Code), Member] },
    ];

    /// <summary>Asks for a reward. What it costs is worked out here and now, whatever the sender believes.</summary>
    /// <param name="key">"source:the source's own key".</param>
    /// <param name="authority">Why the asker may spend.</param>
    /// <param name="reward">The reward.</param>
    /// <param name="quantity">How many; of free articles, how many articles.</param>
    /// <param name="code">The code it carries, where it carries one: <see cref="RewardCodeForm.New"/>, or one of the host's own list.</param>
    /// <param name="program">The programme; may be left out where there is one.</param>
    public static CustomerEvent Redeem(string key, SpendAuthority authority, string reward, long quantity = 1, string? code = null, string? program = null) =>
        Request(key, RedeemName, authority, program, (Reward, reward), (Quantity, quantity)) is var request && code is null ? request : WithCode(request, code);

    /// <summary>Sets a reward aside for a while; <see cref="Capture"/> gives it.</summary>
    /// <inheritdoc cref="Redeem"/>
    /// <param name="until">How long, in whole seconds: a second to 366 days.</param>
    public static CustomerEvent ReserveReward(string key, SpendAuthority authority, string reward, Duration until, long quantity = 1, string? program = null) =>
        Request(key, ReserveRewardName, authority, program, (Reward, reward), (Quantity, quantity), (Seconds, (long)until.TotalSeconds));

    /// <summary>Uses a code; only its owner's code is known on the owner's journal.</summary>
    public static CustomerEvent Use(string key, Identity customer, string code, string? program = null) => Request(key, UseName, customer, program, (Code, code));

    /// <summary>Sets units aside for a while.</summary>
    /// <param name="key">"source:the source's own key"; it names the reservation.</param>
    /// <param name="authority">Why the asker may spend.</param>
    /// <param name="amount">How many; more than 0.</param>
    /// <param name="until">How long, in whole seconds: a second to 366 days.</param>
    /// <param name="program">The programme; may be left out where there is one.</param>
    /// <param name="unit">The unit; may be left out where the programme has one that can be spent.</param>
    public static CustomerEvent Reserve(string key, SpendAuthority authority, long amount, Duration until, string? program = null, string? unit = null) =>
        Request(key, ReserveName, authority, program, (LoyaltyEvents.Amount, amount), (Seconds, (long)until.TotalSeconds), (LoyaltyEvents.Unit, unit is null ? default : Scalar.Of(unit)));

    /// <summary>Takes what was set aside; of units also a part of it, and the rest returns to its lots.</summary>
    /// <param name="key">"source:the source's own key".</param>
    /// <param name="customer">Whose.</param>
    /// <param name="reservation">The key of the request that set it aside.</param>
    /// <param name="amount">How many; null: all. A reward has its price, which another amount does not change: it is refused.</param>
    /// <param name="program">The programme; may be left out where there is one.</param>
    /// <param name="code">The code of the reward, where it carries one, as of <see cref="Redeem"/>.</param>
    public static CustomerEvent Capture(string key, Identity customer, string reservation, long? amount = null, string? program = null, string? code = null) =>
        Request(key, CaptureName, customer, program, (ReservationField, reservation), (LoyaltyEvents.Amount, amount is { } some ? Scalar.Of((decimal)some) : default)) is var request && code is null
            ? request : WithCode(request, code);

    /// <summary>Gives back what was set aside.</summary>
    /// <param name="key">"source:the source's own key".</param>
    /// <param name="customer">Whose.</param>
    /// <param name="reservation">The key of the request that set it aside.</param>
    /// <param name="program">The programme; may be left out where there is one.</param>
    public static CustomerEvent Void(string key, Identity customer, string reservation, string? program = null) => Request(key, VoidName, customer, program, (ReservationField, reservation));

    /// <summary>Pays a part of an order with units, as <see cref="PointsPayment.Quote(long, long, Money)"/> said.</summary>
    /// <param name="key">"source:the source's own key".</param>
    /// <param name="authority">Why the asker may spend.</param>
    /// <param name="points">How many units.</param>
    /// <param name="order">What the order comes to; in another currency than that in which units pay, the event's look-ups have the rate (<see cref="Rules.ExchangeRates.Name"/>), and the receipt names it.</param>
    /// <param name="program">The programme; may be left out where there is one.</param>
    /// <param name="cart">The cart that the units were wanted for, which then wants nothing any more; the units are those that <see cref="LoyaltyModule.Cart"/> said last. Null: no cart kept a wish.</param>
    public static CustomerEvent Pay(string key, SpendAuthority authority, long points, Money order, string? program = null, string? cart = null) =>
        Request(key, PayName, authority, program, (LoyaltyEvents.Amount, points), (CartEvents.Cart, cart is null ? default : Scalar.Of(cart))) with { Spend = order };

    private static CustomerEvent WithCode(CustomerEvent request, string code) => request with
    {
        Lookups = Fields.Of((Code, code)),
        AlsoKnownAs = [new Identity(RewardCodeForm.IdentityKind, code)],
    };

    private static CustomerEvent Request(string key, string kind, SpendAuthority authority, string? program, params (string Name, Scalar Value)[] fields)
    {
        ArgumentNullException.ThrowIfNull(authority);
        var request = Request(key, kind, authority.Customer, program, fields);
        return request with { Actor = authority.Actor, Fields = authority.On(request.Fields) };
    }

    private static CustomerEvent Request(string key, string kind, Identity customer, string? program, params (string Name, Scalar Value)[] fields) => new()
    {
        Key = EventKey.Parse(key),
        Kind = kind,
        Identity = customer,
        Fields = Fields.Of(fields.Append(("program", program is null ? default : Scalar.Of(program)))),
    };
}
