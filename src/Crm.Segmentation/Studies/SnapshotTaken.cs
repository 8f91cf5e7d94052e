using NodaTime;

namespace Crm.Segmentation.Studies;

/// <summary>A snapshot that is whole.</summary>
/// <param name="Size">How many customers are in the set.</param>
/// <param name="KnownAt">What was recorded up to this instant has decided it.</param>
public sealed record SnapshotTaken(int Size, Instant KnownAt);
