using Crm;
using Crm.Engine;
using Crm.Events;
using Crm.Loyalty;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Testing;
using Crm.Storage;
using Crm.Testing;
using Crm.Values;
using Microsoft.Extensions.DependencyInjection;
using NodaTime;

namespace HappyHour.Tests;

public sealed class HappyHourRuleTests
{
    // snippet: laws
    private static readonly HappyHourRule Rule = new() { Name = "happy-hour", Unit = "points", Points = 5, Category = "drink", Hours = new DayPart(new LocalTime(17, 0), new LocalTime(19, 0)) };

    [Fact]
    public void The_rule_keeps_every_law() =>
        RuleLaws.Check(Rule, RuleClaims.Usual with { IsMonotone = true, Most = 100, Kinds = new EarningRuleKinds(HappyHours.Kind) });
    // end

    [Theory]
    [InlineData(16, 59, 0)]
    [InlineData(17, 0, 15)]
    [InlineData(18, 59, 15)]
    [InlineData(19, 0, 0)]
    public async Task Drinks_earn_in_the_happy_hour_alone(int hour, int minute, long expected)
    {
        var engine = Host("""
            {
              "name": "bar-club",
              "zone": "Asia/Hong_Kong",
              "units": [{ "name": "points", "kind": "redeemable" }],
              "rules": [
                { "rule": "happy-hour", "name": "happy-hour", "version": 1, "most": 50,
                  "settings": { "unit": "points", "points": 5, "category": "drink", "from": "17:00", "until": "19:00" } }
              ]
            }
            """);
        var at = new LocalDateTime(2026, 3, 2, hour, minute).InZoneStrictly(DateTimeZoneProviders.Tzdb["Asia/Hong_Kong"]).ToInstant();
        var sale = CustomerEvent.Purchase("pos:1", Identity.User("amy"), Money.Hkd(150), new EventLine("ale", 3, Money.Hkd(120), "drink"), new EventLine("nuts", 1, Money.Hkd(30), "food"));

        var receipt = await engine.RecordAsync(sale with { OccurredAt = at }, TestContext.Current.CancellationToken);

        Assert.Equal(expected, receipt.Total("points"));
        Assert.Equal(expected == 0 ? null : new CountedOn(articles: 3), receipt.Lines.SingleOrDefault()?.CountedOn);
    }

    [Fact]
    public void Wrong_settings_are_all_named_with_their_places()
    {
        var errors = Assert.Throws<InvalidLoyaltyProgramException>(() => Host("""
            { "name": "bar-club", "zone": "Asia/Hong_Kong", "units": [{ "name": "points", "kind": "redeemable" }],
              "rules": [{ "rule": "happy-hour", "name": "happy-hour", "version": 1, "settings": { "unit": "points", "points": "5", "category": "drink", "from": "5 pm", "colour": "red" } }] }
            """)).Errors;

        Assert.Equal(
            ["rules[0].settings.colour", "rules[0].settings.from", "rules[0].settings.points", "rules[0].settings.until", "rules[0].settings.until"],
            errors.Select(error => error.Path).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_version_whose_code_is_gone_is_named_with_those_that_are_there()
    {
        var error = Assert.Throws<InvalidLoyaltyProgramException>(() => Host("""
            { "name": "bar-club", "zone": "Asia/Hong_Kong", "units": [{ "name": "points", "kind": "redeemable" }],
              "rules": [{ "rule": "happy-hour", "name": "happy-hour", "version": 2, "settings": {} }] }
            """)).Errors.Single();

        Assert.Equal("rules[0].version: The code of rules of the kind 'happy-hour' has no version 2. There are: 1.", error.ToString());
    }

    [Fact]
    public void The_hash_of_a_programme_knows_the_rules_settings()
    {
        var program = new LoyaltyProgram { Name = "bar-club", Zone = "Asia/Hong_Kong", Units = [new("points", UnitKind.Redeemable)], Rules = [Rule] };

        Assert.NotEqual(program.Hash, (program with { Rules = [Rule with { Points = 6 }] }).Hash);
        Assert.Equal(program.Hash, LoyaltyProgramJson.Read(LoyaltyProgramJson.Write(program), new LoyaltyCode { Kinds = new EarningRuleKinds(HappyHours.Kind) }).Hash);
    }

    private static CrmEngine Host(string program)
    {
        // snippet: registration
        var services = new ServiceCollection()
            .AddSingleton<IClock>(FakeClock.At(2026, 4, 1))
            .AddCrm(crm => crm
                .UseMemory()
                .AddLoyalty(loyalty => loyalty.RuleKind(HappyHours.Kind).Program(program)));
        // end
        return services.BuildServiceProvider().GetRequiredService<CrmEngine>();
    }
}
