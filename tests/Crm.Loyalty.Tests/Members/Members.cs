using Crm.Conditions;
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
using Crm.Loyalty.Tests.Redemption;
using Crm.Loyalty.Tests.Stamps;
using Crm.Loyalty.Tiers;
using Crm.Loyalty.Wallets;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Tests.Members;

/// <summary>How memberships begin, rest and end, who is brought by whom, and how often is too often.</summary>
public sealed class Members
{
    private static readonly Identity Bob = Identity.User("bob");

    private static LoyaltyProgram Joined { get; } = RewardClub.Program() with
    {
        Membership = new() { Enrolment = Enrolment.ByJoining, Terms = "2026-01", Welcome = [new UnitAmount("points", 88)] },
    };

    private static LoyaltyProgram Recommended { get; } = RewardClub.Program() with
    {
        Referrals = new()
        {
            For = ReferralFor.FirstPurchase, Advocate = new UnitAmount("stars", 5), Friend = new UnitAmount("stars", 2), HoldDays = 14, Minimum = Money.Hkd(50), MostPerAdvocate = 2,
            Block = ["same-card"], Flag = ["same-address"],
        },
    };

    private static LoyaltyProgram BroughtOnce(string name) => RewardClub.Program() with { Name = name, Referrals = new() { For = ReferralFor.Coming, Advocate = new UnitAmount("stars", 5), MostPerAdvocate = 1 } };

    private static async Task Brings(Club club, CustomerId advocate, string friend, string? program = null)
    {
        await club.Records(ReferralEvents.Accept(club.NextKey(), Identity.User(friend), advocate, program: program));
        await club.Pumps();
    }

    [Fact]
    public async Task Joining_takes_the_terms_issues_a_number_and_welcomes_once()
    {
        var club = Club.Of(Joined);
        await club.Buys(100);
        Assert.Equal(0, await club.Points());
        Assert.Equal("terms-not-accepted", (await club.Records(MemberEvents.Join(club.NextKey(), Samples.Amy, "2025-06"))).Refusal?.Code);

        var number = MemberNumber.New("852");
        var receipt = await club.Records(MemberEvents.Join(club.NextKey(), Samples.Amy, "2026-01", number));
        Assert.Equal((88L, Scalar.Of("member")), (receipt.Total("points"), (await club.Amy()).Fact(LoyaltyNames.MemberFact("tea-club"))));
        Assert.Equal((await club.Amy()).Customer, (await club.Reads(MemberNumber.Identity(number)))?.Customer);
        Assert.Equal("already-a-member", (await club.Records(MemberEvents.Join(club.NextKey(), Samples.Amy, "2026-01"))).Refusal?.Code);
        Assert.False((await club.Records(MemberEvents.Join(club.NextKey(), Bob, "2026-01", number))).Accepted);

        await club.Buys(100);
        Assert.Equal(188, await club.Points());
    }

    [Fact]
    public async Task Registration_is_an_occasion_that_earns_once_with_all_that_rules_have()
    {
        var program = Joined with
        {
            Rules =
            [
                .. Joined.Rules,
                new FixedPoints { Name = "registered", Unit = "points", Points = 50, On = [MemberEvents.Registered], Terms = new() { Activation = Activation.AfterDays(3), Scope = new() { Channels = ["app"] } } },
                new FixedPoints { Name = "registered-on-spring", Unit = "stars", Points = 5, On = [MemberEvents.Registered], When = If.Field("event.terms").Is("2026-01") },
                new FixedPoints { Name = "again", Unit = "stars", Points = 1, On = [MemberEvents.Rejoined] },
            ],
            Budgets = [new() { Name = "early-birds", Unit = "stars", Rules = ["registered-on-spring"] }],
        };
        var club = Club.Of(LoyaltyProgramJson.Read(LoyaltyProgramJson.Write(program)));
        await club.Fills("loyalty.tea-club.early-birds", 5);

        var receipt = await club.Records(MemberEvents.Join("app:join", Samples.Amy, "2026-01") with { Channel = "app" });
        Assert.Equal((88 + 50, 5), (receipt.Total("points"), receipt.Total("stars")));
        Assert.Contains(receipt.Lines, line => line is { Code: LineCodes.Issued, Subject: "registered", Amount: 50 });
        Assert.Equal(new WalletBalances(88, 50, 0, 0), (await club.Membership()).Balances("points"));
        Assert.Equal(0, (await club.Records(MemberEvents.Join("web:join", Bob, "2026-01"))).Total("stars"));

        await club.Records(MemberEvents.Leave(club.NextKey(), Samples.Amy));
        Assert.Equal((0, 1), (await club.Records(MemberEvents.Join("app:again", Samples.Amy, "2026-01") with { Channel = "app" })) is var again ? (again.Total("points"), again.Total("stars")) : default);
    }

