using System.Globalization;
using Crm.Events;
using Crm.Loyalty.Members;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Tiers;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Receipts;

/// <summary>Sentences for people, in English and in Traditional Chinese as written in Hong Kong. Receipts keep codes and numbers; the sentence is made when somebody reads.</summary>
public static class LoyaltyTexts
{
    private const int MostNamed = 12;

    /// <summary>The parts of one of the loyalty module's receipt lines as they are told: those that it has, and lines of what it was counted on and what rounding left of that, which are made when somebody reads.</summary>
    public static Sequence<ReceiptLine> PartsOf(ReceiptLine line)
    {
        ArgumentNullException.ThrowIfNull(line);
        if (line.CountedOn is not { } on)
        {
            return line.Parts;
        }

        var parts = new List<ReceiptLine> { Part(LineCodes.Basis, on.Basis) };
        if (on.Carried > 0)
        {
            parts.Add(Part(LineCodes.Carried, on.Carried));
        }

        var (own, left) = (line.Parts.IsEmpty ? [line with { Program = null, Code = LineCodes.Base, CountedOn = null }] : line.Parts, on.Left > 0);
        foreach (var part in own)
        {
            parts.Add(part);
            if (left && part.Code == LineCodes.Base)
            {
                parts.Add(Part(on.Keeps ? LineCodes.Kept : LineCodes.Dropped, on.Left));
            }
        }

        return parts.ToSequence();

        ReceiptLine Part(string code, long amount) => new(line.Module, code) { Subject = on.InMeasure(amount) };
    }

