using Crm.Loyalty.Programs;
using Crm.Tool.Demo;
using Crm.Tool.Import.Assembly;
using Crm.Tool.Import.Mappings;
using Crm.Tool.Import.Openings;
using Crm.Tool.Import.Reading;
using Crm.Tool.Reports;
using Crm.Tool.Tests.Support;
using NodaTime;
using NodaTime.Extensions;

namespace Crm.Tool.Tests.Import;

/// <summary>The first and the last days that a date can say, in whatever zone: they are read or refused, and never end a command.</summary>
public sealed class EndOfCalendar : IDisposable
{
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void The_last_days_of_the_calendar_are_read_in_every_zone() => Assert.All(DateTimeZoneProviders.Tzdb.GetAllZones(), zone =>
    {
        var times = new LocalTimes(["uuuu-MM-dd HH:mm:ss", "uuuu-MM-dd"], zone);
        foreach (var text in new[] { "9999-12-30", "9999-12-30 23:59:59", "9999-12-31", "9999-12-31 00:00:00", "9999-12-31 12:00:00", "9999-12-31 23:59:59" })
        {
            var read = times.Read(new SourceRow(1, [text]), 0);

            Assert.Equal(text[..10], NodaTime.Text.LocalDatePattern.Iso.Format(read!.Value.InZone(zone).Date));
        }

        // The first has no instant in zones ahead of UTC.
        Assert.Null(times.Read(new SourceRow(1, ["-9998-01-01 00:00:00"]), 0));
        Assert.NotNull(times.Read(new SourceRow(1, ["-9998-01-02"]), 0));
    });

    [Theory]
    [InlineData("America/New_York", "9999-12-31 23:59:59")]
    [InlineData("Pacific/Pago_Pago", "9999-12-31 23:59:59")]
    [InlineData("Asia/Hong_Kong", "9999-12-31 23:59:59")]
    [InlineData("America/New_York", "9999-12-31 00:00:00")]
    public void A_sale_at_the_end_of_the_calendar_is_one_rejected_row(string zone, string time)
    {
        var (mapping, faults) = MappingJson.Read(MappingCatalog.ShippedText("rfm-orders")
            .Replace("\"yyyy-MM-dd\"", "\"yyyy-MM-dd HH:mm:ss\"", StringComparison.Ordinal).Replace("\"zone\": \"UTC\"", $"\"zone\": \"{zone}\"", StringComparison.Ordinal));
        Assert.Empty(faults);
        var path = folder.Write("sales.csv", $"customer_id,order_date,revenue\nAmy,{time},5\nBob,2020-01-01 09:00:00,5\n");
        var assembled = EventAssembler.Assemble(mapping!, path, Assembling.Latest);

        Assert.Equal($"line 2, order_date: '{time}' (from-the-future)", Assert.Single(assembled.Rejected).ToString());
        Assert.Equal("Bob", Assert.Single(assembled.Events).Event.Identity?.Value);
    }

    [Theory]
    [InlineData("Asia/Hong_Kong", "9999-12-31", "included")]
    [InlineData("Asia/Hong_Kong", "9999-12-31", "excluded")]
    [InlineData("America/New_York", "9999-12-31", "included")]
    [InlineData("America/New_York", "9999-12-31 23:59:59", "included")]
    [InlineData("Asia/Hong_Kong", "9999-12-31 23:59:59", "included")]
    public void Units_up_to_the_last_day_of_the_calendar_never_run_out(string zone, string expiry, string lastDay)
    {
        var (mapping, faults) = OpeningMappingJson.Read($$"""
            { "name": "till", "zone": "{{zone}}", "format": { "kind": "csv" }, "member": { "column": "member", "kind": "user" },
              "units": { "unit": { "constant": "points" }, "amount": "points", "expiry": { "column": "until", "formats": ["yyyy-MM-dd", "yyyy-MM-dd HH:mm:ss"] }, "lastDay": "{{lastDay}}" } }
            """);
        Assert.Empty(faults);
        var read = OpeningReader.Read(mapping!, folder.Write("balances.csv", $"member,points,until\n42,120,{expiry}\n43,120,2099-12-31\n"));

        Assert.Empty(read.Rejected);
        Assert.Equal([true, false], read.Balances.Select(row => row.Balance.Lots[0].Forever));
        Assert.Equal([false, true], read.Balances.Select(row => row.Balance.Lots[0].Expiry is not null));
    }

