using System.Globalization;
using System.Text.Json;
using Crm.Conditions;
using Crm.Loyalty.Rules;
using Crm.Values;
using NodaTime;
using NodaTime.Text;

namespace Crm.Loyalty.Programs;

/// <summary>One place of a JSON text: reads its properties strictly and notes, with the path, what is wrong.</summary>
internal readonly struct JsonPart
{
    private readonly JsonElement element;
    private readonly string path;
    private readonly List<ProgramError> errors;

    public JsonPart(JsonElement element, string path, List<ProgramError> errors)
    {
        this.element = element;
        this.path = path;
        this.errors = errors;
        if (element.ValueKind != JsonValueKind.Object)
        {
            errors.Add(new ProgramError(path, $"{Described(element)} is found where an object is expected."));
        }
    }

    private bool Is(JsonValueKind kind) => element.ValueKind == kind;

    /// <summary>Notes properties that are none of these, or come twice.</summary>
    public void Allow(params string[] names)
    {
        if (!Is(JsonValueKind.Object))
        {
            return;
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var property in element.EnumerateObject())
        {
            if (!names.Contains(property.Name, StringComparer.Ordinal))
            {
                var nearest = Names.Nearest(property.Name, names);
                Wrong(property.Name, $"There is no such property{(nearest is null ? $"; expected are {string.Join(", ", names)}." : $": did you mean '{nearest}'?")}");
            }
            else if (!seen.Add(property.Name))
            {
                Wrong(property.Name, "The property is there twice; once is expected.");
            }
        }
    }

    public void Wrong(string name, string message) => errors.Add(new ProgramError(At(name), message));

    public bool Has(string name) => Find(name) is not null;

    public bool IsObject(string name) => Find(name) is { ValueKind: JsonValueKind.Object };

    public string? Text(string name) => Find(name, "a text") switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        { } other => Refuse<string>(name, other, "a text"),
    };

    public long? Whole(string name, bool required = false)
    {
        if ((required ? Find(name, "a whole number") : Find(name)) is not { } found)
        {
            return null;
        }

        if (found.ValueKind == JsonValueKind.Number && found.TryGetInt64(out var whole))
        {
            return whole;
        }

        Refuse<string>(name, found, "a whole number");
        return null;
    }

    public bool Flag(string name)
    {
        if (Find(name) is { } found && found.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
        {
            Refuse<string>(name, found, "true or false");
        }

        return Find(name) is { ValueKind: JsonValueKind.True };
    }

    public JsonPart? Required(string name, string expected) => Find(name, expected) is { } found ? new JsonPart(found, At(name), errors) : null;

    public int? Int(string name, bool required = false) => Whole(name, required) is { } whole ? (int)Math.Clamp(whole, int.MinValue, int.MaxValue) : null;

    public decimal Decimal(string name)
    {
        if (Find(name, "a number") is { } found)
        {
            if (found.ValueKind == JsonValueKind.Number && found.TryGetDecimal(out var number))
            {
                return number;
            }

            Refuse<string>(name, found, "a number");
        }

        return 0;
    }

    public Instant? Instant(string name)
    {
        if (Find(name) is null || Text(name) is not { } text)
        {
            return null;
        }

        if (InstantPattern.ExtendedIso.Parse(text) is { Success: true } parsed)
        {
            return parsed.Value;
        }

        Wrong(name, $"'{text}' is not an instant; one such as '2026-04-01T00:00:00Z' is expected.");
        return null;
    }

    public LocalDate? Date(string name)
    {
        if (Find(name) is null || Text(name) is not { } text)
        {
            return null;
        }

        if (LocalDatePattern.Iso.Parse(text) is { Success: true } parsed)
        {
            return parsed.Value;
        }

        Wrong(name, $"'{text}' is not a date; one such as '2026-04-01' is expected.");
        return null;
    }

    /// <summary>The properties of an object as flags, numbers and codes.</summary>
    public IReadOnlyList<(string Name, Scalar Value)> Scalars(string name)
    {
        if (Find(name) is not { } found)
        {
            return [];
        }

        if (found.ValueKind != JsonValueKind.Object)
        {
            Refuse<string>(name, found, "an object of names and values");
            return [];
        }

        var values = new List<(string, Scalar)>();
        foreach (var property in found.EnumerateObject())
        {
            switch (property.Value.ValueKind)
            {
                case JsonValueKind.True or JsonValueKind.False:
                    values.Add((property.Name, property.Value.GetBoolean()));
                    break;
                case JsonValueKind.Number when property.Value.TryGetDecimal(out var number):
                    values.Add((property.Name, number));
                    break;
                case JsonValueKind.String:
                    values.Add((property.Name, property.Value.GetString() ?? ""));
                    break;
                default:
                    Refuse<string>($"{name}.{property.Name}", property.Value, "a flag, a number or a text");
                    break;
            }
        }

        return values;
    }

    public Money Money(string name)
    {
        if (Text(name) is not { } text)
        {
            return default;
        }

        var parts = text.Split(' ');
        try
        {
            if (parts.Length == 2 && decimal.TryParse(parts[0], NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var amount))
            {
                return Values.Money.Of(amount, Currency.Of(parts[1]));
            }

            Wrong(name, $"'{text}' is not an amount; a number, a blank and a currency are expected, such as '10.00 HKD'.");
        }
        catch (ArgumentException exception)
        {
            Wrong(name, exception.Sentence());
        }

        return default;
    }

    /// <summary>A text that is there, without a finding where it is not.</summary>
    public string? PlainText(string name) => Find(name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;

    public JsonElement? Element(string name) => Find(name);

    public Ratio Ratio(string name)
    {
        var found = Find(name, "a factor");
        if (found is { } factor)
        {
            var text = factor.ValueKind switch { JsonValueKind.Number => factor.GetRawText(), JsonValueKind.String => factor.GetString() ?? "", _ => "" };
            if (Rules.Ratio.TryParse(text, out var ratio))
            {
                return ratio;
            }

            Refuse<string>(name, factor, "a factor from 0 to 1,000,000 such as 1.5 or \"3/2\"");
        }

        return default;
    }

    public LocalDateTime DateTime(string name) => Parsed(name, LocalDateTimePattern.CreateWithInvariantCulture("uuuu-MM-dd'T'HH:mm"), "a date and time such as '2026-12-01T00:00'");

    public LocalTime Time(string name) => Parsed(name, TimePattern, "a time of day such as '18:30'");

    public Duration Length(string name) => Parsed(name, LengthPattern, "a length such as '1:00:00:00' for a day");

    public static string Text(LocalDateTime value) => LocalDateTimePattern.CreateWithInvariantCulture("uuuu-MM-dd'T'HH:mm").Format(value);

    public static string Text(LocalTime value) => TimePattern.Format(value);

    public static string Text(Duration value) => LengthPattern.Format(value);

    public Sequence<T> EachOf<T>(string name, (string Name, T Value)[] names)
    {
        var values = new List<T>();
        foreach (var text in Texts(name))
        {
            var found = Array.FindIndex(names, pair => pair.Name == text);
            if (found < 0)
            {
                Wrong(name, $"'{text}' is none of {string.Join(", ", names.Select(pair => $"'{pair.Name}'"))}.");
            }
            else
            {
                values.Add(names[found].Value);
            }
        }

        return values.ToSequence();
    }

    private static readonly LocalTimePattern TimePattern = LocalTimePattern.CreateWithInvariantCulture("HH:mm");
    private static readonly DurationPattern LengthPattern = DurationPattern.CreateWithInvariantCulture("D:hh:mm:ss");

    private T Parsed<T>(string name, IPattern<T> pattern, string expected)
        where T : struct
    {
        if (Find(name, expected) is not { } found)
        {
            return default;
        }

        if (found.ValueKind == JsonValueKind.String && pattern.Parse(found.GetString() ?? "") is { Success: true } parsed)
        {
            return parsed.Value;
        }

        Refuse<string>(name, found, expected);
        return default;
    }

    public T OneOf<T>(string name, (string Name, T Value)[] names, bool required = false)
    {
        var expected = $"one of {string.Join(", ", names.Select(pair => $"'{pair.Name}'"))}";
        if ((required ? Find(name, expected) : Find(name)) is not { } found)
        {
            return required ? default! : names[0].Value;
        }

        foreach (var (known, value) in names)
        {
            if (found.ValueKind == JsonValueKind.String && found.ValueEquals(known))
            {
                return value;
            }
        }

        Refuse<string>(name, found, expected);
        return default!;
    }

    public Sequence<string> Texts(string name)
    {
        if (Find(name) is not { } found)
        {
            return [];
        }

        if (found.ValueKind != JsonValueKind.Array || found.EnumerateArray().Any(item => item.ValueKind != JsonValueKind.String))
        {
            Refuse<string>(name, found, "a list of texts");
            return [];
        }

        return found.EnumerateArray().Select(item => item.GetString() ?? "").ToSequence();
    }

    public JsonPart? Part(string name) => Find(name) is { } found ? new JsonPart(found, At(name), errors) : null;

    public IReadOnlyList<JsonPart> Items(string name, bool required = false)
    {
        if ((required ? Find(name, "a list") : Find(name)) is not { } found)
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

    public Condition? Condition(string name)
    {
        if (Find(name) is not { } found)
        {
            return null;
        }

        var reading = ConditionJson.Read(found);
        foreach (var error in reading.Errors)
        {
            // A condition's own paths begin with "$", which is this place.
            errors.Add(new ProgramError(At(name) + error.Path[1..], error.Message));
        }

        return reading.Condition;
    }

    private string At(string name) => path.Length == 0 ? name : $"{path}.{name}";

    private JsonElement? Find(string name) => Is(JsonValueKind.Object) && element.TryGetProperty(name, out var found) ? found : null;

    private JsonElement? Find(string name, string expected)
    {
        var found = Find(name);
        if (found is null && Is(JsonValueKind.Object))
        {
            Wrong(name, $"The property is missing; {expected} is expected.");
        }

        return found;
    }

    private T? Refuse<T>(string name, JsonElement found, string expected)
        where T : class
    {
        Wrong(name, $"{Described(found)} is found where {expected} is expected.");
        return null;
    }

    private static string Described(JsonElement found) => found.ValueKind switch
    {
        JsonValueKind.Object => "An object",
        JsonValueKind.Array => "A list",
        _ => found.GetRawText() is { Length: > 60 } text ? text[..60] + "…" : found.GetRawText(),
    };
}
