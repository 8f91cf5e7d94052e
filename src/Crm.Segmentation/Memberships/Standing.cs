using System.Runtime.InteropServices;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Memberships;

/// <summary>A time in which a customer was in a segment.</summary>
/// <param name="Since">When the customer entered, to the tick.</param>
/// <param name="Until">When the customer left; excluded.</param>
/// <param name="Version">The version of the definition by which the customer entered. Which version kept the customer in at a later instant is what the catalogue says of that instant.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct Membership(Instant Since, Instant? Until, int Version);

/// <summary>Where a customer stands with one segment.</summary>
public sealed record Standing
{
    /// <summary>How many past memberships are kept, the latest.</summary>
    public const int PastKept = 8;

    /// <summary>The id of the segment.</summary>
    public required string Segment { get; init; }

    /// <summary>The membership that lasts; null when the customer is not in the segment.</summary>
    public Membership? Current { get; init; }

    /// <summary>When to ask again if nothing happens: the answer does not change before; null when time alone changes nothing.</summary>
    public Instant? Due { get; init; }

    /// <summary>The latest past memberships, oldest first; at most <see cref="PastKept"/>.</summary>
    public Sequence<Membership> Past { get; init; }

    /// <summary>The end of the latest membership that is not kept any more; null when all are. What was before it is not known.</summary>
    public Instant? ForgottenUntil { get; init; }

    /// <summary>Whether there is anything to keep.</summary>
    internal bool SaysSomething => Current is not null || Due is not null || !Past.IsEmpty;

    /// <summary>Whether the customer was in the segment; null when that is no longer known. False before the segment was first asked about.</summary>
    public bool? WasMember(Instant at)
    {
        if (Current is { Since: var since } && since <= at)
        {
            return true;
        }

        foreach (var past in Past)
        {
            if (past.Since <= at && at < past.Until)
            {
                return true;
            }
        }

        return at < ForgottenUntil ? null : false;
    }

    internal Standing Enter(Instant at, int version) => this with { Current = new Membership(at, null, version) };

    /// <summary>Ends the current membership. One that lasted no time is not kept.</summary>
    internal Standing Leave(Instant at)
    {
        if (Current is not { } current || current.Since >= at)
        {
            return this with { Current = null };
        }

        var past = Past.Add(current with { Until = at });
        return past.Count <= PastKept
            ? this with { Current = null, Past = past }
            : this with { Current = null, Past = past.Skip(past.Count - PastKept).ToSequence(), ForgottenUntil = past[past.Count - PastKept - 1].Until };
    }
}
