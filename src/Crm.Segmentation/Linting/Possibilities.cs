using System.Collections.Immutable;
using Crm.Conditions;
using Crm.Events;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Linting;

/// <summary>
/// Whether a condition can hold at all, whichever the customer and the moment. "No" is proven; "yes" may be wrong where parts depend on each other in ways that are not looked at,
/// such as a month and a day of the week. Looked at are: what one field, fact or measure can be, what one event and line can be, how windows lie within each other, how times that move with now lie to each other, and the days of the week, days of the year and hours of a moment in one zone: those of different zones may go together.
/// </summary>
internal sealed class Possibilities
{
    // Beyond it a condition counts as possible: who writes as much by hand deserves an answer in time.
    private const int MostSteps = 4_000;
    private readonly ValueGrid grid;
    private readonly Dictionary<Condition, Subject> subjects = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<object, int> keys = [];
    private int steps;

    public Possibilities(params IEnumerable<Condition> conditions) => grid = new ValueGrid(conditions);

    /// <summary>The values to try, the same for every part.</summary>
    public ValueGrid Grid => grid;

    /// <summary>Whether a condition made of the same tests can have an answer.</summary>
    public bool Can(Condition condition, bool answer) => CanAll([(condition, answer)]);

    /// <summary>Whether conditions can have their answers together.</summary>
    public bool CanAll(IEnumerable<(Condition Condition, bool Answer)> asked)
    {
        steps = MostSteps;
        return Search(Pushed([], asked), []);
    }

    private bool Search(ImmutableStack<(Condition Condition, bool Answer)> open, List<(Condition Leaf, bool Answer)> literals)
    {
        if (open.IsEmpty || --steps < 0)
        {
            return true;
        }

        var rest = open.Pop(out var next);
        return next.Condition switch
        {
            Condition.Not not => Search(rest.Push((not.Of, !next.Answer)), literals),
            Condition.All all when next.Answer => Search(Pushed(rest, all.Of.Select(part => (part, true))), literals),
            Condition.Any any when !next.Answer => Search(Pushed(rest, any.Of.Select(part => (part, false))), literals),
            Condition.All all => all.Of.Any(part => Search(rest.Push((part, false)), literals)),
            Condition.Any any => any.Of.Any(part => Search(rest.Push((part, true)), literals)),
            var leaf => With(leaf, next.Answer, rest, literals),
        };
    }

    // Parts that ask something first: they decide sooner than parts with parts.
    private static ImmutableStack<(Condition, bool)> Pushed(ImmutableStack<(Condition, bool)> open, IEnumerable<(Condition Condition, bool Answer)> parts)
    {
        foreach (var part in parts.OrderBy(part => part.Condition is not (Condition.All or Condition.Any or Condition.Not)))
        {
            open = open.Push(part);
        }

        return open;
    }

    private bool With(Condition leaf, bool answer, ImmutableStack<(Condition, bool)> rest, List<(Condition Leaf, bool Answer)> literals)
    {
        literals.Add((leaf, answer));
        var possible = AreTogether(literals) && Search(rest, literals);
        literals.RemoveAt(literals.Count - 1);
        return possible;
    }

    /// <summary>Whether the latest of some answers goes with the others.</summary>
    private bool AreTogether(List<(Condition Leaf, bool Answer)> literals)
    {
        var (latest, answer) = literals[^1];
        if (literals.Contains((latest, !answer)) || (latest is Condition.Score score && !CanSum(score, answer)))
        {
            return false;
        }

        var subject = SubjectOf(latest);
        if (subject.Key is not { } key)
        {
            return true;
        }

        if (TestOf(latest) is Test.Relative relative
            && literals.Exists(one => SubjectOf(one.Leaf).Key == key && TestOf(one.Leaf) is Test.Relative other && !RelativeBounds.GoTogether((relative, WhenMissing(latest), answer), (other, WhenMissing(one.Leaf), one.Answer))))
        {
            return false;
        }

        var others = literals.Select(one => SubjectOf(one.Leaf)).Where(other => other.IsNested && other.Key != key).DistinctBy(other => other.Key);

        var values = Allowed(subject, literals);
        if (values.Count == 0)
        {
            return false;
        }

        return !subject.IsNested || others.All(other => (!IsWithin(subject, other) || Fits(values, Allowed(other, literals), other)) && (!IsWithin(other, subject) || Fits(Allowed(other, literals), values, subject)));
    }

