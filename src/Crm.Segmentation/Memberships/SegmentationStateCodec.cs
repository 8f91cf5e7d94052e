using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Memberships;

/// <summary>
/// Version 2: the fingerprint, then each standing as its segment, what it has as one number, when it is to be asked about again, and what else it has (<see cref="WrittenStandings"/>).
/// Version 1 had no causes, and each membership's whole instant.
/// </summary>
internal sealed class SegmentationStateCodec : SlotCodec<SegmentationState>
{
    private const int FirstWithCauses = 2;
    private const int UsualSize = 4096;
    private SlotWriter? spare;

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
            state.Undated[place].Write(state.Dues[place], writer);
        }
    }

    /// <inheritdoc/>
    protected override SegmentationState Read(int version, ref SlotReader reader)
    {
        var fingerprint = reader.Bits();
        var standings = new UndatedStanding[reader.Int()];
        var dues = new TickOrNone[standings.Length];
        if (version < FirstWithCauses)
        {
            ReadFirst(ref reader, standings, dues);
        }
        else
        {
            var memory = Interlocked.Exchange(ref spare, null) ?? new SlotWriter(UsualSize);
            WrittenStandings.ReadAll(ref reader, memory, standings, dues);
            spare = memory;
        }

        return SegmentationState.Of(fingerprint, standings, dues);
    }

    private static void ReadFirst(ref SlotReader reader, UndatedStanding[] standings, TickOrNone[] dues)
    {
        for (var i = 0; i < standings.Length; i++)
        {
            var segment = reader.Name();
            var has = reader.Int();
            dues[i] = (has & WrittenStandings.HasDue) != 0 ? TickOrNone.Of(reader.Instant()) : default;
            Instant? forgotten = (has & WrittenStandings.HasForgotten) != 0 ? reader.Instant() : null;
            var past = new Membership[has >> WrittenStandings.PastShift];
            for (var j = 0; j < past.Length; j++)
            {
                var since = reader.Instant();
                past[j] = new Membership(since, since + Duration.FromTicks(reader.Whole()), reader.Int());
            }

            standings[i] = new UndatedStanding(new Standing
            {
                Segment = segment,
                ForgottenUntil = forgotten,
                Past = Sequence.Given(past),
                Current = (has & WrittenStandings.IsMember) != 0 ? new Membership(reader.Instant(), null, reader.Int()) : null,
            });
        }
    }
}
