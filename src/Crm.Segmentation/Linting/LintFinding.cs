using Crm.Values;

namespace Crm.Segmentation.Linting;

/// <summary>Something about a condition that its author surely did not mean, or should know.</summary>
/// <param name="Code">What sort of finding; one of <see cref="LintCodes"/>.</param>
/// <param name="Path">Where, as the written form spells it, such as "$.all[1]"; "$" is the whole.</param>
/// <param name="Sentence">What was found and what would be right.</param>
public sealed record LintFinding(string Code, string Path, Text Sentence)
{
    /// <summary>Code, path and sentence.</summary>
    public override string ToString() => $"{Code} {Path}: {Sentence}";
}

/// <summary>The sorts of findings. They are part of what is stored and shown, and never change.</summary>
public static class LintCodes
{
    /// <summary>No kind of events has the name.</summary>
    public const string UnknownKind = "unknown-kind";

    /// <summary>No event, line or profile has a field of the name.</summary>
    public const string UnknownField = "unknown-field";

    /// <summary>No module publishes a fact of the name.</summary>
    public const string UnknownFact = "unknown-fact";

    /// <summary>No calendar has the name.</summary>
    public const string UnknownCalendar = "unknown-calendar";

    /// <summary>Parts that are all asked for, and cannot hold together.</summary>
    public const string Contradiction = "contradiction";

    /// <summary>A part that holds of nobody, ever.</summary>
    public const string NeverTrue = "never-true";

    /// <summary>A part that holds of everybody, always.</summary>
    public const string AlwaysTrue = "always-true";

    /// <summary>"Few" that counts those in who have none at all.</summary>
    public const string ZeroCount = "zero-count";

    /// <summary>"None for so long" that holds of those who came yesterday.</summary>
    public const string NoMinimumAge = "no-minimum-age";

    /// <summary>A part for which the whole history of each customer is kept.</summary>
    public const string WholeHistory = "whole-history";
}
