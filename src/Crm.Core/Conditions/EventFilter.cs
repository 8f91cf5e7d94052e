using Crm.Events;
using Crm.Values;
using NodaTime;

namespace Crm.Conditions;

/// <summary>Which events a measure counts, and with which values.</summary>
internal static class EventFilter
{
    /// <summary>Whether a filter looks at lines, so that an event counts only through a line that satisfies the whole of it.</summary>
    public static bool LooksAtLines(Condition? where) =>
        where is not null && where.Leaves().Any(leaf => leaf is Condition.Field field && field.Name.StartsWith(EventFields.LineScope, StringComparison.Ordinal));

    /// <summary>What an event adds to a count or sum; null when it does not count.</summary>
    /// <param name="leaf">A leaf that counts, or sums spend or quantity.</param>
    /// <param name="looksAtLines">What <see cref="LooksAtLines"/> says of the filter.</param>
    /// <param name="happened">The event.</param>
    public static decimal? Contribution(Condition.EventWindow leaf, bool looksAtLines, CustomerEvent happened)
    {
        if (!string.Equals(leaf.Kind, happened.Kind, StringComparison.Ordinal))
        {
            return null;
        }

        if (looksAtLines)
        {
            return OfLines(leaf.Where!, leaf.Measure, happened);
        }

        if (leaf.Where is { } where && !Holds(where, happened, null))
        {
            return null;
        }

        return leaf.Measure switch
        {
            Measure.Count => 1,
            Measure.SumOfSpend sum => happened.Spend is { } spend && spend.Currency == sum.Currency ? spend.Amount : null,
            Measure.SumOfQuantity => Quantity(happened.Lines.AsSpan()),
            _ => throw Unknown(leaf.Measure),
        };
    }

    /// <summary>The values that an event gives a measure, whichever measure: 1 for each event that is counted, the value of an aggregate, a bit for each role in a sequence. For days of a zone that only the customer knows, the instants: the days are made of them when the answer is asked for.</summary>
    public static IEnumerable<Scalar> Samples(Condition.EventWindow leaf, CustomerEvent happened, Instant at) => leaf.Measure switch
    {
        Measure.Sequence sequence => Roles(leaf, sequence, happened) is > 0 and var roles ? [roles] : [],
        Measure.Aggregate aggregate => Matches(leaf.Kind, leaf.Where, happened) ? Values(aggregate.Of, leaf.Where, happened, at).Where(one => Counts(aggregate.How, one)) : [],
        Measure.Periods => Matches(leaf.Kind, leaf.Where, happened) ? [1] : [],
        _ => Contribution(leaf, LooksAtLines(leaf.Where), happened) is { } amount and not 0 ? [amount] : [],
    };

    /// <summary>Whether an event is one of a pattern: through one line that satisfies the whole filter, when the filter looks at lines.</summary>
    public static bool Matches(EventPattern pattern, CustomerEvent happened) => Matches(pattern.Kind, pattern.Where, happened);

    /// <summary>The bit of a step in the roles of an event; the leaf's own kind and filter are step 0.</summary>
    public static int StepBit(int step) => 1 << step;

    /// <summary>The bit of what must not come before a step.</summary>
    public static int WithoutBit(int step) => 1 << (Measure.Sequence.MostSteps + step);

    /// <summary>The bit of what must not come after the last step.</summary>
    public static int LackingBit => 1 << ((2 * Measure.Sequence.MostSteps) + 1);

    private static bool Counts(Aggregation how, Scalar value) => how switch
    {
        Aggregation.Sum or Aggregation.Average => value.Kind == ScalarKind.Number,
        Aggregation.Unique => value.Kind == ScalarKind.Codes || (value.AsCode is { } code && Scalar.CanBeOneOfSeveral(code)),
        _ => !value.IsMissing,
    };

    private static int Roles(Condition.EventWindow leaf, Measure.Sequence sequence, CustomerEvent happened)
    {
        var roles = Matches(leaf.Kind, leaf.Where, happened) ? StepBit(0) : 0;
        for (var i = 0; i < sequence.Then.Count; i++)
        {
            var step = sequence.Then[i];
            roles |= Matches(step.Event, happened) ? StepBit(i + 1) : 0;
            roles |= step.Without is { } without && Matches(without, happened) ? WithoutBit(i + 1) : 0;
        }

        return roles | (sequence.Lacking is { } lacking && Matches(lacking.Event, happened) ? LackingBit : 0);
    }

