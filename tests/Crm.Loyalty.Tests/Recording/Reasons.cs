using Crm.Conditions;
using Crm.Events;
using Crm.Loyalty.Members;
using Crm.Loyalty.Programs;
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

    public static TheoryData<string, string, string> Cases => new()
    {
        { "step", ReasonCodes.BelowStep, "3.50 HKD more would be needed." },
        { "minimum", ReasonCodes.MinimumSpend, "93.50 HKD more would be needed." },
        { "scope", ReasonCodes.OtherPlace, "Not here: the rule counts at shop, central." },
        { "hours", ReasonCodes.OtherTime, "Not at this time: the rule counts on other days or at other hours. If nothing else happens, it may from 2026-01-18 00:00:00 on." },
        { "once-a-day", ReasonCodes.TimesReached, "The rule has given 1 time in this span, and no more is possible. If nothing else happens, it may from 2026-01-16 00:00:00 on." },
        { "reference", ReasonCodes.GivenAlready, "The rule has given for this 'store' already." },
        { "cooldown", ReasonCodes.Cooldown, "Too soon after the last time that the rule gave. If nothing else happens, it may from 2026-01-15 15:00:00 on." },
        { "spend-condition", ReasonCodes.ConditionFalse, "43.5 more would be needed." },
        { "third", ReasonCodes.ConditionFalse, "1 more would be needed." },
        { "spent", ReasonCodes.ConditionFalse, "42.5 more would be needed." },
        { "quiet", ReasonCodes.ConditionFalse, "it may from 2026-02-14 12:00:00 on." },
        { "evening", ReasonCodes.ConditionFalse, "it may from 2026-01-15 18:00:00 on." },
        { "food", ReasonCodes.NoArticle, "None of its articles: the rule counts food." },
        { "fifth", ReasonCodes.ConditionFalse, "3 more would be needed." },
        { "large", ReasonCodes.ConditionFalse, "more than 13.5 more would be needed." },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task An_obstacle_is_named_with_its_code_and_what_is_missing(string rule, string code, string reason)
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
        Assert.Equal([code], line.Parts.Select(part => part.Code));
        Assert.DoesNotContain((await club.Engine.QuoteAsync(sale, TestContext.Current.CancellationToken)).Receipt.Lines, other => other.Code == LineCodes.WhyNot);
    }

    [Fact]
    public async Task Every_obstacle_is_named_and_not_only_the_first_G8()
    {
        var many = Ten with
        {
            Name = "many",
            When = If.All(If.Field("event.spend").AtLeast(50), If.Field("event.currency").Is("HKD"), If.All(If.Purchases().Count().AtLeast(3), If.Hours(new LocalTime(1, 0), new LocalTime(2, 0)))),
            Terms = new() { Scope = new() { Channels = ["shop"] }, MinimumSpend = Money.Hkd(100), Hours = new() { Days = [IsoDayOfWeek.Sunday] } },
        };
        var both = Samples.Per(1, 10) with { Name = "both", Basis = new EarningBasis.Lines { Categories = ["food"] }, When = If.Field("event.spend").AtLeast(50) };
        var club = Club.Of(Samples.TeaClub with { Ladders = [], Rules = [many, both] });

        var told = await Told(club, CustomerEvent.Purchase("pos:asked", Samples.Amy, Money.Hkd(6.50m)));

        Assert.Equal(
            [ReasonCodes.OtherPlace, ReasonCodes.MinimumSpend, ReasonCodes.OtherTime, ReasonCodes.ConditionFalse, ReasonCodes.ConditionFalse, ReasonCodes.ConditionFalse],
            told["many"].Parts.Select(part => part.Code));
        Assert.Equal([ReasonCodes.ConditionFalse, ReasonCodes.NoArticle], told["both"].Parts.Select(part => part.Code));
        Assert.Equal(string.Join(' ', told["both"].Parts.Select(part => part.Text?.English)), told["both"].Text?.English);
        Assert.Contains("This is over on 2026-01-16 01:00:00.", told["many"].Parts[5].Text?.English, StringComparison.Ordinal);
        Assert.DoesNotContain("it may from", told["many"].Text?.English, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("suspended", ReasonCodes.MembershipSuspended)]
    [InlineData("stranger", ReasonCodes.NotAMember)]
    [InlineData("ended", ReasonCodes.ProgramEnded)]
    [InlineData("elsewhere", ReasonCodes.NotCovered)]
    [InlineData("too-often", ReasonCodes.TooOften)]
    public async Task Where_nothing_is_earned_at_all_every_rule_says_so_G8(string state, string code)
    {
        var program = Samples.TeaClub with { Ladders = [], Rules = [Ten with { Name = "ten" }, Ten with { Name = "dear", When = If.Field("event.spend").AtLeast(50) }] };
        var club = Club.Of(state switch
        {
            "stranger" => program with { Membership = new() { Enrolment = Enrolment.ByJoining } },
            "ended" => program with { Ended = true },
            "elsewhere" => program with { Scope = new() { Channels = ["shop"] } },
            "too-often" => program with { VelocityLimits = [new VelocityLimit { Name = "one-a-day", Kind = EventKinds.PurchaseName, Most = 1, Within = Duration.FromDays(1) }] },
            _ => program,
        });
        await club.Buys(1);
        if (state == "suspended")
        {
            await club.Records(MemberEvents.Suspend(club.NextKey(), Samples.Amy, "fraud", "staff:17"));
        }

        var told = await Told(club, CustomerEvent.Purchase("pos:asked", Samples.Amy, Money.Hkd(6.50m)));

        Assert.Equal([code], told["ten"].Parts.Select(part => part.Code));
        Assert.Equal([code, ReasonCodes.ConditionFalse], told["dear"].Parts.Select(part => part.Code));
    }

    [Fact]
    public async Task What_limits_and_other_rules_take_is_a_reason_too_G8()
    {
        var (best, lesser) = (Ten with { Name = "best", Terms = new() { Group = "one" } }, Ten with { Name = "lesser", Points = 5, Terms = new() { Group = "one" } });
        var limited = Ten with { Name = "limited" };
        var club = Club.Of(Samples.TeaClub with
        {
            Ladders = [],
            Rules = [best, lesser, limited],
            Groups = [new StackingGroup("one", StackingPolicy.BestOf)],
            Limits = [new EarningLimit { Name = "day", Unit = "points", Most = 0, Per = CapPeriod.Day, Rules = ["limited"] }],
        });

        var told = await Told(club, CustomerEvent.Purchase("pos:asked", Samples.Amy, Money.Hkd(6.50m)));

        Assert.Equal([(ReasonCodes.Outranked, "one")], told["lesser"].Parts.Select(part => (part.Code, part.Subject)));
        Assert.Equal([(ReasonCodes.Limited, "day")], told["limited"].Parts.Select(part => (part.Code, part.Subject)));
        Assert.All(told.Values, line => Assert.Equal((0, true), (line.Parts.Sum(part => part.Amount), line.AddsUp)));
    }

    [Theory]
    [InlineData(0.5, "8.00 HKD more would be needed.", ReasonCodes.BelowStep)] // 2.00 come to 1.00 of 9.00
    [InlineData(0, "no rate", ReasonCodes.RateMissing)]
    public async Task Less_than_a_step_in_another_currency_says_what_is_missing_in_that_of_the_rule(double rate, string reason, string code)
    {
        var club = Club.Of(Samples.TeaClub with { Ladders = [], Rules = [Samples.Per(1, 9) with { Name = "step" }] });
        var sale = CustomerEvent.Purchase("pos:asked", Samples.Amy, Money.Of(2, Currency.Of("MOP")));

        var told = await Told(club, rate == 0 ? sale : sale with { Lookups = Fields.Of((ExchangeRates.Name(Currency.Of("MOP"), Currency.Hkd), (decimal)rate)) });

        Assert.Equal([code], told["step"].Parts.Select(part => part.Code));
        Assert.Contains(reason, told["step"].Text?.English, StringComparison.Ordinal);
    }

    [Fact]
    public void The_codes_are_a_closed_set_each_of_which_is_told_once()
    {
        var constants = typeof(ReasonCodes).GetFields().Where(field => field.IsLiteral).Select(field => (string?)field.GetRawConstantValue()).ToList();

        Assert.Equal(constants.Order(StringComparer.Ordinal), ReasonCodes.OfRules.Concat(ReasonCodes.OfRewards).Distinct().Order(StringComparer.Ordinal));
        Assert.Equal(constants.Count, constants.Distinct().Count());
        var page = File.ReadAllText(RepositoryRoot.PathOf("docs", "try-a-programme.md"));
        Assert.All(constants, code => Assert.Contains($"| `{code}` |", page, StringComparison.Ordinal));
    }

    private static async Task<Dictionary<string, ReceiptLine>> Told(Club club, CustomerEvent sale)
    {
        var quote = await club.Engine.QuoteAsync(LoyaltyEvents.AskingWhyNot(sale), TestContext.Current.CancellationToken);
        var lines = quote.Receipt.Lines.Where(line => line.Code == LineCodes.WhyNot).ToDictionary(line => line.Subject ?? "", StringComparer.Ordinal);
        Assert.All(lines.Values.SelectMany(line => line.Parts), part => Assert.Contains(part.Code, ReasonCodes.OfRules));
        Assert.All(lines.Values.SelectMany(line => line.Parts), part => Assert.Contains(part.Text?.Chinese ?? "", character => character >= '一'));
        return lines;
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
