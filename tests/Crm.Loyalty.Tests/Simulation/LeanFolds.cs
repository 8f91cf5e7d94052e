using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Tests.Stamps;
using Crm.Loyalty.Tiers;
using Crm.Loyalty.Wallets;
using Crm.Modules;
using Crm.Storage;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using Outcome = Crm.Modules.Outcome;

namespace Crm.Loyalty.Tests.Simulation;

/// <summary>A fold of which nobody wants the receipts decides what one does of which somebody wants them.</summary>
public sealed class LeanFolds
{
    private static readonly Instant Start = Samples.Local(2026, 1, 15, 12);
    private static readonly Instant End = Start + Duration.FromDays(900);
    private static readonly EventKey Nobodys = EventKey.Parse("nobody:0");
    private static readonly CustomerId Amy = new(7);

    // Something of everything that writes lines: cuts, withheld awards, parts, pending units, cards, rewards, tiers that rise and fall, lots that run out.
    private static readonly LoyaltyProgram Everything = Samples.TeaClub with
    {
        Units =
        [
            new("points", UnitKind.Redeemable) { Expiry = LotExpiry.AfterMonths(3, LastDay.Included), WarnDaysBefore = 14 },
            new("status", UnitKind.Status),
            new("later", UnitKind.Redeemable) { Activation = Activation.AfterDays(20) },
        ],
        Rules =
        [
            .. Samples.TeaClub.Rules,
            new FixedPoints { Name = "first", Unit = "points", Points = 20, When = If.Purchases().Count().Is(1) },
            new FixedPoints { Name = "later", Unit = "later", Points = 3, Terms = new EarningTerms { Frequency = new Frequency(2, CapPeriod.Month) } },
            new Multiplier { Name = "gold", Unit = "points", ByTier = [new("gold", new Ratio(2, 1))], TierAs = TierMoment.After },
        ],
        Limits = [new() { Name = "monthly", Unit = "points", Per = CapPeriod.Month, Most = 80 }],
        Budgets = [new() { Name = "spring", Unit = "points", PerUnit = 5 }],
        StampCards = [CupCards.Buy(4)],
        Rewards = [new() { Name = "ten", Kind = new RewardKind.Discount(Money.Hkd(10)), Costs = [new("points", 20)], AutoAt = 60 }],
    };

    [Fact]
    public void A_fold_without_lines_gives_the_state_the_facts_the_ledger_and_the_draws_of_one_with_them() =>
        SameLaw(modules => modules).Check(Config.QuickThrowOnFailure.WithMaxTest(100));

    [Fact]
    public void The_law_catches_a_module_that_decides_less_where_nobody_reads_it() =>
        Counterfeits.Caught(() => SameLaw(modules => modules.Select(module => new Lazy(module))).Check(Config.QuickThrowOnFailure.WithMaxTest(100)));

    [Fact]
    public void Two_programmes_beside_each_other_give_what_each_gives_by_itself()
    {
        var history = new StoredHistory(Amy, [.. Enumerable.Range(0, 12).Select(number => Bought(number, number * 30, 40 + number))]);
        HistoryReplay One() => new(LoyaltyModule.Of(Everything), new CrmOptions());
        HistoryReplay Other() => new(LoyaltyModule.Of(Samples.TeaClub), new CrmOptions());

        var (one, other) = HistoryReplay.Run(One(), Other(), history, End);

        Assert.Equal(Told(One().Run(history, End)), Told(one));
        Assert.Equal(Told(Other().Run(history, End)), Told(other));
        Assert.NotEqual(Told(one), Told(other));
    }

    private static Property SameLaw(Func<IEnumerable<ICustomerModule>, IEnumerable<ICustomerModule>> modules) => Prop.ForAll(Histories.ToArbitrary(), history =>
    {
        var replay = new HistoryReplay(modules(LoyaltyModule.Of(Everything)), new CrmOptions());
        var entries = history.Select((one, number) => Bought(number, one.Day, one.Amount)).OrderBy(entry => entry.EffectiveAt).Select((entry, at) => entry with { Version = at + 1 }).ToList();

        var lean = replay.Run(new StoredHistory(Amy, entries), End);
        var full = replay.Run(Amy, entries.Select(Journalled), End, Nobodys);
        var told = replay.Run(Amy, entries.Select(Journalled), End, entries[^1].Event.Key);

        Assert.NotEmpty(told.Lines);
        Assert.Equal(Told(full), Told(lean));
        Assert.Equal(Told(told), Told(lean));
        return true;
    });

    private static Gen<List<(int Day, int Amount)>> Histories =>
        (from day in Gen.Choose(0, 400) from amount in Gen.Elements(5, 10, 99, 300, 520) select (day, amount)).NonEmptyListOf().Select(list => list.ToList());

    private static (LoyaltyState State, Sequence<Fact> Facts, Sequence<LedgerEntry> Ledger, Sequence<QuotaDraw> Draws) Told(ReplayedHistory history) =>
        (history.Customer.Slot<LoyaltyState>(LoyaltyNames.Module), history.Customer.Facts, history.Entries.ToSequence(), history.Draws);

    private static HistoryEntry Bought(int number, int day, int amount)
    {
        var at = Start + Duration.FromDays(day) + Duration.FromMinutes(number);
        return new HistoryEntry
        {
            Version = number + 1,
            Event = CustomerEvent.Purchase($"till:{number}", Samples.Amy, Money.Hkd(amount), [Samples.Line("oolong", amount, "tea")]) with { Identity = null, OccurredAt = at },
            EffectiveAt = at,
            RecordedAt = at,
            Accepted = true,
        };
    }

    private static JournalEntry Journalled(HistoryEntry entry) => new()
    {
        Version = entry.Version,
        Event = entry.Event,
        EffectiveAt = entry.EffectiveAt,
        RecordedAt = entry.RecordedAt,
        PayloadHash = 1,
        Receipt = new Receipt { Key = entry.Event.Key, Customer = Amy, Version = entry.Version, EffectiveAt = entry.EffectiveAt },
    };

    /// <summary>Leaves out more than lines.</summary>
    private sealed class Lazy(ICustomerModule module) : ICustomerModule
    {
        public ModuleContract Contract => module.Contract;

        public Outcome Handle(object state, ModuleContext context) => context.WantsLines || context.Stimulus is not Stimulus.Due ? module.Handle(state, context) : Outcome.Nothing;

        public Outcome.Accepted Correct(object stored, object without, object with) => module.Correct(stored, without, with);
    }
}
