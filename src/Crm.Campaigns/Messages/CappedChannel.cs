using Crm.Campaigns.Decisions;
using Crm.Campaigns.Journeys;
using Crm.Engine;
using Crm.Modules;
using NodaTime;

namespace Crm.Campaigns.Messages;

/// <summary>
/// Looks at the caps once more when a message leaves. Deciding them is enough while time runs forward; when a late event or a refund makes history decide other messages than were sent, what was sent and what now
/// waits may together be too many: then the one decided later fails. A worker that comes late to what was decided by day is told to come again when the quiet hours are over.
/// </summary>
internal sealed class CappedChannel(IMessageChannel channel, CampaignPlan plan) : IMessageChannel
{
    public string Name => channel.Name;

    public ValueTask<SendOutcome> SendAsync(string id, Message message, CustomerView customer, CancellationToken cancellationToken) =>
        QuietUntil(message, customer) is { } until ? ValueTask.FromResult<SendOutcome>(new SendOutcome.PutOff(until))
            : Reason(message, customer) is { } reason ? ValueTask.FromResult<SendOutcome>(new SendOutcome.Failed(reason))
            : channel.SendAsync(id, message, customer, cancellationToken);

    private Instant? QuietUntil(Message message, CustomerView customer) =>
        plan.At(CampaignNames.JourneyOf(message.Occasion), message.DecidedAt) is { } definition ? plan.QuietAt(definition.Value, customer.Moment, customer.Observed)?.Until : null;

    private string? Reason(Message message, CustomerView customer)
    {
        if (customer.Slot<CampaignState>(CampaignNames.Module).Answered.Contains(message.Occasion))
        {
            return Reasons.SentBefore;
        }

        if (message.Purpose == JourneyMessage.Service || plan.At(CampaignNames.JourneyOf(message.Occasion), message.DecidedAt) is not { } definition)
        {
            return null;
        }

        var now = customer.Moment.Instant;
        var others = customer.Slot<CampaignState>(CampaignNames.Module).Reservations
            .Where(other => other.Counts && other.Occasion != message.Occasion && (other.Sent || IsBefore(other, message)))
            .ToList();
        return Frequency.ReasonAgainst(plan, definition.Value, others, now, now + Frequency.Slack, customer.Moment.Zone);
    }

    private static bool IsBefore(Reservation other, Message message) =>
        other.From < From(message) || (other.From == From(message) && string.CompareOrdinal(other.Occasion, message.Occasion) < 0);

    private static Instant From(Message message) => message.NotBefore ?? message.DecidedAt;
}
