using Crm.Events;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Tests.Recording;
using Crm.Loyalty.Tiers;
using Crm.Loyalty.Wallets;
using Crm.Modules;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Loyalty.Tests.Tiers;

/// <summary>Refunds in programmes without cascade take status units off the day, or out of the window, in which they were counted.</summary>
public sealed class KeptTiers
{
    private static readonly QualificationWindow[] Windows =
    [
        new QualificationWindow.Rolling(12),
        new QualificationWindow.Rolling(0, 40),
        QualificationWindow.CalendarYear,
        new QualificationWindow.Calendar(CalendarUnit.Month),
        new QualificationWindow.Calendar(CalendarUnit.Quarter),
        new QualificationWindow.Anniversary(2),
        new QualificationWindow.Cycle(new LocalDate(2025, 4, 10), 3),
        QualificationWindow.Lifetime,
    ];

    [Fact]
    public async Task A_refunded_purchase_leaves_a_rolling_window_when_it_would_have_left_E2()
    {
        var club = Climbing(Hundreds(new QualificationWindow.Rolling(12)));
        club.On(2027, 1, 10);
        await club.Buys(600, "pos:first");
        club.On(2027, 12, 1);
        await club.Returns("pos:first", 600);
        Assert.Equal("basic", await club.Tier());
        club.On(2027, 12, 15);
        await club.Buys(600);

        club.On(2028, 1, 11);
        Assert.Equal("gold", await club.Tier());
        club.On(2028, 12, 14);
        Assert.Equal("gold", await club.Tier());
        club.On(2028, 12, 15);
        Assert.Equal("basic", await club.Tier());
    }

    [Fact]
    public async Task A_refund_in_the_new_year_takes_the_tier_of_the_old_one_and_nothing_of_the_new_E2()
    {
        var ladder = Hundreds(QualificationWindow.CalendarYear);
        var club = Climbing(ladder);
        club.On(2026, 12, 30);
        await club.Buys(600, "pos:first");
        club.On(2027, 1, 5);
        Assert.Equal("gold", await club.Tier());

        await club.Returns("pos:first", 600);

        Assert.Equal(("basic", 0L), (await club.Tier(), (await Standing(club, ladder)).Counted));
        await club.Buys(500);
        Assert.Equal("gold", await club.Tier());
    }

    [Fact]
    public async Task A_tier_that_the_rest_of_the_old_year_reaches_stays()
    {
        var club = Climbing(Hundreds(QualificationWindow.CalendarYear));
        club.On(2026, 12, 30);
        await club.Buys(600, "pos:first");
        club.On(2027, 1, 5);

        await club.Returns("pos:first", 100);
        Assert.Equal("gold", await club.Tier());
        await club.Returns("pos:first", 1);
        Assert.Equal("silver", await club.Tier());
        await club.Returns("pos:first", 300);

        Assert.Equal("basic", await club.Tier());
    }

    [Fact]
    public async Task A_tier_year_that_was_begun_by_what_came_back_never_began()
    {
        var ladder = Hundreds(new QualificationWindow.SinceTierStart()) with { Validity = new TierValidity.Fixed(12, 0, LastDay.Included) };
        var club = Climbing(ladder);
        await club.Buys(100);
        club.On(2026, 2, 1);
        await club.Buys(450, "pos:second");
        club.On(2026, 3, 1);
        await club.Buys(50);
        Assert.Equal(("gold", 50L), (await club.Tier(), (await Standing(club, ladder)).Counted));

        await club.Returns("pos:second", 450);

        Assert.Equal(("basic", 150L), (await club.Tier(), (await Standing(club, ladder)).Counted));
        await club.Buys(350);
        Assert.Equal("gold", await club.Tier());
    }

    [Fact]
    public async Task What_a_closed_year_carried_over_shrinks_with_it()
    {
        var ladder = Hundreds(QualificationWindow.CalendarYear) with { Rollover = Rollover.Surplus };
        var club = Climbing(ladder);
        club.On(2026, 12, 30);
        await club.Buys(800, "pos:first");
        club.On(2027, 1, 5);
        await club.Buys(10);
        Assert.Equal(310, (await Standing(club, ladder)).Counted);

        await club.Returns("pos:first", 200);

        Assert.Equal(("gold", 110L), (await club.Tier(), (await Standing(club, ladder)).Counted));
    }

    [Fact]
    public async Task Units_given_by_hand_are_taken_off_where_they_were_counted_when_they_are_cancelled()
    {
        var ladder = Hundreds(QualificationWindow.CalendarYear);
        var club = Climbing(ladder);
        club.On(2026, 12, 30);
        await club.Records(LoyaltyEvents.Adjust("desk:1", Samples.Amy, 600, "goodwill", "staff:1", unit: "status"));
        club.On(2027, 1, 5);

        await club.Records(new CustomerEvent { Key = EventKey.Parse("desk:2"), Kind = EventKinds.CancellationName, Identity = Samples.Amy, Original = EventKey.Parse("desk:1") });

        Assert.Equal(("basic", 0L), (await club.Tier(), (await Standing(club, ladder)).Counted));
    }

