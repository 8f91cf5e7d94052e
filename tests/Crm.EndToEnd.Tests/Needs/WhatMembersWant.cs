using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Loyalty.Accounts;
using Crm.Loyalty.Challenges;
using Crm.Loyalty.Members;
using Crm.Loyalty.Pools;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Stamps;
using Crm.Loyalty.Tiers;
using Crm.Loyalty.Wallets;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.EndToEnd.Tests.Needs;

/// <summary>What shops and members want of loyalty, from the event to the database and back.</summary>
public sealed class WhatMembersWant
{
    private static readonly LoyaltyProgram Club = new()
    {
        Name = "club",
        Zone = "Asia/Hong_Kong",
        Units = [new("points", UnitKind.Redeemable) { Expiry = LotExpiry.AfterMonths(12, LastDay.Included) }, new("status", UnitKind.Status)],
        Rules = [Per("base", "points", 10), Per("status", "status", 10)],
    };

    [Theory]
    [MemberData(nameof(Shop.Kinds), MemberType = typeof(Shop))]
    public async Task M4_nine_bought_the_tenth_is_free_and_what_comes_back_takes_its_stamp_along(string kind)
    {
        await using var shop = new Shop(kind, Club with { StampCards = [new() { Name = "cups", Goal = 9, Stamps = new() { Categories = ["tea"] } }] });
        for (var cup = 1; cup <= 9; cup++)
        {
            Assert.Equal("no-full-card", (await shop.Records(StampEvents.Use(shop.Key(), Shop.Amy))).Refusal?.Code);
            await shop.Buys(28, $"till:{cup}", null, null, new EventLine("oolong", 1, Money.Hkd(28), "tea"));
        }

        Assert.Equal(1, (await shop.Membership()).Card("cups").Free);
        Assert.True((await shop.Records(StampEvents.Use(shop.Key(), Shop.Amy))).Accepted);
        await shop.Records(CustomerEvent.Refund(shop.Key(), Shop.Amy, "till:3", Money.Hkd(28)));

        // Eight were bought, and one was taken: a card is owed.
        var card = (await shop.Membership()).Card("cups");
        Assert.Equal((8L, -1L), (card.Stamps, card.Free));
    }

    [Theory]
    [MemberData(nameof(Shop.Kinds), MemberType = typeof(Shop))]
    public async Task M5_points_at_each_purchase_buy_an_article_a_discount_or_an_offer(string kind)
    {
        await using var shop = new Shop(kind, Club with
        {
            Rewards =
            [
                new() { Name = "cup", Kind = new RewardKind.FreeItem("oolong"), Costs = [new("points", 20)] },
                new() { Name = "ten-off", Kind = new RewardKind.Discount(Money.Hkd(10)), Costs = [new("points", 15)] },
                new() { Name = "half-price", Kind = new RewardKind.Percentage(50), Costs = [new("points", 30)] },
            ],
        });
        await shop.Buys(605);

        Assert.Equal(60, await shop.Holds("points"));
        Assert.True((await shop.Wants("cup")).Accepted);
        Assert.True((await shop.Wants("ten-off")).Accepted);
        var refused = await shop.Wants("half-price");
        Assert.Equal(("insufficient-balance", 25L), (refused.Refusal?.Code, await shop.Holds("points")));
        Assert.Contains("30", refused.Refusal?.Detail.Chinese);
        Assert.Equal(["half-price"], shop.Module.Show(await shop.Reads())[0].Rewards.Where(offer => !offer.IsAvailable).Select(offer => offer.Reward.Name));
        await shop.Buys(50);
        Assert.True((await shop.Wants("half-price")).Accepted);
        Assert.Equal(0, await shop.Holds("points"));
    }

