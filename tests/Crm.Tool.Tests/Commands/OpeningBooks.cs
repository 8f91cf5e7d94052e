using Crm.Loyalty.Programs;
using Crm.Tool.Demo;
using Crm.Tool.Tests.Support;

namespace Crm.Tool.Tests.Commands;

/// <summary>crm loyalty open: balances that were kept elsewhere come in once, and net to zero.</summary>
public sealed class OpeningBooks : IDisposable
{
    private const string Mapping = """
        {
          "$schema": "crm/balances/1", "name": "old-till", "zone": "Asia/Hong_Kong", "format": { "kind": "csv" },
          "member": { "column": "member", "kind": "user" },
          "units": { "unit": { "constant": "points" }, "amount": "points", "expiry": { "column": "until", "formats": ["yyyy-MM-dd"] }, "whenEmpty": "forever" },
          "tiers": { "tier": "tier", "until": { "column": "tier until", "formats": ["yyyy-MM-dd"] } },
          "cards": { "stamps": "stamps" }
        }
        """;

    private const string Balances = """
        member,points,until,tier,tier until,stamps
        42,120,2026-03-31,gold,2026-12-31,4
        42,30,,,,
        43,-12,,,,
        44,0,,silver,,2

        """;

    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Balances_come_in_once_with_their_own_end_and_net_to_zero()
    {
        var (file, map, program, store) = Files();

        var trial = await Open(file, map, program, store, "--dry-run");
        Assert.True(trial.Code == 0, trial.Error);
        Assert.Equal((4L, 3L, 0L), (Number(trial, "rows"), Number(trial, "members"), Number(trial, "opened")));
        Assert.False(File.Exists(store));

        var first = await Open(file, map, program, store);
        var again = await Open(file, map, program, store);
        Assert.True(first.Code == 0, first.Error);
        Assert.Equal((3L, 0L), (Number(first, "opened"), Number(first, "already")));
        Assert.Equal((0L, 3L), (Number(again, "opened"), Number(again, "already")));
        var points = first.Json.GetProperty("units").EnumerateArray().Single();
        Assert.Equal((138L, 138L, 0L), (points.GetProperty("brought").GetInt64(), points.GetProperty("booked").GetInt64(), points.GetProperty("difference").GetInt64()));
        Assert.Equal(points.GetRawText(), again.Json.GetProperty("units").EnumerateArray().Single().GetRawText());

        Assert.Equal(0, (await Support.Tool.RunAsync("loyalty", "certify", "--store", store)).Code);
        Assert.Equal(0, (await Support.Tool.RunAsync("verify", "--store", store)).Code);
        var lots = (await Support.Tool.RunAsync("loyalty", "expiring", "user:42", "--store", store, "--json")).Json.GetProperty("lots").EnumerateArray().Single();
        Assert.Equal(("2026-03-31T16:00:00Z", 120L), (lots.GetProperty("at").GetString(), lots.GetProperty("amount").GetInt64()));
        Assert.Equal((150L, 30L), (await Available(store, "2026-03-31"), await Available(store, "2026-04-01")));
        var summary = (await Support.Tool.RunAsync("report", "summary", "--store", store, "--json")).Json;
        Assert.Equal(12, summary.GetProperty("units").GetProperty("points").GetProperty("debt").GetInt64());
        Assert.Equal(2, summary.GetProperty("tiers").EnumerateObject().Where(tier => tier.Name is "gold" or "silver").Sum(tier => tier.Value.GetInt64()));
    }

    [Fact]
    public async Task All_faults_of_a_file_come_at_once_and_nothing_is_written()
    {
        var (file, map, program, store) = Files();
        File.AppendAllText(file, "45,1.5,,,,\n46,10,soon,,,\n,10,,,,\n47,,,platinum,,\n48,,,gold,2025-12-31,\n49,,,,,99\n");

        var wrong = await Open(file, map, program, store);

        Assert.Equal((1, ""), (wrong.Code, wrong.Out));
        Assert.All(new[] { "line 6", "line 7", "line 8", "line 9", "line 10", "line 11" }, line => Assert.Contains(line + ",", wrong.Error.Replace(": ", ", ", StringComparison.Ordinal), StringComparison.Ordinal));
        Assert.Contains("6 faults", wrong.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(store));
    }

    [Fact]
    public async Task A_balance_that_changed_since_is_named_and_the_difference_is_a_fault()
    {
        var (file, map, program, store) = Files();
        await Open(file, map, program, store);
        File.WriteAllText(file, Balances.Replace("42,30", "42,31", StringComparison.Ordinal));

        var changed = await Open(file, map, program, store);

        Assert.Equal(4, changed.Code);
        Assert.Contains("line 2: changed-since", changed.Error, StringComparison.Ordinal);
        Assert.Equal(1, changed.Json.GetProperty("units").EnumerateArray().Single().GetProperty("difference").GetInt64());
    }

    [Fact]
    public async Task A_mapping_says_all_that_is_wrong_with_it()
    {
        var (file, _, program, store) = Files();
        var map = folder.Write("wrong.json", """{ "name": "Old Till", "zone": "Mars", "format": { "kind": "csv" }, "units": { "unit": "unit", "amount": "points", "expiry": { "column": "until", "formats": ["no"] }, "earned": { "column": "x", "formats": ["yyyy-MM-dd"] } }, "cards": {}, "extra": 1 }""");

        var wrong = await Open(file, map, program, store);

        Assert.Equal(1, wrong.Code);
        Assert.All(new[] { "name", "zone", "member", "units.expiry.formats[0]", "expiry and earned", "cards", "extra" }, part => Assert.Contains(part, wrong.Error, StringComparison.Ordinal));
    }

    private static Task<Support.Tool> Open(string file, string map, string program, string store, params string[] more) =>
        Support.Tool.RunAsync(["loyalty", "open", file, "--map", map, "--program", program, "--store", store, "--json", .. more]);

    private static long Number(Support.Tool tool, string name) => tool.Json.GetProperty(name).GetInt64();

    private static async Task<long> Available(string store, string day) =>
        (await Support.Tool.RunAsync("loyalty", "balance", "user:42", "--store", store, "--as-of", day, "--json")).Json.GetProperty("units").EnumerateArray().Single(unit => unit.GetProperty("unit").GetString() == "points").GetProperty("available").GetInt64();

    private (string File, string Map, string Program, string Store) Files() =>
        (folder.Write("balances.csv", Balances), folder.Write("map.json", Mapping), folder.Write("club.json", LoyaltyProgramJson.Write(TeaShop.Program)), folder.PathOf("shop.db"));
}
