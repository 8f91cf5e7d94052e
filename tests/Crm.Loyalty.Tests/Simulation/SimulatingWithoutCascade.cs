using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Accounts;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Simulation;
using Crm.Loyalty.Tests.Recording;
using Crm.Loyalty.Wallets;
using Crm.Storage;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Loyalty.Tests.Simulation;

/// <summary>Programmes whose refunds reach no further than the purchase, simulated: they decide in the order in which the journal was written, so a simulation of what runs says what the books say.</summary>
public sealed class SimulatingWithoutCascade
{
    private static readonly Instant Start = Samples.Local(2026, 1, 15, 12);
    private static readonly Instant End = Start + Duration.FromDays(200);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void A_simulation_of_what_runs_says_what_the_books_say() => SameLaw(program => program, history => history).Check(Config.QuickThrowOnFailure.WithMaxTest(40));

    [Fact]
    public void The_law_catches_a_simulation_that_decides_history_again() =>
        Counterfeits.Caught(() => SameLaw(program => program with { Cascade = Cascade.History }, history => history, Stories.Select(story => story with { Debt = DebtPolicy.Carry })).Check(Config.QuickThrowOnFailure.WithMaxTest(100)));

    [Fact]
    public void The_law_catches_a_simulation_that_forgets_when_something_was_recorded() =>
        Counterfeits.Caught(() => SameLaw(program => program, InOrderOfEffect).Check(Config.QuickThrowOnFailure.WithMaxTest(100)));

    [Fact]
    public void The_law_catches_a_simulation_that_forgets_that_a_worker_was_there() =>
        Counterfeits.Caught(() => SameLaw(program => program, Renumbered).Check(Config.QuickThrowOnFailure.WithMaxTest(100)));

    [Fact]
    public async Task What_a_programme_would_cost_without_cascade_is_seen_beside_the_one_with()
    {
        var second = new FixedPoints { Name = "second", Unit = "points", Points = 500, When = If.Purchases().Count().Is(2) };
        var running = Samples.TeaClub with { Rules = [.. Samples.TeaClub.Rules, second] };
        var club = Club.Of(running);
        club.At(Start);
        await club.Buys(100, "pos:first");
        club.At(Start + Duration.FromDays(1));
        await club.Buys(100, "pos:second");
        await club.Returns("pos:first", 100);

        var report = await ProgramSimulation.RunAsync(Request([running], running with { Cascade = Cascade.None }), club.Store, 1, Cancel);

        // The bonus for the second purchase stays, though with the first taken back it is the first.
        Assert.Equal((10L, 510L), (report.Changes.Single(change => change.Unit == "points").Now, report.Changes.Single(change => change.Unit == "points").Then));
    }

    private static LoyaltyProgram Kept(DebtPolicy debt) => Samples.TeaClub with
    {
        Name = "kept-club",
        Cascade = Cascade.None,
        Units = [new("points", UnitKind.Redeemable) { Debt = debt, Expiry = LotExpiry.AfterDays(30, LastDay.Included), Activation = Activation.AfterDays(3) }, Samples.TeaClub.Units[1]],
        Rules =
        [
            .. Samples.TeaClub.Rules,
            new FixedPoints { Name = "first", Unit = "points", Points = 20, When = If.Purchases().Count().Is(1), Terms = new() { Activation = Activation.AtOnce } },
            new FixedPoints { Name = "beside", Unit = "points", Points = 3, When = If.Fact("loyalty.tea-club.points").AtLeast(40) },
            new Multiplier { Name = "gold", Unit = "points", ByTier = [new("gold", new Ratio(2, 1))], TierAs = TierMoment.After },
        ],
        Limits = [new() { Name = "monthly", Unit = "points", Per = CapPeriod.Month, Most = 80 }],
        StampCards = [new() { Name = "cups", Goal = 3 }],
    };

    private static Property SameLaw(Func<LoyaltyProgram, LoyaltyProgram> simulated, Func<StoredHistory, StoredHistory> read, Gen<Story>? stories = null) => Prop.ForAll((stories ?? Stories).ToArbitrary(), async Task<bool> (story) =>
    {
        LoyaltyProgram[] running = [Samples.TeaClub, Kept(story.Debt)];
        var club = new Club([.. LoyaltyModule.Of(running)]);
        foreach (var (happened, at) in story.Events.OrderBy(one => one.Recorded))
        {
            club.At(at);
            if (story.Worker)
            {
                await club.RunDue();
            }

            await club.Records(happened);
        }

        club.At(End);
        await club.RunDue();
        var candidate = simulated(running[1]);
        var (history, ledger, live) = (read(await HistoryOf(club)), await club.Ledger(), await club.Amy());
        var report = ProgramSimulation.Run(Request(running, candidate), [(history.Customer, [.. history.Entries.Select(Entry)])]);

        Assert.All(report.Units, unit => Assert.Equal(Account(ledger, live, running[1], unit.Unit), unit.Then));
        Assert.All(report.Units, unit => Assert.Equal(unit.Now, unit.Then));
        Assert.Empty(report.Changes);

        // One with cascade is kept elsewhere, so that of it the accounts alone are compared.
        if (candidate.Cascade == Cascade.None)
        {
            var would = new HistoryReplay(LoyaltyModule.Of([running[0], candidate]), new CrmOptions()).Run(history, End).Customer;
            Assert.Equal(live.Slot<LoyaltyState>(LoyaltyNames.KeepingModule), would.Slot<LoyaltyState>(LoyaltyNames.KeepingModule));
            Assert.Equal(live.Slot<LoyaltyState>(LoyaltyNames.Module), would.Slot<LoyaltyState>(LoyaltyNames.Module));
        }

        return true;
    });

