using Crm.Loyalty.Programs;
using Crm.Loyalty.Stamps;
using Crm.Loyalty.Tiers;
using Crm.Loyalty.Wallets;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Memberships;

/// <summary>Counts, names and numbers, in the order of the state. Version 1 was without stamp cards; version 2 knew ladders of years and lifetimes; version 3 was without tallies, version 4 without pending units and awards to take back, version 5 without redemption in two steps, challenges and a life of membership, version 6 without carts, pools and without what friends have bought; version 7 kept shares of a spend with awards to take back, version 8 knew no windows that are over, version 9 not what was paid for rewards with a code, which of the codes were used, nor the life of units that wait for an event, version 10 not what became of awards that wait for an event, or run out, version 11 not the names of the goals that are counted towards, what a balance covered of a cart's wish, when codes that were used would have ended, until when awards wait, what conditions of tiers had answered, nor keys of events with a "|" in names of tallies as they are written now, version 12 not what was put on cards and counted towards challenges lately, nor what was achieved and stays so, and version 13 not that somebody had never joined, nor what was set aside, was not there and was written off.</summary>
/// <param name="plans">The programmes: the days that version 7 knew were days of their zones.</param>
internal sealed class LoyaltyStateCodec(LoyaltyPlans plans) : SlotCodec<LoyaltyState>
{
    /// <inheritdoc/>
    public override int Version => 14;

    /// <inheritdoc/>
    public override LoyaltyState Empty => LoyaltyState.Empty;

    /// <inheritdoc/>
    protected override void Write(LoyaltyState state, SlotWriter writer)
    {
        writer.Whole(state.Memberships.Count);
        foreach (var membership in state.Memberships)
        {
            writer.Text(membership.Program);
            writer.Whole(membership.Holdings.Count);
            foreach (var holding in membership.Holdings)
            {
                writer.Text(holding.Unit);
                WalletCodec.Write(holding.Wallet, writer);
            }

            writer.Whole(membership.Standings.Count);
            foreach (var standing in membership.Standings)
            {
                TierStandingCodec.Write(standing, writer);
            }

            writer.Whole(membership.Cards.Count);
            foreach (var card in membership.Cards)
            {
                CardStandingCodec.Write(card, writer);
            }

            writer.Whole(membership.Tallies.Count);
            foreach (var tally in membership.Tallies)
            {
                writer.Text(tally.Name);
                writer.Whole(tally.Period);
                writer.Whole(tally.Amount);
            }

            writer.Whole(membership.Awards.Count);
            foreach (var award in membership.Awards)
            {
                writer.Text(award.Key);
                writer.Text(award.Unit);
                writer.Text(award.Lot);
                writer.Whole(award.Amount);
                writer.Whole(award.Taken);
                writer.Instant(award.At);
                writer.Whole((award.Awaited is null ? 0 : 1) + (award.Awaited?.Lot is null ? 0 : 2) + (award is { Unowed: 0, TakenBefore: 0, UnowedBefore: 0 } ? 0 : 4) + (award.LapsesAt is null ? 0 : 8));
                if (award.Awaited is { } awaited)
                {
                    writer.Instant(awaited.At);
                    if (awaited.Lot is { } lot)
                    {
                        writer.Text(lot);
                    }
                }

                if (award is not { Unowed: 0, TakenBefore: 0, UnowedBefore: 0 })
                {
                    writer.Whole(award.Unowed);
                    writer.Whole(award.TakenBefore);
                    writer.Whole(award.UnowedBefore);
                }

                if (award.LapsesAt is { } lapsesAt)
                {
                    writer.Instant(lapsesAt);
                }
            }

            MemberCodec.Write(membership, writer);
        }
    }

    /// <inheritdoc/>
    protected override LoyaltyState Read(int version, ref SlotReader reader)
    {
        var memberships = new Membership[reader.Int()];
        for (var i = 0; i < memberships.Length; i++)
        {
            var program = reader.Name();
            var holdings = Holdings(version, ref reader);
            memberships[i] = new Membership
            {
                Program = program,
                Holdings = holdings,
                Standings = Standings(version, ref reader),
                Cards = version >= 2 ? Cards(version, ref reader) : [],
                Tallies = version >= 4 ? Tallies(version, ref reader) : [],
                Awards = version >= 5 ? Awards(version, program, holdings, ref reader) : [],
            };
            if (version >= 6)
            {
                memberships[i] = MemberCodec.Read(version, memberships[i], version < 12 ? Goals(program) : null, ref reader);
            }
        }

        return new LoyaltyState { Memberships = Sequence.Given(memberships) };
    }

    // The spend, what was left of it, and the number of a day, which was one of the programme's zone.
    private Instant AtNoonOf(string program, ref SlotReader reader)
    {
        reader.Whole();
        reader.Whole();
        var noon = LoyaltyNames.DayOf(reader.Whole()).At(LocalTime.Noon);
        return noon.InZoneLeniently(plans.Find(program)?.At(noon.InUtc().ToInstant())?.Zone ?? DateTimeZone.Utc).ToInstant();
    }

