using System.Globalization;
using Crm.Events;
using Crm.Values;
using NodaTime;
using NodaTime.Text;

namespace Crm.Conditions;

/// <summary>Conditions in English.</summary>
internal static class ConditionInEnglish
{
    private const string OrUnknown = " or is unknown";
    private const string The = "the ";

    /// <summary>The condition as a part of a sentence.</summary>
    public static string Say(Condition condition) => condition switch
    {
        Condition.All { Of.IsEmpty: true } => "always",
        Condition.Any { Of.IsEmpty: true } => "never",
        Condition.All all => string.Join(" and ", all.Of.Select(Part)),
        Condition.Any any => string.Join(" or ", any.Of.Select(Part)),
        Condition.Not { Of: Condition.Field { Is: Test.EqualTo equal } field } => $"{Subject(field.Name)} is not {equal.Value}{(field.WhenMissing ? "" : OrUnknown)}",
        Condition.Not { Of: Condition.Fact { Is: Test.EqualTo equal } fact } => $"{fact.Name} is not {equal.Value}{(fact.WhenMissing ? "" : OrUnknown)}",
        Condition.Not not => $"not ({Say(not.Of)})",
        Condition.Field field => $"{Subject(field.Name)} {Passes(field.Is)}{Missing(field.WhenMissing, field.Is)}",
        Condition.Fact fact => $"{fact.Name} {Passes(fact.Is)}{Missing(fact.WhenMissing, fact.Is)}",
        Condition.EventWindow window => Measured(window),
        Condition.Moment moment => Within(moment.Within) + Zoned(moment.Zone),
        Condition.Score score => $"{Amount(score.Is)} points of {List(score.Of.Select(part => $"{Number(part.Points)} for ({Say(part.When)})"), "and")}",
        _ => throw new InvalidOperationException($"The condition {condition.GetType().Name} has no sentence."),
    };

    // What has an "and" or "or" of its own is set apart from those around it.
    private static string Part(Condition condition) =>
        Say(condition) is var said && (condition is Condition.All { Of.Count: > 1 } or Condition.Any { Of.Count: > 1 } || said.EndsWith(OrUnknown, StringComparison.Ordinal)) ? $"({said})" : said;

    private static string Subject(string name) =>
        name.StartsWith(Evaluator.ProfileScope, StringComparison.Ordinal) ? $"the customer's {name.AsSpan(Evaluator.ProfileScope.Length)}"
        : name.StartsWith(EventFields.Scope, StringComparison.Ordinal) ? $"the event's {name.AsSpan(EventFields.Scope.Length)}"
        : name.StartsWith(EventFields.LineScope, StringComparison.Ordinal) ? $"the line's {name.AsSpan(EventFields.LineScope.Length)}"
        : name.StartsWith(EventFields.LookupScope, StringComparison.Ordinal) ? $"the looked-up {name.AsSpan(EventFields.LookupScope.Length)}"
        : name;

    private static string Missing(bool whenMissing, Test test) => whenMissing && test is not Test.Known ? OrUnknown : "";

    private static string Passes(Test test) => test switch
    {
        Test.EqualTo equal => $"is {equal.Value}",
        Test.MoreThan more => IsTime(more.Value) ? $"is after {more.Value}" : $"is more than {more.Value}",
        Test.AtLeast least => IsTime(least.Value) ? $"is {least.Value} or later" : $"is at least {least.Value}",
        Test.LessThan less => IsTime(less.Value) ? $"is before {less.Value}" : $"is less than {less.Value}",
        Test.AtMost most => IsTime(most.Value) ? $"is {most.Value} or earlier" : $"is at most {most.Value}",
        Test.OneOf oneOf => $"is {List(oneOf.Values.Select(value => value.ToString()), "or")}",
        Test.Between between => $"is from {between.From} to {between.To}",
        Test.AnyOf any => $"has {List(any.Codes, "or")}",
        Test.AllOf all => $"has {List(all.Codes, "and")}",
        Test.Contains contains => $"contains '{contains.Text}'",
        Test.StartsWith starts => $"begins with '{starts.Text}'",
        Test.EndsWith ends => $"ends with '{ends.Text}'",
        Test.Matches matches => $"matches '{matches.Pattern}'",
        Test.Relative relative => Moving(relative),
        Test.Anniversary anniversary => Yearly(anniversary),
        Test.Known => "is known",
        _ => throw new InvalidOperationException($"The test {test.GetType().Name} has no sentence."),
    };

