using System.Globalization;
using Crm.Events;
using Crm.Values;
using NodaTime;
using NodaTime.Text;

namespace Crm.Conditions;

/// <summary>Conditions in Traditional Chinese, as written in Hong Kong.</summary>
internal static class ConditionInChinese
{
    private const string Weekdays = "一二三四五六日";

    /// <summary>The condition as a part of a sentence.</summary>
    public static string Say(Condition condition) => condition switch
    {
        Condition.All { Of.IsEmpty: true } => "任何情況下",
        Condition.Any { Of.IsEmpty: true } => "任何情況下皆不成立",
        Condition.All all => string.Join("，而且", all.Of.Select(Part)),
        Condition.Any any => string.Join("，或者", any.Of.Select(Part)),
        Condition.Not { Of: Condition.Field { Is: Test.EqualTo equal } field } => $"{Subject(field.Name)}並非{Apart(equal.Value)}{(field.WhenMissing ? "" : "（或未知）")}",
        Condition.Not { Of: Condition.Fact { Is: Test.EqualTo equal } fact } => $"{Apart(fact.Name)}並非{Apart(equal.Value)}{(fact.WhenMissing ? "" : "（或未知）")}",
        Condition.Not not => $"並非「{Say(not.Of)}」",
        Condition.Field field => $"{Subject(field.Name)}{Passes(field.Is)}{Missing(field.WhenMissing, field.Is)}",
        Condition.Fact fact => $"{Apart(fact.Name)}{Passes(fact.Is)}{Missing(fact.WhenMissing, fact.Is)}",
        Condition.EventWindow window => Measured(window),
        Condition.Moment moment => Within(moment.Within) + Zoned(moment.Zone),
        Condition.Score score => $"評分{Amount(score.Is)} 分（{string.Join("、", score.Of.Select(part => $"「{Say(part.When)}」{Number(part.Points)} 分"))}）",
        _ => throw new InvalidOperationException($"The condition {condition.GetType().Name} has no sentence."),
    };

    private static string Part(Condition condition) => condition is Condition.All { Of.Count: > 1 } or Condition.Any { Of.Count: > 1 } ? $"（{Say(condition)}）" : Say(condition);

    private static string Subject(string name) => name switch
    {
        "event.kind" => "事件類別",
        "event.channel" => "渠道",
        "event.brand" => "品牌",
        "event.actor" => "經手人",
        "event.spend" => "消費額",
        "event.currency" => "貨幣",
        "event.source" => "來源系統",
        "line.sku" => "貨號",
        "line.category" => "貨品類別",
        "line.quantity" => "數量",
        "line.amount" => "金額",
        _ => name.StartsWith(Evaluator.ProfileScope, StringComparison.Ordinal) ? $"顧客的 {name.AsSpan(Evaluator.ProfileScope.Length)} "
            : name.StartsWith(EventFields.Scope, StringComparison.Ordinal) ? $"事件的 {name.AsSpan(EventFields.Scope.Length)} "
            : name.StartsWith(EventFields.LookupScope, StringComparison.Ordinal) ? $"查得的 {name.AsSpan(EventFields.LookupScope.Length)} "
            : Apart(name),
    };

    private static string Apart(string name) => name + " ";

    private static string Apart(Scalar value) => value.Kind == ScalarKind.Flag ? Value(value) : " " + value;

    private static string Missing(bool whenMissing, Test test) => whenMissing && test is not Test.Known ? "（或未知）" : "";

