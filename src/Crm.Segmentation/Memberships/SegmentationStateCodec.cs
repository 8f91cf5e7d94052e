using System.Text;
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
        writer.Whole(state.Undated.Length);
        for (var place = 0; place < state.Undated.Length; place++)
        {
            var (standing, due) = (state.Undated[place].Standing, state.Dues[place].Instant);
            writer.Text(standing.Segment);
            writer.Whole((standing.IsMember ? IsMember : 0) | (due is null ? 0 : HasDue) | (standing.ForgottenUntil is null ? 0 : HasForgotten) | (standing.Past.Count << PastShift));
            if (due is { } instant)
            {
                writer.Instant(instant);
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
        var standings = new UndatedStanding[reader.Int()];
        var dues = new TickOrNone[standings.Length];
        var keys = default(LatestKey);
        for (var i = 0; i < standings.Length; i++)
        {
            var segment = reader.Name();
            var has = reader.Int();
            dues[i] = (has & HasDue) != 0 ? TickOrNone.Of(reader.Instant()) : default;
            if ((has & ~HasDue) == 0)
            {
                standings[i] = new UndatedStanding(segment, null);
                continue;
            }

            Instant? forgotten = (has & HasForgotten) != 0 ? reader.Instant() : null;
            var past = has >> PastShift is 0 ? [] : new Membership[has >> PastShift];
            var before = 0L;
            for (var j = 0; j < past.Length; j++)
            {
                past[j] = version < FirstWithCauses ? ReadFirst(ref reader) : ReadPast(ref reader, ref before, ref keys);
            }

            standings[i] = new UndatedStanding(new Standing
            {
                Segment = segment,
                ForgottenUntil = forgotten,
                Past = Sequence.Given(past),
                Current = (has & IsMember) == 0 ? null : version < FirstWithCauses ? new Membership(reader.Instant(), null, reader.Int()) : ReadCurrent(ref reader, before, ref keys),
            });
        }

        return SegmentationState.Of(fingerprint, standings, dues);
    }

    private static Membership ReadFirst(ref SlotReader reader)
    {
        var since = reader.Instant();
        return new Membership(since, since + Duration.FromTicks(reader.Whole()), reader.Int());
    }

    private static Membership ReadPast(ref SlotReader reader, ref long before, ref LatestKey keys)
    {
        var since = ReadTime(ref reader, ref before);
        var until = ReadTime(ref reader, ref before);
        return new Membership(since, until, reader.Int()) { EnteredBy = ReadCause(ref reader, ref keys), LeftBy = ReadCause(ref reader, ref keys) };
    }

    private static Membership ReadCurrent(ref SlotReader reader, long before, ref LatestKey keys) =>
        new(ReadTime(ref reader, ref before), null, reader.Int()) { EnteredBy = ReadCause(ref reader, ref keys) };

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

    private static MembershipCause ReadCause(ref SlotReader reader, ref LatestKey keys)
    {
        var reason = (MembershipReason)reader.Int();
        return reason == MembershipReason.Event ? new(reason, keys.Of(reader.Bytes())) : new(reason);
    }

    /// <summary>The key that was read last: an event often has a customer enter many segments, which are read one after the other.</summary>
    private ref struct LatestKey
    {
        private ReadOnlySpan<byte> written;
        private EventKey read;

        public EventKey Of(ReadOnlySpan<byte> utf8)
        {
            if (utf8.IsEmpty || !utf8.SequenceEqual(written))
            {
                read = EventKey.Parse(Encoding.UTF8.GetString(utf8));
                written = utf8;
            }

            return read;
        }
    }
}
