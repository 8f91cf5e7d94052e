using System.Text.Json;
using System.Text.RegularExpressions;

namespace Crm.Core.Tests.Conditions;

/// <summary>As much of JSON schema as the schema of conditions uses; a word it does not know is an error, so that nothing is passed over.</summary>
internal sealed class SmallSchema(string text)
{
    private static readonly string[] Silent = ["$schema", "title", "description", "$defs"];
    private readonly JsonElement root = JsonDocument.Parse(text).RootElement;

    public bool Accepts(JsonElement value) => Accepts(root, value);

    private bool Accepts(JsonElement schema, JsonElement value) => schema.EnumerateObject().All(word => word.Name switch
    {
        "$ref" => Accepts(Resolve(word.Value.GetString()!), value),
        "oneOf" => word.Value.EnumerateArray().Count(one => Accepts(one, value)) == 1,
        "const" => JsonElement.DeepEquals(word.Value, value),
        "enum" => word.Value.EnumerateArray().Any(one => JsonElement.DeepEquals(one, value)),
        "type" => IsOf(word.Value.GetString()!, value),
        "pattern" => value.ValueKind != JsonValueKind.String || Regex.IsMatch(value.GetString()!, word.Value.GetString()!, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1)),
        "minimum" => value.ValueKind != JsonValueKind.Number || value.GetDecimal() >= word.Value.GetDecimal(),
        "maximum" => value.ValueKind != JsonValueKind.Number || value.GetDecimal() <= word.Value.GetDecimal(),
        "items" => value.ValueKind != JsonValueKind.Array || value.EnumerateArray().All(item => Accepts(word.Value, item)),
        "minItems" => value.ValueKind != JsonValueKind.Array || value.GetArrayLength() >= word.Value.GetInt32(),
        "maxItems" => value.ValueKind != JsonValueKind.Array || value.GetArrayLength() <= word.Value.GetInt32(),
        "minProperties" => value.ValueKind != JsonValueKind.Object || value.EnumerateObject().Count() >= word.Value.GetInt32(),
        "required" => value.ValueKind != JsonValueKind.Object || word.Value.EnumerateArray().All(name => value.TryGetProperty(name.GetString()!, out _)),
        "properties" => value.ValueKind != JsonValueKind.Object || word.Value.EnumerateObject().All(property => !value.TryGetProperty(property.Name, out var given) || Accepts(property.Value, given)),
        "additionalProperties" => value.ValueKind != JsonValueKind.Object || word.Value.GetBoolean() || value.EnumerateObject().All(property => schema.GetProperty("properties").TryGetProperty(property.Name, out _)),
        _ => Silent.Contains(word.Name) ? true : throw new NotSupportedException($"The schema uses '{word.Name}', which this validator does not know."),
    });

    private JsonElement Resolve(string path) => root.GetProperty("$defs").GetProperty(path["#/$defs/".Length..]);

    private static bool IsOf(string type, JsonElement value) => type switch
    {
        "object" => value.ValueKind == JsonValueKind.Object,
        "array" => value.ValueKind == JsonValueKind.Array,
        "string" => value.ValueKind == JsonValueKind.String,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "number" => value.ValueKind == JsonValueKind.Number,
        "integer" => value.ValueKind == JsonValueKind.Number && value.GetDecimal() is var number && number == decimal.Truncate(number),
        _ => throw new NotSupportedException($"The schema uses the type '{type}'."),
    };
}
