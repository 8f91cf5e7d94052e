using Crm.Engine;
using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Redemption;
using Crm.Modules;
using Crm.Storage;
using Crm.Testing;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Tests.Recording;

/// <summary>A club over the store in memory, with a clock to set and short ways to say what happens to Amy.</summary>
internal sealed class Club
{
    private readonly InMemoryStore store = new();

    public InMemoryStore Store => store;

    public CrmEngine Engine => engine;

    private readonly FakeClock clock = new(Samples.Local(2026, 1, 15, 12));
    private CrmEngine engine;
    private int events;

    public Club(params ICustomerModule[] modules) => engine = Over(modules);

    public static Club Of(params LoyaltyProgram[] programs) => new(new LoyaltyModule(programs));

    public static Club TeaClub() => Of(Samples.TeaClub);

    public void On(int year, int month, int day, int hour = 12) => clock.Set(Samples.Local(year, month, day, hour));

    public void At(Instant instant) => clock.Set(instant);

    public ValueTask<Receipt> Buys(decimal spend, string? key = null) => Records(CustomerEvent.Purchase(key ?? NextKey(), Samples.Amy, Money.Hkd(spend)));

    public ValueTask<Receipt> Returns(string purchase, decimal amount) => Records(CustomerEvent.Refund(NextKey(), Samples.Amy, purchase, Money.Hkd(amount)));

    public ValueTask<Receipt> Redeems(long amount, string? program = null, string? unit = null) => Records(LoyaltyEvents.Redeem(NextKey(), SpendAuthority.SignedIn(Samples.Amy), amount, program, unit));

    /// <summary>Something happens. Whatever it is, each line of the receipt has a sentence in both languages, and names its programme, apart from rates and unknown programmes, which are of none.</summary>
    public async ValueTask<Receipt> Records(CustomerEvent happened)
    {
        var receipt = await engine.RecordAsync(happened);
        foreach (var line in receipt.Lines.Where(line => line.Module == LoyaltyNames.Module))
        {
            Assert.True(LoyaltyTexts.Describe(line) is { English.Length: > 0, Chinese.Length: > 0 });
            Assert.All(LoyaltyTexts.PartsOf(line), part => Assert.True(LoyaltyTexts.Describe(part) is { English.Length: > 0, Chinese.Length: > 0 }));
            Assert.True(line.Program is not null || line.Code is LineCodes.Rate or LineCodes.RateMissing or LineCodes.UnknownProgram, $"The line '{line.Code}' names no programme.");
        }

        return receipt;
    }

    /// <summary>The host starts again with other code over the same store.</summary>
    public void StartsAgainWith(params ICustomerModule[] modules) => engine = Over(modules);

    public ValueTask<DueReport> RunDue() => engine.RunDueAsync();

    public async Task<CustomerView> Amy() => await engine.ReadAsync(CustomerRef.Of(Samples.Amy)) ?? throw new InvalidOperationException("Nobody is called Amy.");

    public ValueTask Fills(string quota, long stock) => ((IQuotas)store).SetAsync(quota, stock, CancellationToken.None);

    public ValueTask<long> Stock(string quota) => ((IQuotas)store).AvailableAsync(quota, CancellationToken.None);

    public ValueTask<PumpReport> Pumps() => engine.PumpAsync();

    public Instant Now => clock.GetCurrentInstant();

    public async Task<CustomerView?> Reads(Identity customer) => await engine.ReadAsync(CustomerRef.Of(customer));

    public async Task<Membership> Membership(string program = "tea-club") => (await Amy()).Slot<LoyaltyState>(LoyaltyNames.Module).In(program);

    public async Task<long> Points() => (await Membership()).Wallet("points").Available;

    public async Task<string?> Tier() => (await Amy()).Fact("loyalty.tea-club.tier").AsCode;

    public async Task<List<LedgerEntry>> Ledger()
    {
        var entries = new List<LedgerEntry>();
        await foreach (var (_, entry) in store.ReadLedgerAsync(CancellationToken.None))
        {
            entries.Add(entry);
        }

        return entries;
    }

    /// <summary>In what the stored state of any customer differs from what the journal leads to, and from the ledger.</summary>
    public async Task<List<string>> Differences(ICustomerModule module)
    {
        var verifier = new CustomerVerifier([module], new CrmOptions());
        var ledgers = (await store.ReadLedgerAsync(CancellationToken.None).ToListAsync()).ToLookup(row => row.Customer, row => row.Entry);
        var found = new List<string>();
        foreach (var customer in (await store.ReadAllAsync(CancellationToken.None).ToListAsync()).Select(row => row.Customer).Distinct())
        {
            var (snapshot, history) = (await store.LoadAsync(CustomerRef.Of(customer), CancellationToken.None), await store.LoadWholeAsync(customer, CancellationToken.None));
            var verdict = snapshot.Customer == customer ? verifier.Verify(snapshot, history, [.. ledgers[customer]]) : verifier.VerifyRetired(customer, history, [.. ledgers[customer]]);
            Assert.True(snapshot.Customer != customer || verdict.NotRedecided is null, verdict.NotRedecided);
            found.AddRange(verdict.Differences.Select(difference => difference.ToString()));
        }

        return found;
    }

    /// <summary>Somebody else becomes a customer.</summary>
    public async Task<CustomerId> Meets(string other)
    {
        await Records(LoyaltyEvents.Visit(NextKey(), Identity.User(other)));
        return (await engine.ReadAsync(CustomerRef.Of(Identity.User(other))))?.Customer ?? throw new InvalidOperationException($"Nobody is called {other}.");
    }

    public async Task<Membership> MembershipOf(string other) =>
        (await engine.ReadAsync(CustomerRef.Of(Identity.User(other))))?.Slot<LoyaltyState>(LoyaltyNames.Module).In("tea-club") ?? throw new InvalidOperationException($"Nobody is called {other}.");

    public ValueTask<PumpReport> Pump() => engine.PumpAsync();

    public string NextKey() => $"pos:{Interlocked.Increment(ref events)}";

    private CrmEngine Over(ICustomerModule[] modules) => new(store, modules, new CrmOptions(), clock, new SeededIdSource());
}
