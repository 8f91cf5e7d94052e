using Crm.Campaigns.Records;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace WhyContacted;

/// <summary>Questions to the record of decisions.</summary>
public static class Questions
{
    // snippet: answer
    /// <summary>Answers a customer why messages came since an instant, and why others did not: a line for each decision.</summary>
    public static ValueTask<string> AnswerAsync(CampaignDecisions decisions, Identity customer, Instant since, Language language) =>
        decisions.ExplainAsync(CustomerRef.Of(customer), language, new DecisionQuery { From = since });

    // end

    // snippet: count
    /// <summary>How many decisions of a journey came to what, and for which reason; those that were sent have none.</summary>
    public static async Task<IReadOnlyDictionary<(DecisionStatus Status, string? Reason), int>> CountAsync(CampaignDecisions decisions, string journey)
    {
        var counts = new Dictionary<(DecisionStatus, string?), int>();
        await foreach (var decision in decisions.AllAsync(new DecisionQuery { Journey = journey }))
        {
            var name = (decision.Status, decision.Reason);
            counts[name] = counts.GetValueOrDefault(name) + 1;
        }

        return counts;
    }

    // end
}
