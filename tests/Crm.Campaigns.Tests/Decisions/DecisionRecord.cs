using Crm.Campaigns.Decisions;
using Crm.Campaigns.Journeys;
using Crm.Conditions;
using Crm.Definitions;
using Crm.Values;
using NodaTime;

namespace Crm.Campaigns.Tests.Decisions;

public sealed class DecisionRecord
{
    [Fact]
    public async Task A_decision_is_on_the_receipt()
    {
        var receipt = await new Town(Samples.Thanks).Buys("pos:1");

        var line = Assert.Single(receipt.Lines, line => line.Module == "campaigns");
        Assert.Equal((LineCodes.Decided, "thanks:pos:1"), (line.Code, line.Subject));
        Assert.Equal("將發出旅程「thanks」的訊息。", CampaignTexts.Describe(line).Chinese);
    }

    [Fact]
    public async Task A_gate_that_refuses_leaves_a_suppressed_decision_with_its_reason()
    {
        var town = new Town(Samples.Thanks);
        await town.Closes();

        var receipt = await town.Buys("pos:1");

        var line = Assert.Single(receipt.Lines, line => line.Module == "campaigns");
        Assert.Equal((LineCodes.Suppressed, "consent-withdrawn"), (line.Code, line.Parts[0].Code));
        Assert.Equal(1, (await town.State()).In("thanks").Count("suppressed.consent-withdrawn"));
        Assert.Empty(await town.Waiting());
    }

    [Fact]
    public async Task A_gate_that_closes_between_decision_and_leaving_stops_the_message()
    {
        var town = new Town(Samples.Thanks);
        await town.Buys("pos:1");
        await town.Closes();

        await town.Pumps();

        Assert.Empty(town.Mail.Sent);
        Assert.Equal(1, (await town.State()).In("thanks").Count("refused"));
        Assert.Empty((await town.State()).Reservations);
    }

    [Fact]
    public async Task A_condition_that_does_not_hold_is_a_reason()
    {
        var town = new Town(Samples.Thanks with { When = If.Purchases().Count().AtLeast(2) });

        var first = await town.Buys();
        var second = await town.Buys();

        Assert.Equal(Reasons.Condition, first.Lines[0].Parts[0].Code);
        Assert.Equal(LineCodes.Decided, second.Lines[0].Code);
    }

    [Fact]
    public async Task Of_two_journeys_under_one_cap_the_more_important_wins()
    {
        var plan = new CampaignPlan(
            new DefinitionCatalog<Journey>([Samples.Of("a", new Trigger.OnEvent("purchase")).Define(), (Samples.Of("b", new Trigger.OnEvent("purchase")) with { Priority = 5 }).Define()]),
            [new("email", [new Cap.PerDay(1)])]);
        var town = new Town(plan);

        await town.Buys("pos:1");

        Assert.Equal(["b:pos:1"], (await town.Waiting()).Select(message => message.Occasion));
        Assert.Equal(1, (await town.State()).In("a").Count("suppressed.channel-cap"));
    }

