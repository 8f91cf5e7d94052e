using Crm.Events;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>
/// Decides a stored history again with a virtual clock, entry by entry in the order in which it was recorded, as if other modules had been there from the beginning, and says what they would have decided. What really became of
/// messages happens in it where the same message is decided; where another one is, somebody has to say whether it leaves. Nothing is written. Not for several threads at once.
/// </summary>
public sealed class VirtualReplay
{
    private readonly CrmOptions options;
    private readonly RecordedReplay replay;

    /// <summary>Decides by these modules and options.</summary>
    /// <exception cref="ArgumentException">Contracts of modules do not fit together; the message lists all that is wrong.</exception>
    public VirtualReplay(IEnumerable<ICustomerModule> modules, CrmOptions options)
    {
        ArgumentNullException.ThrowIfNull(modules);
        ArgumentNullException.ThrowIfNull(options);
        this.options = options;
        var set = new ModuleSet(modules, options.Calendars);
        var codec = new StateCodec(set);
        replay = new RecordedReplay(set, codec, new Fold(set, codec, options, wantsLines: false));
    }

    /// <summary>What would have been decided.</summary>
    /// <param name="history">The whole history of a customer.</param>
    /// <param name="until">Up to when, included: what was recorded later is not known.</param>
    /// <param name="leaves">Whether a message that nothing is known of leaves, at once where it is not put off; null: none does.</param>
    /// <param name="isAttended">Whether somebody is always there who handles what is due and lets leave what may, so that an entry that was recorded late finds it done. False: what the entries do not tell of had not been done.</param>
    public DecisionLog Run(StoredHistory history, Instant until, Func<Message, bool>? leaves = null, bool isAttended = false)
    {
        ArgumentNullException.ThrowIfNull(history);
        var run = new VirtualRun(replay, history.Customer, leaves ?? (static _ => false), isAttended);
        foreach (var entry in history.Entries.Where(entry => entry.RecordedAt <= until))
        {
            run.Take(entry);
        }

        run.Forward(until, null);
        return run.Log(new Moment(until, options.Zone) { Calendars = options.Calendars });
    }
}

/// <summary>One history on its way, with the messages that leave in it.</summary>
internal sealed class VirtualRun
{
    private readonly RecordedReplay replay;
    private readonly CustomerId customer;
    private readonly Func<Message, bool> leaves;
    private readonly bool isAttended;
    private readonly Consequences all = new();
    private readonly RecordedCourse course;
    private readonly List<DecisionEntry> entries = [];
    private readonly List<MessageOutcome> outcomes = [];
    private readonly Dictionary<string, DecisionRecord> latest = new(StringComparer.Ordinal);
    private readonly HashSet<string> decided = new(StringComparer.Ordinal);
    private readonly HashSet<string> left = new(StringComparer.Ordinal);
    private readonly PriorityQueue<Message, (Instant At, string Occasion)> leaving = new();
    private long version;

    public VirtualRun(RecordedReplay replay, CustomerId customer, Func<Message, bool> leaves, bool isAttended)
    {
        this.replay = replay;
        this.customer = customer;
        this.leaves = leaves;
        this.isAttended = isAttended;
        course = new RecordedCourse(replay, customer, replay.Beginning(), null, all);
    }

    /// <summary>Takes an entry of the journal, with all that falls due and leaves before it.</summary>
    public void Take(HistoryEntry entry)
    {
        var draft = JournalDraft.Of(entry, replay.Kinds);
        // Nobody was there while imported history happened.
        Forward(isAttended && !draft.SilencesDue ? Instant.Max(draft.EffectiveAt, draft.RecordedAt) : draft.EffectiveAt, draft);
        version = entry.Version;
        // What is due is handled when something happens, whether or not a worker had come before: that decides the same.
        course.Pass(version);
        if (IsOutcome(draft.Event, out var occasion))
        {
            // What became of a message happens only to a message.
            if (!decided.Contains(occasion))
            {
                return;
            }

            outcomes.Add(DecisionLog.OutcomeOf(draft.Event, customer, draft.EffectiveAt, draft.RecordedAt));
        }

        course.Take(draft, entry.Accepted);
        Took(draft.Key, draft.RecordedAt, entry.Backfill);
    }

    /// <summary>Handles what is due and lets leave what may, in the order of their instants.</summary>
    /// <param name="until">Included.</param>
    /// <param name="before">The entry that comes next; null: none.</param>
    public void Forward(Instant until, JournalDraft? before)
    {
        while (true)
        {
            var departure = leaving.TryPeek(out _, out var head) ? head.At : (Instant?)null;
            if (course.State.NextDue is { } due && due <= until && !(departure < due))
            {
                course.Forward(due, before);
                Took(null, due, before is { SilencesDue: true });
            }
            else if (departure <= until)
            {
                Leave(leaving.Dequeue(), departure.Value);
            }
            else
            {
                return;
            }
        }
    }

    public DecisionLog Log(Moment moment) => new(customer, moment, entries.ToSequence(), outcomes.ToSequence());

    private static bool IsOutcome(CustomerEvent happened, out string occasion)
    {
        occasion = happened.Fields["occasion"].AsCode ?? "";
        return MessageOutcomes.Has(happened.Kind);
    }

    private void Leave(Message message, Instant at)
    {
        // What history withdrew meanwhile, or decided otherwise, does not leave, and what has left does not leave again.
        if (left.Contains(message.Occasion))
        {
            return;
        }

        if (latest.TryGetValue(message.Occasion, out var record) && (record is not { Revoked: false, Verdict: DecisionVerdict.Act } || record.At != message.DecidedAt))
        {
            return;
        }

        left.Add(message.Occasion);
        var id = DerivedKey.OfMessage(customer, message.Occasion);
        var stale = at > message.UsefulUntil;
        var outcome = OutboxPump.Outcome(id, customer, message, stale ? MessageOutcomes.Stale : MessageOutcomes.Sent, stale ? OutboxPump.UsefulTimeOver : null) with { OccurredAt = at };
        var effective = course.State.Handled is { } handled && handled > at ? handled : at;
        outcomes.Add(DecisionLog.OutcomeOf(outcome, customer, effective, effective));
        course.Take(
            new JournalDraft { Event = outcome with { Customer = null }, Kind = JournalDraft.KindOf(outcome, replay.Kinds), EffectiveAt = effective, RecordedAt = effective, Version = long.Max(version, 1), Decided = true },
            accepted: true);
        Took(outcome.Key, effective, silent: false);
    }

    private void Took(EventKey? with, Instant recordedAt, bool silent)
    {
        if (silent)
        {
            all.Silence();
        }

        foreach (var decision in all.HasDecisions ? all.Decisions : [])
        {
            entries.Add(new DecisionEntry(decision, customer, DerivedKey.OfMessage(customer, decision.Occasion)) { With = with, RecordedAt = recordedAt });
            latest[decision.Occasion] = decision;
        }

        // Not every module keeps a record of what it decided.
        foreach (var message in all.HasOutbox ? all.Messages : [])
        {
            decided.Add(message.Occasion);
            if (leaves(message))
            {
                leaving.Enqueue(message, (Instant.Max(message.NotBefore ?? message.DecidedAt, recordedAt), message.Occasion));
            }
        }

        all.Clear();
    }
}