    [Theory]
    [MemberData(nameof(Shop.Kinds), MemberType = typeof(Shop))]
    public async Task M6_points_of_several_merchants_are_one_wallet_and_each_share_is_settled(string kind)
    {
        PointsPerAmount Of(string brand) => Per(brand, "points", 1) with { Terms = new() { Scope = new() { Brands = [brand] }, Issuer = brand } };
        await using var shop = new Shop(kind, Club with { Rules = [Of("supermarket"), Of("chemist"), Of("furniture")] });
        await shop.Buys(300, brand: "supermarket");
        await shop.Buys(100, brand: "chemist");
        await shop.Buys(1_000, "till:sofa", brand: "furniture");
        Assert.Equal(1_400, await shop.Holds("points"));

        await shop.Records(LoyaltyEvents.Redeem(shop.Key(), SpendAuthority.CardPresent(Shop.Amy), 500) with { Brand = "supermarket" });
        var settlement = new Settlement();
        settlement.Add(await shop.Journal(), await shop.Ledger());
        var statement = settlement.Statement([new("points", "chemist", null, 100, Money.Hkd(1)), new("points", "furniture", null, 100, Money.Hkd(0.9m)), new("points", "supermarket", null, 100, Money.Hkd(1))]);

        // Lots that run out together go by issuer: 100 of the chemist's, then 400 of the furniture shop's.
        Assert.Equal([("chemist", "supermarket", Money.Hkd(1)), ("furniture", "supermarket", Money.Hkd(3.6m))], statement.Select(line => (line.Issuer, line.Redeemer, line.Owed)));
        Assert.Equal(0, Settlement.Net(statement).Sum(part => part.Net.MinorUnits));
        var books = new SystemAccounts();
        (await shop.Ledger()).ForEach(entry => books.Add(entry));
        Assert.Equal(900, books.Balances.Single(account => account.Account == SystemAccounts.Members).Balance);
    }

    [Theory]
    [MemberData(nameof(Shop.Kinds), MemberType = typeof(Shop))]
    public async Task M7_status_apart_from_miles_that_buy_an_upgrade_and_stay_while_the_member_is_active(string kind)
    {
        await using var shop = new Shop(kind, Club with
        {
            Units = [new("miles", UnitKind.Redeemable) { Expiry = new LotExpiry.WhenIdle(18, 0, LastDay.Excluded) }, new("status", UnitKind.Status)],
            Rules = [Per("miles", "miles", 1), Per("status", "status", 10)],
            Ladders = [new() { Unit = "status", Window = QualificationWindow.CalendarYear, Tiers = [new("blue", 0), new("silver", 100)] }],
            Rewards = [new() { Name = "upgrade", Kind = new RewardKind.FreeItem("upgrade"), Costs = [new("miles", 800) { When = If.Fact("loyalty.club.tier").Is("silver") }, new("miles", 1_000)] }, new() { Name = "ticket", Kind = new RewardKind.FreeItem("hkg-tpe"), Costs = [new("miles", 5_000)] }],
        });
        await shop.Buys(1_200);
        Assert.Equal("silver", await shop.Tier());

        // The upgrade costs a silver member 800, and spending leaves the tier as it is.
        Assert.Equal(-800, (await shop.Wants("upgrade")).Total("miles"));
        Assert.Equal(("silver", 400L), (await shop.Tier(), await shop.Holds("miles")));
        Assert.Equal("insufficient-balance", (await shop.Wants("ticket")).Refusal?.Code);

        // 18 months after the last activity they are gone; an activity before moves the day for all of them.
        shop.On(2027, 7, 14);
        Assert.Equal(400, await shop.Holds("miles"));
        await shop.Buys(10);
        shop.On(2029, 1, 13);
        Assert.Equal(410, await shop.Holds("miles"));
        shop.On(2029, 1, 14);
        Assert.Equal(0, await shop.Holds("miles"));

        await shop.Buys(5_000);
        Assert.Equal(-5_000, (await shop.Wants("ticket")).Total("miles"));
    }

