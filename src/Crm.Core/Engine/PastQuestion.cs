using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>As of when a customer is asked about: when it was, and what was known.</summary>
/// <param name="At">The instant that the answer is about. It may lie ahead: then the answer is what will be if nothing happens.</param>
public sealed record PastQuestion(Instant At)
{
    /// <summary>
    /// Whether <see cref="At"/> is the now of whoever asks, a clock having been read for it: then a test of the profile that nobody observed is answered from today's profile, also where the clock has gone on since
    /// or the question is carried ahead. Not together with <see cref="KnownAt"/>.
    /// </summary>
    public bool IsNow { get; init; }

    /// <summary>What was recorded after this instant is left out, so that the answer is the one that could be given then; null: everything known now counts, also what came late.</summary>
    public Instant? KnownAt { get; init; }

    /// <summary>Whether refunds and cancellations that happened after <see cref="At"/> are left out, as a report of that day has it; otherwise what they took back has never been.</summary>
    public bool WithoutLaterAmendments { get; init; }

    /// <summary>
    /// Whether a customer is refused, with an <see cref="ArgumentException"/>, of whom events have been disposed of (<see cref="CrmEngine.DisposeOfJournalAsync"/>) that tell of <see cref="At"/>; otherwise nothing was known of
    /// such a customer then, and whoever counts counts fewer.
    /// </summary>
    public bool RefusesDisposed { get; init; }

    /// <summary>Is told of each customer of whom nothing can be said because events that tell of <see cref="At"/> have been disposed of, so that a report can say how many it leaves out; null: nobody. Who is refused is not told.</summary>
    public Action<CustomerId>? LeavesOut { get; init; }

    /// <summary>
    /// Is told of each customer whose state a later release wrote, when all are read; null: the first of them ends the scan with an <see cref="UnreadableStateException"/>. A page gives them apart (<see cref="PastPage.Unreadable"/>),
    /// and who is asked for alone is refused.
    /// </summary>
    public Action<UnreadableCustomer>? LeavesOutUnreadable { get; init; }

    /// <summary>Whether the ledger is wanted as well that there would be (<see cref="CustomerView.Redecided"/>): of customers of whom something came late, was taken back or corrected, it takes a second look at their journal.</summary>
    public bool WithLedger { get; init; }

    /// <summary>What happened after this instant is left out: what would be at <see cref="At"/> if nothing had happened since. Null: everything up to <see cref="At"/> counts.</summary>
    public Instant? HappenedUntil { get; init; }
}
