using System.Text.RegularExpressions;
using System.Xml.Linq;
using Crm.Tests.Shared;

namespace Crm.Packages.Tests;

/// <summary>What lies under src, read as text.</summary>
internal static partial class Sources
{
    public static string Folder { get; } = RepositoryRoot.PathOf("src");

    public static IEnumerable<string> Projects => Directory.EnumerateFiles(Folder, "*.csproj", SearchOption.AllDirectories).Order(StringComparer.Ordinal);

    /// <summary>Hand-written C# files below a folder.</summary>
    public static IEnumerable<string> CodeIn(string folder) =>
        Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
            .Where(file => !Path.GetRelativePath(Folder, file).Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj"))
            .Order(StringComparer.Ordinal);

    /// <summary>The projects that a project references, by name.</summary>
    public static IReadOnlyList<string> ReferencesOf(string project) =>
        [.. XDocument.Load(project).Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension((string?)reference.Attribute("Include") ?? "").Split('\\')[^1])];

    /// <summary>Source text without comments: what a comment mentions is no dependency.</summary>
    public static string WithoutComments(string source) => Comments().Replace(source, "");

    [GeneratedRegex(@"/\*.*?\*/|(?<![:""])//[^\n]*", RegexOptions.Singleline)]
    private static partial Regex Comments();
}