    [Fact]
    public async Task What_registration_earned_goes_with_a_registration_that_is_taken_back()
    {
        var club = Club.Of(RewardClub.Program() with { Rules = [new FixedPoints { Name = "registered", Unit = "points", Points = 50, On = [MemberEvents.Registered] }] });
        await club.Records(MemberEvents.Join("app:join", Samples.Amy));
        Assert.Equal(50, await club.Points());
        await club.Records(new CustomerEvent { Key = EventKey.Parse("desk:1"), Kind = EventKinds.CancellationName, Identity = Samples.Amy, Original = EventKey.Parse("app:join") });
        Assert.Equal((0L, null), (await club.Points(), (await club.Membership()).Life));

        // It was never registered, so the next time is the first.
        await club.Records(MemberEvents.Join("app:join-2", Samples.Amy));
        Assert.Equal(50, await club.Points());
    }

    [Fact]
    public async Task Registration_pays_and_an_order_that_spent_it_is_cancelled_NOP3()
    {
        var club = Club.Of(RewardClub.Program() with { Rules = [Samples.Per(1, 1), new FixedPoints { Name = "registered", Unit = "points", Points = 50, On = [MemberEvents.Registered] }] });
        await club.Records(MemberEvents.Join("app:join", Samples.Amy));
        await club.Records(LoyaltyEvents.Redeem("pos:spend", SpendAuthority.SignedIn(Samples.Amy), 50, unit: "points"));
        await club.Buys(21, "pos:sale");
        Assert.Equal(21, await club.Points());
        foreach (var taken in new[] { "pos:sale", "pos:spend" })
        {
            await club.Records(new CustomerEvent { Key = EventKey.Parse(club.NextKey()), Kind = EventKinds.CancellationName, Identity = Samples.Amy, Original = EventKey.Parse(taken) });
        }

        Assert.Equal(50, await club.Points());
    }

    [Theory]
    [InlineData(Cascade.History)]
    [InlineData(Cascade.None)]
    public async Task A_customer_is_a_member_of_each_programme_by_itself(Cascade other)
    {
        var coffee = Joined with { Name = "coffee", Cascade = other, Membership = new() { Enrolment = Enrolment.ByJoining, Terms = "c-7", Welcome = [new UnitAmount("points", 5)], Leaving = LeavePolicy.Keep } };
        var modules = LoyaltyModule.Of(Joined, coffee).ToArray();
        var club = new Club([.. modules]);
        async Task<(MemberStatus? Status, long Points)> In(string program) => (await club.Amy()) is var amy
            ? modules.Select(module => amy.Slot<LoyaltyState>(module.Contract.Name).In(program)).Select(found => (found.Life?.Status, found.Wallet("points").Available)).MaxBy(found => found.Status is null ? 0 : 1)
            : default;

        await club.Buys(10);
        Assert.Equal("program-missing", (await club.Records(MemberEvents.Join(club.NextKey(), Samples.Amy, "2026-01"))).Refusal?.Code);
        Assert.True((await club.Records(MemberEvents.Join(club.NextKey(), Samples.Amy, "2026-01", program: "tea-club"))).Accepted);
        Assert.Equal(((MemberStatus.Member, 88), (null, 0)), (await In("tea-club"), await In("coffee")));
        Assert.Equal("not-a-member", (await club.Redeems(1, "coffee", "points")).Refusal?.Code);
        Assert.Equal("terms-not-accepted", (await club.Records(MemberEvents.Join(club.NextKey(), Samples.Amy, "2026-01", program: "coffee"))).Refusal?.Code);
        Assert.True((await club.Records(MemberEvents.Join(club.NextKey(), Samples.Amy, "c-7", program: "coffee"))).Accepted);
        await club.Buys(100);
        Assert.Equal(((MemberStatus.Member, 188), (MemberStatus.Member, 105)), (await In("tea-club"), await In("coffee")));
        Assert.Equal("program-missing", (await club.Redeems(1, unit: "points")).Refusal?.Code);

        await club.Records(MemberEvents.Leave(club.NextKey(), Samples.Amy, "tea-club"));
        await club.Buys(100);
        Assert.Equal(((MemberStatus.Left, 0), (MemberStatus.Member, 205)), (await In("tea-club"), await In("coffee")));
        Assert.Equal(("left", "member"), ((await club.Amy()).Fact(LoyaltyNames.MemberFact("tea-club")).AsCode, (await club.Amy()).Fact(LoyaltyNames.MemberFact("coffee")).AsCode));
        var seen = await club.Amy();
        Assert.Equal(new Dictionary<string, MemberStatus?> { ["tea-club"] = MemberStatus.Left, ["coffee"] = MemberStatus.Member }, modules.SelectMany(module => module.Show(seen)).ToDictionary(view => view.Program, view => view.Life?.Status));
        Assert.True((await club.Redeems(205, "coffee", "points")).Accepted);
    }

