using System.Runtime.InteropServices;
using Crm.Loyalty.Wallets;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Stamps;

/// <summary>How stamps come on cards: pure, for one card at one moment.</summary>
/// <param name="card">The card.</param>
/// <param name="moment">Now, in the programme's zone.</param>
internal readonly struct Stamping(StampCard card, Moment moment)
{
    /// <summary>As it puts stamps on the card that were given: all of them, whatever limits say of others.</summary>
    public Stamping Given => new(card with { MostPerVisit = null, MostPerDay = card.MostPerDay is null ? null : int.MaxValue, Overflow = StampOverflow.Carry }, moment);

    /// <summary>Gives stamps as far as limits and the card take them.</summary>
    public StampResult Give(CardStanding standing, long stamps)
    {
        var asked = stamps;
        standing = standing with { Recent = Within(standing.Recent) };
        stamps = Math.Min(stamps, card.MostPerVisit ?? long.MaxValue);
        stamps = card.MostPerDay is { } most ? Math.Max(0, Math.Min(stamps, most - standing.Recent.Sum(time => time.Stamps))) : stamps;
        if (stamps == 0 || standing.Waits)
        {
            return new StampResult(standing, 0, asked, [], 0);
        }

        var begun = standing.Opened == 0 ? Math.Min(card.SignUp, card.Goal - 1) : 0;
        var left = (standing.Goal > 0 ? standing.Goal : card.Goal - begun) - standing.Stamps;
        if (stamps > left && card.Overflow == StampOverflow.Reject)
        {
            return new StampResult(standing, 0, asked, [], 0);
        }

        stamps = stamps > left && card.Overflow == StampOverflow.Drop ? left : stamps;
        var given = stamps;
        var prizes = new List<CardPrize>();
        var completed = standing.Completed;
        stamps += begun;
        while (stamps > 0)
        {
            if (standing.Goal == 0 && stamps >= card.Goal)
            {
                standing = Filled(standing, stamps / card.Goal, prizes, ref stamps);
                continue;
            }

            standing = On(standing, stamps, prizes, out var put);
            stamps -= put;
        }

        if (card.MostPerDay is not null)
        {
            standing = standing with { Recent = standing.Recent.Add(new StampTime(moment.Instant, given)) };
        }

        return new StampResult(standing, given, asked - given, [.. prizes], standing.Completed - completed);
    }

    /// <summary>Two open cards become one, which may fill it. A place on the way that either has reached was given there.</summary>
    public StampResult Join(CardStanding standing, CardStanding other)
    {
        var sum = standing.With(other, card.Goal);
        var full = sum.Completed - standing.Completed - other.Completed;
        var prizes = new List<CardPrize>();
        foreach (var milestone in card.Milestones)
        {
            var reached = full + Reached(sum, milestone) - Reached(standing, milestone) - Reached(other, milestone);
            if (reached > 0)
            {
                prizes.Add(new CardPrize(milestone.At, milestone.Prize, reached));
            }
        }

        if (card.Prize is { } prize && full > 0)
        {
            prizes.Add(new CardPrize(0, prize, full));
            sum = sum with { Used = checked(sum.Used + full) };
        }

        return new StampResult(sum, 0, 0, [.. prizes], full);
    }

    /// <summary>Takes off what has run out.</summary>
    public CardStanding Expire(CardStanding standing)
    {
        if (!standing.Each.IsEmpty)
        {
            var now = moment.Instant;
            var kept = standing.Each.Where(lot => !(lot.Expiry <= now)).ToSequence();
            var stamps = kept.Sum(lot => lot.Amount);
            return (standing with { Each = kept, Stamps = stamps, Goal = stamps > 0 ? standing.Goal : 0, Peak = standing.Farthest }).Normal();
        }

        return standing.Expires <= moment.Instant ? standing with { Stamps = 0, Goal = 0, Expires = null } : standing;
    }

    // Several cards at once, when none is open.
    private CardStanding Filled(CardStanding standing, long cards, List<CardPrize> prizes, ref long stamps)
    {
        stamps -= cards * card.Goal;
        foreach (var milestone in card.Milestones)
        {
            prizes.Add(new CardPrize(milestone.At, milestone.Prize, cards));
        }

        return Completed(standing with { Opened = checked(standing.Opened + cards) }, cards, prizes);
    }

    private CardStanding On(CardStanding standing, long stamps, List<CardPrize> prizes, out long put)
    {
        if (standing.Goal == 0)
        {
            standing = standing with { Goal = card.Goal, Opened = standing.Opened + 1, Waits = false, Expires = CardLife(StampLife.FirstStamp) };
        }

        put = Math.Min(stamps, standing.Goal - standing.Stamps);
        var (before, after) = (standing.Farthest, standing.Stamps + put);
        foreach (var milestone in card.Milestones)
        {
            if (before < milestone.At && milestone.At <= after)
            {
                prizes.Add(new CardPrize(milestone.At, milestone.Prize, 1));
            }
        }

        if (after >= standing.Goal)
        {
            return Completed(standing, 1, prizes);
        }

        return (standing with
        {
            Stamps = after,
            Expires = card.Expiry?.From == StampLife.LatestStamp ? CardLife(StampLife.LatestStamp) : standing.Expires,
            Each = card.Expiry is { From: StampLife.EachStamp } each ? Holding(standing.Each, each.Life.Of(moment), put) : standing.Each,
        }).Normal();
    }

    private CardStanding Completed(CardStanding standing, long cards, List<CardPrize> prizes)
    {
        if (card.Prize is { } prize)
        {
            prizes.Add(new CardPrize(0, prize, cards));
        }

        return standing with
        {
            Stamps = 0,
            Goal = 0,
            Peak = 0,
            Expires = null,
            Each = [],
            Completed = checked(standing.Completed + cards),
            Used = checked(standing.Used + (card.Prize is null ? 0 : cards)),
            Waits = card.Next == NextCard.OnRequest,
        };
    }

    private static int Reached(CardStanding standing, Milestone milestone) => standing.Farthest >= milestone.At ? 1 : 0;

    private Instant? CardLife(StampLife from) => card.Expiry is not { } expiry ? null
        : expiry.From == StampLife.OnDate ? (expiry.Date is { } date && moment.StartOf(date) is var gone && gone > moment.Instant ? gone : null)
        : expiry.From == from || (expiry.From == StampLife.LatestStamp && from == StampLife.FirstStamp) ? expiry.Life.Of(moment) : null;

    private Sequence<StampTime> Within(Sequence<StampTime> recent)
    {
        if (recent.IsEmpty)
        {
            return recent;
        }

        var from = card.Day == DayKind.Calendar ? moment.StartOf(moment.Date) : moment.Instant - Duration.FromDays(1) + Duration.FromTicks(1);
        return recent.Where(time => time.At >= from).ToSequence();
    }

    private static Sequence<Lot> Holding(Sequence<Lot> lots, Instant? expiry, long stamps) =>
        lots.Append(new Lot(expiry, stamps)).GroupBy(lot => lot.Expiry).Select(lot => new Lot(lot.Key, lot.Sum(one => one.Amount)))
            .OrderBy(lot => lot.Expiry is null).ThenBy(lot => lot.Expiry).ToSequence();
}

/// <summary>What giving stamps did.</summary>
/// <param name="Standing">The standing after it.</param>
/// <param name="Given">How many were given, those of signing up left out.</param>
/// <param name="Refused">How many were asked for and not given.</param>
/// <param name="Prizes">What cards gave by themselves, and how often.</param>
/// <param name="Filled">How many cards became full.</param>
internal sealed record StampResult(CardStanding Standing, long Given, long Refused, Sequence<CardPrize> Prizes, long Filled);

/// <summary>What a card gives by itself.</summary>
/// <param name="At">The stamp at which it is given; 0 for the full card.</param>
/// <param name="Prize">What.</param>
/// <param name="Times">How often.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct CardPrize(int At, UnitAmount Prize, long Times);
