using Crm.Conditions;
using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
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

/// <summary>
/// Law (d) in programmes without cascade: whatever lives the units of a wallet have, and whatever came in between, refunds never take more in all than the orders were granted of which they are, and of none more than it was.
/// Of the difference of two histories nothing is claimed: a bonus for the first purchase goes with the first, though the second would have had it.
/// </summary>
public sealed class GrantedAtMost
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(Environment.GetEnvironmentVariable("CRM_LONG") == "1" ? 3_000 : 150);
    private static readonly EventKind Delivered = new("order.delivered", EventNature.Happening);
    private static readonly Instant Opening = Samples.Local(2026, 1, 15, 9);

    private static readonly LotExpiry[] Lives =
    [
        LotExpiry.Never, LotExpiry.AfterDays(12, LastDay.Included), LotExpiry.AfterDays(25, LastDay.Included), new LotExpiry.WhenIdle(0, 12, LastDay.Included), new LotExpiry.OnDates([new DayOfYear(2, 1), new DayOfYear(3, 1)], LastDay.Excluded), new LotExpiry.OnAnniversary(1),
    ];

    [Fact]
    public void Refunds_take_no_more_than_was_granted() => Law(program => new LoyaltyModule(new([program.Define()]), [Delivered])).Check(Thorough);

    [Fact]
    public void Forgetting_what_was_taken_already_is_caught() => Counterfeits.Caught(() => Law(program => new Forgetful(program)).Check(Thorough));

    private static Property Law(Func<LoyaltyProgram, ICustomerModule> module) => Prop.ForAll(Gen.Zip(Programs, Steps).ToArbitrary(), async Task<bool> (given) =>
    {
        var (program, steps) = given;
        var club = new Club(module(program));
        await club.Buys(1, "pos:born");
        await club.Fills("loyalty.tea-club.spring", 300);
        foreach (var step in steps)
        {
            club.At(step.OccurredAt!.Value);
            await club.Records(step);
        }

        // Which of several refunds pays for what had run out is settled among them, so what they move is held against all of them together, and what each order has given against its own grants.
        var (ledger, awards) = (await club.Ledger(), (await club.Amy()).Slot<LoyaltyState>(LoyaltyNames.KeepingModule).In("tea-club").Awards);
        var (refunded, known, taken) = (new HashSet<EventKey>(), steps.ToDictionary(step => step.Key), 0L);
        foreach (var (cause, entries) in ledger.Where(entry => entry.Movement == Movement.Reversed).GroupBy(entry => entry.Cause).Select(moved => (moved.Key, moved.ToList())))
        {
            if (known.TryGetValue(cause, out var step) && step.Kind is EventKinds.RefundName or EventKinds.CancellationName)
            {
                refunded.Add((step.Kind == EventKinds.RefundName ? step : known[step.Original!.Value]).Original!.Value);
                taken -= entries.Sum(entry => entry.Amount);
                Assert.True(0 <= taken && taken <= refunded.Sum(Granted), $"After {cause} {taken} are taken of orders that were granted {refunded.Sum(Granted)}.");
            }
        }

        Assert.All(awards.GroupBy(award => award.Key, StringComparer.Ordinal), order => Assert.InRange(order.Sum(award => award.Taken), 0, Granted(EventKey.Parse(order.Key))));

        long Granted(EventKey order) => ledger.Where(entry => entry.Cause == order && entry.Movement == Movement.Issued && entry.Lot != Lot.Shortfall).Sum(entry => entry.Amount);

        return true;
    });

    private static Gen<LoyaltyProgram> Programs =>
        from life in Gen.Elements(Lives)
        from other in Gen.Elements(Lives)
        from policy in Gen.Elements(DebtPolicy.Carry, DebtPolicy.ClampToZero, DebtPolicy.PendingOnly, DebtPolicy.Reject)
        from activation in Gen.Elements(Activation.AtOnce, Activation.AfterDays(4), new Activation.OnEvent(Delivered.Name, 9))
        from most in Gen.Choose(20, 200)
        let program = LotScenarios.Points(
            life,
            Samples.Per(1, 1),
            Samples.Per(1, 3) with { Name = "other", Terms = new() { Expiry = other, Activation = activation } },
            new FixedPoints { Name = "first", Unit = "points", Points = 50, When = If.Purchases().Count().Is(1) },
            new FixedPoints { Name = "monthly", Unit = "points", Points = 9, Terms = new() { Frequency = new(1, CapPeriod.Month), Expiry = other } })
        select program with
        {
            Cascade = Cascade.None,
            Units = [program.Units[0] with { Debt = policy, Returns = new(60, GoneLots.GraceDays, 5), ReinstateWithinDays = 60 }, .. program.Units.Skip(1)],
            Limits = [new() { Name = "daily", Unit = "points", Per = CapPeriod.Day, Most = most }],
            Budgets = [new() { Name = "spring", Unit = "points", Rules = ["other"] }],
        };

    // Orders on some days of two months, then spends, deliveries, refunds and their cancellations whenever.
    private static Gen<CustomerEvent[]> Steps =>
        from orders in (from day in Gen.Choose(0, 60) from dollars in Gen.Choose(1, 60) select (day, dollars)).NonEmptyListOf()
        from acts in (from day in Gen.Choose(0, 90) from what in Gen.Choose(0, 9) from amount in Gen.Choose(1, 70) from order in Gen.Choose(0, 1_000) select (day, what, amount, order)).ListOf()
        let bought = orders.Select((order, place) => CustomerEvent.Purchase($"till:{place}", Samples.Amy, Money.Hkd(order.dollars)) with { OccurredAt = Opening + Duration.FromDays(order.day) + Duration.FromSeconds(place) }).ToArray()
        select bought.Concat(acts.SelectMany((act, place) => Acts(bought[act.order % bought.Length], act.day, act.what, act.amount, place))).OrderBy(step => step.OccurredAt).ToArray();

    private static IEnumerable<CustomerEvent> Acts(CustomerEvent order, int day, int what, int amount, int place)
    {
        var at = Opening + Duration.FromDays(day) + Duration.FromMinutes(1 + place);
        var after = order.OccurredAt!.Value + Duration.FromDays(day / 2) + Duration.FromMinutes(1 + place);
        switch (what)
        {
            case < 3:
                yield return LoyaltyEvents.Redeem($"app:{place}", SpendAuthority.SignedIn(Samples.Amy), amount, unit: "points") with { OccurredAt = at };
                break;
            case 3:
                yield return new CustomerEvent { Key = EventKey.Parse($"post:{place}"), Kind = Delivered.Name, Identity = Samples.Amy, Original = order.Key, OccurredAt = after };
                break;
            default:
                var refund = CustomerEvent.Refund($"back:{place}", Samples.Amy, order.Key.ToString(), Money.Hkd(amount)) with { OccurredAt = after };
                yield return refund;
                if (what > 7)
                {
                    yield return new CustomerEvent { Key = EventKey.Parse($"desk:{place}"), Kind = EventKinds.CancellationName, Identity = Samples.Amy, Original = refund.Key, OccurredAt = after + Duration.FromDays(amount % 20) + Duration.FromSeconds(1) };
                }

                break;
        }
    }

    /// <summary>As known systems do it that look at each refund by itself: takes what the rest would not have earned, whatever was taken before.</summary>
    private sealed class Forgetful(LoyaltyProgram program) : CustomerModule<LoyaltyState>
    {
        private readonly ICustomerModule inner = new LoyaltyModule(new([program.Define()]), [Delivered]);

        public override ModuleContract Contract => inner.Contract;

        protected override Outcome Handle(LoyaltyState state, ModuleContext context) =>
            inner.Handle(state, context) is var outcome && outcome is Outcome.Accepted { State: LoyaltyState next } accepted && next.In("tea-club") is var membership
                ? accepted with { State = next.With(membership with { Awards = membership.Awards.Select(award => award with { Taken = 0, TakenBefore = 0 }).ToSequence() }) }
                : outcome;
    }
}
