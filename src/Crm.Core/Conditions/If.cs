using Crm.Events;
using Crm.Values;
using NodaTime;

namespace Crm.Conditions;

/// <summary>
/// Where conditions written in C# begin: <c>If.Field("customer.region").Is("HK") &amp; If.Purchases().InLast(Duration.FromDays(90)).Count().AtLeast(3)</c>.
/// </summary>
public static class If
{
    /// <summary>A field by its scoped name, such as "customer.region", "event.channel" or "lookup.weather"; "line.sku" only inside <see cref="EventQuestion.Where"/>.</summary>
    public static ValueQuestion Field(string name) => new(name, isFact: false);

    /// <summary>A fact that a module publishes, such as "loyalty.tier".</summary>
    public static ValueQuestion Fact(string name) => new(name, isFact: true);

    /// <summary>Events of a kind; without <see cref="EventQuestion.InLast(Duration)"/> all up to now.</summary>
    public static EventQuestion Events(string kind) => new(kind);

    /// <summary>Purchases; without <see cref="EventQuestion.InLast(Duration)"/> all up to now.</summary>
    public static EventQuestion Purchases() => new(EventKinds.PurchaseName);

    /// <summary>True when every part is.</summary>
    public static Condition All(params Sequence<Condition> parts) => new Condition.All(parts);

    /// <summary>True when at least one part is.</summary>
    public static Condition Any(params Sequence<Condition> parts) => new Condition.Any(parts);

    /// <summary>True when the part is false.</summary>
    public static Condition Not(Condition part) => new Condition.Not(part);

    /// <summary>From an instant, included, until another, excluded; null: without that limit.</summary>
    public static Condition Between(Instant? from, Instant? until) => new Condition.Moment(new Span.Between(from, until));

    /// <summary>On these days of every year, both ends included; over the turn of the year when the end is the earlier date.</summary>
    public static Condition Annually(AnnualDate from, AnnualDate to, LeapDayRule leapDay = LeapDayRule.February28) => new Condition.Moment(new Span.Annual(from, to, leapDay));

    /// <summary>On the days of a calendar of the host's, such as public holidays; false on days that its data does not cover.</summary>
    public static Condition OnDayOf(string calendar, bool whenMissing = false) => new Condition.Moment(new Span.Listed(calendar, whenMissing));

    /// <summary>The sum of the points of those parts that hold passes a test.</summary>
    public static Condition Score(Test test, params Sequence<Scored> parts) => new Condition.Score(parts, test);

    /// <summary>So many of the parts hold, or more.</summary>
    public static Condition AtLeast(int number, params Sequence<Condition> parts) => new Condition.Score(parts.Select(part => new Scored(part, 1)).ToSequence(), new Test.AtLeast(number));

    /// <summary>On these days of the week, in the zone of the decision.</summary>
    public static Condition On(params Sequence<IsoDayOfWeek> days) => new Condition.Moment(new Span.Weekdays(days.Distinct().Order().ToSequence()));

    /// <summary>At these hours of each day, in the zone of the decision; past midnight when <paramref name="until"/> is earlier.</summary>
    /// <param name="from">Included.</param>
    /// <param name="until">Excluded.</param>
    public static Condition Hours(LocalTime from, LocalTime until) => new Condition.Moment(new Span.Hours(from, until));
}