    [Fact]
    public async Task Leaving_forfeits_rejoining_starts_at_nothing_and_is_not_welcomed_again()
    {
        var club = Club.Of(Joined);
        await club.Records(MemberEvents.Join(club.NextKey(), Samples.Amy, "2026-01"));
        await club.Reserves("pos:r", 80);
        await club.Records(MemberEvents.Leave(club.NextKey(), Samples.Amy));
        Assert.Equal((0L, Scalar.Of("left")), (await club.Points(), (await club.Amy()).Fact(LoyaltyNames.MemberFact("tea-club"))));
        Assert.Equal(-88, (await club.Ledger()).Where(entry => entry.Movement == Movement.Expired).Sum(entry => entry.Amount));
        await club.Buys(100);
        Assert.Equal("not-a-member", (await club.Redeems(1, unit: "points")).Refusal?.Code);

        await club.Records(MemberEvents.Join(club.NextKey(), Samples.Amy, "2026-01"));
        Assert.Equal((0L, 2), (await club.Points(), (await club.Membership()).Life!.Times));
    }

    [Fact]
    public async Task Leaving_forfeits_what_cannot_be_spent_yet()
    {
        var delivered = new EventKind("order.delivered", EventNature.Happening);
        var program = RewardClub.Program() with
        {
            Units = [.. RewardClub.Program().Units.Select(unit => unit.Name == "points" ? unit with { Activation = Activation.AfterDays(14) } : unit)],
            Rules = [Samples.Per(1, 1), Samples.Per(1, 1) with { Name = "stars", Unit = "stars", Terms = new() { Activation = new Activation.OnEvent("order.delivered", null) } }],
        };
        var club = new Club(new LoyaltyModule(new([program.Define()]), [delivered]));
        await club.Buys(100, "pos:sale");
        var receipt = await club.Records(MemberEvents.Leave(club.NextKey(), Samples.Amy));
        Assert.Equal((-100L, -100L), (receipt.Total("points"), receipt.Total("stars")));
        Assert.True((await club.Amy()).Fact(LoyaltyNames.PendingFact("tea-club", "points")).IsMissing);

        await club.Records(MemberEvents.Join(club.NextKey(), Samples.Amy));
        await club.Records(new CustomerEvent { Key = EventKey.Parse("wms:1"), Kind = "order.delivered", Identity = Samples.Amy, Original = EventKey.Parse("pos:sale") });
        club.On(2026, 2, 1);
        await club.RunDue();
        Assert.Equal([new WalletBalances(0, 0, 0, 0), new(0, 0, 0, 0)], new[] { "points", "stars" }.Select((await club.Membership()).Balances));
        Assert.Equal(0, (await club.Ledger()).Sum(entry => entry.Amount));

        // A refund finds nothing that it could take: what the order earned is gone by itself.
        await club.Returns("pos:sale", 100);
        Assert.Equal(new WalletBalances(0, 0, 0, 0), (await club.Membership()).Balances("points"));
    }

    [Fact]
    public async Task Leaving_forfeits_what_was_counted_towards_tiers_and_the_tiers_that_it_reached()
    {
        var club = Club.TeaClub();
        await club.Buys(500);
        club.On(2027, 2, 1);
        await club.Buys(100);
        Assert.Equal("gold", await club.Tier());
        await club.Records(MemberEvents.Leave(club.NextKey(), Samples.Amy));
        await club.Records(MemberEvents.Join(club.NextKey(), Samples.Amy));
        Assert.Equal(("bronze", 0L), (await club.Tier(), (await club.Membership()).Standing()!.Counted));

        await club.Buys(200);
        Assert.Equal(("silver", 20L), (await club.Tier(), (await club.Membership()).Standing()!.Counted));
        club.On(2028, 6, 1);
        Assert.Equal("silver", await club.Tier());
        club.On(2029, 1, 1);
        Assert.Equal("bronze", await club.Tier());
    }

    [Fact]
    public async Task A_tier_that_staff_have_granted_is_not_forfeited()
    {
        var club = Club.TeaClub();
        await club.Buys(500);
        await club.Records(TierEvents.Floor(club.NextKey(), Samples.Amy, "silver", "invitation", "staff:17"));
        await club.Records(MemberEvents.Leave(club.NextKey(), Samples.Amy));
        Assert.Equal("silver", await club.Tier());
    }

    [Fact]
    public async Task Units_wait_where_leaving_keeps_them()
    {
        var club = Club.Of(RewardClub.Program() with { Membership = new() { Leaving = LeavePolicy.Keep } });
        await club.Buys(100);
        await club.Records(MemberEvents.Leave(club.NextKey(), Samples.Amy));
        await club.Buys(100);
        Assert.Equal((100L, "not-a-member"), (await club.Points(), (await club.Redeems(1, unit: "points")).Refusal?.Code));
        await club.Records(MemberEvents.Join(club.NextKey(), Samples.Amy));
        Assert.True((await club.Redeems(1, unit: "points")).Accepted);
    }

