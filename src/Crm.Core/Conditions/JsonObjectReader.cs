using System.Globalization;
using System.Text.Json;
using Crm.Values;
using NodaTime;
using NodaTime.Text;

namespace Crm.Conditions;

/// <summary>Takes the properties of one JSON object by name and reports what is absent, of another form, repeated or left over.</summary>
internal sealed class JsonObjectReader
{
    /// <summary>What an instant looks like, for messages.</summary>
    public const string AnInstant = "an instant in UTC such as \"2026-11-21T08:00:00Z\"";

    /// <summary>What a time of day looks like, for messages.</summary>
    public const string ATimeOfDay = "a time of day from \"00:00\" to \"23:59\"";

    private readonly Dictionary<string, JsonElement> properties = new(StringComparer.Ordinal);
    private readonly HashSet<string> asked = new(StringComparer.Ordinal);
    private readonly HashSet<string> taken = new(StringComparer.Ordinal);
    private readonly List<ConditionError> errors;

    /// <summary>Reads the names of the properties.</summary>
    public JsonObjectReader(JsonElement element, string path, List<ConditionError> errors)
    {
        Path = path;
        this.errors = errors;
        foreach (var property in element.EnumerateObject())
        {
            if (NameOf(property) is not { } name)
            {
                errors.Add(new(path, "The name of a property has half a character (a lone surrogate) in it."));
            }
            else if (!properties.TryAdd(name, property.Value))
            {
                errors.Add(new(PathOf(name), "The property comes twice; once is expected."));
            }
        }
    }

    /// <summary>A time of day, to the minute or finer.</summary>
    public static IPattern<LocalTime> TimeOfDay { get; } = new CompositePatternBuilder<LocalTime>
    {
        { LocalTimePattern.CreateWithInvariantCulture("HH:mm:ss.FFFFFFFFF"), time => time.NanosecondOfDay % NodaConstants.NanosecondsPerMinute != 0 },
        { LocalTimePattern.CreateWithInvariantCulture("HH:mm"), _ => true },
    }.Build();

    /// <summary>The path of the object.</summary>
    public string Path { get; }

    /// <summary>A text for messages: shortened, and in quotation marks.</summary>
    public static string Quote(string text) => text.Length <= 60 ? $"\"{text}\"" : $"\"{text.AsSpan(0, 60)}…\"";

    /// <summary>What was found, for messages.</summary>
    public static string Describe(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => TextOf(element) is { } text ? Quote(text) : "A text with half a character (a lone surrogate) in it",
        JsonValueKind.Object => "An object",
        JsonValueKind.Array => "A list",
        _ => element.GetRawText() is { Length: > 60 } raw ? $"{raw.AsSpan(0, 60)}…" : element.GetRawText(),
    };

