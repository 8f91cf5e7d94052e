using System.Runtime.InteropServices;
using Crm.Values;
using NodaTime;
using NodaTime.Text;

namespace Crm.Loyalty.Wallets;

/// <summary>Units of one wallet that run out at the same instant, or together with the member's idleness, and were issued by the same partner. However many purchases fed it, it is one lot, so a wallet does not grow with purchases.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct Lot
{
    private const long ForeverOrder = long.MaxValue;
    private const long IdleOrder = long.MaxValue - 1;

    // The place in the order of spending: the ticks of the expiry, then what idles, then what stays for ever. Kept so that the default, 0, stays for ever.
    private readonly long kept;

    /// <summary>A lot.</summary>
    /// <param name="expiry">From this instant on, kept to the tick, the units are gone; null: they stay for ever, or as long as the member is active.</param>
    /// <param name="amount">How many are left.</param>
    public Lot(Instant? expiry, long amount)
    {
        kept = (expiry?.ToUnixTimeTicks() ?? ForeverOrder) ^ ForeverOrder;
        Amount = amount;
    }

    private Lot(long kept, long amount)
    {
        this.kept = kept;
        Amount = amount;
    }

    /// <summary>The name of the lot without expiry.</summary>
    public const string Forever = "forever";

    /// <summary>The name of the lot that runs out when the member is idle for long.</summary>
    public const string Idle = "idle";

    /// <summary>The name under which the ledger keeps what the customer owes; its amount is 0 or less.</summary>
    public const string Debt = "debt";

    /// <summary>The name under which the ledger keeps what was spent, turned out not to have been earned, and is not asked back; its entries add up to 0.</summary>
    public const string Shortfall = "shortfall";

    // There are few, and formatting takes long.
    private static readonly Lately<ExpiryName> Names = new(2_048);

    /// <summary>From this instant on the units are gone; null: they stay for ever, or as long as the member is active.</summary>
    public Instant? Expiry => Order >= IdleOrder ? null : Instant.FromUnixTimeTicks(Order);

    /// <summary>How many are left; below 0 only after a correction of what was decided by rules that are gone, until the wallet next moves.</summary>
    public long Amount { get; init; }

    /// <summary>Whether the units run out with the member's idleness, at <see cref="Wallet.IdleUntil"/>, and at no instant of their own: such a lot has no <see cref="Expiry"/>.</summary>
    public bool Idles
    {
        get => Order == IdleOrder;
        init => kept = value ? IdleOrder ^ ForeverOrder : Idles ? 0 : kept;
    }

    /// <summary>The partner that issued the units; null: the programme itself.</summary>
    public string? Issuer { get; init; }

    /// <summary>The name in the ledger: the instant of expiry, such as "2026-11-30T16:00:00Z", "idle" or "forever", and "@" with the issuer where there is one.</summary>
    public string Name => Issuer is null ? (Idles ? Idle : NameOf(Expiry)) : $"{(Idles ? Idle : NameOf(Expiry))}@{Issuer}";

    /// <summary>The name in the ledger of the lot with an expiry.</summary>
    public static string NameOf(Instant? expiry)
    {
        if (expiry is not { } instant)
        {
            return Forever;
        }

        var hash = instant.GetHashCode();
        return Names.Find(hash) is { } known && known.Expiry == instant ? known.Name : Names.Keep(hash, new ExpiryName(instant, InstantPattern.ExtendedIso.Format(instant))).Name;
    }

    /// <summary>The lot that a name in the ledger stands for, without amount; null for what is no lot that can be spent (debts, pending units).</summary>
    public static Lot? Parse(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var at = name.IndexOf('@', StringComparison.Ordinal);
        var (lot, issuer) = at < 0 ? (name, null) : (name[..at], name[(at + 1)..]);
        return lot switch
        {
            Forever => new Lot(null, 0) { Issuer = issuer },
            Idle => new Lot(null, 0) { Idles = true, Issuer = issuer },
            _ => InstantPattern.ExtendedIso.Parse(lot) is { Success: true, Value: var expiry } ? new Lot(expiry, 0) { Issuer = issuer } : null,
        };
    }

    /// <summary>The order in which lots are spent: what runs out first goes first, then what idles, and what stays for ever goes last; among equals by issuer.</summary>
    internal int Compare(Lot other)
    {
        var order = Order.CompareTo(other.Order);
        return order != 0 || (Issuer is null && other.Issuer is null) ? order : string.CompareOrdinal(Issuer, other.Issuer);
    }

    private long Order => kept ^ ForeverOrder;

    /// <summary>The ticks of the expiry; null: none.</summary>
    internal long? ExpiryTicks => Order >= IdleOrder ? null : Order;

    /// <summary>A lot that runs out at an instant given in ticks.</summary>
    internal static Lot Until(long ticks, long amount) => new(ticks ^ ForeverOrder, amount);

    private sealed record ExpiryName(Instant Expiry, string Name);
}
