using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Tests.Scenarios;
using Crm.Loyalty.Wallets;
using Crm.Modules;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using Outcome = Crm.Modules.Outcome;

namespace Crm.Loyalty.Tests.Recording;

/// <summary>In a programme without cascade nobody owes what ran out: of such units a refund makes no difference any more.</summary>
public sealed class RunOutRefunds
{
    [Theory]
    [InlineData(DebtPolicy.Carry)]
    [InlineData(DebtPolicy.ClampToZero)]
    [InlineData(DebtPolicy.PendingOnly)]
    [InlineData(DebtPolicy.Reject)]
    public async Task A_refund_of_units_that_ran_out_takes_nothing(DebtPolicy policy)
    {
        var club = Of(TenDays, policy);
        await club.Buys(100, "pos:sale");
        club.On(2026, 2, 1);
        await club.Buys(30);
        var before = await Wallet(club);

        var receipt = await club.Returns("pos:sale", 100);

        Assert.Equal((before, 0L), (await Wallet(club), receipt.Total("points")));
        Assert.Contains(receipt.Lines, line => line is { Code: "ran-out-before", Amount: 100 });
        Assert.Equal(30, WalletHistory.Totals(await club.Ledger(), "tea-club", "points").Held);
    }

    [Theory]
    [InlineData(new[] { 100, 50 })]
    [InlineData(new[] { 50, 100 })]
    [InlineData(new[] { 70, 50, 30 })]
    public async Task Of_what_ran_out_in_part_the_rest_is_owed_in_whatever_order_it_comes_back(int[] pieces)
    {
        var club = Of(TenDays);
        await club.Buys(100, "pos:100");
        await club.Buys(50, "pos:50");
        await club.Redeems(60, unit: "points");
        club.On(2026, 2, 1);

        foreach (var piece in pieces)
        {
            await club.Returns(piece == 50 ? "pos:50" : "pos:100", piece);
        }

        Assert.Equal(-60, (await Wallet(club)).Balance);
    }

    [Fact]
    public async Task A_refund_that_is_taken_back_gives_what_would_have_run_out_nothing()
    {
        var club = Of(TenDays);
        await club.Buys(100, "pos:sale");
        await club.Redeems(60, unit: "points");
        club.On(2026, 2, 1);
        await club.Records(CustomerEvent.Refund("pos:back", Samples.Amy, "pos:sale", Money.Hkd(100)));
        Assert.Equal(-60, (await Wallet(club)).Balance);

        await club.Records(new CustomerEvent { Key = EventKey.Parse("desk:cancel"), Kind = EventKinds.CancellationName, Identity = Samples.Amy, Original = EventKey.Parse("pos:back") });
        Assert.Equal(0, (await Wallet(club)).Balance);
        await club.Returns("pos:sale", 100);

        Assert.Equal(-60, (await Wallet(club)).Balance);
    }

    [Fact]
    public async Task What_was_spent_of_it_would_have_been_spent_of_what_ran_out_later()
    {
        var club = Of(TenDays);
        await club.Buys(100, "pos:first");
        club.On(2026, 1, 20);
        await club.Buys(100, "pos:second");
        await club.Redeems(60, unit: "points");
        club.On(2026, 2, 10);

        await club.Returns("pos:first", 100);
        Assert.Equal(0, (await Wallet(club)).Balance);
        await club.Returns("pos:second", 100);

        Assert.Equal(-60, (await Wallet(club)).Balance);
    }

    [Fact]
    public async Task What_was_spent_after_others_ran_out_is_owed()
    {
        var club = Of(TenDays);
        await club.Buys(100, "pos:first");
        club.On(2026, 2, 10);
        await club.Buys(100, "pos:second");
        await club.Redeems(60, unit: "points");
        club.On(2026, 3, 10);

        await club.Returns("pos:second", 100);

        Assert.Equal(-60, (await Wallet(club)).Balance);
    }

    /// <summary>Law (d), where all units live equally long and have all run out: a refund takes no more than history decided again takes, and nothing but what is owed.</summary>
    [Fact]
    public void When_all_has_run_out_no_more_is_owed_than_the_difference_of_the_two_histories() => DifferenceLaw(program => new LoyaltyModule(program)).Check(Thorough);

    [Fact]
    public void Owing_what_ran_out_is_caught() => Counterfeits.Caught(() => DifferenceLaw(program => new WithoutMemory(program)).Check(Thorough));

    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(Environment.GetEnvironmentVariable("CRM_LONG") == "1" ? 3_000 : 60);

