using Crm.Campaigns;
using Crm.Campaigns.Journeys;
using Crm.Campaigns.Records;
using Crm.Conditions;
using Crm.Customers;
using Crm.Engine;
using Crm.Events;
using Crm.Loyalty;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Rules;
using Crm.Modules;
using Crm.Privacy;
using Crm.Privacy.Consents;
using Crm.Segmentation;
using Crm.Segmentation.Audiences;
using Crm.Segmentation.Segments;
using Crm.Segmentation.Studies;
using Crm.Storage;
using Crm.Storage.Sqlite;
using Crm.Testing;
using Crm.Values;
using Microsoft.Extensions.DependencyInjection;
using NodaTime;

namespace Crm.EndToEnd.Tests.Slice;

/// <summary>A host with every package, over either store: gold from 10 status units, a segment of the gold ones, and journeys that begin with it, with silence and with birthdays.</summary>
internal sealed class Slice : IAsyncDisposable
{
    public const string Memory = "memory";
    public const string Sqlite = "sqlite";
    public static readonly Identity Amy = Identity.User("amy");

    private static readonly DateTimeZone HongKong = DateTimeZoneProviders.Tzdb["Asia/Hong_Kong"];
    private readonly ServiceProvider services;
    private readonly FakeClock clock;
    private readonly Outgoing outgoing = new();
    private int events;

    public Slice(string store, int year = 2026)
    {
        clock = new FakeClock(Local(year, 1, 5, 10));
        services = new ServiceCollection()
            .AddSingleton<IClock>(clock)
            .AddSingleton<IIdSource>(new SeededIdSource())
            .AddCrm(crm => (store == Memory ? crm.UseMemory() : crm.UseSqlite("Data Source=:memory:"))
                .AddCustomers()
                .AddPrivacy(privacy => privacy.Purposes(new Purpose("marketing", new("Offers of tea", "茶品優惠"), PurposeUse.Marketing)))
                .AddLoyalty(Club)
                .AddSegmentation(segments => segments.Define(new Segment { Id = "gold-members", Label = new("Gold members", "金級會員"), Where = If.Fact("loyalty.tea-club.tier").Is("gold") }))
                .AddCampaigns(campaigns => campaigns
                    .Journey(Journey("gold-welcome", new Trigger.OnEcho(SegmentNames.Entered, Fields.Of((SegmentNames.SegmentField, "gold-members")))))
                    .Journey(Journey("birthday", new Trigger.OnBirthday()))
                    .Journey(Journey("spring-offer", new Trigger.OnEvent(SendableAudience.Addressed, If.Field("event.occasion").Is("spring"))))
                    .Journey(Journey("win-back", new Trigger.WhenSilent(EventKinds.PurchaseName, [30, 60])))
                    .Channel(_ => outgoing)))
            .BuildServiceProvider();
        Engine = services.GetRequiredService<CrmEngine>();
    }

    public CrmEngine Engine { get; }

    public ICustomerStore Store => services.GetRequiredService<ICustomerStore>();

    public CampaignDecisions Decisions => services.GetRequiredService<CampaignDecisions>();

    public SegmentStudy Segments => services.GetRequiredService<SegmentStudy>();

    /// <summary>What the channel took, in its order.</summary>
    public IReadOnlyList<Message> Sent => outgoing.Messages;

    public static Instant Local(int year, int month, int day, int hour) => new LocalDateTime(year, month, day, hour, 0).InZoneLeniently(HongKong).ToInstant();

    public void Now(int year, int month, int day, int hour = 10) => clock.Set(Local(year, month, day, hour));

    public ValueTask<Receipt> Agrees() => Engine.RecordAsync(ConsentEvents.Give(Key(), Amy, "email", "marketing", "notice-1"));

    public ValueTask<Receipt> Withdraws() => Engine.RecordAsync(ConsentEvents.Withdraw(Key(), Amy, "email", "marketing"));

    public ValueTask<Receipt> Buys(decimal amount, string? key = null) => Engine.RecordAsync(CustomerEvent.Purchase(key ?? Key(), Amy, Money.Hkd(amount)));

    public ValueTask<Receipt> Returns(string purchase, decimal amount) => Engine.RecordAsync(CustomerEvent.Refund(Key(), Amy, purchase, Money.Hkd(amount)));

    public ValueTask<Receipt> HasBirthday(int monthAndDay) => Engine.RecordAsync(CustomerEvents.Profile(Key(), Amy, Fields.Of(("birthday", monthAndDay))));

    public async Task<CustomerView> View() => await Engine.ReadAsync(CustomerRef.Of(Amy)) ?? throw new InvalidOperationException("Nobody is called Amy.");

    /// <summary>One round of the worker, a second later: events that were recorded at one instant are told apart by ticks after it.</summary>
    public async Task<PumpReport> Works()
    {
        clock.Advance(Duration.FromSeconds(1));
        await Engine.RunDueAsync();
        return await Engine.PumpAsync();
    }

    public async Task<List<JournalEntry>> Journal()
    {
        var entries = new List<JournalEntry>();
        await foreach (var entry in Store.ReadJournalAsync((await View()).Customer, 0, CancellationToken.None))
        {
            entries.Add(entry);
        }

        return entries;
    }

    public string Key() => $"pos:{++events}";

    public ValueTask DisposeAsync() => services.DisposeAsync();

    private static LoyaltyProgram Club { get; } = new()
    {
        Name = "tea-club",
        Zone = HongKong.Id,
        Units = [new("points", UnitKind.Redeemable), new("status", UnitKind.Status)],
        Rules = [Per10("points"), Per10("status")],
        Ladders = [new() { Unit = "status", Tiers = [new("gold", 10)] }],
    };

    private static PointsPerAmount Per10(string unit) => new() { Name = unit, Unit = unit, Points = 1, Every = Money.Hkd(10), Basis = EarningBasis.WholeSpend };

    private static Journey Journey(string id, Trigger trigger) => new()
    {
        Id = id,
        Trigger = trigger,
        Message = new JourneyMessage("email", id, "marketing", Duration.FromDays(3)),
    };

    private sealed class Outgoing : IMessageChannel
    {
        public List<Message> Messages { get; } = [];

        public string Name => "email";

        public ValueTask<SendOutcome> SendAsync(string id, Message message, CustomerView customer, CancellationToken cancellationToken)
        {
            Messages.Add(message);
            return ValueTask.FromResult<SendOutcome>(new SendOutcome.Sent());
        }
    }
}
