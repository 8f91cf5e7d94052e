using Crm.Events;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Tests.Recording;
using Crm.Loyalty.Tiers;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Tests.Tiers;

/// <summary>A club with one ladder, whose status units are whole dollars, and short ways to speak of it.</summary>
internal static class Ladders
{
    public static TierLadder Usual { get; } = new() { Unit = "status", Window = QualificationWindow.CalendarYear, Tiers = [new("bronze", 0), new("silver", 20), new("gold", 50)] };

    public static LoyaltyProgram Program(params TierLadder[] ladders) => new()
    {
        Name = "tea-club",
        Zone = "Asia/Hong_Kong",
        Units = [new("points", UnitKind.Redeemable), new("status", UnitKind.Status)],
        Rules = [Samples.Per(1, 1), Samples.Per(1, 1) with { Name = "status", Unit = "status" }],
        Ladders = ladders.ToSequence(),
    };

    public static Club Climbing(TierLadder ladder) => Club.Of(Program(ladder));

    public static async Task<TierProgress> Progress(this Club club, TierLadder ladder, long value = 0)
    {
        var amy = await club.Amy();
        var standing = amy.Slot<LoyaltyState>(LoyaltyNames.Module).In("tea-club").Standing(ladder.Name);
        return ladder.Progress(standing, new Moment(amy.Moment.Instant, Samples.HongKong), value, amy);
    }

    public static async Task<Scalar> Benefit(this Club club, string name) => (await club.Amy()).Fact(LoyaltyNames.BenefitFact("tea-club", "tier", name));

    public static ValueTask<Receipt> Grants(this Club club, string kind, string tier, LocalDate? through = null) => club.Records(kind == TierEvents.PinName
        ? TierEvents.Pin(club.NextKey(), Samples.Amy, tier, "invitation", "staff:17", through)
        : TierEvents.Floor(club.NextKey(), Samples.Amy, tier, "invitation", "staff:17", through));

    public static Instant Day(int year, int month, int day) => Samples.Local(year, month, day);
}
