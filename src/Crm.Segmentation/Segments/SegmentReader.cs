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
    private static readonly string[] Properties = ["$schema", "id", "version", "activeFrom", "kind", "history", "asOf", "where", "label"];
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
        var kind = (SegmentKind)Word(root, "kind", SegmentJson.KindWords);
        var history = (SegmentHistory)Word(root, "history", SegmentJson.HistoryWords);
        var asOf = AsOf(root, kind);
        var where = Where(root, kind);
        var segment = Made(kind, id ?? "unread", Label(root), where ?? new Condition.All([]), asOf) with { History = history };

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

    private static Segment Made(SegmentKind kind, string id, Text label, Condition where, Instant asOf) => kind switch
    {
        SegmentKind.Manual => Segment.Manual(id, label),
        SegmentKind.Snapshot => Segment.Snapshot(id, label, where, asOf),
        _ => new Segment { Id = id, Label = label, Where = where },
    };

    /// <summary>The place of a word among those expected; the first where the property is left out.</summary>
    private int Word(JsonElement root, string name, string[] words)
    {
        if (!root.TryGetProperty(name, out var found))
        {
            return 0;
        }

        var place = found.ValueKind == JsonValueKind.String ? Array.IndexOf(words, found.GetString()) : -1;
        if (place < 0)
        {
            Errors.Add(new(name, $"{Described(found)} is found where one of {string.Join(", ", words)} is expected."));
        }

        return Math.Max(place, 0);
    }

    private Instant AsOf(JsonElement root, SegmentKind kind)
    {
        if (root.TryGetProperty("asOf", out var found))
        {
            if (kind == SegmentKind.Snapshot && found.ValueKind == JsonValueKind.String && InstantPattern.ExtendedIso.Parse(found.GetString() ?? "").TryGetValue(default, out var instant))
            {
                return instant;
            }

            Errors.Add(new("asOf", kind == SegmentKind.Snapshot
                ? $"{Described(found)} is found where an instant in UTC is expected, such as \"2026-11-21T08:00:00Z\"."
                : "Only a snapshot is taken as of an instant; nothing is expected."));
        }
        else if (kind == SegmentKind.Snapshot)
        {
            Errors.Add(new("asOf", "The property is missing; the instant of the snapshot is expected, such as \"2026-11-21T08:00:00Z\"."));
        }

        return NodaConstants.UnixEpoch;
    }

    private Condition? Where(JsonElement root, SegmentKind kind)
    {
        if (!root.TryGetProperty("where", out var found))
        {
            if (kind == SegmentKind.Manual)
            {
                return null;
            }

            Errors.Add(new("where", "The property is missing; a condition is expected."));
            return null;
        }

        if (kind == SegmentKind.Manual)
        {
            Errors.Add(new("where", "A manual segment has no condition: people put customers in. Nothing is expected."));
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
