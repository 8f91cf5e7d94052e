using System.Globalization;
using Crm.Events;
using Crm.Values;
using NodaTime;
using NodaTime.Text;

namespace Crm.Conditions;

/// <summary>Conditions in English.</summary>
internal static class ConditionInEnglish
{
    /// <summary>The condition as a part of a sentence.</summary>
    public static string Say(Condition condition) => condition switch
    {
        Condition.All { Of.IsEmpty: true } => "always",
        Condition.Any { Of.IsEmpty: true } => "never",
        Condition.All all => string.Join(" and ", all.Of.Select(Part)),
        Condition.Any any => string.Join(" or ", any.Of.Select(Part)),
        Condition.Not { Of: Condition.Field { Is: Test.EqualTo equal } field } => $"{Subject(field.Name)} is not {equal.Value}{(field.WhenMissing ? "" : " or is unknown")}",
        Condition.Not { Of: Condition.Fact { Is: Test.EqualTo equal } fact } => $"{fact.Name} is not {equal.Value}{(fact.WhenMissing ? "" : " or is unknown")}",
        Condition.Not not => $"not ({Say(not.Of)})",
        Condition.Field field => $"{Subject(field.Name)} {Passes(field.Is)}{Missing(field.WhenMissing, field.Is)}",
        Condition.Fact fact => $"{fact.Name} {Passes(fact.Is)}{Missing(fact.WhenMissing, fact.Is)}",
        Condition.EventWindow window => Measured(window),
        Condition.Moment moment => Within(moment.Within),
        _ => throw new InvalidOperationException($"The condition {condition.GetType().Name} has no sentence."),
    };

    private static string Part(Condition condition) => condition is Condition.All { Of.Count: > 1 } or Condition.Any { Of.Count: > 1 } ? $"({Say(condition)})" : Say(condition);

    private static string Subject(string name) =>
        name.StartsWith(Evaluator.ProfileScope, StringComparison.Ordinal) ? $"the customer's {name.AsSpan(Evaluator.ProfileScope.Length)}"
        : name.StartsWith(EventFields.Scope, StringComparison.Ordinal) ? $"the event's {name.AsSpan(EventFields.Scope.Length)}"
        : name.StartsWith(EventFields.LineScope, StringComparison.Ordinal) ? $"the line's {name.AsSpan(EventFields.LineScope.Length)}"
        : name.StartsWith(EventFields.LookupScope, StringComparison.Ordinal) ? $"the looked-up {name.AsSpan(EventFields.LookupScope.Length)}"
        : name;

    private static string Missing(bool whenMissing, Test test) => whenMissing && test is not Test.Known ? " or is unknown" : "";

    private static string Passes(Test test) => test switch
    {
        Test.EqualTo equal => $"is {equal.Value}",
        Test.MoreThan more => IsTime(more.Value) ? $"is after {more.Value}" : $"is more than {more.Value}",
        Test.AtLeast least => IsTime(least.Value) ? $"is {least.Value} or later" : $"is at least {least.Value}",
        Test.LessThan less => IsTime(less.Value) ? $"is before {less.Value}" : $"is less than {less.Value}",
        Test.AtMost most => IsTime(most.Value) ? $"is {most.Value} or earlier" : $"is at most {most.Value}",
        Test.OneOf oneOf => $"is {List(oneOf.Values.Select(value => value.ToString()), "or")}",
        Test.Known => "is known",
        _ => throw new InvalidOperationException($"The test {test.GetType().Name} has no sentence."),
    };

    private static string Measured(Condition.EventWindow window)
    {
        var where = window.Where is { } filter ? $" (counting only where {Say(filter)})" : "";
        var (one, many) = window.Kind is EventKinds.PurchaseName ? ("purchase", "purchases") : ($"'{window.Kind}' event", $"'{window.Kind}' events");
        var when = window.Window is Window.Last { Length: var length } ? $" in the last {Length(length)}" : " so far";
        var how = window.Measure switch
        {
            Measure.Count => window.Is is Test.EqualTo { Value: var value } && value == 0 ? $"no {many}" : $"{Amount(window.Is)} {(IsOne(window.Is) ? one : many)}",
            Measure.SumOfSpend sum => $"{Amount(window.Is)} {sum.Currency} spent in {many}",
            Measure.SumOfQuantity => $"{Amount(window.Is)} {(IsOne(window.Is) ? "article" : "articles")} in {many}",
            _ => throw new InvalidOperationException($"The measure {window.Measure.GetType().Name} has no sentence."),
        };
        return how + where + when;
    }

    private static string Amount(Test test) => test switch
    {
        Test.EqualTo equal => $"exactly {equal.Value}",
        Test.MoreThan more => $"more than {more.Value}",
        Test.AtLeast least => $"at least {least.Value}",
        Test.LessThan less => $"fewer than {less.Value}",
        Test.AtMost most => $"at most {most.Value}",
        Test.OneOf oneOf => List(oneOf.Values.Select(value => value.ToString()), "or"),
        _ => "any number of",
    };

    private static bool IsOne(Test test) => test is Test.EqualTo { Value.AsNumber: 1 } or Test.MoreThan { Value.AsNumber: 1 } or Test.AtLeast { Value.AsNumber: 1 } or Test.LessThan { Value.AsNumber: 1 } or Test.AtMost { Value.AsNumber: 1 };

    private static string Length(Duration length) =>
        length == Duration.FromDays(length.Days) ? Counted(length.Days, "day")
        : length == Duration.FromHours((int)length.TotalHours) ? Counted((long)length.TotalHours, "hour")
        : length == Duration.FromMinutes((long)length.TotalMinutes) ? Counted((long)length.TotalMinutes, "minute")
        : WindowLength.Write(length);

    private static string Counted(long count, string unit) => string.Create(CultureInfo.InvariantCulture, $"{count} {unit}{(count == 1 ? "" : "s")}");

    private static string Within(Span span) => span switch
    {
        Span.Between { From: null, Until: { } until } => $"before {InstantPattern.ExtendedIso.Format(until)}",
        Span.Between { From: { } from, Until: null } => $"from {InstantPattern.ExtendedIso.Format(from)} on",
        Span.Between { From: { } from, Until: { } until } => $"from {InstantPattern.ExtendedIso.Format(from)} until {InstantPattern.ExtendedIso.Format(until)}",
        Span.Between => "always",
        Span.Weekdays weekdays => $"on {List(weekdays.Days.Select(day => day.ToString()), "and")}",
        Span.Hours { From: var from, Until: var until } when from == until => "at any hour",
        Span.Hours { From: var from, Until: var until } => $"from {JsonObjectReader.TimeOfDay.Format(from)} to {JsonObjectReader.TimeOfDay.Format(until)}{(until < from ? " the next day" : "")}",
        _ => throw new InvalidOperationException($"The span {span.GetType().Name} has no sentence."),
    };

    private static string List(IEnumerable<string> values, string last) =>
        values.ToList() is { Count: > 1 } several ? $"{string.Join(", ", several.SkipLast(1))} {last} {several[^1]}" : string.Concat(values);

    private static bool IsTime(Scalar value) => value.Kind is ScalarKind.Date or ScalarKind.Instant;
}