    private Func<string, int, string[]> Goals(string program) => (challenge, count) => GoalsOf(program, challenge, count);

    // As versions up to 11 counted by place: the goals of the first version of the programme with so many.
    private string[] GoalsOf(string program, string challenge, int count) =>
        plans.Find(program)?.All.SelectMany(plan => plan.Challenges).FirstOrDefault(known => known.Name == challenge && known.Goals.Count == count) is { } found
            ? [.. found.Goals.Select(goal => goal.Name)]
            : [.. Enumerable.Range(1, count).Select(place => $"goal-{place}")];

    private static Sequence<Holding> Holdings(int version, ref SlotReader reader)
    {
        var holdings = new Holding[reader.Int()];
        for (var i = 0; i < holdings.Length; i++)
        {
            holdings[i] = new Holding(reader.Name(), WalletCodec.Read(version, ref reader));
        }

        return Sequence.Given(holdings);
    }

    private static Sequence<TierStanding> Standings(int version, ref SlotReader reader)
    {
        var standings = new TierStanding[reader.Int()];
        for (var i = 0; i < standings.Length; i++)
        {
            standings[i] = version >= 3 ? TierStandingCodec.Read(ref reader) : TierStandingCodec.ReadYears(ref reader);
        }

        return Sequence.Given(standings);
    }

    private static Sequence<CardStanding> Cards(int version, ref SlotReader reader)
    {
        var cards = new CardStanding[reader.Int()];
        for (var i = 0; i < cards.Length; i++)
        {
            cards[i] = CardStandingCodec.Read(version, ref reader);
        }

        return Sequence.Given(cards);
    }

    private static Sequence<Tally> Tallies(int version, ref SlotReader reader)
    {
        var (tallies, renamed) = (new Tally[reader.Int()], false);
        for (var i = 0; i < tallies.Length; i++)
        {
            var tally = new Tally(reader.Name(), reader.Whole(), reader.Whole());
            tallies[i] = version < 12 ? TallyKeys.Renamed(tally) : tally;
            renamed |= tallies[i] != tally;
        }

        return renamed ? tallies.OrderBy(tally => tally.Name, StringComparer.Ordinal).ToSequence() : Sequence.Given(tallies);
    }

    private Sequence<KeptAward> Awards(int version, string program, Sequence<Holding> holdings, ref SlotReader reader)
    {
        var awards = new KeptAward[reader.Int()];
        for (var i = 0; i < awards.Length; i++)
        {
            awards[i] = new KeptAward(reader.Code(), reader.Name(), reader.Code(), reader.Whole(), reader.Whole(), default);
            awards[i] = awards[i] with { At = version >= 8 ? reader.Instant() : AtNoonOf(program, ref reader) };
            if (version < 11)
            {
                // What was taken back up to then is settled.
                awards[i] = Waiting(version, program, holdings, awards[i] with { TakenBefore = awards[i].Taken });
                continue;
            }

            var has = reader.Int();
            awards[i] = (has & 1) == 0 ? awards[i] : awards[i] with { Awaited = new Awaited(null, reader.Instant()) };
            awards[i] = (has & 2) == 0 ? awards[i] : awards[i] with { Awaited = new Awaited(reader.Code(), awards[i].From) };
            awards[i] = (has & 4) == 0 ? awards[i] : awards[i] with { Unowed = reader.Whole(), TakenBefore = reader.Whole(), UnowedBefore = reader.Whole() };
            awards[i] = version < 12 ? Waiting(version, program, holdings, awards[i]) : (has & 8) == 0 ? awards[i] : awards[i] with { LapsesAt = reader.Instant() };
        }

        return Sequence.Given(awards);
    }

    // Until version 11 it was not kept until when units wait: they say it themselves, or, where all of them were taken back, the programme that gave them does. Until version 10 it was not kept either what became of them: of those
    // that do not wait any more it is not known which lot they went into, and they are owed.
    private KeptAward Waiting(int version, string program, Sequence<Holding> holdings, KeptAward award)
    {
        if (award.Awaited is not null || PendingLot.Held(award.Lot, award.Key) is not { } held)
        {
            return award;
        }

        var pending = holdings.FirstOrDefault(holding => holding.Unit == award.Unit).Wallet?.Pending.FirstOrDefault(lot => lot.Name == award.Lot);
        return version < 11 && pending is null && award.Taken < award.Amount
            ? award with { Awaited = new Awaited(award.Lot, award.At) }
            : award with { LapsesAt = pending is not null ? pending.LapsesAt : plans.Find(program)?.At(award.At)?.LapseOf(held.Rule, award.Unit, award.At) };
    }
}
