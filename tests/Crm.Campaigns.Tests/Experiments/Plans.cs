using Crm.Campaigns.Experiments;
using Crm.Campaigns.Journeys;
using Crm.Conditions;
using Crm.Values;
using NodaTime;

namespace Crm.Campaigns.Tests.Experiments;

/// <summary>Experiments are written and read as journeys are, and what is wrong with them is said at once.</summary>
public sealed class Plans
{
    private static readonly Experiment Spring = new("spring", [new("control", 10) { HoldsOut = true, Label = new Text("Nobody", "不發") }, new("letter", 45), new("picture", 45) { Template = "miss-you-picture" }])
    {
        From = Samples.LongAgo,
        Label = new Text("Spring letters", "春季來信"),
    };

    [Fact]
    public void What_is_written_is_read_back()
    {
        var journey = Samples.WakeUp with { Experiment = Spring };
        var read = JourneyJson.Read(JourneyJson.Write(journey));
        Assert.Empty(read.Errors);
        Assert.Equal(Spring, read.Journey?.Experiment);
        Assert.Equal(journey.Hash, read.Journey?.Hash);
        Assert.NotEqual(Samples.WakeUp.Hash, journey.Hash);
        Assert.Contains("\"experiment\":{\"id\":\"spring\",\"from\":\"2020-01-01T00:00:00Z\",\"label\":{\"en\":\"Spring letters\",", JourneyJson.Write(journey), StringComparison.Ordinal);
    }

    [Fact]
    public void Everything_wrong_with_a_text_is_said_at_once()
    {
        var read = JourneyJson.Read("""
            {"id":"a","trigger":{"event":"purchase"},"message":{"channel":"email","template":"hello","purpose":"marketing","usefulFor":"P1D"},
             "experiment":{"id":"spring","from":"March","salt":"x","label":{"en":"Spring"},"arms":[{"name":"control","holdout":true},{"name":"letter","share":"half"}]}}
            """);
        Assert.Null(read.Journey);
        Assert.Equal(
            ["$.experiment.salt", "$.experiment.from", "$.experiment.label", "$.experiment.arms[0].holdout", "$.experiment.arms[0]", "$.experiment.arms[1].share"],
            read.Errors.Select(error => error.Path));
        Assert.Contains("Did you mean \"holdOut\"?", read.Errors[3].Message, StringComparison.Ordinal);
        Assert.Equal(["$.experiment", "$.experiment", "$.experiment.arms"], Reading("""{"id":"spring"}""").Concat(Reading("""{"id":"spring","from":"2026-03-01T00:00:00Z","arms":[]}""")).Select(error => error.Path));

        static Sequence<JourneyError> Reading(string experiment) => JourneyJson.Read($$$"""{"id":"a","trigger":{"event":"purchase"},"message":{"channel":"email","template":"hello","purpose":"marketing","usefulFor":"P1D"},"experiment":{{{experiment}}}}""").Errors;
    }

    [Fact]
    public void Everything_wrong_with_arms_is_said_at_once()
    {
        var wrong = new Experiment(new string('x', 61), [new("a", 0) { HoldsOut = true, Template = "hello" }, new("a", 1) { HoldsOut = true }, new("B", 1_000_001) { HoldsOut = true }]) { From = Instant.MinValue };
        var thrown = Assert.Throws<InvalidJourneyException>(() => CampaignPlan.Of(Samples.Thanks with { Experiment = wrong }));
        Assert.Equal(
            [".id", ".from", ".arms", ".arms[0].share", ".arms[0].template", ".arms[1].name", ".arms[2].name", ".arms[2].share"],
            thrown.Errors.Select(error => error.Path.Replace("journey 'thanks' version 1.experiment", "", StringComparison.Ordinal)));
        Assert.Contains("imported history", thrown.Errors[1].Message, StringComparison.Ordinal);
        Assert.Equal(["holdout.id", "holdout.from", "holdout"], Assert.Throws<InvalidJourneyException>(() => Held(new Holdout("Everyone", 5, 5) { From = Instant.MinValue })).Errors.Select(error => error.Path));
        Assert.Single(Assert.Throws<InvalidJourneyException>(() => Held(new Holdout("spring", 5) { From = Samples.LongAgo }, Samples.Thanks with { Experiment = Spring })).Errors);
    }

    [Theory]
    [InlineData(CalendarPeriod.Day, false)]
    [InlineData(CalendarPeriod.Week, false)]
    [InlineData(CalendarPeriod.Month, true)]
    [InlineData(CalendarPeriod.Quarter, true)]
    [InlineData(CalendarPeriod.Year, true)]
    [InlineData((CalendarPeriod)99, false)]
    public void A_holdout_by_the_day_or_week_is_refused_because_each_period_stays(CalendarPeriod period, bool taken)
    {
        var thrown = Record.Exception(() => Held(new Holdout("everyone", 5, Period: period) { From = Samples.LongAgo }));
        Assert.Equal(taken ? [] : ["holdout.period"], (thrown as InvalidJourneyException)?.Errors.Select(error => error.Path) ?? []);
        Assert.Equal(taken, thrown?.Message.Contains("a month, quarter or year is expected", StringComparison.Ordinal) != true);
    }

    [Fact]
    public void Shares_do_not_change_under_an_id_and_labels_and_templates_may()
    {
        var later = Samples.Local(2026, 3, 1);
        Versions(Spring with { Label = new Text("Easter", "復活節"), Arms = [.. Spring.Arms.Reverse().Select(arm => arm with { Label = null, Template = arm.HoldsOut ? null : "other" })] });
        Versions(Spring with { Id = "spring-2", Arms = [new("control", 50) { HoldsOut = true }, new("letter", 50)] });
        foreach (var changed in new[]
        {
            Spring with { Arms = [Spring.Arms[0] with { Share = 20 }, .. Spring.Arms.Skip(1)] },
            Spring with { Arms = [.. Spring.Arms.Skip(1)] },
            Spring with { From = later },
            Spring with { Arms = [Spring.Arms[0] with { HoldsOut = false }, .. Spring.Arms.Skip(1)] },
        })
        {
            var error = Assert.Single(Assert.Throws<InvalidJourneyException>(() => Versions(changed)).Errors);
            Assert.Contains("give the changed experiment another id", error.Message, StringComparison.Ordinal);
        }

        void Versions(Experiment next) => _ = new CampaignPlan(new Definitions.DefinitionCatalog<Journey>([
            (Samples.Thanks with { Experiment = Spring }).Define(),
            (Samples.Thanks with { Experiment = next }).Define(2, later),
        ]));
    }

    private static CampaignPlan Held(Holdout holdout, params Journey[] journeys) => new(new Definitions.DefinitionCatalog<Journey>(journeys.Select(journey => journey.Define())), holdout: holdout);
}
