using Crm.Loyalty.Challenges;
using Crm.Loyalty.Members;
using Crm.Loyalty.Pools;
using Crm.Loyalty.Rules;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Programs;

/// <summary>Finds what is wrong with membership, referrals, limits and challenges.</summary>
internal static class MemberCheck
{
    public static IEnumerable<ProgramError> Errors(LoyaltyProgram program) =>
    [
        .. program.Membership.Welcome.SelectMany((gift, place) => RewardCheck.Amount(program, gift, $"membership.welcome[{place}]")),
        .. Membership(program.Membership),
        .. program.Referrals is { } referrals ? Referrals(program, referrals) : [],
        .. program.Pools is { } pools ? Pools(pools) : [],
        .. program.VelocityLimits.SelectMany((limit, place) => Limit(limit, $"velocityLimits[{place}]")),
        .. program.Challenges.SelectMany((challenge, place) => Challenge(program, challenge, $"challenges[{place}]")),
    ];

    private static IEnumerable<ProgramError> Membership(MembershipRules rules)
    {
        if (!Enum.IsDefined(rules.Enrolment) || !Enum.IsDefined(rules.Leaving) || rules.Terms is "")
        {
            yield return new("membership", "Enrolment or leaving has a value that no list has, or the terms have no version.");
        }
    }

    private static IEnumerable<ProgramError> Referrals(LoyaltyProgram program, ReferralRules rules)
    {
        foreach (var error in (rules.Advocate is { } advocate ? RewardCheck.Amount(program, advocate, "referrals.advocate") : []).Concat(rules.Friend is { } friend ? RewardCheck.Amount(program, friend, "referrals.friend") : []))
        {
            yield return error;
        }

        if (rules.Advocate is null && rules.Friend is null)
        {
            yield return new("referrals", "Referrals that give neither side anything are none; an amount for the advocate or the friend is expected.");
        }

        if (rules.HoldDays is < 0 or > 3_650 || rules.MostPerAdvocate < 1 || !Enum.IsDefined(rules.For) || (rules.Minimum is { } minimum && (minimum.MinorUnits < 1 || minimum.Currency == default)))
        {
            yield return new("referrals", "A hold of 0 to 3,650 days, a most of 1 or more, a minimum above 0 and a known occasion are expected.");
        }

        foreach (var signal in rules.Block.Concat(rules.Flag).Where(signal => !Names.IsName(signal)))
        {
            yield return new("referrals.block", $"'{signal}' is not the name of a signal; one such as 'same-device' is expected.");
        }
    }

    private static IEnumerable<ProgramError> Pools(PoolRules rules)
    {
        if (rules.MostMembers is < 2 or > 1_000)
        {
            yield return new("pools.mostMembers", $"A pool of {rules.MostMembers} members is none; 2 to 1,000 are expected.");
        }

        if (rules.SpendMost < 1 || rules.SpendPer is not (CapPeriod.Day or CapPeriod.Week or CapPeriod.Month or CapPeriod.Year or CapPeriod.Ever) || !Enum.IsDefined(rules.Leaving))
        {
            yield return new("pools.spendMost", "A limit of 1 or more per day, week, month or year, or ever, and a known way of leaving are expected.");
        }
    }

    private static IEnumerable<ProgramError> Limit(VelocityLimit limit, string path)
    {
        if (!Names.IsName(limit.Name) || !Names.IsName(limit.Kind))
        {
            yield return new($"{path}.name", $"'{limit.Name}' of '{limit.Kind}' is not a limit of a kind of event; names in lower-case letters are expected.");
        }

        if (limit.Most < 1)
        {
            yield return new($"{path}.most", $"At most {limit.Most} is nothing; 1 or more is expected.");
        }

        if (limit.Within < Duration.FromSeconds(1) || limit.Within > Duration.FromDays(3_660))
        {
            yield return new($"{path}.seconds", "A time of 1 second to 3,660 days is expected.");
        }
    }

    private static IEnumerable<ProgramError> Challenge(LoyaltyProgram program, Challenge challenge, string path)
    {
        if (!LoyaltyProgramValidator.IsPart(challenge.Name))
        {
            yield return LoyaltyProgramValidator.NotAPart($"{path}.name", challenge.Name, "challenge");
        }

        if (challenge.Goals.IsEmpty)
        {
            yield return new($"{path}.goals", $"Challenge '{challenge.Name}' has no goal; at least one is expected.");
        }

        for (var i = 0; i < challenge.Goals.Count; i++)
        {
            var goal = challenge.Goals[i];
            if (goal.Target < 1 || !Names.IsName(goal.Name) || !Names.IsName(goal.On) || !Enum.IsDefined(goal.Measure) || (goal.Measure == GoalMeasure.Money) != goal.Currency.HasValue)
            {
                yield return new($"{path}.goals[{i}]", $"The goal '{goal.Name}' needs a name, a kind of event, a target above 0, and a currency where money counts and only there.");
            }

            if (goal.Kind is { } kind && (!Names.IsName(kind.Name) || kind.Version < 1 || goal.Measure != GoalMeasure.Events || goal.Lines != Rules.EarningBasis.AllLines))
            {
                yield return new($"{path}.goals[{i}].kind", $"The kind '{kind.Name}' version {kind.Version} needs a name in lower-case letters and a version from 1, and says by itself what counts: a measure or lines beside it are not expected.");
            }

            if (challenge.Goals.Take(i).Any(other => other.Name == goal.Name))
            {
                yield return new($"{path}.goals[{i}].name", $"Challenge '{challenge.Name}' has the goal '{goal.Name}' twice; what is done is counted by the goal's name, so each needs its own.");
            }

            foreach (var error in EarningCheck.Lines(program, goal.Lines, $"{path}.goals[{i}].lines").Concat(RewardCheck.When(goal.When, $"{path}.goals[{i}].when")))
            {
                yield return error;
            }
        }

        if (challenge.Consecutive is < 1 or > 1_000 || challenge.Freezes is < 0 or > 1_000 || (challenge.Period is null && (challenge.Consecutive > 1 || challenge.Freezes > 0 || challenge.Recurrence == Recurrence.NextPeriod)))
        {
            yield return new($"{path}.consecutive", "Periods one after the other, freezes and a recurrence with the next period need a period; 1 to 1,000 of them are expected.");
        }

        if (!Enum.IsDefined(challenge.WeekStart) || challenge.WeekStart == IsoDayOfWeek.None || (challenge.WeekStart != IsoDayOfWeek.Monday && challenge.Period != Tiers.CalendarUnit.Week))
        {
            yield return new($"{path}.weekStart", $"Weeks begin on {challenge.WeekStart}; a day from Monday to Sunday is expected, and only where the period is a week.");
        }

        if (challenge.Period is { } period && !Enum.IsDefined(period))
        {
            yield return new($"{path}.period", $"There is no unit {period} of the calendar.");
        }

        if (challenge.Until <= challenge.From)
        {
            yield return new($"{path}.until", $"The challenge would end at {challenge.Until}, before it begins at {challenge.From}.");
        }

        foreach (var error in challenge.Award.SelectMany((award, place) => RewardCheck.Amount(program, award, $"{path}.award[{place}]")))
        {
            yield return error;
        }
    }
}
