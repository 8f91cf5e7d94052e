using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Accounts;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Tests.Recording;
using Crm.Loyalty.Wallets;
using Crm.Storage;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Loyalty.Tests.Accounts;

/// <summary>Where units come from and where they end; who owes whom; what became of each month's units.</summary>
public sealed class Books
{
    private static readonly LoyaltyProgram Mall = new()
    {
        Name = "tea-club",
        Zone = "Asia/Hong_Kong",
        Units = [new("points", UnitKind.Redeemable) { Expiry = LotExpiry.AfterMonths(3, LastDay.Included, PeriodEnd.Month), Transferable = true }],
        Rules =
        [
            Samples.Per(1, 1) with { Name = "market", Terms = new() { Scope = new() { Brands = ["market"] }, Issuer = "market" } },
            Samples.Per(2, 1) with { Name = "chemist", Terms = new() { Scope = new() { Brands = ["chemist"] }, Issuer = "chemist" } },
        ],
    };

    private static readonly ClearingRate[] Rates = [new("points", "market", null, 100, Money.Hkd(1)), new("points", "chemist", "market", 100, Money.Hkd(0.8m)), new("points", "chemist", null, 100, Money.Hkd(0.9m))];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_unit_comes_from_a_rule_and_ends_in_an_account_K1()
    {
        var club = Club.Of(Mall);
        await Buys(club, "market", 100);
        await Buys(club, "chemist", 30, "pos:back");
        await Redeems(club, "chemist", 40);
        await club.Returns("pos:back", 10);
        club.On(2026, 6, 1);
        await Buys(club, "market", 7);
        await club.Records(LoyaltyEvents.Transfer("app:gift", Samples.Amy, await club.Meets("ben"), 5));

        var books = new SystemAccounts();
        foreach (var entry in (await club.Ledger()).Where(entry => entry is not { Movement: Movement.Transferred, Amount: > 0 }))
        {
            books.Add(entry, entry.Movement == Movement.Spent ? "chemist" : null);
        }

        // 100, 60 and 7 were issued, 20 taken back, 40 redeemed, and what is left of the first two ran out at the end of April; until the other side of the gift is written it is on its way.
        Assert.Equal(
            [("expired", 100L), ("issued:chemist", -60L), ("issued:market", -107L), ("members", 2L), ("on-the-way", 5L), ("partner:chemist", 40L), ("reversed", 20L)],
            books.Balances.Select(account => (account.Account, account.Balance)));
        var delivered = new SystemAccounts();
        (await club.Ledger()).ForEach(entry => delivered.Add(entry));
        Assert.DoesNotContain(delivered.Balances, account => account.Account == SystemAccounts.OnTheWay);
        Assert.Contains(delivered.Balances, account => account.Account == "redeemed:points" && account.Balance == 40);
    }