    private static bool Matches(string kind, Condition? where, CustomerEvent happened)
    {
        if (!string.Equals(kind, happened.Kind, StringComparison.Ordinal))
        {
            return false;
        }

        return where is null || (LooksAtLines(where) ? happened.Lines.Any(line => Holds(where, happened, line)) : Holds(where, happened, null));
    }

    private static IEnumerable<Scalar> Values(Measured value, Condition? where, CustomerEvent happened, Instant at)
    {
        switch (value)
        {
            case Measured.Spend spend when happened.Spend?.Currency != spend.Currency:
                return [];
            case Measured.Spend:
                return LooksAtLines(where) ? [Lines(where, happened).Sum(line => line.Amount.Amount)] : [happened.Spend?.Amount ?? 0];
            case Measured.Quantity:
                return happened.Lines.IsEmpty ? [] : [Lines(where, happened).Sum(line => line.Quantity)];
            case Measured.Named { Name: var name } when name.StartsWith(EventFields.LineScope, StringComparison.Ordinal):
                return Lines(where, happened).Select(line => EventFields.Read(line, name.AsSpan(EventFields.LineScope.Length)));
            case Measured.Named named:
                return [EventFields.ReadScoped(happened, named.Name)];
            case Measured.At:
                return [at];
            case Measured.Day { Zone: CalendarZone.Customer or CalendarZone.Business }:
                return [at];
            case Measured.Day day:
                return [CalendarDays.Zone(day.Zone).DayOf(at)];
            default:
                throw new InvalidOperationException($"The evaluator has no meaning for the value {value.GetType().Name}.");
        }
    }

    private static IEnumerable<EventLine> Lines(Condition? where, CustomerEvent happened) =>
        LooksAtLines(where) ? happened.Lines.Where(line => Holds(where!, happened, line)) : happened.Lines;

    private static decimal? OfLines(Condition where, Measure measure, CustomerEvent happened)
    {
        if (measure is Measure.SumOfSpend spend && happened.Spend?.Currency != spend.Currency)
        {
            return null;
        }

        decimal? sum = null;
        foreach (ref readonly var line in happened.Lines.AsSpan())
        {
            if (!Holds(where, happened, line))
            {
                continue;
            }

            switch (measure)
            {
                case Measure.Count:
                    return 1;
                case Measure.SumOfSpend:
                    sum = (sum ?? 0) + line.Amount.Amount;
                    break;
                case Measure.SumOfQuantity:
                    sum = (sum ?? 0) + line.Quantity;
                    break;
                default:
                    throw Unknown(measure);
            }
        }

        return sum;
    }

    private static decimal Quantity(ReadOnlySpan<EventLine> lines)
    {
        var sum = 0m;
        foreach (ref readonly var line in lines)
        {
            sum += line.Quantity;
        }

        return sum;
    }

    private static bool Holds(Condition where, CustomerEvent happened, EventLine? line)
    {
        switch (where)
        {
            case Condition.All all:
                foreach (var part in all.Of.AsSpan())
                {
                    if (!Holds(part, happened, line))
                    {
                        return false;
                    }
                }

                return true;
            case Condition.Any any:
                foreach (var part in any.Of.AsSpan())
                {
                    if (Holds(part, happened, line))
                    {
                        return true;
                    }
                }

                return false;
            case Condition.Not not:
                return !Holds(not.Of, happened, line);
            case Condition.Field field:
                return field.Is.Holds(Value(field.Name, happened, line), field.WhenMissing);
            default:
                throw new InvalidOperationException($"A 'where' holds {where.GetType().Name}; all, any, not and fields of 'event.' and 'line.' are expected.");
        }
    }

    private static Scalar Value(string name, CustomerEvent happened, EventLine? line) =>
        name.StartsWith(EventFields.Scope, StringComparison.Ordinal) ? EventFields.Read(happened, name.AsSpan(EventFields.Scope.Length))
        : name.StartsWith(EventFields.LineScope, StringComparison.Ordinal) ? line is { } given ? EventFields.Read(given, name.AsSpan(EventFields.LineScope.Length)) : default
        : throw new InvalidOperationException($"A 'where' asks for '{name}'; fields of 'event.' and 'line.' are expected.");

    private static InvalidOperationException Unknown(Measure measure) => new($"The evaluator has no meaning for the measure {measure.GetType().Name}.");
}
