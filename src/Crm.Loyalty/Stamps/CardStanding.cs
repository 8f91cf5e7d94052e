using System.Runtime.InteropServices;
using Crm.Loyalty.Wallets;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Stamps;

/// <summary>Where a customer stands on one stamp card.</summary>
public sealed record CardStanding
{
    /// <summary>The card.</summary>
    public required string Card { get; init; }

    /// <summary>Stamps on the card that is not full yet; always fewer than its goal.</summary>
    public long Stamps { get; init; }

    /// <summary>The goal of the open card, which a later version of the programme does not move; 0 where no card is open.</summary>
    public int Goal { get; init; }

    /// <summary>Cards that were ever opened.</summary>
    public long Opened { get; init; }

    /// <summary>Cards that are full.</summary>
    public long Completed { get; init; }

    /// <summary>Free ones that were taken, by the customer or by the card itself.</summary>
    public long Used { get; init; }

    /// <summary>Whether the next card waits to be asked for.</summary>
    public bool Waits { get; init; }

    /// <summary>When the open card runs out; null: it does not, or stamps run out one by one.</summary>
    public Instant? Expires { get; init; }

    /// <summary>Where stamps run out one by one, those on the open card by expiry.</summary>
    public Sequence<Lot> Each { get; init; }

    /// <summary>The most stamps that the open card ever had, where some of them have run out since; 0 where none have. What a place on the way gives is given once on each card.</summary>
    public long Peak { get; init; }

    /// <summary>Where a day has a limit, the stamps of the last day.</summary>
    public Sequence<StampTime> Recent { get; init; }

    /// <summary>What was put on the card lately, in programmes without cascade; null: nothing.</summary>
    public CardPast? Past { get; init; }

    /// <summary>What the card gave by itself for stamps that came back since, in programmes without cascade, by place.</summary>
    public Sequence<PrizeAhead> Ahead { get; init; }

    /// <summary>Free ones that wait to be taken; below 0 when purchases came back whose free one was taken already: so many cards are owed.</summary>
    public long Free => Completed - Used;

    /// <summary>How far the open card ever was.</summary>
    internal long Farthest => Math.Max(Stamps, Peak);

    /// <summary>When something on the card runs out next.</summary>
    internal Instant? NextExpiry => Each.IsEmpty ? Expires : Each[0].Expiry;

    /// <summary>This standing with the difference of two others added, stamps brought back below the goal.</summary>
    internal CardStanding Plus(CardStanding with, CardStanding without)
    {
        var sum = with == without ? this : this with
        {
            Stamps = checked(Stamps + with.Stamps - without.Stamps),
            Goal = Goal == without.Goal ? with.Goal : Goal,
            Opened = checked(Opened + with.Opened - without.Opened),
            Completed = checked(Completed + with.Completed - without.Completed),
            Used = checked(Used + with.Used - without.Used),
            Waits = with.Waits == without.Waits ? Waits : with.Waits,
            Expires = with.Expires == without.Expires ? Expires : with.Expires,
            Each = with.Each == without.Each ? Each : with.Each,
            Peak = with.Peak == without.Peak ? Peak : with.Peak,
            Recent = with.Recent == without.Recent ? Recent : with.Recent,
        };
        return sum.Normal();
    }

