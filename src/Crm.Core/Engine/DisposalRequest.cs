using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>Asks for journal entries to be disposed of that need not be kept any longer.</summary>
/// <param name="Until">Entries that count at or before this instant go; it is not after now.</param>
public sealed record DisposalRequest(Instant Until)
{
    /// <summary>Until when the entries of one customer go, never later than <see cref="Until"/>; null from it: none do, as under a legal hold. Left out: everybody's go until then.</summary>
    public Func<CustomerView, Instant?>? UntilFor { get; init; }

    /// <summary>Modules that were removed for good: what is stored of them does not come into openings. A state of any other module that the engine does not have keeps the customer's entries.</summary>
    public Sequence<string> RemovedModules { get; init; }

    /// <summary>Whether nothing is written, and only said what would be.</summary>
    public bool DryRun { get; init; }

    /// <summary>Where an earlier run has stopped, <see cref="DisposalReport.Last"/>; null: from the first customer.</summary>
    public CustomerId? After { get; init; }

    /// <summary>At most so many customers in this run.</summary>
    public int Most { get; init; } = int.MaxValue;

    /// <summary>Is told after every few hundred customers; null: nobody.</summary>
    public IProgress<DisposalReport>? Progress { get; init; }

    /// <summary>Gets each customer of whom entries stay that should have gone, with the reason; null: nobody.</summary>
    public Action<HeldHistory>? Held { get; init; }
}

/// <summary>How far a run has come.</summary>
/// <param name="Seen">How many customers were looked at.</param>
/// <param name="Customers">Of how many of them entries were disposed of.</param>
/// <param name="Entries">How many entries those were.</param>
/// <param name="Held">Of how many customers entries stay that should have gone.</param>
/// <param name="Last">The last customer who is done: where the next run goes on. Null when none is.</param>
/// <param name="IsComplete">Whether there are no more.</param>
public sealed record DisposalReport(long Seen, long Customers, long Entries, long Held, CustomerId? Last, bool IsComplete);

/// <summary>Entries that stay though they should have gone.</summary>
/// <param name="Customer">Whose.</param>
/// <param name="Code">
/// "still-amended": a later refund or cancellation that stays takes from them, or they came late and tell what became of a decision that stays. "not-verified": what is stored does not fit together, and would be lost as evidence. "not-decidable": they cannot be decided again with
/// the definitions that are there, and no checkpoint stands for them. "unknown-module": the customer has a state of a module that the engine does not have, which the opening would lack.
/// "joined": another customer was merged into this one. "given-by-another": they came after an event of a kind <see cref="Events.EventKind.WithCause"/>, which is taken back when the event that it follows from is.
/// </param>
/// <param name="Entries">How many of them stay.</param>
/// <param name="Detail">A sentence.</param>
public sealed record HeldHistory(CustomerId Customer, string Code, int Entries, string Detail);
