using System.Globalization;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Stamps;
using Crm.Loyalty.Tiers;
using Crm.Values;
using NodaTime;
using NodaTime.Text;

namespace Crm.Loyalty.Openings;

/// <summary>Something in an opening balance that does not fit the programme.</summary>
/// <param name="Path">Where, such as "lots[1].unit".</param>
/// <param name="Code">The code of the refusal.</param>
/// <param name="Reason">What was found and what would be right.</param>
public sealed record OpeningProblem(string Path, string Code, Text Reason)
{
    /// <summary>The path and the reason in English.</summary>
    public override string ToString() => $"{Path}: {Reason.English}";
}

/// <summary>Holds opening balances to a programme; all that is wrong comes at once.</summary>
public static class OpeningCheck
{
    /// <summary>What does not fit; empty where everything does.</summary>
    /// <param name="balance">The balance.</param>
    /// <param name="program">The programme.</param>
    /// <param name="at">When it is opened: a tier that is over by then is no tier, and nothing was earned or reached later.</param>
    public static Sequence<OpeningProblem> Problems(OpeningBalance balance, LoyaltyProgram program, Instant at)
    {
        ArgumentNullException.ThrowIfNull(balance);
        ArgumentNullException.ThrowIfNull(program);
        var problems = new List<OpeningProblem>();
        if (balance.Lots.IsEmpty && balance.Debts.IsEmpty && balance.Tiers.IsEmpty && balance.Cards.IsEmpty)
        {
            problems.Add(new("", "nothing-to-open", new("The balance is empty; units, a tier or stamps are expected.", "結餘為空；應有單位、等級或印花。")));
        }

        for (var i = 0; i < balance.Lots.Count; i++)
        {
            Check(balance.Lots[i], program, at, string.Create(CultureInfo.InvariantCulture, $"lots[{i}]"), problems);
        }

        for (var i = 0; i < balance.Debts.Count; i++)
        {
            var path = string.Create(CultureInfo.InvariantCulture, $"debts[{i}]");
            CheckUnit(balance.Debts[i].Unit, program, path, problems);
            CheckAmount(balance.Debts[i].Amount, path, problems);
        }

        for (var i = 0; i < balance.Tiers.Count; i++)
        {
            Check(balance.Tiers[i], program, at, string.Create(CultureInfo.InvariantCulture, $"tiers[{i}]"), problems);
        }

        for (var i = 0; i < balance.Cards.Count; i++)
        {
            Check(balance.Cards[i], program, string.Create(CultureInfo.InvariantCulture, $"cards[{i}]"), problems);
        }

        return problems.ToSequence();
    }

    /// <summary>The ladder that a tier is on; null where none is meant for sure.</summary>
    internal static TierLadder? LadderOf(OpeningTier tier, LoyaltyProgram program) =>
        tier.Ladder is null ? (program.Ladders.Count == 1 ? program.Ladders[0] : null) : program.Ladders.FirstOrDefault(ladder => ladder.Name == tier.Ladder);

    /// <summary>The card that is meant; null where none is for sure.</summary>
    internal static StampCard? CardOf(OpeningCard card, LoyaltyProgram program) =>
        card.Card is null ? (program.StampCards.Count == 1 ? program.StampCards[0] : null) : program.StampCards.FirstOrDefault(known => known.Name == card.Card);

    private static void Check(OpeningLot lot, LoyaltyProgram program, Instant at, string path, List<OpeningProblem> problems)
    {
        CheckUnit(lot.Unit, program, path, problems);
        CheckAmount(lot.Amount, path, problems);
        var lives = (lot.Expiry is null ? 0 : 1) + (lot.Earned is null ? 0 : 1) + (lot.Forever ? 1 : 0);
        if (lives != 1)
        {
            problems.Add(new($"{path}.expiry", "life-missing", new(
                "The units have no life of their own, or several; an end, the day on which they were earned, or 'forever' is expected.",
                "未註明或重複註明有效期；應為到期時刻、賺取日期或「永久」其中之一。")));
        }

        if (lot.Earned is { } earned && earned > new Moment(at, DateTimeZoneProviders.Tzdb[program.Zone]).Date)
        {
            problems.Add(new($"{path}.earned", "not-yet", new(
                $"The units were earned on {LocalDatePattern.Iso.Format(earned)}, after the balance is opened, and would live too long; a day that has begun is expected.",
                $"賺取日期 {LocalDatePattern.Iso.Format(earned)} 在開立結餘之後，有效期會過長；應為已開始的日期。")));
        }

        if (lot.ActiveFrom >= lot.Expiry)
        {
            problems.Add(new($"{path}.activeFrom", "never-available", new("The units are gone before they become available.", "單位在生效前已到期。")));
        }

        if (lot.Issuer is { } issuer && !Names.IsName(issuer))
        {
            problems.Add(new($"{path}.issuer", "invalid-issuer", new($"'{issuer}' is not the name of a partner: lower-case letters, digits, '-', '_' and '.' are expected.", $"「{issuer}」並非夥伴名稱。")));
        }
    }

