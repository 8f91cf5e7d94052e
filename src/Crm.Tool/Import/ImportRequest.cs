using Crm.Loyalty.Programs;
using Crm.Tool.Import.Mappings;
using NodaTime;

namespace Crm.Tool.Import;

/// <summary>What is to be imported, and how.</summary>
internal sealed record ImportRequest
{
    /// <summary>The path of the file.</summary>
    public required string File { get; init; }

    public required Mapping Mapping { get; init; }

    /// <summary>The zone that a new store gets; null: that of the mapping.</summary>
    public DateTimeZone? Zone { get; init; }

    /// <summary>Programmes that a new store gets.</summary>
    public IReadOnlyList<LoyaltyProgram> Programs { get; init; } = [];

    /// <summary>Whether a single rejected row keeps everything from being written.</summary>
    public bool Strict { get; init; }

    /// <summary>Whether nothing is written at all.</summary>
    public bool DryRun { get; init; }
}
