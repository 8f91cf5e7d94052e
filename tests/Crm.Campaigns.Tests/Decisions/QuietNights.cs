using Crm.Campaigns.Decisions;
using Crm.Campaigns.Journeys;
using Crm.Campaigns.Records;
using Crm.Campaigns.Simulation;
using Crm.Definitions;
using Crm.Events;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.DependencyInjection;
using NodaTime;

namespace Crm.Campaigns.Tests.Decisions;

public sealed class QuietNights
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(300);
    private static readonly QuietHours Nights = new(new LocalTime(21, 0), new LocalTime(9, 0));

    private static readonly DateTimeZone[] Zones = [.. new[] { "Asia/Hong_Kong", "Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu" }.Select(name => DateTimeZoneProviders.Tzdb[name])];

    [Fact]
    public void Quiet_hours_end_when_a_clock_on_the_wall_says_so_looked_at_minute_by_minute() => Law(static (quiet, instant, zone) => quiet.EndAt(instant, zone)).Check(Thorough);

    [Fact]
    public void The_law_catches_ends_that_are_swapped() =>
        Counterfeits.Caught(() => Law(static (quiet, instant, zone) => (quiet.From < quiet.Until ? quiet : new QuietHours(quiet.Until, quiet.From)).EndAt(instant, zone)).Check(Thorough));

    [Fact]
    public void The_law_catches_quiet_hours_of_UTC() => Counterfeits.Caught(() => Law(static (quiet, instant, _) => quiet.EndAt(instant, DateTimeZone.Utc)).Check(Thorough));

    [Fact]
    public void The_law_catches_an_end_that_forgets_that_clocks_are_changed() =>
        Counterfeits.Caught(() => Law(static (quiet, instant, zone) => quiet.EndAt(instant, DateTimeZone.ForOffset(zone.GetUtcOffset(instant)))).Check(Thorough));

    [Theory]
    [InlineData("2026-03-29T00:30:00Z", "01:00", "01:30", null)]
    [InlineData("2026-03-29T00:30:00Z", "00:15", "01:30", "2026-03-29T01:00:00Z")]
    [InlineData("2026-10-25T00:15:00Z", "01:00", "01:30", "2026-10-25T00:30:00Z")]
    [InlineData("2026-10-25T00:45:00Z", "01:00", "01:30", null)]
    [InlineData("2026-10-25T01:15:00Z", "01:00", "01:30", "2026-10-25T01:30:00Z")]
    [InlineData("2026-10-25T00:45:00Z", "22:00", "01:50", "2026-10-25T00:50:00Z")]
    [InlineData("2026-10-25T00:45:00Z", "01:30", "06:00", "2026-10-25T01:00:00Z")]
    public void An_hour_that_is_skipped_ends_with_the_jump_and_one_that_comes_twice_is_quiet_both_times(string at, string from, string until, string? end)
    {
        var quiet = new QuietHours(Time(from), Time(until));

        Assert.Equal(end, quiet.EndAt(NodaTime.Text.InstantPattern.General.Parse(at).Value, DateTimeZoneProviders.Tzdb["Europe/London"]) is { } found ? NodaTime.Text.InstantPattern.General.Format(found) : null);

        static LocalTime Time(string text) => NodaTime.Text.LocalTimePattern.CreateWithInvariantCulture("HH:mm").Parse(text).Value;
    }

    [Fact]
    public async Task What_is_decided_at_night_is_put_off_to_the_morning_and_asked_about_again()
    {
        var town = new Town(Quiet(Samples.Thanks));
        await town.Buys("pos:1", Samples.Local(2026, 1, 1, 22));
        await town.Pumps();

        var put = Assert.Single(await town.Decided());
        Assert.Equal((DecisionStatus.Deferred, Reasons.QuietHours, Samples.Local(2026, 1, 2, 9)), (put.Status, put.Reason, put.NotBefore));
        Assert.Equal("2026-01-01 22:00 決定發出旅程「thanks」（第 1 版）的訊息，因為「purchase」pos:1；2026-01-02 09:00 起才會發出。", put.Text.Chinese);
        Assert.Empty(town.Mail.Sent);

        town.On(2026, 1, 2, 9);
        Assert.Equal((DecisionStatus.Waiting, null), Assert.Single(await town.Decided()) is var due ? (due.Status, due.Reason) : default);
        await town.Closes();
        await town.Pumps();
        Assert.Equal((DecisionStatus.Suppressed, "consent-withdrawn"), Assert.Single(await town.Decided()) is var refused ? (refused.Status, refused.Reason) : default);
        Assert.Empty(await town.Differences());
    }

    [Fact]
    public async Task What_is_of_no_use_in_the_morning_is_suppressed()
    {
        var soon = Samples.Thanks with { Message = Samples.Thanks.Message with { UsefulFor = Duration.FromHours(6) } };
        var town = new Town(Quiet(soon));
        await town.Buys("pos:1", Samples.Local(2026, 1, 1, 22));
        await town.Buys("pos:2", Samples.Local(2026, 1, 2, 4));

        Assert.Equal([(DecisionStatus.Suppressed, Reasons.QuietTooLong), (DecisionStatus.Deferred, Reasons.QuietHours)], (await town.Decided()).Select(decision => (decision.Status, decision.Reason)));
        Assert.Single(await town.Waiting());
    }

    [Fact]
    public async Task A_worker_that_comes_at_night_to_what_was_decided_by_day_waits_for_the_morning()
    {
        var town = new Town(Quiet(Samples.Thanks));
        await town.Buys("pos:1", Samples.Local(2026, 1, 1, 20));
        town.On(2026, 1, 1, 23);
        Assert.Equal((0, 1), await town.Pumps() is var late ? (late.Sent, late.Postponed) : default);

        town.On(2026, 1, 2, 9);
        Assert.Equal(1, (await town.Pumps()).Sent);
    }

    [Fact]
    public async Task The_night_is_that_of_the_customer_and_where_no_zone_is_known_that_of_the_plan()
    {
        var town = new Town(Quiet(Samples.Thanks, Nights with { ZoneField = "zone", Zone = "Asia/Tokyo" }));
        await town.Buys("pos:1", Samples.Local(2026, 1, 1, 20));
        await Moves("Europe/London");
        await town.Buys("pos:2", Samples.Local(2026, 1, 2, 22));
        await Moves("Atlantis");
        await town.Buys("pos:3", Samples.Local(2026, 1, 3, 20));

        Assert.Equal([Samples.Local(2026, 1, 2, 8), null, Samples.Local(2026, 1, 4, 8)], (await town.Decided()).Select(decision => decision.NotBefore));
        Assert.Empty(await town.Differences());

        ValueTask<Receipt> Moves(string zone) => town.Records(new CustomerEvent { Key = new EventKey("crm", zone.ToLowerInvariant()), Kind = "door.knocked", Identity = Samples.Amy, Profile = Fields.Of(("zone", zone)) });
    }

    [Fact]
    public async Task A_journey_may_have_its_own_and_the_service_has_none()
    {
        var own = Samples.Of("own", new Trigger.OnEvent("purchase")) with { Quiet = new QuietHours(new LocalTime(0, 0), new LocalTime(23, 0)) };
        var service = Samples.Of("receipt", new Trigger.OnEvent("purchase"), purpose: "service");
        var town = new Town(new CampaignPlan(new DefinitionCatalog<Journey>([own.Define(), service.Define(), Samples.Thanks.Define()]), quiet: Nights));
        await town.Buys("pos:1", Samples.Local(2026, 1, 1, 22));

        Assert.Equal([("own:pos:1", Samples.Local(2026, 1, 1, 23)), ("receipt:pos:1", null), ("thanks:pos:1", (Instant?)Samples.Local(2026, 1, 2, 9))], (await town.Decided()).Select(decision => (decision.Occasion, decision.NotBefore)));
    }

    [Fact]
    public async Task A_cap_counts_what_is_put_off_in_the_day_on_which_it_can_leave()
    {
        var town = new Town(new CampaignPlan(new DefinitionCatalog<Journey>([Samples.Thanks.Define()]), [new("email", [new Cap.PerDay(1)])], quiet: Nights));
        await town.Buys("pos:1", Samples.Local(2026, 1, 1, 10));
        await town.Pumps();
        await town.Buys("pos:2", Samples.Local(2026, 1, 1, 22));
        await town.Buys("pos:3", Samples.Local(2026, 1, 2, 12));

        Assert.Equal([DecisionStatus.Sent, DecisionStatus.Waiting, DecisionStatus.Suppressed], (await town.Decided()).Select(decision => decision.Status));
    }

    [Fact]
    public async Task A_simulation_puts_off_what_the_quiet_hours_put_off_and_says_so()
    {
        var town = new Town();
        await town.Buys("pos:1", Samples.Local(2026, 1, 1, 22));
        await town.Buys("pos:2", Samples.Local(2026, 1, 5, 23));
        town.On(2026, 1, 6, 1);

        var report = await town.Simulation.RunAsync(town.Store, Quiet(Samples.Thanks), new CampaignSimulationRequest { Until = town.Now });
        var decisions = new List<CampaignDecision>();
        await foreach (var customer in town.Simulation.ReadAsync(town.Store, Quiet(Samples.Thanks), new CampaignSimulationRequest { Until = town.Now }))
        {
            decisions.AddRange(customer.Decisions);
        }

        Assert.Equal([new DecisionCount("thanks", 1, DecisionStatus.Deferred, Reasons.QuietHours, 1), new DecisionCount("thanks", 1, DecisionStatus.Sent, null, 1)], report.Decisions.OrderBy(count => count.Status == DecisionStatus.Sent));
        Assert.Equal((Samples.Local(2026, 1, 2, 9), Samples.Local(2026, 1, 2, 9)), (decisions[0].NotBefore, decisions[0].SettledAt));
    }

    [Fact]
    public async Task What_the_page_shows_lets_customers_sleep()
    {
        var clock = new Crm.Testing.FakeClock(Samples.Local(2026, 1, 1, 22));
        await using var services = new ServiceCollection()
            .AddSingleton<IClock>(clock)
            .AddCrm(crm => crm.UseMemory().AddCampaigns(campaigns =>
            {
                WhyContacted.Nights.Configure(campaigns);
                campaigns.Journey(Samples.Thanks).WithoutGate("Everybody has agreed in this test.");
            }))
            .BuildServiceProvider();
        await services.GetRequiredService<Engine.CrmEngine>().RecordAsync(CustomerEvent.Purchase("pos:1", Samples.Amy, Money.Hkd(10)));

        Assert.Equal(Samples.Local(2026, 1, 2, 9), Assert.Single(await services.GetRequiredService<CampaignDecisions>().OfAsync(Storage.CustomerRef.Of(Samples.Amy))).NotBefore);
    }

    [Fact]
    public async Task WhyNot_says_that_it_is_quiet()
    {
        var town = new Town(Quiet(Samples.Thanks));
        await town.Buys("pos:1", Samples.Local(2026, 1, 1, 22));
        var module = town.Module ?? throw new InvalidOperationException();

        Assert.Contains(module.WhyNot("thanks", await town.Amy()).Findings, finding => finding.Code == Reasons.QuietHours && finding.Text.English == "Now it is quiet; what is decided leaves at 2026-01-02 09:00 or after.");
    }

    [Fact]
    public async Task WhyNot_at_night_asks_about_the_morning_as_deciding_does()
    {
        var town = new Town(new CampaignPlan(new DefinitionCatalog<Journey>([Samples.Thanks.Define()]), [new("email", [new Cap.PerDay(1)])], quiet: Nights));
        await town.Buys("pos:1", Samples.Local(2026, 1, 1, 10));
        await town.Pumps();
        Assert.Contains(Reasons.ChannelCap, await Codes(Samples.Local(2026, 1, 1, 12)));

        Assert.DoesNotContain(Reasons.ChannelCap, await Codes(Samples.Local(2026, 1, 1, 22)));
        await town.Buys("pos:2", Samples.Local(2026, 1, 1, 22));
        Assert.Equal(DecisionStatus.Deferred, (await town.Decided())[^1].Status);

        async Task<List<string>> Codes(Instant at)
        {
            town.At(at);
            return [.. (town.Module ?? throw new InvalidOperationException()).WhyNot("thanks", await town.Amy()).Findings.Select(finding => finding.Code)];
        }
    }

    [Fact]
    public async Task WhyNot_says_that_it_is_quiet_for_longer_than_the_message_is_of_use()
    {
        var town = new Town(Quiet(Samples.Thanks with { Message = Samples.Thanks.Message with { UsefulFor = Duration.FromHours(6) } }));
        await town.Buys("pos:1", Samples.Local(2026, 1, 1, 22));

        var codes = (town.Module ?? throw new InvalidOperationException()).WhyNot("thanks", await town.Amy()).Findings.Select(finding => finding.Code).ToList();

        Assert.Contains(Reasons.QuietTooLong, codes);
        Assert.DoesNotContain(Reasons.QuietHours, codes);
    }

    private static CampaignPlan Quiet(Journey journey, QuietHours? quiet = null) => new(new DefinitionCatalog<Journey>([journey.Define()]), quiet: quiet ?? Nights);

    private static Property Law(Func<QuietHours, Instant, DateTimeZone, Instant?> end) => Prop.ForAll(Arb.From(Cases), one => end(one.Quiet, one.At, one.Zone) == ByTheMinute(one));

    // A clock on the wall, looked at every minute; a zone never stays quiet for two days.
    private static Instant? ByTheMinute(Case one)
    {
        for (var minutes = 0; minutes < 2 * 24 * 60; minutes++)
        {
            var at = one.At + Duration.FromMinutes(minutes);
            if (!IsQuiet(one.Quiet, at.InZone(one.Zone).TimeOfDay))
            {
                return minutes == 0 ? null : at;
            }
        }

        throw new InvalidOperationException("It stays quiet.");
    }

    // Minute after minute from the beginning round to the end, as somebody would count on the clock.
    private static bool IsQuiet(QuietHours quiet, LocalTime time)
    {
        for (var minute = quiet.From; minute != quiet.Until; minute = minute.PlusMinutes(1))
        {
            if (minute.Hour == time.Hour && minute.Minute == time.Minute)
            {
                return true;
            }
        }

        return false;
    }

    // Half of the instants are near a change of clocks.
    private static Gen<Case> Cases =>
        from zone in Gen.Elements(Zones)
        from day in Gen.Choose(0, 364)
        from change in Gen.Choose(0, 1)
        from near in Gen.Choose(-180, 180)
        from minute in Gen.Choose(0, (24 * 60) - 1)
        from first in Gen.Choose(0, (24 * 60) - 1)
        from length in Gen.OneOf(Gen.Choose(1, 120), Gen.Choose(1, (24 * 60) - 1))
        let start = Instant.FromUtc(2026, 1, 1, 0, 0) + Duration.FromDays(day)
        let at = change == 1 && zone.GetZoneInterval(start) is { HasEnd: true, End: var end } && end < start + Duration.FromDays(366) ? end + Duration.FromMinutes(near) : start + Duration.FromMinutes(minute)
        let wall = at.InZone(zone).TimeOfDay
        let around = change == 1 ? wall.PlusMinutes(-(first % 240)) : LocalTime.Midnight.PlusMinutes(first)
        let begins = new LocalTime(around.Hour, around.Minute)
        select new Case(new QuietHours(begins, begins.PlusMinutes(length)), at, zone);

    private sealed record Case(QuietHours Quiet, Instant At, DateTimeZone Zone);
}
