using NodaTime;
using Crm.Values;

namespace Crm.Conditions;

/// <summary>
/// A value that awaits its test. Where there is no value, or one of another kind than it is compared with, the answer is false, whichever the test, <see cref="IsNot"/> included;
/// <see cref="WhenMissing"/> makes it true.
/// </summary>
public readonly record struct ValueQuestion
{
    private readonly string name;
    private readonly bool isFact;
    private readonly bool whenMissing;

    internal ValueQuestion(string name, bool isFact, bool whenMissing = false)
    {
        this.name = name;
        this.isFact = isFact;
        this.whenMissing = whenMissing;
    }

    /// <summary>The value is known, whichever it is.</summary>
    public Condition IsKnown => Passes(new Test.Known(), answer: false);

    /// <summary>States the answer where there is no value, or one of another kind.</summary>
    public ValueQuestion WhenMissing(bool answer) => new(name, isFact, answer);

    /// <summary>The value equals another.</summary>
    public Condition Is(Scalar value) => Passes(new Test.EqualTo(value), whenMissing);

    /// <summary>There is a value, and it is another one.</summary>
    public Condition IsNot(Scalar value) => new Condition.Not(Passes(new Test.EqualTo(value), !whenMissing));

    /// <summary>The value is more.</summary>
    public Condition MoreThan(Scalar value) => Passes(new Test.MoreThan(value), whenMissing);

    /// <summary>The value is as much or more.</summary>
    public Condition AtLeast(Scalar value) => Passes(new Test.AtLeast(value), whenMissing);

    /// <summary>The value is less.</summary>
    public Condition LessThan(Scalar value) => Passes(new Test.LessThan(value), whenMissing);

    /// <summary>The value is as much or less.</summary>
    public Condition AtMost(Scalar value) => Passes(new Test.AtMost(value), whenMissing);

    /// <summary>The value is from one value to another, both included.</summary>
    public Condition Between(Scalar from, Scalar to) => Passes(new Test.Between(from, to), whenMissing);

    /// <summary>The value's codes have at least one of these; one code counts as a list of one.</summary>
    public Condition AnyOf(params Sequence<string> codes) => Passes(new Test.AnyOf(codes), whenMissing);

    /// <summary>The value's codes have all of these.</summary>
    public Condition AllOf(params Sequence<string> codes) => Passes(new Test.AllOf(codes), whenMissing);

    /// <summary>There is a value, and its codes have none of these.</summary>
    public Condition NoneOf(params Sequence<string> codes) => new Condition.Not(Passes(new Test.AnyOf(codes), !whenMissing));

    /// <summary>The code contains a text; capitals matter.</summary>
    public Condition Contains(string text) => Passes(new Test.Contains(text), whenMissing);

    /// <summary>The code begins with a text; capitals matter.</summary>
    public Condition StartsWith(string text) => Passes(new Test.StartsWith(text), whenMissing);

    /// <summary>The code ends with a text; capitals matter.</summary>
    public Condition EndsWith(string text) => Passes(new Test.EndsWith(text), whenMissing);

    /// <summary>A part of the code is as a regular expression says: <c>"^HK-[0-9]{4}$"</c>. Capitals matter unless it begins with "(?i)"; <see cref="Test.Matches"/> says what it may ask for.</summary>
    public Condition Matches(string pattern) => Passes(new Test.Matches(pattern), whenMissing);

    /// <summary>Compares a date with a day so far from today in a zone: <c>Period.FromDays(-30)</c> is thirty days ago.</summary>
    public Condition FromToday(Comparison comparison, Period shift, CalendarZone zone) => Passes(new Test.Relative(comparison, new RelativeTime.Today(shift, zone)), whenMissing);

    /// <summary>Compares an instant with one so far from now.</summary>
    public Condition FromNow(Comparison comparison, Duration shift) => Passes(new Test.Relative(comparison, new RelativeTime.Now(shift)), whenMissing);

    /// <summary>Today is from so many days before until so many days after an anniversary of the date.</summary>
    public Condition HasAnniversary(CalendarZone zone, int daysBefore = 0, int daysAfter = 0, LeapDayRule leapDay = LeapDayRule.February28) =>
        Passes(new Test.Anniversary(daysBefore, daysAfter, leapDay, zone), whenMissing);

    /// <summary>The value is one of these.</summary>
    public Condition OneOf(params Sequence<Scalar> values) => Passes(new Test.OneOf(values), whenMissing);

    private Condition Passes(Test test, bool answer) => isFact ? new Condition.Fact(name, test, answer) : new Condition.Field(name, test, answer);
}

