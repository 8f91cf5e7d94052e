namespace Crm.Loyalty.Receipts;

/// <summary>The codes of the module's receipt lines.</summary>
public static class LineCodes
{
    /// <summary>A programme was to count for the past, and there is none of its name; the subject is the name.</summary>
    public const string UnknownProgram = "unknown-program";

    /// <summary>Units came from elsewhere for a programme or of a kind that the host does not have, and are in no wallet; the subject is the programme.</summary>
    public const string NotBooked = "not-booked";

    /// <summary>A rule gave units, or 0 of them and a part of one that counts with those of other rules; the subject is the rule.</summary>
    public const string Issued = "issued";

    /// <summary>Part of an award: an exact part of a unit that the rule multiplies, such as "1/2 points". <see cref="LoyaltyTexts.PartsOf"/> tells with it what else the rule counted on, such as "52.00 HKD". It moves nothing.</summary>
    public const string Basis = "basis";

    /// <summary>Part of an award: what the rule kept of earlier events on top of the basis; it moves nothing.</summary>
    public const string Carried = "carried";

    /// <summary>Part of an award: what rounding left, kept for the next event or for the parts together; it moves nothing.</summary>
    public const string Kept = "kept";

    /// <summary>Part of an award: what rounding down dropped; it moves nothing.</summary>
    public const string Dropped = "dropped";

    /// <summary>Part of an award: what whole steps earn.</summary>
    public const string Base = "base";

    /// <summary>Part of an award: what rounding up adds.</summary>
    public const string Rounding = "rounding";

    /// <summary>A rule would have given units and did not, or fewer: the parts say what was wanted and what took it; the subject is the rule.</summary>
    public const string Withheld = "withheld";

    /// <summary>In a quote that was asked for reasons: why a rule gives nothing, and what would be needed; the subject is the rule, the parts are all reasons, each with one of <see cref="ReasonCodes.OfRules"/>.</summary>
    public const string WhyNot = "why-not";

    /// <summary>Part of an award: what the rule's least adds; the subject is the rule.</summary>
    public const string Least = "least";

    /// <summary>Part of an award: what the rule's most takes off; the subject is the rule.</summary>
    public const string Most = "most";

    /// <summary>Part of an award: what a limit of the programme takes off; the subject is the limit.</summary>
    public const string Limited = "limited";

    /// <summary>Part of an award: what an exhausted budget takes off; the subject is the budget.</summary>
    public const string BudgetExhausted = "budget-exhausted";

    /// <summary>Part of an award: what goes to a rule of the same group instead; the subject is the group.</summary>
    public const string Outranked = "outranked";

    /// <summary>Parts of units of several rules make whole ones together, or none, and then the amount is 0; what is left of them is dropped, which a part says. The subject is the last of the rules.</summary>
    public const string PartsTogether = "parts-together";

    /// <summary>Part of an award, or by itself where amounts count towards tiers, stamps, challenges or referrals: the rate by which another currency was converted, such as "rate.mop.hkd 0.97"; it moves nothing.</summary>
    public const string Rate = "rate";

    /// <summary>An event in another currency earned nothing by a rule, because the host looked up no rate; the subject is the name of the rate.</summary>
    public const string RateMissing = "rate-missing";

    /// <summary>Units were spent; the subject is the programme.</summary>
    public const string Spent = "spent";

    /// <summary>Units were brought from the system that kept them before; the subject is the programme, the parts are the lots. The ledger entries have the same code.</summary>
    public const string Opened = "opened";

    /// <summary>A tier was brought from there; the subject is the ladder.</summary>
    public const string TierBrought = "tier-brought";

    /// <summary>Stamps were brought from there; the subject is the card.</summary>
    public const string CardBrought = "card-brought";

    /// <summary>Units were given or taken by hand; the subject is the reason.</summary>
    public const string Adjusted = "adjusted";

    /// <summary>A refund took back what a purchase had earned; the subject is the purchase.</summary>
    public const string TakenBack = "taken-back";

