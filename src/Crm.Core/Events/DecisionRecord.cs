using Crm.Values;
using NodaTime;

namespace Crm.Events;

/// <summary>
/// What a module decided about something that somebody will ask about later, such as whether a message is sent. It stands in the receipt of the event that it was decided with and, where it fell due without an event, in
/// that of the customer's next one. A record is never changed: what a late event makes of it is another record of the same name, and what the outside world has seen by then stands.
/// </summary>
public sealed record DecisionRecord
{
    /// <summary>The module that decided.</summary>
    public required string Module { get; init; }

    /// <summary>The definition that it decided by, such as a journey.</summary>
    public required string Definition { get; init; }

    /// <summary>The definition's version.</summary>
    public required int Version { get; init; }

    /// <summary>Which part of the definition.</summary>
    public required string Step { get; init; }

    /// <summary>Why there was something to decide; for messages, <see cref="Modules.Message.Occasion"/>.</summary>
    public required string Occasion { get; init; }

    /// <summary>What was decided.</summary>
    public required DecisionVerdict Verdict { get; init; }

    /// <summary>Why nothing comes of it, or nothing at once, as a code; null where something does.</summary>
    public string? Reason { get; init; }

    /// <summary>The occasion that it lost to; null unless it lost.</summary>
    public string? LostTo { get; init; }

    /// <summary>As of when it was decided: the moment of the decision, not the worker's.</summary>
    public required Instant At { get; init; }

    /// <summary>What comes of it comes not before this instant; null: at once.</summary>
    public Instant? NotBefore { get; init; }

    /// <summary>The first 128 bits of the SHA-256 of everything that was looked at. Deciding again from the same history gives the same.</summary>
    public required UInt128 Inputs { get; init; }

    /// <summary>Whether nothing comes of it because it was decided about history that was imported.</summary>
    public bool Silent { get; init; }

    /// <summary>Whether this record says that, by what is known now, there was nothing to decide. The engine sets it, modules do not.</summary>
    public bool Revoked { get; init; }

    /// <summary>Who the customer was, where it was decided for somebody who has been merged since; null: whose journal it is in. The engine sets it, modules do not.</summary>
    public CustomerId? DecidedFor { get; init; }
}

/// <summary>What there is one decision about.</summary>
internal readonly record struct DecisionName(CustomerId? DecidedFor, string Module, string Definition, int Version, string Step, string Occasion)
{
    public static DecisionName Of(DecisionRecord record) => new(record.DecidedFor, record.Module, record.Definition, record.Version, record.Step, record.Occasion);
}

/// <summary>What was decided.</summary>
public enum DecisionVerdict
{
    /// <summary>To act, such as to send a message.</summary>
    Act,

    /// <summary>Not to act.</summary>
    Suppress,

    /// <summary>Not to act, because something else that was decided at the same instant took the room.</summary>
    Lose,
}