    [Theory]
    [MemberData(nameof(Shop.Kinds), MemberType = typeof(Shop))]
    public async Task M8_a_birthday_gives_once_a_year_also_to_those_born_on_29_February(string kind)
    {
        await using var shop = new Shop(kind, Club with { Rules = [.. Club.Rules, new YearlyPoints { Name = "birthday", Unit = "points", Points = 50, DateField = "birth-date", LeapDay = LeapDayPolicy.Before }] });
        await shop.Records(CustomerEvent.Purchase(shop.Key(), Shop.Amy, Money.Hkd(10)) with { Profile = Fields.Of(("birth-date", new LocalDate(1996, 2, 29))) });

        shop.On(2026, 2, 27, 23);
        Assert.Equal(1, await shop.Holds("points"));
        shop.On(2026, 2, 28, 0);
        Assert.Equal(51, await shop.Holds("points"));
        await shop.Works();
        await shop.Records(CustomerEvent.Purchase(shop.Key(), Shop.Amy, Money.Hkd(10)) with { Profile = Fields.Of(("birth-date", new LocalDate(1996, 3, 31))) });
        shop.On(2026, 4, 2);
        await shop.Works();
        Assert.Equal(52, await shop.Holds("points"));
    }

    [Theory]
    [MemberData(nameof(Shop.Kinds), MemberType = typeof(Shop))]
    public async Task B12_one_person_in_two_tenants_and_two_programmes_is_four_memberships(string kind)
    {
        var joining = Club with { Membership = new() { Enrolment = Enrolment.ByJoining, Leaving = LeavePolicy.Keep } };
        await using var database = new SharedDatabase(kind);
        var (north, south) = (database.Host("north", joining, joining with { Name = "coffee" }), database.Host("south", joining, joining with { Name = "coffee" }));
        async Task<(long Club, long Coffee)> Holds(CrmEngine host) => await host.ReadAsync(CustomerRef.Of(Shop.Amy), TestContext.Current.CancellationToken) is { } amy
            ? ((long)amy.Fact(LoyaltyNames.Fact("club", "points")).AsNumber, (long)amy.Fact(LoyaltyNames.Fact("coffee", "points")).AsNumber)
            : default;
        async Task<Receipt> Records(CrmEngine host, CustomerEvent happened) => await host.RecordAsync(happened, TestContext.Current.CancellationToken);

        // The same keys and the same name in both: nothing of the one is seen by the other.
        await Records(north, MemberEvents.Join("app:join", Shop.Amy, program: "club"));
        Assert.Null(await south.ReadAsync(CustomerRef.Of(Shop.Amy), TestContext.Current.CancellationToken));
        await Records(south, MemberEvents.Join("app:join", Shop.Amy, program: "coffee"));
        Assert.Equal((20, 0), await Records(north, CustomerEvent.Purchase("till:1", Shop.Amy, Money.Hkd(200))) is var first ? (first.Total("points"), (await Holds(north)).Coffee) : default);
        await Records(south, CustomerEvent.Purchase("till:1", Shop.Amy, Money.Hkd(500)));
        Assert.Equal(((20, 0), (0, 50)), (await Holds(north), await Holds(south)));

        await Records(north, MemberEvents.Join("app:join-2", Shop.Amy, program: "coffee"));
        await Records(north, MemberEvents.Leave("app:leave", Shop.Amy, "club"));
        await Records(north, CustomerEvent.Purchase("till:2", Shop.Amy, Money.Hkd(100)));
        Assert.Equal(((20, 10), (0, 50)), (await Holds(north), await Holds(south)));
        Assert.Equal("not-a-member", (await Records(north, LoyaltyEvents.Redeem("app:spend", SpendAuthority.CardPresent(Shop.Amy), 1, "club", "points"))).Refusal?.Code);
        Assert.True((await Records(south, LoyaltyEvents.Redeem("app:spend", SpendAuthority.CardPresent(Shop.Amy), 50, "coffee", "points"))).Accepted);
        Assert.Equal(((20, 10), (0, 0)), (await Holds(north), await Holds(south)));
    }