    [Fact]
    public async Task Who_is_suspended_earns_and_spends_nothing_until_staff_say_otherwise()
    {
        var club = Club.Of(RewardClub.Program());
        await club.Buys(100);
        await club.Records(MemberEvents.Suspend(club.NextKey(), Samples.Amy, "fraud", "staff:17"));
        await club.Buys(100);
        Assert.Equal((100L, "membership-suspended", "membership-suspended"), (await club.Points(), (await club.Redeems(1, unit: "points")).Refusal?.Code, (await club.Records(MemberEvents.Leave(club.NextKey(), Samples.Amy))).Refusal?.Code));

        await club.Records(MemberEvents.Resume(club.NextKey(), Samples.Amy, "cleared", "staff:17"));
        Assert.True((await club.Redeems(1, unit: "points")).Accepted);
        Assert.Equal("not-suspended", (await club.Records(MemberEvents.Resume(club.NextKey(), Samples.Amy, "cleared", "staff:17"))).Refusal?.Code);
    }

    [Fact]
    public async Task A_code_of_who_is_suspended_waits_until_staff_say_otherwise()
    {
        var club = RewardClub.With(RewardClub.Mug with { Code = new RewardCodeForm { Pattern = "MUG-########" } });
        await club.Buys(100);
        await club.Takes("mug", code: "MUG-23456789");
        await club.Records(MemberEvents.Suspend(club.NextKey(), Samples.Amy, "fraud", "staff:17"));
        Assert.Equal("membership-suspended", (await club.Records(RewardEvents.Use(club.NextKey(), Samples.Amy, "MUG-23456789"))).Refusal?.Code);

        await club.Records(MemberEvents.Resume(club.NextKey(), Samples.Amy, "cleared", "staff:17"));
        Assert.True((await club.Records(RewardEvents.Use(club.NextKey(), Samples.Amy, "MUG-23456789"))).Accepted);
    }

    /// <summary>The till has what was set aside for its order, and no new decision about spending is made.</summary>
    [Theory]
    [InlineData(true, 60)]
    [InlineData(false, 100)]
    public async Task What_was_set_aside_before_a_suspension_is_taken_or_given_back_and_no_more_is_set_aside(bool captures, long left)
    {
        var club = Club.Of(RewardClub.Program());
        await club.Buys(100);
        await club.Reserves("till:order", 40);
        await club.Records(MemberEvents.Suspend(club.NextKey(), Samples.Amy, "fraud", "staff:17"));

        Assert.Equal("membership-suspended", (await club.Reserves("till:another", 10)).Refusal?.Code);
        Assert.True((captures ? await club.Captures("till:order") : await club.Records(RewardEvents.Void(club.NextKey(), Samples.Amy, "till:order"))).Accepted);
        Assert.Equal(left, await club.Points());
    }

    [Theory]
    [InlineData(Enrolment.ByInvitation)]
    [InlineData(Enrolment.ByJoining)]
    public async Task Nobody_becomes_a_member_by_being_suspended(Enrolment enrolment)
    {
        var club = Club.Of(RewardClub.Program() with { Membership = new() { Enrolment = enrolment, Terms = "2026-01" } });
        await club.Buys(100);

        Assert.Equal("not-a-member", (await club.Records(MemberEvents.Suspend(club.NextKey(), Samples.Amy, "fraud", "staff:17"))).Refusal?.Code);
        Assert.Equal("not-a-member", (await club.Records(MemberEvents.Resume(club.NextKey(), Samples.Amy, "cleared", "staff:17"))).Refusal?.Code);
        await club.Buys(100);
        Assert.Equal(0, await club.Points());
    }

    [Theory]
    [InlineData("member", 100 + 20 + 5)]
    [InlineData("suspended", 0)]
    [InlineData("left", 0)]
    [InlineData("not yet", 0)]
    public async Task Who_takes_no_part_earns_nothing_whatever_the_occasion(string status, long expected)
    {
        var program = Recommended with
        {
            Rules =
            [
                new YearlyPoints { Name = "birthday", Unit = "stars", Points = 100, DateField = "birth-date" },
                new FixedPoints { Name = "gold-gift", Unit = "stars", Points = 20, On = [LoyaltyNames.TierChanged] },
            ],
            Membership = new() { Enrolment = Enrolment.ByJoining, Leaving = LeavePolicy.Keep },
            Referrals = Recommended.Referrals! with { For = ReferralFor.FirstPurchase, HoldDays = 0, Minimum = null },
        };
        var club = Club.Of(program);
        var amy = (await club.Records(LoyaltyEvents.Visit(club.NextKey(), Samples.Amy) with { Profile = Fields.Of(("birth-date", new LocalDate(1990, 1, 20))) })).Customer;
        foreach (var request in status switch
        {
            "member" => new[] { MemberEvents.Join(club.NextKey(), Samples.Amy) },
            "suspended" => [MemberEvents.Join(club.NextKey(), Samples.Amy), MemberEvents.Suspend(club.NextKey(), Samples.Amy, "fraud", "staff:17")],
            "left" => [MemberEvents.Join(club.NextKey(), Samples.Amy), MemberEvents.Leave(club.NextKey(), Samples.Amy)],
            _ => [],
        })
        {
            Assert.True((await club.Records(request)).Accepted);
        }

        await club.Records(MemberEvents.Join(club.NextKey(), Bob));
        await club.Records(ReferralEvents.Accept(club.NextKey(), Bob, amy));
        await club.Records(CustomerEvent.Purchase(club.NextKey(), Bob, Money.Hkd(100)));
        Assert.Equal(2, await Stars(club, Bob));
        club.On(2026, 1, 21);
        await club.Pumps();
        Assert.True((await club.Records(TierEvents.Floor(club.NextKey(), Samples.Amy, "gold", "invitation", "staff:17"))).Accepted);

        Assert.Equal(expected, await Stars(club, Samples.Amy));

        // What was missed is not given later; the next year is.
        club.On(2026, 12, 31);
        await club.Records(status == "suspended" ? MemberEvents.Resume(club.NextKey(), Samples.Amy, "cleared", "staff:17") : MemberEvents.Join(club.NextKey(), Samples.Amy));
        Assert.Equal(expected, await Stars(club, Samples.Amy));
        club.On(2027, 1, 20);
        Assert.Equal(expected + 100, await Stars(club, Samples.Amy));
    }

