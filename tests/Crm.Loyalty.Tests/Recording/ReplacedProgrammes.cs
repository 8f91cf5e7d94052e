using Crm.Definitions;
using Crm.Engine;
using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Challenges;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Wallets;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Tests.Recording;

/// <summary>A host replaces a programme in place, or removes it: what its events gave is taken back as it was recorded, never by the rules of today.</summary>
public sealed class ReplacedProgrammes
{
    private static readonly LoyaltyProgram Club3 = Samples.TeaClub with { Rules = [Samples.Per(3, 10), Samples.TeaClub.Rules[1]] };
    private static readonly LoyaltyProgram Nothing = Samples.TeaClub with { Rules = [Samples.TeaClub.Rules[1]] };

    public static TheoryData<string, Cascade> Replacements => new MatrixTheoryData<string, Cascade>(["more", "less", "nothing", "later"], [Cascade.History, Cascade.None]);

    [Theory]
    [MemberData(nameof(Replacements))]
    public async Task A_full_refund_takes_what_was_given_whatever_the_programme_gives_now_D4(string now, Cascade cascade)
    {
        var club = Club.Of(Samples.TeaClub with { Cascade = cascade });
        await club.Buys(100, "pos:sale");
        await club.Buys(200, "pos:other");
        club.StartsAgainWith(Now(now, cascade));

        await club.Returns("pos:sale", 100);

        Assert.Equal(20, await Available(club, cascade));
        Assert.Equal(-10, (await club.Ledger()).Where(entry => entry is { Unit: "points", Cause.Value: not ("sale" or "other") }).Sum(entry => entry.Amount));
        await Fits(club, Now(now, cascade));
    }

    [Theory]
    [MemberData(nameof(Replacements))]
    public async Task A_part_takes_its_share_of_what_was_given_in_however_many_pieces_D4(string now, Cascade cascade)
    {
        var (once, pieces) = (Club.Of(Samples.TeaClub with { Cascade = cascade }), Club.Of(Samples.TeaClub with { Cascade = cascade }));
        foreach (var (club, parts) in new[] { (once, new[] { 55m }), (pieces, [33, 1, 0.5m, 20.5m]) })
        {
            await club.Buys(105, "pos:sale");
            club.StartsAgainWith(Now(now, cascade));
            foreach (var part in parts)
            {
                await club.Returns("pos:sale", part);
            }
        }

        // 10 for 105.00; of 50.00 that are left, rounded up.
        Assert.Equal((5, 5), (await Available(once, cascade), await Available(pieces, cascade)));
        await once.Returns("pos:sale", 50);
        Assert.Equal(0, await Available(once, cascade));
    }

    [Fact]
    public async Task The_receipt_says_that_what_was_recorded_stands()
    {
        var club = Club.TeaClub();
        await club.Buys(100, "pos:sale");
        club.StartsAgainWith(new LoyaltyModule(Club3));

        var receipt = await club.Returns("pos:sale", 50);

        var line = receipt.Lines.Single(line => line.Code == "decided-by-code-that-is-gone");
        Assert.Equal(("loyalty", "What 'loyalty' gave before its rules were replaced stands as recorded: what comes back takes its share of that with it. Everything else goes by today's rules."), (line.Subject, line.Text?.English));
        Assert.Equal("「loyalty」在規則更換前所給的一概以紀錄為準，退回部分按比例收回；其餘按現行規則計算。", line.Text?.Chinese);
        Assert.Equal(-5, receipt.Total("points"));
    }

    [Theory]
    [InlineData(Cascade.History)]
    [InlineData(Cascade.None)]
    public async Task What_is_bought_after_the_replacement_goes_by_the_new_rules(Cascade cascade)
    {
        var club = Club.Of(Samples.TeaClub with { Cascade = cascade });
        await club.Buys(100, "pos:old");
        club.StartsAgainWith(new LoyaltyModule(Club3 with { Cascade = cascade }));
        await club.Buys(100, "pos:new");
        Assert.Equal(10 + 30, await Available(club, cascade));

        await club.Returns("pos:new", 50);
        Assert.Equal(10 + 15, await Available(club, cascade));
        await club.Returns("pos:old", 50);
        Assert.Equal(5 + 15, await Available(club, cascade));
    }

