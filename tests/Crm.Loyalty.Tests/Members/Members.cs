using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Members;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Tests.Recording;
using Crm.Loyalty.Tests.Redemption;
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

    private static async Task<long> Stars(Club club, Identity customer) =>
        (await club.Reads(customer))!.Slot<Crm.Loyalty.Memberships.LoyaltyState>(LoyaltyNames.Module).In("tea-club").Wallet("stars").Balance;
}
