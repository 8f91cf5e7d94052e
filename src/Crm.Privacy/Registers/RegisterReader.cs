using System.Text.Json;
using Crm.Values;
using NodaTime;
using NodaTime.Text;

namespace Crm.Privacy.Registers;

/// <summary>One object of a register's JSON: reads its properties strictly and notes, with the path, all that is wrong.</summary>
internal readonly struct RegisterReader
{
    private readonly JsonElement element;
    private readonly string path;
    private readonly List<string> errors;

    public RegisterReader(JsonElement element, string path, List<string> errors)
    {
        this.element = element;
        this.path = path;
        this.errors = errors;
        if (element.ValueKind != JsonValueKind.Object)
        {
            errors.Add($"{path}: {Found(element)} is found where an object is expected.");
        }
    }

    public void Only(params string[] names)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            return;
        }

        foreach (var property in element.EnumerateObject().Where(property => !names.Contains(property.Name, StringComparer.Ordinal)))
        {
            var nearest = Names.Nearest(property.Name, names);
            Wrong(property.Name, $"there is no such property; {(nearest is null ? $"expected are {string.Join(", ", names)}" : $"did you mean '{nearest}'?")}");
        }
    }

    public bool Has(string name) => Find(name) is not null;

    public string Code(string name) => Find(name) switch
    {
        { ValueKind: JsonValueKind.String } text => text.GetString() ?? "",
        var other => Expected(name, other, "a text", ""),
    };

    public int? Whole(string name) => Find(name) is { ValueKind: JsonValueKind.Number } number && number.TryGetInt32(out var whole) ? whole : Expected<int?>(name, Find(name), "a whole number", null);

    public bool Flag(string name) => Find(name) switch
    {
        null or { ValueKind: JsonValueKind.False } => false,
        { ValueKind: JsonValueKind.True } => true,
        var other => Expected(name, other, "true or false", false),
    };

    public LocalDate? Date(string name, bool required) => Find(name) switch
    {
        null when !required => null,
        { ValueKind: JsonValueKind.String } text when LocalDatePattern.Iso.Parse(text.GetString() ?? "") is { Success: true, Value: var date } => date,
        var other => Expected<LocalDate?>(name, other, "a date such as '2026-11-21'", null),
    };

    public T OneOf<T>(string name)
        where T : struct, Enum
    {
        var words = Enum.GetValues<T>().ToDictionary(value => JsonNamingPolicy.CamelCase.ConvertName(value.ToString()), StringComparer.Ordinal);
        return Find(name) is { ValueKind: JsonValueKind.String } text && words.TryGetValue(text.GetString() ?? "", out var value)
            ? value
            : Expected<T>(name, Find(name), $"one of {string.Join(", ", words.Keys.Select(word => $"'{word}'"))}", default);
    }

    public Text Text(string name) => TextOrNull(name) ?? Expected<Text>(name, null, "a text in 'en' and 'zh-Hant'", default);

    /// <summary>A missing language is read as "": whether that may be published is not decided here.</summary>
    public Text? TextOrNull(string name) => Part(name, "en", "zh-Hant") is { } text
        ? new Text(text.Has("en") ? text.Code("en") : "", text.Has("zh-Hant") ? text.Code("zh-Hant") : "")
        : null;

    public RegisterReader? Part(string name, params string[] properties)
    {
        if (Find(name) is not { } found)
        {
            return null;
        }

        var part = new RegisterReader(found, $"{path}.{name}", errors);
        part.Only(properties);
        return part;
    }

    public Sequence<string> Codes(string name) => Find(name) switch
    {
        null => [],
        { ValueKind: JsonValueKind.Array } list when list.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String) => list.EnumerateArray().Select(item => item.GetString() ?? "").ToSequence(),
        var other => Expected<Sequence<string>>(name, other, "a list of texts", default),
    };

    public Sequence<T>? List<T>(string name, Func<RegisterReader, T> read, params string[] properties)
    {
        if (Find(name) is not { } found)
        {
            return null;
        }

        if (found.ValueKind != JsonValueKind.Array)
        {
            return Expected<Sequence<T>>(name, found, "a list", default);
        }

        var items = new List<T>();
        foreach (var item in found.EnumerateArray())
        {
            var part = new RegisterReader(item, $"{path}.{name}[{items.Count}]", errors);
            part.Only(properties);
            items.Add(read(part));
        }

        return items.ToSequence();
    }

    private JsonElement? Find(string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var found) && found.ValueKind != JsonValueKind.Null ? found : null;

    private T Expected<T>(string name, JsonElement? found, string expected, T instead)
    {
        if (element.ValueKind == JsonValueKind.Object)
        {
            Wrong(name, $"{(found is { } other ? Found(other) : "nothing")} is found where {expected} is expected.");
        }

        return instead;
    }

    private void Wrong(string name, string what) => errors.Add($"{path}.{name}: {what}");

    private static string Found(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => $"'{element.GetString()}'",
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        _ => element.GetRawText(),
    };
}
