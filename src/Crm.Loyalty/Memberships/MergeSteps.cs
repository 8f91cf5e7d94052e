using Crm.Loyalty.Challenges;
using Crm.Loyalty.Members;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Stamps;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Memberships;

/// <summary>
/// Two customers become one: wallets are added lot by lot, each unit with the life it has, and nothing is earned again. What was counted towards tiers, cards, limits and challenges is added; tiers of both are
/// held; a suspension stands.
/// </summary>
internal static class MergeSteps
{
    private static readonly string[] Own = [LoyaltyNames.Date(""), LoyaltyNames.ZoneOf("")];
    private static readonly string[] Latest = [LoyaltyNames.AllWarned, LoyaltyNames.Latest(""), LoyaltyNames.Paid(""), LoyaltyNames.TierWarned(""), LoyaltyNames.AllPoolMerged, LoyaltyNames.GivenUpAt("")];

    public static Outcome.Accepted? Merge(LoyaltyPlans plans, LoyaltyState survivor, LoyaltyState retired, ModuleContext context)
    {
        var decision = new Decision(survivor, context);
        foreach (var other in retired.Memberships)
        {
            var plan = plans.Find(other.Program)?.At(context.Moment.Instant, survivor);
            var own = survivor.In(other.Program);
            Live(plan is not null && survivor.Memberships.Any(known => known.Program == other.Program && !known.IsOnlySeen) && MemberSteps.TakesPart(plan, own), plan is not null && MemberSteps.TakesPart(plan, other), own, other, decision);
            Count(own, other, decision);
            Refer(own, other, context, decision);
            foreach (var holding in other.Holdings)
            {
                decision.Join(other.Program, plan, holding.Unit, holding.Wallet);
            }

            foreach (var reservation in other.Reservations)
            {
                decision.Stand(other.Program, reservation);
            }

            foreach (var cart in other.Carts.Where(cart => own.Carts.All(known => known.Cart != cart.Cart)))
            {
                decision.Keep(other.Program, cart);
            }

            Climb(plans, plan, other, decision);
        }

        return decision.Outcome() as Outcome.Accepted;
    }

    // Ladders, cards and challenges, by the version of the programme that counts now; what no version knows is kept as it is.
    private static void Climb(LoyaltyPlans plans, ProgramPlan? plan, Membership other, Decision decision)
    {
        foreach (var standing in other.Standings)
        {
            if (plan?.LadderNamed(standing.Ladder) is { } ladder)
            {
                decision.Join(plan, ladder, standing);
            }
            else
            {
                decision.Change(other.Program, membership => membership.Standing(standing.Ladder) is null ? membership.With(standing) : membership);
            }
        }

        foreach (var card in other.Cards)
        {
            if (plan?.CardNamed(card.Card) is { } known)
            {
                StampSteps.Join(plan, known, card, decision);
            }
            else
            {
                decision.Change(other.Program, membership => membership.With(membership.Card(card.Card).With(card, plans.Find(other.Program)?.Latest.CardNamed(card.Card)?.Definition.Goal ?? Math.Max(card.Goal, 1))));
            }
        }

        foreach (var challenge in other.Challenges)
        {
            if (plan?.Challenges.FirstOrDefault(known => known.Name == challenge.Challenge) is { } known)
            {
                ChallengeSteps.Join(plan, known, challenge, decision);
            }
            else
            {
                var own = decision.In(other.Program).Challenge(challenge.Challenge) ?? new ChallengeStanding { Challenge = challenge.Challenge };
                decision.Stand(other.Program, own.With(challenge, decision.Context.Cause.ToString(), decision.Context.Moment.Instant));
            }
        }

        if (plan is { HasLevels: true })
        {
            decision.Weigh(plan);
        }
    }

    // In an open programme who never joined may take part all the same, and goes on doing so though they left under their other name: then they are a member from now on, who joined when they did, and is welcomed once.
    private static void Live(bool iTakePart, bool theyTakePart, Membership own, Membership other, Decision decision)
    {
        if (other.Revealed)
        {
            decision.Reveal(own.Program);
        }

        var life = (own.Life, other.Life) switch
        {
            (null, { Status: MemberStatus.Left } theirs) when iTakePart => theirs with { Status = MemberStatus.Member, Since = decision.Context.Moment.Instant },
            ({ Status: MemberStatus.Left } mine, null) when theyTakePart => mine with { Status = MemberStatus.Member, Since = decision.Context.Moment.Instant },
            (null, var theirs) => theirs,
            (var mine, null) => mine,
            ({ } mine, { } theirs) => (Rank(theirs.Status) > Rank(mine.Status) ? theirs : mine) with
            {
                Joined = mine.Joined < theirs.Joined ? mine.Joined : theirs.Joined ?? mine.Joined,
                Times = Math.Max(mine.Times, theirs.Times),
                Terms = mine.Terms ?? theirs.Terms,
            },
        };
        if (life is not null && life != own.Life)
        {
            decision.Live(own.Program, life);
            decision.Publish(new Fact(LoyaltyNames.MemberFact(own.Program), MemberSteps.NameOf(life.Status)));
        }
    }

