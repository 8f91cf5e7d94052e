using System.Text.Json;
using Crm.Conditions;
using Crm.Loyalty.Linting;
using Crm.Loyalty.Programs;
using Crm.Segmentation.Segments;
using Crm.Tool.Import.Mappings;
using Crm.Tool.Import.Openings;
using Crm.Tool.Json;
using Crm.Values;

namespace Crm.Tool.Checks;

/// <summary>What a file that people wrote is, and what is wrong with it.</summary>
/// <param name="File">Its path.</param>
/// <param name="Is">What it was taken for, such as "mapping"; null when it could not be told.</param>
/// <param name="Problems">All that is wrong, each with its place.</param>
internal sealed record FileCheck(string File, string? Is, IReadOnlyList<string> Problems)
{
    /// <summary>What the linters find in a valid programme, segment or condition, as far as the file alone tells; it can be used all the same.</summary>
    public Sequence<FileFinding> Findings { get; init; }

    /// <summary>What the linter says of a valid segment or condition that asks about customers, its findings among it; null for other files.</summary>
    public ConditionLint? Lint { get; init; }

    /// <summary>What a valid programme costs at worst; null for other files.</summary>
    public WorstCase? Cost { get; init; }

    /// <summary>Checks a file. What it is, is said by its "$schema" or told by its properties.</summary>
    public static FileCheck Of(string file)
    {
        string text;
        try
        {
            text = NamedFile.Text(file);
        }
        catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException)
        {
            return new(file, null, [$"it cannot be read: {wrong.Message}"]);
        }

        try
        {
            using var json = JsonDocument.Parse(text, ConditionJson.Around);
            var halves = HalfCharacters.In(json.RootElement).Select(fault => fault.ToString()).ToList();
            if (halves.Count > 0)
            {
                return new(file, null, halves);
            }

            return json.RootElement.ValueKind != JsonValueKind.Object
                ? new(file, null, [$"found {json.RootElement.ValueKind.ToString().ToLowerInvariant()}; expected an object: a mapping, a programme, a segment or a condition."])
                : Of(file, text, json.RootElement);
        }
        catch (JsonException wrong)
        {
            return new(file, null, [$"found a text that is not JSON ({wrong.Message}); expected a mapping, a programme, a segment or a condition."]);
        }
    }

    private static FileCheck Of(string file, string text, JsonElement root)
    {
        var schema = root.TryGetProperty("$schema", out var said) && said.ValueKind == JsonValueKind.String ? said.GetString() : null;
        if (schema == OpeningMappingJson.Schema || (schema is null && HasAny(root, "member")))
        {
            return new(file, "balances", [.. OpeningMappingJson.Read(text).Faults.Select(fault => fault.ToString())]);
        }

        if (schema?.Contains("mapping", StringComparison.Ordinal) == true || HasAny(root, "format", "customer", "rows"))
        {
            return new(file, "mapping", [.. MappingJson.Read(text).Faults.Select(fault => fault.ToString())]);
        }

        if (schema == SegmentJson.Schema || (HasAny(root, "label") && HasAny(root, "where", "kind")))
        {
            return Segment(file, text);
        }

        if (HasAny(root, "units", "rules", "ladders"))
        {
            return Program(file, text);
        }

        return Condition(file, text);
    }

    private static FileCheck Program(string file, string text)
    {
        try
        {
            var program = LoyaltyProgramJson.Read(text);
            return new(file, "programme", []) { Findings = ProgramLinter.Findings(program).Select(finding => new FileFinding(finding.Code, finding.Path, finding.Sentence)).ToSequence(), Cost = ProgramLinter.WorstCase(program) };
        }
        catch (InvalidLoyaltyProgramException wrong)
        {
            return new(file, "programme", [.. wrong.Errors.Select(error => error.ToString())]);
        }
    }

    private static FileCheck Segment(string file, string text)
    {
        try
        {
            var lint = ConditionLint.Of(SegmentJson.Read(text).Value);
            return new(file, "segment", []) { Findings = lint?.Findings ?? [], Lint = lint };
        }
        catch (InvalidSegmentException wrong)
        {
            return new(file, "segment", [.. wrong.Errors.Select(error => error.ToString())]);
        }
    }

    private static FileCheck Condition(string file, string text)
    {
        var reading = ConditionJson.Read(text);
        var lint = reading is { Condition: { } condition, Errors.IsEmpty: true } && !IsOfEvents(condition) ? ConditionLint.Of(condition, "$") : null;
        return new(file, "condition", [.. reading.Errors.Select(error => error.ToString())]) { Findings = lint?.Findings ?? [], Lint = lint };
    }

    // A condition of a programme's rule asks about the event at hand, of which "none so far" is nothing to warn of.
    private static bool IsOfEvents(Condition condition) => condition.Leaves().OfType<Condition.Field>().Any(field => !field.Name.StartsWith("customer.", StringComparison.Ordinal));

    private static bool HasAny(JsonElement root, params string[] names) => names.Any(name => root.TryGetProperty(name, out _));
}
