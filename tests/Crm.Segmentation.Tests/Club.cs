using Crm.Engine;
using Crm.Events;
using Crm.Modules;
using Crm.Segmentation.Memberships;
using Crm.Segmentation.Segments;
using Crm.Storage;
using Crm.Testing;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Tests;

/// <summary>An engine over a memory store with a score, segments and a listener, and a clock that tests move.</summary>
public sealed class Club
{
    public static readonly Instant Opening = Instant.FromUtc(2026, 1, 1, 0, 0);
    public static readonly Identity Amy = Identity.User("amy");

    public Club(ICustomerModule segmentation, int checkpointEvery = 64, InMemoryStore? store = null)
    {
        Store = store ?? new InMemoryStore();
        Engine = new CrmEngine(Store, [new ScoreModule(), segmentation, new ListenerModule()], new CrmOptions { Zone = DateTimeZone.Utc, CheckpointEvery = checkpointEvery }, Clock, new SeededIdSource());
    }

    public Club(params Segment[] segments)
        : this(new SegmentCatalog(segments))
    {
    }

    public Club(SegmentCatalog catalog, InMemoryStore? store = null)
        : this(new SegmentationModule(catalog), store: store) => Catalog = catalog;

    public SegmentCatalog? Catalog { get; }

    public InMemoryStore Store { get; }

    public FakeClock Clock { get; } = new(Opening);

    public CrmEngine Engine { get; }

    public static CustomerEvent Purchase(string key, Instant at, long cents = 5_000) =>
        CustomerEvent.Purchase(key, Amy, new Money(cents, Currency.Hkd)) with { OccurredAt = at };

    public static Instant Day(double day) => Opening + Duration.FromDays(day);

    public async Task<Receipt> RecordAsync(CustomerEvent happened)
    {
        if (happened.OccurredAt is { } at && at > Clock.GetCurrentInstant())
        {
            Clock.Set(at);
        }

        return await Engine.RecordAsync(happened, TestContext.Current.CancellationToken);
    }

    /// <summary>The customer as of an instant.</summary>
    public async Task<CustomerView> ReadAsync(Instant at)
    {
        Clock.Set(at);
        return await Engine.ReadAsync(CustomerRef.Of(Amy), TestContext.Current.CancellationToken) ?? throw new InvalidOperationException("Amy is nobody.");
    }

    public async Task<SegmentationState> StateAsync(Instant at) => (await ReadAsync(at)).Slot<SegmentationState>(SegmentNames.Module);

    public async Task<string> HeardAsync(Instant at) => string.Join(", ", (await ReadAsync(at)).Slot<ListenerState>("listener").Heard);
}

/// <summary>Leaves out what a test does not look at.</summary>
internal static class MembershipsForTests
{
    public static IEnumerable<Membership> WithoutCauses(this IEnumerable<Membership> memberships) => memberships.Select(membership => new Membership(membership.Since, membership.Until, membership.Version));
}