    [Theory]
    [MemberData(nameof(Shop.Kinds), MemberType = typeof(Shop))]
    public async Task B10_both_sides_of_a_gift_are_written_together_however_many_give_at_once(string kind)
    {
        await using var database = new SharedDatabase(kind);
        var giving = Club with { Units = [Club.Units[0] with { Transferable = true }, Club.Units[1]] };
        var hosts = new[] { database.Host("default", giving), database.Host("default", giving) };
        var ids = new List<CustomerId>();
        foreach (var who in new[] { Shop.Amy, Shop.Bob })
        {
            ids.Add((await hosts[0].RecordAsync(CustomerEvent.Purchase($"till:{who.Value}", who, Money.Hkd(1_000)), TestContext.Current.CancellationToken)).Customer);
        }

        var receipts = await Task.WhenAll(Enumerable.Range(0, 24).Select(n => Task.Run(async () =>
            await hosts[n % 2].RecordAsync(LoyaltyEvents.Transfer($"app:{n}", n % 3 == 0 ? Shop.Bob : Shop.Amy, n % 3 == 0 ? ids[0] : ids[1], 5, unit: "points")))));

        // Nothing waits in an outbox: 16 gifts went one way and 8 the other.
        Assert.All(receipts, receipt => Assert.True(receipt.Accepted));
        Assert.Equal((60L, 140L), (await Points(hosts[0], Shop.Amy), await Points(hosts[1], Shop.Bob)));
        database.Clock.Advance(Duration.FromMinutes(1));
        Assert.Equal(0, (await hosts[0].PumpAsync(cancellationToken: TestContext.Current.CancellationToken)).FollowUps);
    }

    [Theory]
    [MemberData(nameof(Shop.Kinds), MemberType = typeof(Shop))]
    public async Task B11_members_of_a_household_give_to_a_pool_and_spend_it_once_at_two_hosts(string kind)
    {
        await using var database = new SharedDatabase(kind);
        var pooling = Club with { Pools = new() };
        var hosts = new[] { database.Host("default", pooling), database.Host("default", pooling) };
        var (home, ids) = (PoolEvents.Named("home"), new List<CustomerId>());
        async Task<Receipt> Records(CustomerEvent happened, int host = 0) => await hosts[host].RecordAsync(happened, TestContext.Current.CancellationToken);
        foreach (var who in new[] { Shop.Amy, Shop.Bob })
        {
            ids.Add((await Records(CustomerEvent.Purchase($"till:{who.Value}", who, Money.Hkd(1_000)))).Customer);
        }

        var pool = (await Records(PoolEvents.Open("app:open", home, ids[0]))).Customer;
        await Records(PoolEvents.Admit("app:admit", home, ids[0], ids[1], PoolRole.Spender));
        await Task.WhenAll(Enumerable.Range(0, 20).Select(n => Task.Run(() => Records(PoolEvents.Give($"app:give-{n}", SpendAuthority.SignedIn(n % 2 == 0 ? Shop.Amy : Shop.Bob), pool, 10, unit: "points"), n % 2))));
        Assert.Equal((0L, 0L, 200L), (await Points(hosts[0], Shop.Amy), await Points(hosts[0], Shop.Bob), await Points(hosts[0], home)));

        var receipts = await Task.WhenAll(Enumerable.Range(0, 20).Select(n => Task.Run(() =>
            Records(LoyaltyEvents.Redeem($"app:spend-{n}", SpendAuthority.SignedIn(n % 2 == 0 ? Shop.Amy : Shop.Bob).From(home, ids[n % 2]), 150, unit: "points"), n % 2))));

        Assert.Single(receipts, receipt => receipt.Accepted);
        Assert.Equal(19, receipts.Count(receipt => receipt.Refusal?.Code == "insufficient-balance"));
        await Records(PoolEvents.Dissolve("app:dissolve", home, ids[0]));

        // Who spent has nothing left in it; the other has 100 of the 50 that are there.
        Assert.Equal((0L, 50L), (await Points(hosts[1], home), await Points(hosts[1], Shop.Amy) + await Points(hosts[1], Shop.Bob)));
        Assert.Equal(0L, Math.Min(await Points(hosts[1], Shop.Amy), await Points(hosts[1], Shop.Bob)));
    }

