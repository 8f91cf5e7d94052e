using Crm.Events;
using Crm.Loyalty.Members;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Rules;
using Crm.Modules;
using Crm.Values;

namespace Crm.Loyalty.Challenges;

/// <summary>Counts events towards challenges, and gives what achieving them gives.</summary>
internal static class ChallengeSteps
{
    private static readonly Text Word = new("challenge", "任務");

    public static void Count(CustomerEvent happened, ProgramPlan plan, Decision decision)
    {
        foreach (var challenge in plan.Challenges)
        {
            Count(happened, challenge, plan, decision);
        }
    }

    public static Outcome Join(CustomerEvent request, LoyaltyPlans plans, LoyaltyState state, ModuleContext context)
    {
        if (!RequestedProgram.TryFind(request, plans, context, out var plan, out var refused)
            || !RequestedProgram.TryChoose(request, ChallengeEvents.Challenge, Word, plan.Definition.Value.Challenges, item => item.Name, out var challenge, out refused))
        {
            return refused;
        }

        var standing = state.In(plan.Name).Challenge(challenge.Name);
        if (!context.AlreadyAccepted && (standing is { Joined: true } || !challenge.ByJoining || !challenge.RunsAt(context.Moment.Instant)))
        {
            return new Outcome.Refused("challenge-not-open", LoyaltyTexts.ChallengeNotOpen(challenge.Name));
        }

        var decision = new Decision(state, context);
        decision.Stand(plan.Name, (standing ?? new ChallengeStanding { Challenge = challenge.Name }) with { Joined = true });
        decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.ChallengeJoined) { Subject = challenge.Name, Text = LoyaltyTexts.ChallengeJoined(challenge.Name) });
        return decision.Outcome();
    }

    /// <summary>Adds how far somebody is who is the same customer from now on; what the two achieve only together is given as one would have been, while the challenge runs and to who takes part.</summary>
    public static void Join(ProgramPlan plan, Challenge challenge, ChallengeStanding other, Decision decision)
    {
        var moment = new Moment(decision.Context.Moment.Instant, plan.Zone);
        var own = decision.In(plan.Name).Challenge(challenge.Name) ?? new ChallengeStanding { Challenge = challenge.Name };
        if (!challenge.RunsAt(moment.Instant) || plan.Definition.Value.Ended || !MemberSteps.TakesPart(plan, decision.In(plan.Name)))
        {
            decision.Stand(plan.Name, own.With(other));
            return;
        }

        decision.Stand(plan.Name, new ChallengeRun(challenge, moment).Join(own, other, out var achieved));
        if (achieved > 0)
        {
            Award(plan, challenge, decision);
        }
    }

    private static void Count(CustomerEvent happened, Challenge challenge, ProgramPlan plan, Decision decision)
    {
        var moment = new Moment(decision.Context.Moment.Instant, plan.Zone);
        if (!challenge.RunsAt(moment.Instant) || challenge.Goals.All(goal => goal.On != happened.Kind))
        {
            return;
        }

        var standing = decision.In(plan.Name).Challenge(challenge.Name);
        if (challenge.ByJoining && standing is not { Joined: true })
        {
            return;
        }

        var before = standing ?? new ChallengeStanding { Challenge = challenge.Name };
        var after = new ChallengeRun(challenge, moment).Count(before, goal => Added(happened, goal, challenge, plan, decision), out var achieved);
        if (after.Counts.All(count => count.Done == 0) && after.Completed == 0 && standing is null)
        {
            return;
        }

        decision.Stand(plan.Name, after);
        if (achieved > 0)
        {
            Award(plan, challenge, decision);
        }
    }

    private static long Added(CustomerEvent happened, ChallengeGoal goal, Challenge challenge, ProgramPlan plan, Decision decision)
    {
        if (goal.On != happened.Kind || (goal.When is { } condition && !decision.Context.Evaluate(condition).Value))
        {
            return 0;
        }

        var context = decision.Counting(happened, plan, goal is { Kind: null, Measure: GoalMeasure.Money } ? goal.Currency : null);
        if (goal.Kind is not { } own)
        {
            return goal.Of(context);
        }

        try
        {
            return Math.Clamp(own.Of(context), 0, PointsPerAmount.Most);
        }
        catch (Exception exception)
        {
            throw new InvalidOperationException($"The kind of goal '{own.Name}' version {own.Version} of challenge '{challenge.Name}' of programme '{plan.Name}' failed at event {happened.Key}: {exception.Message}", exception);
        }
    }

    private static void Award(ProgramPlan plan, Challenge challenge, Decision decision)
    {
        decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.ChallengeAchieved) { Subject = challenge.Name, Text = LoyaltyTexts.ChallengeAchieved(challenge.Name) });
        decision.Tell(new Echo(LoyaltyNames.ChallengeAchieved, Fields.Of(("program", plan.Name), ("challenge", challenge.Name))));
        foreach (var award in challenge.Award)
        {
            if (plan.PlaceOf(award.Unit) is >= 0 and var place)
            {
                decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Gift) { Subject = challenge.Name, Unit = award.Unit, Amount = award.Amount });
                decision.Issue(plan, plan.Units[place], award.Amount, null, $"challenge.{challenge.Name}");
            }
        }
    }
}
