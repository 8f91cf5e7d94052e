using Crm.Loyalty.Challenges;
using Crm.Loyalty.Members;
using Crm.Loyalty.Pools;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Wallets;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Memberships;

/// <summary>Writes and reads what most members have nothing of: reservations, rewards, challenges, carts, a referral, a life of membership.</summary>
internal static class MemberCodec
{
    public static void Write(Membership membership, SlotWriter writer)
    {
        writer.Whole((membership.Life is null ? 0 : 1) + (membership.Revealed ? 2 : 0) + (membership.Referral is null ? 0 : 4)
            + (membership.Reservations.IsEmpty ? 0 : 8) + (membership.Rewards.IsEmpty ? 0 : 16) + (membership.Challenges.IsEmpty ? 0 : 32) + (membership.Carts.IsEmpty ? 0 : 64) + (membership.Pool is null ? 0 : 128));
        if (membership.Life is { } life)
        {
            writer.Whole((int)life.Status);
            writer.Instant(life.Since);
            writer.Instant(life.Joined);
            writer.Whole(life.Times);
            writer.Text(life.Terms);
        }

        if (membership.Referral is { } referral)
        {
            Write(referral.Advocate, writer);
            writer.Flag(referral.Flagged);
            writer.Whole(referral.Purchases);
            writer.Whole(referral.Payments);
            Instants(referral.Waiting, writer);
            writer.Whole(referral.Brought.Count);
            foreach (var money in referral.Brought)
            {
                writer.Text(money.Currency.Code);
                writer.Whole(money.MinorUnits);
            }
        }

        Many(membership.Reservations, writer, Write);
        Many(membership.Rewards, writer, Write);
        Many(membership.Challenges, writer, Write);
        Many(membership.Carts, writer, Write);
        if (membership.Pool is { } pool)
        {
            Write(pool, writer);
        }
    }

    public static Membership Read(int version, Membership membership, Func<string, int, string[]>? goals, ref SlotReader reader)
    {
        var has = reader.Int();
        if (has == 0)
        {
            return membership;
        }

        if ((has & 1) != 0)
        {
            membership = membership with { Life = Life(version, ref reader) };
        }

        if ((has & 4) != 0)
        {
            membership = membership with
            {
                Referral = new ReferralStanding
                {
                    Advocate = Customer(ref reader),
                    Flagged = reader.Flag(),
                    Purchases = reader.Int(),
                    Payments = reader.Int(),
                    Waiting = Instants(ref reader),
                    Brought = version >= 7 ? Monies(ref reader) : [],
                },
            };
        }

        return membership with
        {
            Revealed = (has & 2) != 0,
            Reservations = (has & 8) != 0 ? Reservations(version, ref reader) : [],
            Rewards = (has & 16) != 0 ? Rewards(version, ref reader) : [],
            Challenges = (has & 32) != 0 ? Challenges(version, goals, ref reader) : [],
            Carts = (has & 64) != 0 ? Carts(version, ref reader) : [],
            Pool = (has & 128) != 0 ? Pool(ref reader) : null,
        };
    }

    // Who had never joined was taken for having joined when they were suspended or left.
    private static MembershipLife Life(int version, ref SlotReader reader)
    {
        var (status, since) = ((MemberStatus)reader.Int(), reader.Instant());
        var joined = version >= 14 ? reader.InstantOrNull() : reader.Instant();
        var life = new MembershipLife(status, since, joined, reader.Int(), reader.Text());
        return version < 14 && life.Times == 0 ? life with { Joined = null } : life;
    }

    private static Sequence<Money> Monies(ref SlotReader reader)
    {
        var monies = new Money[reader.Int()];
        for (var i = 0; i < monies.Length; i++)
        {
            var currency = Currency.Of(reader.Name());
            monies[i] = new Money(reader.Whole(), currency);
        }

        return Sequence.Given(monies);
    }

    private static void Write(Reservation reservation, SlotWriter writer)
    {
        writer.Text(reservation.Id);
        writer.Text(reservation.Unit);
        writer.Instant(reservation.Until);
        writer.Text(reservation.Reward);
        writer.Whole(reservation.Times);
        writer.Whole(reservation.Owed);
        writer.Flag(reservation.IsWrittenOff);
        writer.Whole(reservation.Lots.Count);
        foreach (var lot in reservation.Lots)
        {
            WalletCodec.Write(lot, kinds: true, writer);
        }
    }

    private static Sequence<Reservation> Reservations(int version, ref SlotReader reader)
    {
        var reservations = new Reservation[reader.Int()];
        for (var i = 0; i < reservations.Length; i++)
        {
            var read = new Reservation { Id = reader.Code(), Unit = reader.Name(), Until = reader.Instant(), Reward = reader.Text(), Times = reader.Int(), Owed = reader.Whole(), IsWrittenOff = version >= 14 && reader.Flag() };
            var lots = new Lot[reader.Int()];
            for (var j = 0; j < lots.Length; j++)
            {
                lots[j] = WalletCodec.Lot(kinds: true, ref reader);
            }

            reservations[i] = read with { Lots = Sequence.Given(lots) };
        }

        return Sequence.Given(reservations);
    }

