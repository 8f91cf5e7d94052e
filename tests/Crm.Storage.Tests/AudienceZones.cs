using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Modules;
using Crm.Testing;
using Crm.Values;
using NodaTime;

namespace Crm.Storage.Tests;

using Outcome = Crm.Modules.Outcome;

/// <summary>Customers selected by the calendar of their own zone are those of whom what is kept for each says so.</summary>
public sealed class AudienceZones
{
    private static readonly CalendarZone Own = new CalendarZone.Customer("customer.zone", "Asia/Hong_Kong");
    private static readonly Instant Start = Instant.FromUtc(2026, 3, 7, 6, 0);

    private static readonly Condition[] Conditions =
    [
        If.Purchases().This(CalendarPeriod.Day, Own).Count().AtLeast(1),
        !If.Purchases().LastWhole(CalendarPeriod.Day, Own).Count().AtLeast(1) & If.Purchases().Count().AtLeast(1),
        If.Purchases().DaysActive(Own).AtLeast(2) | If.Field("customer.zone").Is("Africa/Cairo"),
        If.Hours(new LocalTime(6, 0), new LocalTime(18, 0)).In(Own) & If.Field("customer.born").WhenMissing(true).HasAnniversary(Own, 1, 1),
        If.Purchases().This(CalendarPeriod.Day, new CalendarZone.Business()).Count().AtLeast(1) & !If.Purchases().This(CalendarPeriod.Day, "UTC").Count().AtLeast(3),
        If.Purchases().Latest(new Measured.Day(Own)).FromToday(Comparison.EqualTo, Period.FromDays(-1), Own),
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public Task SQLite_selects_those_of_whom_the_condition_holds_in_their_own_zone() => AgreesAsync(new SqliteFactory(SqliteKind.Memory), (engine, condition) => engine.SelectAsync(condition, Token));

    [Fact]
    public Task PostgreSQL_selects_those_of_whom_the_condition_holds_in_their_own_zone() =>
        AgreesAsync(new PostgreSqlFactory(new PostgreSql.PostgreSqlStoreOptions()), (engine, condition) => engine.SelectAsync(condition, Token));

    [Fact]
    public Task The_law_catches_an_answer_in_the_zone_of_the_fallback() => Assert.ThrowsAsync<Xunit.Sdk.EqualException>(() => AgreesAsync(
        new SqliteFactory(SqliteKind.Memory),
        (engine, condition) => engine.SelectAsync(condition.WithZones(zone => zone is CalendarZone.Customer own ? own.Otherwise : zone), Token)));

    private static async Task AgreesAsync(StoreFactory factory, Func<CrmEngine, Condition, ValueTask<IReadOnlyList<CustomerId>>> select)
    {
        await using var stores = factory;
        var store = await factory.OpenAsync("zones", Token);
        var clock = new FakeClock(Start);
        var engine = new CrmEngine(store, [new Watching()], new CrmOptions { Zone = DateTimeZoneProviders.Tzdb["Europe/London"] }, clock, new SeededIdSource(7));
        string?[] zones = ["Asia/Hong_Kong", "America/New_York", "Pacific/Kiritimati", "Africa/Cairo", "nowhere", null];
        var views = new List<CustomerView>();
        for (var hour = 0; hour < 40; hour++)
        {
            clock.Set(Start + Duration.FromHours(hour));
            var who = hour * 5 % 11;
            var happened = CustomerEvent.Purchase($"pos:{hour}", Identity.User(who), Money.Hkd(50)) with { OccurredAt = clock.GetCurrentInstant() };
            await engine.RecordAsync(zones[who % zones.Length] is { } zone ? happened with { Profile = Fields.Of(("zone", zone), ("born", new LocalDate(2000, 3, 7 + (who % 4)))) } : happened, Token);
        }

        foreach (var hour in Enumerable.Range(40, 26))
        {
            clock.Set(Start + Duration.FromHours(hour));
            views.Clear();
            for (var who = 0; who < 11; who++)
            {
                views.Add(await engine.ReadAsync(CustomerRef.Of(Identity.User(who)), Token) ?? throw new InvalidOperationException($"{who} is nobody."));
            }

            foreach (var condition in Conditions)
            {
                Assert.True(store is not IAudienceQuery query || query.Refusals(condition, engine.Kinds, null).IsEmpty);
                Assert.Equal(views.Where(view => Evaluator.Evaluate(condition, view).Value).Select(view => view.Customer).Order(), await select(engine, condition));
            }
        }
    }

    private sealed class Watching : CustomerModule<Nothing>
    {
        public override ModuleContract Contract { get; } = new() { Name = "watching", Codec = new NothingCodec(), Handles = ["*"], Conditions = Conditions.ToSequence() };

        protected override Outcome Handle(Nothing state, ModuleContext context) => Outcome.Nothing;
    }

    private sealed record Nothing;

    private sealed class NothingCodec : SlotCodec<Nothing>
    {
        public override int Version => 1;

        public override Nothing Empty { get; } = new();

        protected override void Write(Nothing state, SlotWriter writer)
        {
        }

        protected override Nothing Read(int version, ref SlotReader reader) => new();
    }
}