    /// <summary>The sentence of one of the loyalty module's receipt lines; of a line with a text of its own, that text.</summary>
    /// <exception cref="ArgumentException">The line is another module's, and has no text.</exception>
    public static Text Describe(ReceiptLine line)
    {
        ArgumentNullException.ThrowIfNull(line);
        if (line.Text is { } own)
        {
            return own;
        }

        var unit = line.Unit ?? "";
        var subject = line.Subject ?? "";
        var (amount, more) = (Number(Math.Abs(line.Amount)), line.Amount >= 0);
        return (line.Module, line.Code) switch
        {
            (LoyaltyNames.Module, LineCodes.Issued) => new($"{amount} {unit} earned by rule '{subject}'.", $"按規則「{subject}」獲得 {amount} {unit}。"),
            (LoyaltyNames.Module, LineCodes.Basis) => new($"Counted on {subject}.", $"按 {subject} 計算。"),
            (LoyaltyNames.Module, LineCodes.Carried) => new($"{subject} kept from before.", $"連同之前餘下 {subject}。"),
            (LoyaltyNames.Module, LineCodes.Kept) => new($"{subject} kept to count later.", $"餘下 {subject} 留待日後計算。"),
            (LoyaltyNames.Module, LineCodes.Dropped) => new($"{subject} dropped by rounding down.", $"捨去零數 {subject}。"),
            (LoyaltyNames.Module, LineCodes.Base) => new($"{amount} {unit} for whole steps.", $"滿額部分所得 {amount} {unit}。"),
            (LoyaltyNames.Module, LineCodes.Rounding) => new($"{amount} {unit} by rounding up.", $"進位所得 {amount} {unit}。"),
            (LoyaltyNames.Module, LineCodes.Withheld) => new($"Nothing by rule '{subject}': {Number(line.Parts.Sum(part => Math.Max(part.Amount, 0)))} {unit} were withheld.", $"規則「{subject}」未給予：{Number(line.Parts.Sum(part => Math.Max(part.Amount, 0)))} {unit} 不予發放。"),
            (LoyaltyNames.Module, LineCodes.Least) => new($"{amount} {unit} to reach the rule's minimum.", $"補足規則下限 {amount} {unit}。"),
            (LoyaltyNames.Module, LineCodes.Most) => new($"{amount} {unit} over the rule's maximum, not given.", $"超出規則上限 {amount} {unit}，不予發放。"),
            (LoyaltyNames.Module, LineCodes.Limited) => new($"{amount} {unit} over limit '{subject}', not given.", $"超出上限「{subject}」{amount} {unit}，不予發放。"),
            (LoyaltyNames.Module, LineCodes.BudgetExhausted) => new($"{amount} {unit} not given: budget '{subject}' is exhausted.", $"預算「{subject}」已用盡，{amount} {unit} 不予發放。"),
            (LoyaltyNames.Module, LineCodes.Outranked) => new($"{amount} {unit} not given: another rule of group '{subject}' goes first.", $"組別「{subject}」內另一規則優先，{amount} {unit} 不予發放。"),
            (LoyaltyNames.Module, LineCodes.PartsTogether) when line.Amount == 0 => new($"The parts of {unit} make no whole one together.", $"{unit} 零數合計不足一個單位。"),
            (LoyaltyNames.Module, LineCodes.PartsTogether) => new($"{amount} {unit} from parts of several rules together.", $"各規則零數合計 {amount} {unit}。"),
            (LoyaltyNames.Module, LineCodes.Rate) => new($"Converted at {subject}.", $"兌換率：{subject}。"),
            (LoyaltyNames.Module, LineCodes.RateMissing) => RateMissing(subject),
            (LoyaltyNames.Module, LineCodes.Spent) => new($"{amount} {unit} redeemed.", $"已兌換 {amount} {unit}。"),
            (LoyaltyNames.Module, LineCodes.Opened) when more => new($"{amount} {unit} brought from before.", $"由舊系統帶入 {amount} {unit}。"),
            (LoyaltyNames.Module, LineCodes.Opened) => new($"{amount} {unit} owed from before.", $"由舊系統帶入欠數 {amount} {unit}。"),
            (LoyaltyNames.Module, LineCodes.Adjusted) when more => new($"{amount} {unit} given by hand ({subject}).", $"人手增加 {amount} {unit}（{subject}）。"),
            (LoyaltyNames.Module, LineCodes.Adjusted) => new($"{amount} {unit} taken by hand ({subject}).", $"人手扣減 {amount} {unit}（{subject}）。"),
            (LoyaltyNames.Module, LineCodes.TakenBack) => new($"{amount} {unit} taken back for '{subject}'.", $"因「{subject}」退款扣回 {amount} {unit}。"),
            (LoyaltyNames.Module, LineCodes.Shortfall) when !more => new($"{amount} {unit} that had been written off came back.", $"已撇帳之 {amount} {unit} 已退回。"),
            (LoyaltyNames.Module, LineCodes.RanOutBefore) => new($"{amount} {unit} of it had expired already and are not owed.", $"其中 {amount} {unit} 早已到期，毋須扣回。"),
            (LoyaltyNames.Module, LineCodes.GivenBack) => new($"{amount} {unit} given back for '{subject}'.", $"「{subject}」退還 {amount} {unit}。"),
            (LoyaltyNames.Module, LineCodes.Shortfall) => new($"{amount} {unit} were missing and are written off.", $"不足之 {amount} {unit} 已撇帳。"),
            (LoyaltyNames.Module, LineCodes.Lapsed) => new($"{amount} pending {unit} were given up.", $"凍結中的 {amount} {unit} 已失效。"),
            (LoyaltyNames.Module, LineCodes.TransferredOut) => new($"{amount} {unit} given to another member.", $"已轉贈 {amount} {unit} 予其他會員。"),
            (LoyaltyNames.Module, LineCodes.TransferredIn) => new($"{amount} {unit} received from another member.", $"由其他會員轉贈獲得 {amount} {unit}。"),
            (LoyaltyNames.Module, LineCodes.CameBack) => new($"{amount} {unit} came back: nobody has the customer id that they were given to.", $"{amount} {unit} 已退回：查無所贈予的顧客編號。"),
            (LoyaltyNames.Module, LineCodes.NotTaken) => new($"{amount} {unit} went back to who gave them: who was to get them has left the programme.", $"{amount} {unit} 已退回贈予人：獲贈的顧客已退出計劃。"),
            (LoyaltyNames.Module, LineCodes.Converted) when more => new($"{amount} {unit} got by exchange '{subject}'.", $"按轉換「{subject}」獲得 {amount} {unit}。"),
            (LoyaltyNames.Module, LineCodes.Converted) => new($"{amount} {unit} given for exchange '{subject}'.", $"按轉換「{subject}」扣除 {amount} {unit}。"),
            (LoyaltyNames.Module, LineCodes.Reinstated) => new($"{amount} expired {unit} given back ({subject}).", $"恢復已到期的 {amount} {unit}（{subject}）。"),
            (LoyaltyNames.Module, LineCodes.Returned) => new($"{amount} spent {unit} came back.", $"退回已兌換的 {amount} {unit}。"),
            (LoyaltyNames.Module, LineCodes.Expired) => new($"{amount} {unit} expired.", $"{amount} {unit} 已到期。"),
            (LoyaltyNames.Module, LineCodes.DebtRepaid) => new($"{Number(Repaid(line))} {unit} went to what was owed.", $"{Number(Repaid(line))} {unit} 用以抵銷欠數。"),
            (LoyaltyNames.Module, LineCodes.Lot) when more => new($"{amount} {unit} to lot '{subject}'.", $"批次「{subject}」增加 {amount} {unit}。"),
            (LoyaltyNames.Module, LineCodes.Lot) => new($"{amount} {unit} from lot '{subject}'.", $"批次「{subject}」減少 {amount} {unit}。"),
            (LoyaltyNames.Module, LineCodes.TierChanged) when subject == LineCodes.NoTier => new("No tier any more.", "不再屬於任何等級。"),
            (LoyaltyNames.Module, LineCodes.TierChanged) => new($"The tier is now '{subject}'.", $"等級現為「{subject}」。"),
            (LoyaltyNames.Module, LineCodes.CardPrize) => new($"{amount} {unit} from card '{subject}'.", $"印花卡「{subject}」送出 {amount} {unit}。"),
            (LoyaltyNames.Module, LineCodes.Gift) => new($"{amount} {unit} given ({subject}).", $"送出 {amount} {unit}（{subject}）。"),
            (LoyaltyNames.Module, LineCodes.Forfeited) => new($"{amount} {unit} were given up by leaving.", $"退出計劃，放棄 {amount} {unit}。"),
            (LoyaltyNames.Module, LineCodes.RuleBasis) => new($"Rule '{subject}' counted on what cannot be; its award does not say on what.", $"規則「{subject}」所述的計算基數不可能成立，故不列出。"),
            (LoyaltyNames.Module, LineCodes.RuleLife) => new($"Rule '{subject}' gave a life, a wait or an issuer that cannot be; its award is as its terms and the unit say.", $"規則「{subject}」所定的有效期、等候期或發行人不可能成立，已按其條款及單位處理。"),
            (LoyaltyNames.Module, LineCodes.RuleCut) => new($"Rule '{subject}' proposed less than 0 or more than is possible; it was cut.", $"規則「{subject}」提出的數目低於零或超出上限，已作修正。"),
            (LoyaltyNames.Module, LineCodes.RuleUnitUnknown) => new($"Rule '{subject}' proposed a unit that the programme does not have; it was passed over.", $"規則「{subject}」提出的單位不屬於本計劃，已略過。"),
            _ => throw new ArgumentException($"'{line.Module}/{line.Code}' is no line of the loyalty module; its codes are those of {nameof(LineCodes)}.", nameof(line)),
        };
    }

