using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Pools;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Tests.Recording;
using Crm.Modules;
using Crm.Storage;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using Outcome = Crm.Modules.Outcome;

namespace Crm.Loyalty.Tests.Pools;

/// <summary>Whatever members of a household do, in whatever order: units move and none is lost or made, with both sides in one commit and with the outbox between them.</summary>
public sealed class PoolLaws
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(60);
    private static readonly Identity[] People = [Household.Amy, Household.Bob, Household.Cat];

    [Fact]
    public void Nothing_is_lost_and_nothing_made_where_sides_are_written_together() => Law(together: true).Check(Thorough);

    [Fact]
    public void Nothing_is_lost_and_nothing_made_where_the_outbox_goes_between() => Law(together: false).Check(Thorough);

    [Fact]
    public void Losing_one_on_the_way_is_caught() => Counterfeits.Caught(() => Law(together: true, new Losing()).Check(Thorough));

    private static Property Law(bool together, params ICustomerModule[] others) => Prop.ForAll(Histories.ToArbitrary(), history => Conserved(history, together, others).GetAwaiter().GetResult());

    private static Gen<(int What, int Who, int Amount, int Which)[]> Histories =>
        (from what in Gen.Choose(0, 11) from who in Gen.Choose(0, 2) from amount in Gen.Choose(1, 120) from which in Gen.Choose(0, 7) select (what, who, amount, which)).ArrayOf().Where(steps => steps.Length > 3);

    private static async Task Conserved((int What, int Who, int Amount, int Which)[] history, bool together, ICustomerModule[] others)
    {
        var rules = new PoolRules { Leaving = history.Length % 2 == 0 ? PoolLeaving.Return : PoolLeaving.Keep, SpendMost = history.Length % 3 == 0 ? 60 : null, SpendPer = CapPeriod.Day };
        var house = await new Household(Household.Program(rules), together, others).Opened();
        var (sales, spends, gifts) = (new List<(string Key, Identity Who)>(), new List<string>(), new List<(string Key, Identity Who)>());
        foreach (var (what, place, amount, which) in history)
        {
            var who = People[place];
            house.Later(which % 3);
            switch (what)
            {
                case 0 or 1:
                    sales.Add((house.Key(), who));
                    await house.Buys(who, amount, sales[^1].Key);
                    break;
                case 2 or 3:
                    gifts.Add((house.Key(), who));
                    await house.Gives(who, amount, gifts[^1].Key);
                    break;
                case 4 or 5:
                    spends.Add(house.Key());
                    await house.Spends(who, amount, spends[^1]);
                    break;
                case 6:
                    await house.Leaves(who, which % 2 == 0 ? who : Household.Amy);
                    break;
                case 7:
                    await house.Admits(who, (PoolRole)(which % 3));
                    break;
                case 8 when sales.Count > 0:
                    await house.Records(CustomerEvent.Refund(house.Key(), sales[which % sales.Count].Who, sales[which % sales.Count].Key, Money.Hkd(amount)));
                    break;
                case 9 when spends.Count > 0:
                    await house.Cancels(spends[which % spends.Count], Household.Home);
                    break;
                case 10 when gifts.Count > 0:
                    await house.Cancels(gifts[which % gifts.Count].Key, gifts[which % gifts.Count].Who);
                    break;
                case 11 when which == 7:
                    await house.Dissolves(who);
                    break;
                default:
                    await house.Engine.PumpAsync();
                    break;
            }
        }

        await house.Settles();
        var held = 0L;
        foreach (var who in People.Append(Household.Home))
        {
            held += (await house.Of(who)).Balances("points").Held;
        }

        var entries = (await house.Ledger()).Where(entry => entry.Unit == "points").ToList();
        long Sum(params Movement[] kinds) => entries.Where(entry => kinds.Contains(entry.Movement)).Sum(entry => entry.Amount);
        Assert.Equal(0, Sum(Movement.Transferred));
        Assert.Equal(Sum(Movement.Issued, Movement.Spent, Movement.Expired, Movement.Reversed), held);
    }

    /// <summary>Loses one of whatever comes from others.</summary>
    private sealed class Losing : CustomerModule<VipWhen.Nothing>
    {
        public override ModuleContract Contract { get; } = new() { Name = "losing", Codec = new VipWhen.NothingCodec(), Handles = [LoyaltyEvents.ReceiveName] };

        protected override Outcome Handle(VipWhen.Nothing state, ModuleContext context) => context.Stimulus is Stimulus.Happened { Event: { Kind: LoyaltyEvents.ReceiveName } received }
            ? new Outcome.Accepted { Entries = [new LedgerEntry { Program = "tea-club", Unit = "points", Lot = "gone", Amount = -1, Movement = Movement.Transferred, Cause = received.Key, OccurredAt = context.Moment.Instant }] }
            : Outcome.Nothing;
    }
}
