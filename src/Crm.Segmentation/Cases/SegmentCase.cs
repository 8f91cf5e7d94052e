using Crm.Events;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Cases;

/// <summary>What happens to one customer, and in which segments the customer is to be found at which instants.</summary>
public sealed record SegmentCase
{
    /// <summary>What the case says, as a sentence.</summary>
    public required string Name { get; init; }

    /// <summary>The events, in any order. Whoever they name, they are one customer's.</summary>
    public Sequence<CaseEvent> Events { get; init; }

    /// <summary>Facts that other modules would publish, told because those modules are not there; in any order.</summary>
    public Sequence<CaseFacts> Facts { get; init; }

    /// <summary>What is to be found.</summary>
    public Sequence<CaseExpectation> Expect { get; init; }
}

/// <summary>An event of a case.</summary>
/// <param name="Happened">The event, with when it occurred.</param>
/// <param name="RecordedAt">When it becomes known: at its own instant, or late.</param>
public sealed record CaseEvent(CustomerEvent Happened, Instant RecordedAt);

/// <summary>Facts that are as told from an instant on.</summary>
/// <param name="At">From when.</param>
/// <param name="Values">Their values.</param>
/// <param name="Gone">Those that have no value any more.</param>
public sealed record CaseFacts(Instant At, Fields Values, Sequence<string> Gone);

/// <summary>Whether the customer is in a segment at an instant.</summary>
/// <param name="At">The instant; events that occurred at it count.</param>
/// <param name="Segment">The id of the segment.</param>
/// <param name="IsMember">What is expected.</param>
public sealed record CaseExpectation(Instant At, string Segment, bool IsMember);

/// <summary>Something wrong with cases, which could not be tried because of it.</summary>
/// <param name="Path">Where, such as "cases[2].events[0].spend".</param>
/// <param name="Message">What was found and what would be right.</param>
public sealed record CaseError(string Path, string Message)
{
    /// <summary>Place and message.</summary>
    public override string ToString() => Path.Length == 0 ? Message : $"{Path}: {Message}";
}

/// <summary>Cases cannot be tried as they are written.</summary>
public sealed class InvalidCasesException : Exception
{
    /// <summary>All that is wrong.</summary>
    public InvalidCasesException(Sequence<CaseError> errors)
        : base($"The cases cannot be tried:{Environment.NewLine}{string.Join(Environment.NewLine, errors)}") => Errors = errors;

    /// <summary>All that is wrong.</summary>
    public Sequence<CaseError> Errors { get; }
}