    internal static Text Activated(long amount, string unit) => new($"{Number(amount)} {unit} can be spent now.", $"{Number(amount)} {unit} 現可使用。");

    internal static Text Expiring(long amount, string unit, NodaTime.LocalDate day) => new(
        $"{Number(amount)} {unit} are gone on {NodaTime.Text.LocalDatePattern.Iso.Format(day)}.",
        $"{Number(amount)} {unit} 將於 {NodaTime.Text.LocalDatePattern.Iso.Format(day)} 失效。");

    internal static Text TierExpiring(string tier, long? missing, NodaTime.LocalDate day) => new(
        $"The tier '{tier}' ends on {NodaTime.Text.LocalDatePattern.Iso.Format(day)}{(missing is { } more ? $" unless {Number(more)} more are counted until then" : "")}.",
        $"等級「{tier}」將於 {NodaTime.Text.LocalDatePattern.Iso.Format(day)} 屆滿{(missing is { } left ? $"，除非在此之前再累積 {Number(left)}" : "")}。");

    internal static Text LotsAmended(int lots, string consent) => new(
        $"{Number(lots)} {(lots == 1 ? "lot has" : "lots have")} another life now; the members agreed by '{consent}'.",
        $"{Number(lots)} 個批次的有效期已更改，依據「{consent}」。");

    internal static Text NotTransferable(string unit) => new($"'{unit}' cannot be given to others.", $"「{unit}」不可轉贈。");

    internal static Text UnknownMember(string to) => new($"'{to}' is no id of another customer; 32 hexadecimal digits are expected.", $"「{to}」並非其他顧客的編號。");

    internal static Text TooFewToConvert(long asked, long give, string unit) => new($"{Number(asked)} {unit} are asked for; at least {Number(give)} are exchanged at once.", $"要求轉換 {Number(asked)} {unit}，最少須 {Number(give)}。");

    internal static Text NoSuchConversion(string? name, string known) => new($"No exchange is named '{name}'. There are: {known}.", $"沒有名為「{name}」的轉換。現有：{known}。");

    internal static Text NoSuchLot(string lot, string unit) => new($"The member has no {unit} in a lot '{lot}'.", $"會員沒有批次「{lot}」的 {unit}。");

    internal static Text NothingGone(string unit) => new($"No such {unit} have run out within the time in which they can be given back.", $"沒有可恢復的已到期 {unit}。");

    internal static Text NothingDrawn(string original) => new($"Nothing of '{original}' can come back: it is no redemption, it is too long ago, or it came back already.", $"「{original}」沒有可退回的數目。");

    internal static Text WhyHours { get; } = new("Not at this time: the rule counts on other days or at other hours.", "並非此規則適用的日子或時段。");

    internal static Text WhyCooldown { get; } = new("Too soon after the last time that the rule gave.", "距離上次給予時間太短。");

    internal static Text WhyNothing { get; } = new("Nothing of the event is what the rule counts, or another rule or a limit goes before it.", "本次活動沒有此規則計算的項目，或有其他規則、上限優先。");

    internal static Text WhyScope(string where) => new($"Not here: the rule counts at {where}.", $"此處不適用，此規則只適用於：{where}。");

    internal static Text WhyAmount(Money missing) => new($"{missing} more would be needed.", $"尚欠 {missing}。");

    internal static Text WhyOften(int most) => new($"The rule has given {Number(most)} {(most == 1 ? "time" : "times")} in this span, and no more is possible.", $"此規則在期內已給予 {Number(most)} 次，已達上限。");

    internal static Text WhyOutranked(string winner, string group) => new($"Rule '{winner}' of group '{group}' gives instead.", $"由組別「{group}」的規則「{winner}」代為給予。");

    internal static Text WhyOnce(string field) => new($"The rule has given for this '{field}' already.", $"此規則已就此「{field}」給予。");

    internal static Text WhyArticles(IReadOnlyList<string> articles)
    {
        var named = string.Join(", ", articles.Take(MostNamed)) + (articles.Count > MostNamed ? ", …" : "");
        return new($"None of its articles: the rule counts {named}.", $"沒有此規則計算的貨品：{named}。");
    }

