using System.Runtime.InteropServices;
using NodaTime;
using NodaTime.Text;

namespace Crm.Loyalty.Wallets;

/// <summary>Units of one wallet that run out at the same instant. However many purchases fed it, it is one lot, so a wallet does not grow with purchases.</summary>
/// <param name="Expiry">From this instant on the units are gone; null: they stay for ever.</param>
/// <param name="Amount">How many are left; below 0 only after a correction of what was decided by rules that are gone, until the wallet next moves.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct Lot(Instant? Expiry, long Amount)
{
    /// <summary>The name of the lot without expiry.</summary>
    public const string Forever = "forever";

    /// <summary>The name under which the ledger keeps what the customer owes; its amount is 0 or less.</summary>
    public const string Debt = "debt";

    private static Remembered? latest;

    /// <summary>The name in the ledger: the instant of expiry, such as "2026-11-30T16:00:00Z", or "forever".</summary>
    public string Name => NameOf(Expiry);

    /// <summary>The name in the ledger of the lot with an expiry.</summary>
    public static string NameOf(Instant? expiry)
    {
        if (expiry is not { } instant)
        {
            return Forever;
        }

        // Most lots of a day have one name; remembering the latest saves formatting it for every purchase.
        if (latest is { } known && known.Expiry == instant)
        {
            return known.Name;
        }

        var name = InstantPattern.ExtendedIso.Format(instant);
        latest = new Remembered(instant, name);
        return name;
    }

    /// <summary>The order in which lots are spent: what runs out first goes first, what stays for ever goes last.</summary>
    internal static int CompareExpiry(Instant? left, Instant? right) => (left, right) switch
    {
        (null, null) => 0,
        (null, _) => 1,
        (_, null) => -1,
        ({ } one, { } other) => one.CompareTo(other),
    };

    private sealed record Remembered(Instant Expiry, string Name);
}
