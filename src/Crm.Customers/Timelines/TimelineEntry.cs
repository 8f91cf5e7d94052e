using System.Runtime.InteropServices;
using Crm.Events;
using Crm.Values;
using NodaTime;

namespace Crm.Customers.Timelines;

/// <summary>What an entry of a timeline tells of.</summary>
public enum TimelineKind
{
    /// <summary>Something happened, or was asked for.</summary>
    Event,

    /// <summary>Something was decided because of it.</summary>
    Decision,

    /// <summary>What became of a message.</summary>
    Message,
}

/// <summary>One line of a customer's timeline.</summary>
/// <param name="At">When it counts.</param>
/// <param name="Kind">What it tells of.</param>
/// <param name="Code">The kind of the event, or the code of the decision.</param>
/// <param name="Sentence">For people; it names no person.</param>
/// <param name="Place">Where it stands, for the next page.</param>
public sealed record TimelineEntry(Instant At, TimelineKind Kind, string Code, Text Sentence, TimelinePlace Place)
{
    /// <summary>The event.</summary>
    public required EventKey Event { get; init; }

    /// <summary>The module that decided; null for what happened.</summary>
    public string? Module { get; init; }

    /// <summary>Who did it; null: the customer.</summary>
    public string? Actor { get; init; }
}

/// <summary>A place in a timeline.</summary>
/// <param name="At">When.</param>
/// <param name="Version">The number of the event in the journal.</param>
/// <param name="Line">The event itself, 0, or which of its decisions.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct TimelinePlace(Instant At, long Version, int Line) : IComparable<TimelinePlace>
{
    /// <summary>In whose journal the event is, where that is somebody who was merged into the customer; the default: the customer's own.</summary>
    public CustomerId Journal { get; init; }

    /// <inheritdoc/>
    public int CompareTo(TimelinePlace other) => (At, Journal, Version, Line).CompareTo((other.At, other.Journal, other.Version, other.Line));
}

/// <summary>What of a timeline is wanted.</summary>
public sealed record TimelineQuery
{
    /// <summary>What entries tell of; empty: everything.</summary>
    public Sequence<TimelineKind> Kinds { get; init; }

    /// <summary>The codes of entries, such as "purchase" or "tier-changed"; empty: all.</summary>
    public Sequence<string> Codes { get; init; }

    /// <summary>From when, included; null: from the beginning.</summary>
    public Instant? From { get; init; }

    /// <summary>Until when, excluded; null: to the end.</summary>
    public Instant? Until { get; init; }

    /// <summary>Only what is older than this place: the <see cref="TimelinePage.Next"/> of the page before. Null: from the newest.</summary>
    public TimelinePlace? After { get; init; }

    /// <summary>At most so many; 1 to 1,000.</summary>
    public int Most { get; init; } = 50;
}

/// <summary>A page of a timeline.</summary>
/// <param name="Entries">Newest first.</param>
/// <param name="Next">Where the next page begins; null: this is the last.</param>
public sealed record TimelinePage(Sequence<TimelineEntry> Entries, TimelinePlace? Next);
