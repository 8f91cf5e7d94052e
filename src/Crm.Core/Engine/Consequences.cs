using Crm.Events;
using Crm.Ledger;
using Crm.Modules;
using Crm.Storage;

namespace Crm.Engine;

/// <summary>What folding something produced beside the new state.</summary>
internal sealed class Consequences
{
    /// <summary>Whether what irrevocable modules produce is left out: in a replay they fold along so that others see their facts, but what they did stands.</summary>
    public bool OfReversibleOnly { get; init; }

    public List<LedgerEntry> Entries { get; } = [];

    public List<Message> Messages { get; } = [];

    public List<CustomerEvent> FollowUps { get; } = [];

    public List<QuotaDraw> Quotas { get; } = [];

    public List<ReceiptLine> Lines { get; } = [];

    public List<Checkpoint> Checkpoints { get; } = [];

    /// <summary>Adds all but the lines.</summary>
    public void Add(Consequences others)
    {
        Entries.AddRange(others.Entries);
        Messages.AddRange(others.Messages);
        FollowUps.AddRange(others.FollowUps);
        Quotas.AddRange(others.Quotas);
        Checkpoints.AddRange(others.Checkpoints);
    }

    /// <summary>Adds what a module decided.</summary>
    public void Add(Outcome.Accepted accepted)
    {
        Entries.AddRange(accepted.Entries.AsSpan());
        Messages.AddRange(accepted.Messages.AsSpan());
        FollowUps.AddRange(accepted.FollowUps.AsSpan());
        Quotas.AddRange(accepted.Quotas.AsSpan());
        Lines.AddRange(accepted.Lines.AsSpan());
    }
}
