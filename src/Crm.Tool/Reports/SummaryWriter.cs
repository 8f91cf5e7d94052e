using System.Globalization;
using System.Text.Json;
using Crm.Loyalty.Accounts;
using Crm.Tool.Commands;
using Crm.Values;
using Spectre.Console;
using Text = Crm.Values.Text;

namespace Crm.Tool.Reports;

/// <summary>Shows a summary as JSON, as CSV or as tables.</summary>
internal static class SummaryWriter
{
    public static void Write(Summary summary, ToolOutput output)
    {
        UndefinedPrograms.Tell(output, summary.Undefined);
        switch (output.Form)
        {
            case OutputForm.Json:
                output.Json(json => Json(summary, json));
                break;
            case OutputForm.Csv:
                output.Csv([["field", "value"], .. Fields(summary).Select(field => (string[])[field.Name, field.Value])]);
                break;
            default:
                Tables(summary, output);
                break;
        }
    }

    private static void Json(Summary summary, Utf8JsonWriter json)
    {
        json.WriteNumber("customers", summary.Customers);
        if (summary.Disposed > 0)
        {
            json.WriteNumber("disposed", summary.Disposed);
        }

        json.WriteNumber("events", summary.Events);
        json.WriteNumber("purchases", summary.Purchases);
        json.WriteStartObject("revenue");
        foreach (var (currency, revenue) in summary.Revenue)
        {
            json.WriteStartObject(currency);
            foreach (var (name, _, amount) in Figures(revenue))
            {
                json.WriteString(name, DecimalText.Of(amount));
            }

            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteStartObject("units");
        foreach (var (unit, figures) in summary.Units)
        {
            json.WriteStartObject(unit);
            foreach (var (name, _, amount) in Figures(figures))
            {
                if (IsKnown(summary, unit))
                {
                    json.WriteNumber(name, amount);
                }
                else
                {
                    json.WriteNull(name);
                }
            }

            json.WriteEndObject();
        }

        json.WriteEndObject();
        UndefinedPrograms.Write(json, summary.Undefined);
        Counts(json, "tiers", summary.Tiers);
        json.WriteStartObject("stampCards");
        json.WriteNumber("open", summary.StampCards.Open);
        json.WriteNumber("completed", summary.StampCards.Completed);
        json.WriteEndObject();
        Counts(json, "segments", summary.Segments);
        json.WriteStartObject("messages");
        json.WriteNumber("sent", summary.Messages.Sent);
        Counts(json, "suppressed", summary.Messages.Suppressed);
        json.WriteNumber("deferred", summary.Messages.Deferred);
        json.WriteEndObject();
    }

    private static void Counts(Utf8JsonWriter json, string name, IReadOnlyDictionary<string, long> counts)
    {
        json.WriteStartObject(name);
        foreach (var (key, count) in counts)
        {
            json.WriteNumber(key, count);
        }

        json.WriteEndObject();
    }

    private static IEnumerable<(string Name, string Value)> Fields(Summary summary)
    {
        yield return ("customers", Whole(summary.Customers));
        if (summary.Disposed > 0)
        {
            yield return ("disposed", Whole(summary.Disposed));
        }

        yield return ("events", Whole(summary.Events));
        yield return ("purchases", Whole(summary.Purchases));
        var rest = summary.Revenue.SelectMany(pair => Figures(pair.Value).Select(figure => ($"revenue.{pair.Key}.{figure.Name}", DecimalText.Of(figure.Amount))))
            .Concat(summary.Units.SelectMany(pair => Figures(pair.Value).Select(figure => ($"units.{pair.Key}.{figure.Name}", IsKnown(summary, pair.Key) ? Whole(figure.Amount) : ""))))
            .Concat(summary.Tiers.Select(pair => ($"tiers.{pair.Key}", Whole(pair.Value))))
            .Concat([("stampCards.open", Whole(summary.StampCards.Open)), ("stampCards.completed", Whole(summary.StampCards.Completed))])
            .Concat(summary.Segments.Select(pair => ($"segments.{pair.Key}", Whole(pair.Value))))
            .Concat([("messages.sent", Whole(summary.Messages.Sent))])
            .Concat(summary.Messages.Suppressed.Select(pair => ($"messages.suppressed.{pair.Key}", Whole(pair.Value))))
            .Concat([("messages.deferred", Whole(summary.Messages.Deferred))]);
        foreach (var field in rest)
        {
            yield return field;
        }
    }

    private static void Tables(Summary summary, ToolOutput output)
    {
        var language = output.Language;
        output.Show(Pairs(
            new Text("Store", "資料庫").In(language),
            [
                (new Text("Customers", "顧客").In(language), Thousands(summary.Customers)),
                .. summary.Disposed == 0 ? [] : ((string, string)[])[(new Text("Disposed of, left out below", "歷史已銷毀，下列不計").In(language), Thousands(summary.Disposed))],
                (new Text("Events", "事件").In(language), Thousands(summary.Events)),
                (new Text("Purchases", "購買").In(language), Thousands(summary.Purchases)),
            ]));
        foreach (var (currency, revenue) in summary.Revenue)
        {
            output.Show(Pairs($"{new Text("Revenue", "收入").In(language)} {currency}", Figures(revenue).Select(figure => (figure.Label.In(language), figure.Amount.Amount.ToString("N" + figure.Amount.Currency.Decimals, CultureInfo.InvariantCulture)))));
        }

        foreach (var (unit, figures) in summary.Units)
        {
            output.Show(Pairs($"{new Text("Units", "單位").In(language)} {unit}", Figures(figures).Select(figure => (figure.Label.In(language), IsKnown(summary, unit) ? Thousands(figure.Amount) : "?"))));
        }

        if (summary.Tiers.Count > 0)
        {
            output.Show(Chart(new Text("Tiers", "會員等級").In(language), summary.Tiers));
        }

        if (summary.StampCards.Open + summary.StampCards.Completed > 0)
        {
            output.Show(Pairs(
                new Text("Stamp cards", "印花卡").In(language),
                [(new Text("Open", "未集滿").In(language), Thousands(summary.StampCards.Open)), (new Text("Completed", "已集滿").In(language), Thousands(summary.StampCards.Completed))]));
        }

        if (summary.Segments.Count > 0)
        {
            output.Show(Chart(new Text("Segments", "分群").In(language), summary.Segments));
        }

        if (summary.Messages.Sent + summary.Messages.Deferred + summary.Messages.Suppressed.Values.Sum() > 0)
        {
            output.Show(Pairs(
                new Text("Messages", "訊息").In(language),
                [
                    (new Text("Sent", "已發送").In(language), Thousands(summary.Messages.Sent)),
                    .. summary.Messages.Suppressed.Select(pair => ($"{new Text("Suppressed", "已攔截").In(language)}: {pair.Key}", Thousands(pair.Value))),
                    (new Text("Deferred", "延後").In(language), Thousands(summary.Messages.Deferred)),
                ]));
        }
    }

    private static Table Pairs(string title, IEnumerable<(string Label, string Value)> rows)
    {
        var table = new Table().Border(TableBorder.Rounded).AddColumn(Markup.Escape(title)).AddColumn(new TableColumn("").RightAligned());
        foreach (var (label, value) in rows)
        {
            table.AddRow(Markup.Escape(label), Markup.Escape(value));
        }

        return table;
    }

    private static BarChart Chart(string title, IReadOnlyDictionary<string, long> counts)
    {
        var chart = new BarChart().Label(Markup.Escape(title)).LeftAlignLabel();
        chart.Culture = CultureInfo.InvariantCulture;
        foreach (var (name, count) in counts)
        {
            chart.AddItem(Markup.Escape(name), count, Color.Blue);
        }

        return chart;
    }

    private static IEnumerable<(string Name, Text Label, Money Amount)> Figures(Revenue revenue) =>
    [
        ("gross", new("Gross", "總額"), revenue.Gross),
        ("refunded", new("Refunded", "退款"), revenue.Refunded),
        ("net", new("Net", "淨額"), revenue.Net),
    ];

    private static IEnumerable<(string Name, Text Label, long Amount)> Figures(UnitAccount unit) =>
    [
        ("issued", new("Issued", "發出"), unit.Issued),
        ("spent", new("Spent", "已用"), unit.Spent),
        ("expired", new("Expired", "已到期"), unit.Expired),
        ("reversed", new("Reversed", "已收回"), unit.Reversed),
        ("transferred", new("Transferred", "已轉移"), unit.Transferred),
        ("available", new("Available", "可用"), unit.Available),
        ("pending", new("Pending", "待生效"), unit.Pending),
        ("reserved", new("Reserved", "已預留"), unit.Reserved),
        ("debt", new("Debt", "欠額"), unit.Debt),
    ];

    private static bool IsKnown(Summary summary, string unit) => summary.Undefined.Units.All(one => one.Unit != unit);

    private static string Whole(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Thousands(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
