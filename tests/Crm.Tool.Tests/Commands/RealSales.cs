using System.Globalization;
using System.IO.Compression;
using Crm.Tests.Shared;
using Crm.Tool.Tests.Support;

namespace Crm.Tool.Tests.Commands;

/// <summary>Real sales through the whole tool and a SQLite file.</summary>
public sealed class RealSales : IDisposable
{
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Cdnow_earns_the_points_that_ten_lines_over_the_raw_file_give()
    {
        var file = RealData.Require("cdnow/CDNOW_master.txt.gz");
        var club = folder.Write("club.json", SampleSales.Program("club", "America/New_York", "USD"));
        var store = folder.PathOf("cdnow.db");

        var import = await Support.Tool.RunAsync("import", file, "--map", "cdnow", "--store", store, "--program", club, "--json");
        var again = await Support.Tool.RunAsync("import", file, "--map", "cdnow", "--store", store, "--program", club, "--json");
        var summary = await Support.Tool.RunAsync("report", "summary", "--store", store, "--json");

        Assert.Equal((0, 0, 0), (import.Code, again.Code, summary.Code));
        Assert.Equal((69_659, 23_570), (Number(import, "recorded"), Number(import, "customers")));
        Assert.Equal((0, 69_659, 0), (Number(again, "recorded"), Number(again, "already"), Number(again, "customers")));
        Assert.Equal((23_570, 69_659, 69_659), (Number(summary, "customers"), Number(summary, "events"), Number(summary, "purchases")));
        Assert.Equal("""{"gross":"2500315.63","refunded":"0.00","net":"2500315.63"}""", Compact(summary, "revenue", "USD"));
        var points = WholeDollars(file);
        Assert.Equal(2_453_159, points);
        Assert.Equal(
            $$"""{"issued":{{points}},"spent":0,"expired":0,"reversed":0,"transferred":0,"available":{{points}},"pending":0,"reserved":0,"debt":0}""",
            Compact(summary, "units", "points"));

        var quarter = await Support.Tool.RunAsync("report", "summary", "--store", store, "--json", "--as-of", "1997-03-31");
        Assert.Equal(RowsUntil(file, "19970331"), Number(quarter, "events"));
    }

    [Fact]
    public async Task Online_retail_has_the_revenue_and_refunds_that_are_known_of_it()
    {
        var store = folder.PathOf("retail.db");
        var import = await Support.Tool.RunAsync("import", RealData.Require("online_retail_uci.csv.gz"), "--map", "online-retail", "--store", store, "--json");
        var summary = await Support.Tool.RunAsync("report", "summary", "--store", store, "--json");

        Assert.Equal((0, ""), (import.Code, import.Error));
        Assert.Equal((541_909, 406_789, 22_186, 22_186), (Number(import, "rows"), Number(import, "lines"), Number(import, "events"), Number(import, "recorded")));
        Assert.Equal((4, 4_371), (Number(import, "roundedLines"), Number(import, "customers")));
        Assert.Equal((4_371, 22_186, 18_532), (Number(summary, "customers"), Number(summary, "events"), Number(summary, "purchases")));
        Assert.Equal("""{"gross":"8911407.90","refunded":"611342.09","net":"8300065.81"}""", Compact(summary, "revenue", "GBP"));

        // The rule of refunds without an original, once more and independently, from the raw file.
        var expected = RefundsByHand.Of(RealData.Require("online_retail_uci.csv.gz"));
        Assert.Equal((7_516, 54, 1_335), (expected.InFull, expected.InPart, expected.NotFound));
        Assert.Equal(611_342_09, expected.Matched + expected.Spread + expected.Unmatched);
        Assert.Equal(expected, await RefundsByHand.RecordedAsync(store));
        var unmatched = import.Json.GetProperty("unmatchedRefunds");
        Assert.Equal(
            (expected.LinesUnmatched, expected.QuantityUnmatched, (expected.Unmatched / 100m).ToString("F2", CultureInfo.InvariantCulture)),
            (unmatched.GetProperty("lines").GetInt64(), unmatched.GetProperty("quantity").GetDecimal(), unmatched.GetProperty("amount").GetString()));
    }

    private static long WholeDollars(string file)
    {
        var points = 0L;
        using var text = new StreamReader(new GZipStream(File.OpenRead(file), CompressionMode.Decompress));
        text.ReadLine();
        while (text.ReadLine() is { } line)
        {
            points += long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[3].Split('.')[0], CultureInfo.InvariantCulture);
        }

        return points;
    }

    private static long RowsUntil(string file, string date)
    {
        using var text = new StreamReader(new GZipStream(File.OpenRead(file), CompressionMode.Decompress));
        return text.ReadToEnd().Split('\n').Skip(1).Count(line => line.Trim().Length > 0 && string.CompareOrdinal(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], date) <= 0);
    }

    private static long Number(Support.Tool tool, string name) => tool.Json.GetProperty(name).GetInt64();

    private static string Compact(Support.Tool tool, params string[] path) =>
        System.Text.Json.JsonSerializer.Serialize(path.Aggregate(tool.Json, (json, name) => json.GetProperty(name)));
}