    /// <summary>The text of a JSON string; null when it escapes half a character.</summary>
    public static string? TextOf(JsonElement element)
    {
        try
        {
            return element.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>A number, if a decimal keeps all its digits.</summary>
    public static decimal? ExactNumber(JsonElement element)
    {
        var raw = element.GetRawText();
        var exponent = raw.IndexOfAny(['e', 'E']);
        return element.TryGetDecimal(out var number) && Digits(number.ToString(CultureInfo.InvariantCulture)) == Digits(exponent < 0 ? raw : raw.AsSpan(0, exponent)) ? number : null;

        static int Digits(ReadOnlySpan<char> text)
        {
            var digits = 0;
            var zeros = 0;
            foreach (var character in text)
            {
                if (character is >= '1' and <= '9')
                {
                    digits += zeros + 1;
                    zeros = 0;
                }
                else if (character == '0' && digits > 0)
                {
                    zeros++;
                }
            }

            return digits;
        }
    }

    /// <summary>The path of a property.</summary>
    public string PathOf(string name) => name.Length is > 0 and <= 60 && name.All(char.IsAsciiLetterOrDigit) ? $"{Path}.{name}" : $"{Path}[{Quote(name)}]";

    /// <summary>Whether there is such a property.</summary>
    public bool Has(string name) => properties.ContainsKey(name);

    /// <summary>The value of a property; an absent one is an error if something is expected.</summary>
    public JsonElement? Take(string name, string? expected = null)
    {
        asked.Add(name);
        if (properties.TryGetValue(name, out var value))
        {
            taken.Add(name);
            return value;
        }

        if (expected is not null)
        {
            errors.Add(new(Path, $"\"{name}\" is absent; {expected} is expected."));
        }

        return null;
    }

    /// <summary>The value of a property that need not be there.</summary>
    public JsonElement? TakeOptional(string name) => Take(name);

    /// <summary>A text.</summary>
    public string? Text(string name, string expected)
    {
        if (Take(name, expected) is not { } element)
        {
            return null;
        }

        if (element.ValueKind == JsonValueKind.String && TextOf(element) is { } text)
        {
            return text;
        }

        errors.Add(new(PathOf(name), $"{Describe(element)} was found; {expected.TrimEnd(',')} as a text is expected."));
        return null;
    }

    /// <summary>True or false.</summary>
    public bool? Flag(string name, string meaning) => Take(name, $"true or false, {meaning},") is { } element ? Flag(name, element) : null;

    /// <summary>True or false; false when it is absent.</summary>
    public bool? OptionalFlag(string name) => TakeOptional(name) is { } element ? Flag(name, element) : false;

    /// <summary>A number that is kept exactly.</summary>
    public decimal? Number(string name, string expected)
    {
        if (Take(name, expected) is not { } element)
        {
            return null;
        }

        if (element.ValueKind == JsonValueKind.Number && ExactNumber(element) is { } number)
        {
            return number;
        }

        errors.Add(new(PathOf(name), $"{Describe(element)} was found; {expected.TrimEnd(',')} is expected."));
        return null;
    }

    /// <summary>A whole number from 0 to a million; when it is absent, the usual one, or an error where there is none.</summary>
    public int? Whole(string name, string expected, int? usual)
    {
        if (Take(name, usual is null ? expected : null) is not { } element)
        {
            return usual;
        }

        if (element.ValueKind == JsonValueKind.Number && ExactNumber(element) is >= 0 and <= 1_000_000 and var number && number == decimal.Truncate(number))
        {
            return (int)number;
        }

        errors.Add(new(PathOf(name), $"{Describe(element)} was found; {expected} is expected."));
        return null;
    }

    /// <summary>The place of a word among those that are allowed.</summary>
    public int? Choice(string name, Sequence<string> words, string meaning)
    {
        var expected = $"{meaning}, one of {string.Join(", ", words.Select(word => $"\"{word}\""))},";
        if (Text(name, expected) is not { } text)
        {
            return null;
        }

        for (var place = 0; place < words.Count; place++)
        {
            if (string.Equals(words[place], text, StringComparison.Ordinal))
            {
                return place;
            }
        }

        var nearest = text.Length <= Names.Longest && Names.Nearest(text, words) is { } close ? $" Did you mean \"{close}\"?" : "";
        errors.Add(new(PathOf(name), $"{Quote(text)} was found; {expected.TrimEnd(',')} is expected.{nearest}"));
        return null;
    }

    /// <summary>A text that has a form.</summary>
    public T? Parsed<T>(string name, IPattern<T> pattern, string expected)
        where T : struct
    {
        if (Text(name, expected) is not { } text)
        {
            return null;
        }

        if (pattern.Parse(text) is { Success: true } result)
        {
            return result.Value;
        }

        errors.Add(new(PathOf(name), $"{Quote(text)} was found; {expected} is expected."));
        return null;
    }

    /// <summary>Takes whatever is left, because nothing can be said about it.</summary>
    public void TakeAll() => taken.UnionWith(properties.Keys);

    /// <summary>Reports every property that nobody asked for.</summary>
    public void RefuseTheRest()
    {
        foreach (var name in properties.Keys.Where(name => !taken.Contains(name)))
        {
            var nearest = name.Length <= Names.Longest && Names.Nearest(name, asked.Where(word => !taken.Contains(word))) is { } close ? $" Did you mean \"{close}\"?" : "";
            errors.Add(new(PathOf(name), $"The property is not known here; there are {string.Join(", ", asked.Select(word => $"\"{word}\""))}.{nearest}"));
        }
    }

    /// <summary>For messages, which word a property resembles.</summary>
    public string NearestWord(Sequence<string> words) => properties.Keys
        .Where(name => name.Length <= Names.Longest)
        .Select(name => Names.Nearest(name, words) is { } near ? $" (did you mean \"{near}\" by \"{name}\"?)" : null)
        .FirstOrDefault(text => text is not null) ?? "";

    private bool? Flag(string name, JsonElement element)
    {
        if (element.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return element.GetBoolean();
        }

        errors.Add(new(PathOf(name), $"{Describe(element)} was found; true or false is expected."));
        return null;
    }

    private static string? NameOf(JsonProperty property)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
