using Crm.Values;
using NodaTime;

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
