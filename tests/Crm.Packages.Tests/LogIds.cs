using System.Text.RegularExpressions;
using Crm.Tests.Shared;

namespace Crm.Packages.Tests;

public sealed partial class LogIds
{
    [Fact]
    public void Every_id_that_is_logged_with_stands_once_in_the_table_of_operations_md()
    {
        var logged = Sources.CodeIn(Sources.Folder).SelectMany(file => Id().Matches(File.ReadAllText(file))).Select(match => match.Groups["id"].Value).Order(StringComparer.Ordinal).ToList();
        var told = Row().Matches(File.ReadAllText(RepositoryRoot.PathOf("docs", "operations.md"))).Select(match => match.Groups["id"].Value);

        Assert.True(logged.Count >= 4, "The ids of the worker were not found.");
        Assert.Equal(logged, told.Order(StringComparer.Ordinal));
    }

    [GeneratedRegex(@"LoggerMessage\([^)]*?EventId = (?<id>[0-9]+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Id();

    [GeneratedRegex(@"^\| (?<id>[0-9]+) \| (information|warning|error|debug|critical) \|", RegexOptions.ExplicitCapture | RegexOptions.Multiline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Row();
}
