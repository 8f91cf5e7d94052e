using Crm.Campaigns.Decisions;
using Crm.Campaigns.Journeys;
using Crm.Engine;
using Crm.Modules;

namespace Crm.Campaigns.Messages;

/// <summary>
/// Looks at the caps once more when a message leaves. Deciding them is enough while time runs forward; when a late event or a refund makes history decide other messages than were sent, what was sent and what now
/// waits may together be too many: then the one decided later fails.
/// </summary>
internal sealed class CappedChannel(IMessageChannel channel, CampaignPlan plan) : IMessageChannel
{
    public string Name => channel.Name;

    public ValueTask<SendOutcome> SendAsync(string id, Message message, CustomerView customer, CancellationToken cancellationToken) =>
        Reason(message, customer) is { } reason
            ? ValueTask.FromResult<SendOutcome>(new SendOutcome.Failed(reason))
            : channel.SendAsync(id, message, customer, cancellationToken);

    private string? Reason(Message message, CustomerView customer)
    {
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
        other.From < message.DecidedAt || (other.From == message.DecidedAt && string.CompareOrdinal(other.Occasion, message.Occasion) < 0);
}
