using System.Globalization;
using System.Text;

namespace Crm.Tool.Tests.Support;

/// <summary>Sales that are made up, the same every time: purchases with lines and refunds that name no original.</summary>
internal static class SampleSales
{
    public const string Header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";

    public static string OnlineRetail(int invoices)
    {
        var text = new StringBuilder(Header);
        for (var i = 0; i < invoices; i++)
        {
            var customer = i * 31 % Math.Max(1, invoices / 5);
            var refund = i % 7 == 6;
            var time = new DateTime(2011, 1, 1, 9, 0, 0).AddMinutes(i * 17L);
            for (var line = 0; line <= i % 3; line++)
            {
                text.Append(CultureInfo.InvariantCulture, $"{(refund ? "C" : "")}{10_000 + i},A{(i + line) % 5},,{(refund ? -1 : 1) * (1 + line)},{time:yyyy-MM-dd HH:mm:ss},{1 + (i % 4)}.{25 * line:00},{100 + customer},UK\n");
            }
        }

        return text.ToString();
    }

    /// <summary>One point for every whole unit of the currency.</summary>
    public static string Program(string name, string zone, string currency) => $$"""
        {
          "name": "{{name}}",
          "zone": "{{zone}}",
          "units": [{ "name": "points", "kind": "redeemable" }],
          "rules": [{ "rule": "points-per-amount", "name": "base", "unit": "points", "points": 1, "per": "1.00 {{currency}}", "basis": "spend", "rounding": "floor" }]
        }
        """;
}
