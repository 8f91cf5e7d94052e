using Crm.Loyalty.Challenges;
using Crm.Loyalty.Members;
using Crm.Loyalty.Pools;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Stamps;
using Crm.Loyalty.Tiers;
using Crm.Loyalty.Wallets;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Memberships;

/// <summary>What the loyalty module keeps of a customer: one membership for each programme in which something was ever earned or spent.</summary>
public sealed record LoyaltyState
{
    /// <summary>No membership.</summary>
    public static LoyaltyState Empty { get; } = new();

    /// <summary>The memberships, by name of the programme.</summary>
    public Sequence<Membership> Memberships { get; init; }

    /// <summary>The membership in a programme; one without anything where there is none.</summary>
    public Membership In(string program)
    {
        foreach (var membership in Memberships)
        {
            if (string.Equals(membership.Program, program, StringComparison.Ordinal))
            {
                return membership;
            }
        }

        return new Membership { Program = program };
    }

    /// <summary>All wallets lot by lot, as the ledger names them, what is pending and what is set aside among them; what is owed is the lot <see cref="Lot.Debt"/>, below 0.</summary>
    internal IEnumerable<UnitsHeld> Held =>
        from membership in Memberships
        from holding in membership.Holdings
        from lot in holding.Wallet.Lots.Select(lot => (lot.Name, lot.Amount))
            .Concat(holding.Wallet.Pending.Select(lot => (lot.Name, lot.Lot.Amount)))
            .Append((Name: Lot.Debt, Amount: -holding.Wallet.Debt))
            .Append((Name: Reservation.Lot, Amount: membership.Reserved(holding.Unit)))
        where lot.Amount != 0
        select new UnitsHeld(membership.Program, holding.Unit, lot.Name, lot.Amount);

    internal LoyaltyState With(Membership membership) =>
        this with { Memberships = Memberships.With(membership, static item => item.Program) };

    /// <summary>This state with the difference of two others added, lot by lot and count by count.</summary>
    internal LoyaltyState Plus(LoyaltyState with, LoyaltyState without)
    {
        var sum = this;
        foreach (var program in with.Memberships.Concat(without.Memberships).Select(membership => membership.Program).Distinct(StringComparer.Ordinal))
        {
            sum = sum.With(In(program).Plus(with.In(program), without.In(program)));
        }

        return sum;
    }
}

/// <summary>A customer in one programme.</summary>
public sealed record Membership
{
    /// <summary>The programme.</summary>
    public required string Program { get; init; }

    /// <summary>The wallets, by unit.</summary>
    public Sequence<Holding> Holdings { get; init; }

    /// <summary>Where the customer stands on each ladder, by its name.</summary>
    public Sequence<TierStanding> Standings { get; init; }

    /// <summary>Where the customer stands on each stamp card, by its name.</summary>
    public Sequence<CardStanding> Cards { get; init; }

    /// <summary>What limits, frequencies and rests have counted, by name.</summary>
    public Sequence<Tally> Tallies { get; init; }

    /// <summary>What events earned, for refunds that reach no further; empty in programmes whose refunds decide history again.</summary>
    public Sequence<KeptAward> Awards { get; init; }

