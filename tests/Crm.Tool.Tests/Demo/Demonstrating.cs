using Crm.Tests.Shared;
using Crm.Tool.Tests.Support;

namespace Crm.Tool.Tests.Demo;

/// <summary>crm demo, from the command line to its output.</summary>
public sealed class Demonstrating : IDisposable
{
    private static readonly string[] Small = ["demo", "--customers", "40", "--days", "60"];
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_small_run_shows_what_was_approved() => Snapshot.Match((await Run("--store", "memory")).Out);

    [Fact]
    public async Task In_chinese_it_shows_what_was_approved() => Snapshot.Match((await Run("--store", "memory", "--lang", "zh-Hant")).Out);

    [Fact]
    public async Task Two_runs_are_equal_byte_for_byte_whatever_the_store() => Assert.Equal((await Run("--store", "memory")).Out, (await Run()).Out);

    [Fact]
    public async Task Another_seed_gives_another_shop() => Assert.NotEqual((await Run("--store", "memory")).Out, (await Run("--store", "memory", "--seed", "2")).Out);

    [Fact]
    public async Task The_json_is_what_a_report_on_the_store_says_afterwards()
    {
        var file = folder.PathOf("demo.db");
        var demo = await Run("--store", file, "--json");
        var report = await Support.Tool.RunAsync("report", "summary", "--store", file, "--as-of", "2026-03-01T16:00:00Z", "--json");

        Assert.Equal((0, demo.Out), (report.Code, report.Out));
        Assert.True(demo.Json.GetProperty("messages").GetProperty("sent").GetInt64() > 0);
    }

    [Fact]
    public async Task What_was_issued_is_accounted_for()
    {
        var units = (await Run("--store", "memory", "--json")).Json.GetProperty("units");
        foreach (var unit in units.EnumerateObject())
        {
            long Of(string name) => unit.Value.GetProperty(name).GetInt64();

            Assert.Equal(Of("available") + Of("pending") + Of("reserved") - Of("debt"), Of("issued") - Of("spent") - Of("expired") - Of("reversed") - Of("transferred"));
        }
    }

    [Fact]
    public async Task A_store_with_something_in_it_is_left_alone()
    {
        var file = folder.PathOf("demo.db");
        await Run("--store", file);
        var before = File.ReadAllBytes(file);
        var again = await Support.Tool.RunAsync([.. Small, "--store", file]);

        Assert.Equal((1, ""), (again.Code, again.Out));
        Assert.Contains("the store is not empty", again.Error, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(file));
    }

    [Fact]
    public async Task All_that_is_wrong_with_its_sizes_is_said_at_once()
    {
        var tool = await Support.Tool.RunAsync("demo", "--customers", "0", "--days", "4000");

        Assert.Equal((2, ""), (tool.Code, tool.Out));
        Assert.Equal(["--customers: 0 was given; 1 to 1,000,000 is expected.", "--days: 4000 was given; 1 to 3,660 is expected."], tool.Error.Trim().ReplaceLineEndings("\n").Split('\n'));
    }

    private static async Task<Support.Tool> Run(params string[] more)
    {
        var tool = await Support.Tool.RunAsync([.. Small, .. more]);
        Assert.Equal(0, tool.Code);
        return tool;
    }
}
