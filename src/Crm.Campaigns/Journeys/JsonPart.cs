using System.Text.Json;
using Crm.Conditions;
using Crm.Values;
using NodaTime;
using NodaTime.Text;

namespace Crm.Campaigns.Journeys;

/// <summary>One object of a JSON text: reads its properties strictly and notes, with the path, what is wrong. Reading gives null where something is.</summary>
internal readonly struct JsonPart
{
    private readonly Dictionary<string, JsonElement> properties = new(StringComparer.Ordinal);
    private readonly string path;
    private readonly List<JourneyError> errors;

    /// <summary>How times of the day are written.</summary>
    public static LocalTimePattern Times { get; } = LocalTimePattern.CreateWithInvariantCulture("HH:mm");

    public JsonPart(JsonElement element, string path, List<JourneyError> errors)
    {
        this.path = path;
        this.errors = errors;
        if (element.ValueKind != JsonValueKind.Object)
        {
            Wrong($"{Described(element)} was found; an object is expected.");
            return;
        }

        foreach (var property in element.EnumerateObject())
        {
            if (!properties.TryAdd(property.Name, property.Value))
            {
                Wrong(property.Name, "The property comes twice; once is expected.");
            }
        }
    }

    public void Wrong(string message) => errors.Add(new JourneyError(path, message));

    public bool Has(string name) => properties.ContainsKey(name);

    /// <summary>Notes properties that are none of these.</summary>
    public void Allow(params string[] names)
    {
        foreach (var name in properties.Keys.Where(name => !names.Contains(name, StringComparer.Ordinal)))
        {
            Wrong(name, $"The property is not known here; there are {string.Join(", ", names.Select(known => $"\"{known}\""))}.{(Names.Nearest(name, names) is { } nearest ? $" Did you mean \"{nearest}\"?" : "")}");
        }
    }

    public string? Text(string name) => Find(name, "a text") is not { } found ? null
        : found.ValueKind == JsonValueKind.String ? found.GetString() : Refuse<string>(name, found, "a text");

    public int? Whole(string name, int? otherwise = null) =>
        otherwise is not null && !Has(name) ? otherwise
        : Find(name, "a whole number") is not { } found ? null
        : Whole(name, found);

    /// <summary>True or false; false when nothing is said.</summary>
    public bool? Flag(string name)
    {
        if (!properties.TryGetValue(name, out var found))
        {
            return false;
        }

        if (found.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return found.GetBoolean();
        }

        Refuse<string>(name, found, "true or false");
        return null;
    }

    public Sequence<int>? Wholes(string name)
    {
        if (Find(name, "a list of whole numbers") is not { } found)
        {
            return null;
        }

        if (found.ValueKind != JsonValueKind.Array)
        {
            Refuse<string>(name, found, "a list of whole numbers");
            return null;
        }

        var self = this;
        var wholes = found.EnumerateArray().Select((item, index) => self.Whole($"{name}[{index}]", item)).ToList();
        return wholes.Contains(null) ? null : wholes.OfType<int>().ToSequence();
    }

    public Duration? Length(string name)
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        if (Lengths.Read(text) is { } length)
        {
            return length;
        }

        Wrong(name, $"\"{text}\" was found; {Lengths.Expected} is expected.");
        return null;
    }

    public LocalTime? Time(string name)
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        if (Times.Parse(text) is { Success: true, Value: var time })
        {
            return time;
        }

        Wrong(name, $"\"{text}\" was found; a time of the day in hours and minutes such as \"21:00\" is expected.");
        return null;
    }

    public Instant? Instant(string name)
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        if (InstantPattern.ExtendedIso.Parse(text) is { Success: true, Value: var instant })
        {
            return instant;
        }

        Wrong(name, $"\"{text}\" was found; an instant such as \"2026-03-01T00:00:00Z\" is expected.");
        return null;
    }

    public T? OneOf<T>(string name, (string Name, T Value)[] words)
        where T : struct
    {
        var expected = $"one of {string.Join(", ", words.Select(word => $"\"{word.Name}\""))}";
        if (Find(name, expected) is not { } found)
        {
            return null;
        }

        foreach (var (word, value) in words)
        {
            if (found.ValueKind == JsonValueKind.String && found.ValueEquals(word))
            {
                return value;
            }
        }

        Refuse<string>(name, found, expected);
        return null;
    }

    public JsonPart? Part(string name) => Find(name, "an object") is { } found ? new JsonPart(found, At(name), errors) : null;

    /// <summary>The objects of a list that need not be there.</summary>
    public IReadOnlyList<JsonPart> Items(string name)
    {
        if (!properties.TryGetValue(name, out var found))
        {
            return [];
        }

        if (found.ValueKind != JsonValueKind.Array)
        {
            Refuse<string>(name, found, "a list");
            return [];
        }

        var items = new List<JsonPart>();
        foreach (var item in found.EnumerateArray())
        {
            items.Add(new JsonPart(item, $"{At(name)}[{items.Count}]", errors));
        }

        return items;
    }

    /// <summary>A condition that need not be there.</summary>
    public Condition? Condition(string name)
    {
        if (!properties.TryGetValue(name, out var found))
        {
            return null;
        }

        var reading = ConditionJson.Read(found);
        var at = At(name);
        errors.AddRange(reading.Errors.Select(error => new JourneyError(at + error.Path[1..], error.Message)));
        return reading.Condition;
    }

    /// <summary>Values by name that need not be there: texts (codes), numbers, true and false, <c>{"date":"2026-11-21"}</c> and <c>{"instant":"2026-11-21T08:00:00Z"}</c>.</summary>
    public Fields Fields(string name)
    {
        if (!properties.TryGetValue(name, out var found))
        {
            return default;
        }

        var part = new JsonPart(found, At(name), errors);
        return Values.Fields.Of(part.properties.Select(pair => (pair.Key, part.Scalar(pair.Key, pair.Value))));
    }

    /// <summary>A text in both languages, <c>{"en":"Regulars","zh-Hant":"常客"}</c>, that need not be there.</summary>
    public Text? Label(string name)
    {
        if (!Has(name) || Part(name) is not { } part)
        {
            return null;
        }

        part.Allow("en", "zh-Hant");
        return (part.Text("en"), part.Text("zh-Hant")) is ({ } english, { } chinese) ? new Text(english, chinese) : null;
    }

    /// <summary>Writes a text as <see cref="Label"/> reads it, where there is one.</summary>
    public static void Write(Utf8JsonWriter json, string name, Text? text)
    {
        if (text is { } both)
        {
            json.WriteStartObject(name);
            json.WriteString("en", both.English);
            json.WriteString("zh-Hant", both.Chinese);
            json.WriteEndObject();
        }
    }

    /// <summary>Writes a value as <see cref="Fields"/> reads it.</summary>
    public static void Write(Utf8JsonWriter json, Scalar value)
    {
        switch (value.Kind)
        {
            case ScalarKind.Flag:
                json.WriteBooleanValue(value.AsFlag);
                break;
            case ScalarKind.Number:
                json.WriteRawValue(value.ToString());
                break;
            case ScalarKind.Code:
                json.WriteStringValue(value.AsCode);
                break;
            default:
                json.WriteStartObject();
                json.WriteString(value.Kind == ScalarKind.Date ? "date" : "instant", value.ToString());
                json.WriteEndObject();
                break;
        }
    }

    private Scalar Scalar(string name, JsonElement found)
    {
        switch (found.ValueKind)
        {
            case JsonValueKind.True or JsonValueKind.False:
                return found.GetBoolean();
            case JsonValueKind.String:
                return found.GetString() ?? "";
            case JsonValueKind.Number when found.TryGetDecimal(out var number):
                return number;
            case JsonValueKind.Object when found.EnumerateObject().ToList() is [{ Value.ValueKind: JsonValueKind.String } only]:
                var text = only.Value.GetString() ?? "";
                if (only.NameEquals("date") && LocalDatePattern.Iso.Parse(text) is { Success: true, Value: var date })
                {
                    return date;
                }

                if (only.NameEquals("instant") && InstantPattern.ExtendedIso.Parse(text) is { Success: true, Value: var instant })
                {
                    return instant;
                }

                break;
        }

        Refuse<string>(name, found, "a text, a number, true, false, {\"date\":\"2026-11-21\"} or {\"instant\":\"2026-11-21T08:00:00Z\"}");
        return default;
    }

    private void Wrong(string name, string message) => errors.Add(new JourneyError(At(name), message));

    private string At(string name) => $"{path}.{name}";

    private JsonElement? Find(string name, string expected)
    {
        if (properties.TryGetValue(name, out var found))
        {
            return found;
        }

        Wrong($"\"{name}\" is absent; {expected} is expected.");
        return null;
    }

    private int? Whole(string name, JsonElement found)
    {
        if (found.ValueKind == JsonValueKind.Number && found.TryGetInt32(out var whole))
        {
            return whole;
        }

        Refuse<string>(name, found, "a whole number");
        return null;
    }

    private T? Refuse<T>(string name, JsonElement found, string expected)
        where T : class
    {
        Wrong(name, $"{Described(found)} was found; {expected} is expected.");
        return null;
    }

    private static string Described(JsonElement found) => found.ValueKind switch
    {
        JsonValueKind.Object => "An object",
        JsonValueKind.Array => "A list",
        _ => found.GetRawText() is { Length: > 60 } text ? text[..60] + "…" : found.GetRawText(),
    };
}
