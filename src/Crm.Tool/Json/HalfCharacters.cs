using System.Globalization;
using System.Text.Json;

namespace Crm.Tool.Json;

/// <summary>Finds texts in JSON that are none: an escape such as \ud800 without its other half. They can be parsed, and cannot be read.</summary>
internal static class HalfCharacters
{
    /// <summary>A fault for each.</summary>
    public static IEnumerable<JsonFault> In(JsonElement element, string path = "") => element.ValueKind switch
    {
        JsonValueKind.String when !CanRead(element.GetString) => [Fault(path, "a text")],
        JsonValueKind.Array => element.EnumerateArray().SelectMany((item, index) => In(item, string.Create(CultureInfo.InvariantCulture, $"{path}[{index}]"))),
        JsonValueKind.Object => element.EnumerateObject().SelectMany(property => CanRead(() => property.Name)
            ? In(property.Value, path.Length == 0 ? property.Name : $"{path}.{property.Name}")
            : [Fault(path, "a property whose name is a text")]),
        _ => [],
    };

    private static JsonFault Fault(string path, string what) => new(path, $"{what} with half of a character", "whole characters: a \\uD8xx and the \\uDCxx after it are one");

    private static bool CanRead(Func<string?> read)
    {
        try
        {
            read();
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }
}
