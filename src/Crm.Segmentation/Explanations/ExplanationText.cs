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

    public static Text Of(Text label, Membership? membership, ExplainedPart? why, DateTimeZone zone)
    {
        var (english, chinese) = (new StringBuilder(), new StringBuilder());
        if (membership is { Since: var since })
        {
            english.Append(CultureInfo.InvariantCulture, $"In the segment '{label.English}' since {At(since, zone)}.");
            chinese.Append(CultureInfo.InvariantCulture, $"自 {At(since, zone)} 起屬於分眾「{label.Chinese}」。");
        }
        else
        {
            english.Append(CultureInfo.InvariantCulture, $"Not in the segment '{label.English}'.");
            chinese.Append(CultureInfo.InvariantCulture, $"不屬於分眾「{label.Chinese}」。");
        }

        if (why is null)
        {
            english.Append(" No version of it counts yet.");
            chinese.Append("此分眾尚未生效。");
        }
        else
        {
            Append(why, 1, zone, english, chinese);
        }

        return new Text(english.ToString(), chinese.ToString());
    }

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

        if (leaf.ValidUntil is { } until)
        {
            english.Append(CultureInfo.InvariantCulture, $", until {At(until, zone)} if nothing happens");
            chinese.Append(CultureInfo.InvariantCulture, $"，如無其他事情發生，至 {At(until, zone)} 為止");
        }
    }

    private static string At(Instant instant, DateTimeZone zone) => Minute.Format(instant.InZone(zone).LocalDateTime);
}
