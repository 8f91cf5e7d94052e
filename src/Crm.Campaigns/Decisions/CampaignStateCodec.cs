using Crm.Campaigns.Experiments;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Campaigns.Decisions;

/// <summary>Names, instants and counts, in the order of the state. Version 1 was without the zones of birthdays, version 2 without experiments; version 3 counted what time had begun, and knew of no answered echoes.</summary>
internal sealed class CampaignStateCodec : SlotCodec<CampaignState>
{
    /// <inheritdoc/>
    public override int Version => 4;

    /// <inheritdoc/>
    public override CampaignState Empty => CampaignState.Empty;

    /// <inheritdoc/>
    protected override void Write(CampaignState state, SlotWriter writer)
    {
        writer.Whole(state.Journeys.Count);
        foreach (var standing in state.Journeys)
        {
            Write(standing, writer);
        }

        writer.Whole(state.Reservations.Count);
        foreach (var reservation in state.Reservations)
        {
            writer.Text(reservation.Occasion);
            writer.Text(reservation.Channel);
            writer.Instant(reservation.From);
            writer.Instant(reservation.Until);
            writer.Flag(reservation.Sent);
            writer.Flag(reservation.Counts);
        }

        writer.Whole(state.Pinned.Count);
        foreach (var occasion in state.Pinned)
        {
            writer.Text(occasion);
        }

        writer.Whole(state.Exposures.Count);
        foreach (var exposure in state.Exposures)
        {
            writer.Text(exposure.Experiment);
            writer.Text(exposure.Arm);
            writer.Instant(exposure.At);
            writer.Bits((ulong)(exposure.Customer.Value >> 64));
            writer.Bits((ulong)exposure.Customer.Value);
            writer.Instant(exposure.ToldAt);
            writer.Instant(exposure.CrossedAt);
        }

        writer.Whole(state.Answered.Count);
        foreach (var occasion in state.Answered)
        {
            writer.Text(occasion);
        }
    }

    /// <inheritdoc/>
    protected override CampaignState Read(int version, ref SlotReader reader)
    {
        var journeys = new JourneyStanding[reader.Int()];
        for (var i = 0; i < journeys.Length; i++)
        {
            journeys[i] = Standing(version, ref reader);
        }

        var reservations = new Reservation[reader.Int()];
        for (var i = 0; i < reservations.Length; i++)
        {
            reservations[i] = new Reservation(reader.Code(), reader.Code(), reader.Instant(), reader.Instant(), reader.Flag(), reader.Flag());
        }

        var pinned = new string[reader.Int()];
        for (var i = 0; i < pinned.Length; i++)
        {
            pinned[i] = reader.Code();
        }

        var exposures = new Exposure[version >= 3 ? reader.Int() : 0];
        for (var i = 0; i < exposures.Length; i++)
        {
            exposures[i] = new Exposure(reader.Code(), reader.Code(), reader.Instant(), new CustomerId(new UInt128(reader.Bits(), reader.Bits())), reader.Instant(), reader.InstantOrNull());
        }

        var answered = new string[version >= 4 ? reader.Int() : 0];
        for (var i = 0; i < answered.Length; i++)
        {
            answered[i] = reader.Code();
        }

        return new CampaignState
        {
            Journeys = Sequence.Create<JourneyStanding>(journeys),
            Reservations = Sequence.Create<Reservation>(reservations),
            Pinned = Sequence.Create<string>(pinned),
            Exposures = Sequence.Create<Exposure>(exposures),
            Answered = Sequence.Create<string>(answered),
        };
    }

    private static void Write(JourneyStanding standing, SlotWriter writer)
    {
        writer.Text(standing.Journey);
        writer.Text(standing.Anchor?.Event);
        writer.Instant(standing.Anchor?.At);
        writer.Whole(standing.Day);
        writer.Whole(standing.LastYear);
        writer.Instant(standing.Due);
        writer.Text(standing.Last?.Occasion);
        writer.Instant(standing.Last?.At);
        writer.Text(standing.Last?.Reason);
        writer.Whole(standing.Tallies.Count);
        foreach (var tally in standing.Tallies)
        {
            writer.Text(tally.Code);
            writer.Whole(tally.Count);
        }

        writer.Text(standing.Zone);
    }

    private static JourneyStanding Standing(int version, ref SlotReader reader)
    {
        var journey = reader.Code();
        var anchor = (reader.Text(), reader.InstantOrNull()) is ({ } key, { } at) ? new Anchor(key, at) : null;
        var (day, lastYear) = (reader.Int(), reader.Int());
        if (version < 4)
        {
            reader.Int();
        }

        var due = reader.InstantOrNull();
        var (occasion, decidedAt, reason) = (reader.Text(), reader.InstantOrNull(), reader.Text());
        var tallies = new Tally[reader.Int()];
        for (var i = 0; i < tallies.Length; i++)
        {
            tallies[i] = new Tally(reader.Code(), reader.Whole());
        }

        return new JourneyStanding
        {
            Journey = journey,
            Anchor = anchor,
            Day = day,
            LastYear = lastYear,
            Due = due,
            Last = (occasion, decidedAt) is ({ } last, { } lastAt) ? new LastDecision(last, lastAt, reason) : null,
            Tallies = Sequence.Create<Tally>(tallies),
            Zone = version >= 2 ? reader.Text() : null,
        };
    }
}
