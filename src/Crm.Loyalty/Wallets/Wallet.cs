using Crm.Ledger;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Wallets;

/// <summary>
/// A customer's holding of one unit: lots by expiry, and what the customer owes. Every function is pure and says which lots it moved by how much;
/// per lot, all movements ever made add up to the lot, and over all lots to available less debt.
/// </summary>
public sealed record Wallet
{
    /// <summary>Nothing held, nothing owed.</summary>
    public static Wallet Empty { get; } = new();

    /// <summary>The lots that are not 0, by expiry, those for ever last.</summary>
    public Sequence<Lot> Lots { get; init; }

    /// <summary>What is owed: units that were spent and later turned out not to have been earned. The next units that come in repay it.</summary>
    public long Debt { get; init; }

    /// <summary>What can be spent.</summary>
    public long Available
    {
        get
        {
            var sum = 0L;
            foreach (var lot in Lots)
            {
                sum += Math.Max(lot.Amount, 0);
            }

            return sum;
        }
    }

    /// <summary>What all movements add up to: available less debt, below 0 for a customer who owes.</summary>
    public long Balance
    {
        get
        {
            var sum = -Debt;
            foreach (var lot in Lots)
            {
                sum += lot.Amount;
            }

            return sum;
        }
    }

    /// <summary>When the next lot runs out; null when none does.</summary>
    public Instant? NextExpiry => Lots.IsEmpty ? null : Lots[0].Expiry;

    /// <summary>How much runs out up to an instant, that instant included, if nothing is spent.</summary>
    public long ExpiringBy(Instant instant)
    {
        var sum = 0L;
        foreach (var lot in Lots)
        {
            sum += lot.Expiry <= instant ? Math.Max(lot.Amount, 0) : 0;
        }

        return sum;
    }

