using Crm.Conditions;
using Crm.Events;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Tests.Recording;

/// <summary>Why a rule gives nothing, and the smallest change that would be needed.</summary>
public sealed class Reasons
{
    private static readonly FixedPoints Ten = new() { Name = "ten", Unit = "points", Points = 10 };

    public static TheoryData<string, string> Cases => new()
    {
        { "step", "3.50 HKD more would be needed." },
        { "minimum", "93.50 HKD more would be needed." },
        { "scope", "Not here: the rule counts at shop, central." },
        { "hours", "Not at this time: the rule counts on other days or at other hours." },
        { "once-a-day", "The rule has given 1 time in this span, and no more is possible." },
        { "reference", "The rule has given for this 'store' already." },
        { "cooldown", "Too soon after the last time that the rule gave." },
        { "spend-condition", "43.5 more would be needed." },
        { "third", "It would have to hold that" },
        { "food", "Nothing of the event is what the rule counts" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task The_first_obstacle_is_named_with_what_is_missing(string rule, string reason)
    {
        IEarningRule[] rules =
        [
            Samples.Per(1, 10) with { Name = "step" },
            Ten with { Name = "minimum", Terms = new() { MinimumSpend = Money.Hkd(100) } },
            Ten with { Name = "scope", Terms = new() { Scope = new() { Channels = ["shop"], Stores = ["central"] } } },
            Ten with { Name = "hours", Terms = new() { Hours = new() { Days = [IsoDayOfWeek.Sunday] } } },
            Ten with { Name = "once-a-day", Terms = new() { Frequency = new(1, CapPeriod.Day) } },
            Ten with { Name = "reference", Terms = new() { OncePer = "store" } },
            Ten with { Name = "cooldown", Terms = new() { Cooldown = Duration.FromHours(3) } },
            Ten with { Name = "spend-condition", When = If.All(If.Field("event.currency").Is("HKD"), If.Field("event.spend").AtLeast(50)) },
            Ten with { Name = "third", When = If.Purchases().Count().AtLeast(3) },
            Samples.Per(1, 1) with { Name = "food", Basis = new EarningBasis.Lines { Categories = ["food"] } },
        ];
        var club = Club.Of(Samples.TeaClub with { Ladders = [], Rules = rules.ToSequence() });
        await club.Buys(1);
        var sale = CustomerEvent.Purchase("pos:asked", Samples.Amy, Money.Hkd(6.50m));

        var quote = await club.Engine.QuoteAsync(LoyaltyEvents.AskingWhyNot(sale), TestContext.Current.CancellationToken);

        var line = quote.Receipt.Lines.Single(line => line.Code == LineCodes.WhyNot && line.Subject == rule);
        Assert.Contains(reason, line.Text?.English);
        Assert.Contains(line.Text?.Chinese ?? "", character => character >= '一');
        Assert.DoesNotContain((await club.Engine.QuoteAsync(sale, TestContext.Current.CancellationToken)).Receipt.Lines, other => other.Code == LineCodes.WhyNot);
    }
}