    internal static Text WhyCondition(Text part, (decimal Amount, bool Passing)? missing) => missing is var (more, passing)
        ? new(
            $"It would have to hold that {part.English}; {(passing ? "more than " : "")}{Scalar.Of(more)} more would be needed.",
            $"條件未符：{part.Chinese}，尚欠{(passing ? "多於" : "")} {Scalar.Of(more)}。")
        : new($"It would have to hold that {part.English}.", $"條件未符：{part.Chinese}。");

    /// <summary>A reason, with the first time, in the programme's zone, at which it does not stand any more.</summary>
    internal static Text WhyNotBefore(Text reason, NodaTime.Instant? at, NodaTime.DateTimeZone zone)
    {
        if (at is not { } first)
        {
            return reason;
        }

        return new($"{reason.English} If nothing else happens, it may from {Local(first, zone)} on.", $"{reason.Chinese}如無其他變動，最早於 {Local(first, zone)} 起可行。");
    }

    /// <summary>One of several reasons, with the first time, in the programme's zone, at which it is over; others may stand then.</summary>
    internal static Text WhyUntil(Text reason, NodaTime.Instant? at, NodaTime.DateTimeZone zone) =>
        at is { } first ? new($"{reason.English} This is over on {Local(first, zone)}.", $"{reason.Chinese}此項至 {Local(first, zone)} 止。") : reason;

    internal static Text Joined(IReadOnlyCollection<Text> sentences) => new(string.Join(' ', sentences.Select(one => one.English)), string.Concat(sentences.Select(one => one.Chinese)));

    internal static Text RateMissing(string rate) => new($"Nothing by amounts in this currency: the look-up '{rate}' has no rate.", $"此貨幣未能計算：查無兌換率「{rate}」。");

    internal static Text NotCovered(string program) => new($"Not here: the programme '{program}' counts elsewhere.", $"計劃「{program}」不適用於此處。");

    internal static Text InsufficientBalance(long asked, long available, string unit) => new(
        $"{Number(asked)} {unit} are asked for, and {Number(available)} are available.",
        $"要求 {Number(asked)} {unit}，現有 {Number(available)}。");

    internal static Text Stamped(string card, long stamps, long onCard, int goal) => new(
        $"{Number(stamps)} {(stamps == 1 ? "stamp" : "stamps")} on card '{card}': {Number(onCard)} of {Number(goal)}.",
        $"印花卡「{card}」蓋印 {Number(stamps)} 個：{Number(onCard)}／{Number(goal)}。");

    internal static Text CardFull(string card, long free) => free > 0
        ? new($"Card '{card}' is full; {Number(free)} free to take.", $"印花卡「{card}」已集滿，可免費換領 {Number(free)} 次。")
        : new($"Card '{card}' is full, for one that was taken before.", $"印花卡「{card}」已集滿，用以抵銷早前換領。");

    internal static Text StampsForfeited(string card, long stamps, long free) => new(
        $"Card '{card}' was given up by leaving: stamps {Number(stamps)}, free ones {Number(free)}.",
        $"退出計劃，放棄印花卡「{card}」：印花 {Number(stamps)} 個、免費換領 {Number(free)} 次。");

    internal static Text ChallengeForfeited(string challenge) => new($"What was done for challenge '{challenge}' was given up by leaving.", $"退出計劃，放棄任務「{challenge}」的進度。");

    internal static Text RewardForfeited(string reward, int times) => new(
        $"{Number(times)} of reward '{reward}' {(times == 1 ? "was" : "were")} given up by leaving, with the {(times == 1 ? "code" : "codes")} not used.",
        $"退出計劃，放棄未使用的獎賞「{reward}」{Number(times)} 份。");

    internal static Text StampsExpired(string card, long stamps) => new($"{Number(stamps)} {(stamps == 1 ? "stamp" : "stamps")} of card '{card}' ran out.", $"印花卡「{card}」有 {Number(stamps)} 個印花到期。");

    internal static Text StampsNotGiven(string card, long stamps) => new(
        $"{Number(stamps)} {(stamps == 1 ? "stamp" : "stamps")} for card '{card}' {(stamps == 1 ? "was" : "were")} not given: a limit is reached, or the card takes no more.",
        $"印花卡「{card}」未能蓋印 {Number(stamps)} 個：已達上限，或卡上位置不足。");

    internal static Text CardIsOpen(string card) => new($"Card '{card}' is open already, or opens by itself.", $"印花卡「{card}」已開啟，或會自動開啟。");

    internal static Text CardOpened(string card) => new($"A new card '{card}' is open.", $"已開新印花卡「{card}」。");

    internal static Text CardBrought(string card, long stamps, long free) => new(
        $"{Number(stamps)} stamps on card '{card}' and {Number(free)} free ones were brought from before.",
        $"由舊系統帶入印花卡「{card}」印花 {Number(stamps)} 個及免費 {Number(free)} 份。");

    internal static Text TierBrought(string tier) => new($"The tier '{tier}' was brought from before.", $"由舊系統帶入等級「{tier}」。");