    [Theory]
    [MemberData(nameof(Shop.Kinds), MemberType = typeof(Shop))]
    public async Task B11_where_nothing_cascades_a_cancelled_gift_comes_back_from_the_pool(string kind)
    {
        await using var database = new SharedDatabase(kind);
        var pooling = Club with { Pools = new() { Leaving = PoolLeaving.Return }, Cascade = Cascade.None };
        var hosts = new[] { database.Host("default", pooling), database.Host("default", pooling) };
        var (home, ids) = (PoolEvents.Named("home"), new List<CustomerId>());
        async Task<Receipt> Records(CustomerEvent happened, int host = 0) => await hosts[host].RecordAsync(happened, TestContext.Current.CancellationToken);
        async Task Settles()
        {
            for (var round = 0; round < 10; round++)
            {
                database.Clock.Advance(Duration.FromHours(1));
                await hosts[round % 2].PumpAsync(cancellationToken: TestContext.Current.CancellationToken);
            }
        }

        foreach (var who in new[] { Shop.Amy, Shop.Bob })
        {
            ids.Add((await Records(CustomerEvent.Purchase($"till:{who.Value}", who, Money.Hkd(1_000)))).Customer);
        }

        var pool = (await Records(PoolEvents.Open("app:open", home, ids[0]))).Customer;
        await Records(PoolEvents.Admit("app:admit", home, ids[0], ids[1], PoolRole.Spender));
        await Records(PoolEvents.Give("app:amy", SpendAuthority.SignedIn(Shop.Amy), pool, 30, unit: "points"));
        await Records(PoolEvents.Give("app:bob|1", SpendAuthority.SignedIn(Shop.Bob), pool, 60, unit: "points"), 1);
        await Records(LoyaltyEvents.Redeem("app:spent", SpendAuthority.SignedIn(Shop.Bob).From(home, ids[1]), 50, unit: "points"));
        Assert.Equal((70L, 40L, 40L), (await Points(hosts[0], Shop.Amy), await Points(hosts[0], Shop.Bob), await Points(hosts[0], home)));

        await Records(new CustomerEvent { Key = EventKey.Parse("desk:1"), Kind = EventKinds.CancellationName, Identity = Shop.Bob, Original = EventKey.Parse("app:bob|1") }, 1);
        await Settles();

        // The pool still has 40 of the 60, and owes what was spent.
        Assert.Equal((70L, 100L, -20L), (await Points(hosts[0], Shop.Amy), await Points(hosts[0], Shop.Bob), await Points(hosts[0], home)));
        await Records(new CustomerEvent { Key = EventKey.Parse("desk:2"), Kind = EventKinds.CancellationName, Identity = home, Original = EventKey.Parse("app:spent") });
        await Records(PoolEvents.Dissolve("app:dissolve", home, ids[0]));
        await Settles();
        Assert.Equal((100L, 100L, 0L), (await Points(hosts[1], Shop.Amy), await Points(hosts[1], Shop.Bob), await Points(hosts[1], home)));
    }

    [Theory]
    [MemberData(nameof(Shop.Kinds), MemberType = typeof(Shop))]
    public async Task M12_a_programme_that_is_not_announced_shows_itself_with_its_first_surprise(string kind)
    {
        await using var shop = new Shop(kind, Club with
        {
            Hidden = true,
            Rules = [],
            Surprises = [new() { Name = "regular", OneIn = 1, Seed = "a-seed-of-sixteen-characters", When = If.Purchases().InLast(Duration.FromDays(30)).Count().AtLeast(3), Reward = "coffee" }],
            Rewards = [new() { Name = "coffee", Kind = new RewardKind.FreeItem("coffee") }],
        });
        await shop.Buys(30);
        await shop.Buys(30);
        Assert.Empty(shop.Module.Show(await shop.Reads()));

        var third = await shop.Buys(30, "till:third");

        Assert.Contains(third.Lines, line => line is { Code: LineCodes.Rewarded, Subject: "coffee" });
        Assert.Single(shop.Module.Show(await shop.Reads()));
        await shop.Records(CustomerEvent.Refund(shop.Key(), Shop.Amy, "till:third", Money.Hkd(30)));
        Assert.DoesNotContain((await shop.Membership()).Rewards, standing => standing.Taken > 0);
    }

