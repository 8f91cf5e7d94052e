using Crm.Loyalty.Programs;
using Crm.Loyalty.Rules;

namespace Crm.Loyalty.Memberships;

/// <summary>Whether the terms of a rule let it give for an event, and what is counted when it did.</summary>
internal static class TermSteps
{
    private static readonly Obstacle[] All = Enum.GetValues<Obstacle>();

    public static bool Apply(RulePlan rule, ProgramPlan plan, EarningContext context, Decision decision)
    {
        foreach (var obstacle in All)
        {
            if (Stands(obstacle, rule, plan, context, decision))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>All of the terms that keep the rule from giving.</summary>
    public static IEnumerable<Obstacle> Obstacles(RulePlan rule, ProgramPlan plan, EarningContext context, Decision decision) => All.Where(obstacle => Stands(obstacle, rule, plan, context, decision));

    private static bool Stands(Obstacle obstacle, RulePlan rule, ProgramPlan plan, EarningContext context, Decision decision)
    {
        var terms = rule.Terms;
        return obstacle switch
        {
            Obstacle.Scope => !terms.Scope.Covers(context.Event),
            Obstacle.MinimumSpend => terms.MinimumSpend is { } least && !context.Spends(least),
            Obstacle.Hours => !terms.Hours.Cover(context.Moment),
            Obstacle.Frequency => rule.Times is { } times && terms.Frequency is { } frequency && decision.In(plan.Name).Counted(times, Periods.Of(frequency.Per, context.Moment)) >= frequency.Most,
            Obstacle.OncePer => terms.OncePer is { } field && decision.In(plan.Name).Counted(LoyaltyNames.Once(rule.Name, ReferenceOf(field, context))) > 0,
            Obstacle.Cooldown => rule.Latest is { } latest && terms.Cooldown is { } cooldown && decision.In(plan.Name).Counted(latest) is not 0 and var ticks
                && context.Moment.Instant < NodaTime.Instant.FromUnixTimeTicks(ticks) + cooldown,
            _ => throw new InvalidOperationException($"No terms for {obstacle}."),
        };
    }

    /// <summary>Counts that a rule gave.</summary>
    public static void Count(RulePlan rule, ProgramPlan plan, EarningContext context, Decision decision)
    {
        if (rule.Times is { } times && rule.Terms.Frequency is { } frequency)
        {
            var period = Periods.Of(frequency.Per, context.Moment);
            decision.Count(plan, new Tally(times, period, decision.In(plan.Name).Counted(times, period) + 1));
        }

        if (rule.Terms.OncePer is { } field)
        {
            decision.Count(plan, new Tally(LoyaltyNames.Once(rule.Name, ReferenceOf(field, context)), 0, 1));
        }

        if (rule.Latest is { } latest)
        {
            decision.Count(plan, new Tally(latest, 0, context.Moment.Instant.ToUnixTimeTicks()));
        }
    }

    private static string? ReferenceOf(string field, EarningContext context) =>
        Events.EventFields.Read(context.Event, field) is { IsMissing: false } value ? value.ToString() : null;
}

/// <summary>What of its terms keeps a rule from giving, in the order in which it is looked at.</summary>
internal enum Obstacle
{
    Scope,
    MinimumSpend,
    Hours,
    Frequency,
    OncePer,
    Cooldown,
}