    internal static Text AlreadyOpened(string program) => new($"The balance in '{program}' was opened by this import already.", $"「{program}」的結餘已由此次匯入開立。");

    internal static Text FreeTaken(string card, long free) => new(
        $"The free one of card '{card}' was taken; {Number(Math.Max(free, 0))} left.",
        $"已換領印花卡「{card}」的免費一次，尚餘 {Number(Math.Max(free, 0))} 次。");

    internal static Text NoFullCard(string card, long stamps, int goal) => new(
        $"No card '{card}' is full: {Number(stamps)} of {Number(goal)} stamps.",
        $"印花卡「{card}」尚未集滿：{Number(stamps)}／{Number(goal)}。");

    internal static Text CardMissing(string known) => new(
        $"The request has to name one stamp card, and its programme where several have it. There are: {known}.",
        $"請求須指明一張印花卡（及所屬計劃）。現有：{known}。");

    internal static Text UnknownCard(string card, string known) => new(
        $"No stamp card is named '{card}'. There are: {known}.",
        $"沒有名為「{card}」的印花卡。現有：{known}。");

    internal static Text ProgramEnded(string program) => new($"The programme '{program}' has ended.", $"計劃「{program}」已結束。");

    internal static Text UnknownProgram(string program, string known) => new(
        $"No programme is named '{program}'. There are: {known}.",
        $"沒有名為「{program}」的會員計劃。現有：{known}。");

    internal static Text ProgramMissing(string known) => new(
        $"The request has to name a programme. There are: {known}.",
        $"請求須指明會員計劃。現有：{known}。");

    internal static Text ProgramInactive(string program) => new(
        $"The programme '{program}' has not begun.",
        $"會員計劃「{program}」尚未開始。");

    internal static Text UnknownUnit(string unit, string known) => new(
        $"No unit is named '{unit}'. There are: {known}.",
        $"沒有名為「{unit}」的單位。現有：{known}。");

    internal static Text UnitMissing(string known) => new(
        $"The request has to name a unit. There are: {known}.",
        $"請求須指明單位。現有：{known}。");

    internal static Text NotSpendable(string unit) => new(
        $"'{unit}' counts towards tiers and cannot be spent.",
        $"「{unit}」只用於計算等級，不能兌換。");

    internal static Text InvalidAmount(string found, string expected, string expectedInChinese) => new(
        $"The amount is {found}; {expected} is expected.",
        $"數目為 {found}，應為{expectedInChinese}。");

    internal static Text NotNamed(Text what, string known) => new(
        $"The request has to name a {what.English}. There are: {known}.",
        $"請求須指明{what.Chinese}。現有：{known}。");

    internal static Text NotThere(Text what, string name, string known) => new(
        $"No {what.English} is named '{name}'. There are: {known}.",
        $"沒有名為「{name}」的{what.Chinese}。現有：{known}。");

    internal static Text OverStaffLimit(long amount, StaffLimit limit) => Span(limit.Per) is { } span
        ? new(
            $"With {Number(amount)} it would be more than anybody may decide in a {span.English}: {Number(limit.Most ?? 0)}.",
            $"連同 {Number(amount)}，超出每人每{span.Chinese}可批的上限 {Number(limit.Most ?? 0)}。")
        : new(
            $"{Number(amount)} is more than anybody may decide at once: {Number(limit.Most ?? 0)}.",
            $"{Number(amount)} 超出每次可批的上限 {Number(limit.Most ?? 0)}。");

    internal static Text ApprovalNeeded(long amount, StaffLimit limit) => Span(limit.Per) is { } span
        ? new(
            $"With {Number(amount)} it would be more than one person may decide in a {span.English} ({Number(limit.Alone)}); somebody else has to approve it, in the field '{StaffFields.ApprovedBy}'.",
            $"連同 {Number(amount)}，超出一人每{span.Chinese}可批的 {Number(limit.Alone)}，須由另一人在「{StaffFields.ApprovedBy}」欄批核。")
        : new(
            $"{Number(amount)} is more than one person may decide ({Number(limit.Alone)}); somebody else has to approve it, in the field '{StaffFields.ApprovedBy}'.",
            $"{Number(amount)} 超出一人可批的 {Number(limit.Alone)}，須由另一人在「{StaffFields.ApprovedBy}」欄批核。");

    private static Text? Span(CapPeriod? per) => per switch
    {
        CapPeriod.Day => new Text("day", "日"),
        CapPeriod.Week => new Text("week", "星期"),
        CapPeriod.Month => new Text("month", "月"),
        CapPeriod.Year => new Text("year", "年"),
        _ => null,
    };

    internal static Text LifeAlreadyOver(Instant end, Instant now) => new(
        $"The end asked for, {end}, is over: it is {now}. A later one is expected, or none, where units live as if earned now.",
        $"要求的到期時間 {end} 已過，現時為 {now}；應為較後的時間，或留空，積分便如現在賺取般計算。");

    internal static Text OverBeforeAvailable(string lot, Instant end, Instant from) => new(
        $"The units in lot '{lot}' can be spent from {from} on, and the end asked for, {end}, is no later. A later one is expected, or none, where units live as if earned then.",
        $"批次「{lot}」自 {from} 起方可使用，要求的到期時間 {end} 並不較後；應為較後的時間，或留空，積分便如屆時賺取般計算。");

