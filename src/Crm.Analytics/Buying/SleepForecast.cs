using System.Globalization;
using Crm.Analytics.Habits;
using NodaTime;

namespace Crm.Analytics.Buying;

/// <summary>
/// On which day a customer, if nothing more is bought, will be taken for gone: by a model of repeated buying, so that whoever buys often is missed early and whoever buys rarely late. Each day is the first at which a statement about that day holds,
/// so asking on the day itself gives the same answer.
/// </summary>
/// <param name="Model">The model.</param>
/// <param name="Unit">The unit of time in which it was fitted.</param>
public sealed record SleepForecast(BuyingModel Model, TimeUnit Unit)
{
    /// <summary>Days beyond this many after the latest purchase are never.</summary>
    public const int Furthest = 36_525;

    /// <summary>The first day on which P(alive) is below a threshold.</summary>
    /// <param name="days">The customer.</param>
    /// <param name="alive">The threshold, above 0 and below 1.</param>
    /// <returns>Null where that is more than a hundred years after the latest purchase, or never, as with BG/NBD of customers without a repeat.</returns>
    public LocalDate? AsleepOn(PurchaseDays days, double alive)
    {
        Probability(alive, nameof(alive));
        return First(days, history => Model.Alive(history) < alive);
    }

    /// <summary>The alarm: the first day on which it is as good as certain that nothing will be bought in the days that follow.</summary>
    /// <param name="days">The customer.</param>
    /// <param name="ahead">How many days ahead; at least 1.</param>
    /// <param name="risk">How likely a purchase may still be, above 0 and below 1: the alarm is on the first day t with P(no purchase in (t, t + ahead] | silent until t) ≥ 1 − risk.</param>
    /// <returns>Null where that is more than a hundred years after the latest purchase.</returns>
    public LocalDate? AlarmOn(PurchaseDays days, int ahead, double risk)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(ahead, 1);
        Probability(risk, nameof(risk));
        return First(days, history => Model.Silent(history, ahead / Unit.Days()) >= 1 - risk);
    }

    // Silence never speaks for a customer, so the days on which a statement against them holds are all from one on.
    private LocalDate? First(PurchaseDays days, Func<BuyingHistory, bool> holds)
    {
        bool HoldsAfter(int silence) => holds(BuyingHistory.Of(days, days.Latest.PlusDays(silence), Unit));
        if (!HoldsAfter(Furthest))
        {
            return null;
        }

        var (not, yes) = (-1, Furthest);
        while (yes - not > 1)
        {
            var middle = not + ((yes - not) / 2);
            (not, yes) = HoldsAfter(middle) ? (not, middle) : (middle, yes);
        }

        return days.Latest.PlusDays(yes);
    }

    private static void Probability(double value, string name)
    {
        if (value is not (> 0 and < 1))
        {
            throw new ArgumentOutOfRangeException(name, string.Create(CultureInfo.InvariantCulture, $"The probability is {value}; a number above 0 and below 1 is expected."));
        }
    }
}
