using System.Runtime.InteropServices;
using Crm.Values;
using NodaTime;
using NodaTime.Text;

namespace Crm.Loyalty.Wallets;

/// <summary>Units of one wallet that run out at the same instant. However many purchases fed it, it is one lot, so a wallet does not grow with purchases.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct Lot
{
    private readonly TickOrNone expiry;

    /// <summary>A lot.</summary>
    /// <param name="expiry">From this instant on, kept to the tick, the units are gone; null: they stay for ever.</param>
    /// <param name="amount">How many are left.</param>
    public Lot(Instant? expiry, long amount)
    {
        this.expiry = TickOrNone.Of(expiry);
        Amount = amount;
    }

    /// <summary>The name of the lot without expiry.</summary>
    public const string Forever = "forever";

    /// <summary>The name under which the ledger keeps what the customer owes; its amount is 0 or less.</summary>
    public const string Debt = "debt";

    private static Remembered? latest;

    /// <summary>From this instant on the units are gone; null: they stay for ever.</summary>
    public Instant? Expiry => expiry.Instant;

    /// <summary>How many are left; below 0 only after a correction of what was decided by rules that are gone, until the wallet next moves.</summary>
    public long Amount { get; init; }

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
    internal int CompareExpiry(Lot other) => expiry.CompareTo(other.expiry);

    private sealed record Remembered(Instant Expiry, string Name);
}