    [Fact]
    public void All_accounts_add_up_to_nothing_and_members_to_the_wallets_K1() => Prop.ForAll(Histories.ToArbitrary(), async Task<bool> (steps) =>
    {
        var club = await Played(steps);
        var (books, ledger) = (new SystemAccounts(), await club.Ledger());
        ledger.ForEach(entry => books.Add(entry));
        var wallet = (await club.Membership()).Wallet("points");
        var unwritten = ledger.GroupBy(entry => entry.Lot).Where(lot => Lot.Parse(lot.Key)?.Expiry <= club.Now).Sum(lot => lot.Sum(entry => entry.Amount));
        Assert.Equal(0, books.Balances.Sum(account => account.Balance));
        Assert.Equal(wallet.Balance + wallet.PendingTotal, books.Balances.Where(account => account.Account == SystemAccounts.Members).Sum(account => account.Balance) - unwritten);
        return true;
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(60));

    [Fact]
    public async Task The_issuer_owes_the_partner_where_its_units_were_redeemed_B13()
    {
        var club = Club.Of(Mall);
        await Buys(club, "market", 500);
        club.On(2026, 2, 15);
        await Buys(club, "chemist", 300);
        var redeemed = await Redeems(club, "chemist", 600);
        await Redeems(club, "market", 200);
        await Redeems(club, "ferry", 100);

        // The market's 500 run out first, then 100, 200 and 100 of the chemist's.
        var statement = (await Settled(club)).Statement(Rates);
        Assert.Equal(
            [("chemist", "ferry", 100L, Money.Hkd(0.9m)), ("chemist", "market", 200L, Money.Hkd(1.6m)), ("market", "chemist", 500L, Money.Hkd(5))],
            statement.Select(line => (line.Issuer, line.Redeemer, line.Units, line.Owed)));
        Assert.Equal([("chemist", Money.Hkd(2.5m)), ("ferry", Money.Hkd(0.9m)), ("market", Money.Hkd(-3.4m))], Settlement.Net(statement));

        var settlement = await Settled(club);
        Assert.Contains("'points' of 'chemist' redeemed at 'ferry'", Assert.Throws<ArgumentException>(() => settlement.Statement([Rates[0], Rates[1]])).Message);

        // What is taken back is owed to nobody any more.
        await club.Records(new CustomerEvent { Key = EventKey.Parse("app:undo"), Kind = EventKinds.CancellationName, Identity = Samples.Amy, Original = redeemed.Key });
        Assert.DoesNotContain((await Settled(club)).Statement(Rates), line => line is { Issuer: "market", Redeemer: "chemist" });
    }

    [Theory]
    [InlineData(Cascade.History, false)]
    [InlineData(Cascade.None, false)]
    [InlineData(Cascade.History, true)]
    [InlineData(Cascade.None, true)]
    public async Task What_comes_back_is_taken_off_where_it_was_redeemed_B13(Cascade cascade, bool byReturn)
    {
        var club = Club.Of(Mall with { Cascade = cascade, Units = [.. Mall.Units.Select(unit => unit with { Returns = new(60, GoneLots.StillExpired) })] });
        await Buys(club, "market", 500);
        var redeemed = await Redeems(club, "chemist", 400);
        await club.Records(byReturn
            ? LoyaltyEvents.Return("app:undo", Samples.Amy, redeemed.Key.ToString(), 150)
            : new CustomerEvent { Key = EventKey.Parse("app:undo"), Kind = EventKinds.CancellationName, Identity = Samples.Amy, Original = redeemed.Key });
        Assert.Equal(byReturn ? [("market", "chemist", 250L)] : Array.Empty<(string, string, long)>(), (await Settled(club)).Statement(Rates).Select(line => (line.Issuer, line.Redeemer, line.Units)));

        // What came back by a return that is cancelled is spent again.
        if (byReturn)
        {
            await club.Records(new CustomerEvent { Key = EventKey.Parse("app:undone"), Kind = EventKinds.CancellationName, Identity = Samples.Amy, Original = EventKey.Parse("app:undo") });
            Assert.Equal([("market", "chemist", 400L)], (await Settled(club)).Statement(Rates).Select(line => (line.Issuer, line.Redeemer, line.Units)));
        }
    }

    [Fact]
    public async Task Units_that_were_set_aside_keep_their_issuer_until_they_are_captured_B13_D9()
    {
        var club = Club.Of(Mall);
        await Buys(club, "market", 50);
        await Buys(club, "chemist", 50);
        await club.Records(RewardEvents.Reserve("app:hold", SpendAuthority.SignedIn(Samples.Amy), 120, Duration.FromDays(1)));
        await club.Records(RewardEvents.Capture("app:take", Samples.Amy, "app:hold", 70) with { Brand = "ferry" });

        // 100 of the chemist's go before 50 of the market's, because lots that run out together go by issuer; what was not captured is back.
        Assert.Equal([("chemist", "ferry", 70L)], (await Settled(club)).Statement(Rates).Select(line => (line.Issuer, line.Redeemer, line.Units)));
        Assert.Equal(80, await club.Points());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_is_set_aside_anew_when_history_changes_is_owed_by_who_issued_it_then_B13_D5(bool refundedBefore)
    {
        var club = Club.Of(Mall);
        await Buys(club, "chemist", 50, "pos:back");
        await Buys(club, "market", 100);
        await club.Records(RewardEvents.Reserve("app:hold", SpendAuthority.SignedIn(Samples.Amy), 60, Duration.FromDays(1)));
        foreach (var refunds in new[] { refundedBefore, !refundedBefore })
        {
            await (refunds ? club.Returns("pos:back", 50) : club.Records(RewardEvents.Capture("app:take", Samples.Amy, "app:hold", 60) with { Brand = "ferry" }));
        }

        // The chemist's 100 would have gone first; none of them was ever earned.
        Assert.Equal([("market", "ferry", 60L)], (await Settled(club)).Statement(Rates).Select(line => (line.Issuer, line.Redeemer, line.Units)));
        Assert.Equal(40, await club.Points());
    }

    [Fact]
    public async Task What_was_captured_and_is_taken_back_is_owed_by_nobody_B13()
    {
        var club = Club.Of(Mall);
        await Buys(club, "chemist", 50);
        await Buys(club, "market", 100);
        await club.Records(RewardEvents.Reserve("app:hold", SpendAuthority.SignedIn(Samples.Amy), 150, Duration.FromDays(1)));
        await club.Records(RewardEvents.Capture("app:take", Samples.Amy, "app:hold", 120) with { Brand = "ferry" });
        Assert.Equal([("chemist", 100L), ("market", 20L)], (await Settled(club)).Statement(Rates).Select(line => (line.Issuer, line.Units)));

        await club.Records(new CustomerEvent { Key = EventKey.Parse("app:undo"), Kind = EventKinds.CancellationName, Identity = Samples.Amy, Original = EventKey.Parse("app:take") });

        Assert.Empty((await Settled(club)).Statement(Rates));
    }

    [Fact]
    public async Task Units_that_are_reinstated_are_owed_by_who_issued_them_B13_C10()
    {
        var club = Club.Of(Mall with { Units = [Mall.Units[0] with { ReinstateWithinDays = 30 }] });
        await Buys(club, "market", 100);
        await Buys(club, "chemist", 50);
        await Buys(club, "ferry", 10);
        club.On(2026, 5, 10);

        // The chemist's lot is before the market's, so all of it comes back and 20 of the market's.
        var receipt = await club.Records(LoyaltyEvents.Reinstate("desk:1", Samples.Amy, 120, null, "goodwill", "staff:1"));
        await Redeems(club, "ferry", 120);

        Assert.Equal(120, receipt.Total("points"));
        Assert.Equal([("chemist", "ferry", 100L), ("market", "ferry", 20L)], (await Settled(club)).Statement(Rates).Select(line => (line.Issuer, line.Redeemer, line.Units)));
        Assert.Equal(0, (await club.Ledger()).Sum(entry => entry.Amount));
    }

    [Fact]
    public async Task Units_that_are_exchanged_are_owed_by_who_issued_those_that_were_given_for_them_B13_B14()
    {
        var club = Club.Of(Mall with
        {
            Units = [.. Mall.Units, new("miles", UnitKind.Redeemable)],
            Conversions = [new("miles", "points", "miles", 3, 2)],
        });
        await Buys(club, "chemist", 25);
        await Buys(club, "market", 100);

        // 50 of the chemist's and 97 of the market's: 98 miles, of which 33 and a third are the chemist's.
        await club.Records(LoyaltyEvents.Convert("app:miles", Samples.Amy, 149));
        await club.Records(LoyaltyEvents.Redeem("app:fly", SpendAuthority.SignedIn(Samples.Amy), 98, unit: "miles") with { Brand = "ferry" });

        Assert.Equal(
            [("chemist", "ferry", 33L), ("market", "ferry", 65L)],
            (await Settled(club)).Statement([new("miles", "market", null, 1, Money.Hkd(1)), new("miles", "chemist", null, 1, Money.Hkd(1))]).Select(line => (line.Issuer, line.Redeemer, line.Units)));
        Assert.Equal(0, (await club.Ledger()).Where(entry => entry.Unit == "miles").Sum(entry => entry.Amount));
    }

    [Fact]
    public async Task A_reward_that_is_cancelled_and_an_order_that_is_refunded_are_two_things_D9()
    {
        var club = Club.Of(Mall);
        await Buys(club, "market", 100, "pos:order");
        await club.Records(RewardEvents.Reserve("app:hold", SpendAuthority.SignedIn(Samples.Amy), 60, Duration.FromDays(1)));
        Assert.Equal((40L, 60L), (await club.Points(), (await club.Membership()).Reserved("points")));

        // Cancelling the reward gives back the units; refunding the order takes back what it earned, also what is set aside, as a debt.
        await club.Returns("pos:order", 100);
        Assert.Equal((0L, 60L, 60L), (await club.Points(), (await club.Membership()).Reserved("points"), (await club.Membership()).Wallet("points").Debt));
        await club.Records(RewardEvents.Void("app:no", Samples.Amy, "app:hold"));
        Assert.Equal((0L, 0L, 0L), (await club.Points(), (await club.Membership()).Reserved("points"), (await club.Membership()).Wallet("points").Debt));
    }

    [Fact]
    public async Task Each_month_knows_what_became_of_its_units_K3()
    {
        var club = Club.Of(Mall);
        await Buys(club, "market", 100);
        club.On(2026, 2, 10);
        await Buys(club, "market", 200);
        await Redeems(club, "market", 60);
        club.On(2026, 3, 10);
        await Redeems(club, "market", 90);
        club.On(2026, 5, 10);

        var lines = await CohortsOf(club);

        // January: 60 in February, 40 in March; February: 50 in March, 150 until the end of May.
        Assert.Equal(
            [(new YearMonth(2026, 1), 100L, 100L, 0L, 0L), (new YearMonth(2026, 2), 200L, 50L, 0L, 150L)],
            lines.Select(line => (line.Month, line.Issued, line.Redeemed, line.Expired, line.Held)));
    }

    [Fact]
    public async Task What_earlier_months_did_says_what_later_ones_will_do_B15()
    {
        var club = Club.Of(Mall);

        // Of each month's 1,000, 300 are redeemed in the next month and 200 in the one after; 500 run out.
        for (var month = 1; month <= 12; month++)
        {
            club.On(2026, month, 10);
            await club.Records(CustomerEvent.Purchase(club.NextKey(), Identity.User($"c{month}"), Money.Hkd(1_000)) with { Brand = "market" });
            foreach (var (back, amount) in new[] { (1, 300), (2, 200) }.Where(one => one.Item1 < month))
            {
                await club.Records(LoyaltyEvents.Redeem(club.NextKey(), SpendAuthority.SignedIn(Identity.User($"c{month - back}")), amount));
            }
        }

        var lines = await CohortsOf(club);

        Assert.Equal((1_000L, 500L, 500L, 0.5m), (lines[0].Issued, lines[0].Redeemed, lines[0].Expired, lines[0].BreakageRate));
        Assert.Equal((0L, 300L, 500L), (lines[11].Redeemed, lines[10].Redeemed, lines[9].Redeemed));
        Assert.Equal([500m, 200m, 0m], lines.Skip(9).Reverse().Select(line => decimal.Round(line.ExpectedRedeemed, 6)));
        Assert.All(lines, line => Assert.Equal(0.5m, decimal.Round(line.BreakageRate, 6)));

        // Where nothing was ever redeemed, nothing is expected to be.
        var young = Club.Of(Mall);
        await Buys(young, "market", 1_000);
        Assert.Equal(0m, (await CohortsOf(young)).Sum(line => line.ExpectedRedeemed));
    }

    [Fact]
    public void Cohorts_add_up_to_what_was_issued_and_is_held_K3() => Prop.ForAll(Histories.ToArbitrary(), async Task<bool> (steps) =>
    {
        var club = await Played(steps);
        var wallet = (await club.Membership()).Wallet("points");
        var lines = await CohortsOf(club);
        Assert.Equal(wallet.Balance + wallet.Debt + wallet.PendingTotal, lines.Sum(line => line.Held));
        Assert.All(lines, line => Assert.InRange(line.ExpectedRedeemed, 0, Math.Max(line.Held, 0)));
        return true;
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(60));

    private static Gen<List<(int Kind, int Amount, int Days)>> Histories =>
        (from kind in Gen.Choose(0, 3) from amount in Gen.Choose(1, 120) from days in Gen.Elements(0, 1, 20, 50) select (kind, amount, days)).NonEmptyListOf().Select(list => list.Take(15).ToList());

    private static async Task<Club> Played(List<(int Kind, int Amount, int Days)> steps)
    {
        var (club, now, bought) = (Club.Of(Mall), Samples.Local(2026, 1, 15, 12), new List<string>());
        await Buys(club, "market", 10);
        foreach (var (kind, amount, days) in steps)
        {
            now += Duration.FromDays(days) + Duration.FromMinutes(1);
            club.At(now);
            switch (kind)
            {
                case 0:
                case 1:
                    bought.Add((await Buys(club, kind == 0 ? "market" : "chemist", amount)).Key.ToString());
                    break;
                case 2:
                    await Redeems(club, "market", amount);
                    break;
                default:
                    await (bought.Count > 0 ? club.Returns(bought[amount % bought.Count], amount) : Buys(club, "market", 1));
                    break;
            }
        }

        return club;
    }

    private static async Task<Sequence<CohortLine>> CohortsOf(Club club)
    {
        var cohorts = new Cohorts(Samples.HongKong, club.Now);
        var ledger = new List<(CustomerId Customer, LedgerEntry Entry)>();
        await foreach (var one in club.Store.ReadLedgerAsync(Cancel))
        {
            ledger.Add(one);
        }

        foreach (var customer in ledger.GroupBy(one => one.Customer, one => one.Entry))
        {
            cohorts.Add(customer);
        }

        return cohorts.Lines("tea-club", "points");
    }

    private static ValueTask<Receipt> Buys(Club club, string brand, decimal spend, string? key = null) => club.Records(CustomerEvent.Purchase(key ?? club.NextKey(), Samples.Amy, Money.Hkd(spend)) with { Brand = brand });

    private static ValueTask<Receipt> Redeems(Club club, string brand, long amount) => club.Records(LoyaltyEvents.Redeem(club.NextKey(), SpendAuthority.SignedIn(Samples.Amy), amount) with { Brand = brand });

    private static async Task<Settlement> Settled(Club club)
    {
        var journal = new List<JournalEntry>();
        await foreach (var (_, entry) in club.Store.ReadAllAsync(Cancel))
        {
            journal.Add(entry);
        }

        var settlement = new Settlement();
        settlement.Add(journal, await club.Ledger());
        return settlement;
    }
}