    [Fact]
    public void Windows_that_are_over_are_written_and_read_back()
    {
        var standing = new TierStanding { Ladder = "tier", Past = [new PastCount(null, Samples.Local(2026, 1, 1), 7), new PastCount(Samples.Local(2026, 1, 1), Samples.Local(2027, 1, 1), 600)] };
        var writer = new SlotWriter();
        TierStandingCodec.Write(standing, writer);
        var reader = new SlotReader(writer.Written.ToArray());

        Assert.Equal(standing, TierStandingCodec.Read(ref reader));
    }

    /// <summary>Where later units hang on no tier, a refund leaves the tier, today and later, that deciding history again leaves.</summary>
    [Fact]
    public void A_refund_leaves_the_tiers_that_deciding_history_again_leaves() => SameLaw((club, amount) => club.Returns("till:0", amount)).Check(Config.QuickThrowOnFailure.WithMaxTest(150));

    /// <summary>The counterfeit counts what comes back on the day on which it comes back, as staff do who take units.</summary>
    [Fact]
    public void Counting_a_refund_on_its_own_day_is_caught() =>
        Counterfeits.Caught(() => SameLaw((club, amount) => club.Records(LoyaltyEvents.Adjust("desk:1", Samples.Amy, -amount, "refund", "staff:1", unit: "status"))).Check(Config.QuickThrowOnFailure.WithMaxTest(150)));

    private static Property SameLaw(Func<Club, long, ValueTask<Receipt>> refunds) => Prop.ForAll(Stories.ToArbitrary(), async Task<bool> (story) =>
    {
        var ladder = Hundreds(story.Window) with { Start = story.Start, Rollover = story.Rollover };
        Assert.Equal(await Tiers(Club.Of(Program(ladder)), story, (club, amount) => club.Returns("till:0", amount)), await Tiers(Climbing(ladder), story, refunds));
        return true;
    });

    private static async Task<string> Tiers(Club club, Story story, Func<Club, long, ValueTask<Receipt>> refunds)
    {
        club.At(On(0, -1));
        await club.Buys(1, "till:born");
        foreach (var (day, amount, number) in story.Orders)
        {
            club.At(On(day, number));
            await club.Buys(amount, $"till:{number}");
        }

        club.At(On(story.RefundDay, 500));
        await refunds(club, Math.Min(story.Refund, story.Orders[0].Amount));
        var tiers = new List<string?>();
        foreach (var later in new[] { 0, 1, 20, 35, 60, 90, 150, 200, 300, 366, 500, 800 })
        {
            club.At(On(story.RefundDay + later, 501));
            tiers.Add(await club.Tier());
        }

        return string.Join(' ', tiers);
    }

    private static Gen<Story> Stories =>
        from window in Gen.Elements(Windows)
        from start in Gen.Elements(TierStart.AtOnce, TierStart.NextPeriod)
        from rollover in Gen.Elements(Rollover.None, Rollover.Surplus)
        from orders in (from day in Gen.Choose(0, 200) from amount in Gen.Elements(50, 150, 200, 450, 500, 600, 900) select (day, amount)).NonEmptyListOf()
        from refund in Gen.Elements(50, 100, 450, 900)
        from after in Gen.Choose(0, 150)
        let ordered = orders.OrderBy(order => order.day).Take(6).Select((order, number) => (order.day, (long)order.amount, number)).ToList()
        let hasPeriods = window is not (QualificationWindow.Rolling or QualificationWindow.Always)
        select new Story(window, hasPeriods ? start : TierStart.AtOnce, hasPeriods ? rollover : Rollover.None, ordered, refund, ordered[^1].day + after);

    private static Instant On(int day, int minute) => Samples.Local(2026, 3, 25, 12) + Duration.FromDays(day) + Duration.FromMinutes(minute);

    private static TierLadder Hundreds(QualificationWindow window) => new() { Unit = "status", Window = window, Tiers = [new("basic", 0), new("silver", 200), new("gold", 500)] };

    private static LoyaltyProgram Program(TierLadder ladder) => Ladders.Program(ladder);

    private static Club Climbing(TierLadder ladder) => Club.Of(Program(ladder) with { Cascade = Cascade.None });

    private static async Task<TierStanding> Standing(Club club, TierLadder ladder) =>
        (await club.Amy()).Slot<LoyaltyState>(LoyaltyNames.KeepingModule).In("tea-club").Standing(ladder.Name) ?? throw new InvalidOperationException("Nothing was counted.");

    private sealed record Story(QualificationWindow Window, TierStart Start, Rollover Rollover, List<(int Day, long Amount, int Number)> Orders, long Refund, int RefundDay);
}
