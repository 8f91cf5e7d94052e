using Crm.Analytics.Buying;
using Crm.Analytics.Spending;
using Crm.Analytics.Tests.Buying;
using Crm.Tests.Shared;
using FsCheck;
using FsCheck.Fluent;

namespace Crm.Analytics.Tests.Spending;

/// <summary>What is true of the amounts that are expected of a customer, and of what the customer is worth.</summary>
public sealed class SpendLaws
{
    private static readonly GammaGamma Published = new(6.25, 3.74, 15.44);

    private static readonly Gen<(GammaGamma Model, SpendHistory History, double Coin)> Cases =
        from p in Gen.Choose(1, 120)
        from q in Gen.Choose(101, 1000)
        from v in Gen.Choose(1, 10_000)
        from purchases in Gen.OneOf(Gen.Choose(0, 3), Gen.Choose(1, 2_000))
        from average in Gen.Choose(1, 1_000_000)
        from coin in Gen.Elements(0.01, 7.8, 100)
        select (new GammaGamma(p / 10.0, q / 100.0, v / 10.0), purchases == 0 ? default : new SpendHistory(purchases, average / 100.0), coin);

    [Fact]
    public void Expected_amounts_and_likelihoods_are_those_of_the_file()
    {
        var rows = RawFiles.Rows("gamma_gamma_expected.csv").ToList();
        Assert.Equal(19, rows.Count);
        Assert.All(rows, row =>
        {
            var history = row[0] == "0" ? default : new SpendHistory(RawFiles.Whole(row[0]), RawFiles.Number(row[1]));
            Assert.Equal(RawFiles.Number(row[2]), Published.Expected(history), 1e-11 * RawFiles.Number(row[2]));
            Assert.Equal(row[3] == "NA" ? 0 : RawFiles.Number(row[3]), Published.LogLikelihood(history), 1e-10);
        });
    }

    [Fact]
    public void What_is_expected_lies_between_the_customers_own_average_and_that_of_all() => Check(Between);

    [Fact]
    public void The_law_catches_who_trusts_a_single_purchase() => Counterfeits.Caught(() => Check(Between, (model, history) => history.Purchases == 0 ? model.Mean : history.Average));

    [Fact]
    public void Another_coin_changes_the_figures_and_nothing_else() => Check(SameInCents);

    [Fact]
    public void The_law_catches_an_amount_in_the_formula() => Counterfeits.Caught(() => Check(SameInCents, (model, history) => model.Expected(history) + 1));

    [Fact]
    public void The_value_of_a_customer_is_amount_times_purchases_and_less_the_more_is_discounted()
    {
        var buying = PublishedFigures.BgNbd;
        var (history, spend) = (new BuyingHistory(2, 30, 39), new SpendHistory(2, 22.35));
        var value = new LifetimeValue(buying, Published);
        var plain = buying.Expected(history, 39) * Published.Expected(spend);

        Assert.Equal(plain, value.Of(history, spend), 1e-9);
        Assert.Equal(plain / 4, (value with { Margin = 0.25 }).Of(history, spend), 1e-9);
        Assert.Equal(buying.Expected(history, 39), new LifetimeValue(buying, null).Of(history, default), 1e-9);
        Assert.Equal(plain, (value with { Discount = 1e-12 }).Of(history, spend), 1e-6);
        var discounted = (value with { Discount = 0.01 }).Of(history, spend);
        Assert.InRange(discounted, plain * Math.Pow(1.01, -39), plain * Math.Pow(1.01, -1));
        Assert.True((value with { Discount = 0.02 }).Of(history, spend) < discounted);

        // Finer steps discount earlier purchases less; all of them lie between the ends of the steps.
        Assert.InRange((value with { Discount = 0.01, Step = 0.01 }).Of(history, spend), discounted, discounted * 1.01);
    }

    [Fact]
    public void A_mean_that_is_not_there_is_infinite_and_what_cannot_be_is_refused()
    {
        Assert.Equal(double.PositiveInfinity, new GammaGamma(1, 1, 1).Expected(default));
        Assert.Equal(double.PositiveInfinity, new GammaGamma(0.2, 0.5, 1).Expected(new SpendHistory(1, 3)));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SpendHistory(0, 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SpendHistory(2, 0));
        Assert.Contains("margin is 2", Assert.Throws<ArgumentOutOfRangeException>(() => new LifetimeValue(PublishedFigures.BgNbd, Published) { Margin = 2 }).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => new LifetimeValue(PublishedFigures.BgNbd, Published) { Horizon = 0 });
    }

    private static void Between(GammaGamma model, SpendHistory history, double coin, Func<GammaGamma, SpendHistory, double> expected)
    {
        var found = expected(model, history);
        if (history.Purchases == 0)
        {
            Assert.Equal(model.Mean, found, 1e-9 * model.Mean);
            return;
        }

        Assert.InRange(found, Math.Min(history.Average, model.Mean) * (1 - 1e-9), Math.Max(history.Average, model.Mean) * (1 + 1e-9));
        var more = expected(model, new SpendHistory(history.Purchases + 1, history.Average));
        Assert.True(Math.Abs(more - history.Average) < Math.Abs(found - history.Average) || Math.Abs(model.Mean - history.Average) < 1e-6 * model.Mean);
    }

    private static void SameInCents(GammaGamma model, SpendHistory history, double coin, Func<GammaGamma, SpendHistory, double> expected)
    {
        var other = new GammaGamma(model.P, model.Q, model.V * coin);
        var same = history.Purchases == 0 ? default : new SpendHistory(history.Purchases, history.Average * coin);
        Assert.Equal(expected(model, history) * coin, expected(other, same), 1e-9 * coin * model.Expected(history));
        Assert.Equal(model.LogLikelihood(history) - (history.Purchases == 0 ? 0 : Math.Log(coin)), other.LogLikelihood(same), 1e-9 * (1 + Math.Abs(model.LogLikelihood(history))));
    }

    private static void Check(Action<GammaGamma, SpendHistory, double, Func<GammaGamma, SpendHistory, double>> law, Func<GammaGamma, SpendHistory, double>? expected = null) =>
        Prop.ForAll(Cases.ToArbitrary(), one => law(one.Model, one.History, one.Coin, expected ?? ((model, history) => model.Expected(history)))).Check(Config.QuickThrowOnFailure.WithMaxTest(300));
}
