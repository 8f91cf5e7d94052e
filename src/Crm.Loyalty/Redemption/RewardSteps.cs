using System.Diagnostics.CodeAnalysis;
using Crm.Conditions;
using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Members;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Wallets;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Redemption;

/// <summary>Gives rewards: those that are asked for, those that give themselves, and surprises.</summary>
internal static class RewardSteps
{
    private const int MostByThemselvesADay = 10;
    private static readonly Text RewardWord = new("reward", "獎賞");

    public static Outcome Redeem(CustomerEvent request, LoyaltyPlans plans, LoyaltyState state, ModuleContext context)
    {
        if (!TryOffer(request, plans, state, context, out var plan, out var offer, out var times, out var refused))
        {
            return refused;
        }

        if (MissesCode(offer.Reward, context) is { } noCode && !context.AlreadyAccepted)
        {
            return noCode;
        }

        if (WasGiven(offer.Reward, state.In(plan.Name), context) is { } given && !context.AlreadyAccepted)
        {
            return given;
        }

        var decision = new Decision(state, context);
        if (offer.Cost is { } cost)
        {
            Pay(plan, cost, times, offer.Reward, decision);
        }

        Give(plan, offer.Reward, (int)times, Issued(context, offer.Cost is { } paid ? new UnitAmount(paid.Unit, paid.Amount * times) : null), decision, drawsStock: true);
        return decision.Outcome();
    }

    /// <summary>The code that the host looked up for a reward, with what is paid for it; null for none.</summary>
    public static IssuedReward? Issued(ModuleContext context, UnitAmount? paid) => CodeOf(context) is { } code ? new IssuedReward(code, null) { Paid = paid } : null;

    private static string? CodeOf(ModuleContext context) => context.Field(EventFields.LookupScope + RewardEvents.Code).AsCode;

    /// <summary>Why a reward that carries a code cannot be handed over with the one that came, or with none; null where it can.</summary>
    public static Outcome.Refused? MissesCode(Reward reward, ModuleContext context)
    {
        var code = CodeOf(context);
        return reward.Code is { } form && (code is null || !form.Fits(code))
            ? new Outcome.Refused(code is null ? "code-missing" : "code-invalid", LoyaltyTexts.CodeExpected(reward.Name, form.Pattern))
            : null;
    }

    /// <summary>Why a code cannot be handed over that the member has, or has used, already; null where it can.</summary>
    public static Outcome.Refused? WasGiven(Reward reward, Membership membership, ModuleContext context) =>
        CodeOf(context) is { } code && membership.Rewards.Any(given => given.Open.Any(open => open.Code == code) || given.Used.Any(used => used.Code == code))
            ? new("code-given", LoyaltyTexts.CodeGiven(reward.Name))
            : null;

    /// <summary>A programme has no such reward any more.</summary>
    public static Outcome.Refused NoSuch(string name, ProgramPlan plan) =>
        new("unknown-reward", LoyaltyTexts.NotThere(RewardWord, name, plan.Definition.Value.Rewards.IsEmpty ? "-" : string.Join(", ", plan.Definition.Value.Rewards.Select(item => item.Name))));

    public static Outcome Reserve(CustomerEvent request, LoyaltyPlans plans, LoyaltyState state, ModuleContext context)
    {
        if (!ReservationSteps.TryLife(request, context, out var life, out var refused) || !TryOffer(request, plans, state, context, out var plan, out var offer, out var times, out refused))
        {
            return refused;
        }

        var decision = new Decision(state, context);
        if (offer.Reward.Stocked)
        {
            decision.Draw(LoyaltyNames.StockOf(plan.Name, offer.Reward.Name), times);
        }

        ReservationSteps.SetAside(request, plan, offer.Cost?.Unit ?? "", (offer.Cost?.Amount ?? 0) * times, life, offer.Reward.Name, (int)times, decision);
        return decision.Outcome();
    }

