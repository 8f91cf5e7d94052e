using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Memberships;

/// <summary>Version 1: the fingerprint, then each standing as its segment, what it has as one number, and that.</summary>
internal sealed class SegmentationStateCodec : SlotCodec<SegmentationState>
{
    private const int IsMember = 1;
    private const int HasDue = 2;
    private const int HasForgotten = 4;
    private const int PastShift = 3;

    /// <inheritdoc/>
    public override int Version => 1;

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

            foreach (var past in standing.Past)
            {
                writer.Instant(past.Since);
                writer.Whole(past.Until is { } until ? until.ToUnixTimeTicks() - past.Since.ToUnixTimeTicks() : 0);
                writer.Whole(past.Version);
            }

            if (standing.Current is { } current)
            {
                writer.Instant(current.Since);
                writer.Whole(current.Version);
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
            var segment = reader.Code();
            var has = reader.Int();
            Instant? due = (has & HasDue) != 0 ? reader.Instant() : null;
            Instant? forgotten = (has & HasForgotten) != 0 ? reader.Instant() : null;
            var past = new Membership[has >> PastShift];
            for (var j = 0; j < past.Length; j++)
            {
                var since = reader.Instant();
                past[j] = new Membership(since, since + Duration.FromTicks(reader.Whole()), reader.Int());
            }

            standings[i] = new Standing
            {
                Segment = segment,
                Due = due,
                ForgottenUntil = forgotten,
                Past = Sequence.Create<Membership>(past),
                Current = (has & IsMember) != 0 ? new Membership(reader.Instant(), null, reader.Int()) : null,
            };
        }

        return new SegmentationState { Fingerprint = fingerprint, Standings = Sequence.Create<Standing>(standings) };
    }
}