    [Fact]
    public async Task What_comes_late_leaves_what_was_given_before_and_after_it_as_it_was()
    {
        var club = Club.Of(Samples.TeaClub with { Rules = [Samples.Per(1, 10), new FixedPoints { Name = "first", Unit = "points", Points = 50, When = Conditions.If.Purchases().Count().Is(1) }] });
        await club.Buys(100, "pos:sale");
        var late = club.Now - Duration.FromDays(1);
        club.On(2026, 1, 17);
        await club.Buys(100);
        club.StartsAgainWith(new LoyaltyModule(Club3));

        await club.Records(CustomerEvent.Purchase("pos:late", Samples.Amy, Money.Hkd(10)) with { OccurredAt = late });

        Assert.Equal(60 + 3 + 10, await club.Points());
        Assert.Equal(3, (await club.Ledger()).Where(entry => entry.Cause.Value == "late").Sum(entry => entry.Amount is var amount && entry.Unit == "points" ? amount : 0));
    }

    [Fact]
    public async Task What_had_given_nothing_has_nothing_taken_back()
    {
        var club = Club.Of(Samples.TeaClub with { Rules = [Samples.Per(1, 10) with { Terms = new() { MinimumSpend = Money.Hkd(60) } }] });
        await club.Buys(50, "pos:small");
        await club.Buys(100);
        club.StartsAgainWith(new LoyaltyModule(Club3));

        await club.Returns("pos:small", 50);

        Assert.Equal(10, await club.Points());
    }

    [Fact]
    public async Task A_programme_that_is_new_takes_nothing_back_of_what_was_bought_before_it()
    {
        var club = Club.TeaClub();
        await club.Buys(100, "pos:sale");
        LoyaltyProgram[] both = [Samples.TeaClub, Club3 with { Name = "second-club" }];
        club.StartsAgainWith(new LoyaltyModule(both));

        await club.Returns("pos:sale", 100);

        Assert.Equal((0, 0), (await club.Points(), (await club.Membership("second-club")).Wallet("points").Balance));
        Assert.Empty(await club.Differences(new LoyaltyModule(both)));
    }

    [Fact]
    public async Task What_was_taken_back_by_the_old_rules_stays_taken_and_the_rest_goes_with_the_rest()
    {
        var club = Club.Of(Samples.TeaClub with { Rules = [new FixedPoints { Name = "order", Unit = "points", Points = 50 }, Samples.TeaClub.Rules[1]] });
        await club.Buys(100, "pos:sale");
        await club.Returns("pos:sale", 30);
        Assert.Equal(50, await club.Points());
        club.StartsAgainWith(new LoyaltyModule(Club3));

        await club.Returns("pos:sale", 35);
        Assert.Equal(25, await club.Points());
        await club.Returns("pos:sale", 35);
        Assert.Equal(0, (await club.Membership()).Wallet("points").Balance);
    }

    [Theory]
    [InlineData(Cascade.History)]
    [InlineData(Cascade.None)]
    public async Task A_refund_that_is_cancelled_gives_back_what_it_took(Cascade cascade)
    {
        var club = Club.Of(Samples.TeaClub with { Cascade = cascade });
        await club.Buys(100, "pos:sale");
        await club.Records(CustomerEvent.Refund("pos:before", Samples.Amy, "pos:sale", Money.Hkd(40)));
        club.StartsAgainWith(new LoyaltyModule(Club3 with { Cascade = cascade }));
        await club.Records(CustomerEvent.Refund("pos:after", Samples.Amy, "pos:sale", Money.Hkd(60)));
        Assert.Equal(0, await Available(club, cascade));

        await club.Records(Cancelled("desk:1", "pos:after"));
        Assert.Equal(6, await Available(club, cascade));
        await club.Records(Cancelled("desk:2", "pos:before"));
        Assert.Equal(10, await Available(club, cascade));
    }

