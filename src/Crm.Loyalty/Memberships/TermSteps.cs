using Crm.Loyalty.Programs;
using Crm.Loyalty.Rules;

namespace Crm.Loyalty.Memberships;

/// <summary>Whether the terms of a rule let it give for an event, and what is counted when it did.</summary>
internal static class TermSteps
{
    public static bool Apply(RulePlan rule, ProgramPlan plan, EarningContext context, Decision decision) => FirstObstacle(rule, plan, context, decision) is null;

    /// <summary>The first of the terms that keeps the rule from giving; null when none does.</summary>
    public static Obstacle? FirstObstacle(RulePlan rule, ProgramPlan plan, EarningContext context, Decision decision)
    {
        var (terms, happened) = (rule.Terms, context.Event);
        if (!terms.Scope.Covers(happened))
        {
            return Obstacle.Scope;
        }

        if (terms.MinimumSpend is { } least && !context.Spends(least))
        {
            return Obstacle.MinimumSpend;
        }

        if (!terms.Hours.Cover(context.Moment))
        {
            return Obstacle.Hours;
        }

        var membership = decision.In(plan.Name);
        if (rule.Times is { } times && terms.Frequency is { } frequency && membership.Counted(times, Periods.Of(frequency.Per, context.Moment)) >= frequency.Most)
        {
            return Obstacle.Frequency;
        }

        if (terms.OncePer is { } field && membership.Counted(LoyaltyNames.Once(rule.Name, ReferenceOf(field, context))) > 0)
        {
            return Obstacle.OncePer;
        }

        if (rule.Latest is { } latest && terms.Cooldown is { } cooldown && membership.Counted(latest) is not 0 and var ticks
            && context.Moment.Instant < NodaTime.Instant.FromUnixTimeTicks(ticks) + cooldown)
        {
            return Obstacle.Cooldown;
        }

        return null;
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

/// <summary>What of its terms keeps a rule from giving.</summary>
internal enum Obstacle
{
    Scope,
    MinimumSpend,
    Hours,
    Frequency,
    OncePer,
    Cooldown,
}
