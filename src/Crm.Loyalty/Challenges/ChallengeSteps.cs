using Crm.Events;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
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
            var moment = new Moment(decision.Context.Moment.Instant, plan.Zone);
            if (!challenge.RunsAt(moment.Instant) || challenge.Goals.All(goal => goal.On != happened.Kind))
            {
                continue;
            }

            var standing = decision.In(plan.Name).Challenge(challenge.Name);
            if (challenge.ByJoining && standing is not { Joined: true })
            {
                continue;
            }

            var before = standing ?? new ChallengeStanding { Challenge = challenge.Name };
            var after = new ChallengeRun(challenge, moment).Count(before, happened, goal => goal.When is not { } condition || decision.Context.Evaluate(condition).Value, out var achieved);
            if (after.Counts.All(count => count == 0) && after.Completed == 0 && standing is null)
            {
                continue;
            }

            decision.Stand(plan.Name, after);
            if (achieved > 0)
            {
                Award(plan, challenge, decision);
            }
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
