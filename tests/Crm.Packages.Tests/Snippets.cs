using System.Text.RegularExpressions;
using Crm.Tests.Shared;

namespace Crm.Packages.Tests;

/// <summary>What a page shows is what compiles: every C# block of the README and the docs names the sample it is from, and is equal to it.</summary>
public sealed partial class Snippets
{
    public static TheoryData<string> Pages => [.. Directory.EnumerateFiles(RepositoryRoot.Folder, "*.md")
        .Concat(Directory.EnumerateFiles(Path.Combine(RepositoryRoot.Folder, "docs"), "*.md", SearchOption.AllDirectories))
        .Select(page => Path.GetRelativePath(RepositoryRoot.Folder, page)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Every_csharp_block_is_a_part_of_a_compiled_sample(string page)
    {
        var text = File.ReadAllText(Path.Combine(RepositoryRoot.Folder, page));
        Assert.Equal(Regex.Count(text, "^```csharp", RegexOptions.Multiline), Blocks().Count(text));
        foreach (Match block in Blocks().Matches(text))
        {
            Assert.Equal(Snippet(block.Groups["file"].Value, block.Groups["name"].Value), block.Groups["code"].Value.TrimEnd());
        }
    }

    private static string Snippet(string file, string name)
    {
        var lines = File.ReadAllLines(Path.Combine(RepositoryRoot.Folder, file));
        var start = Array.FindIndex(lines, line => line.Trim() == $"// snippet: {name}");
        Assert.True(start >= 0, $"{file} has no line '// snippet: {name}'.");
        var snippet = lines.Skip(start + 1).TakeWhile(line => line.Trim() != "// end").ToList();
        var indent = snippet.Where(line => line.Length > 0).Min(line => line.Length - line.TrimStart().Length);
        return string.Join("\n", snippet.Select(line => line.Length > indent ? line[indent..] : line.Trim())).TrimEnd();
    }

    [GeneratedRegex(@"<!-- snippet: (?<file>[^#]+)#(?<name>\S+) -->\r?\n```csharp\r?\n(?<code>.*?)```", RegexOptions.Singleline)]
    private static partial Regex Blocks();
}
