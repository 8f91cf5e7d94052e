using Crm.Campaigns.Journeys;
using Crm.Values;
using NodaTime;

namespace Crm.Campaigns.Decisions;

/// <summary>Whether caps leave room for one more message. What may still be sent counts in every window in which that could happen, so what is decided here holds whenever each message leaves.</summary>
internal static class Frequency
{
    /// <summary>How long after the useful time the news of a sending may still arrive.</summary>
    public static readonly Duration Slack = Duration.FromMinutes(10);

    /// <summary>Whether a message that may be sent at any instant of a stretch leaves every window within a cap, wherever the others fall.</summary>
    /// <param name="from">Included.</param>
    /// <param name="until">Included.</param>
    public static bool HasRoom(Cap cap, IReadOnlyList<Reservation> others, Instant from, Instant until, DateTimeZone zone)
    {
        if (others.Count < cap.Most)
        {
            return true;
        }

        // The number of messages that a window may hold grows only where one more can be sent: there, and where the stretch begins, it is counted.
        return cap switch
        {
            Cap.PerDay => others.Select(other => Day(other.From)).Append(Day(from)).Where(day => day >= Day(from) && day <= Day(until))
                .All(day => others.Count(other => Day(other.From) <= day && day <= Day(other.Until)) < cap.Most),
            Cap.Rolling { Length: var length } => others.Select(other => other.From).Append(from).Where(end => end >= from && end - length < until)
                .All(end => others.Count(other => other.From <= end && end - length < other.Until) < cap.Most),
            _ => throw new InvalidOperationException($"The cap {cap.GetType().Name} has no meaning here."),
        };

        LocalDate Day(Instant instant) => instant.InZone(zone).Date;
    }

    /// <summary>The reason against one more message, as a code; null when there is room.</summary>
    /// <param name="plan">The caps.</param>
    /// <param name="journey">The journey, as it counts.</param>
    /// <param name="others">Everything else that counts.</param>
    public static string? ReasonAgainst(CampaignPlan plan, Journey journey, IReadOnlyList<Reservation> others, Instant from, Instant until, DateTimeZone zone)
    {
        var ofJourney = others.Where(other => other.Journey == journey.Id).ToList();
        if (journey.Caps.Any(cap => !HasRoom(cap, ofJourney, from, until, zone)))
        {
            return Reasons.JourneyCap;
        }

        var ofChannel = others.Where(other => other.Channel == journey.Message.Channel).ToList();
        return plan.CapsOf(journey.Message.Channel).Any(cap => !HasRoom(cap, ofChannel, from, until, zone)) ? Reasons.ChannelCap : null;
    }
}
