using Crm.Conditions;
using Crm.Events;
using Crm.Loyalty.Members;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Rules;
using Crm.Modules;
using Crm.Values;
using NodaTime;

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
        decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.ChallengeJoined) { Program = plan.Name, Subject = challenge.Name, Text = LoyaltyTexts.ChallengeJoined(challenge.Name) });
        return decision.Outcome();
    }

    /// <summary>What was done for challenges is given up.</summary>
    public static void Forfeit(ProgramPlan plan, Decision decision)
    {
        foreach (var challenge in plan.Challenges)
        {
            if (decision.In(plan.Name).Challenge(challenge.Name) is not { } standing)
            {
                continue;
            }

            var run = new ChallengeRun(challenge, new Moment(decision.Context.Moment.Instant, plan.Zone));
            var (before, after) = (run.Bring(standing), run.Forfeited(standing));
            decision.Stand(plan.Name, after);
            if (after with { Past = before.Past } != before)
            {
                decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.ChallengeForfeited) { Program = plan.Name, Subject = challenge.Name, Text = LoyaltyTexts.ChallengeForfeited(challenge.Name) });
            }
        }
    }

    /// <summary>Takes off, in a programme without cascade, what an event counted of which there is less left, or counts it again. An award that was given stays, and is owed where what is left does not achieve it any more.</summary>
    public static void TakeBack(string key, Membership before, Membership left, ProgramPlan plan, Decision decision)
    {
        foreach (var challenge in plan.Challenges)
        {
            var (had, has) = (before.Challenge(challenge.Name)?.Past?.CountsOf(key) ?? [], left.Challenge(challenge.Name)?.Past?.CountsOf(key) ?? []);
            if (had == has || decision.In(plan.Name).Challenge(challenge.Name) is not { Past: { } known } standing || known.With(key, had, has) is not { } past)
            {
                continue;
            }

            var (run, period) = (RunOf(plan, challenge), standing.Period is { } begun ? new Moment(default, plan.Zone).StartOf(begun) : default(Instant?));
            var ((was, gave), (made, gives)) = (known.Made(run, period), past.Made(run, period));
            decision.Stand(plan.Name, standing.Plus(made, was) with { Past = past, Ahead = checked(standing.Ahead + gave - gives) });
            decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.ChallengeTakenBack) { Program = plan.Name, Subject = challenge.Name, Text = LoyaltyTexts.ChallengeTakenBack(challenge.Name) });
        }
    }

    /// <summary>Adds how far somebody is who is the same customer from now on; what the two achieve only together is given as one would have been, while the challenge runs and to who takes part.</summary>
    public static void Join(ProgramPlan plan, Challenge challenge, ChallengeStanding other, Decision decision)
    {
        var moment = new Moment(decision.Context.Moment.Instant, plan.Zone);
        var own = decision.In(plan.Name).Challenge(challenge.Name) ?? new ChallengeStanding { Challenge = challenge.Name };
        if (!challenge.RunsAt(moment.Instant) || plan.Definition.Value.Ended || !MemberSteps.TakesPart(plan, decision.In(plan.Name)))
        {
            decision.Stand(plan.Name, own.With(other, decision.Context.Cause.ToString(), moment.Instant));
            return;
        }

        var after = new ChallengeRun(challenge, moment).Join(own, other, decision.Context.Cause.ToString(), out var achieved);
        Stand(plan, challenge, own.Owed, after, achieved, decision);
    }

    /// <summary>What stays achieved, and is not achieved in this history because what achieved it has gone back altogether, is achieved right after.</summary>
    public static void Keep(ProgramPlan plan, Challenge challenge, Decision decision)
    {
        if (decision.In(plan.Name).Challenge(challenge.Name) is { Owed: { } owed } standing && !plan.Definition.Value.Ended && MemberSteps.TakesPart(plan, decision.In(plan.Name)))
        {
            var after = new ChallengeRun(challenge, new Moment(owed.At, plan.Zone)).Keep(standing, owed.Key, out var achieved);
            Stand(plan, challenge, owed, after, achieved, decision);
        }
    }

    /// <summary>What a replay starts with of the achievements that stay; null where there are none.</summary>
    /// <param name="start">What the replay starts with.</param>
    /// <param name="kept">The membership that is kept.</param>
    public static Membership? Seen(Membership start, Membership kept)
    {
        var seen = start;
        foreach (var challenge in kept.Challenges)
        {
            var own = seen.Challenge(challenge.Challenge) ?? new ChallengeStanding { Challenge = challenge.Challenge };
            if (challenge.Kept != own.Kept)
            {
                seen = seen.With(own with { Kept = challenge.Kept });
            }
        }

        return ReferenceEquals(seen, start) ? null : seen;
    }

    /// <summary>When what stays achieved is achieved, if its event is gone: a tick after it was.</summary>
    public static AgendaChange KeepingOf(string program, ChallengeStanding standing) =>
        new(LoyaltyNames.ChallengeKey(program, standing.Challenge), standing.Owed?.At.Moved(Duration.FromTicks(1)), Phases.Occasions);

    private static void Stand(ProgramPlan plan, Challenge challenge, KeptAchievement? owed, ChallengeStanding after, int achieved, Decision decision)
    {
        // Where nothing cascades awards stay anyway.
        for (var number = after.Completed - achieved + 1; plan.Cascades && challenge.KeepsAchieved && number <= after.Completed; number++)
        {
            after = after.Kept.Any(kept => kept.Number >= number) ? after : after with { Kept = after.Kept.Add(new KeptAchievement(number, decision.Context.Cause.ToString(), decision.Context.Moment.Instant)) };
        }

        decision.Stand(plan.Name, after);
        if (owed is not null)
        {
            decision.Put(KeepingOf(plan.Name, after));
        }

        for (var number = after.Completed - achieved + 1; number <= after.Completed; number++)
        {
            Award(plan, challenge, number, decision);
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
        var run = new ChallengeRun(challenge, moment);
        var after = run.Keep(run.Count(before, goal => Added(happened, goal, challenge, plan, decision), out var achieved), decision.Context.Cause.ToString(), out var kept);
        if (after.Counts.All(count => count.Done == 0) && after.Completed == 0 && standing is null)
        {
            return;
        }

        if (!plan.Cascades && !(challenge.Recurrence == Recurrence.Once && before.Completed > 0))
        {
            // It is kept what was counted, for a refund does not decide history again.
            var added = challenge.Goals.Select(goal => new GoalCount(goal.Name, Added(happened, goal, challenge, plan, decision))).ToSequence();
            after = added.All(count => count.Done == 0) ? after
                : after with { Past = (before.Past ?? new ChallengePast(before with { Ahead = 0 }, [])).With(new ChallengeMark(decision.Context.Cause.ToString(), moment.Instant, added), RunOf(plan, challenge)) };
        }

        Stand(plan, challenge, before.Owed, after, achieved + kept, decision);
    }

    // As the version of the programme has it that counted at the instant.
    private static Func<Instant, ChallengeRun> RunOf(ProgramPlan plan, Challenge challenge) =>
        at => new ChallengeRun(plan.At(at).Challenges.FirstOrDefault(known => known.Name == challenge.Name) ?? challenge, new Moment(at, plan.Zone));

    private static long Added(CustomerEvent happened, ChallengeGoal goal, Challenge challenge, ProgramPlan plan, Decision decision)
    {
        if (goal.On != happened.Kind || (goal.When is { } condition && !Evaluator.Evaluate(condition, plan.Here(decision.Context)).Value))
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

    private static void Award(ProgramPlan plan, Challenge challenge, int number, Decision decision)
    {
        if (decision.In(plan.Name).Challenge(challenge.Name) is { Ahead: > 0 } standing)
        {
            decision.Stand(plan.Name, standing with { Ahead = standing.Ahead - 1 });
            decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.PrizeCovered) { Program = plan.Name, Subject = challenge.Name, Text = LoyaltyTexts.PrizeCovered(challenge.Name) });
            return;
        }

        decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.ChallengeAchieved) { Program = plan.Name, Subject = challenge.Name, Text = LoyaltyTexts.ChallengeAchieved(challenge.Name) });
        decision.Tell(new Echo(LoyaltyNames.ChallengeAchieved, Fields.Of(("program", plan.Name), ("challenge", challenge.Name), ("number", number))));
        foreach (var award in challenge.Award)
        {
            if (plan.PlaceOf(award.Unit) is >= 0 and var place)
            {
                decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Gift) { Program = plan.Name, Subject = challenge.Name, Unit = award.Unit, Amount = award.Amount });
                decision.Issue(plan, plan.Units[place], award.Amount, null, $"challenge.{challenge.Name}");
            }
        }
    }
}
