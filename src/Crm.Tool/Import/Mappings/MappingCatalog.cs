using Crm.Values;

namespace Crm.Tool.Import.Mappings;

/// <summary>The mappings that come with the tool, and those that people keep in files.</summary>
internal static class MappingCatalog
{
    private const string Folder = "Crm.Tool.Mappings.";

    /// <summary>The names of the mappings that come with the tool.</summary>
    public static IReadOnlyList<string> Shipped { get; } =
    [
        .. typeof(MappingCatalog).Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(Folder, StringComparison.Ordinal))
            .Select(name => name[Folder.Length..^".json".Length])
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>The mapping with a name or, where the text looks like a path or such a file exists, in a file.</summary>
    /// <exception cref="ToolException">There is none, or it is wrong; the message lists all that is.</exception>
    public static Mapping Find(string nameOrFile)
    {
        if (Shipped.Contains(nameOrFile, StringComparer.Ordinal))
        {
            return Parse(nameOrFile, ShippedText(nameOrFile));
        }

        if (File.Exists(nameOrFile))
        {
            return Parse(nameOrFile, TextOf(nameOrFile));
        }

        var near = Names.Nearest(nameOrFile, Shipped);
        throw ToolException.Input(
            $"No mapping is named '{nameOrFile}', and there is no such file. There are: {string.Join(", ", Shipped)}{(near is null ? "" : $"; did you mean '{near}'?")}"
            + $"{(near is null ? ". " : " ")}A mapping of your own is given as the path of its JSON file; 'crm import --suggest FILE' proposes one.");
    }

    /// <summary>The JSON of a mapping that comes with the tool.</summary>
    public static string ShippedText(string name)
    {
        using var stream = typeof(MappingCatalog).Assembly.GetManifestResourceStream($"{Folder}{name}.json")
            ?? throw new InvalidOperationException($"The tool has no mapping '{name}' in it.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    private static string TextOf(string file)
    {
        try
        {
            return NamedFile.Text(file);
        }
        catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException)
        {
            throw ToolException.Input($"--map: '{file}' cannot be read: {wrong.Message}");
        }
    }

    private static Mapping Parse(string origin, string json)
    {
        var (mapping, faults) = MappingJson.Read(json);
        return mapping ?? throw ToolException.Input(faults.Select(fault => $"{origin}: {fault}"));
    }
}
