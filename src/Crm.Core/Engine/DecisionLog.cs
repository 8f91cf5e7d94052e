using Crm.Events;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>All that was ever decided about a customer, with what became of the messages, as the journal has it. What was due by the moment is in it whether or not a worker has run.</summary>
/// <param name="Customer">Whose.</param>
/// <param name="Moment">As of when.</param>
/// <param name="Entries">What was decided, in the order in which it was recorded.</param>
/// <param name="Outcomes">What became of messages, in the order in which it was recorded.</param>
public sealed record DecisionLog(CustomerId Customer, Moment Moment, Sequence<DecisionEntry> Entries, Sequence<MessageOutcome> Outcomes)
{
    internal static DecisionLog Of(CustomerId customer, Moment moment, CustomerHistory history, Sequence<DecisionRecord> untold)
    {
        var journal = history.All().OrderBy(one => one.Entry.RecordedAt).ToList();
        var entries = journal.SelectMany(one => one.Entry.Receipt.Decisions.Select(decision => Entry(decision, decision.DecidedFor ?? one.Of ?? customer, one.Entry)))
            .Concat(untold.Select(decision => Entry(decision, decision.DecidedFor ?? customer, null)));
        var outcomes = journal.Where(one => one.Entry.Receipt.Accepted && MessageOutcomes.Has(one.Entry.Event.Kind)).Select(one => OutcomeOf(one.Entry.Event, one.Of ?? customer, one.Entry.EffectiveAt, one.Entry.RecordedAt));
        return new DecisionLog(customer, moment, entries.ToSequence(), outcomes.ToSequence());
    }

    /// <summary>The occasions of which an entry tells: what was decided with it, and the message whose outcome it is.</summary>
    internal static IEnumerable<string> OccasionsOf(JournalEntry entry)
    {
        var decided = entry.Receipt.Decisions.Select(decision => decision.Occasion);
        return MessageOutcomes.Has(entry.Event.Kind) ? decided.Append(entry.Event.Fields["occasion"].AsCode ?? "") : decided;
    }

    private static DecisionEntry Entry(DecisionRecord decision, CustomerId whom, JournalEntry? entry) =>
        new(decision, whom, DerivedKey.OfMessage(whom, decision.Occasion)) { With = entry?.Event.Key, RecordedAt = entry?.RecordedAt };

    internal static MessageOutcome OutcomeOf(CustomerEvent outcome, CustomerId whom, Instant effectiveAt, Instant recordedAt) => new(outcome.Kind, outcome.Fields["occasion"].AsCode ?? "", outcome.OccurredAt ?? effectiveAt, recordedAt)
    {
        Whom = whom,
        Message = outcome.Key.Source == OutboxPump.Source ? outcome.Key.Value : null,
        Reason = outcome.Fields["reason"].AsCode,
    };
}

/// <summary>A decision in the journal.</summary>
/// <param name="Record">What was decided.</param>
/// <param name="Whom">Who the customer was then; another one where that is somebody who has been merged since.</param>
/// <param name="Message">The id that the outbox has for a message of the occasion.</param>
public sealed record DecisionEntry(DecisionRecord Record, CustomerId Whom, string Message)
{
    /// <summary>The event in whose receipt it stands; null where it fell due after the last one.</summary>
    public EventKey? With { get; init; }

    /// <summary>When that event was recorded; null where there is none yet.</summary>
    public Instant? RecordedAt { get; init; }
}

/// <summary>What became of a message.</summary>
/// <param name="Kind">A kind of <see cref="MessageOutcomes"/>.</param>
/// <param name="Occasion">The occasion of the message.</param>
/// <param name="At">When.</param>
/// <param name="RecordedAt">When that was recorded.</param>
public sealed record MessageOutcome(string Kind, string Occasion, Instant At, Instant RecordedAt)
{
    /// <summary>In whose journal it stands: who the customer was then; another one where that is somebody who has been merged since.</summary>
    public required CustomerId Whom { get; init; }

    /// <summary>The id that the outbox had for the message; null where the channel told of it later, by the occasion.</summary>
    public string? Message { get; init; }

    /// <summary>Why, as a code; null where none was given.</summary>
    public string? Reason { get; init; }
}
