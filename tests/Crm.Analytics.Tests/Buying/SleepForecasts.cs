using Crm.Analytics.Buying;
using Crm.Analytics.Habits;
using NodaTime;
using Xunit.Sdk;

namespace Crm.Analytics.Tests.Buying;

/// <summary>The day on which a customer is taken for gone.</summary>
public sealed class SleepForecasts
{
    private static readonly LocalDate Opening = new(2026, 1, 1);
    private static readonly SleepForecast[] Forecasts = [new(PublishedFigures.BgNbd, TimeUnit.Week), new(PublishedFigures.Pareto, TimeUnit.Week), new(new ModifiedBetaGeometric(0.525, 6.183, 0.891, 1.614), TimeUnit.Week), new(new BetaGeometric(0.243, 30.9, 0.793, 2.426), TimeUnit.Day)];
    private static readonly PurchaseDays[] Customers = [new(1, Opening, Opening), new(2, Opening, Opening.PlusDays(200)), new(5, Opening, Opening.PlusDays(60)), new(30, Opening, Opening.PlusDays(90))];

    [Fact]
    public void The_day_is_the_first_on_which_the_model_says_so()
    {
        Assert.All(from forecast in Forecasts from days in Customers from alive in new[] { 0.9, 0.5, 0.1 } select (forecast, days, alive), one => Reached(one, one.forecast.AsleepOn(one.days, one.alive)));
        Assert.Null(Forecasts[0].AsleepOn(Customers[0], 0.5));
    }

    [Fact]
    public void The_test_catches_a_day_too_late()
    {
        var day = Assert.NotNull(Forecasts[1].AsleepOn(Customers[2], 0.5));
        Assert.Throws<TrueException>(() => Reached((Forecasts[1], Customers[2], 0.5), day.PlusDays(1)));
    }

    [Fact]
    public void The_alarm_is_the_first_day_after_which_nothing_is_as_good_as_certain() =>
        Assert.All(from forecast in Forecasts from days in Customers select (forecast, days), one =>
        {
            var day = one.forecast.AlarmOn(one.days, 30, 0.1) ?? throw new InvalidOperationException("No alarm in a hundred years.");
            Assert.True(Bought(day) <= 0.1);
            Assert.True(day == one.days.Latest || Bought(day.PlusDays(-1)) > 0.1);

            // By another way: alive, and the rate that is left of the gamma distribution makes no purchase. (Exact where customers stop with purchases only.)
            double Bought(LocalDate asOf)
            {
                var history = BuyingHistory.Of(one.days, asOf, one.forecast.Unit);
                var bought = 1 - one.forecast.Model.Silent(history, 30 / one.forecast.Unit.Days());
                if (one.forecast.Model is not ParetoNbd)
                {
                    var (r, alpha) = (one.forecast.Model.Parameters[0].Value + history.Repeats, one.forecast.Model.Parameters[1].Value + history.Age);
                    Assert.Equal(one.forecast.Model.Alive(history) * (1 - Math.Pow(alpha / (alpha + (30 / one.forecast.Unit.Days())), r)), bought, 1e-9);
                }

                return bought;
            }
        });

    [Fact]
    public void Who_buys_often_is_missed_earlier()
    {
        var (often, rarely) = (new PurchaseDays(30, Opening, Opening.PlusDays(90)), new PurchaseDays(3, Opening, Opening.PlusDays(90)));
        Assert.All(Forecasts, forecast => Assert.True(forecast.AsleepOn(often, 0.5) < forecast.AsleepOn(rarely, 0.5)));
    }

    [Fact]
    public void Thresholds_that_are_no_probabilities_are_refused()
    {
        Assert.Contains("The probability is 1", Assert.Throws<ArgumentOutOfRangeException>(() => Forecasts[0].AsleepOn(Customers[1], 1)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => Forecasts[0].AlarmOn(Customers[1], 0, 0.1));
    }

    private static void Reached((SleepForecast Forecast, PurchaseDays Days, double Alive) one, LocalDate? day)
    {
        double AliveOn(LocalDate asOf) => one.Forecast.Model.Alive(BuyingHistory.Of(one.Days, asOf, one.Forecast.Unit));
        if (day is not { } asleep)
        {
            Assert.True(AliveOn(one.Days.Latest.PlusDays(SleepForecast.Furthest)) >= one.Alive);
            return;
        }

        Assert.True(AliveOn(asleep) < one.Alive);
        Assert.True(asleep == one.Days.Latest || AliveOn(asleep.PlusDays(-1)) >= one.Alive);
    }
}