    /// <summary>This standing with that of somebody who is the same customer from now on: no stamp and no full card is lost, and what runs out runs out with the later card.</summary>
    /// <param name="other">Theirs.</param>
    /// <param name="goal">The goal of a card that is opened now.</param>
    internal CardStanding With(CardStanding other, int goal)
    {
        var sum = (this with
        {
            Stamps = checked(Stamps + other.Stamps),
            Goal = Goal > 0 ? Goal : other.Goal,
            Opened = checked(Opened + other.Opened),
            Completed = checked(Completed + other.Completed),
            Used = checked(Used + other.Used),
            Waits = Waits && other.Waits,
            Expires = Expires is { } mine && !(other.Expires > mine) ? mine : other.Expires,
            Recent = Recent.Concat(other.Recent).OrderBy(time => time.At).ToSequence(),
            Past = CardPast.Joined(Past, other.Past, goal),
            Ahead = Sum(Ahead.Concat(other.Ahead)),
        }).Settled(goal);
        sum = (sum with { Peak = sum.Completed > Completed + other.Completed ? 0 : Math.Max(Farthest, other.Farthest) }).Normal();
        if (Each.IsEmpty && other.Each.IsEmpty)
        {
            return sum.Stamps == 0 ? sum with { Expires = null } : sum;
        }

        // What fills a card goes first where it would run out first.
        var filled = Each.Sum(lot => lot.Amount) + other.Each.Sum(lot => lot.Amount) - sum.Stamps;
        var left = new List<Lot>();
        foreach (var lot in Each.Concat(other.Each).GroupBy(lot => lot.Expiry).Select(same => same.First() with { Amount = same.Sum(lot => lot.Amount) }).OrderBy(lot => lot.Expiry is null).ThenBy(lot => lot.Expiry))
        {
            var used = Math.Clamp(filled, 0, lot.Amount);
            filled -= used;
            if (lot.Amount > used)
            {
                left.Add(lot with { Amount = lot.Amount - used });
            }
        }

        return sum with { Each = left.ToSequence() };
    }

    /// <summary>This standing given up: the open card and free ones that wait are gone, and so is what is known of the stamps, of which nothing comes back any more. Free ones that are owed stay so, and a first card was the first.</summary>
    internal CardStanding Forfeited => this with { Stamps = 0, Goal = 0, Expires = null, Each = [], Peak = 0, Used = Math.Max(Used, Completed), Past = null };

    /// <summary>This standing, of which so much of what it gave by itself its stamps do not cover any more.</summary>
    internal CardStanding Gives(IEnumerable<CardPrize> gave, IEnumerable<CardPrize> gives) => this with
    {
        Ahead = Sum(Ahead.Concat(gave.Select(prize => new PrizeAhead(prize.At, prize.Times))).Concat(gives.Select(prize => new PrizeAhead(prize.At, -prize.Times)))),
    };

    /// <summary>What the card gives of these, less what it gave before for stamps that came back since.</summary>
    internal CardStanding Cover(Sequence<CardPrize> prizes, out Sequence<CardPrize> due)
    {
        if (Ahead.IsEmpty)
        {
            due = prizes;
            return this;
        }

        var (ahead, rest) = (Ahead.ToDictionary(place => place.At, place => place.Times), new List<CardPrize>());
        foreach (var prize in prizes)
        {
            var covered = Math.Clamp(ahead.GetValueOrDefault(prize.At), 0, prize.Times);
            ahead[prize.At] = ahead.GetValueOrDefault(prize.At) - covered;
            if (prize.Times > covered)
            {
                rest.Add(prize with { Times = prize.Times - covered });
            }
        }

        due = rest.ToSequence();
        return this with { Ahead = Sum(ahead.Select(place => new PrizeAhead(place.Key, place.Value))) };
    }

    private static Sequence<PrizeAhead> Sum(IEnumerable<PrizeAhead> places) =>
        places.GroupBy(place => place.At).Select(place => new PrizeAhead(place.Key, place.Sum(one => one.Times))).Where(place => place.Times != 0).OrderBy(place => place.At).ToSequence();

    /// <summary>This standing without a peak that says no more than the stamps.</summary>
    internal CardStanding Normal() => Peak == 0 || (Peak > Stamps && Stamps > 0) ? this : this with { Peak = 0 };

    /// <summary>Stamps below 0 or over the goal, as a correction may leave them, turned into cards.</summary>
    internal CardStanding Settled(int goal)
    {
        var size = Goal > 0 ? Goal : goal;
        var full = Math.DivRem(Stamps, size, out var rest);
        (full, rest) = rest < 0 ? (full - 1, rest + size) : (full, rest);
        return full == 0 && rest == Stamps ? this : this with { Stamps = rest, Goal = rest > 0 ? size : 0, Completed = Completed + full };
    }
}

/// <summary>When so many stamps were given.</summary>
/// <param name="At">When.</param>
/// <param name="Stamps">How many.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct StampTime(Instant At, long Stamps);
