using Crm.Loyalty.Rules;
using Crm.Values;
using NodaTime;
using NodaTime.Text;

namespace Crm.Loyalty.Programs;

/// <summary>The names of the module's facts, and of its agenda's entries.</summary>
public static class LoyaltyNames
{
    /// <summary>The module, and the slot of its state.</summary>
    public const string Module = "loyalty";

    /// <summary>The module of programmes whose refunds reach no further than the purchase, and the slot of its state.</summary>
    public const string KeepingModule = "loyalty-kept";

    /// <summary>The echo that tells of a new tier: fields "program", "ladder", "direction" (joined, upgraded, downgraded, left), "from" and "to"; "from" or "to" is left out where there is no tier.</summary>
    public const string TierChanged = "tier.changed";

    /// <summary>The echo that tells of a tier kept for longer: fields "program", "ladder", "tier" and "until".</summary>
    public const string TierProlonged = "tier.prolonged";

    internal const string Expire = "expire";
    internal const string Close = "close";
    internal const string Ask = "ask";
    internal const string Yearly = "yearly";
    internal const string Activate = "activate";
    internal const string Warning = "warn";

    private static readonly LocalDate FirstDate = new(1, 1, 1);

    // Most members have the same few entries on their agenda.
    private static readonly Lately<ParsedKey> Parsed = new(1_024);

    /// <summary>The echo that tells of units that run out soon: fields "program", "unit", "amount" and "at".</summary>
    public const string Expiring = "points.expiring";

    /// <summary>The fact that holds what is pending of a unit: "loyalty.tea-club.points.pending"; none where nothing is.</summary>
    public static string PendingFact(string program, string unit) => $"{Fact(program, unit)}.pending";

    /// <summary>The fact that holds what is set aside of a unit: "loyalty.tea-club.points.reserved"; none where nothing is.</summary>
    public static string ReservedFact(string program, string unit) => $"{Fact(program, unit)}.reserved";

    /// <summary>The echo that tells of stamp cards that became full: fields "program", "card", "times" and "number", which is how many have been full by then.</summary>
    public const string CardCompleted = "card.completed";

    /// <summary>The echo that tells of a reward that was given: fields "program", "reward", "kind", "times", and what its kind gives.</summary>
    public const string RewardIssued = "reward.issued";

    /// <summary>The echo that tells of a challenge that was achieved: fields "program", "challenge" and "number", which is how often it was by then.</summary>
    public const string ChallengeAchieved = "challenge.achieved";

    /// <summary>The echo that tells of a membership that began, rests, goes on or ended: fields "program" and "status" (member, suspended, left).</summary>
    public const string MembershipChanged = "membership.changed";

    /// <summary>The echo that tells of a tier that ends soon: fields "program", "ladder", "tier", "until" and "missing".</summary>
    public const string TierExpiring = "tier.expiring";

    /// <summary>The echo that tells of units that were earned and cannot be spent yet: fields "program", "unit", "amount", and "at" where an instant is known.</summary>
    public const string PendingAdded = "pending.added";

    /// <summary>The echo that tells of pending units that can be spent now: fields "program", "unit" and "amount".</summary>
    public const string PendingActivated = "pending.activated";

    /// <summary>The echo that tells of pending units that were given up: fields "program", "unit", "amount" and "reason".</summary>
    public const string PendingCancelled = "pending.cancelled";

    /// <summary>The echo that tells of units that ran out: fields "program", "unit" and "amount".</summary>
    public const string Expired = "points.expired";

    /// <summary>The echo that tells of something set aside that returned at its time: fields "program", "reservation", "amount", and "unit" and "reward" where it was for one.</summary>
    public const string ReservationLapsed = "reservation.lapsed";

    internal const string TierWarning = "tier-warn";
    internal const string Reservation = "reservation";
    internal const string Cart = "cart";
    internal const string Referral = "referral";
    internal const string Stamps = "stamps";
    internal const string Challenge = "challenge";

    /// <summary>
    /// The fact that holds the balance of a unit (available less debt) or the tier on a ladder: "loyalty.PROGRAMME.NAME", so "loyalty.tea-club.points" and "loyalty.tea-club.tier".
    /// </summary>
    public static string Fact(string program, string unitOrLadder) => $"{Module}.{program}.{unitOrLadder}";

    /// <summary>The fact that holds how many stamps are on the card that is not full yet: "loyalty.tea-club.cups.stamps".</summary>
    public static string StampsFact(string program, string card) => $"{Fact(program, card)}.stamps";

    /// <summary>The fact that holds how many free ones wait to be taken, below 0 when cards are owed: "loyalty.tea-club.cups.free".</summary>
    public static string FreeFact(string program, string card) => $"{Fact(program, card)}.free";

