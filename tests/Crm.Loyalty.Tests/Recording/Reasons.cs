using Crm.Conditions;
using Crm.Events;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using NodaTime.Text;

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
        { "hours", "Not at this time: the rule counts on other days or at other hours. If nothing else happens, it may from 2026-01-18 00:00:00 on." },
        { "once-a-day", "The rule has given 1 time in this span, and no more is possible. If nothing else happens, it may from 2026-01-16 00:00:00 on." },
        { "reference", "The rule has given for this 'store' already." },
        { "cooldown", "Too soon after the last time that the rule gave. If nothing else happens, it may from 2026-01-15 15:00:00 on." },
        { "spend-condition", "43.5 more would be needed." },
        { "third", "1 more would be needed." },
        { "spent", "42.5 more would be needed." },
        { "quiet", "it may from 2026-02-14 12:00:00 on." },
        { "evening", "it may from 2026-01-15 18:00:00 on." },
        { "food", "None of its articles: the rule counts food." },
        { "fifth", "3 more would be needed." },
        { "large", "more than 13.5 more would be needed." },
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
            Ten with { Name = "fifth", When = If.Purchases().Count().MoreThan(4) },
            Ten with { Name = "large", When = If.Field("event.spend").MoreThan(20) },
            Ten with { Name = "spent", When = If.Purchases().SumOfSpend(Currency.Hkd).AtLeast(50) },
            Ten with { Name = "quiet", When = If.Purchases().InLast(Duration.FromDays(30)).Count().AtMost(1) },
            Ten with { Name = "evening", When = If.Hours(new LocalTime(18, 0), new LocalTime(20, 0)) },
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

    [Fact]
    public void At_the_time_that_is_told_the_rule_gives_and_not_before() => Law(Duration.Zero).Check(Config.QuickThrowOnFailure.WithMaxTest(100));

    [Fact]
    public void The_law_catches_a_time_that_is_told_too_early() => Counterfeits.Caught(() => Law(Duration.FromMinutes(-1)).Check(Config.QuickThrowOnFailure.WithMaxTest(100)));

    private static Property Law(Duration error) => Prop.ForAll(Timed.ToArbitrary(), async Task<bool> (timed) =>
    {
        var club = Club.Of(Samples.TeaClub with { Ladders = [], Rules = [timed.Rule] });
        club.At(timed.At);
        await club.Buys(10);
        club.At(timed.At + timed.Later);
        if (await Told(club) is not { } told)
        {
            return true;
        }

        Assert.True(told > club.Now);
        club.At(told - Duration.FromSeconds(1));
        Assert.Null(await Given(club));
        club.At(told + error);
        Assert.Equal(10, await Given(club));
        return true;
    });

    // The time that a reason tells; null where the rule gives, or no time helps.
    private static async Task<Instant?> Told(Club club)
    {
        var quote = await club.Engine.QuoteAsync(LoyaltyEvents.AskingWhyNot(CustomerEvent.Purchase("pos:asked", Samples.Amy, Money.Hkd(5))));
        var text = quote.Receipt.Lines.SingleOrDefault(line => line.Code == LineCodes.WhyNot)?.Text?.English ?? "";
        const string mark = "it may from ";
        return text.IndexOf(mark, StringComparison.Ordinal) is >= 0 and var place
            ? LocalDateTimePattern.CreateWithInvariantCulture("uuuu-MM-dd HH:mm:ss").Parse(text.Substring(place + mark.Length, 19)).Value.InZoneLeniently(Samples.HongKong).ToInstant()
            : null;
    }

    private static async Task<long?> Given(Club club) =>
        (await club.Engine.QuoteAsync(CustomerEvent.Purchase("pos:asked", Samples.Amy, Money.Hkd(5)))).Receipt.Lines.SingleOrDefault(line => line.Code == LineCodes.Issued)?.Amount;

    private static Gen<(IEarningRule Rule, Instant At, Duration Later)> Timed =>
        from day in Gen.Choose(1, 28)
        from hour in Gen.Choose(0, 23)
        from minutes in Gen.Choose(1, 5_000)
        from rule in Gen.Elements<IEarningRule>(
            Ten with { Terms = new() { Hours = new() { Days = [IsoDayOfWeek.Sunday, IsoDayOfWeek.Tuesday] } } },
            Ten with { Terms = new() { Hours = new() { Hours = [new(new LocalTime(22, 0), new LocalTime(2, 0)), new(new LocalTime(9, 30), new LocalTime(10, 0))] } } },
            Ten with { Terms = new() { Hours = new() { From = new LocalDateTime(2026, 3, 4, 15, 30), Days = [IsoDayOfWeek.Wednesday, IsoDayOfWeek.Friday] } } },
            Ten with { Terms = new() { Frequency = new(1, CapPeriod.Day) } },
            Ten with { Terms = new() { Frequency = new(1, CapPeriod.Week) } },
            Ten with { Terms = new() { Frequency = new(1, CapPeriod.Month) } },
            Ten with { Terms = new() { Frequency = new(1, CapPeriod.Year) } },
            Ten with { Terms = new() { Cooldown = Duration.FromHours(30) } },
            Ten with { When = If.On(IsoDayOfWeek.Monday) },
            Ten with { When = !If.Hours(new LocalTime(8, 0), new LocalTime(21, 0)) },
            Ten with { When = If.Purchases().InLast(Duration.FromDays(2)).Count().AtMost(1) })
        select (rule, Samples.Local(2026, 1, day, hour), Duration.FromMinutes(minutes));
}