    private static Property DifferenceLaw(Func<LoyaltyProgram, ICustomerModule> module) => Prop.ForAll(Stories.ToArbitrary(), async Task<bool> (story) =>
    {
        var (kept, history) = (new Club(module(Program(TenDays))), Club.Of(Program(TenDays) with { Cascade = Cascade.History }));
        var taken = new List<long>();
        foreach (var club in new[] { kept, history })
        {
            async Task<long> Balance() => (await club.Amy()).Slot<LoyaltyState>(club == kept ? LoyaltyNames.KeepingModule : LoyaltyNames.Module).In("tea-club").Wallet("points").Balance;
            await club.Buys(1, "pos:born");
            foreach (var (day, spends, amount, place) in story.Steps)
            {
                club.At(Samples.Local(2026, 1, 15, 12) + Duration.FromDays(day));
                await club.Records(spends ? LoyaltyEvents.Redeem($"app:{place}", SpendAuthority.SignedIn(Samples.Amy), amount, unit: "points") : CustomerEvent.Purchase($"till:{place}", Samples.Amy, Money.Hkd(amount)));
            }

            club.On(2026, 5, 1);
            var before = await Balance();
            foreach (var (_, _, amount, place) in story.Steps.Where(step => !step.Spends && step.Amount % story.Which == 0))
            {
                await club.Returns($"till:{place}", Math.Max(1, amount - story.Left));
            }

            taken.Add(before - await Balance());
        }

        Assert.InRange(taken[0], 0, taken[1]);
        return true;
    });

    private static Gen<(List<(int Day, bool Spends, int Amount, int Place)> Steps, int Which, int Left)> Stories =>
        from steps in (from day in Gen.Choose(0, 40) from spends in Gen.Elements(true, false) from amount in Gen.Choose(1, 100) select (day, spends, amount)).NonEmptyListOf()
        from which in Gen.Choose(1, 3)
        from left in Gen.Choose(0, 20)
        select (steps.OrderBy(step => step.day).Select((step, place) => (step.day, step.spends, step.amount, place)).ToList(), which, left);

    [Fact]
    public async Task Idle_units_that_came_later_do_not_pay_for_what_ran_out_before()
    {
        var club = Of(new LotExpiry.WhenIdle(0, 30, LastDay.Included));
        await club.Buys(100, "pos:sale");
        club.On(2026, 4, 1);
        await club.Buys(70, "pos:later");

        await club.Returns("pos:sale", 100);
        Assert.Equal(70, (await Wallet(club)).Balance);
        await club.Returns("pos:later", 70);

        Assert.Equal(0, (await Wallet(club)).Balance);
    }

    [Theory]
    [InlineData("pos:first", "pos:second")]
    [InlineData("pos:second", "pos:first")]
    public async Task Idle_units_that_ran_out_at_another_time_are_none_of_those_that_were_spent_before(string one, string other)
    {
        var club = Of(new LotExpiry.WhenIdle(0, 30, LastDay.Included));
        await club.Buys(100, "pos:first");
        await club.Redeems(60, unit: "points");
        club.On(2026, 4, 1);
        await club.Buys(70, "pos:second");
        club.On(2026, 7, 1);

        await club.Returns(one, 100);
        Assert.Equal(one == "pos:first" ? -60 : 0, (await Wallet(club)).Balance);
        await club.Returns(other, 100);

        Assert.Equal(-60, (await Wallet(club)).Balance);
    }

    [Fact]
    public async Task What_idled_and_was_set_aside_meanwhile_ran_out_with_the_rest()
    {
        var club = Of(new LotExpiry.WhenIdle(0, 30, LastDay.Included), reinstateWithin: 90);
        await club.Buys(100, "pos:sale");
        await club.Records(RewardEvents.Reserve("app:1", SpendAuthority.SignedIn(Samples.Amy), 60, Duration.FromDays(40), unit: "points"));
        club.On(2026, 4, 1);
        Assert.Equal(0, (await Wallet(club)).Balance);

        await club.Returns("pos:sale", 30);
        Assert.Equal(0, (await Wallet(club)).Balance);
        await club.Records(LoyaltyEvents.Reinstate("desk:1", Samples.Amy, 70, null, "goodwill", "staff:1"));

        Assert.Equal(70, (await Wallet(club)).Balance);
    }

