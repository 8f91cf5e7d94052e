using System.Globalization;
using System.Runtime.InteropServices;
using NodaTime;

namespace Crm.Analytics.Habits;

/// <summary>On how many days a customer has bought, and the first and the latest of them. However much is bought on one day, and however often, is one day; the days are those of one zone.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct PurchaseDays
{
    /// <summary>Days of purchases.</summary>
    /// <param name="count">How many; at least 1.</param>
    /// <param name="first">The first; the same as the latest exactly where there is one day.</param>
    /// <param name="latest">The latest.</param>
    /// <exception cref="ArgumentOutOfRangeException">So many days do not fit between the first and the latest.</exception>
    public PurchaseDays(int count, LocalDate first, LocalDate latest)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        (Count, First, Latest) = (count, first, latest);
        if (Span + 1 < count || (Span > 0 && count == 1))
        {
            throw new ArgumentOutOfRangeException(nameof(count), string.Create(CultureInfo.InvariantCulture, $"There are {count} days from {first:uuuu-MM-dd} to {latest:uuuu-MM-dd}; 2 to {Span + 1} are expected where the two differ, and 1 where they do not."));
        }
    }

    /// <summary>How many days.</summary>
    public int Count { get; }

    /// <summary>The first.</summary>
    public LocalDate First { get; }

    /// <summary>The latest.</summary>
    public LocalDate Latest { get; }

    /// <summary>How many days after the first the latest is: the sum of the gaps between them.</summary>
    public int Span => Period.DaysBetween(First, Latest);

    /// <summary>The days up to a day.</summary>
    /// <param name="days">In any order, repeated ones counted once.</param>
    /// <param name="asOf">Later days are left out; null: none is.</param>
    /// <returns>Null where nothing was bought up to then.</returns>
    public static PurchaseDays? Of(IEnumerable<LocalDate> days, LocalDate? asOf = null)
    {
        var bought = days.Where(day => asOf is null || day <= asOf).Distinct().ToList();
        return bought.Count == 0 ? null : new(bought.Count, bought.Min(), bought.Max());
    }

    /// <summary>For how many days nothing has been bought: 0 on the day of the latest purchase.</summary>
    public int SilenceOn(LocalDate day) => Period.DaysBetween(Latest, day);
}
