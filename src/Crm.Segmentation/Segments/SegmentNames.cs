using Crm.Values;

namespace Crm.Segmentation.Segments;

/// <summary>The names by which other packages meet segments.</summary>
public static class SegmentNames
{
    /// <summary>The module, and its slot.</summary>
    public const string Module = "segmentation";

    /// <summary>Before the id of a segment in the name of its fact, which is true while the customer is in the segment and has no value otherwise.</summary>
    public const string FactPrefix = "segment.";

    /// <summary>The echo when a customer enters a segment; fields <see cref="SegmentField"/>, <see cref="VersionField"/>, <see cref="EffectiveAtField"/> and <see cref="CauseField"/>.</summary>
    public const string Entered = "segment.entered";

    /// <summary>The echo when a customer leaves a segment; with the same fields.</summary>
    public const string Left = "segment.left";

    /// <summary>The field of the echoes with the id of the segment.</summary>
    public const string SegmentField = "segment";

    /// <summary>The field of the echoes with the version of the definition that decided; for a segment that no version defines any more, the one by which the customer entered.</summary>
    public const string VersionField = "version";

    /// <summary>The field of the echoes with the instant from which the change counts, however late it was found out.</summary>
    public const string EffectiveAtField = "effective-at";

    /// <summary>The field of the echoes with the cause: the key of an event, "time" or "definition".</summary>
    public const string CauseField = "cause";

    /// <summary>The code of the receipt line of one who enters; the subject is the segment.</summary>
    public const string EnteredLine = "entered";

    /// <summary>The code of the receipt line of one who leaves; the subject is the segment.</summary>
    public const string LeftLine = "left";

    /// <summary>The fact of a segment.</summary>
    public static string Fact(string segment) => FactPrefix + segment;

    /// <summary>Whether a text can be the id of a segment: a name without dots whose fact is a name too.</summary>
    internal static bool IsId(string? text) => text is not null && Names.IsName(text) && !text.Contains('.', StringComparison.Ordinal) && text.Length <= Names.Longest - FactPrefix.Length;
}
