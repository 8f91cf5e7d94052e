using Crm.Conditions;
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
using Crm.Testing;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Loyalty.Tests.Recording;

/// <summary>
/// The refund laws over random histories in which a programme is replaced in place, or removed, at a random point. What orders gave before that stands as it was, so law (a) is about programmes in which orders give nothing to each other;
/// those that give more the more was bought are in the laws of pieces and of order.
/// </summary>
public sealed class ReplacementLaws
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(Environment.GetEnvironmentVariable("CRM_LONG") == "1" ? 2_000 : 60);

    private static readonly Instant Start = Samples.Local(2026, 1, 15, 12);
    private static readonly Instant End = Start + Duration.FromDays(400);
    private static readonly long[] Cents = [1, 999, 1_000, 1_001, 5_000, 9_999, 25_000, 60_000];

    [Fact]
    public void A_full_refund_leaves_the_history_as_without_the_order() => FullLaw(Whole).Check(Thorough);

    [Fact]
    public void Deciding_by_the_rules_of_today_is_caught_when_an_order_comes_back() => Caught(FullLaw(ByToday));

    [Fact]
    public void Taking_nothing_of_what_rules_that_are_gone_gave_is_caught() => Caught(FullLaw(store => new Rewritten(store, static _ => [])));

    [Fact]
    public void Forgetting_what_was_spent_in_a_programme_that_is_gone_is_caught() => Caught(FullLaw(store => new Rewritten(store, static ledger => [.. ledger.Where(entry => entry.Movement != Movement.Spent)])));

    [Fact]
    public void A_refund_in_pieces_is_the_refund() => SplitLaw(Whole).Check(Thorough);

    [Fact]
    public void Sharing_what_is_left_instead_of_what_was_given_is_caught_when_a_refund_is_split() => Caught(SplitLaw(store => new Rewritten(store, Netted)));

    [Fact]
    public void Independent_refunds_commute() => CommuteLaw(Whole).Check(Thorough);

    [Fact]
    public void Giving_the_first_what_all_gave_is_caught_when_refunds_change_places() => Caught(CommuteLaw(store => new Rewritten(store, ledger => [.. ledger.Take(4), .. ledger.Skip(4).Where(entry => entry.Corrects is null).Select(entry => entry with { Amount = entry.Amount + ledger.Count })])));

    [Fact]
    public void Never_more_is_taken_than_was_given() => BoundLaw(Whole).Check(Thorough);

    [Fact]
    public void Deciding_by_the_rules_of_today_is_caught_when_it_takes_more_than_was_given() => Caught(BoundLaw(ByToday));

    [Fact]
    public void What_comes_late_changes_nothing_that_was_given() => LateLaw(Whole).Check(Thorough);

    [Fact]
    public void Deciding_by_the_rules_of_today_is_caught_when_something_comes_late() => Caught(LateLaw(ByToday));

    private static Property FullLaw(Func<InMemoryStore, ICustomerStore> over) => Prop.ForAll(Histories.ToArbitrary(), async Task<bool> (history) =>
    {
        var order = history.Orders[history.Which % history.Orders.Length];
        var (refunded, all) = await PictureAsync(over, history, Apart, [.. history.Orders, .. history.Spends, Refund("full", order, 100_000, history.Back)]);
        var (without, some) = await PictureAsync(over, history, Apart, [.. history.Orders.Where(another => another != order), .. history.Spends, new Recorded(LoyaltyEvents.Visit("web:other", Samples.Amy), Later(order, history.Back), null)]);

        // Given the same outside acts.
        if (all == some)
        {
            Assert.Equal(without, refunded);
        }

        return true;
    });

    private static Property SplitLaw(Func<InMemoryStore, ICustomerStore> over) => Prop.ForAll(Histories.ToArbitrary(), Amounts.ToArbitrary(), async Task<bool> (history, amounts) =>
    {
        var order = history.Orders[history.Which % history.Orders.Length];
        var (single, all) = await PictureAsync(over, history, Together, [.. history.Orders, .. history.Spends, Refund("a", order, 0, End), Refund("b", order, amounts.Item1 + amounts.Item2, End)]);
        var (split, some) = await PictureAsync(over, history, Together, [.. history.Orders, .. history.Spends, Refund("a", order, amounts.Item1, End), Refund("b", order, amounts.Item2, End)]);
        if (all == some)
        {
            Assert.Equal(single, split);
        }

        return true;
    });

    private static Property CommuteLaw(Func<InMemoryStore, ICustomerStore> over) => Prop.ForAll(Histories.ToArbitrary(), Amounts.ToArbitrary(), async Task<bool> (history, amounts) =>
    {
        var (one, other) = (Refund("a", history.Orders[0], amounts.Item1, End), Refund("b", history.Orders[^1], amounts.Item2, End));
        var (first, _) = await PictureAsync(over, history, Together, [.. history.Orders, .. history.Spends, one, other]);
        var (second, _) = await PictureAsync(over, history, Together, [.. history.Orders, .. history.Spends, other, one]);
        Assert.Equal(first, second);
        return true;
    });

    private static Property BoundLaw(Func<InMemoryStore, ICustomerStore> over) => Prop.ForAll(Histories.ToArbitrary(), Amounts.ToArbitrary(), async Task<bool> (history, amounts) =>
    {
        var order = history.Orders[history.Which % history.Orders.Length];
        var club = await PlayedAsync(over, history, history => Apart(history) with { Longer = 100 }, [.. history.Orders, Refund("a", order, amounts.Item1, End), Refund("b", order, amounts.Item2, End)]);
        var ledger = (await club.LedgerAsync()).Where(entry => entry is { Program: "tea-club", Unit: "points" }).ToList();
        var given = ledger.Where(entry => entry.Cause == order.Event.Key).Sum(entry => entry.Amount);
        var taken = -ledger.Where(entry => entry.Cause.Value is "a" or "b").Sum(entry => entry.Amount);
        Assert.InRange(taken, 0, given);
        Assert.True(amounts.Item1 + amounts.Item2 < order.Event.Spend?.MinorUnits || taken == given, $"{taken} of {given} were taken of all.");
        return true;
    });

    private static Property LateLaw(Func<InMemoryStore, ICustomerStore> over) => Prop.ForAll(Histories.ToArbitrary(), async Task<bool> (history) =>
    {
        var late = new Recorded(CustomerEvent.Purchase("till:late", Samples.Amy, Money.Hkd(77)), Start + Duration.FromHours(1), End);
        var club = await PlayedAsync(over, history with { Switch = End - Duration.FromDays(1) }, history => Together(history) with { Longer = 100, Removes = false }, [.. history.Orders, late]);
        Assert.DoesNotContain(await club.LedgerAsync(), entry => entry is { Cause.Value: "late", Corrects: not null });
        return true;
    });

    private static void Caught(Property law) => Counterfeits.Caught(() => law.Check(Thorough));

    private static InMemoryStore Whole(InMemoryStore store) => store;

    private static ICustomerStore ByToday(InMemoryStore store) => new WithoutLedger(store);

    // Orders that give nothing to each other.
    private static Replacement Apart(History history) => new(
        [new FixedPoints { Name = "order", Unit = "points", Points = 1 + (history.Before % 3), Terms = new() { MinimumSpend = Money.Hkd(10) } }, new InCode(1 + (history.Before % 2)), Samples.Per(1 + history.Before, 10)],
        [new FixedPoints { Name = "order", Unit = "points", Points = 1 + (history.After % 4) }, new InCode(1 + (history.After % 2)), Samples.Per(1 + history.After, 7)],
        history.After % 5 == 4);

    private static Replacement Together(History history) => Apart(history) with
    {
        More =
        [
            new FixedPoints { Name = "first", Unit = "points", Points = 50, When = If.Purchases().Count().Is(1) },
            new FixedPoints { Name = "third", Unit = "points", Points = 30, When = If.Purchases().InLast(Duration.FromDays(30)).Count().AtLeast(3), Terms = new() { Frequency = new(1, CapPeriod.Month) } },
            new Multiplier { Name = "gold-double", Unit = "points", ByTier = [new("gold", new Ratio(2, 1))], TierAs = TierMoment.After },
        ],
        Limits = [new() { Name = "monthly", Unit = "points", Per = CapPeriod.Month, Most = 90 }],
    };

    private static Gen<(int, int)> Amounts => from one in Gen.OneOf(Gen.Choose(0, 2_500), Gen.Choose(0, 60_000)) from other in Gen.OneOf(Gen.Choose(0, 2_500), Gen.Choose(0, 60_000)) select (one, other);

    private static Gen<History> Histories =>
        from orders in (from day in Gen.Choose(0, 120) from cents in Gen.Elements(Cents) from late in Gen.Elements(0, 0, 0, 1, 40) select (day, cents, late)).NonEmptyListOf()
        from spends in (from day in Gen.Choose(0, 120) from amount in Gen.Choose(1, 20) select (day, amount)).ListOf()
        from place in Gen.Choose(0, 121)
        from before in Gen.Choose(0, 4)
        from after in Gen.Choose(0, 4)
        from which in Gen.Choose(0, 1_000)
        from back in Gen.Choose(0, 200)
        select new History(
            [.. orders.OrderBy(order => order.day).Select((order, i) => Order(i, order.day, order.cents, order.late))],
            [.. spends.Select((spend, i) => new Recorded(LoyaltyEvents.Redeem($"app:{i}", SpendAuthority.SignedIn(Samples.Amy), spend.amount, "tea-club", "points"), Start + Duration.FromDays(spend.day) + Duration.FromSeconds(5_000 + i), null))],
            Start + Duration.FromDays(place) - Duration.FromMinutes(1),
            before,
            after,
            which,
            Start + Duration.FromDays(back) + Duration.FromHours(6));

    private static Recorded Order(int place, int day, long cents, int late)
    {
        var at = Start + Duration.FromDays(day) + Duration.FromSeconds(place);
        return new Recorded(CustomerEvent.Purchase($"till:{place}", Samples.Amy, new Money(cents, Currency.Hkd), [new EventLine("cup", 1, new Money(cents, Currency.Hkd))]), at, late == 0 ? null : at + Duration.FromDays(late));
    }

    private static Recorded Refund(string key, Recorded order, long cents, Instant at) => new(CustomerEvent.Refund($"desk:{key}", Samples.Amy, order.Event.Key.ToString(), new Money(cents, Currency.Hkd)), Later(order, at), null);

    // Nothing comes back before it was there.
    private static Instant Later(Recorded order, Instant at) => Instant.Max(at, order.RecordedAt + Duration.FromHours(1));

    private static async Task<Shop> PlayedAsync(Func<InMemoryStore, ICustomerStore> over, History history, Func<History, Replacement> programs, Recorded[] events)
    {
        var shop = new Shop(over);
        var (before, after) = programs(history).Programs();
        shop.Opens(before);
        var replaced = false;
        foreach (var happened in events.OrderBy(happened => happened.RecordedAt))
        {
            if (!replaced && happened.RecordedAt > history.Switch)
            {
                shop.Opens(after);
                replaced = true;
            }

            await shop.RecordsAsync(happened);
        }

        await shop.ClosesAsync(End + Duration.FromDays(1));
        return shop;
    }

    private static async Task<(string Picture, string Accepted)> PictureAsync(Func<InMemoryStore, ICustomerStore> over, History history, Func<History, Replacement> programs, Recorded[] events)
    {
        var shop = await PlayedAsync(over, history, programs, events);
        return (await shop.PictureAsync(), shop.Accepted);
    }

    private sealed record Recorded(CustomerEvent Happened, Instant At, Instant? Comes)
    {
        public CustomerEvent Event => Happened with { OccurredAt = At };

        public Instant RecordedAt => Comes ?? At;
    }

    private sealed record History(Recorded[] Orders, Recorded[] Spends, Instant Switch, int Before, int After, int Which, Instant Back);

    private sealed record Replacement(Sequence<IEarningRule> Before, Sequence<IEarningRule> After, bool Removes)
    {
        public Sequence<IEarningRule> More { get; init; } = [];

        public Sequence<EarningLimit> Limits { get; init; } = [];

        public int Longer { get; init; } = 1;

        public (LoyaltyProgram[] Before, LoyaltyProgram[] After) Programs()
        {
            var (units, more) = (Samples.TeaClub.Units[0], More.Where(rule => !(Removes && rule is Multiplier)));
            // Tiers of a programme that is gone stand as they were.
            var one = Samples.TeaClub with { Ladders = Removes ? [] : Samples.TeaClub.Ladders, Units = [units with { Expiry = LotExpiry.AfterDays(90 * Longer, LastDay.Included), Activation = Activation.AfterDays(7) }, Samples.TeaClub.Units[1]], Rules = [.. Before, .. more, Samples.TeaClub.Rules[1]], Limits = Limits };
            var other = one with { Units = [units with { Expiry = LotExpiry.AfterDays(60 * Longer, LastDay.Included) }, Samples.TeaClub.Units[1]], Rules = [.. After, .. more, Samples.TeaClub.Rules[1]] };
            var beside = Samples.TeaClub with { Name = "other-club", Ladders = [] };
            return ([one, beside], Removes ? [beside] : [other, beside]);
        }
    }

    /// <summary>Hosts that follow each other over one store.</summary>
    private sealed class Shop(Func<InMemoryStore, ICustomerStore> over)
    {
        private readonly InMemoryStore store = new();
        private readonly FakeClock clock = new(Start);
        private readonly List<string> accepted = [];
        private CrmEngine? engine;

        public string Accepted => string.Join(' ', accepted);

        public void Opens(LoyaltyProgram[] programs) => engine = new CrmEngine(over(store), [new LoyaltyModule(programs)], new CrmOptions(), clock, new SeededIdSource());

        public async Task RecordsAsync(Recorded happened)
        {
            clock.Set(happened.RecordedAt);
            var receipt = await engine!.RecordAsync(happened.Event);
            if (happened.Event.Kind == LoyaltyEvents.RedeemName && receipt.Accepted)
            {
                accepted.Add(receipt.Key.Value);
            }
        }

        public async Task ClosesAsync(Instant at)
        {
            clock.Set(at);
            await engine!.RunDueAsync();
        }

        public async Task<List<LedgerEntry>> LedgerAsync() => [.. (await store.ReadLedgerAsync(CancellationToken.None).ToListAsync()).Select(row => row.Entry)];

        // Everything that can be seen of the customer.
        public async Task<string> PictureAsync()
        {
            var amy = await engine!.ReadAsync(CustomerRef.Of(Samples.Amy)) ?? throw new InvalidOperationException("Nobody is called Amy.");
            var net = (await LedgerAsync()).GroupBy(entry => (entry.Program, entry.Unit, entry.Lot, Movement: entry.Movement == Movement.Reversed ? Movement.Issued : entry.Movement))
                .Select(group => (group.Key, Amount: group.Sum(entry => entry.Amount))).Where(group => group.Amount != 0)
                .Select(group => $"net {group.Key.Program} {group.Key.Unit} {group.Key.Lot} {group.Key.Movement} {group.Amount}").Order(StringComparer.Ordinal);
            return string.Join(
                "\n",
                [
                    .. amy.Slot<LoyaltyState>(LoyaltyNames.Module).Memberships.Where(membership => membership != new Membership { Program = membership.Program }).Select(membership => $"{membership}"),
                    .. amy.Facts.Select(fact => $"fact {fact}"),
                    .. net,
                ]);
        }
    }

    private class WithoutLedger(InMemoryStore store) : ICustomerStore, IWakeups
    {
        protected InMemoryStore Store => store;

        public ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken) => store.LoadAsync(customer, cancellationToken);

        public ValueTask<CustomerHistory> LoadHistoryAsync(CustomerId customer, HistoryStart start, CancellationToken cancellationToken) => store.LoadHistoryAsync(customer, start, cancellationToken);

        public ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken) => store.CommitAsync(commit, cancellationToken);

        public IAsyncEnumerable<JournalEntry> ReadJournalAsync(CustomerId customer, long afterVersion, CancellationToken cancellationToken) => store.ReadJournalAsync(customer, afterVersion, cancellationToken);

        public ValueTask<IReadOnlyList<CustomerId>> LeaseDueAsync(Instant due, Instant now, Instant until, int most, CancellationToken cancellationToken) => store.LeaseDueAsync(due, now, until, most, cancellationToken);
    }

    private sealed class Rewritten(InMemoryStore store, Func<IReadOnlyList<LedgerEntry>, IReadOnlyList<LedgerEntry>> rewrite) : WithoutLedger(store), IJournalDisposal
    {
        public ValueTask<CommitResult> DisposeOfAsync(JournalDisposal disposal, CancellationToken cancellationToken) => Store.DisposeOfAsync(disposal, cancellationToken);

        public async ValueTask<IReadOnlyList<LedgerEntry>> LedgerOfAsync(CustomerId customer, CancellationToken cancellationToken) => rewrite(await Store.LedgerOfAsync(customer, cancellationToken));
    }

    // What is there of each award, as if that had been given.
    private static IReadOnlyList<LedgerEntry> Netted(IReadOnlyList<LedgerEntry> ledger) =>
        [.. ledger.Where(entry => entry.Corrects is null).Select(entry => entry.Movement != Movement.Issued ? entry : entry with { Amount = entry.Amount + ledger.Where(other => other.Corrects == entry.Cause && other.Lot == entry.Lot && other.Rule == entry.Rule && other.Unit == entry.Unit && other.Program == entry.Program && other.Movement == Movement.Reversed).Sum(other => other.Amount) })];

    /// <summary>A rule in code whose version changes with what it gives.</summary>
    private sealed class InCode(int version) : IEarningRule
    {
        public string Name => "in-code";

        public int Version => version;

        public IEnumerable<Earning> Evaluate(EarningContext context) => [new("points", (context.Event.Spend?.MinorUnits ?? 0) / (1_000 * version))];
    }
}
