using Crm.Values;

namespace Crm.Campaigns.Journeys;

/// <summary>Something wrong with a journey or with the caps of a channel.</summary>
/// <param name="Path">Where, such as "$.trigger.days".</param>
/// <param name="Message">What was found and what would be right.</param>
public sealed record JourneyError(string Path, string Message)
{
    /// <summary>Path and message.</summary>
    public override string ToString() => $"{Path}: {Message}";
}

/// <summary>Journeys are wrong; the message lists everything that is.</summary>
public sealed class InvalidJourneyException : Exception
{
    internal InvalidJourneyException(Sequence<JourneyError> errors)
        : base(string.Join(Environment.NewLine, errors)) => Errors = errors;

    /// <summary>Everything that is wrong.</summary>
    public Sequence<JourneyError> Errors { get; }
}
