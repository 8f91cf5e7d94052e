using NodaTime;

namespace Crm.Conditions;

/// <summary>In which zone a day begins: the same for everybody, or each customer's own. A text stands for the zone with that name.</summary>
public abstract record CalendarZone
{
    private protected CalendarZone()
    {
    }

    /// <summary>The zone with a name of the IANA database, such as "Asia/Hong_Kong".</summary>
    public static implicit operator CalendarZone(string id) => new Named(id);

    /// <summary>The zone with a name of the IANA database, such as "Asia/Hong_Kong".</summary>
    public static CalendarZone FromString(string id) => new Named(id);

    /// <summary>A zone that is at hand, with or without a name in the database.</summary>
    public static CalendarZone Of(DateTimeZone zone)
    {
        ArgumentNullException.ThrowIfNull(zone);
        return new Meant(zone, new Named(zone.Id));
    }

    /// <summary>A zone of the IANA database.</summary>
    /// <param name="Id">Its name, such as "Asia/Hong_Kong" or "UTC".</param>
    public sealed record Named(string Id) : CalendarZone
    {
        /// <inheritdoc/>
        public override string ToString() => Id;
    }

    /// <summary>The zone of the business: that of the moment of the question, which is the engine's.</summary>
    public sealed record Business : CalendarZone
    {
        /// <inheritdoc/>
        public override string ToString() => ConditionWords.Business;
    }

    /// <summary>
    /// The zone that a field of the customer's profile names, as observed when the latest event was recorded: who moves has the days of the new zone from the next event on. Past events are then seen from the new zone too.
    /// </summary>
    /// <param name="Field">The field with its scope, such as "customer.zone".</param>
    /// <param name="Otherwise">The zone of the IANA database where the field has no value, or one that names no zone.</param>
    public sealed record Customer(string Field, string Otherwise) : CalendarZone
    {
        /// <inheritdoc/>
        public override string ToString() => $"{Field}, otherwise {Otherwise}";
    }

    /// <summary>The zone that was found for one customer, and what was declared.</summary>
    internal sealed record Meant(DateTimeZone Zone, CalendarZone Declared) : CalendarZone
    {
        public override string ToString() => Declared.ToString();
    }
}

/// <summary>Where the zone of a customer was found.</summary>
public enum ZoneSource
{
    /// <summary>In the profile.</summary>
    Profile,

    /// <summary>In the definition: the profile names none.</summary>
    Otherwise,
}