    [Fact]
    public async Task A_programme_that_is_over_pays_nobody_for_being_brought()
    {
        var club = new Club(new LoyaltyModule(new Crm.Definitions.DefinitionCatalog<LoyaltyProgram>([Recommended.Define(), (Recommended with { Ended = true }).Define(2, Samples.Local(2026, 1, 20))])));
        var advocate = (await club.Buys(1)).Customer;
        await club.Records(ReferralEvents.Accept(club.NextKey(), Bob, advocate));
        await club.Records(CustomerEvent.Purchase(club.NextKey(), Bob, Money.Hkd(50)));

        club.On(2026, 1, 30);
        await club.RunDue();
        await club.Pumps();

        Assert.Equal((0L, 0L), (await Stars(club, Bob), await Stars(club, Samples.Amy)));
    }

    [Fact]
    public async Task Who_is_brought_before_joining_is_paid_for_on_joining()
    {
        var club = Club.Of(Recommended with { Membership = new() { Enrolment = Enrolment.ByJoining }, Referrals = Recommended.Referrals! with { For = ReferralFor.Coming, HoldDays = 0 } });
        var advocate = (await club.Records(MemberEvents.Join(club.NextKey(), Samples.Amy))).Customer;
        await club.Records(ReferralEvents.Accept(club.NextKey(), Bob, advocate));
        club.On(2026, 1, 16);
        await club.Pumps();
        Assert.Equal((0L, 0L), (await Stars(club, Bob), await Stars(club, Samples.Amy)));

        await club.Records(MemberEvents.Join(club.NextKey(), Bob));
        club.On(2026, 1, 17);
        await club.Pumps();
        Assert.Equal((2L, 5L), (await Stars(club, Bob), await Stars(club, Samples.Amy)));

        // Once: not for joining again.
        await club.Records(MemberEvents.Leave(club.NextKey(), Bob));
        await club.Records(MemberEvents.Join(club.NextKey(), Bob));
        club.On(2026, 1, 18);
        await club.Pumps();
        Assert.Equal((0L, 5L), (await Stars(club, Bob), await Stars(club, Samples.Amy)));
    }

    [Fact]
    public async Task Where_it_is_by_invitation_nobody_joins_alone()
    {
        var club = Club.Of(Joined with { Membership = new() { Enrolment = Enrolment.ByInvitation } });
        Assert.Equal("by-invitation", (await club.Records(MemberEvents.Join(club.NextKey(), Samples.Amy))).Refusal?.Code);
        Assert.True((await club.Records(MemberEvents.Join(club.NextKey(), Samples.Amy, actor: "staff:17"))).Accepted);
    }

    [Theory]
    [InlineData("79927398713", true)]
    [InlineData("79927398710", false)]
    [InlineData("7992739871x", false)]
    public void A_mistyped_number_is_noticed(string number, bool valid) => Assert.Equal(valid, MemberNumber.IsValid(number));

    [Fact]
    public async Task Both_sides_are_paid_after_the_hold_and_a_refund_within_it_leaves_nothing_to_pay()
    {
        var club = Club.Of(Recommended);
        var advocate = (await club.Buys(1)).Customer;
        await club.Records(ReferralEvents.Accept(club.NextKey(), Bob, advocate));
        await club.Records(CustomerEvent.Purchase(club.NextKey(), Bob, Money.Hkd(49)));
        await club.Records(CustomerEvent.Purchase("pos:counts", Bob, Money.Hkd(50)));
        club.On(2026, 1, 28, 23);
        Assert.Equal(0, await Stars(club, Bob));
        club.On(2026, 1, 29, 0);
        Assert.Equal(2, await Stars(club, Bob));

        await club.RunDue();
        await club.Pumps();
        Assert.Equal(5, await Stars(club, Samples.Amy));

        await club.Records(CustomerEvent.Refund(club.NextKey(), Bob, "pos:counts", Money.Hkd(50)));
        await club.Pumps();
        Assert.Equal((0L, 0L), (await Stars(club, Bob), await Stars(club, Samples.Amy)));
    }

