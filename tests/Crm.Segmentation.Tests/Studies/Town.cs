using Crm.Definitions;
using Crm.Engine;
using Crm.Events;
using Crm.Modules;
using Crm.Segmentation.Segments;
using Crm.Segmentation.Studies;
using Crm.Storage;
using Crm.Testing;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Tests.Studies;

/// <summary>A store with several customers, whom engines with different segments look at.</summary>
internal sealed class Town
{
    public Town(params Segment[] segments)
        : this(new SegmentCatalog(segments))
    {
    }

    public Town(SegmentCatalog catalog, ISendGate? gate = null, ICustomerStore? store = null, FakeClock? clock = null)
    {
        Catalog = catalog;
        Store = store ?? new InMemoryStore();
        Clock = clock ?? new FakeClock(Club.Opening);
        ICustomerModule[] modules = catalog.Definitions.Names.IsEmpty ? [new ScoreModule()] : [new ScoreModule(), new SegmentationModule(catalog), new ListenerModule()];
        Engine = new CrmEngine(Store, modules, new CrmOptions { Zone = DateTimeZone.Utc, CheckpointEvery = 8 }, Clock, new SeededIdSource(), gate is null ? null : new CrmPorts { Gate = gate });
        Study = new SegmentStudy(Engine, catalog, Clock, gate);
    }

    public ICustomerStore Store { get; }

    public FakeClock Clock { get; }

    public SegmentCatalog Catalog { get; }

    public CrmEngine Engine { get; }

    public SegmentStudy Study { get; }

    /// <summary>The same store and clock, decided about by other segments.</summary>
    public Town With(params Segment[] segments) => new(new SegmentCatalog(segments), store: Store, clock: Clock);

    public Town With(params Definition<Segment>[] segments) => new(new SegmentCatalog(new DefinitionCatalog<Segment>(segments)), store: Store, clock: Clock);

    /// <summary>A study of the same store, by a clock that goes on with every look at it.</summary>
    public SegmentStudy InTime()
    {
        var clock = new GoingClock(Clock);
        return new SegmentStudy(new CrmEngine(Store, [new ScoreModule(), new SegmentationModule(Catalog), new ListenerModule()], new CrmOptions { Zone = DateTimeZone.Utc, CheckpointEvery = 8 }, clock, new SeededIdSource()), Catalog, clock);
    }

    public async Task BuysAsync(string who, params double[] days)
    {
        foreach (var day in days)
        {
            await RecordAsync(CustomerEvent.Purchase($"till:{who}-{day}", Identity.User(who), Money.Hkd(50)) with { OccurredAt = Club.Day(day) });
        }
    }

    public async Task RecordAsync(CustomerEvent happened)
    {
        if (happened.OccurredAt is { } at && at > Clock.GetCurrentInstant())
        {
            Clock.Set(at);
        }

        await Engine.RecordAsync(happened, TestContext.Current.CancellationToken);
    }

    public async Task<CustomerId> IdAsync(string who) => (await Store.LoadAsync(CustomerRef.Of(Identity.User(who)), TestContext.Current.CancellationToken)).Customer ?? throw new InvalidOperationException($"{who} is nobody.");

    public async Task<IReadOnlyList<string>> NamesAsync(IEnumerable<CustomerId> customers)
    {
        var names = new Dictionary<CustomerId, string>();
        await foreach (var (customer, identity) in ((IJournalScan)Store).ReadIdentitiesAsync(TestContext.Current.CancellationToken))
        {
            names[customer] = identity.Value;
        }

        return [.. customers.Select(customer => names[customer]).Order(StringComparer.Ordinal)];
    }

    private sealed class GoingClock(FakeClock clock) : IClock
    {
        public Instant GetCurrentInstant() => clock.Advance(Duration.FromTicks(1));
    }
}
