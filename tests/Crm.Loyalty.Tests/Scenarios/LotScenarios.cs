using Crm.Definitions;
using Crm.Events;
using Crm.Loyalty.Members;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Tests.Recording;
using Crm.Loyalty.Wallets;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Tests.Scenarios;

/// <summary>Section 5.3 of the published scenarios: lots and expiry. Days are the first on which the units are gone.</summary>
public sealed class LotScenarios
{
    private static readonly (string Id, LotExpiry Expiry, string Earned, string Gone)[] Lives =
    [
        ("VF2a", LotExpiry.AfterMonths(1, LastDay.Included), "2026-01-25", "2026-02-26"),
        ("VF2c", LotExpiry.AfterMonths(0, LastDay.Included), "2026-01-01", "2026-01-02"),
        ("VF2d", LotExpiry.AfterMonths(1, LastDay.Included, PeriodEnd.Month), "2026-01-05", "2026-03-01"),
        ("VF2d last day", LotExpiry.AfterMonths(1, LastDay.Included, PeriodEnd.Month), "2026-01-31", "2026-03-01"),
        ("OLs3 month", LotExpiry.AfterDays(0, LastDay.Included, PeriodEnd.Month), "2018-01-22", "2018-02-01"),
        ("OLs3 year", LotExpiry.AfterDays(0, LastDay.Included, PeriodEnd.Year), "2018-01-22", "2019-01-01"),
        ("KF2", LotExpiry.AfterMonths(36, LastDay.Included, PeriodEnd.Month), "2018-08-02", "2021-09-01"),
        ("SBX1", LotExpiry.AfterMonths(6, LastDay.Included, PeriodEnd.Month), "2020-12-15", "2021-07-01"),
        ("CX4 May", new LotExpiry.After(36, 0, LastDay.Included, PeriodEnd.Year) { YearEndsIn = 3 }, "2018-05-10", "2022-04-01"),
        ("CX4 December", new LotExpiry.After(36, 0, LastDay.Included, PeriodEnd.Year) { YearEndsIn = 3 }, "2019-12-10", "2023-04-01"),
        ("TW1", LotExpiry.AfterMonths(12, LastDay.Included, PeriodEnd.Year), "2025-08-30", "2027-01-01"),
        ("quarter", LotExpiry.AfterDays(0, LastDay.Included, PeriodEnd.Quarter), "2026-04-01", "2026-07-01"),
        ("half-year", LotExpiry.AfterDays(0, LastDay.Included, PeriodEnd.HalfYear), "2026-07-01", "2027-01-01"),
        ("Yue Hwa before", new LotExpiry.OnDates([new(3, 31)], LastDay.Included), "2026-03-31", "2026-04-01"),
        ("Yue Hwa after", new LotExpiry.OnDates([new(3, 31)], LastDay.Included), "2026-04-01", "2027-04-01"),
        ("several dates", new LotExpiry.OnDates([new(6, 30), new(12, 31)], LastDay.Included), "2026-07-01", "2027-01-01"),
        ("date excluded", new LotExpiry.OnDates([new(3, 31)], LastDay.Excluded), "2026-03-31", "2027-03-31"),
        ("leap date", new LotExpiry.OnDates([new(2, 29)], LastDay.Included), "2026-02-01", "2026-03-01"),
    ];

    public static TheoryData<string> Ids => [.. Lives.Select(row => row.Id)];

    [Theory]
    [MemberData(nameof(Ids))]
    public void Units_are_gone_on_the_published_day(string id)
    {
        var (_, expiry, earned, gone) = Lives.Single(row => row.Id == id);
        var read = LoyaltyProgramJson.Read(LoyaltyProgramJson.Write(Points(expiry))).Units[0].Expiry;

        Assert.Equal(expiry, read);
        Assert.Equal(Day(gone), read.Of(Day(earned)));
    }

    [Fact]
    public async Task What_is_requested_in_July_and_credited_in_August_lives_from_August_KF2()
    {
        var program = Points(LotExpiry.AfterMonths(36, LastDay.Included, PeriodEnd.Month), Samples.Per(1, 1));
        var club = Club.Of(program with { Units = [program.Units[0] with { Activation = Activation.AfterDays(5) }, program.Units[1]] });
        club.On(2018, 7, 28);
        await club.Buys(100);
        club.At(Samples.Local(2018, 8, 2) - Duration.FromTicks(1));
        Assert.Equal(0, await club.Points());

        club.At(Samples.Local(2021, 9, 1) - Duration.FromTicks(1));
        Assert.Equal(100, await club.Points());
        club.At(Samples.Local(2021, 9, 1));
        Assert.Equal(0, await club.Points());
    }

