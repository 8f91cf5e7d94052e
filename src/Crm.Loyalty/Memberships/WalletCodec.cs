using Crm.Loyalty.Wallets;
using Crm.Modules;
using Crm.Values;

namespace Crm.Loyalty.Memberships;

/// <summary>Wallets as bytes: what most wallets do not have takes one byte together.</summary>
internal static class WalletCodec
{
    // What a wallet has beside lots with an expiry, and what it owes.
    private const long Kinds = 1;
    private const long Pending = 2;
    private const long Idle = 4;
    private const long Shortfall = 8;

    public static void Write(Wallet wallet, SlotWriter writer)
    {
        writer.Whole(wallet.Debt);
        var has = HasOf(wallet);
        writer.Whole(has);
        writer.Whole(wallet.Lots.Count);
        foreach (ref readonly var lot in wallet.Lots.AsSpan())
        {
            Write(lot, (has & Kinds) != 0, writer);
        }

        if ((has & Pending) != 0)
        {
            writer.Whole(wallet.Pending.Count);
            foreach (var lot in wallet.Pending)
            {
                writer.Instant(lot.ActiveFrom);
                writer.Text(lot.Hold);
                writer.Instant(lot.LapsesAt);
                writer.Text(lot.Rule);
                writer.Text(lot.Life is null ? null : LifeForm.Of(lot.Life));
                Write(lot.Lot, true, writer);
            }
        }

        if ((has & Idle) != 0)
        {
            writer.Instant(wallet.IdleUntil);
        }

        if ((has & Shortfall) != 0)
        {
            writer.Whole(wallet.Shortfall);
        }
    }

    public static Wallet Read(int version, ref SlotReader reader)
    {
        var debt = reader.Whole();
        var has = version >= 5 ? reader.Whole() : 0;
        var lots = new Lot[reader.Int()];
        for (var i = 0; i < lots.Length; i++)
        {
            lots[i] = Lot((has & Kinds) != 0, ref reader);
        }

        return new Wallet
        {
            Debt = debt,
            Lots = Sequence.Given(lots),
            Pending = (has & Pending) != 0 ? PendingLots(version, ref reader) : [],
            IdleUntil = (has & Idle) != 0 ? reader.InstantOrNull() : null,
            Shortfall = (has & Shortfall) != 0 ? reader.Whole() : 0,
        };
    }

    private static long HasOf(Wallet wallet)
    {
        var kinds = false;
        foreach (ref readonly var lot in wallet.Lots.AsSpan())
        {
            kinds |= lot.Idles || lot.Issuer is not null;
        }

        return (kinds ? Kinds : 0) | (wallet.Pending.IsEmpty ? 0 : Pending) | (wallet.IdleUntil is null ? 0 : Idle) | (wallet.Shortfall == 0 ? 0 : Shortfall);
    }

    internal static void Write(in Lot lot, bool kinds, SlotWriter writer)
    {
        var expiry = lot.ExpiryTicks;
        writer.Flag(expiry.HasValue);
        if (expiry is { } ticks)
        {
            writer.Whole(ticks);
        }

        writer.Whole(lot.Amount);
        if (kinds)
        {
            writer.Flag(lot.Idles);
            writer.Text(lot.Issuer);
        }
    }

    internal static Lot Lot(bool kinds, ref SlotReader reader)
    {
        // As an instant or none is written, without making one of each.
        var lot = reader.Flag() ? Wallets.Lot.Until(reader.Whole(), reader.Whole()) : new Lot(null, reader.Whole());
        return kinds ? lot with { Idles = reader.Flag(), Issuer = reader.Text() } : lot;
    }

    private static Sequence<PendingLot> PendingLots(int version, ref SlotReader reader)
    {
        var lots = new PendingLot[reader.Int()];
        for (var i = 0; i < lots.Length; i++)
        {
            lots[i] = new PendingLot
            {
                ActiveFrom = reader.InstantOrNull(),
                Hold = reader.Text(),
                LapsesAt = reader.InstantOrNull(),
                Rule = reader.Text(),
                Life = version >= 10 && reader.Text() is { } life ? LifeForm.Read(life) : null,
                Lot = Lot(true, ref reader),
            };
        }

        return Sequence.Given(lots);
    }
}
