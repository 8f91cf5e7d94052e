using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Crm.Conditions;
using Crm.Definitions;
using Crm.Events;
using Crm.Values;
using NodaTime;
using NodaTime.Text;

namespace Crm.Segmentation.Segments;

/// <summary>
/// A version of a segment as JSON:
/// <c>{"$schema":"segment/1","id":"hk-regulars","version":3,"activeFrom":"2026-12-01T00:00:00Z","where":{"all":[…]},"label":{"en":"Regulars","zh-Hant":"常客"}}</c>.
/// Without version it is the first, without activeFrom it counts from the beginning of time; where is in the written form of <see cref="ConditionJson"/>.
/// <c>"kind":"manual"</c> has no where; <c>"kind":"snapshot"</c> has an instant asOf besides; <c>"history":"latest"</c> keeps the latest memberships only. Reading is strict, and all errors come at once.
/// </summary>
public static class SegmentJson
{
    /// <summary>What the text says of its own form.</summary>
    public const string Schema = "segment/1";

    private const string HalfACharacter = "A text has half a character (a lone surrogate) in it.";

    /// <summary>The words for kinds, in the order of <see cref="SegmentKind"/>.</summary>
    internal static readonly string[] KindWords = ["dynamic", "snapshot", "manual"];

    /// <summary>The words for histories, in the order of <see cref="SegmentHistory"/>.</summary>
    internal static readonly string[] HistoryWords = ["intervals", "latest"];

    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes a version of a segment, its condition in canonical form.</summary>
    public static string Write(Definition<Segment> definition)
    {
        ArgumentNullException.ThrowIfNull(definition);
        return Written(json =>
        {
            json.WriteString("$schema", Schema);
            json.WriteString("id", definition.Name);
            json.WriteNumber("version", definition.Version);
            if (definition.ActiveFrom != Instant.MinValue)
            {
                json.WriteString("activeFrom", InstantPattern.ExtendedIso.Format(definition.ActiveFrom));
            }

            if (definition.Value.Kind != SegmentKind.Dynamic)
            {
                json.WriteString("kind", KindWords[(int)definition.Value.Kind]);
            }

            if (definition.Value.History != SegmentHistory.Intervals)
            {
                json.WriteString("history", HistoryWords[(int)definition.Value.History]);
            }

            if (definition.Value.Taken is { } taken)
            {
                json.WriteString("asOf", InstantPattern.ExtendedIso.Format(taken.AsOf));
                json.WritePropertyName("where");
                json.WriteRawValue(ConditionJson.Write(taken.Where), skipInputValidation: true);
            }
            else if (definition.Value.Kind == SegmentKind.Dynamic)
            {
                json.WritePropertyName("where");
                json.WriteRawValue(ConditionJson.Write(definition.Value.Where), skipInputValidation: true);
            }

            json.WriteStartObject("label");
            json.WriteString("en", definition.Value.Label.English);
            json.WriteString("zh-Hant", definition.Value.Label.Chinese);
            json.WriteEndObject();
        });
    }

    /// <summary>Reads and checks a version of a segment.</summary>
    /// <param name="json">The text.</param>
    /// <param name="kinds">The kinds of events there are, so that misspelt kinds and fields are found; null: they are not looked at.</param>
    /// <exception cref="InvalidSegmentException">Something is wrong; the message lists all of it with its place.</exception>
    public static Definition<Segment> Read(string json, EventKinds? kinds = null)
    {
        ArgumentNullException.ThrowIfNull(json);
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(json, ConditionJson.Around);
        }
        catch (ArgumentException)
        {
            throw new InvalidSegmentException([new SegmentError("", HalfACharacter)]);
        }
        catch (JsonException exception)
        {
            throw new InvalidSegmentException([new SegmentError("", $"This is not JSON: {exception.Message}")]);
        }

        using (document)
        {
            var reader = new SegmentReader(kinds);
            try
            {
                return reader.Read(document.RootElement) ?? throw new InvalidSegmentException(reader.Errors.ToSequence());
            }
            catch (InvalidOperationException)
            {
                throw new InvalidSegmentException([.. reader.Errors, new SegmentError("", HalfACharacter)]);
            }
        }
    }

    /// <summary>The canonical form of what makes membership.</summary>
    internal static string Meaning(Segment segment) => Written(json =>
    {
        json.WriteString("id", segment.Id);
        json.WritePropertyName("where");
        json.WriteRawValue(ConditionJson.Write(segment.Where), skipInputValidation: true);
    });

    private static string Written(Action<Utf8JsonWriter> properties)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Readable))
        {
            json.WriteStartObject();
            properties(json);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
