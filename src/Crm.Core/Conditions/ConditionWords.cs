using Crm.Values;
using NodaTime;

namespace Crm.Conditions;

/// <summary>The words of the written form. They are part of the format and never change.</summary>
internal static class ConditionWords
{
    public const string All = "all";
    public const string Any = "any";
    public const string Not = "not";
    public const string Field = "field";
    public const string Fact = "fact";
    public const string Count = "count";
    public const string Sum = "sum";
    public const string Of = "of";
    public const string Spend = "spend";
    public const string Quantity = "quantity";
    public const string Currency = "currency";
    public const string Where = "where";
    public const string Window = "window";
    public const string Last = "last";
    public const string Lifetime = "lifetime";
    public const string Is = "is";
    public const string WhenMissing = "whenMissing";
    public const string EqualTo = "eq";
    public const string MoreThan = "gt";
    public const string AtLeast = "gte";
    public const string LessThan = "lt";
    public const string AtMost = "lte";
    public const string OneOf = "in";
    public const string Known = "known";
    public const string Date = "date";
    public const string Instant = "instant";
    public const string Between = "between";
    public const string On = "on";
    public const string Hours = "hours";
    public const string From = "from";
    public const string Until = "until";

    /// <summary>The word that says what a condition is: an object has exactly one of them.</summary>
    public static Sequence<string> Kinds { get; } = [All, Any, Not, Field, Fact, Count, Sum, Between, On, Hours];

    /// <summary>The words of tests.</summary>
    public static Sequence<string> Tests { get; } = [EqualTo, MoreThan, AtLeast, LessThan, AtMost, OneOf, Known];

    /// <summary>The days, from Monday.</summary>
    public static Sequence<string> Days { get; } = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

    /// <summary>The word for a day.</summary>
    public static string Day(IsoDayOfWeek day) => Days[(int)day - 1];
}
