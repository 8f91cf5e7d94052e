using Crm.Engine;
using Crm.Events;
using Crm.Values;
using NodaTime;

namespace Crm.Campaigns.Records;

/// <summary>
/// What was decided about one customer, one version of a journey, one step and one occasion, and what became of it. There is one for each of these, whatever came twice, late or at once. Once the message has left, or was
/// refused, what it was decided by stays as it is; what later events made of it is in <see cref="Entries"/>.
/// </summary>
public sealed record CampaignDecision
{
    /// <summary>Who the customer was; another id than today's where it was somebody who has been merged since.</summary>
    public required CustomerId Customer { get; init; }

    /// <summary>The journey.</summary>
    public required string Journey { get; init; }

    /// <summary>Its version.</summary>
    public required int Version { get; init; }

    /// <summary>Its step.</summary>
    public required string Step { get; init; }

    /// <summary>Why there was something to decide, such as "wake-up:pos:1042:30".</summary>
    public required string Occasion { get; init; }

    /// <summary>What became of it.</summary>
    public required DecisionStatus Status { get; init; }

    /// <summary>Why no message was sent, or none yet, as a code of <see cref="Decisions.Reasons"/>, the gate or the channel; null where one was, or may be now.</summary>
    public string? Reason { get; init; }

    /// <summary>The occasion whose message took the room; null unless <see cref="Status"/> is <see cref="DecisionStatus.Lost"/>.</summary>
    public string? LostTo { get; init; }

    /// <summary>As of when it was decided.</summary>
    public required Instant DecidedAt { get; init; }

    /// <summary>Until when the message was put off, such as for quiet hours; null where it was not.</summary>
    public Instant? NotBefore { get; init; }

    /// <summary>When the message left, was refused, failed or was found stale; null where that has not come.</summary>
    public Instant? SettledAt { get; init; }

    /// <summary>The hash of everything that was looked at; deciding again from the history that was known gives the same.</summary>
    public required UInt128 Inputs { get; init; }

    /// <summary>Whether, by what is known now, there was nothing to decide: what it was decided for was taken back.</summary>
    public bool IsCauseGone { get; init; }

    /// <summary>The journal's entries about it, in their order: the first decision, and what later events made of it.</summary>
    public required Sequence<DecisionEntry> Entries { get; init; }

    /// <summary>All that was told of the message, in the order in which it was recorded.</summary>
    public Sequence<MessageOutcome> Outcomes { get; init; }

    /// <summary>The answer to "why did you contact me?", or why not. It has codes and keys, and nothing of the profile.</summary>
    public required Text Text { get; init; }
}

/// <summary>What became of a decision.</summary>
public enum DecisionStatus
{
    /// <summary>A message was decided and has not left yet.</summary>
    Waiting,

    /// <summary>A message was decided and waits for a later time, named when it was decided.</summary>
    Deferred,

    /// <summary>The message was handed to its channel.</summary>
    Sent,

    /// <summary>It was decided not to send one, or the gate refused when it was about to leave.</summary>
    Suppressed,

    /// <summary>Under a cap there was no room beside another message of the same instant.</summary>
    Lost,

    /// <summary>The channel will never take it.</summary>
    Failed,

    /// <summary>It could not leave while it was useful.</summary>
    Stale,

    /// <summary>What it was decided for was taken back before it left.</summary>
    Withdrawn,

    /// <summary>It was decided about history that was imported, of which nobody is told.</summary>
    Silent,
}

/// <summary>Which decisions are wanted; what is left out is not asked for.</summary>
public sealed record DecisionQuery
{
    /// <summary>Of this journey.</summary>
    public string? Journey { get; init; }

    /// <summary>Of this version.</summary>
    public int? Version { get; init; }

    /// <summary>Of this occasion.</summary>
    public string? Occasion { get; init; }

    /// <summary>That have come to this.</summary>
    public DecisionStatus? Status { get; init; }

    /// <summary>Decided at or after this instant.</summary>
    public Instant? From { get; init; }

    /// <summary>Decided before this instant.</summary>
    public Instant? Until { get; init; }

    internal bool Wants(CampaignDecision decision) =>
        (Journey is null || decision.Journey == Journey)
        && (Version is null || decision.Version == Version)
        && (Occasion is null || decision.Occasion == Occasion)
        && (Status is null || decision.Status == Status)
        && !(decision.DecidedAt < From)
        && !(decision.DecidedAt >= Until);
}
