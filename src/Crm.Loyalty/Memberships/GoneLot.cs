using System.Globalization;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Wallets;
using Crm.Values;

namespace Crm.Loyalty.Memberships;

/// <summary>
/// What ran out of a lot, as a tally keeps it. All that idles has one name, so each time that it runs out is kept by itself, with the day on which its time was over: what was given before that day, and after the time before, is among it.
/// </summary>
/// <param name="Tally">How many, and the day on which they were last seen to run out.</param>
/// <param name="Lot">The lot, without amount.</param>
/// <param name="Day">The day on which the time was over, as <see cref="LoyaltyNames.NumberOf(NodaTime.LocalDate)"/> says.</param>
internal readonly record struct GoneLot(Tally Tally, Lot Lot, long Day)
{
    /// <summary>What ran out of a unit, lot by lot.</summary>
    public static List<GoneLot> Of(Membership membership, string unit)
    {
        var prefix = LoyaltyNames.Gone(unit);
        return [.. membership.TalliesOf(prefix).Select(tally => Of(tally, tally.Name[prefix.Length..]))];
    }

    /// <summary>The name of the tally of what runs out of a lot.</summary>
    /// <param name="unit">The unit.</param>
    /// <param name="lot">The name of the lot.</param>
    /// <param name="idleUntil">The day on which the time of what idles is over.</param>
    public static string NameOf(string unit, string lot, long idleUntil) =>
        string.Create(CultureInfo.InvariantCulture, $"{LoyaltyNames.Gone(unit)}{lot}{(Lot.Parse(lot) is { Idles: true } ? $"|{idleUntil}" : "")}");

    // Before each time was kept by itself there was one tally for all, of the latest day.
    private static GoneLot Of(Tally tally, string name)
    {
        var parts = name.Split('|');
        return new GoneLot(tally, Lot.Parse(parts[0]) ?? default, parts.Length > 1 && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var day) ? day : tally.Period);
    }
}
