using Crm.Tool.Tests.Support;

namespace Crm.Tool.Tests.Commands;

/// <summary>crm segments test: definitions tried by cases.</summary>
public sealed class TestingSegments : IDisposable
{
    private const string Cases = """
        {"$schema":"segment-cases/1","zone":"Asia/Hong_Kong","cases":[
          {"name":"Two purchases make a friend","events":[{"at":"2026-01-05T18:00","spend":50},{"at":"2026-01-06T18:00","spend":50}],
           "expect":[{"at":"2026-01-05T18:00","notIn":["friends"]},{"at":"2026-01-06T18:00","in":["friends"]}]}]}
        """;

    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Cases_that_hold_are_exit_code_0_and_those_that_do_not_are_4_with_the_reason()
    {
        var cases = folder.Write("cases.json", Cases);
        var good = await Support.Tool.RunAsync("segments", "test", cases, "--segments", folder.Write("two.json", Friends(2)));
        Assert.Equal((0, ""), (good.Code, good.Error));
        Assert.Contains("1 of 1 cases hold, 2 of 2 expectations.", good.Out, StringComparison.Ordinal);

        var strict = folder.Write("three.json", Friends(3));
        var bad = await Support.Tool.RunAsync("segments", "test", cases, "--segments", strict, "--json");
        Assert.Equal(4, bad.Code);
        Assert.Equal((1, 2), (bad.Json.GetProperty("cases").GetInt32(), bad.Json.GetProperty("expectations").GetInt32()));
        var failure = Assert.Single(bad.Json.GetProperty("failures").EnumerateArray().ToList());
        Assert.Equal(("friends", "in", "2026-01-06T10:00:00Z"), (failure.GetProperty("segment").GetString(), failure.GetProperty("expected").GetString(), failure.GetProperty("at").GetString()));
        Assert.Contains("at least 3 purchases so far (is 2)", failure.GetProperty("found").GetString(), StringComparison.Ordinal);
        Assert.Contains("預期客戶於 2026-01-06T10:00:00Z 屬於「friends」", (await Support.Tool.RunAsync("segments", "test", cases, "--segments", strict, "--lang", "zh-Hant")).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_wrong_with_cases_is_exit_code_1_and_all_of_it_is_listed()
    {
        var friends = folder.Write("two.json", Friends(2));
        var wrong = await Support.Tool.RunAsync("segments", "test", folder.Write("wrong.json", Cases.Replace("\"name\"", "\"title\"", StringComparison.Ordinal).Replace("2026-01-06T18:00\",\"in\"", "soon\",\"in\"", StringComparison.Ordinal)), folder.PathOf("none.json"), "--segments", friends);
        var unknown = await Support.Tool.RunAsync("segments", "test", folder.Write("other.json", Cases.Replace("friends", "friend", StringComparison.Ordinal)), "--segments", friends);

        Assert.Equal((1, 1), (wrong.Code, unknown.Code));
        Assert.Contains("cases[0].title", wrong.Error, StringComparison.Ordinal);
        Assert.Contains("cases[0].expect[1].at", wrong.Error, StringComparison.Ordinal);
        Assert.Contains("none.json", wrong.Error, StringComparison.Ordinal);
        Assert.Contains("Did you mean 'friends'?", unknown.Error, StringComparison.Ordinal);
        Assert.Equal(2, (await Support.Tool.RunAsync("segments", "test", folder.Write("cases.json", Cases))).Code);
    }

    private static string Friends(int purchases) =>
        $$$"""{"$schema":"segment/1","id":"friends","where":{"count":"purchase","window":"lifetime","is":{"gte":{{{purchases}}}}},"label":{"en":"Friends","zh-Hant":"朋友"}}""";
}
