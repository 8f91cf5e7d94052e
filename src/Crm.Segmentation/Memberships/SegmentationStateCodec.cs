using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Memberships;

/// <summary>
/// Version 3: the fingerprint, then each standing as its segment and when it is to be asked about again, then what else they have, which is not looked at before somebody asks (<see cref="WrittenStandings"/>).
/// Version 2 had each with what it has; version 1 had no causes, and each membership's whole instant.
/// </summary>
internal sealed class SegmentationStateCodec : SlotCodec<SegmentationState>
{
    private const int FirstWithCauses = 2;
    private const int FirstApart = 3;
    private const int UsualSize = 4096;
    private SlotWriter? spare;

    /// <inheritdoc/>
    public override int Version => 3;

    /// <inheritdoc/>
    public override SegmentationState Empty => SegmentationState.Empty;

    /// <inheritdoc/>
    protected override void Write(SegmentationState state, SlotWriter writer)
    {
        var apart = Interlocked.Exchange(ref spare, null) ?? new SlotWriter(UsualSize);
        writer.Bits(state.Fingerprint);
        writer.Whole(state.Undated.Length);
        WrittenStandings.WriteAll(state.Undated, state.Dues.AsSpan(), writer, apart);
        spare = apart;
    }

    /// <inheritdoc/>
    protected override SegmentationState Read(int version, ref SlotReader reader)
    {
        var fingerprint = reader.Bits();
        var standings = new UndatedStanding[reader.Int()];
        var dues = new TickOrNone[standings.Length];
        if (version >= FirstApart)
        {
            WrittenStandings.ReadAll(ref reader, standings, dues);
        }
        else
        {
            ReadTogether(ref reader, version >= FirstWithCauses, standings, dues);
        }

        return SegmentationState.Of(fingerprint, standings, dues);
    }

    private static void ReadTogether(ref SlotReader reader, bool withCauses, UndatedStanding[] standings, TickOrNone[] dues)
    {
        for (var i = 0; i < standings.Length; i++)
        {
            var segment = reader.Name();
            var has = reader.Int();
            dues[i] = (has & WrittenStandings.HasDue) != 0 ? TickOrNone.Of(reader.Instant()) : default;
            standings[i] = new UndatedStanding(withCauses ? WrittenStandings.Read(segment, has, ref reader) : ReadFirst(segment, has, ref reader));
        }
    }

    private static Standing ReadFirst(string segment, int has, ref SlotReader reader)
    {
        Instant? forgotten = (has & WrittenStandings.HasForgotten) != 0 ? reader.Instant() : null;
        var past = new Membership[has >> WrittenStandings.PastShift];
        for (var i = 0; i < past.Length; i++)
        {
            var since = reader.Instant();
            past[i] = new Membership(since, since + Duration.FromTicks(reader.Whole()), reader.Int());
        }

        return new Standing
        {
            Segment = segment,
            ForgottenUntil = forgotten,
            Past = Sequence.Given(past),
            Current = (has & WrittenStandings.IsMember) != 0 ? new Membership(reader.Instant(), null, reader.Int()) : null,
        };
    }
}