    [Fact]
    public async Task A_programme_that_was_replaced_twice_takes_of_each_purchase_what_that_gave()
    {
        var club = Club.TeaClub();
        await club.Buys(100, "pos:one");
        club.StartsAgainWith(new LoyaltyModule(Club3));
        await club.Buys(100, "pos:two");
        club.StartsAgainWith(new LoyaltyModule(Samples.TeaClub with { Rules = [Samples.Per(7, 10)] }));
        await club.Buys(100, "pos:three");
        Assert.Equal(10 + 30 + 70, await club.Points());

        await club.Returns("pos:two", 50);
        Assert.Equal(10 + 15 + 70, await club.Points());
        await club.Returns("pos:one", 100);
        Assert.Equal(15 + 70, await club.Points());
        await club.Returns("pos:three", 100);
        Assert.Equal(15, await club.Points());
    }

    [Fact]
    public async Task A_rule_in_code_that_became_another_version_takes_what_it_had_given()
    {
        var club = Club.Of(Samples.TeaClub with { Rules = [new Flat(1, 40)] });
        await club.Buys(100, "pos:sale");
        club.StartsAgainWith(new LoyaltyModule(Samples.TeaClub with { Rules = [new Flat(2, 90)] }));

        await club.Returns("pos:sale", 25);
        Assert.Equal(30, await club.Points());
        await club.Returns("pos:sale", 75);
        Assert.Equal(0, (await club.Membership()).Wallet("points").Balance);
    }

    [Fact]
    public async Task A_version_that_began_before_it_was_there_takes_what_the_one_before_it_had_given()
    {
        var club = Club.TeaClub();
        club.On(2026, 2, 5);
        await club.Buys(100, "pos:sale");
        var module = new LoyaltyModule(new DefinitionCatalog<LoyaltyProgram>([Samples.TeaClub.Define(), Club3.Define(2, Samples.Local(2026, 2, 1))]));
        club.StartsAgainWith(module);

        await club.Returns("pos:sale", 50);

        Assert.Equal(5, await club.Points());
        Assert.Empty(await club.Differences(module));
    }

    [Fact]
    public async Task Units_that_wait_are_taken_while_they_wait_and_run_out_as_they_were_given()
    {
        var waiting = Samples.TeaClub with { Units = [new("points", UnitKind.Redeemable) { Expiry = LotExpiry.AfterDays(30, LastDay.Included), Activation = Activation.AfterDays(7) }, Samples.TeaClub.Units[1]] };
        var club = Club.Of(waiting);
        await club.Buys(100, "pos:sale");
        club.StartsAgainWith(new LoyaltyModule(Club3));

        await club.Returns("pos:sale", 50);
        var wallet = (await club.Membership()).Wallet("points");
        Assert.Equal((0, 5, 0), (wallet.Available, wallet.PendingTotal, wallet.Debt));

        club.On(2026, 1, 23);
        Assert.Equal(5, await club.Points());
        club.On(2026, 2, 24);
        Assert.Equal(0, await club.Points());
        await club.RunDue();
        Assert.All((await club.Ledger()).Where(entry => entry.Unit == "points").GroupBy(entry => entry.Lot), lot => Assert.Equal(0, lot.Sum(entry => entry.Amount)));
    }

    [Fact]
    public async Task Of_a_unit_that_is_gone_what_was_given_is_taken_back()
    {
        var club = Club.TeaClub();
        await club.Buys(100, "pos:sale");
        await club.Buys(100);
        club.StartsAgainWith(new LoyaltyModule(Samples.TeaClub with { Units = [new("stars", UnitKind.Redeemable), Samples.TeaClub.Units[1]], Rules = [Samples.Per(3, 10) with { Unit = "stars" }, Samples.TeaClub.Rules[1]] }));

        await club.Returns("pos:sale", 50);

        Assert.Equal((15, 0), (await club.Points(), (await club.Membership()).Wallet("stars").Balance));
    }

    [Fact]
    public async Task What_was_spent_is_owed_and_no_more_and_the_next_units_repay_it()
    {
        var club = Club.TeaClub();
        await club.Buys(100, "pos:sale");
        await club.Redeems(10);
        club.StartsAgainWith(new LoyaltyModule(Club3));

        await club.Returns("pos:sale", 100);
        Assert.Equal(10, (await club.Membership()).Wallet("points").Debt);

        await club.Buys(10);
        Assert.Equal(7, (await club.Membership()).Wallet("points").Debt);
    }