    private static string Passes(Test test) => test switch
    {
        Test.EqualTo equal => $"為{Apart(equal.Value)}",
        Test.MoreThan more => IsTime(more.Value) ? $"遲於 {more.Value}" : $"多於 {more.Value}",
        Test.AtLeast least => IsTime(least.Value) ? $"為 {least.Value} 或之後" : $"至少 {least.Value}",
        Test.LessThan less => IsTime(less.Value) ? $"早於 {less.Value}" : $"少於 {less.Value}",
        Test.AtMost most => IsTime(most.Value) ? $"為 {most.Value} 或之前" : $"最多 {most.Value}",
        Test.OneOf oneOf => $"為 {List(oneOf.Values.Select(Value))}",
        Test.Between between => IsTime(between.From) ? $"為 {between.From} 至 {between.To}" : $"介乎 {between.From} 至 {between.To}",
        Test.AnyOf any => $"有 {List(any.Codes)}",
        Test.AllOf all => $"同時有 {string.Join("、", all.Codes)}",
        Test.Contains contains => $"包含「{contains.Text}」",
        Test.StartsWith starts => $"以「{starts.Text}」開首",
        Test.EndsWith ends => $"以「{ends.Text}」結尾",
        Test.Matches matches => $"符合式樣「{matches.Pattern}」",
        Test.Relative relative => Moving(relative),
        Test.Anniversary anniversary => Yearly(anniversary),
        Test.Known => "有記錄",
        _ => throw new InvalidOperationException($"The test {test.GetType().Name} has no sentence."),
    };

    private static string Measured(Condition.EventWindow window)
    {
        var when = When(window.Window);
        var where = window.Where is { } filter ? $"（只計{Say(filter)}）" : "";
        var what = window.Kind is EventKinds.PurchaseName ? "購買" : $"「{window.Kind}」";
        if (window.Measure is Measure.Aggregate aggregate)
        {
            return $"{when}{what}{where}的{Aggregated(aggregate)}{Passes(window.Is)}{Missing(window.WhenMissing, window.Is)}";
        }

        return when + window.Measure switch
        {
            Measure.Count => window.Is is Test.EqualTo { Value: var value } && value == 0 ? $"沒有{what}{where}" : $"{what}{where}{Amount(window.Is)} 次",
            Measure.SumOfSpend sum => $"{what}{where}合共{Amount(window.Is)} {sum.Currency}",
            Measure.SumOfQuantity => $"{what}{where}合共{Amount(window.Is)} 件",
            Measure.Periods periods => $"分成 {Number(periods.OutOf)} 段，其中{Amount(window.Is)} 段{what}{where}至少 {Number(periods.Times)} 次",
            Measure.Sequence sequence => Sequenced(sequence, window.Is, what + where),
            _ => throw new InvalidOperationException($"The measure {window.Measure.GetType().Name} has no sentence."),
        };
    }

    private static string Sequenced(Measure.Sequence sequence, Test test, string begin)
    {
        var text = new System.Text.StringBuilder($"先{begin}");
        foreach (var step in sequence.Then)
        {
            text.Append(step.After > Duration.Zero ? $"，至少 {Length(step.After)}後" : "，其後").Append(step.Within is { } within ? $" {Length(within)}內" : "");
            text.Append(step.Without is { } without ? $"（其間沒有{Pattern(without)}）" : "").Append(Pattern(step.Event));
        }

        text.Append(sequence.Lacking is { } lacking ? $"，其後 {Length(lacking.For)}內沒有{Pattern(lacking.Event)}" : "");
        return text.Append(CultureInfo.InvariantCulture, $"，共{Amount(test)} 次").ToString();
    }

    private static string Pattern(EventPattern pattern) =>
        (pattern.Kind is EventKinds.PurchaseName ? "購買" : $"「{pattern.Kind}」") + (pattern.Where is { } filter ? $"（只計{Say(filter)}）" : "");

    private static string Aggregated(Measure.Aggregate aggregate)
    {
        var value = aggregate.Of switch
        {
            Conditions.Measured.Spend spend => $"消費額（{spend.Currency}）",
            Conditions.Measured.Quantity => "件數",
            Conditions.Measured.Named named => Subject(named.Name),
            Conditions.Measured.At => "時間",
            Conditions.Measured.Day day => "日期" + Zoned(day.Zone),
            _ => throw new InvalidOperationException($"The value {aggregate.Of.GetType().Name} has no sentence."),
        };
        var isTime = aggregate.Of is Conditions.Measured.At or Conditions.Measured.Day;
        return aggregate.How switch
        {
            Aggregation.Sum => $"{value}總和",
            Aggregation.Average => $"平均{value}",
            Aggregation.Least => $"{(isTime ? "最早" : "最小")}{value}",
            Aggregation.Greatest => $"{(isTime ? "最遲" : "最大")}{value}",
            Aggregation.Distinct => aggregate.Of is Conditions.Measured.Day day ? "日數" + Zoned(day.Zone) : $"不同{value}數目",
            Aggregation.First => $"首次{value}",
            Aggregation.Latest => $"最近一次{value}",
            Aggregation.Unique => $"各種{value}",
            _ => $"最常見{value}",
        };
    }

