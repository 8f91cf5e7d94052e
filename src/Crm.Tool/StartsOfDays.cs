using NodaTime;
using NodaTime.TimeZones;

namespace Crm.Tool;

/// <summary>When days begin.</summary>
internal static class StartsOfDays
{
    private static readonly ZoneLocalMappingResolver First = Resolvers.CreateMappingResolver(Resolvers.ReturnEarlier, Resolvers.ReturnStartOfIntervalAfter);

    /// <summary>The first instant of a day; of one that a zone has left out, as Samoa did on 2011-12-30, that of the day after it.</summary>
    public static Instant StartOf(this DateTimeZone zone, LocalDate date) => zone.ResolveLocal(date.AtMidnight(), First).ToInstant();
}
