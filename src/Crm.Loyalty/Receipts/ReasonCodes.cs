using Crm.Values;

namespace Crm.Loyalty.Receipts;

/// <summary>Why a rule gives nothing for an event, and why a reward cannot be had: a closed set. A later release may add codes; none comes to mean something else.</summary>
public static class ReasonCodes
{
    /// <summary>Of rules and rewards: staff have suspended the membership.</summary>
    public const string MembershipSuspended = "membership-suspended";

    /// <summary>Of rules and rewards: the customer has not joined, or has left.</summary>
    public const string NotAMember = "not-a-member";

    /// <summary>Of rules: the programme has ended.</summary>
    public const string ProgramEnded = "program-ended";

    /// <summary>Of rules: it happened where the whole programme does not look.</summary>
    public const string NotCovered = "not-covered";

    /// <summary>Of rules: it happened more often than a limit of the programme allows; the subject is the limit.</summary>
    public const string TooOften = "too-often";

    /// <summary>Of rules: it happened where this rule does not look.</summary>
    public const string OtherPlace = "other-place";

    /// <summary>Of rules: less was spent than the rule takes.</summary>
    public const string MinimumSpend = "minimum-spend";

    /// <summary>Of rules: it happened on a day or at an hour that the rule does not count.</summary>
    public const string OtherTime = "other-time";

    /// <summary>Of rules: the rule has given as often as it may in this span.</summary>
    public const string TimesReached = "times-reached";

    /// <summary>Of rules: the rule has given for the same thing before.</summary>
    public const string GivenAlready = "given-already";

    /// <summary>Of rules: the rule rests since it last gave.</summary>
    public const string Cooldown = "cooldown";

    /// <summary>Of rules: a part of the rule's condition does not hold; there is one reason for each part that would have to.</summary>
    public const string ConditionFalse = "condition-false";

    /// <summary>Of rules: the amount is in another currency, and the host looked up no rate; the subject is the look-up.</summary>
    public const string RateMissing = LineCodes.RateMissing;

    /// <summary>Of rules: none of the rule's articles is in it.</summary>
    public const string NoArticle = "no-article";

    /// <summary>Of rules: the amount is less than one step.</summary>
    public const string BelowStep = "below-step";

    /// <summary>Of rules: a limit of the programme took all of it; the subject is the limit.</summary>
    public const string Limited = LineCodes.Limited;

    /// <summary>Of rules: a budget is exhausted; the subject is the budget.</summary>
    public const string BudgetExhausted = LineCodes.BudgetExhausted;

    /// <summary>Of rules: another rule of the group goes first; the subject is the group.</summary>
    public const string Outranked = LineCodes.Outranked;

    /// <summary>Of rules, where nothing else is in the way: the event has nothing that the rule counts. What a rule in code thinks is its own.</summary>
    public const string NothingCounted = "nothing-counted";

    /// <summary>Of rewards: the reward's condition does not hold, its hours among it.</summary>
    public const string RewardInactive = "reward-inactive";

    /// <summary>Of rewards: the member has had as many as one may have in the span.</summary>
    public const string LimitReached = "limit-reached";

    /// <summary>Of rewards: the stock has not so many.</summary>
    public const string OutOfStock = "out-of-stock";

    /// <summary>Of rewards: none of the prices is for this member.</summary>
    public const string NoMatchingCost = "no-matching-cost";

    /// <summary>Of rewards: the balance is too small; the reason says how many units are missing.</summary>
    public const string InsufficientBalance = "insufficient-balance";

    /// <summary>Why a rule gives nothing, in the order in which reasons are told.</summary>
    public static Sequence<string> OfRules { get; } =
    [
        ProgramEnded, MembershipSuspended, NotAMember, NotCovered, TooOften, OtherPlace, MinimumSpend, OtherTime, TimesReached, GivenAlready, Cooldown,
        ConditionFalse, RateMissing, NoArticle, BelowStep, Limited, BudgetExhausted, Outranked, NothingCounted,
    ];

    /// <summary>Why a reward cannot be had, in the order in which reasons are told; a request that is refused names the first.</summary>
    public static Sequence<string> OfRewards { get; } = [MembershipSuspended, NotAMember, RewardInactive, LimitReached, OutOfStock, NoMatchingCost, InsufficientBalance];
}
