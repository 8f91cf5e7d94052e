using System.Text.Json;
using Crm.Values;

namespace Crm.Tool.Checks;

/// <summary>What a linter finds.</summary>
/// <param name="Code">What sort of finding.</param>
/// <param name="Path">Where in the file.</param>
/// <param name="Sentence">What was found, for people.</param>
internal sealed record FileFinding(string Code, string Path, Text Sentence)
{
    /// <summary>Writes findings as the member "findings".</summary>
    public static void WriteAll(Utf8JsonWriter json, Sequence<FileFinding> findings)
    {
        json.WriteStartArray("findings");
        foreach (var finding in findings)
        {
            json.WriteStartObject();
            json.WriteString("code", finding.Code);
            json.WriteString("path", finding.Path);
            json.WriteString("en", finding.Sentence.English);
            json.WriteString("zh-Hant", finding.Sentence.Chinese);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
