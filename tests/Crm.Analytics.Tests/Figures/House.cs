using Crm.Analytics.Buying;
using Crm.Analytics.Figures;
using Crm.Analytics.Habits;
using Crm.Analytics.Spending;
using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Modules;
using Crm.Segmentation;
using Crm.Segmentation.Memberships;
using Crm.Segmentation.Segments;
using Crm.Storage;
using Crm.Testing;
using Crm.Values;
using NodaTime;

namespace Crm.Analytics.Tests.Figures;

/// <summary>An engine with figures and segments of them, and a clock that tests move.</summary>
internal sealed class House
{
    public const string Zone = "Asia/Hong_Kong";
    public static readonly Instant Opening = Instant.FromUtc(2026, 1, 1, 0, 0);
    public static readonly Identity Amy = Identity.User("amy");

    public static readonly CustomerFigures Figures = new()
    {
        Zone = Zone,
        Currency = Currency.Hkd,
        Nes = new NesRule(new PurchaseCycle.Own(10) { Least = 1.5m }),
        Stage = new StageRule(new NesRule(new PurchaseCycle.OfAll(9))) { CoreSpend = 300 },
        Advocate = If.Events("referral").InLast(Duration.FromDays(14)).Count().AtLeast(1),
        Buying = new BuyingFigures(new LifetimeValue(new BetaGeometric(0.5, 6, 0.8, 2.4), new GammaGamma(6.25, 3.74, 150)) { Horizon = 30 }, TimeUnit.Day) { AsleepBelow = 0.5, Alarm = new SilenceAlarm(14, 0.1) },
        Step = CalendarPeriod.Day,
    };

    public static readonly Segment[] Segments =
    [
        Segment("asleep", If.Fact(FigureNames.Nes).AnyOf("S2", "S3")),
        Segment("leaving", If.Fact(FigureNames.Alive).LessThan(0.6m)),
        Segment("loyal", If.Fact(FigureNames.Stage).AnyOf("loyal", "core")),
        Segment("falling-asleep", If.Fact(FigureNames.Sleeps).FromToday(Comparison.AtMost, Period.FromDays(3), Zone) & If.Fact(FigureNames.Nes).AnyOf("N", "E0")),
        Segment("valuable", If.Fact(FigureNames.Value).AtLeast(20)),
        Segment("gone", If.Fact(FigureNames.Asleep).FromToday(Comparison.AtMost, Period.Zero, Zone)),
        Segment("friends", If.Fact(FigureNames.Advocate).Is(true) & If.Fact(FigureNames.Frequency).AtLeast(2)),
    ];

    public House(ICustomerModule figures, ICustomerStore? store = null, bool withSegments = true)
    {
        Store = store ?? new InMemoryStore();
        Engine = new CrmEngine(Store, [new ReferralModule(), figures, .. withSegments ? [new SegmentationModule(new SegmentCatalog(Segments))] : Array.Empty<ICustomerModule>()], new CrmOptions { Zone = DateTimeZone.Utc }, Clock, new SeededIdSource());
    }

    public ICustomerStore Store { get; }

    public FakeClock Clock { get; } = new(Opening);

    public CrmEngine Engine { get; }

    public static CustomerEvent Purchase(string key, Instant at, int dollars, Identity? who = null) => CustomerEvent.Purchase(key, who ?? Amy, Money.Hkd(dollars)) with { OccurredAt = at };

    public static CustomerEvent Cancellation(string key, Instant at, EventKey original) => new() { Key = EventKey.Parse(key), Kind = EventKinds.CancellationName, Identity = Amy, Original = original, OccurredAt = at };

    public static Instant Day(double day) => Opening + Duration.FromDays(day);

    public async Task RecordAsync(CustomerEvent happened)
    {
        Clock.Set(Instant.Max(Clock.GetCurrentInstant(), happened.OccurredAt ?? Opening));
        await Engine.RecordAsync(happened, TestContext.Current.CancellationToken);
    }

    public async Task WorkAsync(Instant at)
    {
        Clock.Set(at);
        await Engine.RunDueAsync(cancellationToken: TestContext.Current.CancellationToken);
    }

    public async Task<CustomerView> ReadAsync(Instant at, Identity? who = null)
    {
        Clock.Set(Instant.Max(Clock.GetCurrentInstant(), at));
        return await Engine.ReadAsync(CustomerRef.Of(who ?? Amy), TestContext.Current.CancellationToken) ?? throw new InvalidOperationException("Nobody is there.");
    }

    private static Segment Segment(string id, Condition where) => new() { Id = id, Label = new Text(id, id), Where = where };

    /// <summary>Declares an event of recommending.</summary>
    private sealed class ReferralModule : CustomerModule<string>
    {
        public override ModuleContract Contract { get; } = new() { Name = "referrals", Codec = new NothingCodec(), Kinds = [new EventKind("referral", EventNature.Happening)] };

        protected override Outcome Handle(string state, ModuleContext context) => Outcome.Nothing;
    }

    private sealed class NothingCodec : SlotCodec<string>
    {
        public override int Version => 1;

        public override string Empty => "";

        protected override void Write(string state, SlotWriter writer)
        {
        }

        protected override string Read(int version, ref SlotReader reader) => "";
    }
}