    internal static Text LotWaits(string lot) => new(
        $"The units in lot '{lot}' wait for an event; their life begins when it comes, and can be changed from then on.",
        $"批次「{lot}」尚待事件發生，有效期屆時才開始，之後方可更改。");

    internal static Text LifeNotBegun(long units, string unit) => new(
        $"{Number(units)} {unit} wait for an event and stay as they are: their life begins when it comes.",
        $"{Number(units)} {unit} 尚待事件發生，維持不變，有效期屆時才開始。");

    internal static Text InvalidSeconds(string found, long most) => new(
        $"It is to be kept for {found} seconds; a whole number from 1 to {most} is expected.",
        $"要求保留 {found} 秒，應為 1 至 {most} 的整數。");

    internal static Text OpeningUnreadable(int items) => new(
        $"Not all of the {Number(items)} lots, debts, tiers and cards can be read: names are expected in them, without ';' and '|'.",
        $"{Number(items)} 項批次、欠數、等級及印花卡未能全部讀取：名稱不可含「;」及「|」。");

    internal static Text AlreadyOver { get; } = new("The last day asked for is over already.", "要求的最後一日已過。");

    internal static Text TierByStaff(CustomerEvent request)
    {
        var (tier, actor) = (request.Fields[TierEvents.Tier].AsCode ?? "", request.Actor ?? "");
        return request.Kind switch
        {
            TierEvents.PinName => new($"The tier is fixed at '{tier}' by {actor}.", $"等級由 {actor} 定為「{tier}」。"),
            TierEvents.FloorName => new($"The tier is at least '{tier}', by {actor}.", $"等級由 {actor} 定為不低於「{tier}」。"),
            _ => new($"The tier follows what is counted again, by {actor}.", $"等級由 {actor} 改回按累積計算。"),
        };
    }

    internal static Text RewardInactive(string reward) => new($"The reward '{reward}' is not there now.", $"獎賞「{reward}」現時不可兌換。");

    internal static Text RewardLimit(string reward, int most) => new($"A member gets at most {most} of the reward '{reward}'.", $"每位會員最多可換 {most} 份「{reward}」。");

    internal static Text OutOfStock(string reward) => new($"The reward '{reward}' is out of stock.", $"獎賞「{reward}」已換罄。");

    internal static Text NoMatchingCost(string reward) => new($"The reward '{reward}' has no price for this member.", $"獎賞「{reward}」沒有適用於此會員的兌換價。");

    internal static Text CodeExpected(string reward, string pattern) => new($"The reward '{reward}' carries a code of the form '{pattern}', to be looked up beforehand.", $"獎賞「{reward}」須附「{pattern}」格式的代碼。");

    internal static Text CodeGiven(string reward) => new($"A reward with that code was given before; look another one up for '{reward}'.", $"附有該代碼的獎賞早已發出；請為「{reward}」另取代碼。");

    internal static Text UnknownCode { get; } = new("This customer has no unused reward with that code.", "此會員沒有附有該代碼而未用的獎賞。");

    internal static Text Rewarded(string reward, int times) => times == 1
        ? new($"Reward '{reward}'.", $"獎賞「{reward}」。")
        : new($"Reward '{reward}', {Number(times)} times.", $"獎賞「{reward}」{Number(times)} 份。");

    internal static Text RewardUsed(string reward) => new($"Reward '{reward}' was used.", $"已使用獎賞「{reward}」。");

    internal static Text Reserved(long amount, string unit, string? reward) => reward is null
        ? new($"{Number(amount)} {unit} set aside.", $"已預留 {Number(amount)} {unit}。")
        : new($"Reward '{reward}' set aside, with {Number(amount)} {unit}.", $"已預留獎賞「{reward}」及 {Number(amount)} {unit}。");

    internal static Text Returned(long amount, string unit, string? reward) => reward is null
        ? new($"{Number(amount)} {unit} returned.", $"已退回預留的 {Number(amount)} {unit}。")
        : new($"Reward '{reward}' and {Number(amount)} {unit} returned.", $"已退回預留的獎賞「{reward}」及 {Number(amount)} {unit}。");

    internal static Text AlreadyResolved(string reservation) => new(
        $"Nothing is set aside under '{reservation}': it was taken, given back or has lapsed, or never was.",
        $"「{reservation}」名下沒有預留：已取用、退回或逾時，或從未預留。");

    internal static Text MoreThanReserved(string found, long reserved) => new($"The amount is {found}; more than 0 and at most {Number(reserved)} is set aside.", $"數目為 {found}，預留為 {Number(reserved)}。");

    internal static Text PriceDiffers(string found, string reward, long price) => new($"The amount is {found}; reward '{reward}' is taken for {Number(price)}, with which it was set aside.", $"數目為 {found}，獎賞「{reward}」須以預留的 {Number(price)} 換取。");

    internal static Text NoPayment(string program) => new($"Units of '{program}' pay for no orders.", $"「{program}」的單位不可用以付款。");

    internal static Text NoOrder { get; } = new("The request has to name what the order comes to, as its spend.", "請求須註明訂單總額。");

