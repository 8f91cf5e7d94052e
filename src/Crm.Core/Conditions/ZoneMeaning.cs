using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using NodaTime;

namespace Crm.Conditions;

/// <summary>Which zone is meant where a condition leaves it to the customer or to the business.</summary>
internal static class ZoneMeaning
{
    // Leaves live as long as definitions, zones for ever: what a leaf is in each zone is made once.
    private static readonly ConditionalWeakTable<Condition.EventWindow, LeafInZones> Leaves = [];

    /// <summary>Whether the zone is only known with a customer, or a moment.</summary>
    public static bool IsOpen(this CalendarZone zone) => zone is CalendarZone.Customer or CalendarZone.Business;

    /// <summary>The zone that is meant.</summary>
    public static DateTimeZone For(this CalendarZone zone, IEvidence evidence) => zone switch
    {
        CalendarZone.Customer customer => OfProfile(customer, evidence) ?? CalendarDays.Zone(customer.Otherwise),
        CalendarZone.Business => evidence.Moment.Zone,
        _ => CalendarDays.Zone(zone),
    };

    /// <summary>The zone that the profile names; null where it names none.</summary>
    public static DateTimeZone? OfProfile(CalendarZone.Customer zone, IEvidence evidence) =>
        evidence.Observed(zone.Field[Evaluator.ProfileScope.Length..]).AsCode is { } id ? DateTimeZoneProviders.Tzdb.GetZoneOrNull(id) : null;

    /// <summary>The zone that is meant, with what was declared.</summary>
    public static CalendarZone MeantBy(this CalendarZone zone, IEvidence evidence) => zone.IsOpen() ? new CalendarZone.Meant(zone.For(evidence), zone) : zone;

    /// <summary>A test in the zone that is meant.</summary>
    public static Test Meant(this Test test, IEvidence evidence) => IsOpen(test) ? InZones(test, evidence) : test;

    /// <summary>A leaf in the zones that are meant; the leaf itself where they are the same for everybody.</summary>
    public static Condition.EventWindow Meant(this Condition.EventWindow leaf, IEvidence evidence) =>
        IsOpen(leaf) ? Leaves.GetValue(leaf, static one => new LeafInZones(one)).For(evidence) : leaf;

    /// <summary>Whether a leaf is another one for another customer, or moment.</summary>
    public static bool IsOpen(this Condition.EventWindow leaf) =>
        (leaf.Window is Window.Calendar calendar && calendar.Zone.IsOpen()) || (leaf.Measure is Measure.Aggregate { Of: Measured.Day day } && day.Zone.IsOpen()) || IsOpen(leaf.Is);

    /// <summary>Whether a leaf is one that was declared for any zone, in the zone that is meant.</summary>
    public static bool IsInZones(this Condition.EventWindow leaf) =>
        leaf.Window is Window.Calendar { Zone: CalendarZone.Meant } || leaf.Measure is Measure.Aggregate { Of: Measured.Day { Zone: CalendarZone.Meant } } || leaf.Is is Test.Relative { To: RelativeTime.Today { Zone: CalendarZone.Meant } } or Test.Anniversary { Zone: CalendarZone.Meant };

    /// <summary>A leaf as it was declared.</summary>
    public static Condition.EventWindow Declared(this Condition.EventWindow leaf) =>
        leaf.IsInZones() ? leaf.WithZones(zone => zone is CalendarZone.Meant meant ? meant.Declared : zone) : leaf;

    // Apart, so that asking about what is the same for everybody allocates nothing.
    private static Test InZones(Test test, IEvidence evidence) => test.WithZones(zone => zone.MeantBy(evidence));

    private static bool IsOpen(Test test) => test switch
    {
        Test.Relative { To: RelativeTime.Today today } => today.Zone.IsOpen(),
        Test.Anniversary anniversary => anniversary.Zone.IsOpen(),
        _ => false,
    };

    private sealed class LeafInZones(Condition.EventWindow declared)
    {
        private readonly CalendarZone[] open = [.. declared.Zones().Where(IsOpen).Distinct()];
        private readonly ConcurrentDictionary<DateTimeZone, Condition.EventWindow> known = new();

        public Condition.EventWindow For(IEvidence evidence) => open.Length > 1
            ? declared.WithZones(zone => zone.MeantBy(evidence))
            : known.GetOrAdd(open[0].For(evidence), static (meant, leaf) => leaf.WithZones(zone => zone.IsOpen() ? new CalendarZone.Meant(meant, zone) : zone), declared);
    }
}
