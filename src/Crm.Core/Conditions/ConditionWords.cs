using Crm.Values;
using NodaTime;

namespace Crm.Conditions;

/// <summary>The words of the written form. They are part of the format and never change.</summary>
internal static class ConditionWords
{
    public const string All = "all";
    public const string Any = "any";
    public const string Not = "not";
    public const string Score = "score";
    public const string When = "when";
    public const string Points = "points";
    public const string Field = "field";
    public const string Fact = "fact";
    public const string Count = "count";
    public const string Sum = "sum";
    public const string Average = "average";
    public const string Least = "min";
    public const string Greatest = "max";
    public const string Distinct = "distinct";
    public const string First = "first";
    public const string Latest = "latest";
    public const string MostFrequent = "mostFrequent";
    public const string Unique = "unique";
    public const string Periods = "periods";
    public const string Times = "times";
    public const string OutOf = "outOf";
    public const string Sequence = "sequence";
    public const string Then = "then";
    public const string After = "after";
    public const string Within = "within";
    public const string Without = "without";
    public const string Lacking = "lacking";
    public const string For = "for";
    public const string Of = "of";
    public const string Spend = "spend";
    public const string Quantity = "quantity";
    public const string At = "at";
    public const string Day = "day";
    public const string Currency = "currency";
    public const string Zone = "zone";
    public const string Business = "business";
    public const string Otherwise = "otherwise";
    public const string Where = "where";
    public const string Window = "window";
    public const string Last = "last";
    public const string Skip = "skip";
    public const string Before = "before";
    public const string Calendar = "calendar";
    public const string SinceFirst = "sinceFirst";
    public const string SinceLatest = "sinceLatest";
    public const string Lifetime = "lifetime";
    public const string Is = "is";
    public const string WhenMissing = "whenMissing";
    public const string EqualTo = "eq";
    public const string MoreThan = "gt";
    public const string AtLeast = "gte";
    public const string LessThan = "lt";
    public const string AtMost = "lte";
    public const string OneOf = "in";
    public const string AnyOf = "anyOf";
    public const string AllOf = "allOf";
    public const string NoneOf = "noneOf";
    public const string Contains = "contains";
    public const string StartsWith = "startsWith";
    public const string EndsWith = "endsWith";
    public const string Matches = "matches";
    public const string Anniversary = "anniversary";
    public const string Known = "known";
    public const string Date = "date";
    public const string Instant = "instant";
    public const string Today = "today";
    public const string Now = "now";
    public const string Between = "between";
    public const string On = "on";
    public const string Hours = "hours";
    public const string Annual = "annual";
    public const string LeapDay = "leapDay";
    public const string From = "from";
    public const string To = "to";
    public const string Until = "until";

    /// <summary>The word that says what a condition is: an object has exactly one of them.</summary>
    public static Sequence<string> Kinds { get; } =
        [All, Any, Not, Score, Field, Fact, Count, Sum, Average, Least, Greatest, Distinct, First, Latest, MostFrequent, Unique, Periods, Sequence, Between, On, Hours, Annual, Calendar];

    /// <summary>The words of ways of making one value of many, in the order of <see cref="Aggregation"/>.</summary>
    public static Sequence<string> Aggregations { get; } = [Sum, Average, Least, Greatest, Distinct, First, Latest, MostFrequent, Unique];

    /// <summary>The words that say which window it is.</summary>
    public static Sequence<string> Windows { get; } = [Before, Calendar, SinceFirst, SinceLatest, From, Until, Last];

    /// <summary>The words of tests.</summary>
    public static Sequence<string> Tests { get; } =
        [EqualTo, MoreThan, AtLeast, LessThan, AtMost, Between, OneOf, AnyOf, AllOf, NoneOf, Contains, StartsWith, EndsWith, Matches, Anniversary, Known];

    /// <summary>The words of tests that may compare with a date or instant that moves, in the order of <see cref="Comparison"/>.</summary>
    public static Sequence<string> Comparisons { get; } = [EqualTo, MoreThan, AtLeast, LessThan, AtMost];

    /// <summary>The days, from Monday.</summary>
    public static Sequence<string> Days { get; } = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

    /// <summary>The periods, in the order of <see cref="CalendarPeriod"/>.</summary>
    public static Sequence<string> Units { get; } = ["day", "week", "month", "quarter", "year"];

    /// <summary>Where 29 February is, in the order of <see cref="Conditions.LeapDayRule"/>.</summary>
    public static Sequence<string> LeapDays { get; } = ["february-28", "march-1", "leap-years-only"];

    /// <summary>The word for a day of the week.</summary>
    public static string WordOf(IsoDayOfWeek day) => Days[(int)day - 1];
}