    [Theory]
    [InlineData("Asia/Hong_Kong")]
    [InlineData("America/New_York")]
    public async Task A_balance_for_ever_is_opened_with_its_tier_and_can_be_asked_for(string zone)
    {
        var map = folder.Write("map.json", $$"""
            { "name": "old-till", "zone": "{{zone}}", "format": { "kind": "csv" }, "member": { "column": "member", "kind": "user" },
              "units": { "unit": { "constant": "points" }, "amount": "points", "expiry": { "column": "until", "formats": ["yyyy-MM-dd"] } },
              "tiers": { "tier": "tier", "until": { "column": "until", "formats": ["yyyy-MM-dd"] } } }
            """);
        var store = folder.PathOf("shop.db");
        var opened = await Support.Tool.RunAsync("loyalty", "open", folder.Write("balances.csv", "member,points,until,tier\n42,120,9999-12-31,gold\n"), "--map", map, "--program", folder.Write("club.json", LoyaltyProgramJson.Write(TeaShop.Program)), "--store", store, "--json");

        Assert.True(opened.Code == 0, opened.Error);
        Assert.Empty((await Support.Tool.RunAsync("loyalty", "expiring", "user:42", "--store", store, "--json")).Json.GetProperty("lots").EnumerateArray());
        var later = await Support.Tool.RunAsync("loyalty", "balance", "user:42", "--store", store, "--as-of", "2999-12-31", "--json");
        Assert.Contains(later.Json.GetProperty("units").EnumerateArray(), unit => unit.GetProperty("unit").GetString() == "points" && unit.GetProperty("available").GetInt64() == 120);
        Assert.Equal(1, (await Support.Tool.RunAsync("report", "summary", "--store", store, "--json")).Json.GetProperty("tiers").GetProperty("gold").GetInt64());
        Assert.Equal(0, (await Support.Tool.RunAsync("verify", "--store", store)).Code);
    }

    [Theory]
    [InlineData("9999-12-31")]
    [InlineData("9000-01-01")]
    [InlineData("9999-12-31T23:59:59Z")]
    [InlineData("9999-12-31T23:59:59.999999999-01:00")]
    [InlineData("0000-12-31")]
    [InlineData("-9998-01-01")]
    [InlineData("-9998-01-01T00:00:00Z")]
    public async Task A_report_is_of_a_time_with_room_before_and_after_it(string time)
    {
        var store = folder.PathOf("shop.db");
        await Support.Tool.RunAsync("import", folder.Write("sales.csv", SampleSales.OnlineRetail(5)), "--map", "online-retail", "--store", store, "--zone", "Asia/Hong_Kong");

        foreach (var (option, args) in new (string, string[])[]
        {
            ("--as-of", ["report", "summary"]), ("--as-of", ["report", "rfm"]), ("--as-of", ["report", "nes"]), ("--as-of", ["report", "stages"]), ("--as-of", ["report", "cohorts"]),
            ("--as-of", ["report", "pareto"]), ("--as-of", ["report", "clv"]), ("--as-of", ["segments", "list"]), ("--as-of", ["loyalty", "balance", "online-retail-id:100"]),
            ("--from", ["segments", "migrate", "regulars"]), ("--until", ["privacy", "retention"]),
        })
        {
            var tool = await Support.Tool.RunAsync([.. args, "--store", store, $"{option}={time}"]);

            Assert.Equal((2, ""), (tool.Code, tool.Out));
            Assert.Equal($"{option}: '{time}' is outside of what is counted in; a time from 0001-01-01 to 8999-12-31 is expected.", tool.Error.TrimEnd());
        }
    }

    [Fact]
    public void The_last_instant_of_a_day_is_of_that_day_in_every_zone() => Assert.All(DateTimeZoneProviders.Tzdb.GetAllZones(), zone =>
    {
        foreach (var text in new[] { "0001-01-01", "2011-12-30", "2026-11-21", "8999-12-31" })
        {
            var last = AsOf.Parse(text, SystemClock.Instance).Last(zone);

            // Samoa had no 30th of December in 2011.
            Assert.InRange(NodaTime.Text.LocalDatePattern.Iso.Parse(text).Value, last.InZone(zone).Date, last.InZone(zone).Date.PlusDays(1));
            Assert.True((last + Duration.Epsilon).InZone(zone).Date > NodaTime.Text.LocalDatePattern.Iso.Parse(text).Value);
        }
    });
}