    /// <summary>The fact that holds what a tier grants while it is held: "loyalty.tea-club.tier.benefit.free-delivery".</summary>
    public static string BenefitFact(string program, string ladder, string benefit) => $"{Fact(program, ladder)}.benefit.{benefit}";

    /// <summary>The tally of what a limit has counted.</summary>
    internal static string Limit(string limit) => $"limit/{limit}";

    /// <summary>The tally of how often a rule gave.</summary>
    internal static string Times(string rule) => $"times/{rule}";

    /// <summary>The tally of when a rule last gave, in ticks.</summary>
    internal static string Latest(string rule) => $"latest/{rule}";

    /// <summary>The tally that a rule gave for one value of a field; the value is kept as a hash.</summary>
    internal static string Once(string rule, string? reference) => reference is null ? $"{AllOnce}{rule}" : $"{AllOnce}{rule}/{Definitions.DefinitionHash.Of(reference).Value >> 64:x16}";

    internal const string AllOnce = "once/";

    /// <summary>The tally of how often an advocate was paid at an instant, while that counts towards a limit; by their names tallies are in the order of time.</summary>
    internal static string Advocated(Instant at) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{AllAdvocated}{at.ToUnixTimeTicks():d19}");

    /// <summary>How all tallies begin of what an advocate was paid.</summary>
    internal const string AllAdvocated = "advocated/";

    /// <summary>The tally of how many full cards were told of, in programmes without cascade, while a refund leaves fewer of them.</summary>
    internal static string Told(string card) => $"{AllTold}{card}";

    internal const string AllTold = "told/";

    /// <summary>The tally of what the member's events drew on a budget, in programmes without cascade: what an event drew is what it made of difference.</summary>
    internal static string Budget(string budget) => $"{AllBudgets}{budget}";

    internal const string AllBudgets = "budget/";

    /// <summary>The tally of the rest that a rule carries to the next event.</summary>
    internal static string Carried(string rule, object of) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{AllCarried}{rule}/{of}");

    private const string AllCarried = "carry/";
    private const string AllAway = "away/";

    /// <summary>The tally of what a request took as it was recorded and has not come back, which a replay keeps for itself.</summary>
    internal static string Away(string request, string unit) => $"{AllAway}{TallyKeys.Of(request)}|{unit}";

    /// <summary>Whether a tally is kept by a replay for itself, and says nothing of what is stored.</summary>
    internal static bool IsOfReplay(string tally) => tally.StartsWith(AllAway, StringComparison.Ordinal);

    internal static bool IsCarried(string tally) => tally.StartsWith(AllCarried, StringComparison.Ordinal);

    /// <summary>The tally of the day on which a member joined or, in an open programme, of their first event in it.</summary>
    internal const string FirstDay = "first-day";

    /// <summary>The tally that says that a programme counts before it begins.</summary>
    internal const string CountsPast = "counts-past";

    /// <summary>The tally of the date that a yearly rule goes by.</summary>
    internal static string Date(string rule) => $"date/{rule}";

    /// <summary>The tally of the zone that a yearly rule goes by, as <see cref="NumberOf(DateTimeZone)"/> says.</summary>
    internal static string ZoneOf(string rule) => $"zone/{rule}";

    /// <summary>A zone as a number that is not 0 in practice, and differs for different zones in practice.</summary>
    internal static long NumberOf(DateTimeZone zone) => (long)(Definitions.DefinitionHash.Of(zone.Id).Value >> 65);

    /// <summary>The tally that a yearly rule has given in a year.</summary>
    internal static string Paid(string rule) => $"paid/{rule}";

    internal static string YearlyKey(string program, string rule) => $"{Yearly}/{program}/{rule}";

    /// <summary>The tallies of the instants at which units run out that were warned of, as ticks, until they have passed: the beginning of their names.</summary>
    internal static string Warned(string unit) => $"{AllWarned}{unit}|";

