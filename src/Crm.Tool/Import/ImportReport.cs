using System.Globalization;
using Crm.Tool.Commands;
using Crm.Values;
using Spectre.Console;
using Text = Crm.Values.Text;

namespace Crm.Tool.Import;

/// <summary>Shows what an import did.</summary>
internal static class ImportReport
{
    private const int RejectedShown = 20;

    public static void Write(ImportResult result, ToolOutput output)
    {
        switch (output.Form)
        {
            case OutputForm.Json:
                Json(result, output);
                break;
            case OutputForm.Csv:
                output.Csv([["field", "value"], .. Fields(result).Select(field => (string[])[field.Name, field.Value])]);
                break;
            default:
                Table(result, output);
                break;
        }
    }

    private static void Json(ImportResult result, ToolOutput output) => output.Json(json =>
    {
        var source = result.Source;
        json.WriteNumber("rows", source.Rows);
        json.WriteNumber("lines", source.Lines);
        json.WriteNumber("events", source.Count);
        json.WriteNumber("recorded", result.Recorded);
        json.WriteNumber("already", result.Already);
        json.WriteStartObject("ignored");
        foreach (var (reason, rows) in source.Ignored)
        {
            json.WriteNumber(reason, rows);
        }

        json.WriteEndObject();
        json.WriteStartArray("rejected");
        foreach (var row in result.Rejected)
        {
            json.WriteStartObject();
            json.WriteNumber("line", row.Line);
            json.WriteString("column", row.Column);
            json.WriteString("value", row.Value);
            json.WriteString("reason", row.Reason);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteNumber("roundedLines", source.RoundedLines);
        json.WriteStartObject("unmatchedRefunds");
        json.WriteNumber("lines", result.Unmatched.Lines);
        json.WriteNumber("quantity", result.Unmatched.Quantity);
        json.WriteString("amount", Amount(result));
        json.WriteEndObject();
        json.WriteNumber("customers", result.Customers);
        json.WriteNumber("seconds", Math.Round((decimal)result.Seconds, 3));
        if (result.DryRun)
        {
            json.WriteBoolean("dryRun", true);
        }

        if (result.Interrupted)
        {
            json.WriteBoolean("interrupted", true);
        }
    });

    private static void Table(ImportResult result, ToolOutput output)
    {
        var table = new Table().Border(TableBorder.None).HideHeaders().AddColumn("").AddColumn(new TableColumn("").RightAligned());
        foreach (var (_, label, value) in Fields(result))
        {
            table.AddRow(Markup.Escape(label.In(output.Language)), Markup.Escape(value));
        }

        output.Show(table);
        var rejected = result.Rejected.ToList();
        foreach (var row in rejected.Take(RejectedShown))
        {
            output.Line(row.ToString());
        }

        if (rejected.Count > RejectedShown)
        {
            output.Line(string.Create(CultureInfo.InvariantCulture, $"… {rejected.Count - RejectedShown} more; --json lists all."));
        }
    }

    private static IEnumerable<(string Name, Text Label, string Value)> Fields(ImportResult result)
    {
        var source = result.Source;
        yield return ("rows", new("Rows read", "讀取列數"), Count(source.Rows));
        yield return ("lines", new("Rows in events", "納入事件的列數"), Count(source.Lines));
        yield return ("events", new("Events", "事件"), Count(source.Count));
        yield return ("recorded", new("Recorded now", "本次記錄"), Count(result.Recorded));
        yield return ("already", new("Recorded before", "先前已記錄"), Count(result.Already));
        foreach (var (reason, rows) in source.Ignored)
        {
            yield return ($"ignored.{reason}", new($"Ignored: {reason}", $"略過：{reason}"), Count(rows));
        }

        yield return ("rejected", new("Rejected", "拒收"), Count(result.Rejected.Count()));
        yield return ("roundedLines", new("Line totals changed by rounding", "因捨入而改變的金額"), Count(source.RoundedLines));
        yield return ("unmatchedRefunds.lines", new("Refunded lines without a purchase", "找不到原購買的退款項目"), Count(result.Unmatched.Lines));
        yield return ("unmatchedRefunds.quantity", new("… their quantity", "… 數量"), result.Unmatched.Quantity.ToString("0.####", CultureInfo.InvariantCulture));
        yield return ("unmatchedRefunds.amount", new("… their amount", "… 金額"), Amount(result));
        yield return ("customers", new("New customers", "新顧客"), Count(result.Customers));
        yield return ("seconds", new("Seconds", "秒數"), result.Seconds.ToString("0.0", CultureInfo.InvariantCulture));
    }

    private static string Count(long count) => count.ToString(CultureInfo.InvariantCulture);

    private static string Amount(ImportResult result) => DecimalText.Of(new Money(result.Unmatched.MinorUnits, result.Currency));
}