    [Fact]
    public async Task Tiers_count_what_was_given()
    {
        var club = Club.TeaClub();
        await club.Buys(100, "pos:one");
        await club.Buys(100, "pos:two");
        Assert.Equal("silver", await club.Tier());
        club.StartsAgainWith(new LoyaltyModule(Samples.TeaClub with { Rules = [Samples.TeaClub.Rules[0], Samples.Per(9, 10) with { Name = "status", Unit = "status" }] }));

        await club.Returns("pos:one", 10);

        Assert.Equal("bronze", await club.Tier());
        Assert.Equal(19, (await club.Membership()).Standing()?.Counted);
    }

    [Fact]
    public async Task Units_of_a_programme_that_is_gone_become_available_when_they_would_have()
    {
        var waiting = Samples.TeaClub with { Units = [Samples.TeaClub.Units[0] with { Activation = Activation.AfterDays(7) }, Samples.TeaClub.Units[1]] };
        var club = Club.Of(waiting);
        await club.Buys(100, "pos:one");
        await club.Buys(100, "pos:two");
        club.StartsAgainWith(new LoyaltyModule(Samples.TeaClub with { Name = "second-club" }));

        await club.Returns("pos:one", 50);
        club.On(2026, 1, 24);
        await club.RunDue();
        await club.Returns("pos:two", 50);

        var wallet = (await club.Membership()).Wallet("points");
        Assert.Equal((10, 0, 0), (wallet.Available, wallet.PendingTotal, wallet.Debt));
    }