    /// <summary>A reward was taken back with the request for it; the subject is the reward.</summary>
    public const string RewardTakenBack = "reward-taken-back";

    /// <summary>A request was taken back whose doings reach further than units and rewards of the member's own, in a programme without cascade: they stay. The subject is the request.</summary>
    public const string NotUndone = "not-undone";

    /// <summary>Units that were to be taken back had run out before, so nobody owes them; the subject is the lot. What takes them back is a line of its own, so this one gives them back.</summary>
    public const string RanOutBefore = "ran-out-before";

    /// <summary>Units came back that a refund had taken, or that a request had used, because it was taken back itself; the subject is the event.</summary>
    public const string GivenBack = "given-back";

    /// <summary>What was written off of units that were taken and were not there; the subject is the programme.</summary>
    public const string Shortfall = "shortfall";

    /// <summary>Pending units became available; the subject is the programme.</summary>
    public const string Activated = "activated";

    /// <summary>Pending units were given up because the event that they waited for did not come; the subject is the lot.</summary>
    public const string Lapsed = "lapsed";

    /// <summary>Units run out soon; the subject is the lot.</summary>
    public const string Expiring = "expiring";

    /// <summary>Units went to another member; the subject is the programme.</summary>
    public const string TransferredOut = "transferred-out";

    /// <summary>Units came from another member; the subject is the programme.</summary>
    public const string TransferredIn = "transferred-in";

    /// <summary>Units that were given came back, because nobody has the customer id that they were for; the subject is the programme.</summary>
    public const string CameBack = "came-back";

    /// <summary>Units that were given went back, because who was to get them has left the programme; the subject is the programme.</summary>
    public const string NotTaken = "not-taken";

    /// <summary>Units were exchanged; the subject is the exchange.</summary>
    public const string Converted = "converted";

    /// <summary>Lots got another life; the subject is the reason.</summary>
    public const string LotsAmended = "lots-amended";

    /// <summary>Units that wait for an event were left as they are when lots were given another life; the subject is the unit.</summary>
    public const string LifeNotBegun = "life-not-begun";

    /// <summary>Units that had run out were given back by hand; the subject is the reason.</summary>
    public const string Reinstated = "reinstated";

    /// <summary>Spent units came back; the subject is the programme, the parts are the lots.</summary>
    public const string Returned = "returned";

    /// <summary>Units ran out; the subject is the lot.</summary>
    public const string Expired = "expired";

    /// <summary>Units that came in repaid a debt; the parts are the lots.</summary>
    public const string DebtRepaid = "debt-repaid";

    /// <summary>Part of a line: what one lot contributes; the subject is the lot.</summary>
    public const string Lot = "lot";

    /// <summary>The tier changed; the subject is the new one, or <see cref="NoTier"/>.</summary>
    public const string TierChanged = "tier-changed";

    /// <summary>A tier ends soon unless what is missing comes; the subject is the tier.</summary>
    public const string TierExpiring = "tier-expiring";

    /// <summary>The subject of a change to no tier at all.</summary>
    public const string NoTier = "none";

    /// <summary>Articles were stamped; the subject is the card.</summary>
    public const string Stamped = "stamped";

    /// <summary>A stamp card became full; the subject is the card.</summary>
    public const string CardFull = "card-full";

    /// <summary>The free one of a full card was taken; the subject is the card.</summary>
    public const string FreeTaken = "free-taken";

    /// <summary>Stamps ran out; the subject is the card.</summary>
    public const string StampsExpired = "stamps-expired";

    /// <summary>Stamps were not given, because of a limit or a card that takes no more; the subject is the card.</summary>
    public const string StampsNotGiven = "stamps-not-given";

    /// <summary>The next card was opened; the subject is the card.</summary>
    public const string CardOpened = "card-opened";

    /// <summary>A card gave units by itself, when full or on the way; the subject is the card.</summary>
    public const string CardPrize = "card-prize";

