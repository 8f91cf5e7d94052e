using System.Globalization;
using System.Text.Json;
using Crm.Values;

namespace Crm.Tool.Json;

/// <summary>
/// Reads one JSON object that people write by hand: closed (an unknown property is a fault), and patient: every fault is collected, and reading goes on with a stand-in value.
/// </summary>
internal sealed class StrictObject
{
    private readonly Dictionary<string, JsonElement> properties = new(StringComparer.Ordinal);
    private readonly string path;
    private readonly List<JsonFault> faults;

    private StrictObject(string path, List<JsonFault> faults) => (this.path, this.faults) = (path, faults);

    /// <summary>Reads an object; what is no object reads as one without properties.</summary>
    /// <param name="known">The properties that it may have.</param>
    public static StrictObject Read(JsonElement element, string path, List<JsonFault> faults, params string[] known)
    {
        var read = new StrictObject(path, faults);
        if (element.ValueKind != JsonValueKind.Object)
        {
            faults.Add(new(path, Show(element), $"an object with {string.Join(", ", known)}"));
            return read;
        }

        foreach (var property in element.EnumerateObject())
        {
            if (!known.Contains(property.Name, StringComparer.Ordinal))
            {
                var near = Names.Nearest(property.Name, known);
                faults.Add(new(read.At(property.Name), "an unknown property", near is null ? $"one of {string.Join(", ", known)}" : $"'{near}' perhaps; there are {string.Join(", ", known)}"));
            }
            else if (!read.properties.TryAdd(property.Name, property.Value))
            {
                faults.Add(new(read.At(property.Name), "the property a second time", "each property once"));
            }
        }

        return read;
    }

    public bool Has(string name) => properties.ContainsKey(name);

    /// <summary>The property as it stands, with its path; null when it is absent.</summary>
    public (JsonElement Element, string Path)? Find(string name) => properties.TryGetValue(name, out var element) ? (element, At(name)) : null;

    /// <summary>The property as it stands; its absence is a fault.</summary>
    public (JsonElement Element, string Path)? Require(string name, string expected)
    {
        var found = Find(name);
        if (found is null)
        {
            faults.Add(new(At(name), "nothing", expected));
        }

        return found;
    }

    /// <summary>A text with at least one character; null when it is absent or wrong.</summary>
    public string? Text(string name, string expected, bool required = true)
    {
        if ((required ? Require(name, expected) : Find(name)) is not { } found)
        {
            return null;
        }

        if (found.Element.ValueKind == JsonValueKind.String && found.Element.GetString() is { Length: > 0 } text)
        {
            return text;
        }

        faults.Add(new(found.Path, Show(found.Element), expected));
        return null;
    }

    /// <summary>A text that a parser understands; null when it is absent or wrong.</summary>
    public T? Parsed<T>(string name, string expected, Func<string, T?> parse, bool required = true)
        where T : class
    {
        var text = Text(name, expected, required);
        if (text is null)
        {
            return null;
        }

        var parsed = parse(text);
        if (parsed is null)
        {
            faults.Add(new(At(name), $"'{text}'", expected));
        }

        return parsed;
    }

    public bool Flag(string name, bool otherwise)
    {
        if (Find(name) is not { } found)
        {
            return otherwise;
        }

        if (found.Element.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return found.Element.GetBoolean();
        }

        faults.Add(new(found.Path, Show(found.Element), "true or false"));
        return otherwise;
    }

    /// <summary>One of several words, each with its meaning.</summary>
    public T Choice<T>(string name, IReadOnlyDictionary<string, T> choices, T? otherwise = null)
        where T : struct
    {
        var expected = $"one of {string.Join(", ", choices.Keys)}";
        var text = Text(name, expected, required: otherwise is null);
        if (text is null)
        {
            return otherwise ?? default;
        }

        if (choices.TryGetValue(text, out var meant))
        {
            return meant;
        }

        faults.Add(new(At(name), $"'{text}'", expected));
        return otherwise ?? default;
    }

    /// <summary>The items of a list, each with its path; none when it is absent or no list.</summary>
    public IReadOnlyList<(JsonElement Element, string Path)> Items(string name, string expected, bool required)
    {
        if ((required ? Require(name, expected) : Find(name)) is not { } found)
        {
            return [];
        }

        if (found.Element.ValueKind == JsonValueKind.Array && found.Element.GetArrayLength() > 0)
        {
            return [.. found.Element.EnumerateArray().Select((item, index) => (item, string.Create(CultureInfo.InvariantCulture, $"{found.Path}[{index}]")))];
        }

        faults.Add(new(found.Path, found.Element.ValueKind == JsonValueKind.Array ? "an empty list" : Show(found.Element), expected));
        return [];
    }

    public string At(string name) => path.Length == 0 ? name : $"{path}.{name}";

    /// <summary>What stands in the text, shortened.</summary>
    public static string Show(JsonElement element)
    {
        var raw = element.ValueKind == JsonValueKind.String ? $"'{element.GetString()}'" : element.GetRawText().ReplaceLineEndings(" ");
        return raw.Length <= 60 ? raw : string.Concat(raw.AsSpan(0, 57), "...");
    }
}
