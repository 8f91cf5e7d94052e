using Crm.Events;

namespace Crm.Tool.Import.Assembly;

/// <summary>What the rows of a file became.</summary>
internal sealed record Assembled
{
    /// <summary>The events by (time, purchases before refunds, key), whatever the order of the file. They are made while they are walked.</summary>
    public required IEnumerable<SourceEvent> Events { get; init; }

    /// <summary>How many events there are.</summary>
    public required int Count { get; init; }

    /// <summary>All rows of the file but its header.</summary>
    public required long Rows { get; init; }

    /// <summary>The rows that are in an event.</summary>
    public required long Lines { get; init; }

    /// <summary>The rows that the mapping leaves out, by reason, in the order of the mapping's rules.</summary>
    public required IReadOnlyList<KeyValuePair<string, long>> Ignored { get; init; }

    /// <summary>The rows that could not be understood, in the order of the file.</summary>
    public required IReadOnlyList<RejectedRow> Rejected { get; init; }

    /// <summary>The rows whose total was finer than the currency.</summary>
    public required long RoundedLines { get; init; }
}

/// <summary>An event, and where in the file it begins.</summary>
/// <param name="Event">The event.</param>
/// <param name="Line">Its first row.</param>
internal readonly record struct SourceEvent(CustomerEvent Event, long Line);
