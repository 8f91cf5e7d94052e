using Crm.Tool.Import.Assembly;
using Crm.Tool.Import.Mappings;
using NodaTime;

namespace Crm.Tool.Tests.Import;

internal static class Assembling
{
    public static Instant Latest { get; } = Instant.FromUtc(2026, 1, 1, 0, 0);

    public static Assembled File(string mapping, string path) => EventAssembler.Assemble(MappingCatalog.Find(mapping), path, Latest);

    /// <summary>The text assembled by a mapping that is a shipped one.</summary>
    public static Assembled Text(string mapping, string text)
    {
        using var folder = new Support.TestFolder();
        var assembled = File(mapping, folder.Write("rows.csv", text));
        return assembled with { Events = assembled.Events.ToList() };
    }
}
