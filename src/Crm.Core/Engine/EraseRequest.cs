using Crm.Events;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>Asks that a person be forgotten. Whom it may not be done to, such as somebody under a legal hold, the host knows: nothing is asked and nothing waits.</summary>
/// <param name="Key">The sender's name of the request, such as "desk:erase-17"; sent again it erases nobody else, and ends what was stopped.</param>
/// <param name="Customer">Who, by id or by any identity.</param>
public sealed record EraseRequest(EventKey Key, CustomerRef Customer)
{
    /// <summary>When it was asked for; left out: now. It counts from the last thing handled, never in the past.</summary>
    public Instant? OccurredAt { get; init; }

    /// <summary>Who carries it out, as a code such as "staff:17"; null: the customer.</summary>
    public string? Actor { get; init; }

    /// <summary>Where, such as "desk" or "web"; null when the sender does not say.</summary>
    public string? Channel { get; init; }

    /// <summary>
    /// Whether the journal stays, under the id that nobody can be found by any more: what was bought when, with the codes and the observed values of the profile that were stored with it. False: it is disposed of,
    /// and an opening stands for it. Where the law has a host keep what was bought, keep it, and dispose of it by <see cref="CrmEngine.DisposeOfJournalAsync"/> when the time is over.
    /// </summary>
    public bool KeepJournal { get; init; }

    /// <summary>
    /// Modules that are gone for good. Nobody can say which part of what they kept is of the person, so it is emptied; a state of a module that neither decides nor is named here keeps the customer from being erased.
    /// </summary>
    public Sequence<string> RemovedModules { get; init; }

    internal CustomerEvent ToEvent() => new() { Key = Key, Kind = EventKinds.ErasedName, OccurredAt = OccurredAt, Actor = Actor, Channel = Channel };
}

/// <summary>What became of an erasure.</summary>
public abstract record EraseResult
{
    private EraseResult()
    {
    }

    /// <summary>The person is forgotten, by this request, now or when it was first sent.</summary>
    /// <param name="Customer">The id under which the books stay. It leads to no person any more.</param>
    /// <param name="At">From when on.</param>
    public sealed record Erased(CustomerId Customer, Instant At) : EraseResult;

    /// <summary>Nobody has the reference, as after an erasure by another request; nothing happened, and the key may come again.</summary>
    public sealed record Nobody : EraseResult;
}