    [Fact]
    public async Task A_refund_before_the_hold_is_over_pays_nobody()
    {
        var club = Club.Of(Recommended);
        var advocate = (await club.Buys(1)).Customer;
        await club.Records(ReferralEvents.Accept(club.NextKey(), Bob, advocate));
        await club.Records(CustomerEvent.Purchase("pos:counts", Bob, Money.Hkd(50)));
        await club.Records(CustomerEvent.Refund(club.NextKey(), Bob, "pos:counts", Money.Hkd(50)));
        club.On(2026, 3, 1);
        await club.RunDue();
        await club.Pumps();

        Assert.Equal((0L, 0L), (await Stars(club, Bob), await Stars(club, Samples.Amy)));
    }

    [Theory]
    [InlineData(ReferralFor.Coming, 0, 1)]
    [InlineData(ReferralFor.SecondPurchase, 1, 0)]
    [InlineData(ReferralFor.SecondPurchase, 2, 1)]
    [InlineData(ReferralFor.EveryPurchase, 3, 3)]
    public async Task It_pays_for_what_the_programme_says(ReferralFor what, int purchases, int paid)
    {
        var club = Club.Of(Recommended with { Referrals = Recommended.Referrals! with { For = what, HoldDays = 0 } });
        var advocate = (await club.Buys(1)).Customer;
        await club.Records(ReferralEvents.Accept(club.NextKey(), Bob, advocate));
        for (var i = 0; i < purchases; i++)
        {
            await club.Records(CustomerEvent.Purchase(club.NextKey(), Bob, Money.Hkd(60)));
        }

        club.At(club.Now + Duration.FromSeconds(1));
        await club.Pumps();
        Assert.Equal((2L * paid, 5L * Math.Min(paid, 2)), (await Stars(club, Bob), await Stars(club, Samples.Amy)));
    }

    [Theory]
    [InlineData(52, 0.97, 1)]
    [InlineData(51, 0.97, 0)]
    [InlineData(600, null, 0)]
    public async Task What_a_friend_buys_in_another_currency_counts_at_the_rate_of_the_day_HO10(int spend, double? rate, int paid)
    {
        var club = Club.Of(Recommended with { Referrals = Recommended.Referrals! with { For = ReferralFor.EveryPurchase, HoldDays = 0, Minimum = Money.Hkd(50) } });
        await club.Records(ReferralEvents.Accept(club.NextKey(), Bob, (await club.Buys(1)).Customer));

        var receipt = await club.Records(CustomerEvent.Purchase(club.NextKey(), Bob, Money.Of(spend, Currency.Of("MOP"))) with { Lookups = rate is { } known ? Fields.Of(("rate.mop.hkd", (decimal)known)) : default });

        Assert.Equal(2L * paid, await Stars(club, Bob));

        // Awards name theirs, so a line of its own says it only where there is none.
        Assert.DoesNotContain(receipt.Lines, line => line.Code == LineCodes.Rate);
        Assert.Contains(receipt.Lines.SelectMany(line => line.Parts.Prepend(line)), line => line.Code == (rate is null ? LineCodes.RateMissing : LineCodes.Rate));
    }

    [Fact]
    public async Task Nobody_brings_themselves_or_comes_twice_or_late_or_by_a_blocked_signal()
    {
        var club = Club.Of(Recommended);
        var advocate = (await club.Buys(1)).Customer;
        Assert.Equal("self-referral", (await club.Records(ReferralEvents.Accept(club.NextKey(), Samples.Amy, advocate))).Refusal?.Code);
        Assert.Equal("referral-blocked", (await club.Records(ReferralEvents.Accept(club.NextKey(), Bob, advocate, ["same-card"]))).Refusal?.Code);
        Assert.True((await club.Records(ReferralEvents.Accept(club.NextKey(), Bob, advocate))).Accepted);
        Assert.Equal("already-referred", (await club.Records(ReferralEvents.Accept(club.NextKey(), Bob, advocate))).Refusal?.Code);
        var carol = Identity.User("carol");
        await club.Records(CustomerEvent.Purchase(club.NextKey(), carol, Money.Hkd(1)));
        Assert.Equal("not-new", (await club.Records(ReferralEvents.Accept(club.NextKey(), carol, advocate))).Refusal?.Code);
    }