    private static string Measured(Condition.EventWindow window)
    {
        var where = window.Where is { } filter ? $" (counting only where {Say(filter)})" : "";
        var (one, many) = window.Kind is EventKinds.PurchaseName ? ("purchase", "purchases") : ($"'{window.Kind}' event", $"'{window.Kind}' events");
        var when = " " + When(window.Window);
        if (window.Measure is Measure.Aggregate aggregate)
        {
            return $"{Aggregated(aggregate, many)}{where}{when} {Passes(window.Is)}{Missing(window.WhenMissing, window.Is)}";
        }

        var how = window.Measure switch
        {
            Measure.Count => window.Is is Test.EqualTo { Value: var value } && value == 0 ? $"no {many}" : $"{Amount(window.Is)} {(IsOne(window.Is) ? one : many)}",
            Measure.SumOfSpend sum => $"{Amount(window.Is, "less")} {sum.Currency} spent in {many}",
            Measure.SumOfQuantity => $"{Amount(window.Is)} {(IsOne(window.Is) ? "article" : "articles")} in {many}",
            Measure.Periods periods => $"{Amount(window.Is)} of {Number(periods.OutOf)} equal periods with {(periods.Times == 1 ? $"a {one}" : $"{Number(periods.Times)} or more {many}")}",
            Measure.Sequence sequence => Sequenced(sequence, window.Is, one + where),
            _ => throw new InvalidOperationException($"The measure {window.Measure.GetType().Name} has no sentence."),
        };
        return window.Measure is Measure.Sequence ? how + when : how + where + when;
    }

    private static string Sequenced(Measure.Sequence sequence, Test test, string begin)
    {
        var text = new System.Text.StringBuilder($"{Amount(test)} {(IsOne(test) ? "time" : "times")} a {begin}");
        foreach (var step in sequence.Then)
        {
            text.Append(CultureInfo.InvariantCulture, $", then a {Pattern(step.Event)}");
            text.Append(step.After > Duration.Zero ? $" after {Length(step.After)} or more" : "").Append(step.Within is { } within ? $" within {Length(within)}" : "");
            text.Append(step.Without is { } without ? $" with no {Pattern(without)} between" : "");
        }

        return text.Append(sequence.Lacking is { } lacking ? $", then no {Pattern(lacking.Event)} for {Length(lacking.For)}" : "").ToString();
    }

    private static string Pattern(EventPattern pattern) =>
        (pattern.Kind is EventKinds.PurchaseName ? "purchase" : $"'{pattern.Kind}' event") + (pattern.Where is { } filter ? $" (where {Say(filter)})" : "");

    private static string Aggregated(Measure.Aggregate aggregate, string many)
    {
        var value = aggregate.Of switch
        {
            Conditions.Measured.Spend spend => $"spend in {spend.Currency}",
            Conditions.Measured.Quantity => "number of articles",
            Conditions.Measured.Named named => Subject(named.Name),
            Conditions.Measured.At => "instant",
            Conditions.Measured.Day day => "day" + Zoned(day.Zone),
            _ => throw new InvalidOperationException($"The value {aggregate.Of.GetType().Name} has no sentence."),
        };
        var (bare, isTime) = (value.StartsWith(The, StringComparison.Ordinal) ? value[The.Length..] : value, aggregate.Of is Conditions.Measured.At or Conditions.Measured.Day);
        return aggregate.How switch
        {
            Aggregation.Sum => $"the sum of {value} of {many}",
            Aggregation.Average => $"the average {bare} of {many}",
            Aggregation.Least => $"the {(isTime ? "earliest" : "least")} {bare} of {many}",
            Aggregation.Greatest => $"the {(isTime ? "latest" : "greatest")} {bare} of {many}",
            Aggregation.Distinct => aggregate.Of is Conditions.Measured.Day day ? $"the number of days{Zoned(day.Zone)} with {many}" : $"the number of different values of {value} of {many}",
            Aggregation.First => $"the {bare} of the first of {many}",
            Aggregation.Latest => $"the {bare} of the latest of {many}",
            Aggregation.Unique => $"the list of different values of {value} of {many}",
            _ => $"the most frequent {bare} of {many}",
        };
    }

    private static string Zoned(CalendarZone? zone) => zone switch
    {
        CalendarZone.Named named => $" in {named.Id}",
        CalendarZone.Customer own => $" in the customer's own zone ({Subject(own.Field)}, otherwise {own.Otherwise})",
        CalendarZone.Business => " in the zone of the business",
        CalendarZone.Meant meant => Zoned(meant.Declared),
        _ => "",
    };

    private static string When(Window window) => window is Window.Calendar { Zone: var zone } ? Bare(window) + Zoned(zone) : Bare(window);