    internal static Text PaymentRateMissing(Currency order, Currency pays) => new(
        $"The order is in {order}, and units pay in {pays}: the look-up '{ExchangeRates.Name(order, pays)}' has no rate above 0.",
        $"訂單以 {order} 計，而單位以 {pays} 付款：查無兌換率「{ExchangeRates.Name(order, pays)}」。");

    internal static Text NotPayable(long asked, long payable, string unit) => new(
        $"{Number(asked)} {unit} are asked for, and {Number(payable)} can pay for this order.",
        $"要求以 {Number(asked)} {unit} 付款，此訂單可用 {Number(payable)}。");

    internal static Text Shortfall(long missing, string unit) => new($"{Number(missing)} {unit} that were quoted are not there any more.", $"報價中的 {Number(missing)} {unit} 已不足。");

    internal static Text CartWants(long wanted, string unit, string cart) => wanted == 0
        ? new($"No {unit} are wanted for cart '{cart}' any more.", $"購物車「{cart}」不再使用 {unit}。")
        : new($"{Number(wanted)} {unit} are wanted for cart '{cart}'.", $"購物車「{cart}」擬使用 {Number(wanted)} {unit}。");

    internal static Text TooManyCarts(int most) => new($"{Number(most)} carts keep a wish already; pay or clear one of them.", $"已有 {Number(most)} 個購物車，請先付款或清除其中一個。");

    internal static Text NothingWanted(string cart) => new($"Nothing is wanted for cart '{cart}': it was paid, cleared or forgotten, or never asked.", $"購物車「{cart}」沒有擬使用的單位：已付款、清除或逾時，或從未要求。");

    internal static Text MoreThanWanted(long asked, long wanted) => new($"{Number(asked)} are asked for, and {Number(wanted)} are wanted for the cart.", $"要求 {Number(asked)}，購物車擬使用 {Number(wanted)}。");

    internal static Text Surprise(string name) => new($"A surprise: '{name}'.", $"驚喜：「{name}」。");

    internal static Text TooOften(string limit) => new($"More often than the limit '{limit}' allows.", $"次數超出「{limit}」的上限。");

    internal static Text Suspended { get; } = new("The membership is suspended.", "會籍已暫停。");

    internal static Text NotSuspended { get; } = new("The membership is not suspended.", "會籍並未暫停。");

    internal static Text NotAMember { get; } = new("The customer is not a member.", "顧客並非會員。");

    internal static Text AlreadyAMember { get; } = new("The customer is a member already.", "顧客已是會員。");

    internal static Text TermsExpected(string version) => new($"Joining takes accepting the terms '{version}'.", $"入會須接納條款「{version}」。");

    internal static Text ByInvitation { get; } = new("Joining is by invitation, and the request names nobody who invites.", "只限邀請入會，請求未註明邀請人。");

    internal static Text Member(MemberStatus status) => status switch
    {
        MemberStatus.Member => new("A member from now on.", "現為會員。"),
        MemberStatus.Suspended => new("The membership is suspended.", "會籍已暫停。"),
        _ => new("No member any more.", "已退出計劃。"),
    };

    internal static Text PoolIs(string what, int members) => what switch
    {
        "opened" => new("The pool is open.", "共用帳戶已開設。"),
        "admitted" => new($"The pool has {Number(members)} {(members == 1 ? "member" : "members")}.", $"共用帳戶現有 {Number(members)} 名成員。"),
        "left" => new($"A member has left the pool; {Number(members)} {(members == 1 ? "is" : "are")} left.", $"一名成員已離開共用帳戶，尚餘 {Number(members)} 名。"),
        "merged" => new($"A member of the pool is known by another customer id now; the pool has {Number(members)} {(members == 1 ? "member" : "members")}.", $"共用帳戶一名成員的顧客編號已併入另一編號；現有 {Number(members)} 名成員。"),
        _ => new("The pool is dissolved; what it held went back to its members.", "共用帳戶已解散，餘額已退回成員。"),
    };

    internal static Text PoolNotTaken(long amount, string unit) => new($"{Number(amount)} {unit} went back to whom they came from: this is no open pool of theirs.", $"{Number(amount)} {unit} 已退回來處：此帳戶並非其所屬而開放的共用帳戶。");

    internal static Text PoolAskedBack { get; } = new("The pool is asked to give this back.", "已要求共用帳戶退回。");

    internal static Text NoPools(string program) => new($"The programme '{program}' has no pools.", $"「{program}」不設共用帳戶。");

    internal static Text NotAPool { get; } = new("The account is no pool.", "此帳戶並非共用帳戶。");

    internal static Text UnknownPool(string pool) => new($"'{pool}' is no id of a pool that a person can give to; 32 hexadecimal digits of another account are expected.", $"「{pool}」並非可供個人存入的共用帳戶編號。");

    internal static Text PoolDissolved { get; } = new("The pool is dissolved.", "共用帳戶已解散。");

    internal static Text NotFromAPool { get; } = new("Members redeem units, rewards and payments from a pool; this they do from an account of their own.", "成員只可從共用帳戶兌換單位、獎賞或付款，此項須用個人帳戶。");

