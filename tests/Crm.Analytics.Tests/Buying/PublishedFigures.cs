using Crm.Analytics.Buying;

namespace Crm.Analytics.Tests.Buying;

/// <summary>What the models say of single customers is what other programs and the literature say.</summary>
public sealed class PublishedFigures
{
    public static readonly BetaGeometric BgNbd = new(0.243, 4.414, 0.793, 2.426);
    public static readonly ParetoNbd Pareto = new(0.553, 10.578, 0.606, 11.669);

    [Fact]
    public void Alive_expected_and_likelihood_are_those_of_the_file()
    {
        var rows = RawFiles.Rows("clv_expected.csv").ToList();
        Assert.Equal(66, rows.Count);
        Assert.All(rows, row =>
        {
            BuyingModel model = row[0] == "bg_nbd" ? BgNbd : Pareto;
            Assert.Equal(model.Name, row[0].Replace('_', '-'));
            var history = new BuyingHistory(RawFiles.Whole(row[1]), RawFiles.Number(row[2]), RawFiles.Number(row[3]));
            Same(RawFiles.Number(row[5]), model.Alive(history));
            Same(RawFiles.Number(row[6]), model.Expected(history, RawFiles.Number(row[4])));
            Same(RawFiles.Number(row[7]), model.LogLikelihood(history));
        });
    }

    [Fact]
    public void The_likelihood_of_the_sample_is_the_published_one()
    {
        Assert.Equal(-9582.430478, BgNbd.LogLikelihood(RawFiles.CdnowSample()), 1e-6);
        Assert.Equal(-9594.976259, Pareto.LogLikelihood(RawFiles.CdnowSample()), 1e-6);
    }

    [Fact]
    public void Where_references_fail_there_are_figures()
    {
        // BTYD gives NaN here.
        var loyal = new BuyingHistory(133, 200, 200);
        Assert.Equal(1, Pareto.Alive(loyal));
        Assert.InRange(BgNbd.Alive(loyal), 0.993, 0.995);
        Assert.All(Models(0.793, 0.606), model => Assert.InRange(model.Expected(loyal, 39), 20, 26));

        // Decades of several purchases a day; never again for as long; for almost ever.
        var extremes = new[] { new BuyingHistory(100_000, 10_000, 10_000), new BuyingHistory(100_000, 10_000, 20_000), new BuyingHistory(1, 1e-9, 1e9), new BuyingHistory(0, 0, 1e9), new BuyingHistory(5, 1e-9, 1e-9) };
        Assert.All(
            from model in Models(0.793, 0.606) from history in extremes select (model, history),
            one =>
            {
                Assert.True(double.IsFinite(one.model.LogLikelihood(one.history)));
                Assert.InRange(one.model.Alive(one.history), 0, 1);
                Assert.True(one.model.Expected(one.history, 39) is >= 0 and < double.PositiveInfinity);
            });
    }

    [Fact]
    public void Parameters_at_which_the_formulas_divide_by_zero_are_nothing_special()
    {
        var history = new BuyingHistory(3, 20, 39);
        Assert.All(Models(1, 1).Zip(Models(1 - 1e-9, 1 - 1e-9), Models(1 + 1e-9, 1 + 1e-9)), one => Between(one, model => model.Expected(history, 39)));

        // c = a + b + x − 1 of a customer without repeats; α = β.
        Assert.All(new[] { (Less: 0.5 - 1e-9, At: 0.5, More: 0.5 + 1e-9) }, b => Between((new BetaGeometric(0.2, 4, 0.5, b.At), new BetaGeometric(0.2, 4, 0.5, b.Less), new BetaGeometric(0.2, 4, 0.5, b.More)), model => model.Expected(new(0, 0, 30), 39)));
        Between((new ParetoNbd(0.5, 10, 0.6, 10), new ParetoNbd(0.5, 10, 0.6, 10 - 1e-8), new ParetoNbd(0.5, 10, 0.6, 10 + 1e-8)), model => model.Alive(history));

        static void Between<TModel>((TModel At, TModel Less, TModel More) models, Func<TModel, double> figure)
        {
            var (at, less, more) = (figure(models.At), figure(models.Less), figure(models.More));
            Assert.Equal(at, (less + more) / 2, 1e-8 * Math.Abs(at));
        }
    }

    [Fact]
    public void A_horizon_as_long_as_nobody_lives_is_worked_out_or_refused_with_the_reason()
    {
        // Where a > 1 there is an end to what is expected: (a + b + x − 1)/(a − 1) of whoever is alive.
        var (ending, history) = (new BetaGeometric(0.243, 4.414, 2.793, 2.426), new BuyingHistory(2, 10, 20));
        Assert.Equal(ending.Alive(history) * 6.219 / 1.793, ending.Expected(history, 1e6), 1e-6);
        Assert.Contains("millions of times longer", Assert.Throws<InvalidOperationException>(() => BgNbd.Expected(default, 1e15)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Histories_that_cannot_be_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new BuyingHistory(-1, 0, 1));
        Assert.Contains("The latest purchase is at 3 of 2", Assert.Throws<ArgumentOutOfRangeException>(() => new BuyingHistory(1, 3, 2)).Message, StringComparison.Ordinal);
        Assert.Contains("without repeats it is at 0", Assert.Throws<ArgumentOutOfRangeException>(() => new BuyingHistory(0, 1, 2)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => new BuyingHistory(1, 0, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BuyingHistory(0, 0, double.NaN));
        Assert.Contains("parameter alpha is 0", Assert.Throws<ArgumentOutOfRangeException>(() => new BetaGeometric(1, 0, 1, 1)).Message, StringComparison.Ordinal);
    }

    internal static IEnumerable<BuyingModel> Models(double a, double s) => [new BetaGeometric(0.243, 4.414, a, 2.426), new ModifiedBetaGeometric(0.525, 6.183, a, 1.614), new ParetoNbd(0.553, 10.578, s, 11.669), new ParetoNbd(0.553, 11.669, s, 10.578)];

    private static void Same(double expected, double found) => Assert.True(Math.Abs(expected - found) <= 1e-11 * Math.Max(Math.Abs(expected), 1e-3), $"{found:R} where {expected:R} is published");
}
