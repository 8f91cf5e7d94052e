using NodaTime;

namespace Crm.Campaigns.Journeys;

/// <summary>
/// The most messages that one customer gets in any one window, the service's own apart. A message counts in every window in which it may still be sent, and once it has been sent, in those of that instant:
/// so no order of deciding and sending exceeds a cap. One that would exceed it is suppressed, not put off.
/// </summary>
public abstract record Cap
{
    private protected Cap(int most) => Most = most;

    /// <summary>The most; 1 or more.</summary>
    public int Most { get; init; }

    /// <summary>In each calendar day of the engine's zone.</summary>
    public sealed record PerDay(int Most) : Cap(Most);

    /// <summary>In each stretch of so much time, whenever it begins: (t − length, t].</summary>
    /// <param name="Most">The most.</param>
    /// <param name="Length">More than nothing, at most 366 days.</param>
    public sealed record Rolling(int Most, Duration Length) : Cap(Most);
}
