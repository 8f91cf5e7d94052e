using System.Runtime.InteropServices;
using Crm.Loyalty.Memberships;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Stamps;

/// <summary>
/// What was put on a card lately, kept in programmes without cascade for as long as something of it may come back: a refund has the card made again of it, as it was and with less, and the difference is what changes.
/// </summary>
/// <param name="From">The card before all of it, without a past of its own.</param>
/// <param name="Marks">In the order in which they came.</param>
public sealed record CardPast(CardStanding From, Sequence<CardMark> Marks)
{
    /// <summary>With one more mark; those of purchases whose refunds are not known any more become part of the card that it goes from.</summary>
    internal CardPast With(CardMark mark, Func<Instant, Stamping> stamping)
    {
        var old = Marks.TakeWhile(known => known.At + KeptAward.Refundable < mark.At).ToSequence();
        return old.IsEmpty
            ? this with { Marks = Marks.Add(mark) }
            : new CardPast((this with { Marks = old }).Made(stamping, old[^1].At).Standing, Marks.Skip(old.Count).Append(mark).ToSequence());
    }

    /// <summary>With so many more or fewer stamps of an event; null where nothing of it is known.</summary>
    internal CardPast? With(string key, long more) =>
        Marks.Any(mark => mark.Key == key && !mark.Opens) ? this with { Marks = Marks.Select(mark => mark.Key == key && !mark.Opens ? mark with { Stamps = checked(mark.Stamps + more) } : mark).ToSequence() } : null;

    /// <summary>The stamps that an event put on the card; 0 where nothing of it is known.</summary>
    internal long StampsOf(string key) => Marks.Where(mark => mark.Key == key).Sum(mark => mark.Stamps);

    /// <summary>The pasts of two who are the same customer from now on.</summary>
    internal static CardPast? Joined(CardPast? one, CardPast? other, int goal) => one is null ? other : other is null ? one
        : new CardPast(one.From.With(other.From, goal), one.Marks.Concat(other.Marks).OrderBy(mark => mark.At).ToSequence());

    /// <summary>The card that the marks make, and what it gives by itself on the way.</summary>
    /// <param name="stamping">How stamps came on the card at an instant.</param>
    /// <param name="now">What has run out by then is gone.</param>
    internal (CardStanding Standing, Sequence<CardPrize> Prizes) Made(Func<Instant, Stamping> stamping, Instant now)
    {
        var (standing, prizes) = (From, new List<CardPrize>());
        foreach (var mark in Marks)
        {
            standing = Lasting(standing, stamping, mark.At);
            if (mark.Opens)
            {
                standing = standing with { Waits = false };
            }
            else if (mark.Stamps > 0)
            {
                var result = stamping(mark.At).Given.Give(standing with { Waits = false }, mark.Stamps);
                standing = result.Standing;
                prizes.AddRange(result.Prizes);
            }
        }

        return (Lasting(standing, stamping, now), prizes.ToSequence());
    }

    private static CardStanding Lasting(CardStanding standing, Func<Instant, Stamping> stamping, Instant until)
    {
        while (standing.NextExpiry is { } gone && gone <= until)
        {
            standing = stamping(gone).Expire(standing);
        }

        return standing;
    }
}

/// <summary>What was put on a card at once.</summary>
/// <param name="Key">The event, as "source:key".</param>
/// <param name="At">When.</param>
/// <param name="Stamps">How many stamps it gave, less those that came back.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct CardMark(string Key, Instant At, long Stamps)
{
    /// <summary>Whether it is the request for the next card, which is without stamps.</summary>
    public bool Opens { get; init; }
}

/// <summary>What a card gave by itself for stamps that came back since: it stays, and so many times the place gives nothing.</summary>
/// <param name="At">The stamp at which it is given; 0 for the full card.</param>
/// <param name="Times">How often.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct PrizeAhead(int At, long Times);
