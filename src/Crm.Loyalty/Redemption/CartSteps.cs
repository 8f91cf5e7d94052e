using Crm.Events;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Rules;
using Crm.Modules;
using Crm.Values;

namespace Crm.Loyalty.Redemption;

/// <summary>Keeps what members want to use for their carts. No unit moves for it.</summary>
internal static class CartSteps
{
    private const int MostCarts = 20;

    public static Outcome Want(CustomerEvent request, LoyaltyPlans plans, LoyaltyState state, ModuleContext context)
    {
        if (!RequestedProgram.TryFind(request, plans, context, out var plan, out var refused))
        {
            return refused;
        }

        if (plan.Definition.Value.Payment is not { } terms)
        {
            return new Outcome.Refused("no-payment", LoyaltyTexts.NoPayment(plan.Name));
        }

        var (cart, wanted) = (request.Fields[CartEvents.Cart].AsCode ?? "", request.Fields[LoyaltyEvents.Amount].AsNumber);
        if (decimal.Truncate(wanted) != wanted || wanted is < 0 or > PointsPerAmount.Most)
        {
            return new Outcome.Refused("invalid-amount", LoyaltyTexts.InvalidAmount(Scalar.Of(wanted).ToString(), "a whole number, 0 or more", "零或以上的整數"));
        }

        var carts = state.In(plan.Name).Carts;
        if (wanted > 0 && carts.Count >= MostCarts && carts.All(known => known.Cart != cart) && !context.AlreadyAccepted)
        {
            return new Outcome.Refused("too-many-carts", LoyaltyTexts.TooManyCarts(MostCarts));
        }

        var life = CartEvents.UsualLife;
        if (wanted > 0 && !request.Fields[RewardEvents.Seconds].IsMissing && !ReservationSteps.TryLife(request, context, out life, out refused))
        {
            return refused;
        }

        var decision = new Decision(state, context);
        if (wanted == 0)
        {
            decision.DropCart(plan.Name, cart);
        }
        else
        {
            decision.Keep(plan.Name, new CartRequest(cart, (long)wanted, context.Moment.Instant + life) { Covered = Math.Clamp(state.In(plan.Name).Wallet(terms.Unit).Balance, 0, (long)wanted) });
        }

        decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.CartWants) { Program = plan.Name, Subject = cart, Text = LoyaltyTexts.CartWants((long)wanted, terms.Unit, cart) });
        return decision.Outcome();
    }

    /// <summary>The wish of the cart that a payment is of; null where it is of none, or of one that nobody told of.</summary>
    public static CartRequest? WishOf(CustomerEvent payment, Membership membership) =>
        payment.Fields[CartEvents.Cart].AsCode is { } cart ? membership.Carts.FirstOrDefault(known => known.Cart == cart) : null;

    /// <summary>Why a cart cannot be paid with so many units; null when it can, or when the payment is of no cart.</summary>
    public static Outcome.Refused? Obstacle(CustomerEvent payment, long points, Membership membership) =>
        payment.Fields[CartEvents.Cart].AsCode is not { } cart ? null
        : WishOf(payment, membership) is not { } wish ? new("nothing-wanted", LoyaltyTexts.NothingWanted(cart))
        : points > wish.Wanted ? new("more-than-wanted", LoyaltyTexts.MoreThanWanted(points, wish.Wanted))
        : null;

    /// <summary>What was wanted is given up.</summary>
    public static void Forfeit(ProgramPlan plan, Decision decision)
    {
        foreach (var cart in decision.In(plan.Name).Carts)
        {
            decision.DropCart(plan.Name, cart.Cart);
        }
    }

    /// <summary>The wish of a cart that was paid is fulfilled.</summary>
    public static void Fulfil(CustomerEvent payment, ProgramPlan plan, Decision decision)
    {
        if (payment.Fields[CartEvents.Cart].AsCode is { } cart)
        {
            decision.DropCart(plan.Name, cart);
        }
    }
}