    /// <summary>Adds units; a debt is repaid with them first.</summary>
    /// <param name="expiry">When they run out; null: never.</param>
    /// <param name="amount">More than 0.</param>
    public WalletChange Issue(Instant? expiry, long amount)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(amount);
        var movement = new LotMovement(Lot.NameOf(expiry), Movement.Issued, amount);
        var grown = this with { Lots = Added(Lots, expiry, amount) };
        return grown.IsSettled ? new WalletChange(grown, [movement]) : grown.Settle([movement]);
    }

    /// <summary>Takes units, those that run out first.</summary>
    /// <param name="amount">More than 0.</param>
    /// <param name="movement"><see cref="Movement.Spent"/>, or <see cref="Movement.Reversed"/> for units taken back.</param>
    /// <param name="intoDebt">Whether what is missing is owed; otherwise nothing is taken when something is missing.</param>
    /// <returns>Null when the wallet does not hold enough.</returns>
    public WalletChange? Take(long amount, Movement movement = Movement.Spent, bool intoDebt = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(amount);
        var settled = IsSettled ? new WalletChange(this, []) : Settle([]);
        if (!intoDebt && settled.Wallet.Available < amount)
        {
            return null;
        }

        var movements = settled.Movements.ToList();
        var lots = new List<Lot>(settled.Wallet.Lots.Count);
        var rest = amount;
        foreach (var lot in settled.Wallet.Lots)
        {
            var taken = Math.Min(lot.Amount, rest);
            rest -= taken;
            if (taken > 0)
            {
                movements.Add(new LotMovement(lot.Name, movement, -taken));
            }

            if (lot.Amount > taken)
            {
                lots.Add(lot with { Amount = lot.Amount - taken });
            }
        }

        if (rest > 0)
        {
            movements.Add(new LotMovement(Lot.Debt, movement, -rest));
        }

        return new WalletChange(new Wallet { Lots = lots.ToSequence(), Debt = checked(settled.Wallet.Debt + rest) }, movements.ToSequence());
    }

    /// <summary>Removes what runs out at or before an instant.</summary>
    public WalletChange Expire(Instant now)
    {
        if (!(NextExpiry <= now))
        {
            return new WalletChange(this, []);
        }

        // A lot below 0 must not turn a debt into nothing by running out, so debts come first.
        var (wallet, movements) = IsSettled ? new WalletChange(this, []) : Settle([]);
        var lots = wallet.Lots.AsSpan();
        var gone = 0;
        while (gone < lots.Length && lots[gone].Expiry <= now)
        {
            gone++;
        }

        var expired = new LotMovement[movements.Count + gone];
        movements.AsSpan().CopyTo(expired);
        for (var i = 0; i < gone; i++)
        {
            expired[movements.Count + i] = new LotMovement(lots[i].Name, Movement.Expired, -lots[i].Amount);
        }

        return new WalletChange(wallet with { Lots = Sequence.Create(lots[gone..]) }, Sequence.Given(expired));
    }

    /// <summary>This wallet with the difference of two others added lot by lot. A lot may come out below 0; the next movement turns that into debt.</summary>
    public Wallet Plus(Wallet with, Wallet without)
    {
        ArgumentNullException.ThrowIfNull(with);
        ArgumentNullException.ThrowIfNull(without);
        var lots = Lots;
        foreach (var lot in with.Lots)
        {
            lots = Added(lots, lot.Expiry, lot.Amount);
        }

        foreach (var lot in without.Lots)
        {
            lots = Added(lots, lot.Expiry, -lot.Amount);
        }

        return new Wallet { Lots = lots, Debt = checked(Debt + with.Debt - without.Debt) };
    }

    /// <summary>No lot is below 0, and nothing is owed while something is held.</summary>
    private bool IsSettled
    {
        get
        {
            if (Debt < 0)
            {
                return false;
            }

            foreach (var lot in Lots)
            {
                if (lot.Amount < 0 || Debt > 0)
                {
                    return false;
                }
            }

            return true;
        }
    }

    /// <summary>Moves lots below 0 into the debt, and repays the debt with what runs out first. Each pair of movements adds up to 0.</summary>
    private WalletChange Settle(List<LotMovement> movements)
    {
        var owed = Debt;
        var lots = new List<Lot>(Lots.Count + 1);
        foreach (var lot in Lots)
        {
            if (lot.Amount < 0)
            {
                owed = checked(owed - lot.Amount);
                movements.Add(new LotMovement(lot.Name, Movement.Offset, -lot.Amount));
                movements.Add(new LotMovement(Lot.Debt, Movement.Offset, lot.Amount));
            }
            else
            {
                lots.Add(lot);
            }
        }

        if (owed < 0)
        {
            // A correction took back more debt than there was: the customer holds what is over.
            movements.Add(new LotMovement(Lot.Debt, Movement.Offset, owed));
            movements.Add(new LotMovement(Lot.Forever, Movement.Offset, -owed));
            return new WalletChange(new Wallet { Lots = Added(lots.ToSequence(), null, -owed) }, movements.ToSequence());
        }

        for (var i = 0; owed > 0 && i < lots.Count; i++)
        {
            var repaid = Math.Min(lots[i].Amount, owed);
            owed -= repaid;
            movements.Add(new LotMovement(lots[i].Name, Movement.Offset, -repaid));
            movements.Add(new LotMovement(Lot.Debt, Movement.Offset, repaid));
            lots[i] = lots[i] with { Amount = lots[i].Amount - repaid };
        }

        return new WalletChange(new Wallet { Lots = lots.Where(lot => lot.Amount != 0).ToSequence(), Debt = owed }, movements.ToSequence());
    }

    private static Sequence<Lot> Added(Sequence<Lot> lots, Instant? expiry, long amount)
    {
        if (amount == 0)
        {
            return lots;
        }

        // What comes in mostly runs out last, so its place is looked for from the end.
        var lot = new Lot(expiry, amount);
        var old = lots.AsSpan();
        var after = old.Length;
        while (after > 0 && old[after - 1].CompareExpiry(lot) > 0)
        {
            after--;
        }

        var same = after > 0 && old[after - 1].CompareExpiry(lot) == 0;
        var before = same ? after - 1 : after;
        var sum = same ? checked(old[before].Amount + amount) : amount;
        var kept = sum == 0 ? 0 : 1;
        var result = new Lot[before + kept + old.Length - after];
        old[..before].CopyTo(result);
        if (kept == 1)
        {
            result[before] = lot with { Amount = sum };
        }

        old[after..].CopyTo(result.AsSpan(before + kept));
        return Sequence.Given(result);
    }
}

/// <summary>A wallet after something was done to it.</summary>
/// <param name="Wallet">The wallet.</param>
/// <param name="Movements">Which lots moved, in the order they did.</param>
public sealed record WalletChange(Wallet Wallet, Sequence<LotMovement> Movements);

/// <summary>The change of one lot.</summary>
/// <param name="Lot">The lot's name, or <see cref="Wallets.Lot.Debt"/>.</param>
/// <param name="Movement">What kind of change.</param>
/// <param name="Amount">By how much; never 0.</param>
public readonly record struct LotMovement(string Lot, Movement Movement, long Amount);
