using Crm.Campaigns;
using Crm.Campaigns.Journeys;
using Crm.Campaigns.Messages;
using Crm.Engine;
using Crm.Events;
using Crm.Loyalty;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Rules;
using Crm.Modules;
using Crm.Storage;
using Crm.Testing;
using Crm.Values;
using NodaTime;

namespace Crm.EndToEnd.Tests.Needs;

/// <summary>Birthdays where the customers are: a gift when the day begins there, and a greeting by name in the morning.</summary>
public sealed class BirthdaysEverywhere
{
    private static readonly (string Name, string Zone)[] People =
        [("Mei", "Asia/Hong_Kong"), ("Ann", "Europe/London"), ("Luz", "America/Los_Angeles"), ("Aroha", "Pacific/Auckland"), ("Tiare", "Pacific/Kiritimati"), ("Noor", "Asia/Kathmandu")];

    [Theory]
    [MemberData(nameof(Shop.Kinds), MemberType = typeof(Shop))]
    public async Task M8_everybody_born_on_29_February_is_given_something_and_greeted_by_name_on_their_own_day_where_they_are(string kind)
    {
        await using var database = new SharedDatabase(kind);
        var letters = new Letters();
        var host = database.Host([new LoyaltyModule(Club), CampaignsModule.WithoutGate(CampaignPlan.Of(Greeting), "birthday wishes are of the service")], new CrmPorts { Channels = [letters] });
        var ids = new Dictionary<CustomerId, string>();
        foreach (var (name, zone) in People)
        {
            var receipt = await host.RecordAsync(
                CustomerEvent.Purchase($"till:{name}", Identity.User(name), Money.Hkd(10)) with { Profile = Fields.Of(("birthday", 229), ("name", name), ("zone", zone), ("language", "en")) },
                TestContext.Current.CancellationToken);
            ids[receipt.Customer] = zone;
        }

        // A worker that comes by every hour, while the 28th goes round the world.
        database.Clock.Set(Instant.FromUtc(2026, 2, 27, 0, 0));
        for (var hour = 0; hour < 72; hour++)
        {
            database.Clock.Advance(Duration.FromHours(1));
            await host.RunDueAsync(cancellationToken: TestContext.Current.CancellationToken);
            await host.PumpAsync(cancellationToken: TestContext.Current.CancellationToken);
        }

        Assert.Equal(People.Length, letters.Sent.Count);
        foreach (var (customer, text, decidedAt) in letters.Sent)
        {
            Assert.Equal(new LocalDateTime(2026, 2, 28, 9, 0), Local(decidedAt, ids[customer]));
            Assert.Equal($"Happy birthday, {People.Single(person => person.Zone == ids[customer]).Name}!", text);
        }

        await foreach (var (customer, entry) in ((IJournalScan)database.Stores[0]).ReadLedgerAsync(TestContext.Current.CancellationToken))
        {
            Assert.Equal((50L, new LocalDateTime(2026, 2, 28, 0, 0)), (entry.Amount, Local(entry.OccurredAt, ids[customer])));
        }

        // Two years later the day is there, and it is the 29th.
        database.Clock.Set(Instant.FromUtc(2028, 3, 2, 0, 0));
        await host.RunDueAsync(cancellationToken: TestContext.Current.CancellationToken);
        var given = new List<LocalDateTime>();
        await foreach (var (customer, entry) in ((IJournalScan)database.Stores[0]).ReadLedgerAsync(TestContext.Current.CancellationToken))
        {
            given.Add(Local(entry.OccurredAt, ids[customer]));
        }

        Assert.Equal(
            new[] { new LocalDateTime(2026, 2, 28, 0, 0), new LocalDateTime(2027, 2, 28, 0, 0), new LocalDateTime(2028, 2, 29, 0, 0) }.ToDictionary(day => day, _ => People.Length),
            given.CountBy(day => day).ToDictionary());
    }

    private static LoyaltyProgram Club { get; } = new()
    {
        Name = "club",
        Zone = "Asia/Hong_Kong",
        Units = [new("points", UnitKind.Redeemable)],
        Rules = [new YearlyPoints { Name = "birthday", Unit = "points", Points = 50, DateField = "birthday", ZoneField = "zone", LeapDay = LeapDayPolicy.Before }],
    };

    private static Journey Greeting { get; } = new()
    {
        Id = "birthday",
        Trigger = new Trigger.OnBirthday(LeapDay: LeapDay.Feb28) { ZoneField = "zone" },
        Message = new JourneyMessage("email", "greeting", JourneyMessage.Service, Duration.FromDays(1)),
    };

    private static LocalDateTime Local(Instant instant, string zone) => instant.InZone(DateTimeZoneProviders.Tzdb[zone]).LocalDateTime;

    /// <summary>Keeps what it would send, written with the profile of the moment.</summary>
    private sealed class Letters : IMessageChannel
    {
        private readonly HandlebarsRenderer renderer = new(new Template("greeting", new("Happy birthday, {{customer.name}}!", "{{customer.name}}，生日快樂！")));

        public List<(CustomerId Customer, string Text, Instant DecidedAt)> Sent { get; } = [];

        public string Name => "email";

        public ValueTask<SendOutcome> SendAsync(string id, Message message, CustomerView customer, CancellationToken cancellationToken)
        {
            Sent.Add((customer.Customer, renderer.Render(message, customer, CustomerLanguage.Of(customer)).Body, message.DecidedAt));
            return ValueTask.FromResult<SendOutcome>(new SendOutcome.Sent());
        }
    }
}
