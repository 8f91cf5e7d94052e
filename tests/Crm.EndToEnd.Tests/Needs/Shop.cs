using Crm.Engine;
using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Storage;
using Crm.Storage.PostgreSql;
using Crm.Storage.Sqlite;
using Crm.Testing;
using Crm.Tests.Shared;
using Crm.Values;
using NodaTime;

namespace Crm.EndToEnd.Tests.Needs;

/// <summary>A shop with a programme over a database of its own, with the clock in the test's hands.</summary>
internal sealed class Shop : IAsyncDisposable
{
    public static readonly Identity Amy = Identity.User("amy");
    public static readonly Identity Bob = Identity.User("bob");

    private static readonly DateTimeZone HongKong = DateTimeZoneProviders.Tzdb["Asia/Hong_Kong"];
    private readonly string schema = PostgreSqlServer.NewSchema();
    private readonly string kind;
    private readonly FakeClock clock = new(At(2026, 1, 15, 12));
    private readonly LoyaltyProgram program;
    private int events;

    public Shop(string kind, LoyaltyProgram program)
    {
        (this.kind, this.program) = (kind, program);
        Store = kind == "SQLite" ? SqliteStore.Open("Data Source=:memory:") : PostgreSqlStore.Open(PostgreSqlServer.ConnectionString, new PostgreSqlStoreOptions { Schema = schema });
        Module = new LoyaltyModule(program);
        Engine = new CrmEngine(Store, [Module], new CrmOptions(), clock, new SeededIdSource());
    }

    public static TheoryData<string> Kinds => ["SQLite", "PostgreSQL"];

    public ICustomerStore Store { get; }

    public CrmEngine Engine { get; }

    public LoyaltyModule Module { get; }

    public static Instant At(int year, int month, int day, int hour = 12) => new LocalDateTime(year, month, day, hour, 0).InZoneLeniently(HongKong).ToInstant();

    public void On(int year, int month, int day, int hour = 12) => clock.Set(At(year, month, day, hour));

    public string Key() => $"pos:{++events}";

    public ValueTask<Receipt> Records(CustomerEvent happened) => Engine.RecordAsync(happened, TestContext.Current.CancellationToken);

    public ValueTask<Receipt> Buys(decimal spend, string? key = null, string? brand = null, Identity? who = null, params Sequence<EventLine> lines) =>
        Records(CustomerEvent.Purchase(key ?? Key(), who ?? Amy, Money.Hkd(spend), lines) with { Brand = brand });

    public ValueTask<Receipt> Wants(string reward) => Records(RewardEvents.Redeem(Key(), SpendAuthority.CardPresent(Amy), reward));

    public async Task<CustomerView> Reads(Identity? who = null) => await Engine.ReadAsync(CustomerRef.Of(who ?? Amy), TestContext.Current.CancellationToken) ?? throw new InvalidOperationException("Nobody has that name.");

    public async Task<Membership> Membership(Identity? who = null) => (await Reads(who)).Slot<LoyaltyState>(LoyaltyNames.Module).In(program.Name);

    public async Task<long> Holds(string unit, Identity? who = null) => (await Membership(who)).Wallet(unit).Available;

    public async Task<string?> Tier() => (await Membership()).Standing()?.Tier;

    /// <summary>A worker's round, a second later: what came together counts a tick apart, and so do its follow-ups.</summary>
    public async Task Works()
    {
        clock.Advance(Duration.FromSeconds(1));
        await Engine.RunDueAsync(1_000, TestContext.Current.CancellationToken);
        await Engine.PumpAsync(1_000, TestContext.Current.CancellationToken);
    }

    public async Task<List<LedgerEntry>> Ledger()
    {
        var entries = new List<LedgerEntry>();
        await foreach (var (_, entry) in ((IJournalScan)Store).ReadLedgerAsync(TestContext.Current.CancellationToken))
        {
            entries.Add(entry);
        }

        return entries;
    }

    public async Task<List<JournalEntry>> Journal()
    {
        var entries = new List<JournalEntry>();
        await foreach (var (_, entry) in ((IJournalScan)Store).ReadAllAsync(TestContext.Current.CancellationToken))
        {
            entries.Add(entry);
        }

        return entries;
    }

    public async ValueTask DisposeAsync()
    {
        if (Store is IAsyncDisposable store)
        {
            await store.DisposeAsync();
        }

        if (kind == "PostgreSQL")
        {
            PostgreSqlServer.Execute($"DROP SCHEMA IF EXISTS {schema} CASCADE");
        }
    }
}
