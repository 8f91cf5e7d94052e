using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Core.Tests.Engine;

/// <summary>What the engine tells of itself, and what it never tells.</summary>
public sealed class Telemetry : IDisposable
{
    private const string Marker = "Chan-Tai-Man-91234567";
    private static readonly CancellationToken Token = TestContext.Current.CancellationToken;

    // Tests run side by side and meters are of the whole process, so what is measured is told apart by a kind of its own.
    private static readonly string Kind = "telemetry.visit";
    private readonly ConcurrentBag<(string Instrument, double Value, string Tags)> measured = [];
    private readonly ConcurrentBag<Activity> activities = [];
    private readonly MeterListener meters = new();
    private readonly ActivityListener listener;

    public Telemetry()
    {
        meters.InstrumentPublished = (instrument, listening) =>
        {
            if (instrument.Meter.Name == CrmTelemetry.Name)
            {
                listening.EnableMeasurementEvents(instrument);
            }
        };
        meters.SetMeasurementEventCallback<long>((instrument, value, tags, _) => measured.Add((instrument.Name, value, Text(tags))));
        meters.SetMeasurementEventCallback<double>((instrument, value, tags, _) => measured.Add((instrument.Name, value, Text(tags))));
        meters.Start();
        listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == CrmTelemetry.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activities.Add,
        };
        ActivitySource.AddActivityListener(listener);
    }

    public void Dispose()
    {
        meters.Dispose();
        listener.Dispose();
    }

    [Fact]
    public async Task Events_are_counted_by_kind_and_outcome()
    {
        var shop = new Shop(new ScriptModule(new ModuleContract { Name = "m", Handles = [Kind], Kinds = [new EventKind(Kind, EventNature.Request)], Codec = NotesCodec.Instance }, (notes, context) =>
            context.Cause.Value == "no" ? new Outcome.Refused("no", new Text("No.", "否。")) : notes.Plus("seen")));
        await shop.RecordAsync(Visit("till:1"));
        await shop.RecordAsync(Visit("till:1"));
        await shop.RecordAsync(Visit("till:no"));
        await Assert.ThrowsAsync<KeyReusedException>(() => shop.RecordAsync(Visit("till:1") with { Channel = "web" }));

        Assert.Equal(1, Sum("crm.events", $"crm.kind={Kind} crm.outcome=recorded"));
        Assert.Equal(1, Sum("crm.events", $"crm.kind={Kind} crm.outcome=repeated"));
        Assert.Equal(1, Sum("crm.events", $"crm.kind={Kind} crm.outcome=refused"));
        Assert.Equal(1, Sum("crm.events", $"crm.kind={Kind} crm.outcome=key-reused"));
        var own = activities.Where(activity => activity.OperationName == CrmTelemetry.RecordActivity && activity.TagObjects.Any(tag => Equals(tag.Value, Kind))).ToList();
        Assert.Equal(4, own.Count);
        Assert.All(own, activity => Assert.Contains(activity.TagObjects, tag => tag is { Key: "crm.attempts", Value: 1 }));
    }

    [Fact]
    public async Task Conflicts_retries_timers_and_the_outbox_are_measured()
    {
        var shop = new Shop(new ClubModule(new Condition.Any([])), new ScriptModule(
            new ModuleContract { Name = "m", Handles = [EventKinds.PurchaseName], Codec = NotesCodec.Instance },
            (notes, context) => context.Stimulus is Stimulus.Due ? notes.Plus("due") : notes.Plus("seen") with
            {
                Agenda = [new AgendaChange("later", context.Moment.Instant + Duration.FromDays(1))],
                Messages = [new Message { Occasion = $"thanks-{context.Cause}", Channel = "none", Template = "t", Purpose = "service", DecidedAt = context.Moment.Instant, UsefulUntil = context.Moment.Instant + Duration.FromDays(9) }],
            }));
        var beaten = new Shop(shop.Store, shop.Modules).Over(store => new Rival(store));
        await beaten.RecordAsync(Histories.Purchase("till:1", 1_000));
        shop.Clock.Advance(Duration.FromDays(2));
        await shop.Engine.RunDueAsync(cancellationToken: Token);
        await shop.Engine.PumpAsync(cancellationToken: Token);

        Assert.True(Sum("crm.conflicts", "crm.reason=version") >= 1);
        Assert.True(Sum("crm.retries", "") >= 1);
        Assert.True(Sum("crm.decisions", "") >= 2);
        Assert.True(Sum("crm.timers", "crm.outcome=handled") >= 1);
        Assert.True(Sum("crm.outbox.items", "crm.outcome=failed") >= 1);
        Assert.Contains(measured, one => one is { Instrument: "crm.outbox.age", Value: 172_800 });
        Assert.Contains(activities, activity => activity.OperationName == CrmTelemetry.DueActivity && activity.TagObjects.Any(tag => tag is { Key: "crm.customers", Value: 1 }));
        Assert.Contains(activities, activity => activity.OperationName == CrmTelemetry.PumpActivity && activity.TagObjects.Any(tag => tag is { Key: "crm.items", Value: 1 }));
    }

    [Fact]
    public async Task What_waits_is_measured_when_the_store_is_asked()
    {
        var shop = new Shop(new ScriptModule(
            new ModuleContract { Name = "waiting", Handles = [EventKinds.PurchaseName], Publishes = [new FactDeclaration("waiting.new", Queryable: true)], Codec = NotesCodec.Instance },
            (notes, context) => notes.Plus("seen") with
            {
                Facts = [new Fact("waiting.new", true, context.Moment.Instant + Duration.FromDays(1))],
                Messages = [new Message { Occasion = $"thanks-{context.Cause}", Channel = "none", Template = "t", Purpose = "service", DecidedAt = context.Moment.Instant, UsefulUntil = context.Moment.Instant + Duration.FromDays(9) }],
            }));
        for (var n = 0; n < 7; n++)
        {
            await shop.RecordAsync(Histories.Purchase($"till:{n}", 1_000) with { Identity = Identity.User(n) });
        }

        shop.Clock.Advance(Duration.FromDays(2));
        var status = await shop.Engine.ReadStatusAsync(Token);

        Assert.Equal(new StoreStatus { OutboxDepth = 7, OutboxSince = Shop.Opening, TimersDue = 7, TimersSince = Shop.Opening + Duration.FromDays(1), StaleFacts = 7 }, status);
        Assert.Contains(measured, one => one is { Instrument: "crm.outbox.depth", Value: 7 });
        Assert.Contains(measured, one => one is { Instrument: "crm.timers.due", Value: 7 });
        Assert.Contains(measured, one => one is { Instrument: "crm.facts.stale", Value: 7 });
    }

    [Fact]
    public async Task No_value_of_a_person_is_in_anything_that_is_measured_traced_or_thrown()
    {
        var shop = new Shop(new ClubModule(If.Field("customer.name").Is("somebody")), new ScriptModule("faulty", [EventKinds.PurchaseName], (notes, context) =>
            context.Cause.Value == "fault" ? throw new InvalidOperationException("The module failed.") : notes.Plus("seen")));
        var person = new Identity("phone-book", Marker);
        var told = new List<string>();
        CustomerEvent Purchase(string key, long cents = 1_000) => Histories.Purchase(key, cents) with { Identity = person, AlsoKnownAs = [new Identity("nickname", $"{Marker}-too")], Profile = Fields.Of(("name", Marker)), Lookups = Fields.Of(("said", Marker)) };
        foreach (var happened in new[]
        {
            Purchase("till:1"), Purchase("till:1"), Purchase("till:1", 2_000), Purchase("till:fault"), Purchase("till:future") with { OccurredAt = Shop.Opening + Duration.FromDays(900) }, Purchase("till:2") with { Kind = "unknown" },
            Purchase("till:3") with { Fields = Fields.Of(("unknown", 1)), Channel = "not a name" }, Purchase("till:4") with { Spend = null }, Histories.Redeem("till:5", 5_000) with { Identity = person },
        })
        {
            try
            {
                told.Add($"{await shop.Engine.RecordAsync(happened, Token)}");
            }
            catch (Exception fault)
            {
                told.Add($"{fault}");
            }
        }

        var verdict = new CustomerVerifier(shop.Modules, shop.Options);
        var stored = await shop.Store.LoadAsync(CustomerRef.Of(person), Token);
        told.Add($"{verdict.Verify(stored with { Slots = [.. stored.Slots.Select(slot => slot with { Bytes = [.. slot.Bytes.Reverse()] })] }, await shop.Store.LoadHistoryAsync(stored.Customer!.Value, new HistoryStart.Beginning(), Token), []).Differences}");
        told.AddRange(activities.SelectMany(activity => activity.TagObjects.Select(tag => $"{activity.DisplayName} {tag.Key}={tag.Value}").Concat(activity.Events.Select(happened => $"{happened.Name} {string.Join(' ', happened.Tags)}")).Append($"{activity.StatusDescription}")));
        told.AddRange(measured.Select(one => one.Tags));

        Assert.True(told.Count(text => text.Contains("Exception", StringComparison.Ordinal)) >= 5);
        Assert.DoesNotContain(told, text => text.Contains(Marker, StringComparison.Ordinal));
        Assert.Equal(Marker, stored.Profile["name"].AsCode);
    }

    [Fact]
    public void An_engine_says_what_its_store_does_by_itself_and_what_happens_instead()
    {
        var rich = new Shop().Engine.Describe().Where(ability => ability.IsNative).Select(ability => ability.Port).ToHashSet();
        Assert.Superset(new HashSet<string> { nameof(IBulkCommit), nameof(IOutbox), nameof(IWakeups), nameof(IQuotas), nameof(IJournalScan), nameof(IDocumentStore) }, rich);
        var poor = new Shop().Over(store => new Rival(store)).Engine.Describe();
        Assert.All(poor, ability => Assert.False(ability.IsNative));
        Assert.Contains("wake-ups: what is due is handled when a customer is next read or has an event (the store does not implement IWakeups)", poor.Select(ability => $"{ability}"));
    }

    private static CustomerEvent Visit(string key) => new() { Key = EventKey.Parse(key), Kind = Kind, Identity = Shop.Amy };

    private double Sum(string instrument, string tags) => measured.Where(one => one.Instrument == instrument && one.Tags == tags).Sum(one => one.Value);

    private static string Text(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var texts = new List<string>();
        foreach (var (key, value) in tags)
        {
            texts.Add($"{key}={value}");
        }

        return string.Join(' ', texts);
    }

    /// <summary>Somebody else is faster, three times.</summary>
    private sealed class Rival(InMemoryStore store) : ICustomerStore
    {
        private int left = 3;

        public ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken) => store.LoadAsync(customer, cancellationToken);

        public ValueTask<CustomerHistory> LoadHistoryAsync(CustomerId customer, HistoryStart start, CancellationToken cancellationToken) => store.LoadHistoryAsync(customer, start, cancellationToken);

        public ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken) =>
            left-- > 0 ? ValueTask.FromResult<CommitResult>(new CommitResult.VersionConflict()) : store.CommitAsync(commit, cancellationToken);

        public IAsyncEnumerable<JournalEntry> ReadJournalAsync(CustomerId customer, long afterVersion, CancellationToken cancellationToken) => store.ReadJournalAsync(customer, afterVersion, cancellationToken);
    }
}