    private static string Bare(Window window) => window switch
    {
        Window.Lifetime => "so far",
        Window.Last { Length: var length, Skip: var skip } => $"in the last {Length(length)}{(skip > Duration.Zero ? $" but not the last {Length(skip)}" : "")}",
        Window.Before before => $"until {Length(before.Age)} ago",
        Window.Calendar { Skip: 0, Count: 1 } calendar => calendar.Unit == CalendarPeriod.Day ? "today" : $"this {Unit(calendar.Unit)}",
        Window.Calendar { Skip: 1, Count: 1 } calendar => calendar.Unit == CalendarPeriod.Day ? "yesterday" : $"last {Unit(calendar.Unit)}",
        Window.Calendar { Skip: 0 } calendar => $"in the last {Counted(calendar.Count, Unit(calendar.Unit))} of the calendar, this one included",
        Window.Calendar calendar => $"in {Counted(calendar.Count, Unit(calendar.Unit))} of the calendar, leaving out the latest {Number(calendar.Skip)}",
        Window.Between between => Within(new Span.Between(between.From, between.Until)),
        Window.Since { Within: { } within } since => $"within {Length(within)} after the {(since.First ? "first" : "latest")} {Pattern(since.Event)}",
        Window.Since since => $"since the {(since.First ? "first" : "latest")} {Pattern(since.Event)}",
        _ => throw new InvalidOperationException($"The window {window.GetType().Name} has no sentence."),
    };

    private static string Unit(CalendarPeriod unit) => ConditionWords.Units[(int)unit];

    private static string Number(decimal number) => ((Scalar)number).ToString();

    private static string Moving(Test.Relative relative)
    {
        var to = relative.To switch
        {
            RelativeTime.Today today => Day(today.Shift) + Zoned(today.Zone),
            RelativeTime.Now now => now.Shift == Duration.Zero ? "now" : $"{Length(now.Shift < Duration.Zero ? -now.Shift : now.Shift)} {(now.Shift < Duration.Zero ? "ago" : "from now")}",
            _ => throw new InvalidOperationException($"The time {relative.To.GetType().Name} has no sentence."),
        };
        return relative.Comparison switch
        {
            Comparison.EqualTo => $"is {to}",
            Comparison.MoreThan => $"is after {to}",
            Comparison.AtLeast => $"is {to} or later",
            Comparison.LessThan => $"is before {to}",
            _ => $"is {to} or earlier",
        };
    }

    private static string Day(Period shift)
    {
        var (length, isPast) = RelativePeriod.Length(shift);
        var parts = new[] { (length.Years, "year"), (length.Months, "month"), (length.Days, "day") }.Where(part => part.Item1 > 0).Select(part => Counted(part.Item1, part.Item2)).ToList();
        return parts.Count == 0 ? "today" : $"the day {string.Join(" and ", parts)} {(isPast ? "ago" : "from now")}";
    }

    private static string Yearly(Test.Anniversary anniversary) => Bare(anniversary) + Zoned(anniversary.Zone) + LeapDay(anniversary.LeapDay);

    // Where people expect it without being told, nothing is said.
    private static string LeapDay(LeapDayRule rule) => rule switch
    {
        LeapDayRule.March1 => " (29 February on 1 March in common years)",
        LeapDayRule.LeapYearsOnly => " (29 February in leap years only)",
        _ => "",
    };

    private static string Bare(Test.Anniversary anniversary) => (anniversary.DaysBefore, anniversary.DaysAfter) switch
    {
        (0, 0) => "has its anniversary today",
        (var before, 0) => $"has its anniversary in the next {Counted(before, "day")} or today",
        (0, var after) => $"had its anniversary in the last {Counted(after, "day")} or today",
        var (before, after) => $"has its anniversary in the next {Counted(before, "day")} or had it in the last {Counted(after, "day")}",
    };

    private static string Amount(Test test, string fewer = "fewer") => test switch
    {
        Test.EqualTo equal => $"exactly {equal.Value}",
        Test.MoreThan more => $"more than {more.Value}",
        Test.AtLeast least => $"at least {least.Value}",
        Test.LessThan less => $"{fewer} than {less.Value}",
        Test.AtMost most => $"at most {most.Value}",
        Test.OneOf oneOf => List(oneOf.Values.Select(value => value.ToString()), "or"),
        Test.Between between => $"{between.From} to {between.To}",
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
        Span.Annual annual => $"every year from {AnnualDatePattern.Iso.Format(annual.From)} to {AnnualDatePattern.Iso.Format(annual.To)}{(annual.From is { Month: 2, Day: 29 } || annual.To is { Month: 2, Day: 29 } ? LeapDay(annual.LeapDay) : "")}",
        Span.Listed listed => $"on a day of '{listed.Calendar}'{(listed.WhenMissing ? " or one that it does not cover" : "")}",
        Span.Hours { From: var from, Until: var until } when from == until => "at any hour",
        Span.Hours { From: var from, Until: var until } => $"from {JsonObjectReader.TimeOfDay.Format(from)} to {JsonObjectReader.TimeOfDay.Format(until)}{(until < from ? " the next day" : "")}",
        _ => throw new InvalidOperationException($"The span {span.GetType().Name} has no sentence."),
    };

    private static string List(IEnumerable<string> values, string last) =>
        values.ToList() is { Count: > 1 } several ? $"{string.Join(", ", several.SkipLast(1))} {last} {several[^1]}" : string.Concat(values);

    private static bool IsTime(Scalar value) => value.Kind is ScalarKind.Date or ScalarKind.Instant;
}
