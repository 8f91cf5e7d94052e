using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Memberships;

/// <summary>
/// Version 2: the fingerprint, then each standing as its segment, what it has as one number, and that; instants of memberships as ticks since the one before, causes as their sort and, for events, their key.
/// Version 1 had no causes, and each membership's whole instant.
/// </summary>
internal sealed class SegmentationStateCodec : SlotCodec<SegmentationState>
{
    private const int FirstWithCauses = 2;
    private const int IsMember = 1;
    private const int HasDue = 2;
    private const int HasForgotten = 4;
    private const int PastShift = 3;

    /// <inheritdoc/>
    public override int Version => 2;

    /// <inheritdoc/>
    public override SegmentationState Empty => SegmentationState.Empty;

    /// <inheritdoc/>
    protected override void Write(SegmentationState state, SlotWriter writer)
    {
        writer.Bits(state.Fingerprint);
        writer.Whole(state.Standings.Count);
        foreach (var standing in state.Standings)
        {
            writer.Text(standing.Segment);
            writer.Whole((standing.Current is null ? 0 : IsMember) | (standing.Due is null ? 0 : HasDue) | (standing.ForgottenUntil is null ? 0 : HasForgotten) | (standing.Past.Count << PastShift));
            if (standing.Due is { } due)
            {
                writer.Instant(due);
            }

            if (standing.ForgottenUntil is { } forgotten)
            {
                writer.Instant(forgotten);
            }

            var before = 0L;
            foreach (var past in standing.Past)
            {
                before = WriteTime(past.Since, before, writer);
                before = WriteTime(past.Until ?? past.Since, before, writer);
                writer.Whole(past.Version);
                WriteCause(past.EnteredBy, writer);
                WriteCause(past.LeftBy, writer);
            }

            if (standing.Current is { } current)
            {
                WriteTime(current.Since, before, writer);
                writer.Whole(current.Version);
                WriteCause(current.EnteredBy, writer);
            }
        }
    }

    /// <inheritdoc/>
    protected override SegmentationState Read(int version, ref SlotReader reader)
    {
        var fingerprint = reader.Bits();
        var standings = new Standing[reader.Int()];
        for (var i = 0; i < standings.Length; i++)
        {
            var segment = reader.Name();
            var has = reader.Int();
            Instant? due = (has & HasDue) != 0 ? reader.Instant() : null;
            Instant? forgotten = (has & HasForgotten) != 0 ? reader.Instant() : null;
            var past = new Membership[has >> PastShift];
            var before = 0L;
            for (var j = 0; j < past.Length; j++)
            {
                past[j] = version < FirstWithCauses ? ReadFirst(ref reader) : ReadPast(ref reader, ref before);
            }

            standings[i] = new Standing
            {
                Segment = segment,
                Due = due,
                ForgottenUntil = forgotten,
                Past = Sequence.Create<Membership>(past),
                Current = (has & IsMember) == 0 ? null : version < FirstWithCauses ? new Membership(reader.Instant(), null, reader.Int()) : ReadCurrent(ref reader, before),
            };
        }

        return new SegmentationState { Fingerprint = fingerprint, Standings = Sequence.Create<Standing>(standings) };
    }

    private static Membership ReadFirst(ref SlotReader reader)
    {
        var since = reader.Instant();
        return new Membership(since, since + Duration.FromTicks(reader.Whole()), reader.Int());
    }

    private static Membership ReadPast(ref SlotReader reader, ref long before)
    {
        var since = ReadTime(ref reader, ref before);
        var until = ReadTime(ref reader, ref before);
        return new Membership(since, until, reader.Int()) { EnteredBy = ReadCause(ref reader), LeftBy = ReadCause(ref reader) };
    }

    private static Membership ReadCurrent(ref SlotReader reader, long before) =>
        new(ReadTime(ref reader, ref before), null, reader.Int()) { EnteredBy = ReadCause(ref reader) };

    private static long WriteTime(Instant instant, long before, SlotWriter writer)
    {
        var ticks = instant.ToUnixTimeTicks();
        writer.Whole(ticks - before);
        return ticks;
    }

    private static Instant ReadTime(ref SlotReader reader, ref long before)
    {
        before += reader.Whole();
        return Instant.FromUnixTimeTicks(before);
    }

    private static void WriteCause(MembershipCause cause, SlotWriter writer)
    {
        writer.Whole((int)cause.Reason);
        if (cause.Event is { } key)
        {
            writer.Text(key.ToString());
        }
    }

    private static MembershipCause ReadCause(ref SlotReader reader)
    {
        var reason = (MembershipReason)reader.Int();
        return reason == MembershipReason.Event ? new(reason, EventKey.Parse(reader.Code())) : new(reason);
    }
}
