using Crm.Campaigns.Journeys;
using Crm.Engine;
using Crm.Events;
using Crm.Values;
using NodaTime;

namespace Crm.Campaigns.Records;

/// <summary>All that the journal has about one decision.</summary>
/// <param name="Entries">What was decided about it, in the order in which it was recorded; never none.</param>
/// <param name="Settled">What became of its message; null where nothing has.</param>
/// <param name="Reported">What channels told of it later.</param>
internal sealed record Course(IReadOnlyList<DecisionEntry> Entries, MessageOutcome? Settled, IReadOnlyList<MessageOutcome> Reported)
{
    private static readonly string[] Settling = [MessageOutcomes.Sent, MessageOutcomes.Failed, MessageOutcomes.Refused, MessageOutcomes.Stale];

    // What the message left by, where it has left: nothing changes that. Otherwise what counts now.
    private DecisionEntry Standing => Settled is null ? Entries[^1] : Entries.Last(entry => Decides(entry, Settled));

    public static IEnumerable<Course> Of(DecisionLog log)
    {
        var settled = log.Outcomes.Where(outcome => outcome.Message is not null && Settling.Contains(outcome.Kind)).ToLookup(outcome => outcome.Message);
        var decided = log.Entries.Where(entry => entry.Record.Module == CampaignNames.Module).ToList();
        var settledOf = decided.Where(entry => settled.Contains(entry.Message)).ToLookup(entry => entry.Record.Occasion, StringComparer.Ordinal);
        var reported = log.Outcomes.Where(outcome => outcome.Message is null).ToLookup(outcome => ReportedOf(outcome, settledOf), StringComparer.Ordinal);
        foreach (var message in decided.GroupBy(entry => entry.Message, StringComparer.Ordinal))
        {
            var outcome = settled[message.Key].FirstOrDefault();
            // Where versions decided the same occasion, the message left by the one that counted then.
            var left = outcome is null ? null : message.LastOrDefault(entry => Decides(entry, outcome));
            foreach (var entries in message.GroupBy(entry => (entry.Record.Definition, entry.Record.Version, entry.Record.Step)))
            {
                var isLeft = left is not null && entries.Contains(left);
                yield return new Course([.. entries], isLeft ? outcome : null, isLeft ? [.. reported[message.Key]] : []);
            }
        }
    }

    public CampaignDecision ToDecision(Moment moment, CampaignPlan plan)
    {
        var (record, status) = (Standing.Record, StatusAt(moment.Instant));
        var decision = new CampaignDecision
        {
            Customer = Standing.Whom,
            Journey = record.Definition,
            Version = record.Version,
            Step = record.Step,
            Occasion = record.Occasion,
            Status = status,
            Reason = Settled is not null ? Settled.Reason : status is DecisionStatus.Suppressed or DecisionStatus.Lost or DecisionStatus.Deferred ? record.Reason : null,
            LostTo = record.LostTo,
            DecidedAt = record.At,
            NotBefore = record.NotBefore,
            SettledAt = Settled?.At,
            Inputs = record.Inputs,
            IsCauseGone = Entries[^1].Record.Revoked,
            Entries = Entries.ToSequence(),
            Outcomes = Settled is null ? [] : Reported.Prepend(Settled).ToSequence(),
            Text = default,
        };
        return decision with { Text = DecisionTexts.Of(decision, plan.Version(decision.Journey, decision.Version)?.Value, moment) };
    }

    private DecisionStatus StatusAt(Instant now) => (Settled?.Kind, Standing.Record) switch
    {
        (MessageOutcomes.Sent, _) => DecisionStatus.Sent,
        (MessageOutcomes.Failed, _) => DecisionStatus.Failed,
        (MessageOutcomes.Refused, _) => DecisionStatus.Suppressed,
        (MessageOutcomes.Stale, _) => DecisionStatus.Stale,
        (_, { Verdict: DecisionVerdict.Suppress }) => DecisionStatus.Suppressed,
        (_, { Verdict: DecisionVerdict.Lose }) => DecisionStatus.Lost,
        (_, { Silent: true }) => DecisionStatus.Silent,
        (_, { Revoked: true }) => DecisionStatus.Withdrawn,
        (_, { NotBefore: { } notBefore }) when notBefore > now => DecisionStatus.Deferred,
        _ => DecisionStatus.Waiting,
    };

    // A channel knows the occasion only, and two who were merged may have had the same one: it is that of the customer to whom it was told, or, where that is the one who stays and had none, that of the other.
    private static string? ReportedOf(MessageOutcome outcome, ILookup<string, DecisionEntry> settled) =>
        (settled[outcome.Occasion].FirstOrDefault(entry => entry.Whom == outcome.Whom) ?? settled[outcome.Occasion].LastOrDefault())?.Message;

    // A decision that fell due stands in the receipt of the event that comes next, which may be the very news of its message.
    private static bool Decides(DecisionEntry entry, MessageOutcome outcome) => entry.Record is { Verdict: DecisionVerdict.Act, Revoked: false } && entry.RecordedAt <= outcome.RecordedAt;
}
