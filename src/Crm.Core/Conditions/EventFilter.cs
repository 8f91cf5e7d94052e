using Crm.Events;
using Crm.Values;

namespace Crm.Conditions;

/// <summary>Which events a measure counts, and with how much.</summary>
internal static class EventFilter
{
    /// <summary>Whether a filter looks at lines, so that an event counts only through a line that satisfies the whole of it.</summary>
    public static bool LooksAtLines(Condition? where) =>
        where is not null && where.Leaves().Any(leaf => leaf is Condition.Field field && field.Name.StartsWith(EventFields.LineScope, StringComparison.Ordinal));

    /// <summary>What an event adds to a measure; null when it does not count.</summary>
    /// <param name="looksAtLines">What <see cref="LooksAtLines"/> says of the filter.</param>
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
