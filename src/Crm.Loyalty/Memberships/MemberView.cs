using Crm.Engine;
using Crm.Loyalty.Challenges;
using Crm.Loyalty.Members;
using Crm.Loyalty.Pools;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Stamps;
using Crm.Loyalty.Tiers;
using Crm.Loyalty.Wallets;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Memberships;

/// <summary>What a member may see of one programme: for a screen, a till or a message.</summary>
public sealed record MemberView
{
    /// <summary>The programme.</summary>
    public required string Program { get; init; }

    /// <summary>What the membership is; null where nobody ever joined.</summary>
    public MembershipLife? Life { get; init; }

    /// <summary>The members of an account that is a pool; null for a person's own.</summary>
    public PoolStanding? Pool { get; init; }

    /// <summary>Each unit, with what is available, set aside and owed, and what runs out when, what idles among it.</summary>
    public required Sequence<UnitView> Units { get; init; }

    /// <summary>Each ladder, with what the next tier takes and what keeping this one takes.</summary>
    public required Sequence<TierProgress> Tiers { get; init; }

    /// <summary>Each stamp card.</summary>
    public required Sequence<CardStanding> Cards { get; init; }

    /// <summary>Each reward, with what it costs this member, and why they cannot have it where they cannot.</summary>
    public required Sequence<RewardOffer> Rewards { get; init; }

    /// <summary>Each challenge that runs and that the member takes part in or may join.</summary>
    public required Sequence<ChallengeProgress> Challenges { get; init; }

    internal static MemberView Of(ProgramPlan plan, Membership membership, CustomerView customer, Func<string, long>? stock)
    {
        var moment = new Moment(customer.Moment.Instant, plan.Zone);
        return new MemberView
        {
            Program = plan.Name,
            Life = membership.Life,
            Pool = membership.Pool,
            Units = plan.Units.Select(unit => UnitView.Of(unit, membership)).ToSequence(),
            Tiers = plan.Ladders.Select(ladder => ladder.Progress(membership.Standing(ladder.Name), moment, ladder.ValueOf(membership, customer), plan.Here(customer))).ToSequence(),
            Cards = plan.Cards.Select(card => membership.Card(card.Name)).ToSequence(),
            Rewards = plan.Definition.Value.Rewards
                .Select(reward => RewardOffer.Of(plan, reward, membership, customer, 1, reward.Stocked && stock is not null ? stock(LoyaltyNames.StockOf(plan.Name, reward.Name)) > 0 : null)).ToSequence(),
            Challenges = plan.Definition.Value.Challenges.Where(challenge => challenge.RunsAt(moment.Instant))
                .Select(challenge => ChallengeProgress.Of(challenge, membership.Challenge(challenge.Name), moment)).ToSequence(),
        };
    }
}

/// <summary>What a member holds of one unit.</summary>
/// <param name="Unit">The unit.</param>
/// <param name="Available">What can be spent.</param>
/// <param name="Reserved">What is set aside.</param>
/// <param name="Debt">What is owed.</param>
/// <param name="Lots">Lot by lot, what runs out first first, what stays for ever last.</param>
public sealed record UnitView(string Unit, long Available, long Reserved, long Debt, Sequence<Lot> Lots)
{
    /// <summary>What was earned and cannot be spent yet.</summary>
    public long Pending { get; init; }

    /// <summary>What runs out when, if nothing happens, the soonest first: lots at their own instant, and what idles at the one up to which the member's activity has kept it. What stays for ever is not in it.</summary>
    public Sequence<LotEnd> Schedule { get; init; }

    /// <summary>The balances, kind by kind.</summary>
    public WalletBalances Balances => new(Available, Pending, Reserved, Debt);

    internal static UnitView Of(UnitPlan unit, Membership membership)
    {
        var wallet = membership.Wallet(unit.Name);
        return new UnitView(unit.Name, wallet.Available, membership.Reserved(unit.Name), wallet.Debt, wallet.Lots)
        {
            Pending = wallet.PendingTotal,
            Schedule = wallet.Schedule.Select(lot => new LotEnd(lot.Lot, lot.At, lot.Amount)).ToSequence(),
        };
    }
}

/// <summary>When a lot runs out.</summary>
/// <param name="Lot">Its name in the ledger.</param>
/// <param name="At">From this instant on the units are gone.</param>
/// <param name="Amount">How many.</param>
public sealed record LotEnd(string Lot, Instant At, long Amount);
