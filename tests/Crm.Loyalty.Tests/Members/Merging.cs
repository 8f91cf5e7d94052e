using Crm.Engine;
using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Members;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Tests.Recording;
using Crm.Loyalty.Tests.Stamps;
using Crm.Modules;
using Crm.Storage;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using Outcome = Crm.Modules.Outcome;

namespace Crm.Loyalty.Tests.Members;

/// <summary>Two members become one.</summary>
public sealed class Merging
{
    private static readonly Identity Ben = Identity.User("ben");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task I5_lots_go_over_with_the_lives_they_have_and_nothing_is_earned_again()
    {
        var club = Club.TeaClub();
        await club.Buys(100);
        club.On(2026, 3, 10);
        await club.Records(Purchase("till:1", Ben, 250));
        club.On(2026, 6, 1);

        var receipt = await MergedAsync(club);

        var wallet = (await club.Membership()).Wallet("points");
        Assert.Equal([(10L, Samples.Local(2027, 1, 16)), (25L, Samples.Local(2027, 3, 11))], wallet.Lots.Select(lot => (lot.Amount, lot.Expiry!.Value)));
        Assert.Equal(25, receipt.Total("points"));
        var ledger = await club.Ledger();
        Assert.Equal(35, ledger.Where(entry => entry.Unit == "points").Sum(entry => entry.Amount));
        Assert.Equal(35, ledger.Where(entry => entry is { Unit: "points", Movement: Movement.Issued }).Sum(entry => entry.Amount));
        Assert.Equal(0, ledger.Where(entry => entry.Movement == Movement.Transferred).Sum(entry => entry.Amount));
        Assert.Empty(await DifferencesAsync(club, new LoyaltyModule(Samples.TeaClub)));
    }

    [Fact]
    public async Task What_both_counted_together_reaches_a_tier_and_a_tier_of_either_is_held()
    {
        var club = Club.TeaClub();
        await club.Buys(120);
        await club.Records(Purchase("till:1", Ben, 120));

        await MergedAsync(club);
        Assert.Equal("silver", await club.Tier());

        await club.Records(Purchase("till:2", Identity.User("cat"), 600));
        await MergedAsync(club, Identity.User("cat"), "desk:2");
        Assert.Equal("gold", await club.Tier());
        Assert.Empty(await DifferencesAsync(club, new LoyaltyModule(Samples.TeaClub)));
    }

    [Fact]
    public async Task What_ran_out_for_one_does_not_come_back_and_what_runs_out_later_does_so_at_its_instant()
    {
        var club = Club.TeaClub();
        await club.Records(Purchase("till:1", Ben, 100));
        club.On(2026, 12, 1);
        await club.Buys(50);
        club.On(2027, 2, 1);

        await MergedAsync(club);

        Assert.Equal(5, await club.Points());
        club.On(2027, 12, 2);
        Assert.Equal(0, await club.Points());
        Assert.Empty(await DifferencesAsync(club, new LoyaltyModule(Samples.TeaClub)));
    }

    [Fact]
    public async Task A_refund_of_the_retired_members_purchase_takes_what_it_earned_and_spent_units_stay_spent()
    {
        var club = Club.TeaClub();
        await club.Buys(100);
        await club.Records(Purchase("till:1", Ben, 300));
        await club.Records(LoyaltyEvents.Redeem("app:1", SpendAuthority.SignedIn(Ben), 20));
        await MergedAsync(club);

        await club.Records(CustomerEvent.Refund("till:2", Ben, "till:1", Money.Hkd(300)));

        Assert.Equal(-10, (await club.Membership()).Wallet("points").Balance);
        Assert.Equal(-10, (await club.Ledger()).Where(entry => entry.Unit == "points").Sum(entry => entry.Amount));
        Assert.Empty(await DifferencesAsync(club, new LoyaltyModule(Samples.TeaClub)));
    }