    /// <summary>The tally that it was warned of units that run out at an instant.</summary>
    internal static string Warned(string unit, Instant at) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Warned(unit)}{at.ToUnixTimeTicks()}");

    /// <summary>The tally of the latest instant that was warned of, in states of before each instant was told of by itself.</summary>
    internal static string WarnedUntil(string unit) => AllWarned + unit;

    /// <summary>How all tallies begin of what was warned of.</summary>
    internal const string AllWarned = "warned/";

    /// <summary>The tallies of what a redemption drew from each lot, while it may come back: the beginning of their names.</summary>
    internal static string Drawn(string redemption, string unit) => $"{AllDrawn}{TallyKeys.Of(redemption)}|{unit}|";

    /// <summary>The tallies of what a request moved of a unit, while it is kept: the beginning of their names.</summary>
    internal static string Moved(string request, string unit) => $"{Moved(request)}{unit}|";

    /// <summary>The tallies of what a request moved of any unit: the beginning of their names.</summary>
    internal static string Moved(string request) => $"{AllMoved}{TallyKeys.Of(request)}|";

    /// <summary>How all tallies begin of what requests moved.</summary>
    internal const string AllMoved = "moved/";

    /// <summary>The tally that a request was taken back, and stays so though the cancellation was taken back itself.</summary>
    internal static string StaysUndone(string request) => $"undone/{request}";

    /// <summary>The tally of how much of what a redemption drew came back, where it may be cancelled by itself.</summary>
    internal static string CameBack(string redemption, string unit) => $"{AllBack}{TallyKeys.Of(redemption)}|{unit}";

    /// <summary>How all tallies begin of what came back.</summary>
    internal const string AllBack = "back/";

    /// <summary>How all tallies begin of what redemptions drew.</summary>
    internal const string AllDrawn = "drawn/";

    /// <summary>Whether a tally is one of what a redemption of a unit drew.</summary>
    internal static bool IsDrawn(string tally, string unit) => TallyKeys.Parse(tally, AllDrawn) is { } known && known.After.StartsWith($"{unit}|", StringComparison.Ordinal);

    /// <summary>The tallies of what ran out of each lot, while it may be reinstated: the beginning of their names.</summary>
    internal static string Gone(string unit) => $"{AllGone}{unit}|";

    /// <summary>The tallies of what ran out of each lot and is not owed for what refunds took back since units last ran out: the beginning of their names.</summary>
    internal static string Unowed(string unit) => $"{AllUnowed}{unit}|";

    /// <summary>How all tallies begin of what is not owed.</summary>
    internal const string AllUnowed = "unowed/";

    /// <summary>The tally, in programmes without cascade, of what was given up of a unit by leaving, less what refunds of what was earned before have taken back; below 0 where they took more.</summary>
    internal static string GivenUp(string unit) => $"given-up/{unit}";

    /// <summary>The tally of when somebody last gave up a unit by leaving, in ticks.</summary>
    internal static string GivenUpAt(string unit) => $"given-up-at/{unit}";

    /// <summary>How all tallies begin of what ran out.</summary>
    internal const string AllGone = "gone/";

    /// <summary>The tallies of what refunds took of each lot instead of another, or of another instead of it: the beginning of their names.</summary>
    internal static string Instead(string unit) => $"instead/{unit}|";

    /// <summary>The tally that a balance was opened by an import.</summary>
    internal static string Opened(string provenance) => $"opened/{provenance}";

    /// <summary>A date as a number that is never 0.</summary>
    internal static long NumberOf(LocalDate date) => Period.DaysBetween(FirstDate, date) + 1;

    /// <summary>The date of a number.</summary>
    internal static LocalDate DayOf(long number) => FirstDate.PlusDays((int)number - 1);

    internal static string ActivationKey(string program, string unit) => $"{Activate}/{program}/{unit}";

    internal static string TierWarningKey(string program, string ladder) => $"{TierWarning}/{program}/{ladder}";

    /// <summary>The tally of the latest end of a tier that was warned of, in ticks.</summary>
    internal static string TierWarned(string ladder) => $"tier-warned/{ladder}";

    internal static string WarningKey(string program, string unit) => $"{Warning}/{program}/{unit}";
    /// <summary>The fact that holds what a membership is now: "loyalty.tea-club.membership", one of member, suspended and left; none where nobody ever joined.</summary>
    public static string MemberFact(string program) => Fact(program, "membership");

    /// <summary>The fact that tells accounts that are pools from people: "loyalty.tea-club.pool", open or dissolved; none of people.</summary>
    public static string PoolFact(string program) => Fact(program, "pool");

    /// <summary>The tally of what a member has spent from a pool in a span.</summary>
    internal static string PoolSpent(CustomerId member, string unit) => $"{PoolSpent(member)}{unit}";

    /// <summary>The tallies of what a member has spent from a pool, of any unit: the beginning of their names.</summary>
    internal static string PoolSpent(CustomerId member) => $"pool/{member}/";

    /// <summary>The tally of who somebody is who was merged since a pool knew them; the id of who stayed follows. Its span is the instant of it in ticks, and its amount since when they had belonged to the pool, or <see cref="long.MaxValue"/>.</summary>
    internal static string PoolMerged(CustomerId retired) => $"{AllPoolMerged}{retired}/";

    /// <summary>How all tallies begin of who was merged since a pool knew them.</summary>
    internal const string AllPoolMerged = "pool-merged/";

    /// <summary>How all tallies begin of the pools that somebody belongs to or did; the id by which the pool knows them follows, '/' and the pool.</summary>
    internal const string AllInPools = "in-pool/";

    /// <summary>The tally that somebody belongs to a pool, or did.</summary>
    internal static string InPool(CustomerId member, CustomerId pool) => $"{AllInPools}{member}/{pool}";

    /// <summary>The tally of what a redemption from a pool spent, while it may come back; the member who spent it follows.</summary>
    internal static string PoolSpender(string redemption, string unit) => $"{AllSpenders}{TallyKeys.Of(redemption)}|{unit}|";

    /// <summary>The redemption of a unit whose spender a tally keeps in mind; null for other tallies.</summary>
    internal static string? SpentBySomebody(string tally, string unit) =>
        TallyKeys.Parse(tally, AllSpenders) is { } known && known.After.StartsWith($"{unit}|", StringComparison.Ordinal) ? known.Key : null;

    /// <summary>The tally of what somebody who left a pool, or whose pool was dissolved, took along and has not been settled with gifts that were cancelled since.</summary>
    internal static string PoolReturned(CustomerId member, string unit) => $"pool-returned/{member}/{unit}";

    /// <summary>How all tallies begin of who spent from a pool.</summary>
    internal const string AllSpenders = "spender/";

    /// <summary>The supply that a reward's stock is: "reward.tea-club.mug". The host fills it.</summary>
    public static string StockOf(string program, string reward) => $"reward.{program}.{reward}";

    /// <summary>
    /// The supply that counts what one of the staff was granted in the span of a moment, where a limit has one (<see cref="StaffLimit.Per"/>): 0 less what was granted. The host fills it with 0 to begin anew, and may read it.
    /// Such as "staff.tea-club.points.adjust/points/month/2026-01/staff:17".
    /// </summary>
    /// <param name="program">The programme.</param>
    /// <param name="limit">The limit; limits of one request, unit and span share what they count.</param>
    /// <param name="moment">A moment in the span, in the programme's zone.</param>
    /// <param name="actor">Who.</param>
    public static string StaffCount(string program, StaffLimit limit, Moment moment, string actor)
    {
        ArgumentNullException.ThrowIfNull(limit);
        var (date, culture) = (moment.Date, System.Globalization.CultureInfo.InvariantCulture);
        var span = limit.Per switch
        {
            CapPeriod.Day => $"day/{LocalDatePattern.Iso.Format(date)}",
            CapPeriod.Week => $"week/{LocalDatePattern.Iso.Format(date.PlusDays(1 - (int)date.DayOfWeek))}",
            CapPeriod.Month => string.Create(culture, $"month/{date.Year:0000}-{date.Month:00}"),
            CapPeriod.Year => string.Create(culture, $"year/{date.Year:0000}"),
            _ => throw new ArgumentException($"The limit of '{limit.Request}' counts over {limit.Per?.ToString() ?? "no span"}; a day, week, month or year is expected.", nameof(limit)),
        };
        return $"staff.{program}.{limit.Request}/{limit.Unit ?? "*"}/{span}/{actor}";
    }

    internal static string ReservationKey(string program, string id) => $"{Reservation}/{program}/{id}";

    internal static string ChallengeKey(string program, string challenge) => $"{Challenge}/{program}/{challenge}";

    internal static string CartKey(string program, string cart) => $"{Cart}/{program}/{cart}";

    internal static string ReferralKey(string program) => $"{Referral}/{program}/friend";

    internal static string ExpiryKey(string program, string unit) => $"{Expire}/{program}/{unit}";

    internal static string CloseKey(string program, string ladder) => $"{Close}/{program}/{ladder}";

    internal static string AskKey(string program, string ladder) => $"{Ask}/{program}/{ladder}";

    internal static string CardKey(string program, string card) => $"{Stamps}/{program}/{card}";

    /// <summary>What a key of the agenda stands for: <see cref="Expire"/>, <see cref="Close"/> and so on, and of what.</summary>
    internal static (string What, string Program, string Name) Parse(string key)
    {
        var hash = key.GetHashCode(StringComparison.Ordinal);
        if (Parsed.Find(hash) is not { } known || !string.Equals(known.Key, key, StringComparison.Ordinal))
        {
            known = Parsed.Keep(hash, ParsedKey.Of(key));
        }

        return (known.What, known.Program, known.Name);
    }

    private sealed record ParsedKey(string Key, string What, string Program, string Name)
    {
        public static ParsedKey Of(string key) => key.Split('/', 3) is [var what, var program, var name]
            ? new ParsedKey(key, what, program, name)
            : throw new InvalidOperationException($"'{key}' is no entry that the loyalty module put on its agenda; 'expire/PROGRAMME/UNIT' or 'close/PROGRAMME/LADDER' is expected.");
    }
}
