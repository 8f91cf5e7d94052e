using System.Globalization;
using Crm.Values;

namespace Crm.Loyalty.Wallets;

/// <summary>Lives of units as short texts, such as "after,12,0,0,0,12": kept with units whose life has not begun, and in the names of their lots.</summary>
internal static class LifeForm
{
    public static string Of(LotExpiry life) => life switch
    {
        LotExpiry.After after => string.Create(CultureInfo.InvariantCulture, $"after,{after.Months},{after.Days},{(int)after.LastDay},{(int)after.To},{after.YearEndsIn}"),
        LotExpiry.OnDates dates => string.Join(',', dates.Days.Select(day => day.ToString()).Prepend(string.Create(CultureInfo.InvariantCulture, $"dates,{(int)dates.LastDay}"))),
        LotExpiry.OnAnniversary anniversary => string.Create(CultureInfo.InvariantCulture, $"anniversary,{anniversary.Years}"),
        LotExpiry.WhenIdle idle => string.Join(',', idle.On.Prepend(string.Create(CultureInfo.InvariantCulture, $"idle,{idle.Months},{idle.Days},{(int)idle.LastDay},{(idle.ByEarning ? 1 : 0)},{(idle.BySpending ? 1 : 0)}"))),
        _ => "never",
    };

    /// <exception cref="FormatException">The text is none of a life.</exception>
    public static LotExpiry Read(string text)
    {
        var parts = text.Split(',');
        return parts[0] switch
        {
            "never" when parts.Length == 1 => LotExpiry.Never,
            "after" when parts.Length == 6 => new LotExpiry.After(Whole(1), Whole(2), (LastDay)Whole(3), (PeriodEnd)Whole(4)) { YearEndsIn = Whole(5) },
            "dates" when parts.Length > 2 => new LotExpiry.OnDates(parts[2..].Select(Day).ToSequence(), (LastDay)Whole(1)),
            "anniversary" when parts.Length == 2 => new LotExpiry.OnAnniversary(Whole(1)),
            "idle" when parts.Length > 5 => new LotExpiry.WhenIdle(Whole(1), Whole(2), (LastDay)Whole(3)) { ByEarning = Whole(4) == 1, BySpending = Whole(5) == 1, On = parts[6..].ToSequence() },
            _ => throw new FormatException($"'{text}' is no life of units; one such as 'after,12,0,0,0,12' is expected."),
        };

        int Whole(int place) => int.Parse(parts[place], CultureInfo.InvariantCulture);
    }

    private static DayOfYear Day(string text) => DayOfYear.TryParse(text, out var day) ? day : throw new FormatException($"'{text}' is not a day of the year; month and day such as '03-31' are expected.");
}
