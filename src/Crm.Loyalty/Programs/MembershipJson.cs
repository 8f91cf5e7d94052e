using System.Text.Json;
using Crm.Loyalty.Members;
using Crm.Loyalty.Pools;
using Crm.Loyalty.Rules;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Programs;

/// <summary>Membership, referrals and limits of a programme as JSON.</summary>
internal static class MembershipJson
{
    private static readonly (string, Enrolment)[] Enrolments = [("open", Enrolment.Open), ("by-joining", Enrolment.ByJoining), ("by-invitation", Enrolment.ByInvitation)];
    private static readonly (string, LeavePolicy)[] Leavings = [("forfeit", LeavePolicy.Forfeit), ("keep", LeavePolicy.Keep)];
    private static readonly (string, ReferralFor)[] Fors = [("first-purchase", ReferralFor.FirstPurchase), ("coming", ReferralFor.Coming), ("second-purchase", ReferralFor.SecondPurchase), ("every-purchase", ReferralFor.EveryPurchase)];

    private static readonly (string, PoolLeaving)[] PoolLeavings = [("keep", PoolLeaving.Keep), ("return", PoolLeaving.Return)];
    private static readonly (string, CapPeriod)[] SpendSpans = [("month", CapPeriod.Month), ("day", CapPeriod.Day), ("week", CapPeriod.Week), ("year", CapPeriod.Year), ("ever", CapPeriod.Ever)];
    private static readonly PoolRules UsualPool = new();

    public static MembershipRules Read(JsonPart json)
    {
        json.Allow("enrolment", "terms", "welcome", "leaving");
        return new MembershipRules
        {
            Enrolment = json.OneOf("enrolment", Enrolments),
            Terms = json.Has("terms") ? json.Text("terms") : null,
            Welcome = json.Items("welcome").Select(RewardJson.Amount).ToSequence(),
            Leaving = json.OneOf("leaving", Leavings),
        };
    }

    public static void Write(Utf8JsonWriter json, MembershipRules rules) => json.Part("membership", () =>
    {
        json.Unless("enrolment", Enrolments, rules.Enrolment);
        json.If("terms", rules.Terms);
        json.Items("welcome", rules.Welcome, gift => RewardJson.Write(json, gift));
        json.Unless("leaving", Leavings, rules.Leaving);
    });

    public static ReferralRules Referrals(JsonPart json)
    {
        json.Allow("for", "advocate", "friend", "holdDays", "minimum", "mostPerAdvocate", "block", "flag");
        return new ReferralRules
        {
            For = json.OneOf("for", Fors),
            Advocate = json.Part("advocate") is { } advocate ? RewardJson.Amount(advocate) : null,
            Friend = json.Part("friend") is { } friend ? RewardJson.Amount(friend) : null,
            HoldDays = json.Int("holdDays") ?? 0,
            Minimum = json.Has("minimum") ? json.Money("minimum") : null,
            MostPerAdvocate = json.Int("mostPerAdvocate"),
            Block = json.Texts("block"),
            Flag = json.Texts("flag"),
        };
    }

    public static void Write(Utf8JsonWriter json, ReferralRules rules) => json.Part("referrals", () =>
    {
        json.Unless("for", Fors, rules.For);
        if (rules.Advocate is { } advocate)
        {
            json.Part("advocate", () => RewardJson.Write(json, advocate));
        }

        if (rules.Friend is { } friend)
        {
            json.Part("friend", () => RewardJson.Write(json, friend));
        }

        json.Unless("holdDays", rules.HoldDays, 0);
        json.If("minimum", rules.Minimum?.ToString());
        json.If("mostPerAdvocate", rules.MostPerAdvocate);
        json.Texts("block", rules.Block);
        json.Texts("flag", rules.Flag);
    });

    public static PoolRules Pools(JsonPart json)
    {
        json.Allow("mostMembers", "spendMost", "spendPer", "leaving");
        return new PoolRules
        {
            MostMembers = json.Int("mostMembers") ?? UsualPool.MostMembers,
            SpendMost = json.Whole("spendMost"),
            SpendPer = json.OneOf("spendPer", SpendSpans),
            Leaving = json.OneOf("leaving", PoolLeavings),
        };
    }

    public static void Write(Utf8JsonWriter json, PoolRules rules) => json.Part("pools", () =>
    {
        json.Unless("mostMembers", rules.MostMembers, UsualPool.MostMembers);
        json.If("spendMost", rules.SpendMost);
        json.Unless("spendPer", SpendSpans, rules.SpendPer);
        json.Unless("leaving", PoolLeavings, rules.Leaving);
    });

    public static VelocityLimit Limit(JsonPart json)
    {
        json.Allow("name", "kind", "most", "seconds");
        return new VelocityLimit
        {
            Name = json.Text("name") ?? "",
            Kind = json.Text("kind") ?? "",
            Most = json.Int("most", required: true) ?? 0,
            Within = Duration.FromSeconds(Math.Clamp(json.Whole("seconds", required: true) ?? 0, -1, 400_000_000)),
        };
    }

    public static void Write(Utf8JsonWriter json, VelocityLimit limit)
    {
        json.WriteString("name", limit.Name);
        json.WriteString("kind", limit.Kind);
        json.WriteNumber("most", limit.Most);
        json.WriteNumber("seconds", (long)limit.Within.TotalSeconds);
    }
}
