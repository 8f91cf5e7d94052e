using System.Runtime.InteropServices;
using Crm.Segmentation.Segments;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Memberships;

/// <summary>A time in which a customer was in a segment.</summary>
/// <param name="Since">When the customer entered, to the tick.</param>
/// <param name="Until">When the customer left; excluded.</param>
/// <param name="Version">The version of the definition by which the customer entered. Which version kept the customer in at a later instant is what the catalogue says of that instant.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct Membership(Instant Since, Instant? Until, int Version)
{
    /// <summary>Why the customer entered.</summary>
    public MembershipCause EnteredBy { get; init; }

    /// <summary>Why the customer left; of no meaning while the membership lasts.</summary>
    public MembershipCause LeftBy { get; init; }

    /// <summary>Whether it covers an instant.</summary>
    public bool Covers(Instant at) => Since <= at && !(Until <= at);
}

/// <summary>Where a customer stands with one segment.</summary>
public sealed record Standing
{
    /// <summary>How many past memberships are kept of a segment that keeps its <see cref="SegmentHistory.Latest"/>.</summary>
    public const int LatestKept = 8;

    // A customer has many of these: so it is small, and what is large is shared.
    private readonly Lasting? current;
    private readonly TickOrNone due;
    private readonly TickOrNone forgottenUntil;

    /// <summary>The id of the segment.</summary>
    public required string Segment { get; init; }

    /// <summary>The membership that lasts; null when the customer is not in the segment.</summary>
    public Membership? Current
    {
        get => current is { } lasting ? new Membership(lasting.Since, null, lasting.Version) { EnteredBy = lasting.EnteredBy } : null;
        init => current = value is { } membership ? new Lasting(membership.Since, membership.Version, membership.EnteredBy) : null;
    }

    /// <summary>When to ask again if nothing happens, to the tick (100 ns): the answer does not change before; null when time alone changes nothing.</summary>
    public Instant? Due
    {
        get => due.Instant;
        init => due = TickOrNone.Of(value);
    }

    /// <summary>The past memberships, oldest first; all of them, unless the segment keeps its <see cref="SegmentHistory.Latest"/>.</summary>
    public Sequence<Membership> Past { get; init; }

    /// <summary>The end of the latest membership that is not kept any more; null when all are. What was before it is not known.</summary>
    public Instant? ForgottenUntil
    {
        get => forgottenUntil.Instant;
        init => forgottenUntil = TickOrNone.Of(value);
    }

    /// <summary>Whether the customer is in the segment.</summary>
    internal bool IsMember => current is not null;

    /// <summary>When to ask again, to be compared with others.</summary>
    internal TickOrNone DueTick
    {
        get => due;
        init => due = value;
    }

    /// <summary>Whether there is anything to keep.</summary>
    internal bool SaysSomething => current is not null || due != default || !Past.IsEmpty;

    /// <summary>Whether the customer was in the segment; null when that is no longer known. False before the segment was first asked about.</summary>
    public bool? WasMember(Instant at)
    {
        if (Current is { Since: var since } && since <= at)
        {
            return true;
        }

        var (low, high) = (0, Past.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = Past[middle].Until <= at ? (middle + 1, high) : (low, middle);
        }

        return low < Past.Count && Past[low].Since <= at ? true : at < ForgottenUntil ? null : false;
    }

    /// <summary>The same, to be asked about at another instant.</summary>
    internal Standing With(TickOrNone instant) => due == instant ? this : this with { DueTick = instant };

    internal Standing Enter(Instant at, int version, MembershipCause cause = default) => this with { Current = new Membership(at, null, version) { EnteredBy = cause } };

    /// <summary>Ends the current membership. One that lasted no time is not kept.</summary>
    internal Standing Leave(Instant at, MembershipCause cause = default, SegmentHistory history = SegmentHistory.Intervals)
    {
        if (Current is not { } current || current.Since >= at)
        {
            return this with { Current = null };
        }

        var past = Past.Add(current with { Until = at, LeftBy = cause });
        return history == SegmentHistory.Intervals || past.Count <= LatestKept
            ? this with { Current = null, Past = past }
            : this with { Current = null, Past = past.Skip(past.Count - LatestKept).ToSequence(), ForgottenUntil = past[past.Count - LatestKept - 1].Until };
    }

    private sealed record Lasting(Instant Since, int Version, MembershipCause EnteredBy);
}
