using System.Text.Json;
using Crm.Conditions;
using Crm.Segmentation.Linting;
using Crm.Segmentation.Segments;
using Crm.Values;

namespace Crm.Tool.Checks;

/// <summary>What a linter finds.</summary>
/// <param name="Code">What sort of finding.</param>
/// <param name="Path">Where in the file.</param>
/// <param name="Sentence">What was found, for people.</param>
internal sealed record FileFinding(string Code, string Path, Text Sentence)
{
    /// <summary>What is found in a segment; of a manual one nothing, for it asks nothing.</summary>
    public static Sequence<FileFinding> Of(Segment segment) => segment.Kind == SegmentKind.Manual ? [] : Of(segment.Asked, "where");

    /// <summary>What is found in a condition.</summary>
    /// <param name="condition">One that can be used.</param>
    /// <param name="root">Where in the file it is.</param>
    public static Sequence<FileFinding> Of(Condition condition, string root) =>
        SegmentLinter.Lint(condition).Findings.Select(finding => new FileFinding(finding.Code, root + finding.Path[1..], finding.Sentence)).ToSequence();

    /// <summary>Writes findings as the member "findings".</summary>
    public static void WriteAll(Utf8JsonWriter json, Sequence<FileFinding> findings)
    {
        json.WriteStartArray("findings");
        foreach (var finding in findings)
        {
            json.WriteStartObject();
            json.WriteString("code", finding.Code);
            json.WriteString("path", finding.Path);
            json.WriteString("en", finding.Sentence.English);
            json.WriteString("zh-Hant", finding.Sentence.Chinese);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
