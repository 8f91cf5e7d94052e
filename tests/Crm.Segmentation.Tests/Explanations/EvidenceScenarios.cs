using Crm.Conditions;
using Crm.Engine;
using Crm.Segmentation.Explanations;
using Crm.Segmentation.Segments;
using Crm.Segmentation.Tests.Studies;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Tests.Explanations;

/// <summary>Explanations with the events, the margin, what time will do, and the least that would have to be otherwise.</summary>
public sealed class EvidenceScenarios
{
    private static readonly CustomerRef Amy = CustomerRef.Of(Identity.User("amy"));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_member_sees_the_events_the_margin_and_when_the_membership_ends()
    {
        var town = new Town(Samples.Regulars);
        await town.BuysAsync("amy", 1, 2, 3, 4);

        var explanation = await ExplainAsync(town, "regulars");

        Assert.Equal(["till:amy-1", "till:amy-2", "till:amy-3", "till:amy-4"], explanation.Why!.Evidence.Select(key => key.ToString()));
        Assert.Equal((4, 2, 2m), (explanation.Why.Actual, explanation.Why.TurnsAt, explanation.Why.Margin));
        Assert.Equal((Club.Day(3), Club.Day(92)), (explanation.Membership!.Value.Since, explanation.ChangesAt));
        Assert.Equal([(4, 2)], explanation.SmallestChange.Select(change => (change.From, change.To)));
        Assert.Contains("If nothing happens, that changes at 2026-04-03 00:00.", explanation.Text.English, StringComparison.Ordinal);
        Assert.Contains(", 2 from the other answer at 2, by till:amy-1, till:amy-2, till:amy-3, till:amy-4", explanation.Text.English, StringComparison.Ordinal);
        Assert.Contains("The smallest change to leave: ", explanation.Text.English, StringComparison.Ordinal);
        Assert.Contains("如無其他事情發生，將於 2026-04-03 00:00 改變。", explanation.Text.Chinese, StringComparison.Ordinal);
        Assert.Contains("與另一結果的界線 2 相差 2，根據 till:amy-1、till:amy-2、till:amy-3、till:amy-4", explanation.Text.Chinese, StringComparison.Ordinal);
        Assert.Contains("最少須有以下改變方會離開：", explanation.Text.Chinese, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_smallest_change_looks_into_named_segments_and_changes_a_value_for_all_that_ask_for_it()
    {
        var town = new Town(
            Samples.Regulars,
            Samples.Of("few", If.Purchases().InLast(Duration.FromDays(90)).Count().LessThan(5)),
            Samples.Of("few-regulars", If.All(Samples.In("regulars"), Samples.In("few"), If.Purchases().SumOfSpend(Currency.Hkd).AtLeast(10_000) | If.Fact(ScoreModule.Points).AtLeast(1))));
        await town.BuysAsync("amy", 1);

        var explanation = await ExplainAsync(town, "few-regulars");

        // One value, the number of purchases, and to three: two would not do, and five would be too many.
        var change = Assert.Single(explanation.SmallestChange);
        Assert.Equal((1, 3), (change.From, change.To));
        Assert.Equal(3, explanation.Why!.Parts.Count);
        Assert.Equal(["till:amy-1"], explanation.Why.Parts[0].Nested!.Why!.Evidence.Select(key => key.ToString()));
        Assert.Null(explanation.ChangesAt);
    }

    [Fact]
    public async Task Time_alone_can_let_a_customer_in()
    {
        var town = new Town(Samples.Silent);
        await town.BuysAsync("amy", 1);

        Assert.Equal((false, Club.Day(31)), ((await ExplainAsync(town, "silent")).IsMember, (await ExplainAsync(town, "silent")).ChangesAt));
    }

    [Fact]
    public async Task What_other_modules_will_do_is_foreseen()
    {
        var town = new Town(Samples.Of("scorers", If.Fact(ScoreModule.Points).AtLeast(1)));
        await town.BuysAsync("amy", 1, 3);

        Assert.Equal(Club.Day(13), (await ExplainAsync(town, "scorers")).ChangesAt);
    }

    [Fact]
    public async Task The_past_is_explained_with_what_had_happened_and_what_would_have_become_of_it()
    {
        var town = new Town(Samples.Regulars);
        await town.BuysAsync("amy", 1, 2, 3, 80);

        var then = await town.Study.ExplainAsync(Amy, "regulars", new PastQuestion(Club.Day(50)), Cancel);

        Assert.Equal((true, Club.Day(91)), (then!.IsMember, then.ChangesAt));
        Assert.Equal(3, then.Why!.Evidence.Count);
        Assert.Null(await town.Study.ExplainAsync(Amy, "regulars", new PastQuestion(Club.Day(0)), Cancel));
    }

    [Fact]
    public async Task A_value_of_the_profile_is_never_shown()
    {
        var town = new Town(Samples.Of("big", If.Field("customer.size").Is("l")));
        await town.RecordAsync(Events.CustomerEvent.Purchase("till:1", Identity.User("amy"), Money.Hkd(50)) with { OccurredAt = Club.Day(1), Profile = Fields.Of(("size", "secret")) });

        var explanation = await ExplainAsync(town, "big");

        Assert.True(explanation.SmallestChange.Single() is { From.IsMissing: true, To.AsCode: "l" });
        Assert.DoesNotContain("secret", explanation.Text.English + explanation.Text.Chinese, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_learns_in_which_year_somebody_was_born()
    {
        var town = new Town(Samples.Of("birthday", If.Field("customer.born").HasAnniversary("UTC")));
        await BornAsync("amy", new LocalDate(1950, 6, 15));
        await BornAsync("ben", new LocalDate(1999, 12, 25));

        var (amy, ben) = (await ExplainAsync(town, "birthday"), await town.Study.ExplainAsync(CustomerRef.Of(Identity.User("ben")), "birthday", cancellationToken: Cancel));

        Assert.Equal(amy.SmallestChange, ben!.SmallestChange);

        Task BornAsync(string name, LocalDate day) =>
            town.RecordAsync(Events.CustomerEvent.Purchase($"till:{name}", Identity.User(name), Money.Hkd(50)) with { OccurredAt = Club.Day(1), Profile = Fields.Of(("born", day)) });
    }

    public static TheoryData<Condition, string> Leaving => new()
    {
        { If.Field("customer.size").Is("l"), "the customer's size is not l or is unknown" },
        { If.Field("customer.size").OneOf("l", "m"), "not (the customer's size is l or m)" },
        { If.Field("customer.size").IsKnown, "not (the customer's size is known)" },
        { If.Field("customer.size").Contains("l"), "not (the customer's size contains 'l')" },
        { If.Field("customer.size").Matches("^l$"), "not (the customer's size matches '^l$')" },
        { If.Field("customer.size").AnyOf("l", "m"), "not (the customer's size has l or m)" },
        { If.Field("customer.size").IsNot("m"), "the customer's size is m" },
        { If.Field("customer.until").FromToday(Comparison.AtLeast, Period.Zero, "UTC"), "the customer's until is 2026-01-01" },
        { If.Field("customer.born").HasAnniversary("UTC"), "the customer's born is 101" },
    };

    [Theory]
    [MemberData(nameof(Leaving))]
    public async Task A_member_because_of_the_profile_is_told_what_would_have_to_be_otherwise(Condition where, string needed)
    {
        var town = new Town(Samples.Of("some", where));
        await town.RecordAsync(Events.CustomerEvent.Purchase("till:1", Identity.User("amy"), Money.Hkd(50)) with { OccurredAt = Club.Day(1), Profile = Fields.Of(("size", "l"), ("until", new LocalDate(2026, 6, 1)), ("born", 102)) });

        var explanation = await ExplainAsync(town, "some");

        Assert.True(explanation.IsMember);
        Assert.Equal(needed, Assert.Single(explanation.SmallestChange).Text.English);
    }

    public static TheoryData<Condition> OfDays => new()
    {
        If.Field("customer.joined").FromToday(Comparison.AtMost, Period.FromDays(-30), new CalendarZone.Business()),
        If.Field("customer.joined").FromToday(Comparison.AtMost, Period.FromDays(-30), new CalendarZone.Customer("customer.zone", "UTC")),
        If.Field("customer.joined").HasAnniversary(new CalendarZone.Business()),
        If.Purchases().This(CalendarPeriod.Month, new CalendarZone.Customer("customer.zone", "UTC")).Count().AtLeast(2),
    };

    [Theory]
    [MemberData(nameof(OfDays))]
    public async Task A_named_segment_that_asks_in_the_zone_of_the_business_or_the_customer_is_looked_into(Condition where)
    {
        var town = new Town(Samples.Of("within", where), Samples.Of("around", Samples.In("within")));
        await town.RecordAsync(Events.CustomerEvent.Purchase("till:1", Identity.User("amy"), Money.Hkd(50)) with { OccurredAt = Club.Day(1), Profile = Fields.Of(("joined", new LocalDate(2025, 12, 25)), ("zone", "UTC")) });

        var explanation = await ExplainAsync(town, "around");

        Assert.Single(explanation.SmallestChange);
        Assert.Equal(explanation.SmallestChange, (await ExplainAsync(town, "within")).SmallestChange);
        Assert.Equal(explanation.SmallestChange, town.Catalog.Explain((await town.Engine.ReadAsync(Amy, Cancel))!, "around").SmallestChange);
    }

    private static async Task<SegmentExplanation> ExplainAsync(Town town, string segment) =>
        await town.Study.ExplainAsync(Amy, segment, cancellationToken: Cancel) ?? throw new InvalidOperationException("Amy is nobody.");
}