    public static Outcome Use(CustomerEvent request, LoyaltyPlans plans, LoyaltyState state, ModuleContext context)
    {
        if (!RequestedProgram.TryFind(request, plans, context, out var plan, out var refused))
        {
            return refused;
        }

        var code = request.Fields[RewardEvents.Code].AsCode ?? "";
        var now = context.Moment.Instant;
        // What was used in time, and is over in a history that is decided again, was had all the same, and has its price there.
        var standing = state.In(plan.Name).Rewards.FirstOrDefault(item => item.Open.Any(open => open.Code == code && (context.AlreadyAccepted || !(open.Until <= now))));
        var decision = new Decision(state, context);
        if (standing is null && !(context.AlreadyAccepted && Have(code, plan, decision)))
        {
            return context.AlreadyAccepted ? Outcome.Nothing : new Outcome.Refused("unknown-code", LoyaltyTexts.UnknownCode);
        }

        if (standing is not null)
        {
            var used = standing.Open.First(open => open.Code == code);
            standing = (standing with { Open = standing.Open.Where(open => open.Code != code).ToSequence() }).With([new UsedReward(code, now, used.Times, used.Paid) { Until = used.Until }]);
            decision.Stand(plan.Name, standing with { Used = standing.Used.Where(one => !one.IsForgotten(now)).ToSequence() });
            Tell(standing, plan, decision);
        }

        return decision.Outcome();
    }

