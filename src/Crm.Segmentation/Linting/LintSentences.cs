using Crm.Conditions;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Linting;

/// <summary>What findings say.</summary>
internal static class LintSentences
{
    public static Text Nobody => new("So nobody is ever in it.", "因此永遠不會有任何人符合。");

    public static Text Everybody => new("So everybody is always in it.", "因此任何人在任何時候都符合。");

    public static Text WholeHistory => new(
        "For this part a value of every event that ever was is kept of each customer; with a window of the last so many days only those within it would be.",
        "此條件須為每位顧客保存有史以來每宗事件的值；若改用「最近若干日」的時段，只須保存時段內的事件。");

    public static Text Contradiction(List<(string Path, Condition Part)> parts) => new(
        $"These cannot hold together: {string.Join("; ", parts.Select(part => $"{part.Path}, {Explain.Describe(part.Part).English}"))}. Leave one out, or ask for any of them.",
        $"以下條件不能同時成立：{string.Join("；", parts.Select(part => $"{part.Path}，{Explain.Describe(part.Part).Chinese}"))}。請刪去其中一項，或改為符合任何一項。");

    public static Text OneOfAlways(List<(string Path, Condition Part)> parts) => new(
        $"One of these always holds: {string.Join("; ", parts.Select(part => $"{part.Path}, {Explain.Describe(part.Part).English}"))}. So this part says nothing; perhaps all of them were meant.",
        $"以下條件必有一項成立：{string.Join("；", parts.Select(part => $"{part.Path}，{Explain.Describe(part.Part).Chinese}"))}。因此這部分並無作用；原意或許是須全部符合。");

    public static Text Constant(Condition condition, bool answer)
    {
        var said = Explain.Describe(condition);
        return answer
            ? new($"This always holds, of everybody: {said.English}. Leave it out, or ask for something.", $"此條件對任何人永遠成立：{said.Chinese}。請刪去，或改為有作用的條件。")
            : new($"This never holds, of anybody: {said.English}. Leave it out, or ask for something that can be.", $"此條件對任何人都不會成立：{said.Chinese}。請刪去，或改為可以成立的條件。");
    }

    public static Text ZeroCount(Condition.EventWindow leaf)
    {
        var said = Explain.Describe(leaf);
        return new(
            $"This also counts in those who have none at all: {said.English}. If only those are meant who have some, ask for at least 1 as well.",
            $"此條件亦包括從未有過的顧客：{said.Chinese}。若只想選取有過的顧客，請同時要求最少 1 次。");
    }

    public static Text NoMinimumAge(Condition.EventWindow leaf, LeastAge least)
    {
        var age = least.Most;
        var said = Explain.Describe(leaf);
        var length = leaf.Window is Window.Calendar calendar ? Length(calendar) : age.Days > 0 ? (English: $"{age.Days} days", Chinese: $"{age.Days} 日") : (English: $"{age.TotalHours:0.##} hours", Chinese: $"{age.TotalHours:0.##} 小時");
        return new(
            $"This also holds of those who came yesterday: {said.English}. If only those are meant who could have, ask as well that the first event, or the date of joining, is at least {length.English} ago.",
            $"此條件對昨日才加入的顧客亦成立：{said.Chinese}。若只想選取本來有機會的顧客，請同時要求首宗事件或加入日期距今最少 {length.Chinese}。");
    }

    private static (string English, string Chinese) Length(Window.Calendar calendar)
    {
        var count = calendar.Skip + calendar.Count;
        var (english, chinese) = calendar.Unit switch
        {
            CalendarPeriod.Day => ("day", "日"),
            CalendarPeriod.Week => ("week", "星期"),
            CalendarPeriod.Month => ("month", "個月"),
            CalendarPeriod.Quarter => ("quarter", "季"),
            _ => ("year", "年"),
        };
        return ($"{count} {english}{(count == 1 ? "" : "s")}", $"{count} {chinese}");
    }

    public static Text Unknown(string what, string whatInChinese, string name, string? nearest) => new(
        $"There is no {what} named '{name}'.{(nearest is null ? "" : $" Did you mean '{nearest}'?")}",
        $"沒有名為「{name}」的{whatInChinese}。{(nearest is null ? "" : $"是否指「{nearest}」？")}");
}
