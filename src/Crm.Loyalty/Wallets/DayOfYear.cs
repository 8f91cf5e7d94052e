using System.Globalization;
using System.Runtime.InteropServices;
using NodaTime;

namespace Crm.Loyalty.Wallets;

/// <summary>A day of every year; 29 February is 28 February in a year without one.</summary>
/// <param name="Month">1 to 12.</param>
/// <param name="Day">1 to 31.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct DayOfYear(int Month, int Day)
{
    /// <summary>Whether there is such a day in some year.</summary>
    public bool Exists => Month is >= 1 and <= 12 && Day >= 1 && Day <= CalendarSystem.Iso.GetDaysInMonth(2000, Month);

    /// <summary>Reads "03-31"; false for everything that is no such day.</summary>
    public static bool TryParse(string text, out DayOfYear day)
    {
        ArgumentNullException.ThrowIfNull(text);
        day = default;
        if (text.Length != 5 || text[2] != '-'
            || !int.TryParse(text.AsSpan(0, 2), NumberStyles.None, CultureInfo.InvariantCulture, out var month)
            || !int.TryParse(text.AsSpan(3), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return false;
        }

        day = new DayOfYear(month, number);
        return day.Exists;
    }

    /// <summary>The day in a year.</summary>
    public LocalDate InYear(int year) => new(year, Month, Math.Min(Day, CalendarSystem.Iso.GetDaysInMonth(year, Month)));

    /// <summary>Such as "03-31".</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Month:00}-{Day:00}");
}
