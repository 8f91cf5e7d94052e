using System.Text.Json;
using Crm.Conditions;
using Crm.Definitions;
using Crm.Events;
using Crm.Values;
using NodaTime;
using NodaTime.Text;

namespace Crm.Segmentation.Segments;

/// <summary>Reads a version of a segment from JSON and gathers everything that is wrong with it.</summary>
internal sealed class SegmentReader(EventKinds? kinds)
{
    private static readonly string[] Properties = ["$schema", "id", "version", "activeFrom", "where", "label"];
    private static readonly string[] Languages = ["en", "zh-Hant"];

    public List<SegmentError> Errors { get; } = [];

    /// <summary>The version; null when it could not be read, and then there are errors.</summary>
    public Definition<Segment>? Read(JsonElement root)
    {
        if (!IsObject(root, ""))
        {
            return null;
        }

        Allow(root, "", Properties);
        if (Text(root, "", "$schema") is { } schema && schema != SegmentJson.Schema)
        {
            Errors.Add(new("$schema", $"'{schema}' is found where '{SegmentJson.Schema}' is expected."));
        }

        var id = Text(root, "", "id");
        var version = Version(root);
        var activeFrom = ActiveFrom(root);
        var where = Where(root);
        var label = Label(root);
        var segment = new Segment { Id = id ?? "unread", Label = label, Where = where ?? new Condition.All([]) };

        // What could not be read has a stand-in, about which the validator would only repeat itself.
        Errors.AddRange(SegmentValidator.Errors(segment).Where(error => !Errors.Exists(known => error.Path == known.Path || error.Path.StartsWith(known.Path + ".", StringComparison.Ordinal))).ToList());
        return Errors.Count == 0 ? new Definition<Segment>(segment.Id, version, activeFrom, segment, segment.Hash) : null;
    }

    private int Version(JsonElement root)
    {
        if (!root.TryGetProperty("version", out var found))
        {
            return 1;
        }

        if (found.ValueKind == JsonValueKind.Number && found.TryGetInt32(out var version) && version >= 1)
        {
            return version;
        }

        Errors.Add(new("version", $"{Described(found)} is found where a whole number from 1 is expected."));
        return 1;
    }

    private Instant ActiveFrom(JsonElement root)
    {
        if (!root.TryGetProperty("activeFrom", out var found))
        {
            return Instant.MinValue;
        }

        if (found.ValueKind == JsonValueKind.String && InstantPattern.ExtendedIso.Parse(found.GetString() ?? "").TryGetValue(default, out var instant))
        {
            return instant;
        }

        Errors.Add(new("activeFrom", $"{Described(found)} is found where an instant in UTC is expected, such as \"2026-11-21T08:00:00Z\"."));
        return Instant.MinValue;
    }

    private Condition? Where(JsonElement root)
    {
        if (!root.TryGetProperty("where", out var found))
        {
            Errors.Add(new("where", "The property is missing; a condition is expected."));
            return null;
        }

        var reading = ConditionJson.Read(found, kinds);
        Errors.AddRange(reading.Errors.Select(error => new SegmentError(SegmentValidator.InWhere(error.Path), error.Message)));
        return reading.Condition;
    }

    private Text Label(JsonElement root)
    {
        if (!root.TryGetProperty("label", out var found))
        {
            Errors.Add(new("label", "The property is missing; an object with 'en' and 'zh-Hant' is expected."));
            return default;
        }

        if (!IsObject(found, "label"))
        {
            return default;
        }

        Allow(found, "label.", Languages);
        return new Text(Text(found, "label.", "en") ?? "", Text(found, "label.", "zh-Hant") ?? "");
    }

    private bool IsObject(JsonElement element, string path)
    {
        if (element.ValueKind == JsonValueKind.Object)
        {
            return true;
        }

        Errors.Add(new(path, $"{Described(element)} is found where an object is expected."));
        return false;
    }

    private void Allow(JsonElement element, string before, string[] names)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var property in element.EnumerateObject())
        {
            if (!names.Contains(property.Name, StringComparer.Ordinal))
            {
                var nearest = Names.Nearest(property.Name, names);
                Errors.Add(new(before + property.Name, $"There is no such property{(nearest is null ? $"; expected are {string.Join(", ", names)}." : $": did you mean '{nearest}'?")}"));
            }
            else if (!seen.Add(property.Name))
            {
                Errors.Add(new(before + property.Name, "The property comes twice; once is expected."));
            }
        }
    }

    private string? Text(JsonElement element, string before, string name)
    {
        if (!element.TryGetProperty(name, out var found))
        {
            Errors.Add(new(before + name, "The property is missing; a text is expected."));
            return null;
        }

        if (found.ValueKind == JsonValueKind.String)
        {
            return found.GetString();
        }

        Errors.Add(new(before + name, $"{Described(found)} is found where a text is expected."));
        return null;
    }

    private static string Described(JsonElement found) => found.ValueKind switch
    {
        JsonValueKind.Object => "An object",
        JsonValueKind.Array => "A list",
        _ => found.GetRawText() is { Length: > 60 } text ? text[..60] + "…" : found.GetRawText(),
    };
}
