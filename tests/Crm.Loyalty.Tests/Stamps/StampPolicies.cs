using Crm.Events;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Stamps;
using Crm.Loyalty.Tests.Recording;
using Crm.Loyalty.Wallets;
using Crm.Values;

namespace Crm.Loyalty.Tests.Stamps;

/// <summary>What a card does beside being full; names end with the ids of published cases.</summary>
public sealed class StampPolicies
{
    private static Club With(Func<StampCard, StampCard> change) => Club.Of(CupCards.Program with { StampCards = [change(CupCards.Buy(10))] });

    private static CustomerEvent Gives(Club club, long stamps) => StampEvents.Give(club.NextKey(), Samples.Amy, stamps, "forgotten-card", "staff:17");

    [Theory]
    [InlineData(0, "invalid-amount")]
    [InlineData(11, "stamps-overflow")]
    [InlineData(10, null)]
    public async Task Stamps_that_do_not_fit_are_rejected_where_the_card_is_strict_ST3(long stamps, string? code)
    {
        var club = With(card => card with { Overflow = StampOverflow.Reject });

        Assert.Equal(code, (await club.Records(Gives(club, stamps))).Refusal?.Code);
    }

    [Theory]
    [InlineData(30)]
    [InlineData(39)]
    public async Task Ten_dollars_a_stamp_make_three_of_thirty_ST5(int dollars)
    {
        var club = With(card => card with { Count = new StampCount.PerAmount(Money.Hkd(10)) });
        await club.Buys(dollars);

        Assert.Equal(3, (await club.Card()).Stamps);
    }

    [Fact]
    public async Task A_full_card_pays_its_points_and_begins_anew_ST6()
    {
        var club = With(card => card with { Prize = new UnitAmount("points", 1_000) });
        var receipt = await club.Drinks(10);

        Assert.Equal((1_000L, 1_000L, 0L), (await club.Points(), receipt.Total("points"), (await club.Card()).Stamps));
        Assert.All(receipt.Lines, line => Assert.NotEmpty(Receipts.LoyaltyTexts.Describe(line).Chinese));
    }

    [Fact]
    public async Task A_purchase_over_the_goal_is_noted_and_not_stamped_where_the_card_is_strict()
    {
        var club = With(card => card with { Overflow = StampOverflow.Reject });
        var receipt = await club.Drinks(11);

        Assert.Contains(receipt.Lines, line => line.Code == Receipts.LineCodes.StampsNotGiven);
        Assert.Equal(0, (await club.Card()).Opened);
    }

    [Fact]
    public async Task What_is_over_is_lost_where_the_card_drops_it()
    {
        var club = With(card => card with { Overflow = StampOverflow.Drop });
        await club.Drinks(25);

        Assert.Equal((1L, 0L), ((await club.Card()).Completed, (await club.Card()).Stamps));
    }

    [Fact]
    public async Task The_next_card_waits_to_be_asked_for_where_the_card_says_so_and_other_cards_go_on()
    {
        var club = Club.Of(CupCards.Program with
        {
            StampCards = [CupCards.Buy(10) with { Overflow = StampOverflow.Drop, Next = NextCard.OnRequest }, new() { Name = "all", Goal = 100 }],
        });
        CustomerEvent Opens() => StampEvents.Open(club.NextKey(), Samples.Amy, card: "cups");
        await club.Drinks(10);
        await club.Drinks(3);
        Assert.Equal((0L, true, 13L), ((await club.Card()).Stamps, (await club.Card()).Waits, (await club.Membership()).Card("all").Stamps));

        Assert.True((await club.Records(Opens())).Accepted);
        await club.Drinks(3);
        Assert.Equal(3, (await club.Card()).Stamps);
        Assert.Equal("card-open", (await club.Records(Opens())).Refusal?.Code);
    }

