using System.Globalization;
using System.Runtime.InteropServices;
using Crm.Analytics.Habits;
using NodaTime;

namespace Crm.Analytics.Buying;

/// <summary>
/// All that the models of repeated buying need to know of a customer: how often they bought again, when they did so last, and for how long they have been known. Times are in one unit (days or weeks) for a model and for all whom it is
/// asked about, and begin with the first purchase. The default value is a customer who has just bought for the first time.
/// </summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct BuyingHistory
{
    /// <summary>A history.</summary>
    /// <param name="repeats">x: purchases after the first; 0 or more.</param>
    /// <param name="latest">t_x: from the first purchase to the latest; 0 exactly where there is no repeat.</param>
    /// <param name="age">T: from the first purchase to now; not before the latest.</param>
    /// <exception cref="ArgumentOutOfRangeException">The three do not fit together.</exception>
    public BuyingHistory(int repeats, double latest, double age)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(repeats);
        if (!double.IsFinite(age) || !(latest >= 0 && latest <= age))
        {
            throw new ArgumentOutOfRangeException(nameof(latest), string.Create(CultureInfo.InvariantCulture, $"The latest purchase is at {latest} of {age}; a time from 0 to the age is expected."));
        }

        if (repeats == 0 != (latest == 0))
        {
            throw new ArgumentOutOfRangeException(nameof(repeats), string.Create(CultureInfo.InvariantCulture, $"There are {repeats} repeats and the latest purchase is at {latest}; without repeats it is at 0, with repeats after it."));
        }

        (Repeats, Latest, Age) = (repeats, latest, age);
    }

    /// <summary>x: purchases after the first.</summary>
    public int Repeats { get; }

    /// <summary>t_x: from the first purchase to the latest.</summary>
    public double Latest { get; }

    /// <summary>T: from the first purchase to now.</summary>
    public double Age { get; }

    /// <summary>How long nothing has been bought: T − t_x.</summary>
    public double Silence => Age - Latest;

    /// <summary>The history of someone who bought on these days, as the models' authors count: however much is bought on one day is one purchase.</summary>
    /// <param name="days">The days of purchases.</param>
    /// <param name="asOf">The last day that is looked at; not before the latest purchase.</param>
    /// <param name="unit">The unit of the times.</param>
    /// <exception cref="ArgumentOutOfRangeException">The last day is before the latest purchase.</exception>
    public static BuyingHistory Of(PurchaseDays days, LocalDate asOf, TimeUnit unit) =>
        new(days.Count - 1, days.Span / unit.Days(), Period.DaysBetween(days.First, asOf) / unit.Days());

    /// <summary>The same customer when nothing more has been bought for so long.</summary>
    /// <param name="time">In the unit of the history; 0 or more.</param>
    public BuyingHistory AfterSilence(double time)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(time);
        return new(Repeats, Latest, Age + time);
    }

    /// <summary>The same customer at the moment of one more purchase, now.</summary>
    /// <exception cref="InvalidOperationException">The first purchase is now: what is bought at one instant is one purchase.</exception>
    public BuyingHistory AfterPurchase() => Age > 0 ? new(Repeats + 1, Age, Age) : throw new InvalidOperationException("The first purchase is now; a repeat is later.");
}

/// <summary>The unit in which times of buying are measured. A model fitted in one unit is asked in the same.</summary>
public enum TimeUnit
{
    /// <summary>Days of the calendar.</summary>
    Day,

    /// <summary>Seven days.</summary>
    Week,
}

/// <summary>What units are.</summary>
public static class TimeUnits
{
    /// <summary>How many days the unit has.</summary>
    public static double Days(this TimeUnit unit) => unit switch
    {
        TimeUnit.Day => 1,
        TimeUnit.Week => 7,
        _ => throw new ArgumentOutOfRangeException(nameof(unit), $"There is no unit {(int)unit}; days and weeks are known."),
    };
}