    private static string Zoned(CalendarZone? zone) => zone switch
    {
        CalendarZone.Named named => $"（按 {named.Id} 時區）",
        CalendarZone.Customer own => $"（按顧客所在時區，見{Subject(own.Field).TrimEnd()}，未知則按 {own.Otherwise}）",
        CalendarZone.Business => "（按商戶時區）",
        CalendarZone.Meant meant => Zoned(meant.Declared),
        _ => "",
    };

    private static string When(Window window) => window is Window.Calendar { Zone: var zone } ? Bare(window) + Zoned(zone) : Bare(window);

    private static string Bare(Window window) => window switch
    {
        Window.Lifetime => "至今",
        Window.Last { Length: var length, Skip: var skip } => skip > Duration.Zero ? $"最近 {Length(length)}內（不計最近 {Length(skip)}）" : $"最近 {Length(length)}內",
        Window.Before before => $"{Length(before.Age)}前或更早",
        Window.Calendar { Skip: 0, Count: 1 } calendar => calendar.Unit == CalendarPeriod.Day ? "今日" : $"本{Unit(calendar.Unit)}",
        Window.Calendar { Skip: 1, Count: 1 } calendar => calendar.Unit == CalendarPeriod.Day ? "昨日" : $"上{Unit(calendar.Unit)}",
        Window.Calendar { Skip: 0 } calendar => $"最近 {Number(calendar.Count)} 個曆{Unit(calendar.Unit)}（包括現時）",
        Window.Calendar calendar => $"{Number(calendar.Count)} 個曆{Unit(calendar.Unit)}（不計最近 {Number(calendar.Skip)} 個）",
        Window.Between between => Within(new Span.Between(between.From, between.Until)),
        Window.Since { Within: { } within } since => $"{(since.First ? "首次" : "最近一次")}{Pattern(since.Event)}後 {Length(within)}內",
        Window.Since since => $"自{(since.First ? "首次" : "最近一次")}{Pattern(since.Event)}起",
        _ => throw new InvalidOperationException($"The window {window.GetType().Name} has no sentence."),
    };

    private static string Unit(CalendarPeriod unit) => unit switch
    {
        CalendarPeriod.Day => "日",
        CalendarPeriod.Week => "週",
        CalendarPeriod.Month => "月",
        CalendarPeriod.Quarter => "季",
        _ => "年",
    };

    private static string Number(decimal number) => ((Scalar)number).ToString();

    private static string Moving(Test.Relative relative)
    {
        var to = relative.To switch
        {
            RelativeTime.Today today => Day(today.Shift) + Zoned(today.Zone),
            RelativeTime.Now now => now.Shift == Duration.Zero ? "現時" : $" {Length(now.Shift < Duration.Zero ? -now.Shift : now.Shift)}{(now.Shift < Duration.Zero ? "前" : "後")}",
            _ => throw new InvalidOperationException($"The time {relative.To.GetType().Name} has no sentence."),
        };
        return relative.Comparison switch
        {
            Comparison.EqualTo => $"為{to}",
            Comparison.MoreThan => $"遲於{to}",
            Comparison.AtLeast => $"為{to}或之後",
            Comparison.LessThan => $"早於{to}",
            _ => $"為{to}或之前",
        };
    }

    private static string Day(Period shift)
    {
        var (length, isPast) = RelativePeriod.Length(shift);
        var parts = new[] { (length.Years, "年"), (length.Months, "個月"), (length.Days, "日") }.Where(part => part.Item1 > 0).Select(part => Counted(part.Item1, part.Item2)).ToList();
        return parts.Count == 0 ? "今日" : $" {string.Join(" ", parts)}{(isPast ? "前" : "後")}當日";
    }

