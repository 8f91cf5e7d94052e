using System.Diagnostics;
using System.IO.Compression;
using System.Reflection;
using System.Xml.Linq;

namespace Crm.Packages.Tests.Contents;

/// <summary>All packages, packed once from what is built already, in a folder that goes at the end.</summary>
public sealed class PackedPackages : IAsyncLifetime
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("crm-packages-");

    /// <summary>The files of a package, by its name and ".nupkg" or ".snupkg"; null when there is none.</summary>
    public PackedPackage? Find(string name, string extension) =>
        Directory.EnumerateFiles(folder.FullName, "*" + extension)
            .Where(file => Path.GetFileName(file).StartsWith(name + ".", StringComparison.Ordinal) && char.IsAsciiDigit(Path.GetFileName(file)[name.Length + 1]))
            .Select(PackedPackage.Read).SingleOrDefault();

    public async ValueTask InitializeAsync()
    {
        var configuration = typeof(PackedPackages).Assembly.GetCustomAttribute<AssemblyConfigurationAttribute>()?.Configuration;
        var all = new XElement(
            "Project",
            new XElement("ItemGroup", Sources.Projects.Select(project => new XElement("Packed", new XAttribute("Include", project)))),
            new XElement("Target", new XAttribute("Name", "Pack"), new XElement(
                "MSBuild",
                new XAttribute("Projects", "@(Packed)"),
                new XAttribute("Targets", "Pack"),
                new XAttribute("BuildInParallel", "true"),
                new XAttribute("Properties", $"NoBuild=true;Configuration={configuration};PackageOutputPath={folder.FullName}"))));
        var project = Path.Combine(folder.FullName, "all.proj");
        await File.WriteAllTextAsync(project, all.ToString(), TestContext.Current.CancellationToken);

        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", ["msbuild", project, "-t:Pack", "-m", "-nodeReuse:false", "-nologo", "-v:m"])
        {
            WorkingDirectory = folder.FullName,
            RedirectStandardOutput = true,
        };
        using var packing = Process.Start(start) ?? throw new InvalidOperationException("dotnet could not be started.");
        var told = await packing.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await packing.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(packing.ExitCode == 0, told);
    }

    public ValueTask DisposeAsync()
    {
        folder.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }
}

/// <summary>What is in a package.</summary>
/// <param name="Files">The files that were packed, in order of their names; without what the format itself needs.</param>
/// <param name="Manifest">The metadata of the manifest (.nuspec).</param>
public sealed record PackedPackage(IReadOnlyList<string> Files, XElement Manifest)
{
    /// <summary>The ids of the packages that this one needs.</summary>
    public IEnumerable<string> Dependencies => Manifest.Descendants(Manifest.Name.Namespace + "dependency").Select(dependency => (string?)dependency.Attribute("id") ?? "").Order(StringComparer.Ordinal);

    /// <summary>A value of the manifest; empty when there is none.</summary>
    public string Value(string name) => (string?)Manifest.Element(Manifest.Name.Namespace + name) ?? "";

    public static PackedPackage Read(string path)
    {
        using var package = ZipFile.OpenRead(path);
        var manifest = package.Entries.Single(entry => entry.FullName.EndsWith(".nuspec", StringComparison.Ordinal) && !entry.FullName.Contains('/', StringComparison.Ordinal));
        using var content = manifest.Open();
        var root = XDocument.Load(content).Root ?? throw new InvalidDataException($"The manifest of {path} is empty.");
        return new(
            [.. package.Entries.Select(entry => entry.FullName).Where(name => name != manifest.FullName && name != "[Content_Types].xml" && !name.StartsWith("_rels/", StringComparison.Ordinal) && !name.StartsWith("package/", StringComparison.Ordinal)).Order(StringComparer.Ordinal)],
            root.Elements().Single());
    }
}
