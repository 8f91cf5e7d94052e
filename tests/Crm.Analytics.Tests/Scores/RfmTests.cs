using System.Globalization;
using Crm.Analytics.Scores;
using NodaTime;
using NodaTime.Text;

namespace Crm.Analytics.Tests.Scores;

/// <summary>Scores by recency, frequency and amount.</summary>
public sealed class RfmTests
{
    [Fact]
    public void The_scores_and_names_of_the_rfm_package_are_found_for_each_of_its_customers()
    {
        var asOf = new LocalDate(2006, 12, 31);
        var orders = RawFiles.Lines("rfm_data_orders.csv.gz").Select(line => line.Split(',')).GroupBy(row => row[0]).OrderBy(own => own.Key, StringComparer.Ordinal).ToList();
        var values = orders.Select(own => new RfmValues(own.Min(row => Period.DaysBetween(LocalDatePattern.Iso.Parse(row[1]).Value, asOf)), own.Count(), own.Sum(row => decimal.Parse(row[2], CultureInfo.InvariantCulture)))).ToList();
        var scores = new RfmBins.RfmPackage().Score(values);
        var expected = RawFiles.Lines("rfm_orders_expected.csv").Select(line => line.Replace("\"", "", StringComparison.Ordinal).Split(',')).ToDictionary(row => row[0], StringComparer.Ordinal);
        Assert.Equal((995, 995), (values.Count, expected.Count));
        for (var i = 0; i < values.Count; i++)
        {
            var row = expected[orders[i].Key.Replace("\"", "", StringComparison.Ordinal)];
            Assert.Equal((row[2], row[3], row[4], row[8], row[9]), ($"{values[i].RecencyDays}", $"{values[i].Frequency}", $"{values[i].Monetary}", $"{scores[i]}", RfmSegments.OfRfmPackage.Of(scores[i])));
        }

        Assert.Equal((158, 1_234, 120_178m), (scores.Count(score => score is { R: >= 4, F: >= 4, M: >= 4 }), Best().Sum(one => one.Frequency), Best().Sum(one => one.Monetary)));

        IEnumerable<RfmValues> Best() => values.Where((_, place) => scores[place] is { R: >= 4, F: >= 4, M: >= 4 });
    }

    [Fact]
    public void Fifths_by_rank_have_equally_many_and_the_order_decides_between_equals()
    {
        var values = Enumerable.Range(0, 12).Select(i => new RfmValues(7, i / 2, 100 - i)).ToList();
        var scores = new RfmBins.QuintileByRank().Score(values);
        Assert.Equal([5, 5, 5, 4, 4, 3, 3, 3, 2, 2, 1, 1], scores.Select(score => score.R));
        Assert.Equal([1, 1, 1, 2, 2, 3, 3, 3, 4, 4, 5, 5], scores.Select(score => score.F));
        Assert.Equal([5, 5, 4, 4, 3, 3, 3, 2, 2, 1, 1, 1], scores.Select(score => score.M));
    }

    [Fact]
    public void Equal_values_have_equal_scores_by_value_and_decimals_fall_lower_in_the_package()
    {
        RfmValues[] values = [.. new[] { 1m, 2m, 3m, 4.5m, 4.9m, 6m }.Select(amount => new RfmValues(3, 2, amount))];
        Assert.All(new RfmBins.QuintileByValue().Score(values), score => Assert.Equal((5, 1), (score.R, score.F)));
        Assert.Equal([1, 1, 2, 3, 4, 5], new RfmBins.QuintileByValue().Score(values).Select(score => score.M));
        Assert.NotEqual(new RfmBins.QuintileByValue().Score(values).Select(score => score.M), new RfmBins.RfmPackage().Score(values).Select(score => score.M));
        Assert.Empty(new RfmBins.RfmPackage().Score([]));
    }

    [Fact]
    public void Stated_cuts_have_the_values_up_to_them()
    {
        var bins = new RfmBins.Fixed([7, 30, 90, 180], [1, 2, 5, 10], [10, 50, 100, 500.5m]);
        Assert.Equal(["511", "412", "155"], bins.Score([new(7, 1, 10), new(8, 1, 10.01m), new(181, 11, 501)]).Select(score => score.ToString()));
        Assert.Contains("The cuts of frequency are [1, 1, 2, 3]; four rising numbers", Assert.Throws<ArgumentException>(() => new RfmBins.Fixed([7, 30, 90, 180], [1, 1, 2, 3], [1, 2, 3, 4])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void All_that_is_wrong_with_segments_is_said_at_once()
    {
        var message = Assert.Throws<ArgumentException>(() => new RfmSegments(new("a", new(0, 5), new(1, 5), new(3, 2)), new("a", new(1, 5), new(1, 5), new(1, 5)), new(" ", new(1, 5), new(1, 5), new(1, 5)))).Message;
        Assert.All(["has r from 0 to 5", "has m from 3 to 2", "'a' comes 2 times", "has no name"], part => Assert.Contains(part, message, StringComparison.Ordinal));
        Assert.Equal("Others", RfmSegments.OfRfmPackage.Of(new RfmScores(5, 4, 1)));
    }
}
