using Crm.Events;
using Crm.Loyalty.Members;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Rules;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Memberships;

/// <summary>Keeps the days of the year on the agenda, and gives on them.</summary>
internal static class YearlySteps
{
    private const int AnyLeapYear = 2000;

    /// <summary>Looks whether a date has become known or has changed.</summary>
    /// <param name="plan">The programme.</param>
    /// <param name="decision">What the change is told by.</param>
    /// <param name="begins">Whether this is an event in the programme of somebody who takes part: the first begins the years of the member.</param>
    public static void Look(ProgramPlan plan, Decision decision, bool begins)
    {
        if (begins && plan.KeepsFirstDay && decision.In(plan.Name).Counted(LoyaltyNames.FirstDay) == 0)
        {
            var today = new Moment(decision.Context.Moment.Instant, plan.Zone).Date;
            decision.Count(plan, new Tally(LoyaltyNames.FirstDay, 0, LoyaltyNames.NumberOf(today)));
        }

        foreach (var rule in plan.Yearly)
        {
            var (membership, here) = (decision.In(plan.Name), HereOf(rule, plan, decision));
            var number = DateOf(rule, plan, decision) is { } date ? LoyaltyNames.NumberOf(date) : 0;
            var zone = rule.ZoneField is null ? 0 : LoyaltyNames.NumberOf(here.Zone);
            if (number != membership.Counted(LoyaltyNames.Date(rule.Name)) || zone != membership.Counted(LoyaltyNames.ZoneOf(rule.Name)))
            {
                decision.Count(plan, new Tally(LoyaltyNames.Date(rule.Name), 0, number));
                decision.Count(plan, new Tally(LoyaltyNames.ZoneOf(rule.Name), 0, zone));
                Put(rule, plan, decision, rule.DateField is null ? here.Date.PlusDays(1) : here.Date.PlusDays(-rule.CatchUpDays));
            }
        }
    }

    /// <summary>The day has come.</summary>
    public static void Give(ProgramPlan plan, string name, Decision decision)
    {
        if (plan.Yearly.FirstOrDefault(rule => rule.Name == name) is not { } rule)
        {
            return;
        }

        var today = HereOf(rule, plan, decision).Date;
        if (MemberSteps.TakesPart(plan, decision.In(plan.Name)) && YearOf(rule, plan, decision, today) is { } year && !Paid(rule, plan, decision, year))
        {
            decision.Count(plan, new Tally(LoyaltyNames.Paid(rule.Name), year, 1));
            EarningSteps.Earn(
                new CustomerEvent { Key = decision.Context.Cause, Kind = YearlyPoints.Occasion, OccurredAt = decision.Context.Moment.Instant, Fields = Fields.Of(("rule", name)) },
                plan,
                decision);
        }

        Put(rule, plan, decision, today.PlusDays(1));
    }

    // The year whose day it is, or was so few days ago that it is caught up: early in January that may be last year.
    private static int? YearOf(YearlyPoints rule, ProgramPlan plan, Decision decision, LocalDate today)
    {
        var number = decision.In(plan.Name).Counted(LoyaltyNames.Date(rule.Name));
        if (number == 0)
        {
            return null;
        }

        var date = LoyaltyNames.DayOf(number);
        var year = rule.DayIn(today.Year, date) <= today ? today.Year : today.Year - 1;
        return rule.DayIn(year, date) >= today.PlusDays(-rule.CatchUpDays) ? year : null;
    }

    // The first day from a date on that lies in a year which has not paid.
    private static void Put(YearlyPoints rule, ProgramPlan plan, Decision decision, LocalDate from)
    {
        var key = LoyaltyNames.YearlyKey(plan.Name, rule.Name);
        var number = decision.In(plan.Name).Counted(LoyaltyNames.Date(rule.Name));
        if (number == 0)
        {
            decision.Put(new AgendaChange(key, null));
            return;
        }

        var date = LoyaltyNames.DayOf(number);
        var year = from.Year;
        while (rule.DayIn(year, date) < from || Paid(rule, plan, decision, year))
        {
            year++;
        }

        decision.Put(new AgendaChange(key, HereOf(rule, plan, decision).StartOf(rule.DayIn(year, date)), Phases.Occasions));
    }

    // The moment where the member is.
    private static Moment HereOf(YearlyPoints rule, ProgramPlan plan, Decision decision) => new(
        decision.Context.Moment.Instant,
        rule.ZoneField is { } field && decision.Context.Observed(field).AsCode is { } name && DateTimeZoneProviders.Tzdb.GetZoneOrNull(name) is { } zone ? zone : plan.Zone);

    // Years pay in their order: once one has, none before it does, wherever the date is moved.
    private static bool Paid(YearlyPoints rule, ProgramPlan plan, Decision decision, int year) =>
        decision.In(plan.Name).Tallies.Any(tally => string.Equals(tally.Name, LoyaltyNames.Paid(rule.Name), StringComparison.Ordinal) && tally.Period >= year);

    // For a day without its year any leap year may stand.
    private static LocalDate? DateOf(YearlyPoints rule, ProgramPlan plan, Decision decision) => rule.DateField is { } field
        ? decision.Context.Observed(field) is var date && date.AsAnnualDate is { } annual ? annual.InYear(AnyLeapYear) : date.AsDate
        : decision.In(plan.Name).Counted(LoyaltyNames.FirstDay) is > 0 and var day ? LoyaltyNames.DayOf(day) : null;
}