    // Who is suspended under one name is suspended under both; who is a member under one is a member.
    private static int Rank(MemberStatus status) => status switch
    {
        MemberStatus.Suspended => 2,
        MemberStatus.Member => 1,
        _ => 0,
    };

    private static void Count(Membership own, Membership other, Decision decision) => decision.Change(own.Program, membership => Told(own, other, other.Tallies.Aggregate(membership, With)) with
    {
        Pool = membership.Pool is { } pool && other.Pool is { } another ? pool.With(another) : membership.Pool ?? other.Pool,
        Awards = membership.Awards.Concat(other.Awards).OrderBy(award => award.At).ToSequence(),
        Rewards = membership.Rewards.Concat(other.Rewards).GroupBy(reward => reward.Reward, StringComparer.Ordinal).OrderBy(reward => reward.Key, StringComparer.Ordinal).Select(reward => new RewardStanding
        {
            Reward = reward.Key,
            Taken = reward.Sum(part => part.Taken),
            Recent = reward.SelectMany(part => part.Recent).Order().ToSequence(),
            Open = reward.SelectMany(part => part.Open).Distinct().ToSequence(),
        }.With(reward.SelectMany(part => part.Used))).ToSequence(),
    });

    // Where one of the two was told of more cards than are full, what both were told of is added: who was told of no more than are full was told of those.
    private static Membership Told(Membership own, Membership other, Membership membership)
    {
        foreach (var tally in own.TalliesOf(LoyaltyNames.AllTold).Concat(other.TalliesOf(LoyaltyNames.AllTold)).DistinctBy(tally => tally.Name).ToList())
        {
            membership = membership.With(tally with { Amount = checked(Of(own) + Of(other)) });
            long Of(Membership one) => Math.Max(one.Counted(tally.Name), one.Card(tally.Name[LoyaltyNames.AllTold.Length..]).Completed);
        }

        return membership;
    }

    // What ran out is added, as of the later day; what limits count is added within a span; of two spans the later one counts; instants and years are the latest of both, and the first day is the first.
    // What both were given once is marked twice: it is not given again when one of them brings it back.
    // The date and the zone that a yearly rule goes by are those of the profile that stays, and are looked at anew with the next event.
    public static Membership With(Membership membership, Tally tally)
    {
        var name = tally.Name;
        if (Own.Any(beginning => name.StartsWith(beginning, StringComparison.Ordinal)))
        {
            return membership;
        }

        if (membership.Tallies.FirstOrDefault(known => known.Name == name) is not { Name: not null } own)
        {
            return membership.With(tally);
        }

        var amount = name.StartsWith(LoyaltyNames.AllGone, StringComparison.Ordinal) || name.StartsWith(LoyaltyNames.AllUnowed, StringComparison.Ordinal) ? checked(own.Amount + tally.Amount)
            : own.Period != tally.Period ? (own.Period > tally.Period ? own.Amount : tally.Amount)
            : name == LoyaltyNames.FirstDay ? Math.Min(own.Amount, tally.Amount)
            : Latest.Any(beginning => name.StartsWith(beginning, StringComparison.Ordinal)) ? Math.Max(own.Amount, tally.Amount)
            : checked(own.Amount + tally.Amount);
        return membership.With(new Tally(name, Math.Max(own.Period, tally.Period), amount));
    }

    // Nobody brings themselves.
    private static void Refer(Membership own, Membership other, ModuleContext context, Decision decision)
    {
        var retired = context.Field("event.retired").AsCode;
        if (own.Referral is { } mine && mine.Advocate.ToString() == retired)
        {
            decision.Change(own.Program, membership => membership with { Referral = null });
            decision.Put(new AgendaChange(LoyaltyNames.ReferralKey(own.Program), null));
        }

        if (decision.In(own.Program).Referral is null && other.Referral is { } theirs && theirs.Advocate != context.Customer)
        {
            decision.Stand(own.Program, theirs);
        }
    }
}
