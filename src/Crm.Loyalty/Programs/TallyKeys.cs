using System.Globalization;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Wallets;

namespace Crm.Loyalty.Programs;

/// <summary>
/// Keys of events in the names of tallies, where "|" ends them. A key that has a "|" of its own begins with one there, and has it written as "%7C", so the tallies of one event are never taken for those of another.
/// </summary>
internal static class TallyKeys
{
    private static readonly string[] Beginnings = [LoyaltyNames.AllBack, LoyaltyNames.AllDrawn, LoyaltyNames.AllMoved, LoyaltyNames.AllSpenders];

    /// <summary>A key as names have it.</summary>
    public static string Of(string key) => key.Contains('|', StringComparison.Ordinal)
        ? $"|{key.Replace("%", "%25", StringComparison.Ordinal).Replace("|", "%7C", StringComparison.Ordinal)}"
        : key;

    /// <summary>The key in a name, and what comes after it; null where the name does not begin so.</summary>
    public static (string Key, string After)? Parse(string name, string beginning)
    {
        if (!name.StartsWith(beginning, StringComparison.Ordinal))
        {
            return null;
        }

        var isWritten = name.AsSpan(beginning.Length).StartsWith("|");
        var from = beginning.Length + (isWritten ? 1 : 0);
        var end = name.IndexOf('|', from);
        if (end < 0)
        {
            return null;
        }

        var key = name[from..end];
        return (isWritten ? key.Replace("%7C", "|", StringComparison.Ordinal).Replace("%25", "%", StringComparison.Ordinal) : key, name[(end + 1)..]);
    }

    /// <summary>A tally of a state from before keys were written so: where its key has a "|" it is found from the end, because neither a unit nor a customer has one, and of the lots only those that wait for an event, whose key is in their name.</summary>
    public static Tally Renamed(Tally tally)
    {
        if (Array.Find(Beginnings, known => tally.Name.StartsWith(known, StringComparison.Ordinal)) is not { } beginning)
        {
            return tally;
        }

        var rest = beginning switch
        {
            LoyaltyNames.AllBack => tally.Name.LastIndexOf('|'),
            LoyaltyNames.AllSpenders => Before(tally.Name.LastIndexOf('|')),
            _ => Before(PlaceOf(tally.Name)),
        };
        return rest <= beginning.Length ? tally : tally with { Name = $"{beginning}{Of(tally.Name[beginning.Length..rest])}{tally.Name[rest..]}" };

        int Before(int end) => end <= 0 ? -1 : tally.Name.LastIndexOf('|', end - 1);
    }

    // Where "|0000|" begins, the place of a lot; the last there is before a whole lot.
    private static int PlaceOf(string name)
    {
        for (var end = name.LastIndexOf('|'); end > 0; end = name.LastIndexOf('|', end - 1))
        {
            if (end >= 5 && name[end - 5] == '|' && int.TryParse(name.AsSpan(end - 4, 4), NumberStyles.None, CultureInfo.InvariantCulture, out _) && IsLot(name[(end + 1)..]))
            {
                return end - 5;
            }
        }

        return -1;
    }

    private static bool IsLot(string name) => name is Lot.Debt or Lot.Shortfall || Lot.Parse(name) is not null || PendingLot.Parse(name) is not null || IsHeld(name);

    // "held:", a key, a rule, what the units will be, and "~" with their life, as PendingLot names what waits for an event.
    private static bool IsHeld(string name)
    {
        for (var colon = name.StartsWith("held:", StringComparison.Ordinal) ? name.IndexOf(':') : -1; colon >= 0; colon = name.IndexOf(':', colon + 1))
        {
            if (Lot.Parse(name[(colon + 1)..].Split('~')[0]) is not null)
            {
                return true;
            }
        }

        return false;
    }
}