    [Fact]
    public async Task On_the_way_there_is_something_once_on_each_card_and_signing_up_gives_stamps_once()
    {
        var club = With(card => card with { SignUp = 2, Milestones = [new(5, new UnitAmount("points", 50))] });
        await club.Drinks(3);
        Assert.Equal((5L, 50L), ((await club.Card()).Stamps, await club.Points()));
        await club.Drinks(1);
        Assert.Equal(50, await club.Points());
        await club.Drinks(4 + 20 + 5);
        Assert.Equal((5L, 3L, 50L * 4), ((await club.Card()).Stamps, (await club.Card()).Completed, await club.Points()));
    }

    [Fact]
    public async Task Stamps_that_run_out_one_by_one_do_not_give_again_what_the_card_gave_on_the_way()
    {
        var club = With(card => card with { Milestones = [new(5, new UnitAmount("points", 50))], Expiry = new StampExpiry(StampLife.EachStamp, LotExpiry.AfterDays(10, LastDay.Excluded)) });
        club.On(2026, 2, 1);
        await club.Drinks(1);
        club.On(2026, 2, 5);
        await club.Drinks(4);
        Assert.Equal((5L, 50L), ((await club.Card()).Stamps, await club.Points()));

        club.On(2026, 2, 12);
        await club.Drinks(1);
        Assert.Equal((5L, 50L), ((await club.Card()).Stamps, await club.Points()));

        // The next card, after all stamps of this one have run out, gives again.
        club.On(2026, 4, 1);
        await club.Drinks(5);
        Assert.Equal((5L, 100L), ((await club.Card()).Stamps, await club.Points()));
    }

    [Fact]
    public async Task A_refund_takes_back_what_was_given_on_the_way()
    {
        var club = With(card => card with { Milestones = [new(5, new UnitAmount("points", 50))] });
        await club.Records(CupCards.Purchase("pos:a", 5));
        await club.Records(CupCards.Refund("pos:b", "pos:a", 1));

        Assert.Equal((4L, 0L), ((await club.Card()).Stamps, await club.Points()));
    }

    [Theory]
    [InlineData(DayKind.Calendar, 6)]
    [InlineData(DayKind.Rolling, 3)]
    public async Task A_visit_and_a_day_take_so_many_stamps_and_a_day_is_which_the_card_says(DayKind day, long afterMidnight)
    {
        var club = With(card => card with { MostPerVisit = 2, MostPerDay = 3, Day = day });
        club.On(2026, 3, 1, 20);
        await club.Drinks(9);
        Assert.Equal(2, (await club.Card()).Stamps);
        await club.Drinks(9);
        Assert.Equal(3, (await club.Card()).Stamps);

        club.On(2026, 3, 2, 1);
        await club.Drinks(2);
        await club.Drinks(2);
        Assert.Equal(afterMidnight, (await club.Card()).Stamps);
    }

    [Theory]
    [InlineData(StampLife.FirstStamp, 2, 11, 0)]
    [InlineData(StampLife.LatestStamp, 2, 11, 2)]
    [InlineData(StampLife.LatestStamp, 2, 21, 0)]
    [InlineData(StampLife.EachStamp, 2, 11, 1)]
    [InlineData(StampLife.EachStamp, 2, 21, 0)]
    public async Task Stamps_run_out_as_the_card_says_at_their_instant_though_no_worker_ran(StampLife from, int month, int day, long left)
    {
        var club = With(card => card with { Expiry = new StampExpiry(from, LotExpiry.AfterDays(10, LastDay.Excluded)) });
        club.On(2026, 2, 1);
        await club.Drinks(1);
        club.On(2026, 2, 10);
        await club.Drinks(1);

        club.On(2026, month, day, 0);

        Assert.Equal(left, (await club.Card()).Stamps);
    }

    [Fact]
    public async Task All_open_cards_are_gone_on_a_date()
    {
        var club = With(card => card with { Expiry = new StampExpiry(StampLife.OnDate, LotExpiry.Never) { Date = new NodaTime.LocalDate(2026, 4, 1) } });
        await club.Drinks(12);
        club.On(2026, 4, 1, 0);
        Assert.Equal((0L, 1L), ((await club.Card()).Stamps, (await club.Card()).Free));
    }
}