    [Fact]
    public async Task An_advocate_is_paid_so_often_in_a_year_and_what_was_not_paid_does_not_count()
    {
        var club = Club.Of(BroughtOnce("tea-club"));
        var advocate = (await club.Buys(1)).Customer;
        var stars = new List<long>();
        foreach (var (friend, day) in new[] { ("bob", Samples.Local(2026, 2, 1)), ("carol", Samples.Local(2026, 8, 1)), ("dan", Samples.Local(2027, 2, 1) - Duration.FromTicks(1)), ("eve", Samples.Local(2027, 2, 1)), ("frank", Samples.Local(2027, 2, 2)) })
        {
            club.At(day);
            await Brings(club, advocate, friend);
            stars.Add(await Stars(club, Samples.Amy));
        }

        Assert.Equal([5, 5, 5, 10, 10], stars);
    }

    [Fact]
    public async Task What_another_programme_paid_an_advocate_does_not_count_B12()
    {
        var club = Club.Of(BroughtOnce("tea-club"), BroughtOnce("coffee"));
        var advocate = (await club.Buys(1)).Customer;
        await Brings(club, advocate, "bob", "coffee");
        await Brings(club, advocate, "carol", "tea-club");

        Assert.Equal((5L, 5L), ((await club.Membership("tea-club")).Wallet("stars").Available, (await club.Membership("coffee")).Wallet("stars").Available));
    }

    [Theory]
    [InlineData(Cascade.History, "bob: 5, taken back: 0, carol: 5, dan: 5")]
    [InlineData(Cascade.None, "bob: 5, taken back: 5, carol: 5, dan: 5")]
    public async Task What_an_advocate_was_paid_counts_unless_it_was_taken_back(Cascade cascade, string expected)
    {
        var module = new LoyaltyModule(BroughtOnce("tea-club") with { Cascade = cascade });
        var (club, told) = (new Club(module), new List<string>());
        async Task Tell(string what) => told.Add($"{what}: {(await club.Amy()).Slot<LoyaltyState>(module.Contract.Name).In("tea-club").Wallet("stars").Available}");
        var advocate = (await club.Buys(1)).Customer;
        await Brings(club, advocate, "bob");
        await Tell("bob");
        var bob = (await club.Reads(Bob))!.Customer;
        await club.Records(CustomerEvent.Cancellation("desk:1", Samples.Amy, $"loyalty:referral/tea-club/{bob}/1"));
        await Tell("taken back");
        foreach (var friend in new[] { "carol", "dan" })
        {
            await Brings(club, advocate, friend);
            await Tell(friend);
        }

        Assert.Equal(expected, string.Join(", ", told));
    }

    [Fact]
    public async Task A_flagged_referral_pays_once_staff_believe_it()
    {
        var club = Club.Of(Recommended with { Referrals = Recommended.Referrals! with { HoldDays = 0 } });
        var advocate = (await club.Buys(1)).Customer;
        var receipt = await club.Records(ReferralEvents.Accept(club.NextKey(), Bob, advocate, ["same-address"]));
        Assert.Equal(("referral-flagged", "same-address"), (receipt.Lines[0].Code, receipt.Lines[0].Subject));
        await club.Records(CustomerEvent.Purchase(club.NextKey(), Bob, Money.Hkd(60)));
        Assert.Equal(0, await Stars(club, Bob));
        await club.Records(ReferralEvents.Approve(club.NextKey(), Bob, "family", "staff:17"));
        Assert.Equal(2, await Stars(club, Bob));
    }

    [Fact]
    public async Task More_often_than_a_limit_allows_requests_are_refused_and_happenings_earn_nothing()
    {
        var club = Club.Of(RewardClub.Program() with
        {
            VelocityLimits = [new() { Name = "redemptions", Kind = LoyaltyEvents.RedeemName, Most = 2, Within = Duration.FromDays(1) }, new() { Name = "receipts", Kind = "purchase", Most = 2, Within = Duration.FromHours(1) }],
        });
        await club.Buys(100);
        await club.Buys(100);
        var third = await club.Buys(100);
        Assert.Equal((200L, "velocity"), (await club.Points(), third.Lines[0].Code));
        Assert.True((await club.Redeems(1, unit: "points")).Accepted);
        Assert.Equal("insufficient-balance", (await club.Redeems(5_000, unit: "points")).Refusal?.Code);
        Assert.True((await club.Redeems(1, unit: "points")).Accepted);
        Assert.Equal("too-often", (await club.Redeems(1, unit: "points")).Refusal?.Code);
        club.On(2026, 1, 16, 13);
        Assert.True((await club.Redeems(1, unit: "points")).Accepted);
    }

    [Fact]
    public async Task How_often_something_is_asked_for_is_limited_by_each_programme_for_itself_B12()
    {
        var once = RewardClub.Program() with { VelocityLimits = [new() { Name = "redemptions", Kind = LoyaltyEvents.RedeemName, Most = 1, Within = Duration.FromDays(1) }] };
        var club = Club.Of(once, once with { Name = "coffee" });
        await club.Buys(100);

        var answers = new[] { await club.Redeems(1, "tea-club", "points"), await club.Redeems(1, "coffee", "points"), await club.Redeems(1, "coffee", "points") };

        Assert.Equal([null, null, "too-often"], answers.Select(answer => answer.Refusal?.Code));
    }