    internal static Text NotAPoolMember { get; } = new("The pool has no such member, or the request names none.", "共用帳戶沒有此成員，或請求未註明成員。");

    internal static Text MayNotSpend { get; } = new("This member gives to the pool and does not spend from it.", "此成員只可存入共用帳戶，不可使用。");

    internal static Text PoolLimit(long most, string unit) => new($"More {unit} than one member may spend from the pool in this span ({Number(most)}).", $"超出每名成員在期內可用共用帳戶 {unit} 的上限 {Number(most)}。");

    internal static Text AccountInUse { get; } = new("The account is a pool already, or somebody's own.", "此帳戶已是共用帳戶，或屬個人所有。");

    internal static Text UnknownRole(string role) => new($"'{role}' is no role in a pool. There are: owner, spender, giver.", $"共用帳戶沒有「{role}」角色。現有：owner、spender、giver。");

    internal static Text NotPoolOwner { get; } = new("Only an owner of the pool, or staff, may do this.", "只有共用帳戶的擁有人或職員可作此操作。");

    internal static Text PoolFull(int most) => new($"A pool has at most {Number(most)} members.", $"共用帳戶最多 {Number(most)} 名成員。");

    internal static Text LastOwner { get; } = new("The pool would be without an owner; name another one first, or dissolve it.", "共用帳戶將沒有擁有人，請先指定另一擁有人，或解散帳戶。");

    internal static Text UnitsPending { get; } = new("Some units of the pool cannot be spent yet; it can be dissolved once they can.", "共用帳戶尚有凍結中的單位，待其可用後方可解散。");

    internal static Text NoReferrals(string program) => new($"The programme '{program}' has no referrals.", $"「{program}」不設推薦計劃。");

    internal static Text ReferralUnclaimed { get; } = new("Nobody has the customer id of who recommended, so that side's reward is not given.", "查無推薦人的顧客編號，推薦一方的獎賞不予發放。");

    internal static Text UnknownAdvocate { get; } = new("The request has to name the customer who recommended.", "請求須註明推薦人。");

    internal static Text ReferralBlocked(string signal) => new($"The referral is not accepted ({signal}).", $"推薦不獲接納（{signal}）。");

    internal static Text AlreadyReferred { get; } = new("It is noted already who brought this customer.", "此顧客已有推薦人。");

    internal static Text NotNew { get; } = new("The customer has bought here before.", "顧客早前已有購物。");

    internal static Text NotFlagged { get; } = new("No referral of this customer waits for approval.", "此顧客沒有待批核的推薦。");

    internal static Text RewardTakenBack(string reward, int times) => new($"{Number(times)} × '{reward}' taken back.", $"已收回獎賞「{reward}」{Number(times)} 份。");

    internal static Text NotUndone(string kind) => new($"What '{kind}' did stays: the programme has no cascade, and this reaches further than the member's own units and rewards.", $"「{kind}」的結果維持不變：計劃不設連鎖重算，而此項不限於會員本身的單位及獎賞。");

    internal static Text Referred(string? flagged) => flagged is null
        ? new("The referral counts.", "推薦有效。")
        : new($"The referral waits for approval ({flagged}).", $"推薦待批核（{flagged}）。");

    internal static Text ChallengeNotOpen(string challenge) => new($"The challenge '{challenge}' cannot be joined now, or is joined already.", $"任務「{challenge}」現時不可參加，或已參加。");

    internal static Text ChallengeJoined(string challenge) => new($"Taking part in the challenge '{challenge}'.", $"已參加任務「{challenge}」。");

    internal static Text ChallengeAchieved(string challenge) => new($"The challenge '{challenge}' is achieved.", $"已完成任務「{challenge}」。");

    internal static Text StampsTakenBack(string card, long stamps) => stamps > 0
        ? new($"{Number(stamps)} {(stamps == 1 ? "stamp" : "stamps")} of card '{card}' taken back.", $"已收回印花卡「{card}」印花 {Number(stamps)} 個。")
        : new($"{Number(-stamps)} {(stamps == -1 ? "stamp" : "stamps")} of card '{card}' given back.", $"已退回印花卡「{card}」印花 {Number(-stamps)} 個。");

    internal static Text ChallengeTakenBack(string challenge) => new($"What counts towards the challenge '{challenge}' is what refunds have left.", $"任務「{challenge}」的進度按退款後餘額計算。");

    internal static Text PrizeCovered(string given) => new($"'{given}' gave this before, for what came back since.", $"「{given}」早前已送出此項，其後已有退款，是次用以抵銷。");

    internal static Text ActorMissing { get; } = new(
        "The request has to say who adjusts, as the actor of the event.",
        "請求須以事件的經手人註明由誰調整。");

    private static string Local(NodaTime.Instant instant, NodaTime.DateTimeZone zone) => NodaTime.Text.LocalDateTimePattern.CreateWithInvariantCulture("uuuu-MM-dd HH:mm:ss").Format(instant.InZone(zone).LocalDateTime);

    private static long Repaid(ReceiptLine line) => line.Parts.Sum(part => Math.Max(part.Amount, 0));

    private static string Number(long number) => number.ToString("#,0", CultureInfo.InvariantCulture);
}
