using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Members;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Stamps;
using Crm.Loyalty.Tests.Recording;
using Crm.Loyalty.Tiers;
using Crm.Loyalty.Wallets;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Tests.Redemption;

/// <summary>Rewards and what is set aside, through the engine.</summary>
public sealed class Rewards
{
    public static TheoryData<RewardKind, string, string, Scalar> Kinds => new()
    {
        { new RewardKind.Discount(Money.Hkd(10)), "discount", "amount", 20 },
        { new RewardKind.Percentage(15, Money.Hkd(50)), "percentage", "percent", 15 },
        { new RewardKind.FreeItem("tea", 2), "free-item", "quantity", 4 },
        { new RewardKind.GiftCard(Money.Hkd(100)), "gift-card", "amount", 200 },
        { new RewardKind.Physical("mug-1"), "physical", "sku", "mug-1" },
        { new RewardKind.Units(new UnitAmount("stars", 3)), "units", "amount", 6 },
        { new RewardKind.Cashback(Money.Hkd(5)), "cashback", "amount", 10 },
        { new RewardKind.Shipping(), "shipping", "times", 2 },
        { new RewardKind.Custom(new Tree()), "tree", "trees", 2 },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Every_kind_is_paid_for_and_told_with_what_it_gives(RewardKind kind, string code, string field, Scalar value)
    {
        var heard = new EchoTrap(LoyaltyNames.RewardIssued);
        var club = new Club(new LoyaltyModule(RewardClub.Program(RewardClub.Mug with { Kind = kind })), heard);
        await club.Buys(500);
        var receipt = await club.Takes("mug", kind is RewardKind.FreeItem ? 4 : 2);

        Assert.Equal((code, value), (heard.Last[(string)"kind"].AsCode!, heard.Last[field]));
        Assert.Equal((300L, -200L), (await club.Points(), receipt.Total("points")));
        Assert.Equal(kind is RewardKind.Units ? 6 : 0, (await club.Membership()).Wallet("stars").Available);
        Assert.All(receipt.Lines, line => Assert.NotEmpty(LoyaltyTexts.Describe(line).English));
    }

    [Fact]
    public async Task The_first_price_that_is_for_a_member_is_theirs_and_no_other_is_tried()
    {
        var mug = RewardClub.Mug with { Costs = [new("points", 50) { When = RewardClub.Gold }, new("stars", 10) { When = If.Hours(new(2, 0), new(3, 0)) }, new("points", 100)] };
        var club = RewardClub.With(mug);
        await club.Buys(200);
        await club.Takes("mug");
        Assert.Equal(100, await club.Points());
        await club.Buys(1_000);
        await club.Takes("mug");
        Assert.Equal(1_050, await club.Points());
    }

    [Fact]
    public async Task Nobody_for_whom_there_is_no_price_gets_it()
    {
        var club = RewardClub.With(RewardClub.Mug with { Costs = [new("points", 50) { When = RewardClub.Gold }] });
        await club.Buys(200);

        Assert.Equal("no-matching-cost", (await club.Takes("mug")).Refusal?.Code);
    }

    [Fact]
    public async Task The_last_one_in_stock_goes_to_one_of_fifty_customers()
    {
        var club = RewardClub.With(RewardClub.Mug with { Stocked = true });
        await club.Fills(LoyaltyNames.StockOf("tea-club", "mug"), 1);
        var customers = Enumerable.Range(0, 50).Select(number => Identity.User($"guest-{number}")).ToList();
        foreach (var customer in customers)
        {
            await club.Records(CustomerEvent.Purchase(club.NextKey(), customer, Money.Hkd(100)));
        }

        var receipts = await Task.WhenAll(customers.Select((customer, number) =>
            Task.Run(async () => await club.Records(RewardEvents.Redeem($"app:{number}", SpendAuthority.SignedIn(customer), "mug")))));

        Assert.Single(receipts, receipt => receipt.Accepted);
        Assert.All(receipts.Where(receipt => !receipt.Accepted), receipt => Assert.Equal("out-of-stock", receipt.Refusal?.Code));
        Assert.Equal(0, await club.Stock(LoyaltyNames.StockOf("tea-club", "mug")));
    }

    [Fact]
    public async Task A_cancelled_redemption_gives_back_units_to_their_lot_and_the_stock()
    {
        var club = RewardClub.With(RewardClub.Mug with { Stocked = true });
        await club.Fills(LoyaltyNames.StockOf("tea-club", "mug"), 3);
        await club.Buys(100);
        var before = await club.Membership();
        club.On(2026, 2, 1);
        await club.Records(RewardEvents.Redeem("app:mug", RewardClub.Authority, "mug"));
        await club.Records(new CustomerEvent { Key = EventKey.Parse("app:undo"), Kind = EventKinds.CancellationName, Identity = Samples.Amy, Original = EventKey.Parse("app:mug") });

        Assert.Equal(before, await club.Membership());
        Assert.Equal(3, await club.Stock(LoyaltyNames.StockOf("tea-club", "mug")));
    }

    [Theory]
    [InlineData(RewardSpan.Ever, false)]
    [InlineData(RewardSpan.Month, true)]
    public async Task A_member_gets_so_many(RewardSpan per, bool nextMonth)
    {
        var club = RewardClub.With(RewardClub.Mug with { MostPerMember = 1, Per = per });
        await club.Buys(500);
        Assert.True((await club.Takes("mug")).Accepted);
        Assert.Equal("limit-reached", (await club.Takes("mug")).Refusal?.Code);
        club.On(2026, 2, 1);
        Assert.Equal(nextMonth, (await club.Takes("mug")).Accepted);
    }

    [Fact]
    public async Task A_reward_is_there_in_its_hours_and_an_offer_says_all_that_is_in_the_way()
    {
        var module = new LoyaltyModule(RewardClub.Program(RewardClub.Mug with { When = If.Hours(new(14, 0), new(17, 0)), Stocked = true }));
        var club = new Club(module);
        await club.Buys(30);

        var offer = module.Show(await club.Amy(), _ => 0)[0].Rewards[0];
        Assert.Equal(["reward-inactive", "out-of-stock", "insufficient-balance"], offer.Reasons.Select(reason => reason.Code));
        Assert.Equal(70, offer.Reasons[2].Missing);
        Assert.Equal("reward-inactive", (await club.Takes("mug")).Refusal?.Code);

        club.On(2026, 1, 15, 15);
        Assert.Equal(["insufficient-balance"], module.Show(await club.Amy(), _ => 9)[0].Rewards[0].Reasons.Select(reason => reason.Code));
    }

    [Fact]
    public async Task An_offer_looks_at_a_suspended_membership_and_at_who_is_no_member_G8()
    {
        var module = new LoyaltyModule(RewardClub.Program(RewardClub.Mug));
        var club = new Club(module);
        await club.Buys(30);
        await club.Records(MemberEvents.Suspend(club.NextKey(), Samples.Amy, "fraud", "staff:17"));

        var suspended = module.Show(await club.Amy())[0].Rewards[0];
        Assert.Equal([ReasonCodes.MembershipSuspended, ReasonCodes.InsufficientBalance], suspended.Reasons.Select(reason => reason.Code));
        Assert.Equal(suspended.Reasons[0].Code, (await club.Takes("mug")).Refusal?.Code);

        var closed = new LoyaltyModule(RewardClub.Program(RewardClub.Mug) with { Membership = new() { Enrolment = Enrolment.ByJoining } });
        var other = new Club(closed);
        await other.Buys(30);
        Assert.Equal([ReasonCodes.NotAMember, ReasonCodes.InsufficientBalance], closed.Show(await other.Amy())[0].Rewards[0].Reasons.Select(reason => reason.Code));
    }

    [Fact]
    public async Task A_code_is_made_by_the_host_kept_by_its_owner_and_used_once()
    {
        var form = new RewardCodeForm { Pattern = "TEA-####-####" };
        var club = RewardClub.With(RewardClub.Mug with { Code = form, CodeLife = LotExpiry.AfterDays(30, LastDay.Included) });
        var bob = Identity.User("bob");
        await club.Buys(500);
        await club.Records(CustomerEvent.Purchase(club.NextKey(), bob, Money.Hkd(500)));
        var code = form.New();
        Assert.Equal((40.0, true, false), (form.EntropyBits, form.Fits(code), form.Fits(code.ToLowerInvariant())));

        Assert.Equal("code-missing", (await club.Takes("mug")).Refusal?.Code);
        Assert.Equal("code-invalid", (await club.Takes("mug", code: "TEA-1")).Refusal?.Code);
        Assert.True((await club.Takes("mug", code: code)).Accepted);
        Assert.Equal("code-given", (await club.Takes("mug", code: code)).Refusal?.Code);
        Assert.False((await club.Records(RewardEvents.Redeem(club.NextKey(), SpendAuthority.SignedIn(bob), "mug", code: code))).Accepted);
        Assert.Equal("unknown-code", (await club.Records(RewardEvents.Use(club.NextKey(), bob, code))).Refusal?.Code);
        Assert.True((await club.Records(RewardEvents.Use(club.NextKey(), Samples.Amy, code))).Accepted);
        Assert.Equal("unknown-code", (await club.Records(RewardEvents.Use(club.NextKey(), Samples.Amy, code))).Refusal?.Code);
    }

    [Fact]
    public async Task A_code_that_the_member_has_or_has_used_is_handed_over_with_no_reservation_either()
    {
        var form = new RewardCodeForm { Pattern = "TEA-####-####" };
        var club = RewardClub.With(RewardClub.Mug with { Costs = [new("points", 50)], Code = form });
        await club.Buys(250);
        var (code, other) = (form.New(), form.New());
        await club.Takes("mug", code: code);
        await club.Records(RewardEvents.ReserveReward("app:r", RewardClub.Authority, "mug", Duration.FromDays(1)));

        Assert.Equal("code-given", (await club.Records(RewardEvents.Capture("app:one", Samples.Amy, "app:r", code: code))).Refusal?.Code);
        await club.Records(RewardEvents.Use("pos:use", Samples.Amy, code));
        Assert.Equal("code-given", (await club.Records(RewardEvents.Capture("app:two", Samples.Amy, "app:r", code: code))).Refusal?.Code);
        Assert.True((await club.Records(RewardEvents.Capture("app:three", Samples.Amy, "app:r", code: other))).Accepted);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_reward_whose_code_was_used_stays_and_is_paid_for_when_its_redemption_is_taken_back_D9(bool captured)
    {
        var form = new RewardCodeForm { Pattern = "TEA-####-####" };
        var program = RewardClub.Program(RewardClub.Mug with { Name = "cup", Costs = [new("points", 30)], Code = form }, RewardClub.Mug with { Stocked = true, Code = form });
        var club = Club.Of(program);
        await club.Fills("reward.tea-club.mug", 5);
        await club.Buys(250);
        var (code, unused) = (form.New(), form.New());
        var given = captured ? "app:take" : "app:mug";
        await club.Records(captured ? RewardEvents.ReserveReward("app:r", RewardClub.Authority, "mug", Duration.FromDays(1), 2) : RewardEvents.Redeem("app:mug", RewardClub.Authority, "mug", 2, code));
        if (captured)
        {
            await club.Records(RewardEvents.Capture("app:take", Samples.Amy, "app:r", code: code));
        }

        await club.Records(RewardEvents.Redeem("app:cup", RewardClub.Authority, "cup", code: unused));
        await club.Records(RewardEvents.Use("pos:use", Samples.Amy, code));
        foreach (var taken in new[] { given, "app:cup" })
        {
            await club.Records(new CustomerEvent { Key = EventKey.Parse(club.NextKey()), Kind = EventKinds.CancellationName, Identity = Samples.Amy, Original = EventKey.Parse(taken) });
        }

        // What was handed out is paid for; the cup, whose code nobody used, comes back.
        var membership = await club.Membership();
        var setAside = captured ? 200 : 0;
        Assert.Equal((50L - setAside, setAside, 2L), (membership.Wallet("points").Balance, membership.Reserved("points"), membership.Rewards.Single(reward => reward.Reward == "mug").Taken));
        Assert.Equal(captured ? 1 : 3, await club.Stock("reward.tea-club.mug"));
        Assert.Equal(0, membership.Rewards.SingleOrDefault(reward => reward.Reward == "cup")?.Taken ?? 0);
        Assert.Equal(["unknown-code", "unknown-code"], new[] { code, unused }.Select(one => club.Records(RewardEvents.Use(club.NextKey(), Samples.Amy, one)).AsTask().GetAwaiter().GetResult().Refusal?.Code));
        Assert.Empty(await club.Differences(new LoyaltyModule(program)));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task A_reward_whose_code_was_used_however_long_ago_is_paid_for_when_its_redemption_is_taken_back_D9(bool ends, bool used)
    {
        var form = new RewardCodeForm { Pattern = "TEA-####-####" };
        var program = RewardClub.Program(RewardClub.Mug with { Code = form, CodeLife = ends ? LotExpiry.AfterDays(30, LastDay.Included) : null });
        program = program with { Units = [program.Units[0] with { Expiry = LotExpiry.Never }, .. program.Units.Skip(1)] };
        var club = Club.Of(program);
        await club.Buys(600, "pos:sale");
        var code = form.New();
        await club.Records(RewardEvents.Redeem("app:mug", RewardClub.Authority, "mug", code: code));
        if (used)
        {
            await club.Records(RewardEvents.Use("pos:use", Samples.Amy, code));
        }

        async Task UsesAnother()
        {
            var other = form.New();
            club.At(club.Now + Duration.FromDays(KeptAward.RefundableDays + 32));
            await club.Takes("mug", code: other);
            await club.Records(RewardEvents.Use(club.NextKey(), Samples.Amy, other));
        }

        await UsesAnother();
        await club.Records(new CustomerEvent { Key = EventKey.Parse("desk:1"), Kind = EventKinds.CancellationName, Identity = Samples.Amy, Original = EventKey.Parse("app:mug") });
        Assert.Equal(used ? 400 : 500, await club.Points());
        Assert.Empty(await club.Differences(new LoyaltyModule(program)));

        // What is known of it by nothing but its use is never forgotten.
        await UsesAnother();
        await UsesAnother();
        await club.Returns("pos:sale", 50);
        Assert.Equal(used ? 150 : 250, await club.Points());
        Assert.Empty(await club.Differences(new LoyaltyModule(program)));
    }

    [Fact]
    public async Task Points_of_a_reward_whose_code_was_used_do_not_come_back_by_taking_the_order_and_the_redemption_back()
    {
        var form = new RewardCodeForm { Pattern = "TEA-####-####" };
        var program = RewardClub.Program(RewardClub.Mug with { Code = form });
        var club = Club.Of(program);
        await club.Buys(100, "pos:sale");
        var code = form.New();
        await club.Records(RewardEvents.Redeem("app:mug", RewardClub.Authority, "mug", code: code));
        await club.Records(RewardEvents.Use("pos:use", Samples.Amy, code));
        await club.Returns("pos:sale", 100);
        await club.Records(new CustomerEvent { Key = EventKey.Parse("desk:1"), Kind = EventKinds.CancellationName, Identity = Samples.Amy, Original = EventKey.Parse("app:mug") });
        Assert.Equal(-100, (await club.Membership()).Wallet("points").Balance);

        // Had the code never been used after all, nothing would be owed.
        await club.Records(new CustomerEvent { Key = EventKey.Parse("desk:2"), Kind = EventKinds.CancellationName, Identity = Samples.Amy, Original = EventKey.Parse("pos:use") });
        Assert.Equal((0L, 0L), ((await club.Membership()).Wallet("points").Balance, (await club.Membership()).Rewards.SingleOrDefault()?.Taken ?? 0));
        Assert.Empty(await club.Differences(new LoyaltyModule(program)));
    }

    [Fact]
    public async Task A_code_that_is_too_old_cannot_be_used()
    {
        var club = RewardClub.With(RewardClub.Mug with { Code = new() { Pattern = "x", Imported = true }, CodeLife = LotExpiry.AfterDays(30, LastDay.Included) });
        await club.Buys(500);
        await club.Takes("mug", code: "from-our-list-1");
        club.On(2026, 2, 15, 0);

        Assert.Equal("unknown-code", (await club.Records(RewardEvents.Use(club.NextKey(), Samples.Amy, "from-our-list-1"))).Refusal?.Code);
    }

    [Fact]
    public async Task A_reward_gives_itself_when_the_balance_reaches_at_most_ten_times_a_day()
    {
        var club = RewardClub.With(RewardClub.Mug with { AutoAt = 150 });
        await club.Buys(149);
        Assert.Equal(149, await club.Points());
        await club.Records(CustomerEvent.Purchase("pos:more", Samples.Amy, Money.Hkd(1_900)));
        Assert.Equal((2_049L - 1_000, 10L), (await club.Points(), (await club.Membership()).Rewards[0].Taken));

        await club.Returns("pos:more", 1_900);
        Assert.Equal((149L, 0), (await club.Points(), (await club.Membership()).Rewards.Count));
    }

    [Fact]
    public async Task A_reward_gives_itself_as_often_as_the_stock_has_it_and_the_rest_when_there_is_more()
    {
        var stock = LoyaltyNames.StockOf("tea-club", "mug");
        var module = new LoyaltyModule(RewardClub.Program(RewardClub.Mug with { AutoAt = 100, Stocked = true }));
        var club = new Club(module);
        await club.Fills(stock, 2);

        await club.Buys(500, "pos:many");
        Assert.Equal((2L, 300L, 0L), ((await club.Membership()).Rewards[0].Taken, await club.Points(), await club.Stock(stock)));

        await club.Fills(stock, 5);
        await club.Buys(50);
        Assert.Equal((5L, 50L, 2L), ((await club.Membership()).Rewards[0].Taken, await club.Points(), await club.Stock(stock)));
        Assert.Empty(await club.Differences(module));
    }

    [Fact]
    public async Task Of_rewards_that_give_themselves_to_many_at_once_the_stock_gives_each_one_once()
    {
        var stock = LoyaltyNames.StockOf("tea-club", "mug");
        var module = new LoyaltyModule(RewardClub.Program(RewardClub.Mug with { AutoAt = 100, Stocked = true }));
        var club = new Club(module);
        await club.Fills(stock, 25);
        var guests = Enumerable.Range(0, 20).Select(number => Identity.User($"guest-{number}")).ToList();

        await Task.WhenAll(guests.Select((guest, number) => Task.Run(async () => await club.Records(CustomerEvent.Purchase($"pos:{number}", guest, Money.Hkd(300))))));

        var memberships = await Task.WhenAll(guests.Select(guest => club.MembershipOf(guest.Value)));
        Assert.Equal(25, memberships.Sum(membership => membership.Rewards is [var mug] ? mug.Taken : 0));
        Assert.Equal(0, await club.Stock(stock));
        Assert.Empty(await club.Differences(module));
    }

    [Theory]
    [InlineData("adjusted")]
    [InlineData("transferred")]
    [InlineData("activated")]
    [InlineData("birthday")]
    [InlineData("challenge")]
    [InlineData("card")]
    [InlineData("echo")]
    [InlineData("merged")]
    public async Task A_reward_gives_itself_however_the_units_come(string how)
    {
        var program = RewardClub.Program(RewardClub.Mug with { AutoAt = 100 });
        var gift = new UnitAmount("points", 100);
        program = how switch
        {
            "activated" => program with { Rules = [new FixedPoints { Name = "later", Unit = "points", Points = 100, Terms = new() { Activation = Activation.AfterDays(1) } }] },
            "birthday" => program with { Rules = [new YearlyPoints { Name = "birthday", Unit = "points", Points = 100, DateField = "birth-date" }] },
            "challenge" => program with { Rules = [], Challenges = [new() { Name = "once", Goals = [new("visit", 1)], Award = [gift] }] },
            "card" => program with { Rules = [], StampCards = [new() { Name = "visits", Goal = 1, Count = new StampCount.PerVisit(null), Prize = gift }] },
            "echo" => program with { Rules = [new FixedPoints { Name = "gold-gift", Unit = "points", Points = 100, On = [LoyaltyNames.TierChanged] }] },
            _ => program with { Rules = [], Units = program.Units.Select(unit => unit.Name == "points" ? unit with { Transferable = true } : unit).ToSequence() },
        };
        var club = Club.Of(program);
        var amy = (await club.Records(CustomerEvent.Purchase(club.NextKey(), Samples.Amy, Money.Hkd(1)) with { Profile = Fields.Of(("birth-date", new LocalDate(1990, 1, 16))) })).Customer;
        switch (how)
        {
            case "adjusted":
                await club.Records(LoyaltyEvents.Adjust(club.NextKey(), Samples.Amy, 100, "goodwill", "staff:17", unit: "points"));
                break;
            case "transferred":
                await club.Records(LoyaltyEvents.Adjust(club.NextKey(), Identity.User("bob"), 99, "goodwill", "staff:17", unit: "points"));
                await club.Records(LoyaltyEvents.Adjust(club.NextKey(), Samples.Amy, 1, "goodwill", "staff:17", unit: "points"));
                await club.Records(LoyaltyEvents.Transfer(club.NextKey(), Identity.User("bob"), amy, 99, unit: "points"));
                break;
            case "merged":
                await club.Records(LoyaltyEvents.Adjust(club.NextKey(), Samples.Amy, 40, "goodwill", "staff:17", unit: "points"));
                await club.Records(LoyaltyEvents.Adjust(club.NextKey(), Identity.User("bob"), 60, "goodwill", "staff:17", unit: "points"));
                await club.Engine.MergeAsync(new MergeRequest(EventKey.Parse("desk:1"), CustomerRef.Of(Samples.Amy), CustomerRef.Of(Identity.User("bob"))), TestContext.Current.CancellationToken);
                break;
            case "echo":
                await club.Records(TierEvents.Floor(club.NextKey(), Samples.Amy, "gold", "invitation", "staff:17"));
                break;
        }

        club.On(2026, 1, 16, 0);
        await club.Pumps();

        Assert.Equal((1L, 0L), ((await club.Membership()).Rewards is [var given, ..] ? given.Taken : 0, await club.Points()));
    }

    [Fact]
    public async Task A_reward_gives_itself_at_the_midnight_before_the_units_run_out()
    {
        var program = RewardClub.Program(RewardClub.Mug with { AutoAt = 100 });
        var club = Club.Of(program with { Rules = [new FixedPoints { Name = "short", Unit = "points", Points = 100, Terms = new() { Activation = Activation.AfterDays(2), Expiry = LotExpiry.AfterDays(0, LastDay.Included) } }] });
        await club.Buys(1);
        club.On(2026, 2, 1);
        await club.RunDue();

        Assert.Equal(1, (await club.Membership()).Rewards[0].Taken);
        Assert.Equal([Samples.Local(2026, 1, 17)], (await club.Ledger()).Where(entry => entry.Movement == Movement.Spent).Select(entry => entry.OccurredAt));
        Assert.DoesNotContain(await club.Ledger(), entry => entry.Movement == Movement.Expired);
    }

    [Fact]
    public async Task A_reward_does_not_give_itself_to_who_takes_no_part()
    {
        var club = Club.Of(RewardClub.Program(RewardClub.Mug with { AutoAt = 100 }) with { Rules = [] });
        await club.Buys(1);
        await club.Records(MemberEvents.Suspend(club.NextKey(), Samples.Amy, "fraud", "staff:17"));
        await club.Records(LoyaltyEvents.Adjust(club.NextKey(), Samples.Amy, 100, "goodwill", "staff:17", unit: "points"));

        Assert.Equal(100, await club.Points());
    }

    [Fact]
    public async Task What_is_set_aside_is_not_available_does_not_run_out_and_returns_to_its_lot()
    {
        var club = RewardClub.With();
        await club.Buys(60);
        club.On(2026, 2, 15);
        await club.Buys(60);
        var before = await club.Membership();
        Assert.Equal(["reserved"], (await club.Reserves("pos:r", 100)).Lines.Select(line => line.Code));
        Assert.Equal("insufficient-balance", (await club.Redeems(21, unit: "points")).Refusal?.Code);
        Assert.Equal("more-than-reserved", (await club.Captures("pos:r", 101)).Refusal?.Code);

        await club.Records(RewardEvents.Void(club.NextKey(), Samples.Amy, "pos:r"));

        Assert.Equal(before, await club.Membership());
        Assert.Equal(0, (await club.Ledger()).Where(entry => entry.Lot == Reservation.Lot).Sum(entry => entry.Amount));
    }

    [Fact]
    public async Task What_is_not_captured_in_time_lapses_at_its_instant()
    {
        var club = RewardClub.With();
        await club.Buys(60);
        var lapse = (await club.Reserves("pos:r", 60, minutes: 15)).EffectiveAt + Duration.FromMinutes(15);
        club.At(lapse - Duration.FromTicks(1));
        Assert.Equal(0, await club.Points());

        club.At(lapse);
        Assert.Equal(60, await club.Points());
        Assert.Equal("already-resolved", (await club.Captures("pos:r")).Refusal?.Code);
    }

    [Fact]
    public async Task A_redemption_against_an_expiry_finds_either_the_units_or_nothing()
    {
        var club = RewardClub.With();
        await club.Buys(60);
        club.At(Samples.Local(2027, 1, 16) - Duration.Epsilon);
        await club.Reserves("pos:r", 60, minutes: 60);
        club.At(Samples.Local(2027, 1, 16));
        Assert.Equal("insufficient-balance", (await club.Redeems(1, unit: "points")).Refusal?.Code);
        await club.Captures("pos:r", 20);
        await club.RunDue();

        Assert.Equal(0, await club.Points());
        var ledger = (await club.Ledger()).Where(entry => entry.Unit == "points").ToList();
        Assert.Equal((-20L, -40L), (ledger.Where(entry => entry.Movement == Movement.Spent).Sum(entry => entry.Amount), ledger.Where(entry => entry.Movement == Movement.Expired).Sum(entry => entry.Amount)));
        Assert.All(ledger.GroupBy(entry => entry.Lot), lot => Assert.Equal(0, lot.Sum(entry => entry.Amount)));
    }

    [Fact]
    public async Task A_reward_that_is_set_aside_keeps_its_stock_until_it_is_given_or_lapses()
    {
        var stock = LoyaltyNames.StockOf("tea-club", "mug");
        var club = RewardClub.With(RewardClub.Mug with { Stocked = true });
        await club.Fills(stock, 2);
        await club.Buys(200);
        await club.Records(RewardEvents.ReserveReward("app:1", RewardClub.Authority, "mug", Duration.FromMinutes(5)));
        await club.Records(RewardEvents.ReserveReward("app:2", RewardClub.Authority, "mug", Duration.FromMinutes(5)));
        Assert.Equal((0L, 0L), (await club.Stock(stock), await club.Points()));

        await club.Captures("app:1");
        club.At(club.Now + Duration.FromMinutes(6));
        await club.RunDue();

        Assert.Equal((1L, 100L, 1L), (await club.Stock(stock), await club.Points(), (await club.Membership()).Rewards[0].Taken));
    }

    [Fact]
    public async Task A_refund_after_a_reservation_leaves_it_standing_and_what_is_missing_owed()
    {
        var club = RewardClub.With();
        await club.Buys(100, "pos:sale");
        await club.Reserves("pos:r", 80);
        await club.Returns("pos:sale", 50);
        Assert.Equal((80L, -30L), ((await club.Membership()).Reserved("points"), (await club.Membership()).Wallet("points").Balance));

        await club.Captures("pos:r");
        Assert.Equal(-30, (await club.Membership()).Wallet("points").Balance);
        Assert.Equal(-30, (await club.Ledger()).Where(entry => entry.Unit == "points").Sum(entry => entry.Amount));
    }

    [Fact]
    public async Task The_request_carries_why_the_asker_may_spend()
    {
        var club = RewardClub.With();
        var asked = LoyaltyEvents.Redeem("pos:1", SpendAuthority.ByStaff(Samples.Amy, "staff:17"), 1);
        Assert.Equal(("staff", "staff:17"), (asked.Fields["authority"].AsCode, asked.Actor));

        var forged = asked with { Fields = asked.Fields.With("authority", default) };
        var refused = await Assert.ThrowsAsync<Crm.Engine.InvalidEventException>(async () => await club.Records(forged));
        Assert.Contains("authority", refused.Message);
    }

    [Fact]
    public async Task What_is_out_of_stock_surprises_nobody_and_shows_no_hidden_programme()
    {
        var club = Club.Of(RewardClub.Program(RewardClub.Mug with { Stocked = true }) with { Hidden = true, Surprises = [new() { Name = "mug", OneIn = 1, Seed = "0123456789abcdef", Reward = "mug" }] });

        Assert.DoesNotContain((await club.Buys(1)).Lines, line => line.Code == LineCodes.Surprise);
        Assert.False((await club.Membership()).Revealed);
    }

    [Fact]
    public void A_surprise_gives_no_reward_that_carries_a_code()
    {
        var program = RewardClub.Program(RewardClub.Mug with { Code = new() { Pattern = "MUG-####-####" } }) with { Surprises = [new() { Name = "mug", OneIn = 1, Seed = "0123456789abcdef", Reward = "mug" }] };

        Assert.Contains("surprises[0].reward", Assert.Throws<InvalidLoyaltyProgramException>(() => Club.Of(program)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hidden_programme_is_seen_only_once_it_has_surprised_and_the_pick_is_the_same_in_every_replay()
    {
        var program = RewardClub.Program() with { Hidden = true, Surprises = [new() { Name = "regular", OneIn = 4, Seed = "0123456789abcdef", Gift = new UnitAmount("stars", 1) }] };
        var module = new LoyaltyModule(program);
        var club = new Club(module);
        var customer = default(CustomerId);
        var picked = 0;
        var expected = 0;
        for (var visit = 0; visit < 60; visit++)
        {
            var key = club.NextKey();
            customer = (await club.Buys(10, key)).Customer;
            expected += program.Surprises[0].Picks(customer, EventKey.Parse(key)) ? 1 : 0;
            picked = (int)(await club.Membership()).Wallet("stars").Available;
            Assert.Equal(expected, picked);
            Assert.Equal(expected > 0, module.Show(await club.Amy()).Count == 1);
        }

        Assert.InRange(picked, 5, 27);
        await club.Returns("pos:1", 10);
        Assert.Equal(expected - (program.Surprises[0].Picks(customer, EventKey.Parse("pos:1")) ? 1 : 0), (await club.Membership()).Wallet("stars").Available);
    }

    internal sealed record Tree : IRewardKind
    {
        public string Name => "tree";

        public int Version => 1;

        public Fields Give(int times) => Fields.Of(("trees", times));
    }
}