    /// <summary>Whether the values of a window that lies within another can be as little as those of the other.</summary>
    private static bool Fits(List<Scalar> inner, List<Scalar> outer, Subject outerSubject) =>
        outer.Count > 0 && inner.Count > 0 && (outer[^1] == outerSubject.Candidates[^1] || inner[0].AsNumber <= outer[^1].AsNumber);

    private List<Scalar> Allowed(Subject subject, List<(Condition Leaf, bool Answer)> literals)
    {
        var own = literals.Where(one => SubjectOf(one.Leaf).Key == subject.Key).ToList();
        var (tried, other) = (own.Where(one => IsTried(one.Leaf)).ToList(), own.Where(one => !IsTried(one.Leaf)).ToList());
        IEnumerable<Scalar> candidates = subject.Candidates;

        // A test of a part of a text can be tried out only on the few texts that another test leaves.
        if (other.Count > 0 && tried.Find(one => one.Answer && TestOf(one.Leaf) is Test.EqualTo or Test.OneOf && !WhenMissing(one.Leaf)) is { Leaf: { } few })
        {
            candidates = ValueGrid.Operands(TestOf(few) ?? new Test.Known()).Order(Comparer<Scalar>.Create((one, another) => one.CompareWith(another) ?? one.Kind.CompareTo(another.Kind)));
            tried = own.Where(one => TestOf(one.Leaf) is not (Test.Relative or Test.Anniversary)).ToList();
        }

        return candidates.Where(value => tried.TrueForAll(one => Holds(one.Leaf, value) == one.Answer)).ToList();
    }

    private Subject SubjectOf(Condition leaf)
    {
        if (!subjects.TryGetValue(leaf, out var subject))
        {
            subjects[leaf] = subject = leaf switch
            {
                Condition.Field field => new Subject(Key(("field", field.Name)), [.. grid.All]),
                Condition.Fact fact => new Subject(Key(("fact", fact.Name)), [.. grid.All]),
                Condition.EventWindow window => OfWindow(window),
                Condition.Moment { Within: Span.Weekdays } moment => new Subject(Key(("weekday", ZoneOf(moment))), [.. Enumerable.Range(1, 7).Select(day => Scalar.Of(day))]),
                Condition.Moment { Within: Span.Hours } moment => new Subject(Key(("hours", ZoneOf(moment))), [.. grid.Times.Select(time => Scalar.Of(time.NanosecondOfDay))]),
                Condition.Moment { Within: Span.Between } => new Subject(Key("instant"), [.. grid.Ends.Select(Scalar.Of)]),
                Condition.Moment { Within: Span.Annual } moment => new Subject(Key(("day", ZoneOf(moment))), [.. grid.DaysOfYears.Select(Scalar.Of)]),
                _ => new Subject(null, []),
            };
        }

        return subject;
    }

    // No zone is that of the business.
    private static CalendarZone ZoneOf(Condition.Moment moment) => moment.Zone ?? new CalendarZone.Business();

    private int Key(object about)
    {
        if (!keys.TryGetValue(about, out var key))
        {
            keys[about] = key = keys.Count;
        }

        return key;
    }

    private Subject OfWindow(Condition.EventWindow leaf)
    {
        var key = Key(leaf with { Is = new Test.Known(), WhenMissing = false });
        var nothing = leaf.Measure.CanBeMissing ? default(Scalar) : 0;
        if (leaf.Where is { } where && !new Possibilities(where).Can(where, true))
        {
            return new Subject(key, [nothing]) { Leaf = leaf };
        }

        IEnumerable<Scalar> positive = grid.Numbers.Where(number => number.AsNumber >= 0);
        return leaf.Measure switch
        {
            Measure.Count => new Subject(key, [.. grid.Wholes]) { Leaf = leaf, IsNested = true },
            Measure.Aggregate { How: Aggregation.Distinct } => new Subject(key, [.. grid.Wholes]) { Leaf = leaf, IsNested = true },
            Measure.Sequence => new Subject(key, [.. grid.Wholes]) { Leaf = leaf },
            Measure.Periods periods => new Subject(key, [.. grid.Wholes.Append(periods.OutOf).Where(whole => whole.AsNumber <= periods.OutOf).Distinct()]) { Leaf = leaf },
            Measure.SumOfSpend or Measure.SumOfQuantity => new Subject(key, [.. positive]) { Leaf = leaf, IsNested = true },
            Measure.Aggregate { How: Aggregation.Sum } => new Subject(key, [.. grid.Numbers]) { Leaf = leaf },
            Measure.Aggregate { How: Aggregation.Average, Of: Measured.Named } => new Subject(key, [nothing, .. grid.Numbers]) { Leaf = leaf },
            Measure.Aggregate { Of: Measured.Spend or Measured.Quantity } => new Subject(key, [nothing, .. positive]) { Leaf = leaf },
            Measure.Aggregate { Of: Measured.At } => new Subject(key, [nothing, .. grid.Instants]) { Leaf = leaf },
            Measure.Aggregate { Of: Measured.Day } => new Subject(key, [nothing, .. grid.Dates]) { Leaf = leaf },
            _ => new Subject(key, [.. grid.All]) { Leaf = leaf },
        };
    }

