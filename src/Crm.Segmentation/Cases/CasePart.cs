using System.Globalization;
using System.Text.Json;
using Crm.Values;
using NodaTime;
using NodaTime.Text;

namespace Crm.Segmentation.Cases;

/// <summary>A part of the text of cases, which says what is wrong with it by its path.</summary>
internal readonly struct CasePart(JsonElement element, string path, List<CaseError> errors)
{
    private static readonly LocalDateTimePattern LocalTime = LocalDateTimePattern.CreateWithInvariantCulture("uuuu-MM-dd'T'HH:mm");
    private static readonly LocalDateTimePattern FinerLocalTime = LocalDateTimePattern.CreateWithInvariantCulture("uuuu-MM-dd'T'HH:mm:ss.FFFFFFF");

    public bool Has(string name) => element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out _);

    /// <summary>Whether it is an object with no other properties than these.</summary>
    public bool IsObject(params string[] names)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            Wrong("an object");
            return false;
        }

        foreach (var property in element.EnumerateObject())
        {
            if (!names.Contains(property.Name, StringComparer.Ordinal))
            {
                var nearest = Names.Nearest(property.Name, names);
                errors.Add(new CaseError(PathOf(property.Name), nearest is null ? $"There is no such property; expected are {string.Join(", ", names)}." : $"There is no such property; did you mean '{nearest}'?"));
            }
        }

        return true;
    }

    /// <summary>A property; an error where it is missing.</summary>
    public CasePart? Part(string name, string expected)
    {
        if (Optional(name) is { } part)
        {
            return part;
        }

        errors.Add(new CaseError(path, $"'{name}' is missing; {expected} is expected."));
        return null;
    }

    public CasePart? Optional(string name) => Has(name) ? new CasePart(element.GetProperty(name), PathOf(name), errors) : null;

    /// <summary>The parts of a list that is a property; none where it is left out.</summary>
    public IEnumerable<CasePart> List(string name)
    {
        if (Optional(name) is not { } list)
        {
            return [];
        }

        return list.Items();
    }

    public string? Text(string expected)
    {
        if (element.ValueKind == JsonValueKind.String)
        {
            return element.GetString();
        }

        Wrong(expected);
        return null;
    }

    public decimal? Number(string expected)
    {
        if (element.ValueKind == JsonValueKind.Number && element.TryGetDecimal(out var number))
        {
            return number;
        }

        Wrong(expected);
        return null;
    }

    /// <summary>An instant in UTC, or a time of the zone.</summary>
    public Instant? At(DateTimeZone zone)
    {
        const string expected = "an instant such as \"2026-01-05T10:00:00Z\", or a time of the zone such as \"2026-01-05T18:00\"";
        if (Text(expected) is not { } text)
        {
            return null;
        }

        if (InstantPattern.ExtendedIso.Parse(text) is { Success: true } instant)
        {
            return instant.Value;
        }

        var local = LocalTime.Parse(text) is { Success: true } minute ? minute : FinerLocalTime.Parse(text);
        if (local.Success)
        {
            return zone.AtLeniently(local.Value).ToInstant();
        }

        Wrong(expected);
        return null;
    }

    /// <summary>The properties as values; those that are null are named apart.</summary>
    public (Fields Values, Sequence<string> Gone) Values()
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            Wrong("an object with values");
            return default;
        }

        var values = new List<(string, Scalar)>();
        var gone = new List<string>();
        foreach (var property in element.EnumerateObject())
        {
            if (!Names.IsName(property.Name))
            {
                errors.Add(new CaseError(PathOf(property.Name), "The name is no name: lower-case letters, digits, '-', '_' and '.' are expected."));
            }
            else if (property.Value.ValueKind == JsonValueKind.Null)
            {
                gone.Add(property.Name);
            }
            else if (new CasePart(property.Value, PathOf(property.Name), errors).Value() is { } value)
            {
                values.Add((property.Name, value));
            }
        }

        return (Fields.Of(values), gone.ToSequence());
    }

    /// <summary>Says what is found and what is expected.</summary>
    public void Wrong(string expected)
    {
        var found = element.ValueKind switch { JsonValueKind.Object => "An object", JsonValueKind.Array => "A list", _ => element.GetRawText() is { Length: > 60 } text ? text[..60] + "…" : element.GetRawText() };
        errors.Add(new CaseError(path, $"{found} is found where {expected} is expected."));
    }

    private IEnumerable<CasePart> Items()
    {
        if (element.ValueKind != JsonValueKind.Array)
        {
            Wrong("a list");
            return [];
        }

        var (place, all) = (path, errors);
        return [.. element.EnumerateArray().Select((item, i) => new CasePart(item, string.Create(CultureInfo.InvariantCulture, $"{place}[{i}]"), all))];
    }

    private Scalar? Value()
    {
        const string expected = "a text, a number, true, false, a list of texts, {\"date\":\"2026-11-21\"} or {\"instant\":\"2026-11-21T08:00:00Z\"}";
        switch (element.ValueKind)
        {
            case JsonValueKind.True or JsonValueKind.False:
                return element.GetBoolean();
            case JsonValueKind.String when element.GetString() is { Length: > 0 } text:
                return text;
            case JsonValueKind.Number when element.TryGetDecimal(out var number):
                return number;
            case JsonValueKind.Array when element.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String && item.GetString() is { Length: > 0 } code && !code.Contains(',', StringComparison.Ordinal)) && element.GetArrayLength() > 0:
                return Scalar.Of(element.EnumerateArray().Select(item => item.GetString() ?? ""));
            case JsonValueKind.Object when element.EnumerateObject().Count() == 1 && Optional("date")?.Text("a date") is { } text && LocalDatePattern.Iso.Parse(text) is { Success: true } date:
                return date.Value;
            case JsonValueKind.Object when element.EnumerateObject().Count() == 1 && Optional("instant")?.Text("an instant") is { } text && InstantPattern.ExtendedIso.Parse(text) is { Success: true } instant:
                return instant.Value;
            default:
                Wrong(expected);
                return null;
        }
    }

    private string PathOf(string name) => path.Length == 0 ? name : $"{path}.{name}";
}