    private static void Write(RewardStanding reward, SlotWriter writer)
    {
        writer.Text(reward.Reward);
        writer.Whole(reward.Taken);
        Instants(reward.Recent, writer);
        writer.Whole(reward.Open.Count);
        foreach (var open in reward.Open)
        {
            writer.Text(open.Code);
            writer.Instant(open.Until);
            Had(open.Times, open.Paid, writer);
        }

        writer.Whole(reward.Used.Count);
        foreach (var used in reward.Used)
        {
            writer.Text(used.Code);
            writer.Instant(used.At);
            Had(used.Times, used.Paid, writer);
            writer.Instant(used.Until);
        }
    }

    private static void Had(int times, UnitAmount? paid, SlotWriter writer)
    {
        writer.Whole(times);
        writer.Text(paid?.Unit);
        writer.Whole(paid?.Amount ?? 0);
    }

    private static (int Times, UnitAmount? Paid) Had(ref SlotReader reader)
    {
        var (times, unit, amount) = (reader.Int(), reader.Text(), reader.Whole());
        return (times, unit is null ? null : new UnitAmount(unit, amount));
    }

    private static Sequence<RewardStanding> Rewards(int version, ref SlotReader reader)
    {
        var rewards = new RewardStanding[reader.Int()];
        for (var i = 0; i < rewards.Length; i++)
        {
            var read = new RewardStanding { Reward = reader.Name(), Taken = reader.Whole(), Recent = Instants(ref reader) };
            var open = new IssuedReward[reader.Int()];
            for (var j = 0; j < open.Length; j++)
            {
                open[j] = new IssuedReward(reader.Code(), reader.InstantOrNull());
                var (times, paid) = version >= 10 ? Had(ref reader) : (1, null);
                open[j] = open[j] with { Times = times, Paid = paid };
            }

            var used = new UsedReward[version >= 10 ? reader.Int() : 0];
            for (var j = 0; j < used.Length; j++)
            {
                var (code, at) = (reader.Code(), reader.Instant());
                var (times, paid) = Had(ref reader);
                used[j] = new UsedReward(code, at, times, paid) { Until = version >= 12 ? reader.InstantOrNull() : null };
            }

            rewards[i] = read with { Open = Sequence.Given(open), Used = Sequence.Given(used) };
        }

        return Sequence.Given(rewards);
    }

    private static void Write(ChallengeStanding challenge, SlotWriter writer)
    {
        writer.Text(challenge.Challenge);
        writer.Whole((challenge.Joined ? 1 : 0) + (challenge.Met ? 2 : 0) + (challenge.Period is null ? 0 : 4) + (challenge.Past is null ? 0 : 8) + (challenge.Ahead == 0 ? 0 : 16) + (challenge.Kept.IsEmpty ? 0 : 32));
        if (challenge.Period is { } period)
        {
            writer.Date(period);
        }

        writer.Whole(challenge.Streak);
        writer.Whole(challenge.Frozen);
        writer.Whole(challenge.Completed);
        Write(challenge.Counts, writer);
        if (challenge.Past is { } past)
        {
            Write(past.From, writer);
            writer.Whole(past.Marks.Count);
            foreach (var mark in past.Marks)
            {
                writer.Text(mark.Key);
                writer.Instant(mark.At);
                Write(mark.Counts, writer);
            }
        }

        if (challenge.Ahead != 0)
        {
            writer.Whole(challenge.Ahead);
        }

        if (challenge.Kept.IsEmpty)
        {
            return;
        }

        writer.Whole(challenge.Kept.Count);
        foreach (var kept in challenge.Kept)
        {
            writer.Whole(kept.Number);
            writer.Text(kept.Key);
            writer.Instant(kept.At);
        }
    }

    private static void Write(Sequence<GoalCount> counts, SlotWriter writer)
    {
        writer.Whole(counts.Count);
        foreach (var count in counts)
        {
            writer.Text(count.Goal);
            writer.Whole(count.Done);
        }
    }

    private static Sequence<ChallengeStanding> Challenges(int version, Func<string, int, string[]>? goals, ref SlotReader reader)
    {
        var challenges = new ChallengeStanding[reader.Int()];
        for (var i = 0; i < challenges.Length; i++)
        {
            challenges[i] = Challenge(version, goals, ref reader);
        }

        return Sequence.Given(challenges);
    }