    /// <summary>Whether all that one measure counts another counts too.</summary>
    private static bool IsWithin(Subject one, Subject other) => one.Leaf is { } inner && other.Leaf is { } outer
        && inner.Kind == outer.Kind && inner.Measure == outer.Measure
        && (inner.Where == outer.Where || (outer.Where is null && inner.Measure is Measure.Count))
        && Windows.IsWithin(inner.Window, outer.Window);

    private static bool CanSum(Condition.Score score, bool answer)
    {
        const int mostSums = 4_096;
        var sums = new HashSet<decimal> { 0m };
        foreach (var part in score.Of)
        {
            var alone = new Possibilities(part.When);
            var (can, canNot) = (alone.Can(part.When, true), alone.Can(part.When, false));
            sums = [.. sums.SelectMany(sum => new[] { (can, sum + part.Points), (canNot, sum) }).Where(pair => pair.Item1).Select(pair => pair.Item2)];
            if (sums.Count > mostSums)
            {
                return true;
            }
        }

        return sums.Any(sum => OneValue.Passes(score.Is, false, sum) == answer);
    }

    private static bool IsTried(Condition leaf) => leaf is Condition.Moment || TestOf(leaf) switch
    {
        Test.EqualTo or Test.OneOf or Test.Known => true,
        Test.Relative or Test.Anniversary => false,
        { } test => ValueGrid.Operands(test).ToList() is { Count: > 0 } operands && operands.TrueForAll(operand => operand.Kind is ScalarKind.Number or ScalarKind.Date or ScalarKind.Instant or ScalarKind.Flag),
        null => false,
    };

    private static bool Holds(Condition leaf, Scalar value) => leaf switch
    {
        Condition.Moment { Within: Span.Weekdays weekdays } => weekdays.Days.Contains((IsoDayOfWeek)(int)value.AsNumber),
        Condition.Moment { Within: Span.Hours hours } => LocalTime.FromNanosecondsSinceMidnight((long)value.AsNumber) is var time
            && (hours.From == hours.Until || (hours.From < hours.Until ? hours.From <= time && time < hours.Until : hours.From <= time || time < hours.Until)),
        Condition.Moment { Within: Span.Between span } => !(value.AsInstant < span.From) && !(span.Until <= value.AsInstant),
        Condition.Moment { Within: Span.Annual span } => value.AsDate is { } day && OneValue.IsWithin(span, day),
        _ => OneValue.Passes(TestOf(leaf) ?? new Test.Known(), WhenMissing(leaf), value),
    };

    private static Test? TestOf(Condition leaf) => leaf switch
    {
        Condition.Field field => field.Is,
        Condition.Fact fact => fact.Is,
        Condition.EventWindow window => window.Is,
        _ => null,
    };

    private static bool WhenMissing(Condition leaf) => leaf is Condition.Field { WhenMissing: true } or Condition.Fact { WhenMissing: true } or Condition.EventWindow { WhenMissing: true };

    /// <summary>What is asked about.</summary>
    /// <param name="Key">Names it; null: nothing is known of its values.</param>
    /// <param name="Candidates">Its values, as far as tests can tell them apart; those of numbers from the least.</param>
    private sealed record Subject(int? Key, Scalar[] Candidates)
    {
        public Condition.EventWindow? Leaf { get; init; }

        /// <summary>Whether it is never less than the same of a window within.</summary>
        public bool IsNested { get; init; }
    }
}
