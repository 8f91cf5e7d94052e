using Crm.Loyalty.Programs;
using Crm.Loyalty.Tiers;
using Crm.Modules;
using Crm.Values;

namespace Crm.Loyalty.Memberships;

/// <summary>
/// Adds the difference of two replays to a state that was decided by rules that are gone: lots and counts by arithmetic, tiers by the latest ladder.
/// What follows from the state, facts and agenda, follows again.
/// </summary>
internal sealed class CorrectionSteps(LoyaltyPlans plans, LoyaltyState stored)
{
    private readonly List<Fact> facts = [];
    private readonly List<AgendaChange> agenda = [];

    public Outcome.Accepted Apply(LoyaltyState with, LoyaltyState without)
    {
        var sum = stored.Plus(with, without);
        foreach (var membership in sum.Memberships)
        {
            var before = stored.In(membership.Program);
            foreach (var holding in membership.Holdings)
            {
                Tell(membership.Program, holding, before);
            }

            foreach (var standing in membership.Standings)
            {
                if (plans.Find(membership.Program)?.Latest is { } plan && plan.LadderNamed(standing.Ladder) is { } ladder)
                {
                    sum = sum.With(sum.In(membership.Program).With(Stand(plan, ladder, standing, before.Standing(ladder.Name))));
                }
            }

            foreach (var standing in membership.Cards)
            {
                var card = plans.Find(membership.Program)?.Latest.CardNamed(standing.Card);
                var settled = standing.Goal > 0 || card is not null ? standing.Settled(card?.Definition.Goal ?? standing.Goal) : standing;
                sum = sum.With(sum.In(membership.Program).With(settled));
                facts.AddRange(CardPlan.Changed(membership.Program, before.Card(standing.Card), settled));
                agenda.Add(Decision.CardExpiryOf(membership.Program, settled));
            }
        }

        foreach (var membership in sum.Memberships)
        {
            var before = stored.In(membership.Program);
            agenda.AddRange(membership.Reservations.Except(before.Reservations).Select(reservation => Decision.ReturnOf(membership.Program, reservation)));
            agenda.AddRange(membership.Carts.Except(before.Carts).Select(cart => Decision.CartEndOf(membership.Program, cart)));
            facts.AddRange(membership.Reservations.Concat(before.Reservations).Select(reservation => reservation.Unit).Distinct(StringComparer.Ordinal)
                .Where(unit => membership.Reserved(unit) != before.Reserved(unit)).SelectMany(unit => Decision.ReservedOf(membership, unit)));
            if (membership.Pool != before.Pool)
            {
                facts.Add(Decision.PoolOf(membership));
            }

            if (membership.Life != before.Life)
            {
                facts.Add(new Fact(LoyaltyNames.MemberFact(membership.Program), membership.Life is { } life ? Scalar.Of(Members.MemberSteps.NameOf(life.Status)) : default));
            }
        }

        return new Outcome.Accepted { State = sum, Facts = facts.ToSequence(), Agenda = agenda.ToSequence() };
    }

    private void Tell(string program, Holding holding, Membership before)
    {
        var old = before.Wallet(holding.Unit);
        if (old.Balance != holding.Wallet.Balance)
        {
            facts.Add(new Fact(LoyaltyNames.Fact(program, holding.Unit), holding.Wallet.Balance));
        }

        if (old.NextExpiry != holding.Wallet.NextExpiry)
        {
            agenda.Add(Decision.ExpiryOf(program, holding.Unit, holding.Wallet));
        }

        if (old.PendingTotal != holding.Wallet.PendingTotal)
        {
            facts.Add(new Fact(LoyaltyNames.PendingFact(program, holding.Unit), holding.Wallet.PendingTotal is 0 ? default : Scalar.Of(holding.Wallet.PendingTotal)));
        }

        if (old.NextActivation != holding.Wallet.NextActivation)
        {
            agenda.Add(Decision.ActivationOf(program, holding.Unit, holding.Wallet));
        }
    }

    private TierStanding Stand(ProgramPlan plan, TierLadder ladder, TierStanding standing, TierStanding? before)
    {
        if (standing.Tier != before?.Tier)
        {
            facts.AddRange(Decision.FactsOf(plan.Name, ladder, before?.Tier, standing.Tier));
        }

        agenda.Add(Decision.CloseOf(plan, ladder, standing));
        return standing;
    }
}
