using Crm.Values;

namespace Crm.Engine;

/// <summary>
/// Asks for facts to be removed whose module, programme or segment the host does not have any more. They leave with a customer's next commit anyway; a sweep removes those of customers to whom nothing happens, so that no
/// audience of another host finds them. Books stay, and so does what modules have stored but for those that are named: what comes back goes on where it was.
/// </summary>
public sealed record SweepRequest
{
    /// <summary>
    /// Modules that were removed for good: what is stored of them as the customer's state goes too, and should one come back, it begins anew. The ledger and the journal stay, and so do checkpoints and openings of before, with
    /// what they have of it. The state of a module that is not named stays, so that a host that forgot to register one loses nothing; none that is registered may be named.
    /// </summary>
    public Sequence<string> RemovedModules { get; init; }

    /// <summary>Whether nothing is written, and only said for how many customers something would be.</summary>
    public bool DryRun { get; init; }

    /// <summary>Where an earlier run has stopped, <see cref="SweepReport.Last"/>; null: from the first customer.</summary>
    public CustomerId? After { get; init; }

    /// <summary>At most so many customers in this run.</summary>
    public int Most { get; init; } = int.MaxValue;

    /// <summary>Is told after every few hundred customers; null: nobody.</summary>
    public IProgress<SweepReport>? Progress { get; init; }
}

/// <summary>How far a run has come.</summary>
/// <param name="Seen">How many customers were looked at.</param>
/// <param name="Swept">How many of them had facts that nobody owns, or a state of a module that was named, or were decided about by one.</param>
/// <param name="Last">The last one that is done: where the next run goes on. Null when none is.</param>
/// <param name="IsComplete">Whether there are no more.</param>
public sealed record SweepReport(int Seen, int Swept, CustomerId? Last, bool IsComplete)
{
    /// <summary>Of how many customers a state of a module that was named went, or would go.</summary>
    public int Emptied { get; init; }

    /// <summary>The modules that are neither registered nor named and of which a state was met, in the order of their names. It stays.</summary>
    public Sequence<string> Left { get; init; }
}