    /// <summary>What a tally has counted in a span; 0 where it has counted nothing in it.</summary>
    /// <param name="name">The tally.</param>
    /// <param name="period">The span; what another counted is over.</param>
    public long Counted(string name, long period = 0)
    {
        var tallies = Tallies.AsSpan();
        var (low, high) = (0, tallies.Length - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var order = string.CompareOrdinal(tallies[middle].Name, name);
            if (order == 0)
            {
                return tallies[middle].Period == period ? tallies[middle].Amount : 0;
            }

            (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return 0;
    }

    /// <summary>The tallies whose names begin so, by name: a list of its own, so that they may be counted while it is gone through.</summary>
    internal IReadOnlyList<Tally> TalliesOf(string beginning)
    {
        var tallies = Tallies.AsSpan();
        var from = 0;
        for (var to = tallies.Length; from < to;)
        {
            var middle = (from + to) / 2;
            (from, to) = string.CompareOrdinal(tallies[middle].Name, beginning) < 0 ? (middle + 1, to) : (from, middle);
        }

        var end = from;
        while (end < tallies.Length && tallies[end].Name.StartsWith(beginning, StringComparison.Ordinal))
        {
            end++;
        }

        return tallies[from..end].ToArray();
    }

    internal Membership With(Tally tally) => this with { Tallies = tally.Amount == 0 ? Tallies.Where(one => one.Name != tally.Name).ToSequence() : Tallies.With(tally, static item => item.Name) };
    /// <summary>How the membership began and what it is now; null where nobody ever joined.</summary>
    public MembershipLife? Life { get; init; }

    /// <summary>Whether a hidden programme has given something, and so is no secret any more.</summary>
    public bool Revealed { get; init; }

    /// <summary>The members of an account that is a pool; null: it is a person's own.</summary>
    public PoolStanding? Pool { get; init; }

    /// <summary>Who brought the customer; null: nobody.</summary>
    public ReferralStanding? Referral { get; init; }

    /// <summary>What is set aside, by the key of the request.</summary>
    public Sequence<Reservation> Reservations { get; init; }

    /// <summary>What the member wants to use for carts that are still open, by the cart.</summary>
    public Sequence<CartRequest> Carts { get; init; }

    /// <summary>What the member has had of each reward, by its name.</summary>
    public Sequence<RewardStanding> Rewards { get; init; }

    /// <summary>Whether nothing of it has happened yet in a history that is decided again, but for codes that will be used.</summary>
    internal bool IsOnlySeen => Rewards.All(reward => reward is { Taken: 0, Recent.IsEmpty: true, Open.IsEmpty: true }) && !Rewards.IsEmpty && this with { Rewards = [] } == new Membership { Program = Program };

    /// <summary>How far the member is with each challenge, by its name.</summary>
    public Sequence<ChallengeStanding> Challenges { get; init; }

    /// <summary>How far the member is with a challenge; null where nothing was done for it.</summary>
    public ChallengeStanding? Challenge(string name)
    {
        foreach (var challenge in Challenges)
        {
            if (string.Equals(challenge.Challenge, name, StringComparison.Ordinal))
            {
                return challenge;
            }
        }

        return null;
    }

    /// <summary>How many units of a wallet are set aside.</summary>
    public long Reserved(string unit)
    {
        var sum = 0L;
        foreach (var reservation in Reservations)
        {
            sum += reservation.Unit == unit ? reservation.Amount : 0;
        }

        return sum;
    }

    /// <summary>What the member has of a unit, kind by kind.</summary>
    public WalletBalances Balances(string unit)
    {
        var wallet = Wallet(unit).Settled().Wallet;
        return new WalletBalances(wallet.Available, wallet.PendingTotal, Reserved(unit), wallet.Debt);
    }

    /// <summary>What the member will have of a unit at a later instant if nothing happens until then: pending units have become available, what was set aside has returned at its time, lots have run out.</summary>
    public WalletBalances BalancesAt(string unit, Instant later)
    {
        var (wallet, reserved) = (Wallet(unit), 0L);
        foreach (var reservation in Reservations.Where(item => item.Unit == unit).OrderBy(item => item.Until))
        {
            if (reservation.Until > later)
            {
                reserved = checked(reserved + reservation.Amount);
                continue;
            }

            wallet = wallet.At(reservation.Until - Duration.Epsilon).Activate(reservation.Until).Wallet.Settled().Wallet;
            wallet = wallet.PutBack(reservation.Lots, reservation.InDebt).Wallet.Expire(reservation.Until).Wallet;
        }

        wallet = wallet.At(later).Settled().Wallet;
        return new WalletBalances(wallet.Available, wallet.PendingTotal, reserved, wallet.Debt);
    }

    /// <summary>The wallet of a unit; an empty one where nothing was ever earned.</summary>
    public Wallet Wallet(string unit)
    {
        foreach (var holding in Holdings)
        {
            if (string.Equals(holding.Unit, unit, StringComparison.Ordinal))
            {
                return holding.Wallet;
            }
        }

        return Wallets.Wallet.Empty;
    }

    /// <summary>The standing on a ladder; null where nothing was ever earned for it.</summary>
    public TierStanding? Standing(string ladder = TierLadder.UsualName)
    {
        foreach (var standing in Standings)
        {
            if (string.Equals(standing.Ladder, ladder, StringComparison.Ordinal))
            {
                return standing;
            }
        }

        return null;
    }

    /// <summary>The standing on a stamp card; an empty card where nothing was ever stamped.</summary>
    public CardStanding Card(string name)
    {
        foreach (var card in Cards)
        {
            if (string.Equals(card.Card, name, StringComparison.Ordinal))
            {
                return card;
            }
        }

        return new CardStanding { Card = name };
    }

    internal Membership With(Reservation reservation) => this with { Reservations = Reservations.With(reservation, static item => item.Id) };

    internal Membership Without(Reservation reservation) => this with { Reservations = Reservations.Where(item => item.Id != reservation.Id).ToSequence() };

    internal Membership With(CartRequest cart) => this with { Carts = Carts.With(cart, static item => item.Cart) };

    internal Membership WithoutCart(string cart) => this with { Carts = Carts.Where(item => item.Cart != cart).ToSequence() };

    internal Membership With(RewardStanding reward) => this with { Rewards = Rewards.With(reward, static item => item.Reward) };

    internal Membership With(ChallengeStanding challenge) => this with { Challenges = Challenges.With(challenge, static item => item.Challenge) };

    internal Membership With(CardStanding card) => this with { Cards = Cards.With(card, static item => item.Card) };

    internal Membership With(string unit, Wallet wallet) => this with { Holdings = Holdings.With(new Holding(unit, wallet), static item => item.Unit) };

    internal Membership With(TierStanding standing) => this with { Standings = Standings.With(standing, static item => item.Ladder) };

    internal Membership Plus(Membership with, Membership without)
    {
        var sum = this;
        foreach (var unit in with.Holdings.Concat(without.Holdings).Select(holding => holding.Unit).Distinct(StringComparer.Ordinal))
        {
            sum = sum.With(unit, Wallet(unit).Plus(with.Wallet(unit), without.Wallet(unit)));
        }

        foreach (var ladder in with.Standings.Concat(without.Standings).Select(standing => standing.Ladder).Distinct(StringComparer.Ordinal))
        {
            var (one, other) = (with.Standing(ladder), without.Standing(ladder));
            var stored = Standing(ladder) ?? new TierStanding { Ladder = ladder, Joined = (one ?? other)?.Joined ?? default };
            sum = sum.With(stored.Plus(one, other));
        }

        foreach (var tally in with.Tallies.Concat(without.Tallies).Where(one => !LoyaltyNames.IsOfReplay(one.Name)).DistinctBy(one => (one.Name, one.Period)))
        {
            // A span that is over for one of them is over: what counts now is what the later one counts in.
            var stored = Tallies.FirstOrDefault(one => one.Name == tally.Name);
            if (stored.Name is null || stored.Period == tally.Period)
            {
                var (more, less) = (with.Counted(tally.Name, tally.Period), without.Counted(tally.Name, tally.Period));
                // A rest that is carried is none of what was counted: the difference of two says nothing.
                sum = sum.With(tally with { Amount = more == less ? stored.Amount : LoyaltyNames.IsCarried(tally.Name) ? more : stored.Amount + more - less });
            }
        }

        foreach (var card in with.Cards.Concat(without.Cards).Select(card => card.Card).Distinct(StringComparer.Ordinal))
        {
            sum = sum.With(Card(card).Plus(with.Card(card), without.Card(card)));
        }

        return sum.PlusTheRest(with, without);
    }
}

/// <summary>A customer's wallet of one unit.</summary>
/// <param name="Unit">The unit.</param>
/// <param name="Wallet">What is held and owed.</param>
public readonly record struct Holding(string Unit, Wallet Wallet);
