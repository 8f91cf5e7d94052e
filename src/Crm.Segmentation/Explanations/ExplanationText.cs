using System.Globalization;
using System.Text;
using Crm.Conditions;
using Crm.Segmentation.Memberships;
using Crm.Values;
using NodaTime;
using NodaTime.Text;

namespace Crm.Segmentation.Explanations;

/// <summary>Writes explanations for people: the answer, then each part on a line, indented below what it is a part of.</summary>
internal static class ExplanationText
{
    private static readonly LocalDateTimePattern Minute = LocalDateTimePattern.CreateWithInvariantCulture("yyyy-MM-dd HH:mm");

    private const int KeysShown = 5;

    public static Text Of(SegmentExplanation explanation)
    {
        var (label, zone) = (explanation.Label, explanation.Zone);
        var (english, chinese) = (new StringBuilder(), new StringBuilder());
        if (explanation.Membership is not { Since: var since } membership)
        {
            english.Append(CultureInfo.InvariantCulture, $"Not in the segment '{label.English}'.");
            chinese.Append(CultureInfo.InvariantCulture, $"不屬於分眾「{label.Chinese}」。");
        }
        else if (membership.EnteredBy.Reason == MembershipReason.Unknown && since == explanation.At)
        {
            english.Append(CultureInfo.InvariantCulture, $"In the segment '{label.English}'.");
            chinese.Append(CultureInfo.InvariantCulture, $"屬於分眾「{label.Chinese}」。");
        }
        else
        {
            english.Append(CultureInfo.InvariantCulture, $"In the segment '{label.English}' since {At(since, zone)}.");
            chinese.Append(CultureInfo.InvariantCulture, $"自 {At(since, zone)} 起屬於分眾「{label.Chinese}」。");
        }

        if (explanation.Why is not { } why)
        {
            english.Append(" No version of it counts yet.");
            chinese.Append("此分眾尚未生效。");
            return new Text(english.ToString(), chinese.ToString());
        }

        if (explanation.ChangesAt is { } change)
        {
            english.Append(CultureInfo.InvariantCulture, $" If nothing happens, that changes at {At(change, zone)}.");
            chinese.Append(CultureInfo.InvariantCulture, $"如無其他事情發生，將於 {At(change, zone)} 改變。");
        }

        Append(why, 1, zone, english, chinese);
        if (!explanation.SmallestChange.IsEmpty)
        {
            english.Append(CultureInfo.InvariantCulture, $"\n  The smallest change to {(explanation.IsMember ? "leave" : "enter")}: {string.Join("; and ", explanation.SmallestChange.Select(needed => needed.Text.English + Now(needed.From, " (is ", ")")))}.");
            chinese.Append(CultureInfo.InvariantCulture, $"\n  最少須有以下改變方會{(explanation.IsMember ? "離開" : "進入")}：{string.Join("；以及", explanation.SmallestChange.Select(needed => needed.Text.Chinese + Now(needed.From, "（現為 ", "）")))}。");
        }

        return new Text(english.ToString(), chinese.ToString());
    }

    private static string Now(Scalar value, string before, string after) => value.IsMissing ? "" : $"{before}{value}{after}";

    private static void Append(ExplainedPart part, int depth, DateTimeZone zone, StringBuilder english, StringBuilder chinese)
    {
        var mark = part.Holds ? '✓' : '✗';
        english.Append('\n').Append(' ', 2 * depth).Append(mark).Append(' ');
        chinese.Append('\n').Append(' ', 2 * depth).Append(mark).Append(' ');
        switch (part.Condition)
        {
            case Condition.All:
                english.Append("all of these:");
                chinese.Append("以下全部成立：");
                break;
            case Condition.Any:
                english.Append("at least one of these:");
                chinese.Append("以下至少一項成立：");
                break;
            case Condition.Not:
                english.Append("not this:");
                chinese.Append("以下不成立：");
                break;
            default:
                english.Append(part.Text.English);
                chinese.Append(part.Text.Chinese);
                AppendLeaf(part, zone, english, chinese);
                break;
        }

        foreach (var inner in part.Parts)
        {
            Append(inner, depth + 1, zone, english, chinese);
        }

        if (part.Nested?.Why is { } nested)
        {
            Append(nested, depth + 1, zone, english, chinese);
        }
    }

    private static void AppendLeaf(ExplainedPart leaf, DateTimeZone zone, StringBuilder english, StringBuilder chinese)
    {
        if (!leaf.Actual.IsMissing && leaf.Nested is null)
        {
            english.Append(CultureInfo.InvariantCulture, $" (is {leaf.Actual})");
            chinese.Append(CultureInfo.InvariantCulture, $"（現為 {leaf.Actual}）");
        }

        if (leaf.Zone is { } source)
        {
            english.Append(source == ZoneSource.Profile ? ", the zone being that of the profile" : ", the profile naming no zone");
            chinese.Append(source == ZoneSource.Profile ? "，時區取自顧客資料" : "，顧客資料未有時區");
        }

        if (leaf.ValidUntil is { } until)
        {
            english.Append(CultureInfo.InvariantCulture, $", until {At(until, zone)} if nothing happens");
            chinese.Append(CultureInfo.InvariantCulture, $"，如無其他事情發生，至 {At(until, zone)} 為止");
        }

        if (leaf.Margin is > 0 and var margin)
        {
            var far = Far(margin, leaf.TurnsAt.Kind);
            english.Append(CultureInfo.InvariantCulture, $", {far.English} from the other answer at {leaf.TurnsAt}");
            chinese.Append(CultureInfo.InvariantCulture, $"，與另一結果的界線 {leaf.TurnsAt} 相差 {far.Chinese}");
        }

        if (!leaf.Evidence.IsEmpty)
        {
            var keys = leaf.Evidence.TakeLast(KeysShown);
            var more = leaf.Evidence.Count - KeysShown;
            english.Append(CultureInfo.InvariantCulture, $", by {(more > 0 ? $"{more} more and " : "")}{string.Join(", ", keys)}");
            chinese.Append(CultureInfo.InvariantCulture, $"，根據{(more > 0 ? $"另外 {more} 項及" : "")} {string.Join("、", keys)}");
        }
    }

    private static Text Far(decimal margin, ScalarKind kind) => kind switch
    {
        ScalarKind.Date => Counted(margin, "day", "日"),
        ScalarKind.Instant => OfSeconds(margin),
        _ => new Text(Scalar.Of(margin).ToString(), Scalar.Of(margin).ToString()),
    };

    // A tick more or less says nothing to people, except where that is all.
    private static Text OfSeconds(decimal margin)
    {
        var seconds = margin < 1 ? margin : decimal.Floor(margin);
        (decimal Number, string English, string Chinese)[] units = [(decimal.Floor(seconds / 86_400), "day", "日"), (decimal.Floor(seconds / 3_600) % 24, "hour", "小時"), (decimal.Floor(seconds / 60) % 60, "minute", "分鐘"), (seconds % 60, "second", "秒")];
        var parts = units.Where(unit => unit.Number > 0).Select(unit => Counted(unit.Number, unit.English, unit.Chinese)).ToList();
        return new Text(string.Join(' ', parts.Select(part => part.English)), string.Join(' ', parts.Select(part => part.Chinese)));
    }

    private static Text Counted(decimal number, string english, string chinese) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{number} {english}{(number == 1 ? "" : "s")}"), string.Create(CultureInfo.InvariantCulture, $"{number} {chinese}"));

    private static string At(Instant instant, DateTimeZone zone) => Minute.Format(instant.InZone(zone).LocalDateTime);
}