    [Fact]
    public async Task What_was_reinstated_is_taken()
    {
        var club = Of(TenDays, reinstateWithin: 60);
        await club.Buys(100, "pos:sale");
        club.On(2026, 2, 1);
        await club.Records(LoyaltyEvents.Reinstate("desk:1", Samples.Amy, 60, null, "goodwill", "staff:1"));
        await club.Returns("pos:sale", 70);
        Assert.Equal(30, (await Wallet(club)).Balance);
        await club.Returns("pos:sale", 30);

        Assert.Equal(0, (await Wallet(club)).Balance);
    }

    [Fact]
    public async Task What_a_refund_took_of_the_gone_does_not_come_back_by_a_reinstatement()
    {
        var club = Of(TenDays, reinstateWithin: 60);
        await club.Buys(100, "pos:sale");
        club.On(2026, 2, 1);
        await club.Returns("pos:sale", 70);

        Assert.False((await club.Records(LoyaltyEvents.Reinstate("desk:1", Samples.Amy, 31, null, "goodwill", "staff:1"))).Accepted);
        Assert.True((await club.Records(LoyaltyEvents.Reinstate("desk:2", Samples.Amy, 30, null, "goodwill", "staff:1"))).Accepted);
    }

    [Fact]
    public async Task What_had_run_out_of_an_award_that_is_forgotten_is_claimed_by_no_other()
    {
        var club = Of(TenDays);
        await club.Buys(100, "pos:first");
        club.At(club.Now + Duration.FromDays(2));
        await club.Buys(100, "pos:second");
        await club.Redeems(60, unit: "points");
        club.At(club.Now + Duration.FromDays(20));
        await club.Returns("pos:first", 100);
        Assert.Equal(0, (await Wallet(club)).Balance);
        club.At(club.Now + Duration.FromDays(KeptAward.RefundableDays - 21));
        await club.Buys(30);

        await club.Returns("pos:second", 100);

        // Of the second's, 40 are left of what had run out: the first, of which nothing is known any more, has had 100 of it.
        Assert.Equal(-30, (await Wallet(club)).Balance);
    }

    [Fact]
    public async Task A_cancelled_grant_that_ran_out_is_not_owed()
    {
        var club = Of(TenDays);
        await club.Records(LoyaltyEvents.Adjust("desk:gift", Samples.Amy, 60, "goodwill", "staff:1"));
        club.On(2026, 2, 1);

        await club.Records(new CustomerEvent { Key = EventKey.Parse("desk:cancel"), Kind = EventKinds.CancellationName, Identity = Samples.Amy, Original = EventKey.Parse("desk:gift") });

        Assert.Equal(0, (await Wallet(club)).Balance);
        Assert.Equal(-60, (await club.Ledger()).Where(entry => entry.Movement == Movement.Expired).Sum(entry => entry.Amount));
    }

    private static LotExpiry TenDays => LotExpiry.AfterDays(10, LastDay.Included);

    private static Club Of(LotExpiry expiry, DebtPolicy policy = DebtPolicy.Carry, int? reinstateWithin = null)
    {
        var program = Program(expiry);
        return Club.Of(program with { Units = [program.Units[0] with { Debt = policy, ReinstateWithinDays = reinstateWithin }, program.Units[1]] });
    }

    private static LoyaltyProgram Program(LotExpiry expiry) => LotScenarios.Points(expiry, Samples.Per(1, 1)) with { Cascade = Cascade.None };

    private static async Task<Wallet> Wallet(Club club) => (await club.Amy()).Slot<LoyaltyState>(LoyaltyNames.KeepingModule).In("tea-club").Wallet("points");

    /// <summary>Forgets what ran out.</summary>
    private sealed class WithoutMemory(LoyaltyProgram program) : CustomerModule<LoyaltyState>
    {
        private readonly ICustomerModule inner = new LoyaltyModule(program);

        public override ModuleContract Contract => inner.Contract;

        protected override Outcome Handle(LoyaltyState state, ModuleContext context) =>
            inner.Handle(state, context) is var outcome && outcome is Outcome.Accepted { State: LoyaltyState next } accepted && next.In("tea-club") is var membership
                ? accepted with { State = next.With(membership with { Tallies = membership.Tallies.Where(tally => !tally.Name.StartsWith("gone/", StringComparison.Ordinal)).ToSequence() }) }
                : outcome;
    }
}
