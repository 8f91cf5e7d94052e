using Crm.Tool.Tests.Support;

namespace Crm.Tool.Tests.Commands;

/// <summary>crm segments diff: two versions of a segment over imported sales.</summary>
public sealed class ComparingSegments : IDisposable
{
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task The_parts_that_changed_and_the_customers_who_change_side_are_named()
    {
        var store = folder.PathOf("sales.db");
        Assert.Equal(0, (await Support.Tool.RunAsync("import", folder.Write("sales.csv", SampleSales.OnlineRetail(1_000)), "--map", "online-retail", "--store", store)).Code);
        var before = folder.Write("often.json", Often("""{"count":"purchase","window":"lifetime","is":{"gte":4}}"""));
        var after = folder.Write("often-2.json", Often("""{"all":[{"count":"purchase","window":"lifetime","is":{"gte":2}},{"count":"purchase","window":{"last":"P7D"},"is":{"gte":1}}]}"""));

        var diff = await Support.Tool.RunAsync("segments", "diff", before, after, "--store", store, "--as-of", "2011-01-12", "--json");

        Assert.Equal((0, ""), (diff.Code, diff.Error));
        Assert.Equal(["loosened", "added"], diff.Json.GetProperty("changes").EnumerateArray().Select(change => change.GetProperty("change").GetString()));
        var (old, fresh) = (await MembersAsync(before), await MembersAsync(after));
        Assert.NotEmpty(fresh.Except(old));
        Assert.Equal(fresh.Except(old).Order(StringComparer.Ordinal), Listed("entering"));
        Assert.Equal(old.Except(fresh).Order(StringComparer.Ordinal), Listed("leaving"));
        Assert.Contains("放寬：", (await Support.Tool.RunAsync("segments", "diff", before, after, "--store", store, "--lang", "zh-Hant")).Out, StringComparison.Ordinal);
        Assert.Equal(1, (await Support.Tool.RunAsync("segments", "diff", before, folder.PathOf("none.json"), "--store", store)).Code);

        IEnumerable<string?> Listed(string name) => diff.Json.GetProperty(name).EnumerateArray().Select(customer => customer.GetString());

        async Task<List<string?>> MembersAsync(string file) =>
            [.. (await Support.Tool.RunAsync("segments", "members", "often", "--segments", file, "--store", store, "--as-of", "2011-01-12", "--json")).Json.GetProperty("members").EnumerateArray().Select(member => member.GetProperty("customer").GetString())];
    }

    [Fact]
    public async Task A_version_that_is_to_count_later_is_compared_as_if_it_did()
    {
        var (store, four, two) = await VersionsAsync(""" "version":2,"activeFrom":"2099-01-01T00:00:00Z", """);

        var evaluated = await Support.Tool.RunAsync("segments", "evaluate", two, "--store", store, "--as-of", "2011-01-12", "--json");
        var diff = await Support.Tool.RunAsync("segments", "diff", four, two, "--store", store, "--as-of", "2011-01-12", "--json");

        Assert.Equal((0, 0), (evaluated.Code, diff.Code));
        Assert.True(evaluated.Json.GetProperty("size").GetInt32() > 0);
        Assert.NotEmpty(diff.Json.GetProperty("entering").EnumerateArray());
        Assert.Empty(diff.Json.GetProperty("leaving").EnumerateArray());
    }

    [Fact]
    public async Task A_snapshot_is_evaluated_and_compared_by_the_condition_that_it_is_taken_by()
    {
        var (store, four, two) = await VersionsAsync(""" "kind":"snapshot","asOf":"2011-01-10T00:00:00Z", """, isBoth: true);

        var evaluated = await Support.Tool.RunAsync("segments", "evaluate", two, "--store", store, "--as-of", "2011-01-12", "--json");
        var diff = await Support.Tool.RunAsync("segments", "diff", four, two, "--store", store, "--as-of", "2011-01-12", "--json");
        var unknown = await Support.Tool.RunAsync("segments", "evaluate", folder.Write("unknown.json", Often("""{"fact":"loyalty.teir","is":{"eq":"gold"},"whenMissing":false}""", """ "kind":"snapshot","asOf":"2011-01-10T00:00:00Z", """)), "--store", store);

        Assert.Equal((0, 0, 1), (evaluated.Code, diff.Code, unknown.Code));
        Assert.True(evaluated.Json.GetProperty("size").GetInt32() > 0);
        Assert.Equal(["loosened"], diff.Json.GetProperty("changes").EnumerateArray().Select(change => change.GetProperty("change").GetString()));
        Assert.NotEmpty(diff.Json.GetProperty("entering").EnumerateArray());
        Assert.Contains("no module of this store publishes the fact 'loyalty.teir'", unknown.Error, StringComparison.Ordinal);
    }

    private async Task<(string Store, string Four, string Two)> VersionsAsync(string more, bool isBoth = false)
    {
        var store = folder.PathOf("sales.db");
        Assert.Equal(0, (await Support.Tool.RunAsync("import", folder.Write("sales.csv", SampleSales.OnlineRetail(1_000)), "--map", "online-retail", "--store", store)).Code);
        return (
            store,
            folder.Write("four.json", Often("""{"count":"purchase","window":"lifetime","is":{"gte":4}}""", isBoth ? more : "")),
            folder.Write("two.json", Often("""{"count":"purchase","window":"lifetime","is":{"gte":2}}""", more)));
    }

    private static string Often(string where, string more = "") => $$$"""{"$schema":"segment/1","id":"often",{{{more}}}"where":{{{where}}},"label":{"en":"often","zh-Hant":"常客"}}""";
}
