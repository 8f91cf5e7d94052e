using Crm.Analytics.Buying;
using Crm.Analytics.Fitting;
using Crm.Analytics.Spending;

namespace Crm.Analytics.Tests.Fitting;

/// <summary>Models fitted to the CDNOW sample have the published parameters, and say how certain they are.</summary>
public sealed class PublishedFits
{
    [Fact]
    public void Bg_nbd_has_the_published_parameters() => Published(BetaGeometric.Fit(RawFiles.CdnowSample()), fit => fit.Model.Parameters.Select(one => one.Value), [0.2425982, 4.4136842, 0.7929899, 2.4261667], -9582.429);

    [Fact]
    public void Pareto_nbd_has_the_published_parameters() => Published(ParetoNbd.Fit(RawFiles.CdnowSample()), fit => fit.Model.Parameters.Select(one => one.Value), [0.5533971, 10.5801985, 0.6060625, 11.6562237], -9594.976);

    [Fact]
    public void Mbg_nbd_has_the_published_parameters() => Published(ModifiedBetaGeometric.Fit(RawFiles.CdnowSample()), fit => fit.Model.Parameters.Select(one => one.Value), [0.525, 6.183, 0.891, 1.614], null);

    [Fact]
    public void Gamma_gamma_has_the_published_parameters()
    {
        var fit = GammaGamma.Fit(CdnowSpend());
        Published(fit, found => found.Model.Parameters.Select(one => one.Value), [6.248647, 3.744626, 15.448383], -4055.92324);
        Assert.Equal(946, fit.Customers);
    }

    [Fact]
    public void A_refit_from_an_earlier_model_finds_the_same_with_less_work()
    {
        var sample = RawFiles.CdnowSample();
        var cold = BetaGeometric.Fit(sample);
        var warm = BetaGeometric.Fit(sample, from: new BetaGeometric(0.3, 5, 0.7, 2));
        Same(cold.Model.Parameters.Select(one => one.Value), warm.Model.Parameters.Select(one => one.Value), 1e-5);
        Assert.True(warm.Evaluations < cold.Evaluations, $"{warm.Evaluations} evaluations from a model nearby, {cold.Evaluations} from nothing");

        var slow = ParetoNbd.Fit(sample);
        var refit = ParetoNbd.Fit(sample, from: new ParetoNbd(1, 20, 1, 30));
        Same(slow.Model.Parameters.Select(one => one.Value), refit.Model.Parameters.Select(one => one.Value), 1e-4);

        var spend = CdnowSpend();
        Same(GammaGamma.Fit(spend).Model.Parameters.Select(one => one.Value), GammaGamma.Fit(spend, from: new GammaGamma(1, 10, 1)).Model.Parameters.Select(one => one.Value), 1e-4);
    }

    [Fact]
    public void The_same_customers_give_the_same_model_to_the_last_bit_and_in_days_the_same_in_days()
    {
        var sample = RawFiles.CdnowSample();
        var once = BetaGeometric.Fit(sample);
        Assert.Equal(once, BetaGeometric.Fit(sample));

        var days = BetaGeometric.Fit(sample.Select(history => new BuyingHistory(history.Repeats, history.Latest * 7, history.Age * 7)));
        Same([once.Model.R, once.Model.Alpha * 7, once.Model.A, once.Model.B], days.Model.Parameters.Select(one => one.Value), 1e-4);
    }

    /// <summary>Of many samples drawn again from the customers, the parameters vary as the standard errors say.</summary>
    [Fact]
    public void Standard_errors_are_how_far_the_parameters_vary_from_sample_to_sample()
    {
        var sample = RawFiles.CdnowSample();
        var fit = BetaGeometric.Fit(sample);
        var seed = 12345u;
        var fits = Enumerable.Range(0, 25).Select(_ => BetaGeometric.Fit(Enumerable.Range(0, sample.Count).Select(_ => sample[(int)((seed = (seed * 1664525) + 1013904223) % (uint)sample.Count)]).ToList(), from: fit.Model)).ToList();

        Assert.All(fits, one => Assert.True(one.Converged));
        for (var place = 0; place < 4; place++)
        {
            var logs = fits.Select(one => Math.Log(one.Model.Parameters[place].Value)).ToList();
            var deviation = Math.Sqrt(logs.Sum(log => Math.Pow(log - logs.Average(), 2)) / (logs.Count - 1));
            var said = fit.StandardErrors[place] / fit.Model.Parameters[place].Value;
            Assert.InRange(said / deviation, 0.5, 1.6);
        }
    }

    [Fact]
    public void Customers_who_do_not_tell_parameters_apart_are_said_to_be_so()
    {
        var alike = BetaGeometric.Fit(Enumerable.Repeat(new BuyingHistory(1, 10, 20), 50));
        Assert.False(alike.Converged);
        Assert.True(alike.StandardErrors.IsEmpty);
        Assert.True(double.IsFinite(alike.LogLikelihood));

        Assert.Contains("None of 3 customers bought again", Assert.Throws<ArgumentException>(() => ParetoNbd.Fit(Enumerable.Repeat(new BuyingHistory(0, 0, 5), 3))).Message, StringComparison.Ordinal);
        Assert.Contains("two are the least", Assert.Throws<ArgumentException>(() => GammaGamma.Fit([new SpendHistory(3, 5), default])).Message, StringComparison.Ordinal);
    }

    private static List<SpendHistory> CdnowSpend() => [.. RawFiles.Rows("cdnow/cdnow_customers_summary_with_transactions.csv").Select(row => RawFiles.Whole(row[1]) is 0 ? default : new SpendHistory(RawFiles.Whole(row[1]), RawFiles.Number(row[4])))];

    private static void Published<TModel>(ModelFit<TModel> fit, Func<ModelFit<TModel>, IEnumerable<double>> parameters, double[] published, double? logLikelihood)
        where TModel : class
    {
        Assert.True(fit.Converged);
        Same(published, parameters(fit), 0.002);
        Assert.Equal(published.Length, fit.StandardErrors.Count);
        Assert.All(fit.StandardErrors, error => Assert.True(error > 0));
        Assert.True(logLikelihood is null || fit.LogLikelihood >= logLikelihood - 0.001, $"{fit.LogLikelihood} where {logLikelihood} was found before");
    }

    private static void Same(IEnumerable<double> expected, IEnumerable<double> found, double within) =>
        Assert.All(expected.Zip(found), pair => Assert.True(Math.Abs((pair.Second / pair.First) - 1) <= within, $"{pair.Second:R} where {pair.First:R} is expected"));
}