    [Fact]
    public async Task What_there_was_in_the_past_is_told_as_it_was_given()
    {
        var club = Club.TeaClub();
        await club.Buys(100, "pos:sale");
        club.On(2026, 2, 1);
        await club.Buys(100);
        club.StartsAgainWith(new LoyaltyModule(Club3));

        var then = await club.Engine.ReadAsync(CustomerRef.Of(Samples.Amy), new PastQuestion(Samples.Local(2026, 1, 20)), TestContext.Current.CancellationToken);

        Assert.Equal(10, then?.Customer.Slot<LoyaltyState>("loyalty").In("tea-club").Wallet("points").Available);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Of_a_programme_that_is_gone_what_was_given_is_taken_back_and_the_rest_runs_out(bool another)
    {
        LoyaltyProgram[] both = [Samples.TeaClub, Samples.TeaClub with { Name = "second-club" }];
        var club = Club.Of(both);
        await club.Buys(100, "pos:sale");
        await club.Buys(50);
        club.StartsAgainWith(new LoyaltyModule(another ? [both[1]] : []));

        await club.Returns("pos:sale", 100);
        Assert.Equal((5, 0), ((await club.Membership()).Wallet("points").Available, (await club.Membership()).Wallet("points").Debt));
        Assert.Equal(5, (await club.Membership("second-club")).Wallet("points").Available);

        club.On(2027, 2, 16);
        await club.RunDue();
        Assert.Equal(0, (await club.Membership()).Wallet("points").Balance);
    }

    [Fact]
    public async Task Who_was_merged_keeps_what_was_given_and_a_refund_takes_just_that()
    {
        var club = Club.TeaClub();
        var bob = Identity.User("bob");
        await club.Records(CustomerEvent.Purchase("pos:his", bob, Money.Hkd(100)));
        await club.Buys(50, "pos:hers");
        await club.Engine.MergeAsync(new MergeRequest(Key("desk:merge"), CustomerRef.Of(Samples.Amy), CustomerRef.Of(bob)), TestContext.Current.CancellationToken);
        club.StartsAgainWith(new LoyaltyModule(Club3));

        await club.Returns("pos:his", 50);
        Assert.Equal(5 + 5, await club.Points());
        await club.Returns("pos:hers", 50);
        Assert.Equal(5, await club.Points());
    }

    [Fact]
    public async Task A_prize_stays_as_long_as_anything_is_left_of_what_brought_it()
    {
        var club = Club.Of(Samples.TeaClub with { Challenges = [new() { Name = "two", Goals = [new("orders", 2)], Award = [new("points", 25)] }] });
        await club.Buys(100, "pos:one");
        await club.Buys(100, "pos:two");
        Assert.Equal(45, await club.Points());
        club.StartsAgainWith(new LoyaltyModule(Club3 with { Challenges = [new() { Name = "two", Goals = [new("orders", 2)], Award = [new("points", 80)] }] }));

        await club.Returns("pos:two", 50);
        Assert.Equal(45 - 5, await club.Points());
        await club.Returns("pos:two", 50);
        Assert.Equal(10, await club.Points());
    }

    [Fact]
    public async Task Limits_and_frequencies_count_what_was_given_so_that_a_refund_after_them_takes_no_more_than_that()
    {
        var capped = Samples.TeaClub with { Rules = [Samples.Per(1, 10), new FixedPoints { Name = "once", Unit = "points", Points = 5, Terms = new() { Frequency = new(1, CapPeriod.Year) } }], Limits = [new() { Name = "monthly", Unit = "points", Per = CapPeriod.Month, Most = 20 }] };
        var club = Club.Of(capped);
        await club.Buys(100, "pos:old");
        club.StartsAgainWith(new LoyaltyModule(capped with { Rules = [Samples.Per(3, 10), capped.Rules[1]] }));
        await club.Buys(100, "pos:new");
        Assert.Equal(15 + 5, await club.Points());

        await club.Returns("pos:new", 100);
        Assert.Equal(15, await club.Points());
        await club.Returns("pos:old", 100);
        Assert.Equal(0, (await club.Membership()).Wallet("points").Balance);

        await club.Buys(100);
        Assert.Equal(20, await club.Points());
    }

    [Fact]
    public async Task A_refund_of_the_old_lets_the_new_have_what_the_limit_kept_from_it()
    {
        var capped = Samples.TeaClub with { Limits = [new() { Name = "monthly", Unit = "points", Per = CapPeriod.Month, Most = 20 }] };
        var club = Club.Of(capped);
        await club.Buys(100, "pos:old");
        club.StartsAgainWith(new LoyaltyModule(capped with { Rules = [Samples.Per(3, 10), capped.Rules[1]] }));
        await club.Buys(100, "pos:new");
        Assert.Equal(10 + 10, await club.Points());

        await club.Returns("pos:old", 100);

        Assert.Equal(20, await club.Points());
    }

    private static CustomerEvent Cancelled(string key, string original) => new() { Key = Key(key), Kind = EventKinds.CancellationName, Identity = Samples.Amy, Original = Key(original) };

    private static EventKey Key(string key) => EventKey.Parse(key);

    private static LoyaltyModule Now(string what, Cascade cascade) => what switch
    {
        "more" => new(Club3 with { Cascade = cascade }),
        "less" => new(Samples.TeaClub with { Cascade = cascade, Rules = [Samples.Per(1, 50), Samples.TeaClub.Rules[1]] }),
        "nothing" => new(Nothing with { Cascade = cascade }),
        _ => new(new DefinitionCatalog<LoyaltyProgram>([(Club3 with { Cascade = cascade }).Define(2, Samples.Local(2026, 1, 15, 13))])),
    };

    private static async Task<long> Available(Club club, Cascade cascade) =>
        (await club.Amy()).Slot<LoyaltyState>(cascade == Cascade.None ? LoyaltyNames.KeepingModule : LoyaltyNames.Module).In("tea-club").Wallet("points") is var wallet ? wallet.Available : 0;

    // The books fit the state; the journal cannot be decided again by what is there.
    private static async Task Fits(Club club, LoyaltyModule module)
    {
        var verifier = new CustomerVerifier([module], new CrmOptions());
        var snapshot = await club.Store.LoadAsync(CustomerRef.Of(Samples.Amy), CancellationToken.None);
        var verdict = verifier.Verify(snapshot, await club.Store.LoadWholeAsync(snapshot.Customer ?? default, CancellationToken.None), await club.Ledger());
        Assert.Empty(verdict.Differences);
        Assert.NotNull(verdict.NotRedecided);
    }

    private sealed class Flat(int version, long points) : IEarningRule
    {
        public string Name => "flat";

        public int Version => version;

        public IEnumerable<Earning> Evaluate(EarningContext context) => [new("points", points)];
    }
}
