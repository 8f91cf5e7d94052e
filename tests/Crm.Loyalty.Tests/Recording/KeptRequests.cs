using Crm.Conditions;
using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Simulation;
using Crm.Loyalty.Tests.Redemption;
using Crm.Loyalty.Wallets;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Loyalty.Tests.Recording;

/// <summary>Requests that are taken back in programmes without cascade: what they did themselves is undone, and what was decided later stays.</summary>
public sealed class KeptRequests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static LoyaltyProgram Program { get; } = RewardClub.Program(RewardClub.Mug with { Stocked = true }) with { Units = [.. RewardClub.Program().Units.Take(2)], Cascade = Cascade.None };

    [Fact]
    public async Task A_batch_is_taken_back_as_a_whole_A23()
    {
        var club = Club.Of(Program);
        var batch = new GrantBatch("power-cut", "goodwill", "staff:1", [(await club.Meets("ann"), 10), (await club.Meets("ben"), 20)]) { Unit = "points" };
        await batch.RunAsync(club.Engine, Cancel);
        await club.Records(LoyaltyEvents.Redeem("app:1", SpendAuthority.SignedIn(Identity.User("ann")), 4, unit: "points"));

        var undone = await batch.UndoAsync(club.Engine, Cancel);
        await batch.UndoAsync(club.Engine, Cancel);

        Assert.Equal((2, 30L), (undone.Customers, undone.Units));
        Assert.Equal((4, 0), ((await Of(club, "ann")).Wallet("points").Debt, (await Of(club, "ben")).Wallet("points").Balance));
        Assert.Equal(-4, (await club.Ledger()).Sum(entry => entry.Amount));
    }

    [Fact]
    public async Task A_backfill_is_undone_to_nothing_H2()
    {
        var club = Club.Of(Program);
        await club.Buys(100);
        var before = await Amy(club);
        var twice = Program with { Rules = [Samples.Per(2, 1), Program.Rules[1]] };
        var report = await ProgramSimulation.RunAsync(new() { Running = [Program], Candidate = twice, Until = club.Now }, club.Store, 1, Cancel);
        var plan = Backfill.Plan(report, "points", "double-past", "new-rule", "staff:1");
        Assert.Equal(100, (await plan.RunAsync(club.Engine, Cancel)).Units);

        Assert.Equal(100, (await plan.UndoAsync(club.Engine, Cancel)).Units);

        Assert.Equal(before, await Amy(club));
    }

    [Theory]
    [InlineData(DebtPolicy.Carry)]
    [InlineData(DebtPolicy.PendingOnly)]
    [InlineData(DebtPolicy.Reject)]
    public async Task A_backfill_is_undone_whatever_a_refund_would_be_content_with_H2(DebtPolicy debt)
    {
        var (program, club) = (Lifting(debt), Club.Of(Lifting(debt)));
        await club.Buys(100);
        var twice = program with { Rules = [program.Rules[0], Samples.Per(1, 1) with { Name = "status", Unit = "status", Points = 3 }, .. program.Rules.Skip(2)] };
        var report = await ProgramSimulation.RunAsync(new() { Running = [program], Candidate = twice, Until = club.Now }, club.Store, 1, Cancel);
        var plan = Backfill.Plan(report, "status", "triple-past", "new-rule", "staff:1");
        await plan.RunAsync(club.Engine, Cancel);
        Assert.Equal((170L, 300L), ((await Amy(club)).Wallet("points").Balance, (await Amy(club)).Wallet("status").Balance));
        await club.Redeems(170, unit: "points");

        await plan.UndoAsync(club.Engine, Cancel);

        Assert.Equal((-70L, 70L, 0L, 100L), ((await Amy(club)).Wallet("points").Balance, (await Amy(club)).Wallet("points").Debt, (await Amy(club)).Wallet("points").Shortfall, (await Amy(club)).Wallet("status").Balance));
    }

    [Fact]
    public async Task A_cancelled_redemption_gives_back_into_the_lots_that_it_drew_from()
    {
        var club = Club.Of(Program);
        await club.Buys(60);
        club.On(2026, 3, 20);
        await club.Buys(60);
        var before = (await Amy(club)).Wallet("points");
        await club.Records(LoyaltyEvents.Redeem("app:1", RewardClub.Authority, 80, unit: "points"));
        club.On(2026, 4, 1);

        var receipt = await Cancels(club, "app:1");

        Assert.Equal((before, 80), ((await Amy(club)).Wallet("points"), receipt.Total("points")));
        Assert.Equal(0, (await club.Ledger()).Where(entry => entry.Movement == Movement.Spent).Sum(entry => entry.Amount));
        Assert.All(receipt.Lines, line => Assert.True(line.AddsUp));
    }

    [Fact]
    public async Task What_has_run_out_meanwhile_runs_out_when_it_comes_back()
    {
        var club = Club.Of(Program);
        await club.Buys(60);
        await club.Records(LoyaltyEvents.Redeem("app:1", RewardClub.Authority, 60, unit: "points"));
        club.On(2027, 6, 1);

        await Cancels(club, "app:1");

        Assert.Equal(0, (await Amy(club)).Wallet("points").Available);
        Assert.Equal(-60, (await club.Ledger()).Where(entry => entry.Movement == Movement.Expired).Sum(entry => entry.Amount));
    }

    [Fact]
    public async Task What_came_back_before_does_not_come_back_twice()
    {
        var program = Program with { Units = [Program.Units[0] with { Returns = new(30, GoneLots.StillExpired) }, .. Program.Units.Skip(1)] };
        var club = Club.Of(program);
        await club.Buys(100);
        await club.Records(LoyaltyEvents.Redeem("app:1", RewardClub.Authority, 80, unit: "points"));
        await club.Records(LoyaltyEvents.Return("app:2", Samples.Amy, "app:1", 30));
        Assert.Equal(50, (await Amy(club)).Wallet("points").Available);

        await Cancels(club, "app:1");

        Assert.Equal(100, (await Amy(club)).Wallet("points").Available);
    }

    [Fact]
    public async Task A_cancelled_reward_gives_back_its_price_and_its_place_in_the_stock()
    {
        var club = Club.Of(Program);
        await club.Fills("reward.tea-club.mug", 5);
        await club.Buys(250);
        var before = await Amy(club);
        await club.Records(RewardEvents.Redeem("app:mug", RewardClub.Authority, "mug", 2));
        Assert.Equal(3, await club.Stock("reward.tea-club.mug"));

        var receipt = await Cancels(club, "app:mug");

        Assert.Equal((5, 250), (await club.Stock("reward.tea-club.mug"), (await Amy(club)).Wallet("points").Available));
        Assert.Equal(before.Wallet("points"), (await Amy(club)).Wallet("points"));
        Assert.Equal(0, (await Amy(club)).Rewards.Single().Taken);
        Assert.Contains(receipt.Lines, line => line is { Code: "reward-taken-back", Subject: "mug" });
    }

    [Fact]
    public async Task A_reward_whose_code_was_used_stays_and_stays_paid_for_and_another_comes_back_D9()
    {
        var form = new RewardCodeForm { Pattern = "TEA-####-####" };
        var club = Club.Of(Program with { Rewards = [RewardClub.Mug with { Stocked = true, Code = form }] });
        await club.Fills("reward.tea-club.mug", 5);
        await club.Buys(500);
        var (code, unused) = (form.New(), form.New());
        await club.Records(RewardEvents.Redeem("app:used", RewardClub.Authority, "mug", 2, code));
        await club.Records(RewardEvents.Redeem("app:kept", RewardClub.Authority, "mug", code: unused));
        await club.Records(RewardEvents.Use("pos:use", Samples.Amy, code));

        var receipt = await Cancels(club, "app:used");
        await Cancels(club, "app:kept");

        Assert.Contains(receipt.Lines, line => line is { Code: "reward-used", Subject: "mug" });
        Assert.Equal((300L, 3L, 2L), ((await Amy(club)).Wallet("points").Balance, await club.Stock("reward.tea-club.mug"), (await Amy(club)).Rewards.Single().Taken));
        foreach (var gone in new[] { code, unused })
        {
            Assert.Equal("unknown-code", (await club.Records(RewardEvents.Use(club.NextKey(), Samples.Amy, gone))).Refusal?.Code);
        }
    }

    [Theory]
    [InlineData(false, false, 200)]
    [InlineData(false, true, 100)]
    [InlineData(true, false, 200)]
    [InlineData(true, true, 100)]
    public async Task A_code_that_was_used_however_long_ago_was_used_D9(bool ends, bool used, long left)
    {
        var form = new RewardCodeForm { Pattern = "TEA-####-####" };
        var club = Club.Of(Program with
        {
            Units = [Program.Units[0] with { Expiry = LotExpiry.Never }, .. Program.Units.Skip(1)],
            Rewards = [RewardClub.Mug with { Code = form, CodeLife = ends ? LotExpiry.AfterDays(30, LastDay.Included) : null }],
        });
        await club.Buys(200);
        var (code, other) = (form.New(), form.New());
        await club.Records(RewardEvents.Redeem("app:mug", RewardClub.Authority, "mug", code: code));
        if (used)
        {
            await club.Records(RewardEvents.Use("pos:use", Samples.Amy, code));
        }

        club.At(club.Now + Duration.FromDays(KeptAward.RefundableDays + 32));
        await club.Buys(100);
        await club.Records(RewardEvents.Redeem("app:other", RewardClub.Authority, "mug", code: other));
        await club.Records(RewardEvents.Use("pos:other", Samples.Amy, other));
        Assert.Equal(used && !ends, (await Amy(club)).Rewards.Single().Used.Any(one => one.Code == code));
        if (used || ends)
        {
            Assert.Equal("unknown-code", (await club.Records(RewardEvents.Use("pos:again", Samples.Amy, code))).Refusal?.Code);
        }

        await Cancels(club, "app:mug");

        Assert.Equal(left, (await Amy(club)).Wallet("points").Balance);
    }

    [Fact]
    public async Task Codes_that_were_used_are_forgotten_some_time_after_their_end_so_no_more_are_kept_than_that_time_has_D9()
    {
        var form = new RewardCodeForm { Pattern = "TEA-####-####" };
        var club = Club.Of(Program with { Units = [Program.Units[0] with { Expiry = LotExpiry.Never }, .. Program.Units.Skip(1)], Rewards = [RewardClub.Mug with { Costs = [new("points", 1)], Code = form, CodeLife = LotExpiry.AfterDays(30, LastDay.Included) }] });
        await club.Buys(500);
        var most = 0;
        for (var week = 0; week < 200; week++)
        {
            var code = form.New();
            await club.Records(RewardEvents.Redeem($"app:{week}", RewardClub.Authority, "mug", code: code));
            await club.Records(RewardEvents.Use($"pos:use-{week}", Samples.Amy, code));
            club.At(club.Now + Duration.FromDays(7));
            most = Math.Max(most, (await Amy(club)).Rewards.Single().Used.Count);
        }

        Assert.InRange(most, 430 / 7, (431 / 7) + 2);
    }

    [Fact]
    public async Task What_rules_gave_for_a_reward_goes_though_its_code_was_used()
    {
        var form = new RewardCodeForm { Pattern = "TEA-####-####" };
        var bonus = new FixedPoints { Name = "thanks", Unit = "points", Points = 7, On = [LoyaltyNames.RewardIssued] };
        var club = Club.Of(Program with { Rules = [.. Program.Rules, bonus], Rewards = [RewardClub.Mug with { Code = form }] });
        await club.Buys(200);
        var code = form.New();
        await club.Records(RewardEvents.Redeem("app:mug", RewardClub.Authority, "mug", code: code));
        await club.Records(RewardEvents.Use("pos:use", Samples.Amy, code));
        Assert.Equal(107, (await Amy(club)).Wallet("points").Balance);

        await Cancels(club, "app:mug");

        Assert.Equal(100, (await Amy(club)).Wallet("points").Balance);
    }

    [Fact]
    public async Task A_cancelled_reservation_returns()
    {
        var club = Club.Of(Program);
        await club.Buys(100);
        var before = await Amy(club);
        await club.Reserves("till:1", 60);

        await Cancels(club, "till:1");

        Assert.Equal(before, await Amy(club));
    }

    [Fact]
    public async Task A_cancelled_gift_goes_back_to_the_giver()
    {
        var program = Program with { Units = [Program.Units[0] with { Transferable = true }, .. Program.Units.Skip(1)] };
        var club = Club.Of(program);
        await club.Buys(100);
        var ben = await club.Meets("ben");
        await club.Records(LoyaltyEvents.Transfer("app:gift", Samples.Amy, ben, 60, unit: "points"));
        await club.Pump();
        Assert.Equal((40L, 60L), ((await Amy(club)).Wallet("points").Balance, (await Of(club, "ben")).Wallet("points").Balance));

        await Cancels(club, "app:gift");
        await club.Pump();

        Assert.Equal((100L, 0L), ((await Amy(club)).Wallet("points").Balance, (await Of(club, "ben")).Wallet("points").Balance));
        Assert.Equal(0, (await club.Ledger()).Where(entry => entry.Movement == Movement.Transferred).Sum(entry => entry.Amount));
    }

    [Fact]
    public async Task What_stays_is_said()
    {
        var club = Club.Of(Program);
        await club.Buys(100);
        await club.Reserves("till:1", 60);
        await club.Captures("till:1");

        var receipt = await Cancels(club, "till:1");

        Assert.Contains(receipt.Lines, line => line is { Code: "not-undone", Subject: "till:1" });
        Assert.Equal(40, (await Amy(club)).Wallet("points").Available);
    }

    /// <summary>Whatever was earned, given, taken, spent and refunded, and whatever a refund would be content with, a request that is taken back right away leaves wallets and tiers as they were, with what rules gave because of it.</summary>
    [Fact]
    public void A_request_that_is_taken_back_at_once_leaves_nothing() => NothingLaw(Cancels).Check(Config.QuickThrowOnFailure.WithMaxTest(50));

    [Fact]
    public void A_cancellation_that_does_nothing_is_caught() => Counterfeits.Caught(() => NothingLaw((club, _) => club.Records(LoyaltyEvents.Visit("web:1", Samples.Amy))).Check(Config.QuickThrowOnFailure.WithMaxTest(50)));

    private static Property NothingLaw(Func<Club, string, ValueTask<Receipt>> cancels) => Prop.ForAll(Stories.ToArbitrary(), async Task<bool> (story) =>
    {
        var club = Club.Of(Lifting(story.Debt));
        await club.Fills("reward.tea-club.mug", 5);
        await club.Buys(1);
        foreach (var (what, amount, day) in story.Before)
        {
            club.At(Samples.Local(2026, 1, 15, 12) + Duration.FromDays(day));
            await club.Records(Request(what, amount, club.NextKey()));
        }

        var before = (await Amy(club)).Holdings;
        await club.Records(Request(story.What, story.Amount, "app:last"));
        await cancels(club, "app:last");

        Assert.Equal(before.Where(holding => holding.Wallet != Wallet.Empty), (await Amy(club)).Holdings.Where(holding => holding.Wallet != Wallet.Empty));
        Assert.Equal((await Amy(club)).Holdings.Sum(holding => holding.Wallet.Balance), (await club.Ledger()).Sum(entry => entry.Amount));
        return true;
    });

    /// <summary>Whatever was done since, a cancelled request and its cancellation together move nothing, unless the unit writes off what is missing.</summary>
    [Fact]
    public void A_request_and_its_cancellation_add_up_to_nothing() => BooksLaw(Cancels).Check(Config.QuickThrowOnFailure.WithMaxTest(50));

    [Fact]
    public void A_request_that_stays_in_the_books_is_caught() => Counterfeits.Caught(() => BooksLaw((club, _) => club.Records(LoyaltyEvents.Visit("web:1", Samples.Amy))).Check(Config.QuickThrowOnFailure.WithMaxTest(50)));

    private static Property BooksLaw(Func<Club, string, ValueTask<Receipt>> cancels) => Prop.ForAll(Stories.ToArbitrary(), async Task<bool> (story) =>
    {
        var club = Club.Of(Lifting(story.Debt));
        await club.Fills("reward.tea-club.mug", 5);
        await club.Buys(200);
        await club.Records(Request(story.What, story.Amount, "app:last"));
        foreach (var (what, amount, day) in story.Before)
        {
            club.At(Samples.Local(2026, 1, 15, 13) + Duration.FromDays(day));
            await club.Records(Request(what, amount, club.NextKey()));
        }

        await cancels(club, "app:last");

        var ledger = await club.Ledger();
        Assert.All(ledger.Where(entry => entry.Cause.ToString() is "app:last" or "desk:app-last" && entry.Lot != Lot.Shortfall).GroupBy(entry => entry.Unit), unit => Assert.True(unit.Sum(entry => entry.Amount) == 0 || story.Debt == DebtPolicy.ClampToZero));
        Assert.Equal((await Amy(club)).Holdings.Sum(holding => holding.Wallet.Balance), ledger.Sum(entry => entry.Amount));
        return true;
    });

    private static LoyaltyProgram Lifting(DebtPolicy debt) => Program with
    {
        Units = [.. Program.Units.Select(unit => unit with { Debt = debt })],
        Rules = [.. Program.Rules, Lifted],
        Ladders = [new() { Unit = "status", Tiers = [new("basic", 0), new("gold", 300)] }],
    };

    private static CustomerEvent Request(int what, int amount, string key) => what switch
    {
        0 => LoyaltyEvents.Adjust(key, Samples.Amy, amount, "test", "staff:1", unit: "points"),
        1 => LoyaltyEvents.Adjust(key, Samples.Amy, -amount, "test", "staff:1", unit: "points"),
        2 => LoyaltyEvents.Redeem(key, RewardClub.Authority, amount, unit: "points"),
        3 => RewardEvents.Redeem(key, RewardClub.Authority, "mug"),
        4 => LoyaltyEvents.Adjust(key, Samples.Amy, amount, "test", "staff:1", unit: "status"),
        5 => CustomerEvent.Refund(key, Samples.Amy, null, Money.Hkd(amount)),
        _ => CustomerEvent.Purchase(key, Samples.Amy, Money.Hkd(amount)),
    };

    private static FixedPoints Lifted { get; } = new() { Name = "lifted", Unit = "points", Points = 70, On = [LoyaltyNames.TierChanged], When = If.Field("event.to").Is("gold") };

    private static Gen<(List<(int What, int Amount, int Day)> Before, int What, int Amount, DebtPolicy Debt)> Stories =>
        from before in (from what in Gen.Choose(0, 8) from amount in Gen.Choose(1, 300) from day in Gen.Choose(0, 200) select (what, amount, day)).ListOf()
        from what in Gen.Choose(0, 4)
        from amount in Gen.Choose(1, 300)
        from debt in Gen.Elements(Enum.GetValues<DebtPolicy>())
        select (before.OrderBy(one => one.day).ToList(), what, amount, debt);

    private static ValueTask<Receipt> Cancels(Club club, string original) =>
        club.Records(new CustomerEvent { Key = EventKey.Parse($"desk:{original.Replace(':', '-')}"), Kind = EventKinds.CancellationName, Identity = Samples.Amy, Original = EventKey.Parse(original) });

    private static async Task<Membership> Amy(Club club) => (await club.Amy()).Slot<LoyaltyState>(LoyaltyNames.KeepingModule).In("tea-club");

    private static async Task<Membership> Of(Club club, string other) => (await club.Reads(Identity.User(other)))?.Slot<LoyaltyState>(LoyaltyNames.KeepingModule).In("tea-club") ?? throw new InvalidOperationException($"Nobody is called {other}.");
}
