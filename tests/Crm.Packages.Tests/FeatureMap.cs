using System.Text.RegularExpressions;
using Crm.Tests.Shared;

namespace Crm.Packages.Tests;

/// <summary>docs/features.md is the project's honest map: its rows have the agreed form, and the tests it names exist.</summary>
public sealed partial class FeatureMap
{
    private static readonly string Page = Path.Combine(RepositoryRoot.Folder, "docs", "features.md");

    private static IEnumerable<Match> Rows => Row().Matches(File.ReadAllText(Page)).Where(row => row.Groups["id"].Value is not "id" && !row.Groups["id"].Value.StartsWith('-'));

    [Fact]
    public void Every_row_is_done_partial_or_missing_and_comes_once()
    {
        Assert.NotEmpty(Rows);
        Assert.All(Rows, row => Assert.True(row.Groups["status"].Value is "done" or "partial" or "missing", $"Row {row.Groups["id"].Value} says '{row.Groups["status"].Value}'; done, partial or missing is expected."));
        Assert.Empty(Rows.GroupBy(row => row.Groups["id"].Value, StringComparer.Ordinal).Where(group => group.Count() > 1).Select(group => group.Key));
    }

    [Fact]
    public void What_is_done_names_its_tests_and_every_named_test_exists()
    {
        var tests = Tests().ToHashSet(StringComparer.Ordinal);
        foreach (var row in Rows)
        {
            var named = Name().Matches(row.Groups["proof"].Value).Select(name => name.Value).ToList();
            Assert.True(row.Groups["status"].Value != "done" || named.Count > 0, $"Row {row.Groups["id"].Value} is done and names no test.");
            Assert.All(named, name => Assert.True(tests.Contains(name), $"Row {row.Groups["id"].Value} names the test {name}, which does not exist."));
        }
    }

    // Namespace.Class.Method of every method with [Fact] or [Theory].
    private static IEnumerable<string> Tests()
    {
        foreach (var file in Directory.EnumerateFiles(Path.Combine(RepositoryRoot.Folder, "tests"), "*.cs", SearchOption.AllDirectories))
        {
            var text = File.ReadAllText(file);
            var space = Regex.Match(text, @"^namespace ([\w.]+);", RegexOptions.Multiline).Groups[1].Value;
            var classes = Regex.Matches(text, @"^(?:public |internal )?(?:sealed |static |abstract |partial )*class (\w+)", RegexOptions.Multiline);
            foreach (Match test in TestMethod().Matches(text))
            {
                var owner = classes.LastOrDefault(found => found.Index < test.Index)?.Groups[1].Value;
                yield return $"{space}.{owner}.{test.Groups["name"].Value}";
            }
        }
    }

    [GeneratedRegex(@"^\| *(?<id>[^|]+?) *\| *(?<what>[^|]*?) *\| *(?<status>[^|]*?) *\| *(?<proof>[^|]*?) *\|\r?$", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"\bCrm\.[\w.]+\.\w+\.\w+\b")]
    private static partial Regex Name();

    [GeneratedRegex(@"\[(?:Fact|Theory)[^\]]*\]\s*(?:\[[^\n]*\](?:\s|//[^\n]*)*)*public (?:async |static )*[\w<>\[\]?]+ (?<name>\w+)\(")]
    private static partial Regex TestMethod();
}