    [Theory]
    [MemberData(nameof(Shop.Kinds), MemberType = typeof(Shop))]
    public async Task M24_who_buys_for_more_has_more_off_an_offer_of_their_own_and_an_invitation_with_attendance(string kind)
    {
        await using var shop = new Shop(kind, Club with
        {
            Ladders =
            [
                new()
                {
                    Metric = new QualificationMetric.Spend(Currency.Hkd),
                    Window = QualificationWindow.CalendarYear,
                    Tiers = [new("green", 0) { Benefits = [new("discount", 0)] }, new("silver", 1_000_00) { Benefits = [new("discount", 5)] }, new("gold", 5_000_00) { Benefits = [new("discount", 10)] }, new("circle", 5_000_01) { InvitationOnly = true, Benefits = [new("discount", 15)] }],
                },
            ],
            Rewards = [new() { Name = "tasting", Kind = new RewardKind.Physical("tasting"), When = If.Fact("loyalty.club.tier").Is("gold") | If.Fact("loyalty.club.tier").Is("circle") }],
            Rules = [.. Club.Rules, new FixedPoints { Name = "came", Unit = "points", Points = 100, On = [LoyaltyEvents.ActionName], When = If.Field("event.action").Is("tasting-attended"), Terms = new() { OncePer = "reference" } }],
        });
        async Task<decimal> Discount() => (await shop.Reads()).Fact("loyalty.club.tier.benefit.discount").AsNumber;

        await shop.Buys(999);
        Assert.Equal(("green", 0m, "reward-inactive"), (await shop.Tier(), await Discount(), (await shop.Wants("tasting")).Refusal?.Code));
        await shop.Buys(1);
        Assert.Equal(("silver", 5m), (await shop.Tier(), await Discount()));
        await shop.Buys(4_000, "till:large");
        Assert.Equal(("gold", 10m), (await shop.Tier(), await Discount()));
        Assert.True((await shop.Wants("tasting")).Accepted);
        Assert.Equal(100, (await shop.Records(LoyaltyEvents.Action(shop.Key(), Shop.Amy, "tasting-attended", "2026-spring"))).Total("points"));
        Assert.Equal(0, (await shop.Records(LoyaltyEvents.Action(shop.Key(), Shop.Amy, "tasting-attended", "2026-spring"))).Total("points"));
        await shop.Records(TierEvents.Floor(shop.Key(), Shop.Amy, "circle", "invitation", "staff:7"));
        Assert.Equal(("circle", 15m), (await shop.Tier(), await Discount()));
        await shop.Records(TierEvents.Release(shop.Key(), Shop.Amy, "over", "staff:7"));
        await shop.Records(CustomerEvent.Refund(shop.Key(), Shop.Amy, "till:large", Money.Hkd(4_000)));
        Assert.Equal(("silver", 5m), (await shop.Tier(), await Discount()));
    }

    [Theory]
    [MemberData(nameof(Shop.Kinds), MemberType = typeof(Shop))]
    public async Task M25_who_brought_whom_is_known_and_both_are_rewarded(string kind)
    {
        await using var shop = new Shop(kind, Club with { Referrals = new() { Advocate = new("points", 30), Friend = new("points", 20), Minimum = Money.Hkd(50), Block = ["same-card"] } });
        var advocate = (await shop.Buys(10)).Customer;
        Assert.Equal("referral-blocked", (await shop.Records(ReferralEvents.Accept(shop.Key(), Identity.User("eve"), advocate, ["same-card"]))).Refusal?.Code);

        await shop.Records(ReferralEvents.Accept(shop.Key(), Shop.Bob, advocate));
        await shop.Buys(50, "till:friend", who: Shop.Bob);
        await shop.Works();

        Assert.Equal((31L, 25L), (await shop.Holds("points"), await shop.Holds("points", Shop.Bob)));
        Assert.Equal(advocate, (await shop.Membership(Shop.Bob)).Referral?.Advocate);
        await shop.Records(CustomerEvent.Refund(shop.Key(), Shop.Bob, "till:friend", Money.Hkd(50)));
        await shop.Works();
        Assert.Equal((1L, 0L), (await shop.Holds("points"), await shop.Holds("points", Shop.Bob)));
    }

