using Crm.Conditions;
using Crm.Definitions;
using Crm.Events;
using Crm.Segmentation.Segments;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Tests.Explanations;

public sealed class ExplanationScenarios
{
    [Fact]
    public async Task A_member_sees_the_values_and_until_when_they_hold()
    {
        var club = new Club(Samples.Regulars);
        for (var day = 0; day < 4; day++)
        {
            await club.RecordAsync(Club.Purchase($"till:{day}", Club.Day(day)));
        }

        var explanation = club.Catalog!.Explain(await club.ReadAsync(Club.Day(10)), "regulars");

        Assert.True(explanation.IsMember);
        Assert.Equal(Club.Day(2), explanation.Membership!.Value.Since);
        Assert.Equal((4, (Instant?)Club.Day(91)), (explanation.Why!.Actual, explanation.Why.ValidUntil));
        Assert.Empty(explanation.WhyNot);
        Assert.StartsWith("In the segment 'Regulars' since 2026-01-03 00:00.\n  ✓ ", explanation.Text.English, StringComparison.Ordinal);
        Assert.Contains("(is 4), until 2026-04-02 00:00 if nothing happens", explanation.Text.English, StringComparison.Ordinal);
        Assert.StartsWith("自 2026-01-03 00:00 起屬於分眾「常客」。\n  ✓ ", explanation.Text.Chinese, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_is_not_in_it_sees_which_leaves_stand_in_the_way()
    {
        var bought = If.Purchases().Count().AtLeast(1);
        var scored = If.Fact(ScoreModule.Points).AtLeast(5);
        var club = new Club(Samples.Of("picky", If.All(bought, scored, If.Not(If.Any(If.Purchases().SumOfSpend(Currency.Hkd).MoreThan(20), If.Between(Club.Day(50), null))))));
        await club.RecordAsync(Club.Purchase("till:1", Club.Day(1)));

        var explanation = club.Catalog!.Explain(await club.ReadAsync(Club.Day(2)), "picky");

        Assert.False(explanation.IsMember);
        Assert.Equal([scored, If.Purchases().SumOfSpend(Currency.Hkd).MoreThan(20)], explanation.WhyNot.Select(part => part.Condition));
        Assert.Equal([1, 50], explanation.WhyNot.Select(part => part.Actual));
        Assert.Contains("✗ all of these:", explanation.Text.English, StringComparison.Ordinal);
        Assert.Contains("不屬於分眾", explanation.Text.Chinese, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_segment_named_by_another_is_explained_within_it()
    {
        var club = new Club(Samples.Regulars, Samples.Of("new-regulars", Samples.In("regulars")));
        await club.RecordAsync(Club.Purchase("till:1", Club.Day(1)));

        var nested = club.Catalog!.Explain(await club.ReadAsync(Club.Day(2)), "new-regulars").Why!.Nested;

        Assert.Equal(("regulars", false, (Scalar)1), (nested!.Segment, nested.IsMember, nested.Why!.Actual));
    }

    [Fact]
    public async Task Before_its_first_version_nobody_is_in_it()
    {
        var club = new Club(new SegmentCatalog(new DefinitionCatalog<Segment>([Samples.Silent.Define(1, Club.Day(50))])));
        await club.RecordAsync(Club.Purchase("till:1", Club.Day(1)));

        Assert.Equal("Not in the segment 'silent'. No version of it counts yet.", club.Catalog!.Explain(await club.ReadAsync(Club.Day(2)), "silent").Text.English);
        Assert.True(club.Catalog.Explain(await club.ReadAsync(Club.Day(50)), "silent").IsMember);
    }

    [Fact]
    public async Task Receipt_lines_are_said_with_the_label()
    {
        var club = new Club(Samples.Of("buyers", If.Purchases().Count().AtLeast(1)) with { Label = new Text("Buyers", "買家") });
        var receipt = await club.RecordAsync(Club.Purchase("till:1", Club.Day(1)));

        Assert.Equal(new Text("Entered the segment 'Buyers'.", "進入分眾「買家」。"), club.Catalog!.Describe(Assert.Single(receipt.Lines), Club.Day(1)));
        Assert.Throws<ArgumentException>(() => club.Catalog.Describe(new ReceiptLine("loyalty", "issued"), Club.Day(1)));
    }

    [Fact]
    public async Task An_unknown_segment_is_answered_with_those_there_are()
    {
        var club = new Club(Samples.Regulars);
        await club.RecordAsync(Club.Purchase("till:1", Club.Day(1)));
        var view = await club.ReadAsync(Club.Day(2));

        Assert.Contains("regulars", Assert.Throws<ArgumentException>(() => club.Catalog!.Explain(view, "regular")).Message, StringComparison.Ordinal);
    }
}
