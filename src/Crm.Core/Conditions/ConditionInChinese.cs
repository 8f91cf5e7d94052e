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
        Condition.Moment moment => Within(moment.Within),
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
        Test.Known => "有記錄",
        _ => throw new InvalidOperationException($"The test {test.GetType().Name} has no sentence."),
    };

    private static string Measured(Condition.EventWindow window)
    {
        var when = window.Window is Window.Last { Length: var length } ? $"最近 {Length(length)}內" : "至今";
        var where = window.Where is { } filter ? $"（只計{Say(filter)}）" : "";
        var what = window.Kind is EventKinds.PurchaseName ? "購買" : $"「{window.Kind}」";
        return when + window.Measure switch
        {
            Measure.Count => window.Is is Test.EqualTo { Value: var value } && value == 0 ? $"沒有{what}{where}" : $"{what}{where}{Amount(window.Is)} 次",
            Measure.SumOfSpend sum => $"{what}{where}合共{Amount(window.Is)} {sum.Currency}",
            Measure.SumOfQuantity => $"{what}{where}合共{Amount(window.Is)} 件",
            _ => throw new InvalidOperationException($"The measure {window.Measure.GetType().Name} has no sentence."),
        };
    }

    private static string Amount(Test test) => test switch
    {
        Test.EqualTo equal => $"剛好 {equal.Value}",
        Test.MoreThan more => $"多於 {more.Value}",
        Test.AtLeast least => $"至少 {least.Value}",
        Test.LessThan less => $"少於 {less.Value}",
        Test.AtMost most => $"最多 {most.Value}",
        Test.OneOf oneOf => $" {List(oneOf.Values.Select(Value))}",
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
        Span.Hours { From: var from, Until: var until } when from == until => "任何時間",
        Span.Hours { From: var from, Until: var until } => $"{JsonObjectReader.TimeOfDay.Format(from)} 至{(until < from ? "翌日" : "")} {JsonObjectReader.TimeOfDay.Format(until)}",
        _ => throw new InvalidOperationException($"The span {span.GetType().Name} has no sentence."),
    };

    private static string Value(Scalar value) => value.Kind == ScalarKind.Flag ? value.AsFlag ? "「是」" : "「否」" : value.ToString();

    private static string List(IEnumerable<string> values) =>
        values.ToList() is { Count: > 1 } several ? $"{string.Join("、", several.SkipLast(1))} 或 {several[^1]}" : string.Concat(values);

    private static bool IsTime(Scalar value) => value.Kind is ScalarKind.Date or ScalarKind.Instant;
}