    [Theory]
    [MemberData(nameof(Shop.Kinds), MemberType = typeof(Shop))]
    public async Task M25_advocates_are_known_by_what_they_brought(string kind)
    {
        await using var shop = new Shop(kind, Club with { Referrals = new() { Advocate = new("points", 30), MostPerAdvocate = 5 } });
        var advocates = new List<CustomerId>();
        foreach (var (advocate, friends, spend) in new[] { ("ann", 3, 100m), ("ben", 1, 450m), ("cat", 2, 80m) })
        {
            advocates.Add((await shop.Buys(10, who: Identity.User(advocate))).Customer);
            for (var friend = 0; friend < friends; friend++)
            {
                await shop.Records(ReferralEvents.Accept(shop.Key(), Identity.User($"{advocate}-{friend}"), advocates[^1]));
                await shop.Buys(spend, $"till:{advocate}-{friend}", who: Identity.User($"{advocate}-{friend}"));
            }
        }

        await shop.Works();
        Assert.Equal([(advocates[1], 1, 450m), (advocates[0], 3, 300m), (advocates[2], 2, 160m)], await Brought());

        // What comes back is not brought any more, and who brings many is a condition like any other.
        await shop.Records(CustomerEvent.Refund(shop.Key(), Identity.User("ben-0"), "till:ben-0", Money.Hkd(400)));
        await shop.Works();
        Assert.Equal([(advocates[0], 3, 300m), (advocates[2], 2, 160m), (advocates[1], 1, 50m)], await Brought());
        var many = new Condition.EventWindow(ReferralEvents.SucceededName, new Measure.Count(), new Window.Lifetime(), new Test.AtLeast(2));
        Assert.Equal(new[] { advocates[0], advocates[2] }.ToHashSet(), (await shop.Engine.SelectAsync(many, TestContext.Current.CancellationToken)).ToHashSet());

        async Task<List<(CustomerId, int, decimal)>> Brought()
        {
            var list = new AdvocateList("club");
            await foreach (var customer in shop.Engine.ReadAllAsync(TestContext.Current.CancellationToken))
            {
                list.Add(customer);
            }

            return [.. list.By(Currency.Hkd).Select(advocate => (advocate.Advocate, advocate.Buyers, advocate.BroughtIn(Currency.Hkd).Amount))];
        }
    }

    [Theory]
    [MemberData(nameof(Shop.Kinds), MemberType = typeof(Shop))]
    public async Task M43_a_lucky_draw_is_drawn_from_a_seed_and_anybody_with_it_can_check_every_pick(string kind)
    {
        var draw = new Surprise { Name = "lucky-draw", OneIn = 5, Seed = "published-after-the-draw-2026", Gift = new UnitAmount("points", 88) };
        await using var shop = new Shop(kind, Club with { Surprises = [draw], Challenges = [new() { Name = "three-visits", Goals = [new("visits", 3)], Award = [new("points", 5)] }] });
        for (var i = 0; i < 40; i++)
        {
            await shop.Buys(9, who: Identity.User($"c{i % 8}"));
        }

        // From the journal alone: who bought what when, and the seed.
        var winners = (await shop.Journal()).Where(entry => draw.Picks(entry.Receipt.Customer, entry.Event.Key)).Select(entry => entry.Event.Key).ToHashSet();
        Assert.Equal(winners, (await shop.Ledger()).Where(entry => entry.Code == "surprise.lucky-draw").Select(entry => entry.Cause).ToHashSet());
        Assert.InRange(winners.Count, 2, 20);
        Assert.NotEqual(winners, (await shop.Journal()).Where(entry => (draw with { Seed = "another-seed-of-the-host" }).Picks(entry.Receipt.Customer, entry.Event.Key)).Select(entry => entry.Event.Key).ToHashSet());
        Assert.Equal(8 * 5, (await shop.Ledger()).Where(entry => entry.Amount == 5).Sum(entry => entry.Amount));
    }

    private static async Task<long> Points(CrmEngine host, Identity who) =>
        await host.ReadAsync(CustomerRef.Of(who), TestContext.Current.CancellationToken) is { } view ? (long)view.Fact(LoyaltyNames.Fact("club", "points")).AsNumber : 0;

    private static PointsPerAmount Per(string rule, string unit, decimal every) => new() { Name = rule, Unit = unit, Points = 1, Every = Money.Hkd(every), Basis = EarningBasis.WholeSpend };
}
