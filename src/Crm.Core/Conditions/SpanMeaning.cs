using Crm.Values;
using NodaTime;

namespace Crm.Conditions;

/// <summary>What spans of the calendar mean, and when their answer next changes.</summary>
internal static class SpanMeaning
{
    private static readonly Duration FourWeeks = Duration.FromDays(28);
    private static readonly Instant FirstSure = Instant.MinValue + FourWeeks;
    private static readonly Instant LastSure = Instant.MaxValue - FourWeeks;

    /// <summary>The answer at a moment, and the first instant at which it differs.</summary>
    public static Truth At(this Span span, Moment moment) => span switch
    {
        Span.Between between => Between(between, moment.Instant),
        Span.Weekdays or Span.Hours => Recurring(span, moment),
        Span.Annual annual => Annual(annual, moment),
        Span.Listed listed => Listed(listed, moment),
        _ => throw Unknown(span),
    };

    private static Truth Between(Span.Between between, Instant now) =>
        now < between.From ? new Truth(false, between.From)
        : between.Until is { } until && until <= now ? new Truth(false, null)
        : new Truth(true, between.Until);

    /// <summary>Between two clock changes local time runs evenly, so the next change of the answer is looked for in one such stretch after the other. Days of the week come back, so what is near an end of the calendar is as four weeks away from it, at the offset that the zone has there: no zone changes its clocks in the last weeks of a year.</summary>
    private static Truth Recurring(Span span, Moment moment)
    {
        if (moment.Instant < FirstSure || moment.Instant > LastSure)
        {
            var away = moment.Instant < FirstSure ? FourWeeks : -FourWeeks;
            var truth = Recurring(span, moment with { Instant = moment.Instant + away, Zone = DateTimeZone.ForOffset(moment.Zone.GetUtcOffset(moment.Instant)) });
            return truth with { ValidUntil = truth.ValidUntil?.Moved(-away) };
        }

        var instant = moment.Instant;
        bool? answer = null;
        while (true)
        {
            var stretch = moment.Zone.GetZoneInterval(instant);
            var local = instant.WithOffset(stretch.WallOffset).LocalDateTime;
            var holds = Holds(span, local);
            if (answer is { } before && before != holds)
            {
                return new Truth(before, instant);
            }

            answer = holds;
            if (NextChange(span, local, holds) is not { } change)
            {
                return new Truth(holds, null);
            }

            var at = change.WithOffset(stretch.WallOffset).ToInstant();
            if (!stretch.HasEnd || at < stretch.End)
            {
                return new Truth(holds, at);
            }

            instant = stretch.End;
        }
    }

    private static Truth Annual(Span.Annual annual, Moment moment)
    {
        var today = moment.Zone.DayOf(moment.Instant);
        var last = today.Year + 9;
        Instant? begins = null;
        for (var year = Math.Max(today.Year - 1, LocalDate.MinIsoValue.Year); year <= Math.Min(last, LocalDate.MaxIsoValue.Year); year++)
        {
            var (from, to) = Ends(annual, year);
            if (to < from || to < today)
            {
                continue;
            }

            if (today < from)
            {
                begins ??= moment.Zone.Start(from);
                continue;
            }

            // Spans of two years may touch: the answer changes after the last of a row.
            while (year < last && to < LocalDate.MaxIsoValue && Ends(annual, year + 1) is var next && next.From <= to.PlusDays(1) && next.To > to)
            {
                (year, to) = (year + 1, next.To);
            }

            return new Truth(true, year == last || to == LocalDate.MaxIsoValue ? null : moment.Zone.Start(to.PlusDays(1)));
        }

        return new Truth(false, begins);
    }

    /// <summary>The first and last day of the span that begins in a year. An end that the year does not have is the nearest day inside.</summary>
    private static (LocalDate From, LocalDate To) Ends(Span.Annual annual, int year)
    {
        var from = annual.From.In(year, annual.LeapDay) ?? new LocalDate(year, 3, 1);
        var turns = annual.To.CompareTo(annual.From) < 0 ? year + 1 : year;
        return (from, turns > LocalDate.MaxIsoValue.Year ? LocalDate.MaxIsoValue : annual.To.In(turns, annual.LeapDay) ?? new LocalDate(turns, 2, 28));
    }

    /// <summary>How far ahead a change is looked for before the answer says to ask again.</summary>
    private const int DaysAhead = 400;

    private static Truth Listed(Span.Listed listed, Moment moment)
    {
        var calendar = moment.Calendars?.Find(listed.Calendar)
            ?? throw new InvalidOperationException($"No calendar is named '{listed.Calendar}'.{(moment.Calendars is { } all ? $" There are: {string.Join(", ", all.Names)}." : "")} Give it to the engine in CrmOptions.Calendars.");
        var today = moment.Zone.DayOf(moment.Instant);
        var holds = calendar.Contains(today, moment.Instant) ?? listed.WhenMissing;
        var (ahead, left) = (1, Period.DaysBetween(today, LocalDate.MaxIsoValue));
        while (ahead < DaysAhead && ahead <= left && (calendar.Contains(today.PlusDays(ahead), moment.Instant) ?? listed.WhenMissing) == holds)
        {
            ahead++;
        }

        var change = ahead > left ? default(Instant?) : moment.Zone.Start(today.PlusDays(ahead));
        return new Truth(holds, calendar.NextAnnouncement(moment.Instant) is { } announced && !(change <= announced) ? announced : change);
    }

    private static bool Holds(Span span, LocalDateTime local) => span switch
    {
        Span.Weekdays weekdays => Contains(weekdays, local.DayOfWeek),
        Span.Hours hours => Contains(hours, local.TimeOfDay),
        _ => throw Unknown(span),
    };

    private static bool Contains(Span.Weekdays weekdays, IsoDayOfWeek day) => weekdays.Days.AsSpan().Contains(day);

    private static bool Contains(Span.Hours hours, LocalTime time) =>
        hours.From < hours.Until ? hours.From <= time && time < hours.Until : hours.From == hours.Until || hours.From <= time || time < hours.Until;

    private static LocalDateTime? NextChange(Span span, LocalDateTime local, bool holds) => span switch
    {
        Span.Weekdays weekdays => NextChange(weekdays, local.Date, holds),
        Span.Hours hours => hours.From == hours.Until ? null : Next(local, holds ? hours.Until : hours.From),
        _ => throw Unknown(span),
    };

    private static LocalDateTime? NextChange(Span.Weekdays weekdays, LocalDate today, bool holds)
    {
        for (var days = 1; days <= 7; days++)
        {
            var date = today.PlusDays(days);
            if (Contains(weekdays, date.DayOfWeek) != holds)
            {
                return date.AtMidnight();
            }
        }

        return null;
    }

    private static LocalDateTime Next(LocalDateTime local, LocalTime time) =>
        (time > local.TimeOfDay ? local.Date : local.Date.PlusDays(1)) + time;

    private static InvalidOperationException Unknown(Span span) => new($"The evaluator has no meaning for the span {span.GetType().Name}.");
}
