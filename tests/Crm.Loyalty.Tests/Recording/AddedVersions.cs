using Crm.Conditions;
using Crm.Definitions;
using Crm.Engine;
using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Modules;
using Crm.Storage;
using Crm.Testing;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using Outcome = Crm.Modules.Outcome;

namespace Crm.Loyalty.Tests.Recording;

/// <summary>Where definitions of the time are all there and what was added begins later, corrections do not look for records; whether they look changes nothing.</summary>
public sealed class AddedVersions
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(Environment.GetEnvironmentVariable("CRM_LONG") == "1" ? 2_000 : 60);
    private static readonly Instant Start = Samples.Local(2026, 1, 15, 12);

    private static readonly LoyaltyProgram Old = Samples.TeaClub with
    {
        Rules = [.. Samples.TeaClub.Rules, new FixedPoints { Name = "third", Unit = "points", Points = 30, When = If.Purchases().InLast(Duration.FromDays(30)).Count().AtLeast(3) }],
    };

    private static readonly LoyaltyProgram New = Samples.TeaClub with { Rules = [Samples.Per(3, 10), Samples.TeaClub.Rules[1]] };

    [Fact]
    public void Looking_for_records_changes_nothing_where_the_definitions_are_there() => Law(static module => module).Check(Thorough);

    [Fact]
    public void Looking_only_whether_the_definitions_are_there_is_caught() =>
        Counterfeits.Caught(() => Law(module => new Told(module, contract => contract with { Starts = contract.Definitions.Select(definition => new DefinitionStart(definition, Instant.MaxValue)).ToSequence() })).Check(Thorough));

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    [InlineData(-1, 1)]
    public async Task The_ledger_is_read_only_where_what_was_added_began_before_what_is_corrected(int days, int times)
    {
        var (store, clock) = (new Counting(new InMemoryStore()), new FakeClock(Start));
        var engine = Over(new LoyaltyModule(Old));
        await engine.RecordAsync(CustomerEvent.Purchase("pos:sale", Samples.Amy, Money.Hkd(100)), TestContext.Current.CancellationToken);
        engine = Over(new LoyaltyModule(new DefinitionCatalog<LoyaltyProgram>([Old.Define(), New.Define(2, Start + Duration.FromDays(days) + Duration.FromTicks(1))])));

        await engine.RecordAsync(CustomerEvent.Refund("pos:back", Samples.Amy, "pos:sale", Money.Hkd(40)), TestContext.Current.CancellationToken);

        Assert.Equal(times, store.Times);

        CrmEngine Over(LoyaltyModule module) => new(store, [module], new CrmOptions(), clock, new SeededIdSource());
    }

    private static Property Law(Func<LoyaltyModule, ICustomerModule> told) => Prop.ForAll(Histories.ToArbitrary(), async Task<bool> (history) =>
    {
        Assert.Equal(await PlayedAsync(history, module => new Told(module, static contract => contract with { Starts = [] })), await PlayedAsync(history, told));
        return true;
    });

    private static async Task<string> PlayedAsync(History history, Func<LoyaltyModule, ICustomerModule> told)
    {
        var club = new Club(told(new LoyaltyModule(Catalog(0, 0))));
        var opened = 0;
        foreach (var (at, happened) in history.Events.OrderBy(one => one.At))
        {
            while (opened < history.Opened.Length && history.Opened[opened].At < at)
            {
                club.StartsAgainWith(told(new LoyaltyModule(history.Opened[opened++].Catalog)));
            }

            club.At(at);
            await club.Records(happened);
        }

        club.At(Start + Duration.FromDays(500));
        await club.RunDue();
        return string.Join('\n', (await club.Amy()).Slot<LoyaltyState>(LoyaltyNames.Module).Memberships.Select(membership => $"{membership}").Concat((await club.Ledger()).Select(entry => $"{entry}")));
    }

    // Purchases, redemptions and refunds; in between hosts open with a version or a programme more, at an instant before or after what happened, or with another in its place.
    private static Gen<History> Histories =>
        from orders in (from day in Gen.Choose(0, 100) from cents in Gen.Elements(999, 5_000, 12_345) from back in Gen.Elements(0, 0, 1_000, 12_345) from later in Gen.Choose(1, 100) select (day, cents, back, later)).NonEmptyListOf()
        from spends in (from day in Gen.Choose(0, 120) from amount in Gen.Choose(1, 15) select (day, amount)).ListOf()
        from opened in (from day in Gen.Choose(0, 150) from begins in Gen.Choose(0, 150) from how in Gen.Choose(0, 3) select (day, begins, how)).NonEmptyListOf()
        select new History(
            [
                .. orders.SelectMany((order, i) => Ordered(i, At(order.day, i), order.cents, order.back, order.later)),
                .. spends.Select((spend, i) => (At(spend.day, 500 + i), LoyaltyEvents.Redeem($"app:{i}", SpendAuthority.SignedIn(Samples.Amy), spend.amount, "tea-club", "points"))),
            ],
            [.. opened.OrderBy(one => one.day).Select(one => (At(one.day, 999), Catalog(one.how, one.begins)))]);

    private static IEnumerable<(Instant At, CustomerEvent Happened)> Ordered(int place, Instant at, int cents, int back, int later)
    {
        yield return (at, CustomerEvent.Purchase($"till:{place}", Samples.Amy, new Money(cents, Currency.Hkd)));
        if (back > 0)
        {
            yield return (at + Duration.FromDays(later) + Duration.FromHours(1), CustomerEvent.Refund($"desk:{place}", Samples.Amy, $"till:{place}", new Money(back, Currency.Hkd)));
        }
    }

    private static Instant At(int day, int second) => Start + Duration.FromDays(day) + Duration.FromSeconds(second);

    private static DefinitionCatalog<LoyaltyProgram> Catalog(int how, int begins) => how switch
    {
        0 => new([Old.Define()]),
        1 => new([Old.Define(), New.Define(2, At(begins, 0))]),
        2 => new([Old.Define(), (New with { Name = "second-club", Ladders = [] }).Define(1, At(begins, 0))]),
        _ => new([New.Define()]),
    };

    private sealed record History((Instant At, CustomerEvent Happened)[] Events, (Instant At, DefinitionCatalog<LoyaltyProgram> Catalog)[] Opened);

    /// <summary>A module that tells other things of itself.</summary>
    private sealed class Told(LoyaltyModule module, Func<ModuleContract, ModuleContract> contract) : ICustomerModule, IHoldsUnits
    {
        private readonly ICustomerModule inner = module;

        public ModuleContract Contract { get; } = contract(module.Contract);

        public Outcome Handle(object state, ModuleContext context) => inner.Handle(state, context);

        public Outcome.Accepted Correct(object stored, object without, object with) => inner.Correct(stored, without, with);

        public Outcome.Accepted? Merge(object survivor, object retired, ModuleContext context) => inner.Merge(survivor, retired, context);

        public Outcome.Accepted? Pin(object state, object seen) => inner.Pin(state, seen);

        public Outcome.Accepted? PinPassed(object state, object passed) => inner.PinPassed(state, passed);

        public IEnumerable<UnitsHeld> Held(object state) => ((IHoldsUnits)inner).Held(state);
    }

    private sealed class Counting(InMemoryStore store) : ICustomerStore, IJournalDisposal
    {
        public int Times { get; private set; }

        public ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken) => store.LoadAsync(customer, cancellationToken);

        public ValueTask<CustomerHistory> LoadHistoryAsync(CustomerId customer, HistoryStart start, CancellationToken cancellationToken) => store.LoadHistoryAsync(customer, start, cancellationToken);

        public ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken) => store.CommitAsync(commit, cancellationToken);

        public IAsyncEnumerable<JournalEntry> ReadJournalAsync(CustomerId customer, long afterVersion, CancellationToken cancellationToken) => store.ReadJournalAsync(customer, afterVersion, cancellationToken);

        public ValueTask<CommitResult> DisposeOfAsync(JournalDisposal disposal, CancellationToken cancellationToken) => store.DisposeOfAsync(disposal, cancellationToken);

        public ValueTask<IReadOnlyList<LedgerEntry>> LedgerOfAsync(CustomerId customer, CancellationToken cancellationToken)
        {
            Times++;
            return store.LedgerOfAsync(customer, cancellationToken);
        }
    }
}
