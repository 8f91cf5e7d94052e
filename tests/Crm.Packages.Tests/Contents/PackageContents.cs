namespace Crm.Packages.Tests.Contents;

/// <summary>What a host gets with each package, and what comes along.</summary>
public sealed class PackageContents(PackedPackages packages) : IClassFixture<PackedPackages>
{
    private const string Analyzers = "Crm.Privacy.Analyzers";
    private const string Tool = "Crm.Tool";

    public static TheoryData<string> All => [.. Sources.Projects.Select(Path.GetFileNameWithoutExtension).OfType<string>()];

    public static TheoryData<string> Libraries => [.. Sources.Projects.Select(Path.GetFileNameWithoutExtension).OfType<string>().Where(name => name is not (Tool or Analyzers))];

    /// <summary>What each package stands on; who adds a package here says why in the review.</summary>
    public static TheoryData<string, string[]> Needs => new()
    {
        { "Crm.Analytics", ["Crm.Core", "MathNet.Numerics"] },
        { "Crm.Campaigns", ["Crm.Core", "Handlebars.Net"] },
        { "Crm.Core", ["FluentValidation", "Microsoft.Extensions.DependencyInjection.Abstractions", "Microsoft.Extensions.Logging.Abstractions", "Microsoft.Extensions.Options", "NodaTime"] },
        { "Crm.Customers", ["Crm.Core"] },
        { "Crm.Hosting", ["Crm.Core", "Microsoft.Extensions.Diagnostics.HealthChecks", "Microsoft.Extensions.Hosting.Abstractions"] },
        { "Crm.Loyalty", ["Crm.Core"] },
        { "Crm.Loyalty.Testing", ["Crm.Core", "Crm.Loyalty", "Crm.Testing"] },
        { "Crm.Privacy", ["Crm.Core"] },
        { Analyzers, [] },
        { "Crm.Segmentation", ["Crm.Core"] },
        { "Crm.Storage.PostgreSql", ["Crm.Storage.Sql", "Npgsql"] },
        { "Crm.Storage.Sql", ["Crm.Core"] },
        { "Crm.Storage.Sqlite", ["Crm.Storage.Sql", "Microsoft.Data.Sqlite", "SQLitePCLRaw.bundle_e_sqlite3", "SQLitePCLRaw.core"] },
        { "Crm.Testing", ["Crm.Core"] },
        { Tool, [] },
    };

    [Theory]
    [MemberData(nameof(All))]
    public void Every_package_says_what_it_is_and_under_which_licence(string name)
    {
        var package = Package(name);

        Assert.Equal((name, "README.md", "MIT"), (package.Value("id"), package.Value("readme"), package.Value("license")));
        Assert.Contains("README.md", package.Files);
        Assert.NotEmpty(package.Value("description"));
        Assert.NotEmpty(package.Value("authors"));
    }

    [Theory]
    [MemberData(nameof(Libraries))]
    public void A_library_brings_its_documentation_and_nothing_else_and_its_symbols_apart(string name)
    {
        Assert.Equal(["README.md", $"lib/net10.0/{name}.dll", $"lib/net10.0/{name}.xml"], Package(name).Files);
        Assert.Contains($"lib/net10.0/{name}.pdb", packages.Find(name, ".snupkg")?.Files ?? []);
    }

    [Fact]
    public void Analyzers_are_for_the_compiler_only()
    {
        var package = Package(Analyzers);

        Assert.Equal(["README.md", $"analyzers/dotnet/cs/{Analyzers}.dll"], package.Files);
        Assert.Equal("true", package.Value("developmentDependency"));
    }

    [Fact]
    public void The_tool_is_one_and_brings_all_that_it_needs()
    {
        var package = Package(Tool);

        Assert.Equal("DotnetTool", (string?)package.Manifest.Descendants(package.Manifest.Name.Namespace + "packageType").Single().Attribute("name"));
        Assert.Contains("tools/net10.0/any/DotnetToolSettings.xml", package.Files);
        Assert.All(["crm", "Crm.Core", "Crm.Loyalty", "Crm.Storage.Sqlite", "NodaTime"], name => Assert.Contains($"tools/net10.0/any/{name}.dll", package.Files));
    }

    [Theory]
    [MemberData(nameof(Needs))]
    public void A_package_stands_on_nothing_but_what_it_may(string name, string[] needs) => Assert.Equal(needs, Package(name).Dependencies);

    [Fact]
    public void No_package_is_forgotten() => Assert.Equal(All.Select(row => row.Data).Order(StringComparer.Ordinal), Needs.Select(row => row.Data.Item1).Order(StringComparer.Ordinal));

    private PackedPackage Package(string name)
    {
        var package = packages.Find(name, ".nupkg");
        Assert.NotNull(package);
        return package;
    }
}
