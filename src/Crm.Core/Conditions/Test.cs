using Crm.Values;
using NodaTime;

namespace Crm.Conditions;

/// <summary>A test of one value.</summary>
public abstract record Test
{
    private protected Test()
    {
    }

    /// <summary>Equal to a value.</summary>
    /// <param name="Value">The value.</param>
    public sealed record EqualTo(Scalar Value) : Test;

    /// <summary>More than a value.</summary>
    /// <param name="Value">The value.</param>
    public sealed record MoreThan(Scalar Value) : Test;

    /// <summary>A value or more.</summary>
    /// <param name="Value">The value.</param>
    public sealed record AtLeast(Scalar Value) : Test;

    /// <summary>Less than a value.</summary>
    /// <param name="Value">The value.</param>
    public sealed record LessThan(Scalar Value) : Test;

    /// <summary>A value or less.</summary>
    /// <param name="Value">The value.</param>
    public sealed record AtMost(Scalar Value) : Test;

    /// <summary>Between two values, both included.</summary>
    /// <param name="From">The least.</param>
    /// <param name="To">The greatest.</param>
    public sealed record Between(Scalar From, Scalar To) : Test;

    /// <summary>One of several values.</summary>
    /// <param name="Values">At least one; all of one kind.</param>
    public sealed record OneOf(Sequence<Scalar> Values) : Test;

    /// <summary>At least one of these is among the value's codes; one code counts as a list of one.</summary>
    /// <param name="Codes">At least one.</param>
    public sealed record AnyOf(Sequence<string> Codes) : Test;

    /// <summary>All of these are among the value's codes.</summary>
    /// <param name="Codes">At least one.</param>
    public sealed record AllOf(Sequence<string> Codes) : Test;

    /// <summary>The code contains a text, letter by letter: capitals matter.</summary>
    /// <param name="Text">Not empty.</param>
    public sealed record Contains(string Text) : Test;

    /// <summary>The code begins with a text, letter by letter.</summary>
    /// <param name="Text">Not empty.</param>
    public sealed record StartsWith(string Text) : Test;

    /// <summary>The code ends with a text, letter by letter.</summary>
    /// <param name="Text">Not empty.</param>
    public sealed record EndsWith(string Text) : Test;

    /// <summary>A part of the code, or all of it between '^' and '$', is as a regular expression says: in the language of .NET without what may take long (looking around, references back), so that any text is decided in a time that grows with its length alone. Capitals matter unless the expression begins with "(?i)".</summary>
    /// <param name="Pattern">1 to <see cref="TextPattern.Longest"/> characters.</param>
    public sealed record Matches(string Pattern) : Test;

    /// <summary>Compares a date or instant with one that moves with the moment.</summary>
    /// <param name="Comparison">How.</param>
    /// <param name="To">With what.</param>
    public sealed record Relative(Comparison Comparison, RelativeTime To) : Test;

    /// <summary>Today is from so many days before until so many days after an anniversary of a date, both included. The date itself is no anniversary. The number MMDD, such as 229 for 29 February, is a day without its year: every year has its anniversary.</summary>
    /// <param name="DaysBefore">0 to 180.</param>
    /// <param name="DaysAfter">0 to 180.</param>
    /// <param name="LeapDay">When the anniversary of 29 February is in common years.</param>
    /// <param name="Zone">The zone of today, such as "Asia/Hong_Kong".</param>
    public sealed record Anniversary(int DaysBefore, int DaysAfter, LeapDayRule LeapDay, CalendarZone Zone) : Test;

    /// <summary>There is a value, whichever.</summary>
    public sealed record Known : Test;
}

/// <summary>How two values compare.</summary>
public enum Comparison
{
    /// <summary>The same.</summary>
    EqualTo,

    /// <summary>Later.</summary>
    MoreThan,

    /// <summary>The same or later.</summary>
    AtLeast,

    /// <summary>Earlier.</summary>
    LessThan,

    /// <summary>The same or earlier.</summary>
    AtMost,
}

/// <summary>A date or instant that moves with the moment.</summary>
public abstract record RelativeTime
{
    private protected RelativeTime()
    {
    }

    /// <summary>The day of the moment, some days, weeks, months or years away. A day that a month does not have is its last day.</summary>
    /// <param name="Shift">Whole years, months, weeks and days, of one sign; negative is the past.</param>
    /// <param name="Zone">The zone of the day, such as "Asia/Hong_Kong".</param>
    public sealed record Today(Period Shift, CalendarZone Zone) : RelativeTime
    {
        /// <summary>How far, with twelve months as a year and a week as seven days. Years are added before months, which on 29 February makes a difference of a day: so it is kept as it is written.</summary>
        public Period Shift { get; init => field = RelativePeriod.IsRight(value) ? RelativePeriod.Normal(value) : value; } = RelativePeriod.IsRight(Shift) ? RelativePeriod.Normal(Shift) : Shift;
    }

    /// <summary>The moment, some time away, a day being 24 hours.</summary>
    /// <param name="Shift">Whole ticks (100 ns); negative is the past.</param>
    public sealed record Now(Duration Shift) : RelativeTime;
}