    private static ChallengeStanding Challenge(int version, Func<string, int, string[]>? goals, ref SlotReader reader)
    {
        var (name, has) = (reader.Name(), reader.Int());
        var period = (has & 4) != 0 ? reader.Date() : default(LocalDate?);
        var read = new ChallengeStanding { Challenge = name, Joined = (has & 1) != 0, Met = (has & 2) != 0, Period = period, Streak = reader.Int(), Frozen = reader.Int(), Completed = reader.Int() };
        read = read with { Counts = Counts(count => goals?.Invoke(name, count), ref reader) };
        read = read with { Past = (has & 8) != 0 ? Past(version, goals, ref reader) : null, Ahead = (has & 16) != 0 ? reader.Int() : 0 };
        var kept = new KeptAchievement[(has & 32) != 0 ? reader.Int() : 0];
        for (var i = 0; i < kept.Length; i++)
        {
            kept[i] = new KeptAchievement(reader.Int(), reader.Code(), reader.Instant());
        }

        return read with { Kept = Sequence.Given(kept) };
    }

    private static Sequence<GoalCount> Counts(Func<int, string[]?> named, ref SlotReader reader)
    {
        var counts = new GoalCount[reader.Int()];
        var names = named(counts.Length);
        for (var i = 0; i < counts.Length; i++)
        {
            counts[i] = new GoalCount(names is null ? reader.Name() : names[i], reader.Whole());
        }

        return Sequence.Given(counts);
    }

    private static ChallengePast Past(int version, Func<string, int, string[]>? goals, ref SlotReader reader)
    {
        var (from, marks) = (Challenge(version, goals, ref reader), new ChallengeMark[reader.Int()]);
        for (var i = 0; i < marks.Length; i++)
        {
            marks[i] = new ChallengeMark(reader.Code(), reader.Instant(), Counts(_ => null, ref reader));
        }

        return new ChallengePast(from, Sequence.Given(marks));
    }

    private static void Write(CartRequest cart, SlotWriter writer)
    {
        writer.Text(cart.Cart);
        writer.Whole(cart.Wanted);
        writer.Instant(cart.Until);
        writer.Whole(cart.Covered);
    }

    private static Sequence<CartRequest> Carts(int version, ref SlotReader reader)
    {
        var carts = new CartRequest[reader.Int()];
        for (var i = 0; i < carts.Length; i++)
        {
            carts[i] = new CartRequest(reader.Code(), reader.Whole(), reader.Instant());
            carts[i] = carts[i] with { Covered = version < 12 ? carts[i].Wanted : reader.Whole() };
        }

        return Sequence.Given(carts);
    }

    private static void Write(CustomerId customer, SlotWriter writer)
    {
        writer.Bits((ulong)(customer.Value >> 64));
        writer.Bits((ulong)customer.Value);
    }

    private static CustomerId Customer(ref SlotReader reader) => new(((UInt128)reader.Bits() << 64) | reader.Bits());

    private static void Write(PoolStanding pool, SlotWriter writer)
    {
        writer.Instant(pool.Opened);
        writer.Flag(pool.Dissolved);
        writer.Whole(pool.Members.Count);
        foreach (var member in pool.Members)
        {
            Write(member.Customer, writer);
            writer.Whole((int)member.Role);
            writer.Instant(member.Since);
            writer.Whole(member.Shares.Count);
            foreach (var share in member.Shares)
            {
                writer.Text(share.Unit);
                writer.Whole(share.Given);
                writer.Whole(share.Spent);
            }
        }
    }

    private static PoolStanding Pool(ref SlotReader reader)
    {
        var (opened, dissolved, members) = (reader.Instant(), reader.Flag(), new PoolMember[reader.Int()]);
        for (var i = 0; i < members.Length; i++)
        {
            var (customer, role, since, shares) = (Customer(ref reader), (PoolRole)reader.Int(), reader.Instant(), new PoolShare[reader.Int()]);
            for (var j = 0; j < shares.Length; j++)
            {
                shares[j] = new PoolShare(reader.Name(), reader.Whole(), reader.Whole());
            }

            members[i] = new PoolMember(customer, role, since, Sequence.Given(shares));
        }

        return new PoolStanding(opened, dissolved, Sequence.Given(members));
    }

    private static void Many<T>(Sequence<T> items, SlotWriter writer, Action<T, SlotWriter> write)
    {
        if (items.IsEmpty)
        {
            return;
        }

        writer.Whole(items.Count);
        foreach (var item in items)
        {
            write(item, writer);
        }
    }

    private static void Instants(Sequence<Instant> instants, SlotWriter writer)
    {
        writer.Whole(instants.Count);
        foreach (var instant in instants)
        {
            writer.Instant(instant);
        }
    }

    private static Sequence<Instant> Instants(ref SlotReader reader)
    {
        var instants = new Instant[reader.Int()];
        for (var i = 0; i < instants.Length; i++)
        {
            instants[i] = reader.Instant();
        }

        return Sequence.Given(instants);
    }
}
