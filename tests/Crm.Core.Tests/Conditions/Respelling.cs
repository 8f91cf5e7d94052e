using Crm.Conditions;
using Crm.Values;

namespace Crm.Core.Tests.Conditions;

/// <summary>Says a condition in other words that mean the same by inspection.</summary>
/// <param name="choices">Which words; taken in turn, and again from the first.</param>
internal sealed class Respelling(IReadOnlyList<int> choices)
{
    private static readonly Condition Always = new Condition.All([]);
    private static readonly Condition Never = new Condition.Any([]);
    private int taken;

    public Condition Of(Condition condition) => Around(condition switch
    {
        Condition.All all => Choose(3) == 0 ? !new Condition.Any(all.Of.Select(part => !Of(part)).ToSequence()) : new Condition.All(Shuffled(all.Of.Select(Of))),
        Condition.Any any => Choose(3) == 0 ? !new Condition.All(any.Of.Select(part => !Of(part)).ToSequence()) : new Condition.Any(Shuffled(any.Of.Select(Of))),
        Condition.Not not => !Of(not.Of),
        Condition.Score score => score with { Of = Shuffled(score.Of.Select(part => part with { When = Of(part.When) })).Concat(Choose(2) == 0 ? [new Scored(Never, 7)] : []).ToSequence() },
        Condition.EventWindow leaf => Opposed(leaf with { Where = Filter(leaf.Where), Measure = Of(leaf.Measure), Window = leaf.Window is Window.Since since ? since with { Event = Of(since.Event) } : leaf.Window, Is = Of(leaf.Is) }),
        Condition.Field field => Opposed(field with { Is = Of(field.Is) }),
        Condition.Fact fact => Opposed(fact with { Is = Of(fact.Is) }),
        Condition.Moment { Zone: null, Within: not Span.Between } moment when Choose(2) == 0 => moment with { Zone = new CalendarZone.Business() },
        _ => condition,
    });

    private Condition Around(Condition condition) => Choose(8) switch
    {
        0 => !!condition,
        1 => new Condition.All([condition]),
        2 => new Condition.Any([condition]),
        3 => new Condition.All([Always, condition]),
        4 => new Condition.Any([condition, Never]),
        5 => new Condition.All([condition, condition]),
        _ => condition,
    };

    private Condition? Filter(Condition? where) => where is not null ? Of(where) : Choose(4) switch
    {
        0 => Always,
        1 => !Never,
        2 => new Condition.All([Always, new Condition.Any([Always])]),
        _ => null,
    };

    private EventPattern Of(EventPattern pattern) => pattern with { Where = Filter(pattern.Where) };

    private Measure Of(Measure measure) => measure switch
    {
        Measure.SumOfSpend sum when Choose(2) == 0 => new Measure.Aggregate(Aggregation.Sum, new Measured.Spend(sum.Currency)),
        Measure.SumOfQuantity when Choose(2) == 0 => new Measure.Aggregate(Aggregation.Sum, new Measured.Quantity()),
        Measure.Sequence sequence => sequence with
        {
            Then = sequence.Then.Select(step => step with { Event = Of(step.Event), Without = step.Without is { } without ? Of(without) : null }).ToSequence(),
            Lacking = sequence.Lacking is { } lacking ? lacking with { Event = Of(lacking.Event) } : null,
        },
        _ => measure,
    };

    private Test Of(Test test) => (test, Choose(3)) switch
    {
        (Test.EqualTo { Value: var value }, 0) => new Test.OneOf([value, value]),
        (Test.EqualTo { Value: { Kind: not (ScalarKind.Code or ScalarKind.Flag) } value }, 1) => new Test.Between(value, value),
        (Test.OneOf { Values: var values }, 0) => new Test.OneOf(Shuffled(values)),
        (Test.AnyOf { Codes: var codes }, 0) => new Test.AnyOf(Shuffled(codes.Concat(codes))),
        (Test.AllOf { Codes: var codes }, 0) => new Test.AllOf(Shuffled(codes)),
        _ => test,
    };

    private Condition Opposed(Condition leaf) => Choose(2) == 0 ? leaf : leaf switch
    {
        Condition.Field { Is: Test.AtLeast least } field => !(field with { Is = new Test.LessThan(least.Value), WhenMissing = !field.WhenMissing }),
        Condition.Field { Is: Test.MoreThan more } field => !(field with { Is = new Test.AtMost(more.Value), WhenMissing = !field.WhenMissing }),
        Condition.Fact { Is: Test.AtLeast least } fact => !(fact with { Is = new Test.LessThan(least.Value), WhenMissing = !fact.WhenMissing }),
        Condition.EventWindow { Is: Test.AtLeast least } window => !(window with { Is = new Test.LessThan(least.Value), WhenMissing = window.Measure.CanBeMissing && !window.WhenMissing }),
        _ => leaf,
    };

    private Sequence<T> Shuffled<T>(IEnumerable<T> items) => items.Select(item => (item, place: Choose(1_000))).OrderBy(pair => pair.place).Select(pair => pair.item).ToSequence();

    private int Choose(int among) => choices[taken++ % choices.Count] % among;
}
