using Crm.Values;

namespace Crm.Conditions;

/// <summary>What a condition may look at: the customer's facts and fields, the event being handled, and measures over the history, all at one moment.</summary>
public interface IEvidence
{
    /// <summary>The moment of the question.</summary>
    Moment Moment { get; }

    /// <summary>The value of a scoped field of the event being handled or of the host's look-ups ("event.channel", "lookup.stock"); missing when there is none.</summary>
    Scalar Field(string name);

    /// <summary>Whether a test of a profile field ("customer.…") holds, as observed when the customer's latest event was recorded; never read from today's profile in a replay.</summary>
    bool Observed(Condition.Field leaf);

    /// <summary>The value of a profile field without its scope, as observed when the customer's latest event was recorded; missing when it had none. Asked for tests whose answer changes as time passes, and for the zone of the customer.</summary>
    /// <exception cref="InvalidOperationException">This evidence has no values of the profile.</exception>
    Scalar Observed(string field) => throw new InvalidOperationException($"{GetType().Name} knows no values of the profile, so it cannot say how '{field}' compares with today, or which zone it names.");

    /// <summary>The value of a fact; missing when no module has published it or it has run out.</summary>
    /// <param name="name">The fact.</param>
    /// <param name="validUntil">When the value runs out; null when it does not.</param>
    Scalar Fact(string name, out NodaTime.Instant? validUntil);

    /// <summary>Whether a window leaf holds at the moment, and until when that surely stays so.</summary>
    Truth Window(Condition.EventWindow leaf);
}
