using Crm.Values;

namespace Crm.Engine;

/// <summary>From when on a module that is new, or has new definitions, counts for the customers that a store has.</summary>
public enum RebuildFrom
{
    /// <summary>From their beginning: their histories are decided again, as if the module had always been there. It stays so: late events, refunds and merges find the module there, and an event that had opened history to it and is taken back closes nothing.</summary>
    History,

    /// <summary>From now on: what is true now begins now.</summary>
    Now,
}

/// <summary>Asks for what a module keeps of all customers to be decided anew. Nothing is sent for it, and other modules do not hear of it.</summary>
/// <param name="Module">The module: reversible, and without units in the ledger. Any other is shown the past by events that open history (<see cref="Events.EventKind.OpensHistory"/>).</param>
/// <param name="From">From when on it counts.</param>
public sealed record RebuildRequest(string Module, RebuildFrom From)
{
    /// <summary>For <see cref="RebuildFrom.Now"/>, the key of the entry on the agenda under which the module is asked.</summary>
    public string AgendaKey { get; init; } = "ask";

    /// <summary>Whether nothing is written, and only said what would be.</summary>
    public bool DryRun { get; init; }

    /// <summary>Where an earlier run has stopped, <see cref="RebuildReport.Last"/>; null: from the first customer.</summary>
    public CustomerId? After { get; init; }

    /// <summary>At most so many customers in this run.</summary>
    public int Most { get; init; } = int.MaxValue;

    /// <summary>Is told after every few hundred customers, and after some thousands of them after every two thousand; null: nobody.</summary>
    public IProgress<RebuildReport>? Progress { get; init; }

    /// <summary>Gets each customer for whom something changes, with what was kept before and what is now, after it was written (in a trial: after it was decided), one after the other and on no thread in particular; null: nobody.</summary>
    public Action<CustomerId, object, object>? Changes { get; init; }
}

/// <summary>How far a run has come.</summary>
/// <param name="Seen">How many customers were looked at.</param>
/// <param name="Changed">For how many of them something changed.</param>
/// <param name="Last">The last one that is done: where the next run goes on. Null when none is.</param>
/// <param name="IsComplete">Whether there are no more.</param>
public sealed record RebuildReport(int Seen, int Changed, CustomerId? Last, bool IsComplete)
{
    /// <summary>Those who were looked at and passed over, because a later release wrote their state: it decides about them.</summary>
    public Sequence<UnreadableCustomer> Unreadable { get; init; }
}
