using Crm.Conditions;
using Crm.Events;
using Crm.Segmentation.Explanations;
using Crm.Segmentation.Segments;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Tests.Explanations;

/// <summary>The nearest values of the measures that people compare with, and of customers to whom much is lacking.</summary>
public sealed class NearestValues
{
    private static readonly Condition Spent = If.Purchases().SumOfSpend(Currency.Hkd).AtLeast(100);

    public static TheoryData<Condition, decimal, string> Changes => new()
    {
        { If.Fact("analytics.alive").AtLeast(0.5m), 1, "less than 0.5" },
        { If.Fact("analytics.alive").AtLeast(0.5m), 0, "0.5" },
        { If.Fact("rfm.monetary").AtLeast(100), 250, "less than 100" },
        { If.Fact("rfm.monetary").MoreThan(100), 20, "more than 100" },
        { Spent, 250, "99.99" },
        { Spent, 20, "100" },
        { If.Purchases().SumOfQuantity().MoreThan(3), 1, "more than 3" },
        { If.Purchases().SumOfQuantity().AtLeast(3), 3.5m, "fewer than 3" },
        { If.Purchases().Count().AtLeast(2.5m), 1, "3" },
        { If.Purchases().Count().AtLeast(3), 7, "2" },
        { If.All(If.Fact("share").MoreThan(0.2m), If.Fact("share").LessThan(0.3m)), 0.9m, "less than 0.3" },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public void The_smallest_change_goes_by_the_scale_of_the_value(Condition condition, decimal actual, string said)
    {
        var change = Assert.Single(new SmallestChange(_ => null, _ => actual, leaf => LeafValues.Holds(leaf, actual, Club.Opening), Club.Opening).Find(condition));

        Assert.Contains(said, Conditions.Explain.Describe(change.Says ?? LeafValues.Asking(change.Leaf, change.To)).English, StringComparison.Ordinal);
        Assert.Equal(said.All(letter => char.IsDigit(letter) || letter == '.'), change.Says is null);
    }

    [Fact]
    public void Where_leaves_ask_one_value_for_different_things_it_is_what_satisfies_all()
    {
        var often = If.Purchases().InLast(Duration.FromDays(90)).Count();
        var wanted = If.All(If.Any(If.All(often.AtLeast(3), If.Fact("f0").Is("x"))), often.AtLeast(5), Spent, If.Fact("f1").Is("hk"), If.Fact("f2").Is(true), If.Fact("f3").Is("gold"), If.Fact("f4").AtLeast(18));

        var changes = new SmallestChange(_ => null, leaf => leaf is Condition.EventWindow ? 0 : default(Scalar), leaf => false, Club.Opening).Find(wanted);

        Assert.Equal(7, changes.Count);
        Assert.Equal(5, changes.Single(change => change.Leaf is Condition.EventWindow { Measure: Measure.Count }).To);
    }

    [Fact]
    public async Task A_score_tells_its_sum_and_how_many_points_are_lacking()
    {
        var bought = If.Purchases().Count();
        var club = new Club(Samples.Of("points", If.Score(new Test.AtLeast(4), new Scored(bought.AtLeast(1), 1), new Scored(bought.AtLeast(2), 2), new Scored(bought.AtLeast(3), 2.5m))));
        await club.RecordAsync(Club.Purchase("till:1", Club.Day(1)));

        var explanation = club.Catalog!.Explain(await club.ReadAsync(Club.Day(2)), "points");

        Assert.Equal((1m, 4.5m, 3.5m), (explanation.Why!.Actual.AsNumber, explanation.Why.TurnsAt.AsNumber, explanation.Why.Margin));
        Assert.Contains("(is 1), 3.5 from the other answer at 4.5", explanation.Text.English, StringComparison.Ordinal);
        Assert.Contains("（現為 1），與另一結果的界線 4.5 相差 3.5", explanation.Text.Chinese, StringComparison.Ordinal);
    }

    [Fact]
    public async Task How_far_it_is_to_the_other_answer_is_told_to_the_number_beyond_which_it_is()
    {
        var club = new Club(Samples.Of("points", If.Fact(ScoreModule.Points).AtLeast(0.5m)));
        await club.RecordAsync(Club.Purchase("till:1", Club.Day(1)));

        var explanation = club.Catalog!.Explain(await club.ReadAsync(Club.Day(2)), "points");

        Assert.Equal((0.5m, 0.5m), (explanation.Why!.TurnsAt.AsNumber, explanation.Why.Margin));
        Assert.True(Assert.Single(explanation.SmallestChange).To.IsMissing);
        Assert.Contains("less than 0.5", explanation.Text.English, StringComparison.Ordinal);
    }

    public static TheoryData<Condition, decimal, string, string> Times => new()
    {
        { If.Purchases().Latest(new Measured.Day("UTC")).AtLeast(new LocalDate(2026, 1, 5)), 3, "(is 2026-01-02), 3 days from the other answer at 2026-01-05", "（現為 2026-01-02），與另一結果的界線 2026-01-05 相差 3 日" },
        { If.Purchases().Latest(new Measured.Day("UTC")).LessThan(new LocalDate(2026, 1, 3)), 1, ", 1 day from the other answer at 2026-01-03", "，與另一結果的界線 2026-01-03 相差 1 日" },
        { If.Purchases().First(new Measured.At()).AtLeast(Instant.FromUtc(2026, 1, 3, 5, 4)), 104_640, ", 1 day 5 hours 4 minutes from the other answer at 2026-01-03T05:04:00Z", "相差 1 日 5 小時 4 分鐘" },
        { If.Purchases().First(new Measured.At()).AtMost(Instant.FromUtc(2026, 1, 2, 0, 2)), 120.0000001m, ", 2 minutes from the other answer at 2026-01-02T00:02:00.0000001Z", "相差 2 分鐘" },
        { If.Purchases().First(new Measured.At()).MoreThan(Club.Day(1)), 0.0000001m, ", 0.0000001 seconds from the other answer at 2026-01-02T00:00:00.0000001Z", "相差 0.0000001 秒" },
    };

    [Theory]
    [MemberData(nameof(Times))]
    public async Task Of_dates_the_days_are_told_and_of_instants_the_seconds(Condition where, decimal margin, string english, string chinese)
    {
        var club = new Club(Samples.Of("timed", where));
        await club.RecordAsync(Club.Purchase("till:1", Club.Day(1)));

        var explanation = club.Catalog!.Explain(await club.ReadAsync(Club.Day(2)), "timed");

        Assert.Equal(margin, explanation.Why!.Margin);
        Assert.Contains(english, explanation.Text.English, StringComparison.Ordinal);
        Assert.Contains(chinese, explanation.Text.Chinese, StringComparison.Ordinal);
    }

    public static TheoryData<Test, string?, string> Unmeasured => new()
    {
        { new Test.AtLeast(new LocalDate(2026, 1, 5)), null, "2026-01-05" },
        { new Test.EqualTo("gold"), "silver", "gold" },
    };

    [Theory]
    [MemberData(nameof(Unmeasured))]
    public void Where_there_is_no_way_to_measure_how_far_it_is_nothing_is_said_of_that(Test test, string? actual, string turnsAt)
    {
        var leaf = new Condition.Fact("thing", test, false);
        var value = actual is null ? default : Scalar.Of(actual);

        var turn = LeafValues.Turn(leaf, value, Club.Opening) ?? default;

        Assert.Equal(turnsAt, turn.ToString());
        Assert.Null(new ExplainedPart { Condition = leaf, Text = new Text("", ""), Holds = false, ValidUntil = null, Actual = value, TurnsAt = turn }.Margin);
    }

    [Fact]
    public void Days_without_their_year_are_no_numbers_to_subtract()
    {
        var leaf = If.Fact("born").WhenMissing(false).HasAnniversary("UTC");

        var turn = LeafValues.Turn(leaf, 1_231, Club.Opening) ?? default;

        Assert.Equal(101, turn);
        Assert.Null(new ExplainedPart { Condition = leaf, Text = new Text("", ""), Holds = false, ValidUntil = null, Actual = 1_231, TurnsAt = turn }.Margin);
    }

    public static TheoryData<Scalar, Scalar, decimal> Ends => new()
    {
        { LocalDate.MaxIsoValue, LocalDate.MaxIsoValue.PlusDays(-1), 1 },
        { Instant.MaxValue, Instant.MaxValue - Duration.FromTicks(1), 0.0000001m },
    };

    [Theory]
    [MemberData(nameof(Ends))]
    public void At_the_end_of_the_calendar_the_other_answer_is_before_it(Scalar end, Scalar before, decimal margin)
    {
        var leaf = If.Fact("until").WhenMissing(false).AtLeast(end);

        var turn = LeafValues.Turn(leaf, end, Club.Opening) ?? default;

        Assert.Equal(before, turn);
        Assert.Equal(margin, LeafValues.Margin(end, turn));
    }

    [Fact]
    public void Where_a_date_must_satisfy_two_tests_it_is_the_nearest_that_satisfies_both()
    {
        var born = If.Fact("born").WhenMissing(false);
        var adult = If.All(born.HasAnniversary("UTC"), born.AtMost(new LocalDate(2008, 6, 15)));
        Scalar actual = new LocalDate(2015, 6, 1);

        var change = Assert.Single(new SmallestChange(_ => null, _ => actual, leaf => LeafValues.Holds(leaf, actual, Club.Opening), Club.Opening).Find(adult));

        Assert.Equal(new LocalDate(2008, 1, 1), change.To);
    }
}
