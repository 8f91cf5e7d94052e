using Crm.Campaigns.Journeys;
using Crm.Conditions;
using Crm.Values;
using NodaTime;

namespace Crm.Campaigns.Tests.Journeys;

public sealed class JourneyJsonTests
{
    public static TheoryData<Journey> All =>
    [
        Samples.Thanks with { Trigger = new Trigger.OnEvent("purchase", If.Field("event.channel").Is("shop")), When = If.Fact("loyalty.tea-club.tier").Is("gold") },
        Samples.WakeUp with { Caps = [new Cap.PerDay(1), new Cap.Rolling(3, Duration.FromHours(36))], Priority = -4 },
        Samples.Gift(LeapDay.LeapYearsOnly),
        Samples.Thanks with { Quiet = new QuietHours(new LocalTime(21, 0), new LocalTime(9, 30)) },
        Samples.Thanks with { Quiet = new QuietHours(new LocalTime(0, 0), new LocalTime(7, 0)) { ZoneField = "zone", Zone = "Europe/London", Since = Instant.FromUtc(2026, 3, 1, 0, 0) } },
        Samples.Thanks with { Message = Samples.Thanks.Message with { Brand = "tea" } },
        Samples.Of("gold", new Trigger.OnEcho("tier.changed", Fields.Of(("to", "gold"), ("count", 1.50m), ("first", true), ("on", new LocalDate(2026, 2, 1)), ("at", Instant.FromUtc(2026, 1, 1, 0, 0))))),
    ];

    [Theory]
    [MemberData(nameof(All), DisableDiscoveryEnumeration = true)]
    public void What_is_written_is_read_back(Journey journey)
    {
        var read = JourneyJson.Read(JourneyJson.Write(journey));

        Assert.Empty(read.Errors);
        Assert.Equal(JourneyJson.Write(journey), JourneyJson.Write(Assert.IsType<Journey>(read.Journey)));
        Assert.Equal(journey.Hash, read.Journey.Hash);
    }

    [Fact]
    public void Any_difference_changes_the_hash() =>
        Assert.Equal(6, new[] { Samples.WakeUp, Samples.WakeUp with { Message = Samples.WakeUp.Message with { Brand = "tea" } }, Samples.WakeUp with { Priority = 1 }, Samples.WakeUp with { Caps = [new Cap.PerDay(1)] }, Samples.WakeUp with { When = If.Fact("a").Is(1) }, Samples.WakeUp with { Trigger = new Trigger.WhenSilent("purchase", [30]) } }.Select(journey => journey.Hash).Distinct().Count());

    [Fact]
    public void Everything_wrong_is_said_at_once()
    {
        var read = JourneyJson.Read("""
            {"id":7,"trigger":{"silentAfter":"purchase","day":[30],"days":[30,"x"]},"when":{"fact":"a"},"message":{"channel":"email","purpose":"marketing","usefulFor":"P1M"},"caps":[{"most":1}],"prioritty":1}
            """);

        Assert.Null(read.Journey);
        Assert.Equal(
            ["$.prioritty", "$.id", "$.trigger.day", "$.trigger.days[1]", "$.when", "$.when", "$.message", "$.message.usefulFor", "$.caps[0]"],
            read.Errors.Select(error => error.Path));
        Assert.Contains("Did you mean \"priority\"?", read.Errors[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_wrong_with_quiet_hours_is_said_at_once()
    {
        var written = JourneyJson.Write(Samples.Thanks with { Quiet = new QuietHours(new LocalTime(21, 0), new LocalTime(9, 0)) { ZoneField = "zone", Zone = "Asia/Hong_Kong", Since = Instant.FromUtc(2026, 3, 1, 0, 0) } });

        var unreadable = JourneyJson.Read(written.Replace("T00:00:00Z", "", StringComparison.Ordinal).Replace("\"21:00\"", "\"24:00\"", StringComparison.Ordinal).Replace("\"otherwise\"", "\"else\"", StringComparison.Ordinal));
        var wrong = JourneyJson.Read(written.Replace("\"21:00\"", "\"09:00\"", StringComparison.Ordinal).Replace("Asia/Hong_Kong", "Asia/Hongkong-2", StringComparison.Ordinal));

        Assert.Equal(["$.quiet.zone.else", "$.quiet.from", "$.quiet.since"], unreadable.Errors.Select(error => error.Path));
        Assert.Equal(["$.quiet.until", "$.quiet.zone.otherwise"], wrong.Errors.Select(error => error.Path));
        Assert.Contains("whole minutes", Assert.Throws<InvalidJourneyException>(() => new CampaignPlan(new Definitions.DefinitionCatalog<Journey>([]), quiet: new QuietHours(new LocalTime(21, 0, 1), new LocalTime(9, 0)))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Values_out_of_range_are_said_at_once()
    {
        var wrong = new Journey
        {
            Id = "Wake Up",
            Trigger = new Trigger.WhenSilent("purchase", [30, 30]),
            Message = new JourneyMessage("email", "hello", "marketing", Duration.Zero),
            Caps = [new Cap.PerDay(0), new Cap.Rolling(1, Duration.FromDays(400))],
        };

        var thrown = Assert.Throws<InvalidJourneyException>(() => CampaignPlan.Of(Samples.Thanks, Samples.Gift() with { Trigger = new Trigger.OnBirthday(Hour: 24) }, wrong with { Id = "wake-up" }));

        Assert.Equal(
            ["journey 'gift' version 1.trigger.hour", "journey 'wake-up' version 1.trigger.days[1]", "journey 'wake-up' version 1.message.usefulFor", "journey 'wake-up' version 1.caps[0].most", "journey 'wake-up' version 1.caps[1].in"],
            thrown.Errors.Select(error => error.Path));
        Assert.Contains(JourneyJson.Read(JourneyJson.Write(wrong)).Errors, error => error.Path == "$.id");
    }

    [Theory]
    [InlineData("nothing")]
    [InlineData("[]")]
    [InlineData("{}")]
    public void What_is_no_journey_is_an_error_and_no_exception(string json) => Assert.NotEmpty(JourneyJson.Read(json).Errors);
}