    [Fact]
    public async Task Whoever_is_suspended_under_one_name_is_suspended_under_both()
    {
        var club = Club.TeaClub();
        await club.Buys(100);
        await club.Records(Purchase("till:1", Ben, 100));
        await club.Records(MemberEvents.Suspend("desk:0", Ben, "fraud", "staff:17"));

        await MergedAsync(club);

        Assert.Equal("membership-suspended", (await club.Redeems(5)).Refusal?.Code);
        Assert.Equal("suspended", (await club.Amy()).Fact(LoyaltyNames.MemberFact("tea-club")).AsCode);
    }

    [Fact]
    public async Task Stamps_of_both_fill_a_card()
    {
        var club = Club.Of(CupCards.Program);
        await club.Records(CupCards.Purchase("till:1", 5));
        await club.Records(CupCards.Purchase("till:2", 7) with { Identity = Ben });

        await MergedAsync(club);

        var card = (await club.Membership()).Card("cups");
        Assert.Equal((3L, 1L), (card.Stamps, card.Free));
        Assert.Equal(1L, (await club.Amy()).Fact(LoyaltyNames.FreeFact("tea-club", "cups")).AsNumber);
        Assert.Empty(await DifferencesAsync(club, new LoyaltyModule(CupCards.Program)));
    }

    [Fact]
    public async Task What_was_set_aside_under_the_retired_name_is_captured_by_the_survivor()
    {
        var club = Club.TeaClub();
        await club.Buys(100);
        await club.Records(Purchase("till:1", Ben, 300));
        await club.Records(RewardEvents.Reserve("app:1", SpendAuthority.SignedIn(Ben), 12, Duration.FromDays(1)));
        await MergedAsync(club);

        var captured = await club.Records(RewardEvents.Capture("app:2", Samples.Amy, "app:1"));

        Assert.Null(captured.Refusal);
        Assert.Equal(28, await club.Points());
        Assert.Equal(28, (await club.Ledger()).Where(entry => entry.Unit == "points").Sum(entry => entry.Amount));
    }

    [Fact]
    public void Two_members_who_are_merged_are_who_one_would_have_been() => UnionLaw(() => new LoyaltyModule(Samples.TeaClub)).Check(Config.QuickThrowOnFailure.WithMaxTest(60));

    [Fact]
    public void Forgetting_what_the_other_counted_is_caught() => Caught(UnionLaw(() => new Altered((one, merged) => merged with { Memberships = merged.Memberships.Select(membership => membership with { Standings = one.In(membership.Program).Standings }).ToSequence() })));

    [Fact]
    public void Losing_a_lot_is_caught() => Caught(UnionLaw(() => new Altered((one, merged) => merged with { Memberships = merged.Memberships.Select(membership => membership with { Holdings = one.In(membership.Program).Holdings }).ToSequence() })));

    [Fact]
    public void Giving_every_lot_the_longest_life_is_caught() => Caught(UnionLaw(() => new Altered((_, merged) => merged with
    {
        Memberships = merged.Memberships.Select(membership => membership with
        {
            Holdings = membership.Holdings.Select(holding => holding with { Wallet = holding.Wallet with { Lots = holding.Wallet.Lots.IsEmpty ? [] : [holding.Wallet.Lots[^1] with { Amount = holding.Wallet.Lots.Sum(lot => lot.Amount) }] } }).ToSequence(),
        }).ToSequence(),
    })));