    [Theory]
    [InlineData("tea-club", "membership-suspended")]
    [InlineData("books", null)]
    public async Task The_free_one_of_a_card_is_refused_by_no_programme_but_that_of_the_card_B12(string suspended, string? refusal)
    {
        var books = CupCards.Program with { Name = "books", StampCards = [] };
        var club = Club.Of(CupCards.Program, books);
        await club.Drinks(9);
        await club.Records(MemberEvents.Suspend(club.NextKey(), Samples.Amy, "fraud", "staff:17", suspended));

        Assert.Equal(refusal, (await club.TakesTheFreeOne()).Refusal?.Code);
    }

    [Theory]
    [InlineData("tea-club", "too-often")]
    [InlineData("books", null)]
    public async Task How_often_free_ones_are_taken_is_limited_by_no_programme_but_that_of_the_card_B12(string limiting, string? refusal)
    {
        LoyaltyProgram Limited(LoyaltyProgram program) => program.Name != limiting ? program
            : program with { VelocityLimits = [new() { Name = "free-ones", Kind = StampEvents.UseName, Most = 1, Within = Duration.FromDays(1) }] };
        var club = Club.Of(Limited(CupCards.Program), Limited(CupCards.Program with { Name = "books", StampCards = [], Membership = new() { Enrolment = Enrolment.ByJoining } }));
        await club.Drinks(18);

        Assert.Null((await club.TakesTheFreeOne()).Refusal);
        Assert.Equal(refusal, (await club.TakesTheFreeOne()).Refusal?.Code);
    }

    [Fact]
    public async Task Buying_redeeming_and_refunding_in_circles_gains_nothing()
    {
        var club = Club.Of(RewardClub.Program(RewardClub.Mug));
        for (var round = 0; round < 5; round++)
        {
            var sale = club.NextKey();
            await club.Buys(100, sale);
            await club.Takes("mug");
            await club.Returns(sale, 100);
        }

        var membership = await club.Membership();
        Assert.Equal(-100 * membership.Rewards[0].Taken, membership.Wallet("points").Balance);
        Assert.Equal(1, membership.Rewards[0].Taken);
    }

    [Fact]
    public async Task Advocates_are_listed_by_what_their_friends_have_bought_and_kept()
    {
        var club = Club.Of(Recommended with { Referrals = Recommended.Referrals! with { HoldDays = 0 } });
        var (amy, carol) = ((await club.Buys(1)).Customer, await club.Meets("carol"));
        async Task<CustomerId> Brings(CustomerId advocate, string friend, decimal spend, params Sequence<string> signals)
        {
            await club.Records(ReferralEvents.Accept(club.NextKey(), Identity.User(friend), advocate, signals));
            await club.Records(CustomerEvent.Purchase($"pos:first-{friend}", Identity.User(friend), Money.Hkd(20)));
            return (await club.Records(CustomerEvent.Purchase($"pos:of-{friend}", Identity.User(friend), Money.Hkd(spend)))).Customer;
        }

        var dave = await Brings(amy, "dave", 500);
        var eve = await Brings(amy, "eve", 30);
        var frank = await Brings(carol, "frank", 400);
        await Brings(carol, "grace", 9_000, "same-address");
        async Task<Sequence<AdvocateStanding>> List()
        {
            var list = new AdvocateList("tea-club");
            await foreach (var customer in club.Engine.ReadAllAsync(TestContext.Current.CancellationToken))
            {
                list.Add(customer);
            }

            return list.By(Currency.Hkd);
        }

        var found = await List();
        Assert.Equal([(amy, 2, 1, Money.Hkd(570)), (carol, 2, 1, Money.Hkd(420))], found.Select(advocate => (advocate.Advocate, advocate.Friends.Count, advocate.Buyers, advocate.BroughtIn(Currency.Hkd))));
        Assert.Equal(new HashSet<CustomerId> { dave, eve }, found[0].Friends.Select(friend => friend.Friend).ToHashSet());
        Assert.Contains(found[1].Friends, friend => friend.Friend == frank && friend.Brought == [Money.Hkd(420)]);

        await club.Records(CustomerEvent.Refund(club.NextKey(), Identity.User("dave"), "pos:of-dave", Money.Hkd(500)));
        await club.Records(ReferralEvents.Approve(club.NextKey(), Identity.User("grace"), "family", "staff:17"));
        Assert.Equal([(carol, Money.Hkd(9_440), 2), (amy, Money.Hkd(70), 0)], (await List()).Select(advocate => (advocate.Advocate, advocate.BroughtIn(Currency.Hkd), advocate.Buyers)));
    }

    private static async Task<long> Stars(Club club, Identity customer) =>
        (await club.Reads(customer))!.Slot<Crm.Loyalty.Memberships.LoyaltyState>(LoyaltyNames.Module).In("tea-club").Wallet("stars").Balance;
}
