using Crm.Loyalty.Challenges;
using Crm.Loyalty.Redemption;
using Crm.Values;

namespace Crm.Loyalty.Memberships;

/// <summary>Adds the difference of two memberships to a third, for what is neither wallet nor ladder nor card: counts by arithmetic, lists as sets.</summary>
internal static class MembershipSum
{
    public static Membership PlusTheRest(this Membership stored, Membership with, Membership without) => stored with
    {
        Life = with.Life == without.Life ? stored.Life : with.Life,
        Revealed = with.Revealed == without.Revealed ? stored.Revealed : with.Revealed,
        Pool = with.Pool == without.Pool ? stored.Pool : with.Pool,
        Referral = with.Referral == without.Referral ? stored.Referral : with.Referral,
        Reservations = Differ(stored.Reservations.Where(item => !without.Reservations.Except(with.Reservations).Any(other => other.Id == item.Id)).ToSequence(), with.Reservations, without.Reservations).OrderBy(item => item.Id, StringComparer.Ordinal).ToSequence(),
        Carts = Differ(stored.Carts, with.Carts, without.Carts).OrderBy(item => item.Cart, StringComparer.Ordinal).ToSequence(),
        Rewards = stored.Rewards.Concat(with.Rewards).Concat(without.Rewards).Select(item => item.Reward).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)
            .Select(name => Sum(name, Of(stored, name), Of(with, name), Of(without, name))).ToSequence(),
        Challenges = stored.Challenges.Concat(with.Challenges).Concat(without.Challenges).Select(item => item.Challenge).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)
            .Select(name => (stored.Challenge(name) ?? new ChallengeStanding { Challenge = name }).Plus(with.Challenge(name), without.Challenge(name))).ToSequence(),
    };

    /// <summary>Adds the difference of what two memberships have had of a reward.</summary>
    public static Membership PlusReward(this Membership stored, string reward, Membership with, Membership without) => stored.With(Sum(reward, Of(stored, reward), Of(with, reward), Of(without, reward)));

    private static RewardStanding Of(Membership membership, string reward) => membership.Rewards.FirstOrDefault(item => item.Reward == reward) ?? new RewardStanding { Reward = reward };

    private static RewardStanding Sum(string reward, RewardStanding stored, RewardStanding with, RewardStanding without) => new()
    {
        Reward = reward,
        Taken = checked(stored.Taken + with.Taken - without.Taken),
        Recent = with.Recent == without.Recent ? stored.Recent : with.Recent,
        Open = Differ(stored.Open, with.Open, without.Open),
        Used = stored.With(with.Used).Used,
    };

    private static Sequence<T> Differ<T>(Sequence<T> stored, Sequence<T> with, Sequence<T> without) =>
        with == without ? stored : stored.Except(without.Except(with)).Concat(with.Except(without)).Distinct().ToSequence();
}
