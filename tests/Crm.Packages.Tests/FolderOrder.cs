using System.Text.RegularExpressions;

namespace Crm.Packages.Tests;

/// <summary>The folders of Crm.Core are concepts in the order data flows; a folder knows only those before it.</summary>
public sealed partial class FolderOrder
{
    private static readonly string[] Order = ["Values", "Events", "Conditions", "Definitions", "Ledger", "Modules", "Storage", "Engine"];
    private static readonly string Core = Path.Combine(Sources.Folder, "Crm.Core");

    [Fact]
    public void Every_folder_has_a_place_in_the_order()
    {
        var folders = Directory.EnumerateDirectories(Core).Select(folder => Path.GetFileName(folder)).Where(name => name is not ("bin" or "obj"));

        Assert.Empty(folders.Except(Order));
    }

    [Fact]
    public void The_folder_is_the_namespace()
    {
        var faults =
            from file in Sources.CodeIn(Core)
            let folder = FolderOf(file)
            let expected = folder is null ? "Crm" : $"Crm.{folder}"
            let found = Namespaces().Match(File.ReadAllText(file)).Groups[1].Value
            where found != "" && found != expected && !found.StartsWith(expected + ".", StringComparison.Ordinal)
            // Extension methods that hosts call stand where hosts look for them.
            where !(folder is null && found == "Microsoft.Extensions.DependencyInjection")
            select $"{Path.GetRelativePath(Core, file)}: {found} instead of {expected}";

        Assert.Empty(faults);
    }

    [Fact]
    public void A_folder_uses_only_earlier_ones()
    {
        var faults =
            from file in Sources.CodeIn(Core)
            let folder = FolderOf(file)
            where folder is not null
            from later in ReachesForward(folder, File.ReadAllText(file))
            select $"{Path.GetRelativePath(Core, file)} uses Crm.{later}";

        Assert.Empty(faults);
    }

    [Fact]
    public void No_folder_uses_what_stands_above_all_folders()
    {
        var above = Sources.CodeIn(Core).Where(file => FolderOf(file) is null).Select(file => Path.GetFileNameWithoutExtension(file)).ToArray();
        var faults =
            from file in Sources.CodeIn(Core)
            where FolderOf(file) is not null
            let source = Sources.WithoutComments(File.ReadAllText(file))
            from name in above
            where Regex.IsMatch(source, $@"\b{name}\b")
            select $"{Path.GetRelativePath(Core, file)} uses {name}";

        Assert.Empty(faults);
    }

    [Theory]
    [InlineData("Values", "using Crm.Events;", "Events")]
    [InlineData("Storage", "var fold = new Crm.Engine.Fold();", "Engine")]
    [InlineData("Storage", "global using Crm.Values;", "Values")]
    [InlineData("Events", "using Crm.Values;", null)]
    [InlineData("Events", "// as Crm.Engine does", null)]
    public void Reaching_forward_is_seen(string folder, string source, string? expected) =>
        Assert.Equal(expected, ReachesForward(folder, source).SingleOrDefault());

    /// <summary>The later folders that a source text names; a global using hides what a file uses, so every one of ours counts.</summary>
    private static IEnumerable<string> ReachesForward(string folder, string source)
    {
        var place = Array.IndexOf(Order, folder);
        return Uses().Matches(Sources.WithoutComments(source))
            .Where(use => Array.IndexOf(Order, use.Groups["folder"].Value) is var other && other >= 0 && (other > place || use.Groups["global"].Success))
            .Select(use => use.Groups["folder"].Value)
            .Distinct();
    }

    private static string? FolderOf(string file)
    {
        var parts = Path.GetRelativePath(Core, file).Split(Path.DirectorySeparatorChar);
        return parts.Length > 1 ? parts[0] : null;
    }

    [GeneratedRegex(@"(?<global>global\s+using\s+(static\s+)?)?\bCrm\.(?<folder>[A-Z]\w*)")]
    private static partial Regex Uses();

    [GeneratedRegex(@"^\s*namespace\s+([\w.]+)", RegexOptions.Multiline)]
    private static partial Regex Namespaces();
}