    private static UnitAccount Account(List<LedgerEntry> ledger, CustomerView live, LoyaltyProgram program, string unit)
    {
        var membership = live.Slot<LoyaltyState>(LoyaltyNames.KeepingModule).In(program.Name);
        var balances = membership.Balances(unit);
        long Sum(Movement movement) => ledger.Where(entry => entry.Program == program.Name && entry.Unit == unit && entry.Movement == movement).Sum(entry => entry.Amount);
        return new UnitAccount
        {
            Issued = Sum(Movement.Issued),
            Spent = -Sum(Movement.Spent),
            Expired = -Sum(Movement.Expired),
            Reversed = -Sum(Movement.Reversed),
            Transferred = -Sum(Movement.Transferred),
            Available = balances.Available,
            Pending = balances.Pending,
            Reserved = balances.Reserved,
            Debt = balances.Debt,
        };
    }

    private static async Task<StoredHistory> HistoryOf(Club club)
    {
        var entries = new List<(CustomerId Customer, HistoryEntry Entry)>();
        await foreach (var (customer, entry) in club.Store.ReadAllAsync(Cancel))
        {
            entries.Add((customer, HistoryEntry.Of(entry)));
        }

        return new StoredHistory(entries[0].Customer, [.. entries.Select(one => one.Entry)]);
    }

    private static JournalEntry Entry(HistoryEntry entry) => new()
    {
        Version = entry.Version,
        Event = entry.Event,
        EffectiveAt = entry.EffectiveAt,
        RecordedAt = entry.RecordedAt,
        PayloadHash = default,
        Receipt = new Receipt { Key = entry.Event.Key, Customer = default, Version = entry.Version, EffectiveAt = entry.EffectiveAt, Refusal = entry.Accepted ? null : new Refusal("loyalty", "no", default) },
        Observations = entry.Observations,
        Backfill = entry.Backfill,
    };

    private static StoredHistory InOrderOfEffect(StoredHistory history) => Renumbered(history with { Entries = [.. history.Entries.OrderBy(entry => entry.EffectiveAt)] });

    private static StoredHistory Renumbered(StoredHistory history) => history with { Entries = [.. history.Entries.Select((entry, i) => entry with { Version = i + 1 })] };

    private static SimulationRequest Request(LoyaltyProgram[] running, LoyaltyProgram candidate) => new() { Running = [.. running], Candidate = candidate, Until = End };

    // Orders that tills send days late, refunds with and without their receipt, some before the purchase comes, and redemptions; with a worker that keeps up, or none.
    private static Gen<Story> Stories =>
        from orders in (from day in Gen.Choose(0, 90) from amount in Gen.Elements(5, 10, 99, 300, 520) from late in Gen.Elements(0, 0, 0, 2, 8, 45) from back in Gen.Elements(0, 0, 1, 2, 3, 4) from after in Gen.Elements(1, 5, 40) select (day, amount, late, back, after)).NonEmptyListOf()
        from spends in (from day in Gen.Choose(0, 90) from amount in Gen.Choose(1, 25) select (day, amount)).ListOf()
        from debt in Gen.Elements(DebtPolicy.Carry, DebtPolicy.ClampToZero, DebtPolicy.PendingOnly, DebtPolicy.Reject)
        from worker in Gen.Elements(true, false)
        select new Story(
            debt,
            worker,
            [
                .. orders.SelectMany((order, i) => Order(order.day, order.amount, order.late, order.back, order.after, i)),
                .. spends.Select((spend, i) => (LoyaltyEvents.Redeem($"app:{i}", SpendAuthority.SignedIn(Samples.Amy), spend.amount, "kept-club", "points") with { OccurredAt = On(spend.day, 600 + i) }, On(spend.day, 600 + i))),
            ]);

    private static IEnumerable<(CustomerEvent, Instant)> Order(int day, int amount, int late, int back, int after, int number)
    {
        yield return (CustomerEvent.Purchase($"till:{number}", Samples.Amy, Money.Hkd(amount)) with { OccurredAt = On(day, number) }, On(day + late, number));
        var returned = On(day + after, 300 + number);
        var refund = back switch
        {
            1 => CustomerEvent.Refund($"back:{number}", Samples.Amy, $"till:{number}", Money.Hkd(amount)),
            2 => CustomerEvent.Refund($"back:{number}", Samples.Amy, $"till:{number}", Money.Hkd(3)),
            3 => CustomerEvent.Refund($"back:{number}", Samples.Amy, null, Money.Hkd(4)),
            4 => new CustomerEvent { Key = EventKey.Parse($"back:{number}"), Kind = EventKinds.CancellationName, Identity = Samples.Amy, Original = EventKey.Parse($"till:{number}") },
            _ => null,
        };
        if (refund is not null)
        {
            yield return (refund with { OccurredAt = returned }, returned);
        }
    }

    private static Instant On(int day, int minute) => Start + Duration.FromDays(day) + Duration.FromMinutes(minute);

    private sealed record Story(DebtPolicy Debt, bool Worker, List<(CustomerEvent Event, Instant Recorded)> Events);
}