/// <summary>Events that await what is measured of them.</summary>
public readonly record struct EventQuestion
{
    private readonly string kind;
    private readonly Condition? where;
    private readonly Window window;

    internal EventQuestion(string kind)
        : this(kind, null, new Window.Lifetime())
    {
    }

    private EventQuestion(string kind, Condition? where, Window window)
    {
        this.kind = kind;
        this.where = where;
        this.window = window;
    }

    /// <summary>Only events that satisfy this; said twice, both.</summary>
    public EventQuestion Where(Condition filter) => new(kind, where is null ? filter : new Condition.All([where, filter]), window);

    /// <summary>Only events of this length of time up to now; a day is 24 hours.</summary>
    public EventQuestion InLast(Duration length) => new(kind, where, new Window.Last(length));

    /// <summary>Only events in (now − length, now − skip].</summary>
    public EventQuestion InLast(Duration length, Duration skip) => In(new Window.Last(length) { Skip = skip });

    /// <summary>Only events of this window.</summary>
    public EventQuestion In(Window other) => new(kind, where, other);

    /// <summary>Only events of the period of the calendar that lasts.</summary>
    public EventQuestion This(CalendarPeriod unit, CalendarZone zone) => In(new Window.Calendar(unit, 0, 1, zone));

    /// <summary>Only events of the whole period of the calendar before the one that lasts; with a number, of so many before it.</summary>
    public EventQuestion LastWhole(CalendarPeriod unit, CalendarZone zone, int count = 1) => In(new Window.Calendar(unit, 1, count, zone));

    /// <summary>Only events after the latest of another kind, and at most so long after it; null: up to now. None without one.</summary>
    public EventQuestion SinceLatest(string other, Duration? within = null) => In(new Window.Since(new EventPattern(other), First: false) { Within = within });

    /// <summary>Only events after the first of another kind, and at most so long after it; null: up to now. None without one. Of the same kind: again after the first time.</summary>
    public EventQuestion SinceFirst(string other, Duration? within = null) => In(new Window.Since(new EventPattern(other), First: true) { Within = within });

    /// <summary>What is made of one value of each event: "event.NAME", or "line.NAME" of each line that passes the filter.</summary>
    public AggregateQuestion Of(Aggregation how, string field) => Of(how, new Measured.Named(field));

    /// <summary>What is made of one value of each event.</summary>
    public AggregateQuestion Of(Aggregation how, Measured value) => new(kind, how, value, window, where);

    /// <summary>The value of the latest event, such as when it was (<see cref="Measured.At"/>).</summary>
    public AggregateQuestion Latest(Measured value) => Of(Aggregation.Latest, value);

    /// <summary>The value of the first event.</summary>
    public AggregateQuestion First(Measured value) => Of(Aggregation.First, value);

    /// <summary>On how many days of a zone there were any.</summary>
    public MeasureQuestion DaysActive(CalendarZone zone) => new(kind, new Measure.Aggregate(Aggregation.Distinct, new Measured.Day(zone)), window, where);

    /// <summary>How many different values of a field they have, such as orders by "event.order".</summary>
    public MeasureQuestion Distinct(string field) => new(kind, new Measure.Aggregate(Aggregation.Distinct, new Measured.Named(field)), window, where);

    /// <summary>All different codes of a field, such as what has been bought ("line.sku"); ask it with <see cref="AggregateQuestion.AnyOf"/> and the like. Missing without any.</summary>
    public AggregateQuestion Unique(string field) => Of(Aggregation.Unique, field);

    /// <summary>There was at least one, in all time up to now, and none in the last so long.</summary>
    /// <param name="silence">How long there has been none.</param>
    public Condition Stopped(Duration silence) => In(new Window.Before(silence)).Count().AtLeast(1) & InLast(silence).Count().Is(0);

    /// <summary>There was at least one lately, none for a while before that, and one before that.</summary>
    /// <param name="recent">How long ago is lately.</param>
    /// <param name="silence">How long the silence before it was.</param>
    public Condition Resumed(Duration recent, Duration silence) =>
        new Condition.All([InLast(recent).Count().AtLeast(1), InLast(recent + silence, recent).Count().Is(0), In(new Window.Before(recent + silence)).Count().AtLeast(1)]);

    /// <summary>In how many of the last equal periods there were so many or more: regular buyers are those with 1 or more in 4 of the last 6 periods of 30 days.</summary>
    /// <param name="times">How many make a period count.</param>
    /// <param name="periods">How many periods.</param>
    /// <param name="each">How long each is.</param>
    public MeasureQuestion Regularly(int times, int periods, Duration each) => new(kind, new Measure.Periods(times, periods), new Window.Last(each * periods), where);

    /// <summary>The first of all was within the last so long.</summary>
    public Condition FirstTimeInLast(Duration length) => First(new Measured.At()).FromNow(Comparison.MoreThan, -length);

    /// <summary>How often these events are followed by the steps.</summary>
    public SequenceQuestion Then(Step step) => new SequenceQuestion(kind, where, window, []).Then(step);

    /// <summary>How often these events are followed by nothing of a sort for a time.</summary>
    public MeasureQuestion ThenNo(EventPattern pattern, Duration length) => new SequenceQuestion(kind, where, window, []).ThenNo(pattern, length);

    /// <summary>How many there are.</summary>
    public MeasureQuestion Count() => new(kind, new Measure.Count(), window, where);

    /// <summary>The sum of what was spent in a currency, in its main unit.</summary>
    public MeasureQuestion SumOfSpend(Currency currency) => new(kind, new Measure.SumOfSpend(currency), window, where);

    /// <summary>The sum of the quantities of the lines.</summary>
    public MeasureQuestion SumOfQuantity() => new(kind, new Measure.SumOfQuantity(), window, where);
}