    /// <summary>Codes that were not used are given up: they are over. What was paid for them stays paid, as where their time is over.</summary>
    public static void Forfeit(ProgramPlan plan, Decision decision)
    {
        var now = decision.Context.Moment.Instant;
        foreach (var reward in decision.In(plan.Name).Rewards)
        {
            if (reward.Open.Where(open => !(open.Until <= now)).Sum(open => open.Times) is > 0 and var times)
            {
                decision.Stand(plan.Name, reward with { Open = reward.Open.Select(open => open.Until <= now ? open : open with { Until = now }).ToSequence() });
                decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.RewardForfeited) { Program = plan.Name, Subject = reward.Reward, Text = LoyaltyTexts.RewardForfeited(reward.Reward, times) });
            }
        }
    }

    /// <summary>What was used stands: before history is decided again, the codes are made known that were used in it.</summary>
    public static Membership? Seen(Membership start, Membership kept)
    {
        var seen = start;
        foreach (var reward in kept.Rewards)
        {
            var own = seen.Rewards.FirstOrDefault(item => item.Reward == reward.Reward) ?? new RewardStanding { Reward = reward.Reward };
            if (reward.Used.Any(used => own.Used.All(known => known.Code != used.Code)))
            {
                seen = seen.With(own.With(reward.Used));
            }
        }

        return ReferenceEquals(seen, start) ? null : seen;
    }

    // The reward may never have been given in this history. It was used all the same, so it was had, and its price is owed.
    private static bool Have(string code, ProgramPlan plan, Decision decision)
    {
        var standing = decision.In(plan.Name).Rewards.FirstOrDefault(item => item.Used.Any(one => one.Code == code));
        if (standing is null || plan.Definition.Value.Rewards.FirstOrDefault(item => item.Name == standing.Reward) is not { } reward)
        {
            return false;
        }

        var used = standing.Used.First(one => one.Code == code);
        if (used.Paid is { } paid && plan.PlaceOf(paid.Unit) >= 0)
        {
            Pay(plan, new RewardCost(paid.Unit, paid.Amount), 1, reward, decision);
        }

        Give(plan, reward, used.Times, null, decision, drawsStock: true);
        if (used.Until is not null && decision.In(plan.Name).Rewards.FirstOrDefault(item => item.Reward == standing.Reward) is { } given)
        {
            // No redemption tells of it any more, so it is never forgotten.
            decision.Stand(plan.Name, given with { Used = given.Used.Select(one => one.Code == code ? one with { Until = null } : one).ToSequence() });
        }

        Tell(standing, plan, decision);
        return true;
    }

    private static void Tell(RewardStanding used, ProgramPlan plan, Decision decision) =>
        decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.RewardUsed) { Program = plan.Name, Subject = used.Reward, Text = LoyaltyTexts.RewardUsed(used.Reward) });

    /// <summary>Rewards that give themselves to who takes part, as often as the balance reaches; before tiers are counted.</summary>
    public static void GiveThemselves(ProgramPlan plan, Decision decision)
    {
        if (plan.Definition.Value.Ended || !MemberSteps.TakesPart(plan, decision.In(plan.Name)))
        {
            return;
        }

        foreach (var reward in plan.SelfGiving)
        {
            for (var i = 0; i < MostByThemselvesADay; i++)
            {
                var membership = decision.In(plan.Name);
                var today = RewardOffer.StartOf(RewardSpan.Day, new Moment(decision.Context.Moment.Instant, plan.Zone));
                var offer = RewardOffer.Of(plan, reward, membership, decision.Context, 1, InStock(plan, reward, decision));
                if (offer.Cost is not { } cost || !offer.IsAvailable || membership.Wallet(cost.Unit).Available < reward.AutoAt
                    || membership.Rewards.FirstOrDefault(item => item.Reward == reward.Name)?.Recent.Count(at => at >= today) >= MostByThemselvesADay)
                {
                    break;
                }

                Pay(plan, cost, 1, reward, decision);
                Give(plan, reward, 1, null, decision, drawsStock: true);
            }
        }
    }

    /// <summary>What nobody was told of.</summary>
    public static void Surprise(CustomerEvent happened, ProgramPlan plan, Decision decision)
    {
        foreach (var surprise in plan.Definition.Value.Surprises)
        {
            if (!surprise.On.Contains(happened.Kind) || (surprise.When is { } condition && !Evaluator.Evaluate(condition, plan.Here(decision.Context)).Value) || !surprise.Picks(decision.Context.Customer, happened.Key))
            {
                continue;
            }

            // What is out of stock is no surprise: nothing is said where nothing is given.
            var reward = surprise.Reward is { } name && plan.Definition.Value.Rewards.FirstOrDefault(item => item.Name == name) is { } known && InStock(plan, known, decision) != false ? known : null;
            var gift = surprise.Gift is { } units && plan.PlaceOf(units.Unit) >= 0 ? units : default(UnitAmount?);
            if (reward is null && gift is null)
            {
                continue;
            }

            decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Surprise) { Program = plan.Name, Subject = surprise.Name, Text = LoyaltyTexts.Surprise(surprise.Name) });
            if (gift is { } given)
            {
                decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Gift) { Program = plan.Name, Subject = surprise.Name, Unit = given.Unit, Amount = given.Amount });
                decision.Issue(plan, plan.Units[plan.PlaceOf(given.Unit)], given.Amount, null, $"surprise.{surprise.Name}");
            }

            if (reward is not null)
            {
                Give(plan, reward, 1, null, decision, drawsStock: true);
            }

            decision.Reveal(plan.Name);
        }
    }

    /// <summary>Hands a reward over that is paid for.</summary>
    /// <param name="plan">The programme.</param>
    /// <param name="reward">The reward.</param>
    /// <param name="times">How many.</param>
    /// <param name="issued">The code that they carry and what was paid for them; null: they carry none.</param>
    /// <param name="decision">What the change is told by.</param>
    /// <param name="drawsStock">Whether they are still in the stock.</param>
    public static void Give(ProgramPlan plan, Reward reward, int times, IssuedReward? issued, Decision decision, bool drawsStock)
    {
        if (drawsStock && reward.Stocked)
        {
            decision.Draw(LoyaltyNames.StockOf(plan.Name, reward.Name), times);
        }

        var moment = new Moment(decision.Context.Moment.Instant, plan.Zone);
        var standing = decision.In(plan.Name).Rewards.FirstOrDefault(item => item.Reward == reward.Name) ?? new RewardStanding { Reward = reward.Name };
        var recent = standing.Recent;
        if ((reward.MostPerMember is not null && reward.Per != RewardSpan.Ever) || reward.AutoAt is not null)
        {
            var from = RewardOffer.StartOf(reward.Per is RewardSpan.Ever ? RewardSpan.Day : reward.Per, moment);
            recent = recent.Where(at => at >= from).Concat(Enumerable.Repeat(moment.Instant, times)).ToSequence();
        }

        decision.Stand(plan.Name, standing with
        {
            Taken = checked(standing.Taken + times),
            Recent = recent,
            Open = issued is not { } open ? standing.Open : standing.Open.Where(other => !(other.Until <= moment.Instant)).Append(open with { Until = reward.CodeLife?.Of(moment), Times = times }).ToSequence(),
        });
        decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Rewarded) { Program = plan.Name, Subject = reward.Name, Text = LoyaltyTexts.Rewarded(reward.Name, times) });
        var given = Given(plan, reward, times, decision);
        if (reward.Kind is RewardKind.Units units && plan.PlaceOf(units.Amount.Unit) is >= 0 and var place)
        {
            var amount = checked(units.Amount.Amount * times);
            decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Gift) { Program = plan.Name, Subject = reward.Name, Unit = units.Amount.Unit, Amount = amount });
            decision.Issue(plan, plan.Units[place], amount, null, $"reward.{reward.Name}");
        }

        decision.Tell(new Echo(LoyaltyNames.RewardIssued, given.With(Fields.Of(("program", plan.Name), ("reward", reward.Name), ("kind", reward.Kind.Code), ("times", times)))));
    }

    // What a reward gives; a kind of a team's own that fails is named.
    private static Fields Given(ProgramPlan plan, Reward reward, int times, Decision decision)
    {
        try
        {
            return reward.Kind.Give(times);
        }
        catch (Exception exception) when (reward.Kind is RewardKind.Custom custom)
        {
            throw new InvalidOperationException($"The kind of reward '{custom.Own.Name}' version {custom.Own.Version} of reward '{reward.Name}' of programme '{plan.Name}' failed at {decision.Context.Cause}: {exception.Message}", exception);
        }
    }

    /// <summary>Whether the stock has so many; null where it is not limited.</summary>
    private static bool? InStock(ProgramPlan plan, Reward reward, long times, ModuleContext context) =>
        reward.Stocked ? context.MayDraw(LoyaltyNames.StockOf(plan.Name, reward.Name), times) : null;

    // Whether the stock has one more than what is drawn on it already.
    private static bool? InStock(ProgramPlan plan, Reward reward, Decision decision) =>
        reward.Stocked ? decision.MayDraw(LoyaltyNames.StockOf(plan.Name, reward.Name), 1) : null;

    private static void Pay(ProgramPlan plan, RewardCost cost, long times, Reward reward, Decision decision)
    {
        if (plan.PlaceOf(cost.Unit) is not (>= 0 and var place) || decision.In(plan.Name).Wallet(cost.Unit).Take(cost.Amount * times, Movement.Spent, intoDebt: decision.Context.AlreadyAccepted, plan.Units[place].Definition.Debt) is not { } taken)
        {
            throw new InvalidOperationException($"The reward '{reward.Name}' was found payable with {cost.Amount} {cost.Unit}, and is not.");
        }

        decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Spent) { Program = plan.Name, Subject = reward.Name, Unit = cost.Unit, Amount = -cost.Amount * times });
        decision.Take(plan, plan.Units[place], taken, cost.Amount * times, $"reward.{reward.Name}", isSpending: true);
    }

    private static bool TryOffer(
        CustomerEvent request,
        LoyaltyPlans plans,
        LoyaltyState state,
        ModuleContext context,
        [NotNullWhen(true)] out ProgramPlan? plan,
        [NotNullWhen(true)] out RewardOffer? offer,
        out long times,
        [NotNullWhen(false)] out Outcome.Refused? refused)
    {
        (offer, times) = (null, 0);
        if (!RequestedProgram.TryFind(request, plans, context, out plan, out refused)
            || !RequestedProgram.TryChoose(request, RewardEvents.Reward, RewardWord, plan.Definition.Value.Rewards, item => item.Name, out var reward, out refused))
        {
            return false;
        }

        var quantity = request.Fields[RewardEvents.Quantity] is { IsMissing: false } some ? some.AsNumber : 1;
        if (decimal.Truncate(quantity) != quantity || quantity is < 1 or > 10_000)
        {
            refused = new Outcome.Refused("invalid-amount", LoyaltyTexts.InvalidAmount(Scalar.Of(quantity).ToString(), "a whole number from 1 to 10,000", "1 至 10,000 的整數"));
            return false;
        }

        times = reward.Kind.TimesFor((long)quantity);
        offer = RewardOffer.Of(plan, reward, state.In(plan.Name), context, times, InStock(plan, reward, times, context));
        if (context.AlreadyAccepted)
        {
            offer = offer with { Cost = RecordedSteps.CostOf(reward, times, plan, context) ?? offer.Cost ?? (reward.Costs.IsEmpty ? null : reward.Costs[0]) };
        }
        else if (!offer.IsAvailable)
        {
            refused = new Outcome.Refused(offer.Reasons[0].Code, offer.Reasons[0].Detail);
            return false;
        }

        return true;
    }
}