    private static void Check(OpeningTier tier, LoyaltyProgram program, Instant at, string path, List<OpeningProblem> problems)
    {
        if (LadderOf(tier, program) is not { } ladder)
        {
            problems.Add(Unknown($"{path}.ladder", "unknown-ladder", new Text("ladder", "等級階梯"), tier.Ladder, program.Ladders.Select(known => known.Name)));
            return;
        }

        if (ladder.LevelOf(tier.Tier) < 0)
        {
            problems.Add(Unknown($"{path}.tier", "unknown-tier", new Text("tier", "等級"), tier.Tier, ladder.Tiers.Select(known => known.Name)));
        }

        if (tier.Since > at)
        {
            problems.Add(new($"{path}.since", "not-yet", new("The tier was reached after the balance is opened; an instant that has come is expected.", "達到等級的時間在開立結餘之後；應為已到的時間。")));
        }

        if (tier.Until <= at)
        {
            problems.Add(new($"{path}.until", "already-over", new("The tier is over before the balance is opened; leave it out.", "等級在開立結餘前已屆滿；請略去。")));
        }
    }

    private static void Check(OpeningCard card, LoyaltyProgram program, string path, List<OpeningProblem> problems)
    {
        if (CardOf(card, program) is not { } known)
        {
            problems.Add(Unknown($"{path}.card", "unknown-card", new Text("stamp card", "印花卡"), card.Card, program.StampCards.Select(each => each.Name)));
        }
        else if (card.Stamps < 0 || card.Stamps >= known.Goal || card.Free is < 0 or > StampCard.MostStamps || card.Stamps + card.Free == 0)
        {
            problems.Add(new(path, "invalid-stamps", new(
                string.Create(CultureInfo.InvariantCulture, $"The card has {card.Stamps} stamps and {card.Free} free ones; 0 to {known.Goal - 1} stamps and 0 to {StampCard.MostStamps} free ones are expected, and not 0 of both."),
                string.Create(CultureInfo.InvariantCulture, $"印花 {card.Stamps} 個、免費 {card.Free} 份；應為 0 至 {known.Goal - 1} 個印花及 0 至 {StampCard.MostStamps} 份免費，且不可同為零。"))));
        }
    }

    private static void CheckUnit(string unit, LoyaltyProgram program, string path, List<OpeningProblem> problems)
    {
        if (program.Units.All(known => known.Name != unit))
        {
            problems.Add(Unknown($"{path}.unit", "unknown-unit", new Text("unit", "單位"), unit, program.Units.Select(known => known.Name)));
        }
    }

    private static void CheckAmount(long amount, string path, List<OpeningProblem> problems)
    {
        if (amount is < 1 or > PointsPerAmount.Most)
        {
            problems.Add(new($"{path}.amount", "invalid-amount", new(
                string.Create(CultureInfo.InvariantCulture, $"The amount is {amount}; a whole number from 1 to {PointsPerAmount.Most} is expected."),
                string.Create(CultureInfo.InvariantCulture, $"數目為 {amount}；應為 1 至 {PointsPerAmount.Most} 的整數。"))));
        }
    }

    private static OpeningProblem Unknown(string path, string code, Text what, string? name, IEnumerable<string> known)
    {
        var all = string.Join(", ", known);
        return new(path, code, new(
            $"{(name is null ? $"No {what.English} is named" : $"No {what.English} is named '{name}'")}. There are: {(all.Length == 0 ? "none" : all)}.",
            $"{(name is null ? $"未指明{what.Chinese}" : $"沒有名為「{name}」的{what.Chinese}")}。現有：{(all.Length == 0 ? "無" : all)}。"));
    }
}
