using Crm.Loyalty.Challenges;
using Crm.Loyalty.Members;
using Crm.Loyalty.Pools;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Stamps;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Memberships;

/// <summary>What changes in all else that a membership has: cards, carts, reservations, rewards, challenges, pools, referrals, life.</summary>
internal sealed partial class Decision
{
    /// <summary>Puts a customer elsewhere on a stamp card.</summary>
    public void Stand(ProgramPlan plan, CardPlan card, CardStanding old, CardStanding standing, bool isDue = false)
    {
        if (isDue ? standing.NextExpiry is not null : old.NextExpiry != standing.NextExpiry)
        {
            agenda.Add(CardExpiryOf(plan.Name, standing));
        }

        if (old != standing)
        {
            Become(In(plan.Name).With(standing));
            facts.AddRange(card.Changed(old, standing));
        }
    }

    /// <summary>The entry of the agenda at which stamps of a card run out.</summary>
    public static AgendaChange CardExpiryOf(string program, CardStanding standing) => new(LoyaltyNames.CardKey(program, standing.Card), standing.NextExpiry, Phases.Expiry);

    /// <summary>Keeps a reservation, and has it return at its time.</summary>
    public void Stand(string program, Reservation reservation)
    {
        Become(In(program).With(reservation));
        agenda.Add(ReturnOf(program, reservation));
        facts.AddRange(ReservedOf(In(program), reservation.Unit));
    }

    /// <summary>The entry of the agenda at which what was set aside returns.</summary>
    public static AgendaChange ReturnOf(string program, Reservation reservation) => new(LoyaltyNames.ReservationKey(program, reservation.Id), reservation.Until, Phases.Redemption);

    /// <summary>Forgets a reservation that was resolved.</summary>
    public void Drop(string program, Reservation reservation)
    {
        Become(In(program).Without(reservation));
        agenda.Add(new AgendaChange(LoyaltyNames.ReservationKey(program, reservation.Id), null, Phases.Redemption));
        facts.AddRange(ReservedOf(In(program), reservation.Unit));
    }

    /// <summary>The fact that tells how much of a unit is set aside; none for what is set aside without units.</summary>
    public static IEnumerable<Fact> ReservedOf(Membership membership, string unit) =>
        unit.Length == 0 ? [] : [new Fact(LoyaltyNames.ReservedFact(membership.Program, unit), membership.Reserved(unit) is not 0 and var reserved ? Scalar.Of(reserved) : default)];

    /// <summary>Changes a pool.</summary>
    public void Stand(string program, PoolStanding pool)
    {
        Become(In(program) with { Pool = pool });
        Publish(PoolOf(In(program)));
    }

    /// <summary>The fact that tells pools from people.</summary>
    public static Fact PoolOf(Membership membership) => new(LoyaltyNames.PoolFact(membership.Program), membership.Pool is { } pool ? Scalar.Of(pool.Dissolved ? "dissolved" : "open") : default);

    /// <summary>Keeps what a cart wants, and has it forgotten at its time.</summary>
    public void Keep(string program, CartRequest cart)
    {
        Become(In(program).With(cart));
        agenda.Add(CartEndOf(program, cart));
    }

    /// <summary>Forgets what a cart wants.</summary>
    public void DropCart(string program, string cart)
    {
        if (In(program).Carts.Any(known => known.Cart == cart))
        {
            Become(In(program).WithoutCart(cart));
            agenda.Add(new AgendaChange(LoyaltyNames.CartKey(program, cart), null, Phases.Redemption));
        }
    }

    /// <summary>The entry of the agenda at which a cart's wish is forgotten.</summary>
    public static AgendaChange CartEndOf(string program, CartRequest cart) => new(LoyaltyNames.CartKey(program, cart.Cart), cart.Until, Phases.Redemption);

    public void Stand(string program, RewardStanding reward) => Become(In(program).With(reward));

    public void Stand(string program, ChallengeStanding challenge) => Become(In(program).With(challenge));

    public void Stand(string program, ReferralStanding referral, bool isDue = false)
    {
        var (old, due) = (FirstOf(In(program).Referral), FirstOf(referral));
        if (isDue ? due is not null : due is not null && due != old)
        {
            agenda.Add(new AgendaChange(LoyaltyNames.ReferralKey(program), due, Phases.Redemption));
        }

        Become(In(program) with { Referral = referral });
    }

    private static Instant? FirstOf(ReferralStanding? referral) => referral is null || referral.Waiting.IsEmpty ? null : referral.Waiting[0];

    public void Live(string program, MembershipLife life) => Become(In(program) with { Life = life });

    /// <summary>A hidden programme has given something.</summary>
    public void Reveal(string program)
    {
        if (!In(program).Revealed)
        {
            Become(In(program) with { Revealed = true });
        }
    }
}
