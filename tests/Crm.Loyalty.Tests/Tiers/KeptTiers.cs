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
using Outcome = Crm.Modules.Outcome;

namespace Crm.Loyalty.Tests.Tiers;

/// <summary>Refunds in programmes without cascade take status units off the day, or out of the window, in which they were counted.</summary>
public sealed class KeptTiers
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(Environment.GetEnvironmentVariable("CRM_LONG") == "1" ? 3_000 : 200);

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
        new QualificationWindow.SinceTierStart(),
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
    public void What_was_counted_when_is_written_and_read_back()
    {
        var before = new TierStanding { Ladder = "tier", Counted = 7, Held = [new TierHold("gold", Samples.Local(2026, 1, 1), null)] };
        var standing = new TierStanding { Ladder = "tier", Counts = [new TierCount(Samples.Local(2026, 1, 1), 600) { Less = 7, Without = ["gold"] }, new TierCount(Samples.Local(2026, 2, 1), -5)], Before = before };
        standing = standing with { Answers = [new TierAnswer(Instant.MinValue, ["gold", "silver"]), new TierAnswer(Samples.Local(2026, 1, 15), []) { IsDue = true, Looks = true }] };
        var writer = new SlotWriter();
        TierStandingCodec.Write(standing, writer);
        var reader = new SlotReader(writer.Written.ToArray());

        Assert.Equal(standing, TierStandingCodec.Read(ref reader));
        Assert.True(reader.AtEnd);
    }

    [Fact]
    public void A_standing_of_before_counts_were_kept_is_still_read()
    {
        var writer = new SlotWriter();
        writer.Text("tier");
        writer.Date(new LocalDate(2026, 1, 1));
        writer.Instant(default(Instant?));
        writer.Whole(70);
        writer.Text("basic");
        writer.Whole(0);
        writer.Whole(16);
        writer.Whole(1);
        writer.Instant(default(Instant?));
        writer.Instant(Samples.Local(2026, 1, 1));
        writer.Whole(600);
        var reader = new SlotReader(writer.Written.ToArray());

        Assert.Equal(new TierStanding { Ladder = "tier", Joined = new LocalDate(2026, 1, 1), Counted = 70, Tier = "basic" }, TierStandingCodec.Read(ref reader));
        Assert.True(reader.AtEnd);
    }

    /// <summary>What was counted in a state of before counts were kept can be taken back as long as its window is open.</summary>
    [Fact]
    public async Task A_refund_of_what_an_older_state_counted_is_taken_off_its_open_window()
    {
        var ladder = Hundreds(QualificationWindow.CalendarYear);
        var module = new LoyaltyModule(Program(ladder) with { Cascade = Cascade.None });
        var club = new Club(new Older(module));
        await club.Buys(600, "pos:first");
        club.StartsAgainWith(module);
        await club.Buys(100);

        await club.Returns("pos:first", 450);

        Assert.Equal(("silver", 250L), (await club.Tier(), (await Standing(club, ladder)).Counted));
    }

    /// <summary>Counts that are too old to be taken back are where the climb begins, and change nothing.</summary>
    [Fact]
    public async Task What_is_too_old_to_be_taken_back_counts_all_the_same()
    {
        var ladder = Hundreds(QualificationWindow.Lifetime);
        var club = Climbing(ladder);
        await club.Buys(300, "pos:old");
        club.On(2028, 1, 1);
        await club.Buys(250, "pos:new");
        Assert.Equal(("gold", 300L, 1), (await club.Tier(), (await Standing(club, ladder)).Before?.Counted, (await Standing(club, ladder)).Counts.Count));

        await club.Returns("pos:new", 100);

        Assert.Equal(("silver", 450L), (await club.Tier(), (await Standing(club, ladder)).Counted));
    }

    /// <summary>Laws (b) and (c), and more: in however many pieces and whichever order purchases come back, the tiers left, today and later, are those that deciding history again leaves, where later units hang on no tier.</summary>
    [Fact]
    public void Refunds_leave_the_tiers_that_deciding_history_again_leaves() => SameLaw((club, order, amount) => club.Returns(order, amount)).Check(Thorough);

    /// <summary>The counterfeit counts what comes back on the day on which it comes back, as staff do who take units.</summary>
    [Fact]
    public void Counting_a_refund_on_its_own_day_is_caught() =>
        Counterfeits.Caught(() => SameLaw((club, _, amount) => club.Records(LoyaltyEvents.Adjust(club.NextKey(), Samples.Amy, -amount, "refund", "staff:1", unit: "status"))).Check(Thorough));

    private static Property SameLaw(Func<Club, string, long, ValueTask<Receipt>> refunds) => Prop.ForAll(Stories.ToArbitrary(), async Task<bool> (story) =>
    {
        var ladder = Hundreds(story.Window) with { Start = story.Start, Rollover = story.Rollover, Validity = story.Validity };
        var pieces = story.Refunds.SelectMany(refund => new[] { (refund.Number, refund.Amount - (refund.Amount / 3)), (refund.Number, refund.Amount / 3) }).OrderBy(piece => (piece.Number * 7) + piece.Item2);
        Assert.Equal(await Tiers(Club.Of(Program(ladder)), story, story.Refunds, (club, order, amount) => club.Returns(order, amount)), await Tiers(Climbing(ladder), story, pieces, refunds));
        return true;
    });

    private static async Task<string> Tiers(Club club, Story story, IEnumerable<(int Number, long Amount)> back, Func<Club, string, long, ValueTask<Receipt>> refunds)
    {
        club.At(On(0, -1));
        await club.Buys(1, "till:born");
        foreach (var (day, amount, number) in story.Orders)
        {
            club.At(On(day, number));
            await club.Buys(amount, $"till:{number}");
        }

        club.At(On(story.RefundDay, 500));
        foreach (var (number, amount) in back)
        {
            await refunds(club, $"till:{number}", amount);
        }

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
        from orders in (from day in Gen.Choose(0, 200) from amount in Gen.Elements(50, 150, 200, 450, 500, 600, 900) from refund in Gen.Elements(0, 0, 50, 100, 450, 900) select (day, amount, refund)).NonEmptyListOf()
        from after in Gen.Choose(0, 150)
        let ordered = orders.OrderBy(order => order.day).Take(6).Select((order, number) => (order.day, (long)order.amount, number)).ToList()
        let refunds = orders.OrderBy(order => order.day).Take(6).Select((order, number) => (number, (long)Math.Min(order.refund, order.amount))).Where(refund => refund.Item2 > 0).ToList()
        let hasPeriods = window is not (QualificationWindow.Rolling or QualificationWindow.Always or QualificationWindow.SinceTierStart)
        let starts = hasPeriods ? start : TierStart.AtOnce
        from validity in window is QualificationWindow.SinceTierStart ? Gen.Constant<TierValidity?>(ThreeMonths)
            : Gen.Elements(null, null, window is QualificationWindow.Rolling ? ThreeMonths : starts == TierStart.AtOnce ? TierLadder.WhileQualified : null)
        select new Story(window, validity, starts, hasPeriods || window is QualificationWindow.SinceTierStart ? rollover : Rollover.None, ordered, refunds, ordered[^1].day + after);

    private static TierValidity ThreeMonths { get; } = new TierValidity.Fixed(3, 0, LastDay.Included);

    private static Instant On(int day, int minute) => Samples.Local(2026, 3, 25, 12) + Duration.FromDays(day) + Duration.FromMinutes(minute);

    private static TierLadder Hundreds(QualificationWindow window) => new() { Unit = "status", Window = window, Tiers = [new("basic", 0), new("silver", 200), new("gold", 500)] };

    private static LoyaltyProgram Program(TierLadder ladder) => Ladders.Program(ladder);

    private static Club Climbing(TierLadder ladder) => Club.Of(Program(ladder) with { Cascade = Cascade.None });

    private static async Task<TierStanding> Standing(Club club, TierLadder ladder) =>
        (await club.Amy()).Slot<LoyaltyState>(LoyaltyNames.KeepingModule).In("tea-club").Standing(ladder.Name) ?? throw new InvalidOperationException("Nothing was counted.");

    private sealed record Story(QualificationWindow Window, TierValidity? Validity, TierStart Start, Rollover Rollover, List<(int Day, long Amount, int Number)> Orders, List<(int Number, long Amount)> Refunds, int RefundDay);

    /// <summary>Keeps no counts.</summary>
    private sealed class Older(LoyaltyModule inner) : CustomerModule<LoyaltyState>
    {
        public override ModuleContract Contract => inner.Contract;

        protected override Outcome Handle(LoyaltyState state, ModuleContext context) =>
            ((ICustomerModule)inner).Handle(state, context) is var outcome && outcome is Outcome.Accepted { State: LoyaltyState next } accepted && next.In("tea-club") is var membership
                ? accepted with { State = next.With(membership with { Standings = membership.Standings.Select(standing => standing with { Counts = [], Before = null }).ToSequence() }) }
                : outcome;
    }
}