    /// <summary>Purchases of two and of one: the same lots with the same lives, the same status, the same tier, also after a refund of either's purchase.</summary>
    private static Property UnionLaw(Func<ICustomerModule> module) => Prop.ForAll(
        Arb.From(Gen.ListOf(Gen.Zip(Gen.Choose(0, 300), Gen.Zip(Gen.Choose(0, 45_000), Gen.Choose(0, 1))), 8)),
        Arb.From(Gen.Choose(0, 45_000)),
        async Task<bool> (purchases, refunded) =>
        {
            var (two, one) = (new Club(module()), Club.TeaClub());
            var all = purchases.OrderBy(purchase => purchase.Item1).Select((purchase, i) => (Day: purchase.Item1, Event: Purchase($"till:{i}", i < 2 ? (i == 0 ? Samples.Amy : Ben) : purchase.Item2.Item2 == 0 ? Samples.Amy : Ben, purchase.Item2.Item1 / 100m))).ToList();
            foreach (var (day, happened) in all)
            {
                foreach (var (club, sent) in new[] { (two, happened), (one, happened with { Identity = Samples.Amy }) })
                {
                    club.At(Samples.Local(2026, 1, 15, 12) + Duration.FromDays(day));
                    await club.Records(sent);
                }
            }

            foreach (var club in new[] { two, one })
            {
                club.At(Samples.Local(2026, 1, 15, 12) + Duration.FromDays(310));
            }

            await MergedAsync(two);
            Assert.Equal(await StandingAsync(one), await StandingAsync(two));
            foreach (var club in new[] { two, one })
            {
                await club.Records(CustomerEvent.Refund("till:refund", club == one ? Samples.Amy : Ben, "till:0", Money.Hkd(refunded / 100m)));
            }

            Assert.Equal(await StandingAsync(one), await StandingAsync(two));
            return true;
        });

    private static async Task<string> StandingAsync(Club club)
    {
        var (membership, view) = (await club.Membership(), await club.Amy());
        return string.Join(' ', membership.Holdings.SelectMany(holding => holding.Wallet.Lots.Select(lot => $"{holding.Unit} {lot.Name} {lot.Amount}")).Concat(membership.Standings.Select(standing => $"{standing.Ladder} {standing.Counted}")).Concat(view.Facts.Select(fact => $"{fact}")));
    }

    private static CustomerEvent Purchase(string key, Identity who, decimal spend) => CustomerEvent.Purchase(key, who, Money.Hkd(spend));

    private static async Task<Receipt> MergedAsync(Club club, Identity? retired = null, string key = "desk:1") =>
        Assert.IsType<MergeResult.Merged>(await club.Engine.MergeAsync(new MergeRequest(EventKey.Parse(key), CustomerRef.Of(Samples.Amy), CustomerRef.Of(retired ?? Ben)), Token)).Receipt;

    private static async Task<List<string>> DifferencesAsync(Club club, ICustomerModule module)
    {
        var verifier = new CustomerVerifier([module], new CrmOptions());
        var ledgers = (await club.Store.ReadLedgerAsync(Token).ToListAsync(Token)).ToLookup(row => row.Customer, row => row.Entry);
        var found = new List<string>();
        foreach (var customer in (await club.Store.ReadAllAsync(Token).ToListAsync(Token)).Select(row => row.Customer).Distinct())
        {
            var (snapshot, history) = (await club.Store.LoadAsync(CustomerRef.Of(customer), Token), await club.Store.LoadWholeAsync(customer, Token));
            var verdict = snapshot.Customer == customer ? verifier.Verify(snapshot, history, [.. ledgers[customer]]) : verifier.VerifyRetired(customer, history, [.. ledgers[customer]]);
            Assert.True(snapshot.Customer != customer || verdict.NotRedecided is null, verdict.NotRedecided);
            found.AddRange(verdict.Differences.Select(difference => difference.ToString()));
        }

        return found;
    }

    private static void Caught(Property law) => Counterfeits.Caught(() => law.Check(Config.QuickThrowOnFailure.WithMaxTest(60)));

    /// <summary>Loyalty that does something else with what it has merged.</summary>
    private sealed class Altered(Func<LoyaltyState, LoyaltyState, LoyaltyState> change) : ICustomerModule, IHoldsUnits
    {
        private readonly ICustomerModule real = new LoyaltyModule(Samples.TeaClub);

        public ModuleContract Contract => real.Contract;

        public Outcome Handle(object state, ModuleContext context) => real.Handle(state, context);

        public Outcome.Accepted Correct(object stored, object without, object with) => real.Correct(stored, without, with);

        public Outcome.Accepted? Merge(object survivor, object retired, ModuleContext context) =>
            real.Merge(survivor, retired, context) is { State: LoyaltyState merged } outcome ? outcome with { State = change((LoyaltyState)survivor, merged) } : null;

        public IEnumerable<UnitsHeld> Held(object state) => ((IHoldsUnits)real).Held(state);
    }
}
