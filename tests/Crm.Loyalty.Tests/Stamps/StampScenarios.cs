using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Stamps;
using Crm.Loyalty.Tests.Recording;
using Crm.Values;

namespace Crm.Loyalty.Tests.Stamps;

/// <summary>Published cases of stamp cards, whose names end with the ids of the scenarios, and what the engine makes of them.</summary>
public sealed class StampScenarios
{
    [Fact]
    public async Task Nine_bought_and_the_tenth_is_free_ST7()
    {
        var club = CupCards.OfGoal(9);
        await club.Drinks(8);
        Assert.Equal("no-full-card", (await club.TakesTheFreeOne()).Refusal?.Code);

        await club.Drinks(1);
        Assert.True((await club.TakesTheFreeOne()).Accepted);
        Assert.Equal("no-full-card", (await club.TakesTheFreeOne()).Refusal?.Code);
    }

    [Fact]
    public async Task A_goal_of_ten_with_three_stamps_has_seven_to_go_ST1()
    {
        var club = CupCards.OfGoal(10);
        await club.Drinks(3);

        Assert.Equal(7, 10 - (await club.Card()).Stamps);
    }

    [Fact]
    public async Task Stamps_over_the_goal_begin_the_next_card()
    {
        var club = CupCards.OfGoal(9);
        await club.Drinks(20);

        Assert.Equal(new CardStanding { Card = "cups", Stamps = 2, Goal = 9, Opened = 3, Completed = 2 }, await club.Card());
    }

    [Fact]
    public async Task The_facts_say_what_is_on_the_card_and_what_is_free()
    {
        var club = CupCards.OfGoal(9);
        await club.Drinks(20);
        await club.TakesTheFreeOne();
        var amy = await club.Amy();

        Assert.Equal((2, 1), (amy.Fact(LoyaltyNames.StampsFact("tea-club", "cups")).AsNumber, amy.Fact(LoyaltyNames.FreeFact("tea-club", "cups")).AsNumber));
    }

    [Fact]
    public async Task Nothing_on_the_card_after_one_purchase_filled_it_is_a_fact_too()
    {
        var club = CupCards.OfGoal(9);
        await club.Drinks(9);

        Assert.Equal(Scalar.Of(0), (await club.Amy()).Fact(LoyaltyNames.StampsFact("tea-club", "cups")));
    }

    [Fact]
    public async Task Only_what_the_card_names_is_stamped_and_nothing_that_was_free()
    {
        var club = CupCards.OfGoal(9);
        await club.Records(CupCards.Purchase("pos:a", cups: 2, cakes: 3));
        await club.Records(Events.CustomerEvent.Purchase("pos:b", Samples.Amy, Money.Hkd(0), new Events.EventLine("oolong", 1, Money.Hkd(0), "tea")));

        Assert.Equal(2, (await club.Card()).Stamps);
    }

    [Fact]
    public async Task A_refund_after_the_card_was_full_takes_the_stamp_and_the_free_one_back()
    {
        var club = CupCards.OfGoal(9);
        await club.Records(CupCards.Purchase("pos:a", cups: 9));
        await club.Records(CupCards.Refund("pos:b", "pos:a", cups: 1));

        Assert.Equal(new CardStanding { Card = "cups", Stamps = 8, Goal = 9, Opened = 1 }, await club.Card());
        Assert.Equal("no-full-card", (await club.TakesTheFreeOne()).Refusal?.Code);
    }

    [Fact]
    public async Task A_refund_after_the_free_one_was_taken_leaves_it_owed_until_the_card_is_full_again()
    {
        var club = CupCards.OfGoal(9);
        await club.Records(CupCards.Purchase("pos:a", cups: 9));
        await club.TakesTheFreeOne();
        await club.Records(CupCards.Refund("pos:b", "pos:a", cups: 1));
        Assert.Equal(-1, (await club.Card()).Free);

        var receipt = await club.Drinks(1);
        Assert.Equal(0, (await club.Card()).Free);
        Assert.Contains(receipt.Lines, line => line.Code == LineCodes.CardFull && LoyaltyTexts.Describe(line).English.Contains("taken before", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Each_free_cup_that_comes_back_takes_its_own_stamp_along()
    {
        var club = CupCards.OfGoal(9);
        await club.Records(CupCards.Free("pos:a", cups: 3));
        Assert.Equal(3, (await club.Card()).Stamps);

        await club.Records(CupCards.Refund("pos:b", "pos:a", cups: 1) with { Spend = Money.Hkd(0) });
        Assert.Equal(2, (await club.Card()).Stamps);

        await club.Records(CupCards.Refund("pos:c", "pos:a", cups: 2) with { Spend = Money.Hkd(0) });
        Assert.Equal(0, (await club.Card()).Stamps);
    }

    [Fact]
    public async Task The_receipt_says_how_far_the_card_is()
    {
        var club = CupCards.OfGoal(9);
        var receipt = await club.Drinks(10);

        Assert.Equal(
            ["10 stamps on card 'cups': 1 of 9.", "Card 'cups' is full; 1 free to take."],
            receipt.Lines.Select(line => LoyaltyTexts.Describe(line).English));
    }

    [Fact]
    public async Task A_request_that_fits_no_card_is_refused_with_the_cards_there_are()
    {
        var club = CupCards.OfGoal(9);
        await club.Drinks(9);

        var unknown = await club.Records(StampEvents.Use(club.NextKey(), Samples.Amy, card: "bowls"));
        Assert.Equal(("unknown-card", "No stamp card is named 'bowls'. There are: tea-club/cups."), (unknown.Refusal?.Code, unknown.Refusal?.Detail.English));
        Assert.Equal("unknown-program", (await club.Records(StampEvents.Use(club.NextKey(), Samples.Amy, program: "coffee-club"))).Refusal?.Code);
    }

    [Fact]
    public async Task A_later_version_with_another_goal_keeps_what_was_full_and_an_open_card_its_own_goal()
    {
        var first = CupCards.Program.Define();
        var second = (CupCards.Program with { StampCards = [CupCards.Buy(5)] }).Define(2, Samples.Local(2026, 2, 1));
        var club = new Club(new LoyaltyModule(new Definitions.DefinitionCatalog<LoyaltyProgram>([first, second])));
        await club.Drinks(17);
        club.On(2026, 2, 2);
        await club.Drinks(1);

        Assert.Equal(new CardStanding { Card = "cups", Opened = 2, Completed = 2 }, await club.Card());
        await club.Drinks(5);
        Assert.Equal(3, (await club.Card()).Completed);
    }
}