    [Fact]
    public void What_runs_out_first_is_spent_first_SET13() =>
        Assert.Equal([new Lot(Samples.Local(2027, 6, 1), 100)], Left(Samples.Holding((100, Samples.Local(2027, 6, 1)), (100, Samples.Local(2027, 1, 1))), 100));

    [Fact]
    public void A_spend_goes_on_into_the_next_lot_SET15() =>
        Assert.Equal([new Lot(Samples.Local(2026, 2, 28), 30)], Left(Samples.Holding((50, Samples.Local(2026, 2, 28)), (50, Samples.Local(2026, 1, 31))), 70));

    [Fact]
    public void New_units_repay_a_debt_first_SET17()
    {
        var owing = Samples.Holding((50, null)).Take(80, intoDebt: true)?.Wallet.Issue(null, 100).Wallet;

        Assert.Equal((70, 0), (owing?.Available, owing?.Debt));
    }

    [Fact]
    public void What_runs_out_by_a_day_is_known_beforehand_SET18()
    {
        var wallet = Samples.Holding((100, Samples.Local(2026, 2, 1)), (200, Samples.Local(2026, 6, 1)), (50, null));

        Assert.Equal((100, 300), (wallet.ExpiringBy(Samples.Local(2026, 3, 1)), wallet.ExpiringBy(Samples.Local(2026, 7, 1))));
    }

    [Fact]
    public void Only_what_is_left_of_a_lot_runs_out_PTZ16()
    {
        var spent = Samples.Holding((400, Samples.Local(2026, 3, 1))).Take(150)?.Wallet ?? Wallet.Empty;

        Assert.Equal([-250], spent.Expire(Samples.Local(2026, 3, 1)).Movements.Select(movement => movement.Amount));
    }

    [Fact]
    public async Task Earned_and_spent_lots_run_out_with_what_is_left_of_them_OD11()
    {
        var club = Club.Of(Points(LotExpiry.AfterDays(90, LastDay.Included), Samples.Per(5, 1)));
        await club.Buys(115);
        await club.Redeems(500);
        Assert.Equal([75], await Lots(club));
        club.On(2026, 1, 16);
        await club.Buys(161);
        await club.Redeems(500);
        Assert.Equal([380], await Lots(club));

        // Day 90 of 90, and day 91.
        club.On(2026, 4, 16, 23);
        Assert.Equal(380, await club.Points());
        club.On(2026, 4, 17, 0);
        Assert.Equal(0, await club.Points());
    }

    [Fact]
    public async Task What_has_run_out_cannot_be_spent_OLs1()
    {
        var club = Club.Of(Points(LotExpiry.AfterDays(30, LastDay.Included), Samples.Per(1, 1)));
        await club.Buys(300);
        club.On(2026, 2, 10);
        await club.Buys(200);
        await club.Redeems(200);
        club.On(2026, 6, 1);

        Assert.Equal("insufficient-balance", (await club.Redeems(1)).Refusal?.Code);
    }

    [Fact]
    public async Task An_activity_moves_the_day_for_everything_that_idles_CX1_CX2()
    {
        var club = Club.Of(Points(new LotExpiry.WhenIdle(18, 0, LastDay.Excluded), Samples.Per(1, 1)));
        club.On(2020, 1, 1);
        await club.Buys(10_000);
        Assert.Equal(Samples.Local(2021, 7, 1), (await club.Membership()).Wallet("points").NextExpiry);
        club.On(2020, 3, 15);
        await club.Buys(3_000);

        club.At(Samples.Local(2021, 9, 15) - Duration.FromTicks(1));
        Assert.Equal(13_000, await club.Points());
        club.At(Samples.Local(2021, 9, 15));
        Assert.Equal(0, await club.Points());
        await club.RunDue();
        Assert.Equal([("idle", 13_000L), ("idle", -13_000L)], (await club.Ledger()).GroupBy(entry => entry.Movement).Select(kind => (kind.First().Lot, kind.Sum(entry => entry.Amount))));
    }

    [Fact]
    public async Task A_refund_is_no_activity_CX5()
    {
        var club = Club.Of(Points(new LotExpiry.WhenIdle(18, 0, LastDay.Excluded), Samples.Per(1, 1)));
        club.On(2020, 1, 1);
        await club.Buys(10_000);
        club.On(2020, 3, 15);
        await club.Buys(3_000, "pos:second");
        club.On(2020, 6, 1);
        await club.Returns("pos:second", 3_000);

        // Without the second purchase the first stays the last thing that the member did.
        Assert.Equal(Samples.Local(2021, 7, 1), (await club.Membership()).Wallet("points").NextExpiry);
    }