    private static string Yearly(Test.Anniversary anniversary) => Bare(anniversary) + Zoned(anniversary.Zone) + LeapDay(anniversary.LeapDay);

    // Where people expect it without being told, nothing is said.
    private static string LeapDay(LeapDayRule rule) => rule switch
    {
        LeapDayRule.March1 => "（平年以 3 月 1 日當作 2 月 29 日）",
        LeapDayRule.LeapYearsOnly => "（2 月 29 日只計閏年）",
        _ => "",
    };

    private static string Bare(Test.Anniversary anniversary) => (anniversary.DaysBefore, anniversary.DaysAfter) switch
    {
        (0, 0) => "的周年日為今日",
        (var before, 0) => $"的周年日在今日起 {Number(before)} 日內",
        (0, var after) => $"的周年日在今日及之前 {Number(after)} 日內",
        var (before, after) => $"的周年日在今日之前 {Number(after)} 日至之後 {Number(before)} 日內",
    };

    private static string Amount(Test test) => test switch
    {
        Test.EqualTo equal => $"剛好 {equal.Value}",
        Test.MoreThan more => $"多於 {more.Value}",
        Test.AtLeast least => $"至少 {least.Value}",
        Test.LessThan less => $"少於 {less.Value}",
        Test.AtMost most => $"最多 {most.Value}",
        Test.OneOf oneOf => $" {List(oneOf.Values.Select(Value))}",
        Test.Between between => $" {between.From} 至 {between.To}",
        _ => "任何數目",
    };

    private static string Length(Duration length) =>
        length == Duration.FromDays(length.Days) ? Counted(length.Days, "日")
        : length == Duration.FromHours((int)length.TotalHours) ? Counted((long)length.TotalHours, "小時")
        : length == Duration.FromMinutes((long)length.TotalMinutes) ? Counted((long)length.TotalMinutes, "分鐘")
        : WindowLength.Write(length) + " ";

    private static string Counted(long count, string unit) => string.Create(CultureInfo.InvariantCulture, $"{count} {unit}");

    private static string Within(Span span) => span switch
    {
        Span.Between { From: null, Until: { } until } => $"{InstantPattern.ExtendedIso.Format(until)} 之前",
        Span.Between { From: { } from, Until: null } => $"{InstantPattern.ExtendedIso.Format(from)} 起",
        Span.Between { From: { } from, Until: { } until } => $"{InstantPattern.ExtendedIso.Format(from)} 起至 {InstantPattern.ExtendedIso.Format(until)} 之前",
        Span.Between => "任何時間",
        Span.Weekdays weekdays => $"逢星期{string.Join("、", weekdays.Days.Select(day => Weekdays[(int)day - 1]))}",
        Span.Annual annual => $"每年 {AnnualDatePattern.Iso.Format(annual.From)} 至 {AnnualDatePattern.Iso.Format(annual.To)}{(annual.From is { Month: 2, Day: 29 } || annual.To is { Month: 2, Day: 29 } ? LeapDay(annual.LeapDay) : "")}",
        Span.Listed listed => $"屬於「{listed.Calendar}」的日子{(listed.WhenMissing ? "（或其未涵蓋的日子）" : "")}",
        Span.Hours { From: var from, Until: var until } when from == until => "任何時間",
        Span.Hours { From: var from, Until: var until } => $"{JsonObjectReader.TimeOfDay.Format(from)} 至{(until < from ? "翌日" : "")} {JsonObjectReader.TimeOfDay.Format(until)}",
        _ => throw new InvalidOperationException($"The span {span.GetType().Name} has no sentence."),
    };

    private static string Value(Scalar value) => value.Kind == ScalarKind.Flag ? value.AsFlag ? "「是」" : "「否」" : value.ToString();

    private static string List(IEnumerable<string> values) =>
        values.ToList() is { Count: > 1 } several ? $"{string.Join("、", several.SkipLast(1))} 或 {several[^1]}" : string.Concat(values);

    private static bool IsTime(Scalar value) => value.Kind is ScalarKind.Date or ScalarKind.Instant;
}
