using System.Xml.Linq;

namespace Crm.Packages.Tests;

/// <summary>Packages meet only in Crm.Core.</summary>
public sealed class PackageReferences
{
    [Fact]
    public void Domain_packages_reference_only_the_core()
    {
        var faults =
            from project in Sources.Projects
            let name = Path.GetFileNameWithoutExtension(project)
            from reference in Sources.ReferencesOf(project)
            where !Allowed(name, reference)
            select $"{name} references {reference}";

        Assert.Empty(faults);
    }

    [Fact]
    public void Every_package_says_what_it_is()
    {
        var silent = Sources.Projects
            .Where(project => string.IsNullOrWhiteSpace((string?)XDocument.Load(project).Descendants("Description").FirstOrDefault()))
            .Select(Path.GetFileName);

        Assert.NotEmpty(Sources.Projects);
        Assert.Empty(silent);
    }

    private static bool Allowed(string name, string reference) => name switch
    {
        "Crm.Core" => false,
        "Crm.Tool" => true,
        // The kit for a domain package's plugins stands between the two that it joins.
        "Crm.Loyalty.Testing" => reference is "Crm.Core" or "Crm.Loyalty" or "Crm.Testing",
        "Crm.Storage.Sqlite" or "Crm.Storage.PostgreSql" => reference is "Crm.Core" or "Crm.Storage.Sql",
        "Crm.Privacy.HongKong" => reference is "Crm.Core" or "Crm.Privacy",
        _ => reference is "Crm.Core",
    };
}
