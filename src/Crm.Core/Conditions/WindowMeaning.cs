using NodaTime;

namespace Crm.Conditions;

/// <summary>
/// When an event counts. Whatever the window, an event counts from one instant until another: [enters, leaves). Both never go back when events are later, so what counts at an instant is always a row of neighbours.
/// All is in ticks since 1970.
/// </summary>
internal static class WindowMeaning
{
    /// <summary>An instant that never comes.</summary>
    public const long Never = long.MaxValue;

    /// <summary>A length without an end that can be added to: more than any history has.</summary>
    public const long Forever = long.MaxValue / 4;

    private static readonly long LastTick = Instant.MaxValue.ToUnixTimeTicks();

    /// <summary>The first instant at which an event counts; not before it happens.</summary>
    /// <param name="window">The window.</param>
    /// <param name="at">When the event is.</param>
    /// <param name="anchor">The event since which others count; <see cref="Never"/> when there is none.</param>
    public static long Enters(this Window window, long at, long anchor = Never) => window switch
    {
        Window.Since { Within: { } within } when anchor != Never && at > anchor && at - anchor > Ticks(within) => Never,
        Window.Lifetime or Window.Since => at,
        Window.Last last => Later(at, Ticks(last.Skip)),
        Window.Before before => Later(at, Ticks(before.Age)),
        Window.Calendar { Skip: 0 } => at,
        Window.Calendar calendar => Start(calendar, at, calendar.Skip),
        Window.Between { Until: { } until } when at >= until.ToUnixTimeTicks() => Never,
        Window.Between => at,
        _ => throw Unknown(window),
    };

    /// <summary>The first instant at which an event counts no more; at the event itself when it never does.</summary>
    /// <param name="window">The window.</param>
    /// <param name="at">When the event is.</param>
    /// <param name="anchor">The event since which others count; <see cref="Never"/> when there is none.</param>
    public static long Leaves(this Window window, long at, long anchor) => window switch
    {
        Window.Lifetime or Window.Before => Never,
        Window.Since => at <= anchor ? at : Never,
        Window.Last last => Later(at, Ticks(last.Length)),
        Window.Calendar calendar => Start(calendar, at, calendar.Skip + calendar.Count),
        Window.Between { From: { } from } when at < from.ToUnixTimeTicks() => at,
        Window.Between => Never,
        _ => throw Unknown(window),
    };

    /// <summary>The longest time for which an event can matter; <see cref="Never"/> without end.</summary>
    public static long Reach(this Window window) => window switch
    {
        Window.Last last => Ticks(last.Length),
        Window.Calendar calendar => checked((long)(calendar.Skip + calendar.Count) * (calendar.Unit.MostDays() + 2) * NodaConstants.TicksPerDay),
        _ => Never,
    };

    /// <summary>The longest time for which an event can matter to a sequence that a window looks at; <see cref="Forever"/> without end.</summary>
    public static long Reach(this Measure.Sequence sequence, long window)
    {
        var reach = Math.Min(window, Forever);
        foreach (var step in sequence.Then)
        {
            reach = step.Within is { } within ? Math.Min(reach + Ticks(within), Forever) : Forever;
        }

        return sequence.Lacking is { For: var wait } ? Math.Min(reach + Ticks(wait), Forever) : reach;
    }

    /// <summary>The instants at which an event goes from one part of a window with equal parts to the next, out of the last included.</summary>
    public static IEnumerable<long> PartEdges(this Window window, long at, int parts)
    {
        for (var i = 0; i <= parts; i++)
        {
            yield return window is Window.Calendar calendar
                ? Start(calendar, at, calendar.Skip + i)
                : Later(at, Ticks(((Window.Last)window).Length) / parts * i);
        }
    }

    /// <summary>The part, from the latest, in which an event is at an instant at which it counts.</summary>
    public static int Part(this Window window, long at, int parts, long now)
    {
        if (window is Window.Calendar calendar)
        {
            var zone = CalendarDays.Zone(calendar.Zone);
            return calendar.Unit.Number(zone.DayOf(Instant.FromUnixTimeTicks(now))) - calendar.Unit.Number(zone.DayOf(Instant.FromUnixTimeTicks(at))) - calendar.Skip;
        }

        return (int)((now - at) / (Ticks(((Window.Last)window).Length) / parts));
    }

    public static long Ticks(Duration length) => length.BclCompatibleTicks;

    /// <summary>So much later; <see cref="Never"/> after the end of the calendar.</summary>
    public static long Later(long at, long length) => at > LastTick - length ? Never : at + length;

    private static long Start(Window.Calendar calendar, long at, int periods)
    {
        var zone = CalendarDays.Zone(calendar.Zone);
        var start = zone.Start(calendar.Unit, zone.DayOf(Instant.FromUnixTimeTicks(at)), periods);
        return start == Instant.MaxValue ? Never : start.ToUnixTimeTicks();
    }

    private static InvalidOperationException Unknown(Window window) => new($"The evaluator has no meaning for the window {window.GetType().Name}.");
}
