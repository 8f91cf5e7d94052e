using System.Text.Json;
using Crm.Tool.Books;
using Crm.Values;

namespace Crm.Tool.Commands;

/// <summary>Says plainly where numbers are the ledger's, because a programme is not at hand, and where none are given.</summary>
internal static class UndefinedPrograms
{
    /// <summary>A message for people, beside every form of output.</summary>
    /// <param name="output">Where it goes.</param>
    /// <param name="undefined">The programmes and units.</param>
    /// <param name="trouble">Why the store's own programmes do not decide here; null where it has none of the name.</param>
    public static void Tell(ToolOutput output, Undefined undefined, string? trouble = null)
    {
        foreach (var program in undefined.Programs)
        {
            output.Message(new Text(
                $"The programme '{program}' is not defined here: its numbers are those of the ledger, and where it decides what falls due (units that idle, what is set aside, what repays a debt) none are given. Give its definition with --program FILE.json.",
                $"此處沒有計劃「{program}」的定義：數字只按帳簿所載；凡須按定義判斷何時發生者（閒置到期、預留退回、抵銷欠數），不列數字。請以 --program FILE.json 提供定義。").In(output.Language));
        }

        if (trouble is not null)
        {
            output.Message(trouble);
        }
    }

    /// <summary>The properties "undefined" and "unknown", where there is anything to say.</summary>
    public static void Write(Utf8JsonWriter json, Undefined undefined)
    {
        if (undefined.Programs.Count == 0)
        {
            return;
        }

        json.WriteStartArray("undefined");
        foreach (var program in undefined.Programs)
        {
            json.WriteStringValue(program);
        }

        json.WriteEndArray();
        json.WriteStartArray("unknown");
        foreach (var (program, unit) in undefined.Units)
        {
            json.WriteStartObject();
            json.WriteString("program", program);
            json.WriteString("unit", unit);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
