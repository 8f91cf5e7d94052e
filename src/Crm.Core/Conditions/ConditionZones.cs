using Crm.Values;

namespace Crm.Conditions;

/// <summary>The zones in which conditions see the calendar.</summary>
public static class ConditionZones
{
    /// <summary>The zones that a condition names, in the order of its parts; moments that name none are not among them.</summary>
    public static IEnumerable<CalendarZone> Zones(this Condition condition)
    {
        ArgumentNullException.ThrowIfNull(condition);
        return condition.Leaves().SelectMany(leaf => leaf switch
        {
            Condition.EventWindow window => Of(window.Window).Concat(Of(window.Measure)).Concat(Of(window.Is)),
            Condition.Field field => Of(field.Is),
            Condition.Fact fact => Of(fact.Is),
            Condition.Moment { Zone: { } zone } => [zone],
            _ => [],
        });
    }

    /// <summary>The fields of the profile, without scope, that say in which zone a condition sees the calendar.</summary>
    public static IEnumerable<string> ZoneFields(this Condition condition) => condition.Zones().OfType<CalendarZone.Customer>()
        .Where(zone => zone.Field.StartsWith(Evaluator.ProfileScope, StringComparison.Ordinal))
        .Select(zone => zone.Field[Evaluator.ProfileScope.Length..]).Distinct(StringComparer.Ordinal);

    /// <summary>The same condition in other zones.</summary>
    /// <param name="condition">The condition.</param>
    /// <param name="choose">The zone instead of one that the condition names; moments that name none stay in that of the business.</param>
    public static Condition WithZones(this Condition condition, Func<CalendarZone, CalendarZone> choose)
    {
        ArgumentNullException.ThrowIfNull(condition);
        ArgumentNullException.ThrowIfNull(choose);
        return condition.Mapped(leaf => leaf switch
        {
            Condition.EventWindow window => window.WithZones(choose),
            Condition.Field field => field with { Is = field.Is.WithZones(choose) },
            Condition.Fact fact => fact with { Is = fact.Is.WithZones(choose) },
            Condition.Moment { Zone: { } zone } moment => moment with { Zone = choose(zone) },
            _ => leaf,
        });
    }

    /// <summary>The same condition, whose moments are seen in a zone where they name none.</summary>
    public static Condition In(this Condition condition, CalendarZone zone)
    {
        ArgumentNullException.ThrowIfNull(condition);
        ArgumentNullException.ThrowIfNull(zone);
        return condition.Mapped(leaf => leaf is Condition.Moment { Zone: null, Within: not Span.Between } moment ? moment with { Zone = zone } : leaf);
    }

    /// <summary>The same condition in the zones that are meant for the customer of the evidence.</summary>
    public static Condition InZonesOf(this Condition condition, IEvidence evidence)
    {
        ArgumentNullException.ThrowIfNull(condition);
        ArgumentNullException.ThrowIfNull(evidence);
        return condition.Mapped(leaf => leaf switch
        {
            Condition.EventWindow window => window.Meant(evidence),
            _ => leaf.WithZones(zone => zone.MeantBy(evidence)),
        });
    }

    /// <summary>Where the zone was found in which a condition sees a customer's calendar; null where it does not leave that to the customer.</summary>
    public static ZoneSource? ZoneSourceOf(this Condition condition, IEvidence evidence)
    {
        ArgumentNullException.ThrowIfNull(condition);
        ArgumentNullException.ThrowIfNull(evidence);
        var asked = condition.Zones().OfType<CalendarZone.Customer>().ToList();
        return asked.Count == 0 ? null : asked.TrueForAll(zone => ZoneMeaning.OfProfile(zone, evidence) is not null) ? ZoneSource.Profile : ZoneSource.Otherwise;
    }

    internal static Condition.EventWindow WithZones(this Condition.EventWindow leaf, Func<CalendarZone, CalendarZone> choose) => leaf with
    {
        Window = leaf.Window is Window.Calendar calendar ? calendar with { Zone = choose(calendar.Zone) } : leaf.Window,
        Measure = leaf.Measure is Measure.Aggregate { Of: Measured.Day day } aggregate ? aggregate with { Of = new Measured.Day(choose(day.Zone)) } : leaf.Measure,
        Is = leaf.Is.WithZones(choose),
    };

    internal static Test WithZones(this Test test, Func<CalendarZone, CalendarZone> choose) => test switch
    {
        Test.Relative { To: RelativeTime.Today today } relative => relative with { To = today with { Zone = choose(today.Zone) } },
        Test.Anniversary anniversary => anniversary with { Zone = choose(anniversary.Zone) },
        _ => test,
    };

    private static Condition Mapped(this Condition condition, Func<Condition, Condition> leaf) => condition switch
    {
        Condition.All all => new Condition.All(all.Of.Select(part => part.Mapped(leaf)).ToSequence()),
        Condition.Any any => new Condition.Any(any.Of.Select(part => part.Mapped(leaf)).ToSequence()),
        Condition.Not not => new Condition.Not(not.Of.Mapped(leaf)),
        Condition.Score score => score with { Of = score.Of.Select(part => part with { When = part.When.Mapped(leaf) }).ToSequence() },
        _ => leaf(condition),
    };

    private static IEnumerable<CalendarZone> Of(Window window) => window is Window.Calendar calendar ? [calendar.Zone] : [];

    private static IEnumerable<CalendarZone> Of(Measure measure) => measure is Measure.Aggregate { Of: Measured.Day day } ? [day.Zone] : [];

    private static IEnumerable<CalendarZone> Of(Test test) => test switch
    {
        Test.Relative { To: RelativeTime.Today today } => [today.Zone],
        Test.Anniversary anniversary => [anniversary.Zone],
        _ => [],
    };
}
