using System.Text.Json;
using Crm.Conditions;
using Crm.Segmentation.Linting;
using Crm.Segmentation.Segments;
using Crm.Values;

namespace Crm.Tool.Checks;

/// <summary>What the linter says of the condition in a file.</summary>
/// <param name="Findings">What it finds, each with its place in the file.</param>
/// <param name="Cost">What the condition costs.</param>
/// <param name="CostSentence">The cost for people.</param>
internal sealed record ConditionLint(Sequence<FileFinding> Findings, CostClass Cost, Text CostSentence)
{
    /// <summary>What is said of a segment; null of a manual one, for it asks nothing.</summary>
    public static ConditionLint? Of(Segment segment) => segment.Kind == SegmentKind.Manual ? null : Of(segment.Asked, "where");

    /// <summary>What is said of a condition.</summary>
    /// <param name="condition">One that can be used.</param>
    /// <param name="root">Where in the file it is.</param>
    public static ConditionLint Of(Condition condition, string root)
    {
        var report = SegmentLinter.Lint(condition);
        return new(report.Findings.Select(finding => new FileFinding(finding.Code, root + finding.Path[1..], finding.Sentence)).ToSequence(), report.Cost, report.CostSentence);
    }

    /// <summary>Writes the cost as the member "cost", its class as a code such as "whole-history".</summary>
    public void WriteCost(Utf8JsonWriter json)
    {
        json.WriteStartObject("cost");
        json.WriteString("class", JsonNamingPolicy.KebabCaseLower.ConvertName(Cost.ToString()));
        json.WriteString("en", CostSentence.English);
        json.WriteString("zh-Hant", CostSentence.Chinese);
        json.WriteEndObject();
    }
}