    /// <summary>A refund took stamps off a card, in a programme without cascade, or gave them back where it was taken back itself; the subject is the card.</summary>
    public const string StampsTakenBack = "stamps-taken-back";

    /// <summary>A refund took off what was counted towards a challenge, in a programme without cascade, or counts it again where it was taken back itself; the subject is the challenge.</summary>
    public const string ChallengeTakenBack = "challenge-taken-back";

    /// <summary>A card or a challenge gave nothing, because it gave it before for what came back since; the subject is the card or the challenge.</summary>
    public const string PrizeCovered = "prize-covered";

    /// <summary>Units were set aside; the subject is the reservation.</summary>
    public const string Reserved = "reserved";

    /// <summary>What was set aside returned; the subject is the reservation.</summary>
    public const string ReservationReturned = "reservation-returned";

    /// <summary>A reward was given; the subject is the reward.</summary>
    public const string Rewarded = "rewarded";

    /// <summary>A reward's code was used; the subject is the reward.</summary>
    public const string RewardUsed = "reward-used";

    /// <summary>Units were given as a welcome, an award, a surprise, a reward or for a friend; the subject says which.</summary>
    public const string Gift = "gift";

    /// <summary>An event was picked by a surprise; the subject is the surprise.</summary>
    public const string Surprise = "surprise";

    /// <summary>A cart keeps how many units are wanted for it; the subject is the cart.</summary>
    public const string CartWants = "cart-wants";

    /// <summary>Units were quoted and are not there any more; the subject is the programme.</summary>
    public const string QuoteShort = "quote-short";

    /// <summary>Units were lost by leaving; the subject is the programme.</summary>
    public const string Forfeited = "forfeited";

    /// <summary>A stamp card was lost by leaving, with the free ones that waited; the subject is the card.</summary>
    public const string StampsForfeited = "stamps-forfeited";

    /// <summary>What was done for a challenge was lost by leaving; the subject is the challenge.</summary>
    public const string ChallengeForfeited = "challenge-forfeited";

    /// <summary>Rewards whose codes had not been used were lost by leaving; the subject is the reward.</summary>
    public const string RewardForfeited = "reward-forfeited";

    /// <summary>A membership began, rests, goes on or ended; the subject is what it is now.</summary>
    public const string Membership = "membership";

    /// <summary>A happening was more than a limit allows, and earned nothing; the subject is the limit.</summary>
    public const string Velocity = "velocity";

    /// <summary>A pool was opened, admitted or let go a member, heard that one was merged, was dissolved, or did not take what was given; the subject says which.</summary>
    public const string Pool = "pool";

    /// <summary>It was noted who brought the customer; the subject is the programme.</summary>
    public const string Referred = "referred";

    /// <summary>It was noted who brought the customer, and staff are asked; the subject is the signal.</summary>
    public const string ReferralFlagged = "referral-flagged";

    /// <summary>A referral succeeded, and nobody has the customer id of who brought the customer; the subject is the programme.</summary>
    public const string ReferralUnclaimed = "referral-unclaimed";

    /// <summary>The customer takes part in a challenge; the subject is the challenge.</summary>
    public const string ChallengeJoined = "challenge-joined";

    /// <summary>A challenge was achieved; the subject is the challenge.</summary>
    public const string ChallengeAchieved = "challenge-achieved";

    /// <summary>A rule proposed less than 0 or more than the most, and was cut; the subject is the rule.</summary>
    public const string RuleCut = "rule-cut";

    /// <summary>A rule said that more was left than it counted on, or that it counted on units that the programme does not have; its award says neither. The subject is the rule.</summary>
    public const string RuleBasis = "rule-basis";

    /// <summary>A rule in code gave its units a life, a wait or an issuer that cannot be; they are as the rule's terms and the unit say.</summary>
    public const string RuleLife = "rule-life";

    /// <summary>A rule proposed a unit that the programme does not have, and was passed over; the subject is the rule.</summary>
    public const string RuleUnitUnknown = "rule-unit-unknown";
}
