using Crm.Values;
using NodaTime;

namespace Crm.Conditions;

/// <summary>What spans of the calendar mean, and when their answer next changes.</summary>
internal static class SpanMeaning
{
    /// <summary>The answer at a moment, and the first instant at which it differs.</summary>
    public static Truth At(this Span span, Moment moment) => span switch
    {
        Span.Between between => Between(between, moment.Instant),
        Span.Weekdays or Span.Hours => Recurring(span, moment),
        _ => throw Unknown(span),
    };

    private static Truth Between(Span.Between between, Instant now) =>
        now < between.From ? new Truth(false, between.From)
        : between.Until is { } until && until <= now ? new Truth(false, null)
        : new Truth(true, between.Until);

    /// <summary>Between two clock changes local time runs evenly, so the next change of the answer is looked for in one such stretch after the other.</summary>
    private static Truth Recurring(Span span, Moment moment)
    {
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
