using Crm.Ledger;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Wallets;

/// <summary>
/// A customer's holding of one unit: lots by expiry, what is pending, and what the customer owes. Every function is pure and says which lots it moved by how much;
/// per lot, all movements ever made add up to the lot, and over all lots to available and pending less debt.
/// </summary>
public sealed partial record Wallet
{
    /// <summary>Nothing held, nothing owed.</summary>
    public static Wallet Empty { get; } = new();

    /// <summary>The lots that are not 0, by expiry, then those that idle, and those for ever last.</summary>
    public Sequence<Lot> Lots { get; init; }

    /// <summary>What is owed: units that were spent and later turned out not to have been earned. The next units that come in repay it.</summary>
    public long Debt { get; init; }

    /// <summary>Units that cannot be spent yet, by name.</summary>
    public Sequence<PendingLot> Pending { get; init; }

    /// <summary>
    /// From this instant on the lots that idle are gone, unless the member does something before. It is the account's and not the units': it begins with the first that come in, runs on though all of them are spent, and begins
    /// again with the first that come in after it was over; null where nothing ever idled.
    /// </summary>
    public Instant? IdleUntil { get; init; }

    /// <summary>What was written off in all: taken back or spent, not earned, and not asked back.</summary>
    public long Shortfall { get; init; }

    /// <summary>What can be spent.</summary>
    public long Available
    {
        get
        {
            var sum = 0L;
            foreach (ref readonly var lot in Lots.AsSpan())
            {
                sum += Math.Max(lot.Amount, 0);
            }

            return sum;
        }
    }

    /// <summary>What will be available.</summary>
    public long PendingTotal
    {
        get
        {
            var sum = 0L;
            foreach (var lot in Pending.AsSpan())
            {
                sum += lot.Lot.Amount;
            }

            return sum;
        }
    }

    /// <summary>Available less debt, below 0 for a customer who owes. What is pending is not in it.</summary>
    public long Balance
    {
        get
        {
            var sum = -Debt;
            foreach (ref readonly var lot in Lots.AsSpan())
            {
                sum += lot.Amount;
            }

            return sum;
        }
    }

    /// <summary>When the next lot runs out, if the member stays idle; null when none does.</summary>
    public Instant? NextExpiry
    {
        get
        {
            var first = Lots.IsEmpty ? null : Lots[0].Expiry;
            return IdleUntil is { } idle && !(first <= idle) && HoldsIdle ? idle : first;
        }
    }

    /// <summary>When pending units next become available or are given up; null when none do by themselves.</summary>
    public Instant? NextActivation
    {
        get
        {
            Instant? next = null;
            foreach (var lot in Pending.AsSpan())
            {
                next = lot.Due is { } due && !(next <= due) ? due : next;
            }

            return next;
        }
    }

    /// <summary>How much runs out up to an instant, that instant included, if nothing is spent.</summary>
    public long ExpiringBy(Instant instant) => Schedule.Where(lot => lot.At <= instant).Sum(lot => lot.Amount);

    /// <summary>What runs out when, lot by lot, if nothing happens; what stays for ever is not in it.</summary>
    public IEnumerable<(Instant At, long Amount, string Lot)> Schedule => Lots
        .Where(lot => lot.Amount > 0 && GoneAt(lot) is not null)
        .Select(lot => (At: GoneAt(lot) ?? default, lot.Amount, lot.Name)).OrderBy(lot => lot.At);

    /// <summary>The wallet as it is at a later instant if nothing happens until then: pending units have become available, lots have run out.</summary>
    public Wallet At(Instant later)
    {
        var wallet = this;
        while (wallet.NextActivation is { } due && due <= later)
        {
            wallet = wallet.Expire(due - Duration.Epsilon).Wallet.Activate(due).Wallet.Settled().Wallet;
        }

        return wallet.Expire(later).Wallet;
    }

    /// <summary>Adds units; a debt is repaid with them first.</summary>
    /// <param name="expiry">When they run out; null: never.</param>
    /// <param name="amount">More than 0.</param>
    public WalletChange Issue(Instant? expiry, long amount) => Issue(new Lot(expiry, amount));

