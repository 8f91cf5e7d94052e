using Crm.Events;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Stamps;
using Crm.Loyalty.Tests.Recording;
using Crm.Values;

namespace Crm.Loyalty.Tests.Stamps;

/// <summary>A club whose card is stamped for every cup, and short ways to speak of cups.</summary>
internal static class CupCards
{
    public static LoyaltyProgram Program { get; } = new()
    {
        Name = "tea-club",
        Zone = "Asia/Hong_Kong",
        Units = [new("points", UnitKind.Redeemable)],
        StampCards = [Buy(9)],
    };

    public static StampCard Buy(int goal) => new() { Name = "cups", Goal = goal, Stamps = new() { Categories = ["tea"] } };

    public static Club OfGoal(int goal) => Club.Of(Program with { StampCards = [Buy(goal)] });

    public static EventLine Cups(int number) => new("oolong", number, Money.Hkd(20m * number), "tea");

    public static CustomerEvent Purchase(string key, int cups, int cakes = 0) => CustomerEvent.Purchase(
        key,
        Samples.Amy,
        Money.Hkd((20m * cups) + (15m * cakes)),
        new[] { Cups(cups), new EventLine("egg-tart", cakes, Money.Hkd(15m * cakes), "cake") }.Where(line => line.Quantity > 0).ToSequence());

    /// <summary>Cups for which nothing is paid: the discount on the whole is all of it.</summary>
    public static CustomerEvent Free(string key, int cups) => Purchase(key, cups) with { Spend = Money.Hkd(0), Fields = Fields.Of((EventKinds.DiscountField, 20m * cups)) };

    public static CustomerEvent Refund(string key, string? purchase, int cups) => CustomerEvent.Refund(key, Samples.Amy, purchase, Money.Hkd(20m * cups), Cups(cups));

    public static ValueTask<Receipt> Drinks(this Club club, int cups) => club.Records(Purchase(club.NextKey(), cups));

    public static ValueTask<Receipt> TakesTheFreeOne(this Club club) => club.Records(StampEvents.Use(club.NextKey(), Samples.Amy));

    public static async Task<CardStanding> Card(this Club club) => (await club.Membership()).Card("cups");
}