    [Fact]
    public async Task Messages_of_the_service_are_neither_capped_nor_counted()
    {
        var plan = new CampaignPlan(
            new DefinitionCatalog<Journey>([Samples.Of("receipt", new Trigger.OnEvent("purchase"), purpose: "service").Define(), Samples.Thanks.Define()]),
            [new("email", [new Cap.PerDay(1)])]);
        var town = new Town(plan);

        await town.Buys("pos:1");
        await town.Buys("pos:2");
        town.On(2026, 1, 1);
        await town.Pumps();

        Assert.Equal(["receipt:pos:1", "receipt:pos:2", "thanks:pos:1"], town.Mail.Sent.Select(item => item.Message.Occasion).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_message_that_leaves_after_midnight_counts_in_the_day_it_left()
    {
        var plan = new CampaignPlan(new DefinitionCatalog<Journey>([Samples.Thanks.Define()]), [new("email", [new Cap.PerDay(1)])]);
        var town = new Town(plan);
        await town.Buys("pos:1", Samples.Local(2026, 3, 1, 23));
        town.On(2026, 3, 2, 1);
        await town.Pumps();

        var sameDay = await town.Buys("pos:2", Samples.Local(2026, 3, 2, 20));
        var nextDay = await town.Buys("pos:3", Samples.Local(2026, 3, 3, 0));

        Assert.Equal(Reasons.ChannelCap, sameDay.Lines[0].Parts[0].Code);
        Assert.Equal(LineCodes.Decided, nextDay.Lines[0].Code);
    }

    [Fact]
    public async Task An_echo_begins_a_journey_once_for_each_cause_and_only_with_the_fields_asked_for()
    {
        var town = new Town(
            Samples.Of("gold", new Trigger.OnEcho("tier.changed", Fields.Of(("to", "gold")))),
            Samples.Of("silver", new Trigger.OnEcho("tier.changed", Fields.Of(("to", "silver")))),
            Samples.Of("vip", new Trigger.OnEcho("segment.entered")));
        await town.Buys("pos:1", Samples.Local(2026, 1, 2), 1_000);
        await town.Buys("pos:2", Samples.Local(2026, 2, 2), 1_000);
        town.On(2026, 4, 1);

        Assert.Equal(["gold:pos:1", "vip:#", "gold:pos:2", "vip:#"], (await town.Waiting()).Select(message => message.Occasion.StartsWith("vip:#2026-", StringComparison.Ordinal) ? "vip:#" : message.Occasion));
    }

    [Fact]
    public async Task The_version_that_counts_at_the_moment_decides()
    {
        var next = Samples.Thanks with { Message = Samples.Thanks.Message with { Template = "hello-again" } };
        var town = new Town(new CampaignPlan(new DefinitionCatalog<Journey>([Samples.Thanks.Define(), next.Define(2, Samples.Local(2026, 2, 1))])));

        await town.Buys("pos:1", Samples.Local(2026, 1, 31));
        await town.Buys("pos:2", Samples.Local(2026, 2, 1));

        Assert.Equal(["hello", "hello-again"], (await town.Waiting()).Select(message => message.Template));
    }

    [Fact]
    public async Task WhyNot_says_what_is_waited_for_and_what_stands_against_it()
    {
        var town = new Town(Samples.WakeUp with { Caps = [new Cap.Rolling(1, Duration.FromDays(30))] }, Samples.Gift());
        await town.Closes();
        await town.Buys("pos:1", Samples.Local(2026, 1, 10));
        town.On(2026, 1, 11);
        var module = town.Module ?? throw new InvalidOperationException();

        var silence = module.WhyNot("wake-up", await town.Amy());
        var birthday = module.WhyNot("gift", await town.Amy());
        town.On(2026, 2, 10);
        var passed = module.WhyNot("wake-up", await town.Amy());

        Assert.Equal("It waits until 2026-02-09 12:00.\nNow nothing may be sent: the gate refused with 'consent-withdrawn'.", silence.In(Language.English));
        Assert.Equal("等待至 2026-02-09 12:00。\n現時不可發送：把關規則拒絕發送（consent-withdrawn）。", silence.In(Language.TraditionalChinese));
        Assert.Equal(["no-birthday", "consent-withdrawn"], birthday.Findings.Select(finding => finding.Code));
        Assert.Equal(["waits", "last.consent-withdrawn", "consent-withdrawn"], passed.Findings.Select(finding => finding.Code));
    }

    [Fact]
    public async Task HO1_a_screen_shows_where_a_customer_stands_in_every_journey()
    {
        var town = new Town(Samples.WakeUp, Samples.Gift());
        await town.Buys("pos:1", Samples.Local(2026, 1, 10));
        var module = town.Module ?? throw new InvalidOperationException();
        var amy = await town.Amy();

        var shown = module.Show(amy);

        Assert.Equal(["gift", "wake-up"], shown.Select(standing => standing.Journey));
        Assert.Equal([module.WhyNot("gift", amy), module.WhyNot("wake-up", amy)], shown);
    }

    [Fact]
    public async Task The_state_survives_its_codec()
    {
        var town = new Town(Samples.Thanks with { Caps = [new Cap.PerDay(3)] }, Samples.WakeUp, Samples.Gift());
        await town.HasBirthday(229);
        await town.Buys("pos:1");
        await town.Pumps();
        await town.Returns("pos:1");
        await town.Buys("pos:2");
        Modules.ISlotCodec codec = new CampaignStateCodec();
        var state = await town.State();

        var writer = new Modules.SlotWriter();
        codec.Write(state, writer);
        var reader = new Modules.SlotReader(writer.Written);

        Assert.Equal(state, codec.Read(codec.Version, ref reader));
        Assert.True(reader.AtEnd);
    }
}