    [Fact]
    public async Task A_programme_says_what_an_activity_is()
    {
        var club = Club.Of(LoyaltyProgramJson.Read(LoyaltyProgramJson.Write(Points(new LotExpiry.WhenIdle(0, 30, LastDay.Included) { ByEarning = false, BySpending = false, On = ["visit"] }, Samples.Per(1, 1)))));
        await club.Buys(100);
        Assert.Equal(Samples.Local(2026, 2, 15), (await club.Membership()).Wallet("points").NextExpiry);
        club.On(2026, 1, 20);
        await club.Records(LoyaltyEvents.Visit("door:1", Samples.Amy));
        club.On(2026, 2, 1);
        await club.Redeems(10);

        Assert.Equal(Samples.Local(2026, 2, 20), (await club.Membership()).Wallet("points").NextExpiry);
        club.On(2026, 2, 20, 0);
        Assert.Equal(0, await club.Points());
    }

    [Fact]
    public async Task An_expiry_that_is_switched_on_begins_a_whole_span_before_the_first_lapse_LLN1()
    {
        var before = Points(LotExpiry.Never, Samples.Per(1, 1));
        var after = before with { Units = [before.Units[0] with { Expiry = new LotExpiry.WhenIdle(12, 0, LastDay.Excluded) }, before.Units[1]] };
        var club = new Club(new LoyaltyModule(new DefinitionCatalog<LoyaltyProgram>([before.Define(), after.Define(2, Samples.Local(2022, 3, 1))])));
        club.On(2020, 6, 1);
        await club.Buys(100);
        club.On(2022, 3, 1, 1);
        Assert.Null((await club.Membership()).Wallet("points").NextExpiry);

        await club.Records(LoyaltyEvents.AmendLots("desk:1", Samples.Amy, null, "expiry-switched-on", "terms-2022", "staff:1"));

        Assert.Equal(Samples.Local(2023, 3, 1), (await club.Membership()).Wallet("points").NextExpiry);
        club.On(2023, 3, 1, 0);
        Assert.Equal(0, await club.Points());
    }

    [Fact]
    public async Task Two_regimes_live_in_one_wallet_and_dated_lots_are_spent_first_CX2020()
    {
        var idle = Points(new LotExpiry.WhenIdle(18, 0, LastDay.Excluded), Samples.Per(1, 1));
        var dated = idle with { Units = [idle.Units[0] with { Expiry = LotExpiry.AfterMonths(36, LastDay.Included), Idle = new LotExpiry.WhenIdle(18, 0, LastDay.Excluded) }, idle.Units[1]] };
        var club = new Club(new LoyaltyModule(new DefinitionCatalog<LoyaltyProgram>([idle.Define(), dated.Define(2, Samples.Local(2026, 2, 1))])));
        await club.Buys(100);
        club.On(2026, 2, 1);
        await club.Buys(50);
        await club.Redeems(60);

        var wallet = (await club.Membership()).Wallet("points");
        Assert.Equal([(true, 90L)], wallet.Lots.Select(lot => (lot.Idles, lot.Amount)));
        Assert.Equal(Samples.Local(2027, 8, 1), wallet.IdleUntil);
    }

    [Fact]
    public async Task Units_run_out_on_the_anniversary_of_the_first_event()
    {
        var club = Club.Of(Points(new LotExpiry.OnAnniversary(1), Samples.Per(1, 1)));
        await club.Buys(10);
        club.On(2026, 12, 1);
        await club.Buys(10);
        club.On(2027, 1, 15);
        await club.Buys(5);

        Assert.Equal([new Lot(Samples.Local(2028, 1, 15), 5)], (await club.Membership()).Wallet("points").Lots);
    }

    [Fact]
    public async Task Units_run_out_on_the_anniversary_of_joining()
    {
        var club = Club.Of(Points(new LotExpiry.OnAnniversary(1), Samples.Per(1, 1)) with { Membership = new() { Enrolment = Enrolment.ByJoining, Welcome = [new UnitAmount("points", 3)] } });
        await club.Buys(10);
        club.On(2026, 3, 10);
        await club.Records(MemberEvents.Join("app:join", Samples.Amy));
        club.On(2026, 7, 1);
        await club.Buys(10);

        Assert.Equal([new Lot(Samples.Local(2027, 3, 10), 13)], (await club.Membership()).Wallet("points").Lots);
    }

    internal static LoyaltyProgram Points(LotExpiry expiry, params Crm.Loyalty.Rules.IEarningRule[] rules) => Samples.TeaClub with
    {
        Units = [new("points", UnitKind.Redeemable) { Expiry = expiry }, new("status", UnitKind.Status)],
        Rules = rules.ToSequence(),
        Ladders = [],
    };

    private static LocalDate Day(string text) => NodaTime.Text.LocalDatePattern.Iso.Parse(text).Value;

    private static IEnumerable<Lot> Left(Wallet wallet, long spent) => wallet.Take(spent)?.Wallet.Lots ?? [];

    private static async Task<IEnumerable<long>> Lots(Club club) => (await club.Membership()).Wallet("points").Lots.Select(lot => lot.Amount);
}
