using Crm.Events;
using Crm.Ledger;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;

namespace Crm.Engine;

/// <summary>What folding something produced beside the new state.</summary>
internal sealed class Consequences
{
    // Most folds produce nothing of most kinds.
    private List<LedgerEntry>? entries;
    private List<Message>? messages;
    private List<CustomerEvent>? followUps;
    private List<QuotaDraw>? quotas;
    private List<ReceiptLine>? lines;
    private List<Checkpoint>? checkpoints;
    private List<DecisionRecord>? decisions;

    private HashSet<int>? recalling;

    // The keys of follow-ups for which nothing may be sent.
    private HashSet<EventKey>? silent;

    /// <summary>Of which modules it is: in a replay the others fold along, so that their facts are seen, but what they did stands.</summary>
    public Whose Of { get; init; }

    public bool HasOutbox => messages is { Count: > 0 } || followUps is { Count: > 0 };

    public bool HasQuotas => quotas is { Count: > 0 };

    public bool HasDecisions => decisions is { Count: > 0 };

    public bool HasCheckpoints => checkpoints is { Count: > 0 };

    public List<LedgerEntry> Entries => entries ??= [];

    public List<Message> Messages => messages ??= [];

    public List<CustomerEvent> FollowUps => followUps ??= [];

    public List<QuotaDraw> Quotas => quotas ??= [];

    /// <summary>What is drawn on supplies.</summary>
    public IReadOnlyCollection<QuotaDraw> Drawn => quotas ?? (IReadOnlyCollection<QuotaDraw>)[];

    public List<ReceiptLine> Lines => lines ??= [];

    public List<Checkpoint> Checkpoints => checkpoints ??= [];

    public List<DecisionRecord> Decisions => decisions ??= [];

    /// <summary>The modules that went by what events were recorded to have given or moved, because what decided it is gone.</summary>
    public IReadOnlyCollection<int> Recalling => recalling ?? (IReadOnlyCollection<int>)[];

    /// <summary>A module went by records.</summary>
    public void Recalls(int module) => (recalling ??= []).Add(module);

    /// <summary>Forgets all of it.</summary>
    public void Clear()
    {
        entries?.Clear();
        messages?.Clear();
        followUps?.Clear();
        quotas?.Clear();
        lines?.Clear();
        checkpoints?.Clear();
        decisions?.Clear();
        silent?.Clear();
        recalling?.Clear();
    }

    /// <summary>Has nothing be sent, by the customers who get its follow-ups neither, as of history that is imported.</summary>
    public void Silence()
    {
        Withhold();
        if (followUps is { Count: > 0 })
        {
            (silent ??= []).UnionWith(followUps.Select(followUp => followUp.Key));
        }
    }

    /// <summary>Has nothing be sent to the customer; those who get its follow-ups are told as ever.</summary>
    public void Withhold()
    {
        messages?.Clear();
        for (var i = 0; i < decisions?.Count; i++)
        {
            decisions[i] = decisions[i] with { Silent = true };
        }
    }

    /// <summary>Whether nothing may be sent for a follow-up.</summary>
    public bool IsSilent(CustomerEvent followUp) => silent?.Contains(followUp.Key) == true;

    /// <summary>Has nothing be sent for the follow-ups for which others send nothing.</summary>
    public void AddSilent(Consequences others)
    {
        if (others.silent is { Count: > 0 } more)
        {
            (silent ??= []).UnionWith(more);
        }
    }

    /// <summary>Adds all but the lines.</summary>
    public void Add(Consequences others)
    {
        Add(others.entries, ref entries);
        Add(others.messages, ref messages);
        Add(others.followUps, ref followUps);
        Add(others.quotas, ref quotas);
        Add(others.checkpoints, ref checkpoints);
        Add(others.decisions, ref decisions);
        AddSilent(others);
        AddRecalling(others);
    }

    /// <summary>Adds what came of a history that was joined: its checkpoints are of another customer, and its messages are known by that one's id.</summary>
    public void Add(Consequences joined, CustomerId retired)
    {
        Add(joined.entries, ref entries);
        Add(joined.messages?.ConvertAll(message => message with { DecidedFor = message.DecidedFor ?? retired }), ref messages);
        Add(joined.followUps, ref followUps);
        Add(joined.quotas, ref quotas);
        Add(joined.decisions?.ConvertAll(decision => decision with { DecidedFor = decision.DecidedFor ?? retired }), ref decisions);
        AddSilent(joined);
        AddRecalling(joined);
    }

    private void AddRecalling(Consequences others)
    {
        if (others.recalling is { } more)
        {
            (recalling ??= []).UnionWith(more);
        }
    }

    /// <summary>Adds what a module decided.</summary>
    public void Add(Outcome.Accepted accepted)
    {
        Add(accepted.Entries, ref entries);
        Add(accepted.Messages, ref messages);
        Add(accepted.FollowUps, ref followUps);
        Add(accepted.Quotas, ref quotas);
        Add(accepted.Lines, ref lines);
        Add(accepted.Decisions, ref decisions);
    }

    private static void Add<T>(List<T>? more, ref List<T>? all)
    {
        if (more is { Count: > 0 })
        {
            (all ??= []).AddRange(more);
        }
    }

    private static void Add<T>(Sequence<T> more, ref List<T>? all)
    {
        if (!more.IsEmpty)
        {
            (all ??= []).AddRange(more.AsSpan());
        }
    }
}

/// <summary>Of which modules consequences are.</summary>
internal enum Whose
{
    All,
    Reversible,
    Irrevocable,
}

/// <summary>Names a message of a customer's outbox.</summary>
/// <param name="DecidedFor">Who the customer was, where that is somebody merged since; null: the customer.</param>
/// <param name="Occasion">Why it exists.</param>
internal readonly record struct MessageName(CustomerId? DecidedFor, string Occasion)
{
    public static MessageName Of(Message message) => new(message.DecidedFor, message.Occasion);

    /// <summary>The id in the outbox.</summary>
    public string OutboxId(CustomerId customer) => DerivedKey.OfMessage(DecidedFor ?? customer, Occasion);
}