/// <summary>A measure that awaits its test. It is never missing: without events it is 0.</summary>
public readonly record struct MeasureQuestion
{
    private readonly string kind;
    private readonly Measure measure;
    private readonly Window window;
    private readonly Condition? where;

    internal MeasureQuestion(string kind, Measure measure, Window window, Condition? where)
    {
        this.kind = kind;
        this.measure = measure;
        this.window = window;
        this.where = where;
    }

    /// <summary>Exactly so much.</summary>
    public Condition Is(decimal value) => Passes(new Test.EqualTo(value));

    /// <summary>Any other number.</summary>
    public Condition IsNot(decimal value) => new Condition.Not(Is(value));

    /// <summary>More than so much.</summary>
    public Condition MoreThan(decimal value) => Passes(new Test.MoreThan(value));

    /// <summary>So much or more.</summary>
    public Condition AtLeast(decimal value) => Passes(new Test.AtLeast(value));

    /// <summary>Less than so much.</summary>
    public Condition LessThan(decimal value) => Passes(new Test.LessThan(value));

    /// <summary>So much or less.</summary>
    public Condition AtMost(decimal value) => Passes(new Test.AtMost(value));

    private Condition.EventWindow Passes(Test test) => new Condition.EventWindow(kind, measure, window, test) { Where = where };
}