    /// <summary>Adds units; a debt is repaid with them first.</summary>
    /// <param name="lot">The units; more than 0.</param>
    /// <param name="movement"><see cref="Movement.Issued"/>, <see cref="Movement.Transferred"/> from somewhere else, or <see cref="Movement.Spent"/> or <see cref="Movement.Expired"/> for units given back.</param>
    public WalletChange Issue(Lot lot, Movement movement = Movement.Issued)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(lot.Amount, nameof(lot));
        var moved = new LotMovement(lot.Name, movement, lot.Amount);
        var grown = this with { Lots = Added(Lots, lot) };
        return grown.IsSettled ? new WalletChange(grown, [moved]) : grown.Settle([moved]);
    }

    /// <summary>Adds units that cannot be spent yet.</summary>
    public WalletChange Issue(PendingLot pending)
    {
        ArgumentNullException.ThrowIfNull(pending);
        return new WalletChange(this with { Pending = Added(Pending, pending) }, [new LotMovement(pending.Name, Movement.Issued, pending.Lot.Amount)]);
    }

    /// <summary>Makes available what is due at or before an instant, and gives up what has waited in vain.</summary>
    public WalletChange Activate(Instant now) => Resolve(lot => lot.Due <= now, lot => lot.ActiveFrom is null ? null : lot.Lot);

    /// <summary>Makes available what waited for an event about another.</summary>
    /// <param name="hold">The key of the event that earned the units.</param>
    /// <param name="lotOf">The lot that the units of a rule become.</param>
    public WalletChange Release(string hold, Func<PendingLot, Lot> lotOf) => Resolve(lot => lot.Hold == hold, lot => lotOf(lot));

    /// <summary>Debts and what is held offset against each other, as they are before anything else is done.</summary>
    public WalletChange Settled() => IsSettled ? new WalletChange(this, []) : Settle([]);

    /// <summary>Takes back pending units of one event, the latest first, at most so many.</summary>
    public WalletChange TakePending(Func<PendingLot, bool> which, long most)
    {
        ArgumentNullException.ThrowIfNull(which);
        var (kept, movements, rest) = (Pending, new List<LotMovement>(), most);
        foreach (var lot in Pending.Where(which).Reverse())
        {
            var taken = Math.Min(lot.Lot.Amount, rest);
            if (taken > 0)
            {
                rest -= taken;
                kept = Added(kept, lot with { Lot = lot.Lot with { Amount = -taken } });
                movements.Add(new LotMovement(lot.Name, Movement.Reversed, -taken));
            }
        }

        return new WalletChange(this with { Pending = kept }, movements.ToSequence());
    }

    /// <summary>Takes units, those that run out first.</summary>
    /// <param name="amount">More than 0.</param>
    /// <param name="movement"><see cref="Movement.Spent"/>, <see cref="Movement.Transferred"/>, or <see cref="Movement.Reversed"/> for units taken back.</param>
    /// <param name="intoDebt">Whether what is missing is owed; otherwise nothing is taken when something is missing.</param>
    /// <param name="policy">What owing means: a debt, or a shortfall that is written off.</param>
    /// <returns>Null when the wallet does not hold enough.</returns>
    public WalletChange? Take(long amount, Movement movement = Movement.Spent, bool intoDebt = false, DebtPolicy policy = DebtPolicy.Carry)
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

        var writesOff = rest > 0 && policy != DebtPolicy.Carry;
        if (writesOff)
        {
            movements.Add(new LotMovement(Lot.Shortfall, movement, -rest));
            movements.Add(new LotMovement(Lot.Shortfall, Movement.Issued, rest));
        }
        else if (rest > 0)
        {
            movements.Add(new LotMovement(Lot.Debt, movement, -rest));
        }

        return new WalletChange(
            settled.Wallet with
            {
                Lots = lots.ToSequence(),
                Debt = writesOff ? settled.Wallet.Debt : checked(settled.Wallet.Debt + rest),
                Shortfall = writesOff ? checked(settled.Wallet.Shortfall + rest) : settled.Wallet.Shortfall,
            },
            movements.ToSequence());
    }

    /// <summary>Takes back what was given: from its own lot first, pending or not, then as a spend would.</summary>
    /// <param name="lot">The name of the lot that the units went into.</param>
    /// <param name="amount">More than 0.</param>
    /// <param name="writesOff">Whether what is not there is written off; otherwise it is owed.</param>
    public WalletChange TakeBack(string lot, long amount, bool writesOff)
    {
        ArgumentNullException.ThrowIfNull(lot);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(amount);
        var settled = Settled();
        var pending = settled.Wallet.TakePending(other => other.Name == lot, amount);
        var rest = amount + pending.Movements.Sum(movement => movement.Amount);
        var movements = settled.Movements.Concat(pending.Movements).ToList();
        var wallet = pending.Wallet;
        var name = PendingLot.Parse(lot)?.Lot.Name ?? lot;
        foreach (var own in wallet.Lots.Where(other => other.Name == name))
        {
            var taken = Math.Min(own.Amount, rest);
            rest -= taken;
            movements.Add(new LotMovement(own.Name, Movement.Reversed, -taken));
            wallet = wallet with { Lots = Added(wallet.Lots, own with { Amount = -taken }) };
        }

        if (rest > 0 && wallet.Take(rest, Movement.Reversed, intoDebt: true, writesOff ? DebtPolicy.ClampToZero : DebtPolicy.Carry) is { } more)
        {
            movements.AddRange(more.Movements);
            wallet = more.Wallet;
        }

        return new WalletChange(wallet, movements.ToSequence());
    }

    /// <summary>Gives lots another life, as an explicit act: every lot that is chosen moves to the one that it becomes.</summary>
    public WalletChange Amend(Func<Lot, Lot?> becomes)
    {
        ArgumentNullException.ThrowIfNull(becomes);
        var (wallet, movements) = (this, new List<LotMovement>());
        foreach (var lot in Lots.Where(lot => lot.Amount > 0))
        {
            if (becomes(lot) is { } other && other.Name != lot.Name)
            {
                movements.Add(new LotMovement(lot.Name, Movement.Offset, -lot.Amount));
                movements.Add(new LotMovement(other.Name, Movement.Offset, lot.Amount));
                wallet = wallet with { Lots = Added(Added(wallet.Lots, lot with { Amount = -lot.Amount }), other with { Amount = lot.Amount }) };
            }
        }

        return new WalletChange(wallet, movements.ToSequence());
    }

    /// <summary>Gives pending lots another life, which they have when they become available: every lot that is chosen becomes the lot that is said.</summary>
    internal WalletChange AmendPending(Func<PendingLot, Lot?> becomes)
    {
        var (wallet, movements) = (this, new List<LotMovement>());
        foreach (var lot in Pending.Where(lot => lot.Lot.Amount > 0))
        {
            if (becomes(lot) is { } life && lot with { Lot = life with { Amount = lot.Lot.Amount } } is var other && other.Name != lot.Name)
            {
                movements.Add(new LotMovement(lot.Name, Movement.Offset, -lot.Lot.Amount));
                movements.Add(new LotMovement(other.Name, Movement.Offset, lot.Lot.Amount));
                wallet = wallet with { Pending = Added(Added(wallet.Pending, lot with { Lot = lot.Lot with { Amount = -lot.Lot.Amount } }), other) };
            }
        }

        return new WalletChange(wallet, movements.ToSequence());
    }

    /// <summary>Moves units between lots once more, as they were moved: out of each as many as there are, and no more than went from it then. What goes to debts and comes from them does so by itself.</summary>
    internal WalletChange MoveBetween(IEnumerable<LedgerEntry> recorded)
    {
        var (wallet, movements) = (this, new List<LotMovement>());
        foreach (var (from, to, most) in Pairs(recorded))
        {
            var (lot, pending) = (wallet.Lots.FirstOrDefault(lot => lot.Name == from), wallet.Pending.FirstOrDefault(lot => lot.Name == from));
            if (Math.Min(pending?.Lot.Amount ?? lot.Amount, most) is > 0 and var amount)
            {
                wallet = pending is null ? wallet with { Lots = Added(wallet.Lots, lot with { Amount = -amount }) } : wallet with { Pending = Added(wallet.Pending, pending with { Lot = pending.Lot with { Amount = -amount } }) };
                wallet = PendingLot.Parse(to) is { } waits ? wallet with { Pending = Added(wallet.Pending, waits with { Lot = waits.Lot with { Amount = amount } }) }
                    : wallet with { Lots = Added(wallet.Lots, (Lot.Parse(to) ?? default) with { Amount = amount }) };
                movements.Add(new LotMovement(from, Movement.Offset, -amount));
                movements.Add(new LotMovement(to, Movement.Offset, amount));
            }
        }

        return new WalletChange(wallet, movements.ToSequence());
    }

    // What the books have of several lots that became one is one sum, so what went out is matched with what came in, in their order.
    private static IEnumerable<(string From, string To, long Amount)> Pairs(IEnumerable<LedgerEntry> recorded)
    {
        var into = recorded.Where(entry => entry.Amount > 0 && (PendingLot.Parse(entry.Lot) is not null || Lot.Parse(entry.Lot) is not null)).Select(entry => (entry.Lot, entry.Amount)).ToList();
        foreach (var from in recorded.Where(entry => entry.Amount < 0))
        {
            for (var (rest, i) = (-from.Amount, 0); rest > 0 && i < into.Count; i++)
            {
                var part = Math.Min(rest, into[i].Amount);
                rest -= part;
                into[i] = (into[i].Lot, into[i].Amount - part);
                if (part > 0)
                {
                    yield return (from.Lot, into[i].Lot, part);
                }
            }
        }
    }

    /// <summary>Puts back what was set aside: to its lots, and to what was owed for it. The movements add up to what is put back.</summary>
    /// <param name="lots">What returns, each to its lot.</param>
    /// <param name="owed">What was owed for it, and is no longer; 0 or more.</param>
    internal WalletChange PutBack(Sequence<Lot> lots, long owed)
    {
        var movements = new List<LotMovement>();
        var wallet = this;
        foreach (var lot in lots)
        {
            movements.Add(new LotMovement(lot.Name, Movement.Offset, lot.Amount));
            wallet = wallet with { Lots = Added(wallet.Lots, lot) };
        }

        if (owed != 0)
        {
            movements.Add(new LotMovement(Lot.Debt, Movement.Offset, owed));
            wallet = wallet with { Debt = checked(wallet.Debt - owed) };
        }

        return wallet.IsSettled ? new WalletChange(wallet, movements.ToSequence()) : wallet.Settle(movements);
    }

    /// <summary>Writes off a part of what is owed: it is recorded as shortfall, and asked of nobody any more.</summary>
    /// <param name="amount">0 up to <see cref="Debt"/>.</param>
    internal WalletChange Forgive(long amount) => amount == 0 ? new WalletChange(this, []) : new WalletChange(
        this with { Debt = checked(Debt - amount), Shortfall = checked(Shortfall + amount) },
        [new LotMovement(Lot.Debt, Movement.Offset, amount), new LotMovement(Lot.Shortfall, Movement.Offset, -amount), new LotMovement(Lot.Shortfall, Movement.Issued, amount)]);

    /// <summary>What was spent, or set aside, without being there came back: so much less is written off.</summary>
    /// <param name="amount">0 up to what that had written off.</param>
    /// <param name="movement">What had taken it.</param>
    internal WalletChange WriteOffLess(long amount, Movement movement = Movement.Spent) => amount == 0 ? new WalletChange(this, []) : new WalletChange(
        this with { Shortfall = checked(Shortfall - amount) },
        [new LotMovement(Lot.Shortfall, movement, amount), new LotMovement(Lot.Shortfall, Movement.Issued, -amount)]);

    /// <summary>Removes all that is held, what cannot be spent yet among it; what is owed stays owed.</summary>
    internal WalletChange Forfeit()
    {
        var (settled, movements) = Settled();
        return new WalletChange(
            settled with { Lots = [], Pending = [] },
            [
                .. movements,
                .. settled.Lots.Select(lot => new LotMovement(lot.Name, Movement.Expired, -lot.Amount)),
                .. settled.Pending.Select(lot => new LotMovement(lot.Name, Movement.Expired, -lot.Lot.Amount)),
            ]);
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

        var idle = gone;
        while (idle < lots.Length && lots[idle].Expiry is not null)
        {
            idle++;
        }

        var afterIdle = idle;
        while (wallet.IdleUntil <= now && afterIdle < lots.Length && lots[afterIdle].Idles)
        {
            afterIdle++;
        }

        var expired = new LotMovement[movements.Count + gone + afterIdle - idle];
        movements.AsSpan().CopyTo(expired);
        var at = movements.Count;
        for (var i = 0; i < afterIdle; i++)
        {
            if (i < gone || i >= idle)
            {
                expired[at++] = new LotMovement(lots[i].Name, Movement.Expired, -lots[i].Amount);
            }
        }

        return new WalletChange(wallet with { Lots = afterIdle == idle ? Sequence.Create(lots[gone..]) : Sequence.Create<Lot>([.. lots[gone..idle], .. lots[afterIdle..]]) }, Sequence.Given(expired));
    }

    /// <summary>This wallet with the difference of two others added lot by lot. A lot may come out below 0; the next movement turns that into debt.</summary>
    public Wallet Plus(Wallet with, Wallet without)
    {
        ArgumentNullException.ThrowIfNull(with);
        ArgumentNullException.ThrowIfNull(without);
        var lots = Lots;
        foreach (var lot in with.Lots)
        {
            lots = Added(lots, lot);
        }

        foreach (var lot in without.Lots)
        {
            lots = Added(lots, lot with { Amount = -lot.Amount });
        }

        var pending = Pending;
        foreach (var lot in with.Pending)
        {
            pending = Added(pending, lot);
        }

        foreach (var lot in without.Pending)
        {
            pending = Added(pending, lot with { Lot = lot.Lot with { Amount = -lot.Lot.Amount } });
        }

        return this with
        {
            Lots = lots,
            Pending = pending,
            Debt = checked(Debt + with.Debt - without.Debt),
            Shortfall = checked(Shortfall + with.Shortfall - without.Shortfall),
            IdleUntil = with.IdleUntil == without.IdleUntil ? IdleUntil : with.IdleUntil,
        };
    }

    /// <summary>Whether there is a lot that idles.</summary>
    internal bool HoldsIdle
    {
        get
        {
            foreach (ref readonly var lot in Lots.AsSpan())
            {
                if (lot.Idles)
                {
                    return true;
                }
            }

            return false;
        }
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

            foreach (ref readonly var lot in Lots.AsSpan())
            {
                if (lot.Amount < 0 || Debt > 0)
                {
                    return false;
                }
            }

            return true;
        }
    }

    /// <summary>When a lot of the wallet runs out, if the member stays idle; null: never.</summary>
    internal Instant? GoneAt(Lot lot) => lot.Idles ? IdleUntil : lot.Expiry;

    private WalletChange Resolve(Func<PendingLot, bool> which, Func<PendingLot, Lot?> becomes)
    {
        var (wallet, movements) = (this, new List<LotMovement>());
        foreach (var lot in Pending.Where(which))
        {
            wallet = wallet with { Pending = wallet.Pending.Where(other => other != lot).ToSequence() };
            if (becomes(lot) is not { } active)
            {
                movements.Add(new LotMovement(lot.Name, Movement.Reversed, -lot.Lot.Amount));
                continue;
            }

            movements.Add(new LotMovement(lot.Name, Movement.Offset, -lot.Lot.Amount));
            movements.Add(new LotMovement(active.Name, Movement.Offset, lot.Lot.Amount));
            wallet = wallet with { Lots = Added(wallet.Lots, active with { Amount = lot.Lot.Amount }) };
        }

        return new WalletChange(wallet, movements.ToSequence());
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
            return new WalletChange(this with { Lots = Added(lots.ToSequence(), new Lot(null, -owed)), Debt = 0 }, movements.ToSequence());
        }

        for (var i = 0; owed > 0 && i < lots.Count; i++)
        {
            var repaid = Math.Min(lots[i].Amount, owed);
            owed -= repaid;
            movements.Add(new LotMovement(lots[i].Name, Movement.Offset, -repaid));
            movements.Add(new LotMovement(Lot.Debt, Movement.Offset, repaid));
            lots[i] = lots[i] with { Amount = lots[i].Amount - repaid };
        }

        return new WalletChange(this with { Lots = lots.Where(lot => lot.Amount != 0).ToSequence(), Debt = owed }, movements.ToSequence());
    }

    private static Sequence<PendingLot> Added(Sequence<PendingLot> lots, PendingLot lot)
    {
        var name = lot.Name;
        var same = lots.FirstOrDefault(other => other.Name == name);
        var sum = checked((same?.Lot.Amount ?? 0) + lot.Lot.Amount);
        var rest = lots.Where(other => other.Name != name);
        return (sum == 0 ? rest : rest.Append(lot with { Lot = lot.Lot with { Amount = sum } })).OrderBy(other => other.Name, StringComparer.Ordinal).ToSequence();
    }

    private static Sequence<Lot> Added(Sequence<Lot> lots, Lot lot)
    {
        if (lot.Amount == 0)
        {
            return lots;
        }

        // What comes in mostly runs out last, so its place is looked for from the end.
        var old = lots.AsSpan();
        var after = old.Length;
        while (after > 0 && old[after - 1].Compare(lot) > 0)
        {
            after--;
        }

        var same = after > 0 && old[after - 1].Compare(lot) == 0;
        var before = same ? after - 1 : after;
        var sum = same ? checked(old[before].Amount + lot.Amount) : lot.Amount;
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
