using Crm.Conditions;
using Crm.Values;

namespace Crm.Campaigns.Journeys;

/// <summary>What begins a journey. Each case says what its occasion is: one decision for each occasion, ever.</summary>
public abstract record Trigger
{
    private protected Trigger()
    {
    }

    /// <summary>An event. The occasion is the event's key.</summary>
    /// <param name="Kind">The kind of events.</param>
    /// <param name="Where">Which of them; null: all.</param>
    public sealed record OnEvent(string Kind, Condition? Where = null) : Trigger;

    /// <summary>
    /// Something that another module did, such as "segment.entered" or "tier.changed". The occasion is the event that it followed from or, where the passing of time brought it about, how often that has happened.
    /// </summary>
    /// <param name="Kind">The kind of echoes.</param>
    /// <param name="Having">Values that its fields must have; empty: any.</param>
    public sealed record OnEcho(string Kind, Fields Having = default) : Trigger;

    /// <summary>
    /// No event of a kind for so long. All thresholds count from the last such event, which is the occasion together with the threshold; the next event begins anew.
    /// Who never had such an event is not silent.
    /// </summary>
    /// <param name="After">The kind of events.</param>
    /// <param name="Days">The thresholds in days of 24 hours, rising, 1 to 3,660.</param>
    public sealed record WhenSilent(string After, Sequence<int> Days) : Trigger;

    /// <summary>
    /// The customer's birthday, or another day of every year. The occasion is the year: a date that is changed afterwards does not bring a second message in it.
    /// A date that becomes known after its hour counts from the next year on.
    /// </summary>
    /// <param name="Field">The profile field that holds month and day as the number MMDD, such as 229; values that are no day of the year are as no value.</param>
    /// <param name="LeapDay">What 29 February means in common years.</param>
    /// <param name="Hour">The hour of the day, 0 to 23, in the customer's zone where <see cref="ZoneField"/> tells it, otherwise in that of the engine.</param>
    public sealed record OnBirthday(string Field = "birthday", LeapDay LeapDay = LeapDay.Feb28, int Hour = 9) : Trigger
    {
        /// <summary>The profile field with the customer's zone, such as "Europe/London", in which the hour is meant; null, or a value that is no zone: the zone of the engine.</summary>
        public string? ZoneField { get; init; }
    }
}

/// <summary>When somebody born on 29 February has a birthday in a common year.</summary>
public enum LeapDay
{
    /// <summary>On 28 February.</summary>
    Feb28,

    /// <summary>On 1 March.</summary>
    Mar1,

    /// <summary>Not at all.</summary>
    LeapYearsOnly,
}
