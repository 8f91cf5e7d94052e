using Crm.Events;
using Crm.Loyalty.Stamps;
using Crm.Loyalty.Tests.Recording;
using Crm.Tests.Shared;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Loyalty.Tests.Stamps;

/// <summary>Whatever the order in which purchases and refunds arrive: stamps are articles kept, and full cards follow from them.</summary>
public sealed class StampLaws
{
    private const int Goal = 9;
    private static readonly Instant Opening = Samples.Local(2026, 1, 1, 9);

    [Fact]
    public void Stamps_in_all_are_the_articles_kept_and_full_cards_their_ninth_part() => Holds(async visits =>
    {
        var club = await Recorded(visits, _ => Task.CompletedTask);
        var (card, kept) = (await club.Card(), visits.Sum(visit => visit.Cups - visit.Returned));

        Assert.Equal((kept / Goal, kept % Goal), (card.Completed, card.Stamps));
    });

    [Fact]
    public void What_was_handed_out_stays_handed_out_and_is_owed_when_it_is_not_covered() => Holds(async visits =>
    {
        var taken = 0;
        var club = await Recorded(visits, async club => taken += (await club.TakesTheFreeOne()).Accepted ? 1 : 0);
        var card = await club.Card();

        Assert.Equal((taken, visits.Sum(visit => visit.Cups - visit.Returned) / Goal - taken), (card.Used, card.Free));
    });

    [Fact]
    public void Stamping_piece_by_piece_is_stamping_at_once() => PieceByPiece((stamping, card, stamps) => stamping.Give(card, stamps).Standing).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    [Fact]
    public void Losing_what_is_over_is_caught() => Counterfeits.Caught(() => PieceByPiece((_, card, stamps) =>
        card.Stamps + stamps < Goal ? card with { Stamps = card.Stamps + stamps } : card with { Stamps = 0, Completed = card.Completed + 1 }).Check(Config.QuickThrowOnFailure.WithMaxTest(200)));

    private static Property PieceByPiece(Func<Stamping, CardStanding, long, CardStanding> give) => Prop.ForAll<int[]>(pieces =>
    {
        var parts = pieces.Select(piece => (long)Math.Abs(piece % 40)).ToList();
        var stamping = new Stamping(CupCards.Buy(Goal), Samples.At(2026, 1, 15));
        var start = new CardStanding { Card = "cups" };

        Assert.Equal(give(stamping, start, parts.Sum()), parts.Aggregate(start, (card, stamps) => give(stamping, card, stamps)));
    });

    private static async Task<Club> Recorded(Visit[] visits, Func<Club, Task> between)
    {
        var club = CupCards.OfGoal(Goal);
        club.On(2026, 6, 1);
        var arrivals = visits.SelectMany((visit, number) => visit.Events(number)).OrderBy(arrival => arrival.Place).ThenBy(arrival => arrival.Event.Key);
        foreach (var (happened, _) in arrivals)
        {
            await club.Records(happened);
            await between(club);
        }

        return club;
    }

    private static void Holds(Func<Visit[], Task> law)
    {
        var visit =
            from cups in Gen.Choose(1, 12)
            from cakes in Gen.Choose(0, 2)
            from returned in Gen.Frequency((2, Gen.Constant(0)), (2, Gen.Choose(0, cups)), (1, Gen.Constant(cups)))
            from day in Gen.Choose(0, 90)
            from bought in Gen.Choose(0, 100)
            from refunded in Gen.Choose(0, 100)
            select new Visit(cups, cakes, returned, day, bought, refunded);
        Prop.ForAll(Gen.Choose(1, 8).SelectMany(number => visit.ArrayOf(number)).ToArbitrary(), visits => law(visits).GetAwaiter().GetResult())
            .Check(Config.QuickThrowOnFailure.WithMaxTest(200));
    }

    /// <summary>A purchase and what comes back of it, with the places of both in the order of arrival: a refund may arrive before its purchase.</summary>
    private sealed record Visit(int Cups, int Cakes, int Returned, int Day, int Bought, int Refunded)
    {
        public IEnumerable<(CustomerEvent Event, int Place)> Events(int number)
        {
            yield return (CupCards.Purchase($"till:{number}", Cups, Cakes) with { OccurredAt = Opening + Duration.FromDays(Day) }, Bought);
            if (Returned > 0)
            {
                yield return (CupCards.Refund($"back:{number}", $"till:{number}", Returned) with { OccurredAt = Opening + Duration.FromDays(Day + 2) }, Refunded);
            }
        }
    }
}