/// <summary>A value made of many, that awaits its test. Where no event counts the answer is false; <see cref="WhenMissing"/> makes it true.</summary>
public readonly record struct AggregateQuestion
{
    private readonly string kind;
    private readonly Aggregation how;
    private readonly Measured value;
    private readonly Window window;
    private readonly Condition? where;
    private readonly bool whenMissing;

    internal AggregateQuestion(string kind, Aggregation how, Measured value, Window window, Condition? where, bool whenMissing = false)
    {
        this.kind = kind;
        this.how = how;
        this.value = value;
        this.window = window;
        this.where = where;
        this.whenMissing = whenMissing;
    }

    /// <summary>States the answer where no event counts.</summary>
    public AggregateQuestion WhenMissing(bool answer) => new(kind, how, value, window, where, answer);

    /// <summary>The value passes a test.</summary>
    public Condition Passes(Test test)
    {
        Measure measure = (how, value) switch
        {
            (Aggregation.Sum, Measured.Spend spend) => new Measure.SumOfSpend(spend.Currency),
            (Aggregation.Sum, Measured.Quantity) => new Measure.SumOfQuantity(),
            _ => new Measure.Aggregate(how, value),
        };
        return new Condition.EventWindow(kind, measure, window, test) { Where = where, WhenMissing = whenMissing && measure.CanBeMissing };
    }

    /// <summary>The value equals another.</summary>
    public Condition Is(Scalar other) => Passes(new Test.EqualTo(other));

    /// <summary>The value is more.</summary>
    public Condition MoreThan(Scalar other) => Passes(new Test.MoreThan(other));

    /// <summary>The value is as much or more.</summary>
    public Condition AtLeast(Scalar other) => Passes(new Test.AtLeast(other));

    /// <summary>The value is less.</summary>
    public Condition LessThan(Scalar other) => Passes(new Test.LessThan(other));

    /// <summary>The value is as much or less.</summary>
    public Condition AtMost(Scalar other) => Passes(new Test.AtMost(other));

    /// <summary>The codes have at least one of these.</summary>
    public Condition AnyOf(params Sequence<string> codes) => Passes(new Test.AnyOf(codes));

    /// <summary>The codes have each of these.</summary>
    public Condition AllOf(params Sequence<string> codes) => Passes(new Test.AllOf(codes));

    /// <summary>There is a value, and its codes have none of these.</summary>
    public Condition NoneOf(params Sequence<string> codes) => new Condition.Not(WhenMissing(!whenMissing).AnyOf(codes));

    /// <summary>The value is an instant that compares so with one so far from now.</summary>
    public Condition FromNow(Comparison comparison, Duration shift) => Passes(new Test.Relative(comparison, new RelativeTime.Now(shift)));

    /// <summary>The value is a date that compares so with a day so far from today in a zone.</summary>
    public Condition FromToday(Comparison comparison, Period shift, CalendarZone zone) => Passes(new Test.Relative(comparison, new RelativeTime.Today(shift, zone)));
}

/// <summary>A sequence that awaits further steps, or the test of how often it was completed.</summary>
public readonly record struct SequenceQuestion
{
    private readonly string kind;
    private readonly Condition? where;
    private readonly Window window;
    private readonly Sequence<Step> steps;

    internal SequenceQuestion(string kind, Condition? where, Window window, Sequence<Step> steps)
    {
        this.kind = kind;
        this.where = where;
        this.window = window;
        this.steps = steps;
    }

    /// <summary>It was completed at least once.</summary>
    public Condition Happened => Times().AtLeast(1);

    /// <summary>One more step.</summary>
    public SequenceQuestion Then(Step step) => new(kind, where, window, steps.Add(step));

    /// <summary>It ends with nothing of a sort for a time after the last step.</summary>
    public MeasureQuestion ThenNo(EventPattern pattern, Duration length) => new(kind, new Measure.Sequence(steps) { Lacking = new Lack(pattern, length) }, window, where);

    /// <summary>How often it was completed.</summary>
    public MeasureQuestion Times() => new(kind, new Measure.Sequence(steps), window, where);
}
