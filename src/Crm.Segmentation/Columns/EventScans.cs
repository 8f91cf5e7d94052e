using System.Runtime.InteropServices;
using Crm.Conditions;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Columns;

/// <summary>Which instants count, in ticks: (After, Until].</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct TickRange(long After, long Until);

/// <summary>Which whole numbers pass: From to To, both included; none when From is the greater.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct NumberRange(long From, long To);

/// <summary>How many events there are within a range. Events lie by instant, so whether there are n is one look at the n-th from the end.</summary>
internal sealed class CountScan(EventColumns columns, TickRange range, NumberRange wanted) : Scan.OneByOne
{
    protected override ulong Word(int first, int end)
    {
        var (firsts, ticks) = (columns.Firsts, columns.Ticks);
        var bits = 0UL;
        for (var customer = first; customer < end; customer++)
        {
            var (start, last) = (firsts[customer], firsts[customer + 1]);
            while (last > start && ticks[last - 1] > range.Until)
            {
                last--;
            }

            var passes = wanted.From <= wanted.To && Has(ticks, start, last, wanted.From) && (wanted.To == long.MaxValue || !Has(ticks, start, last, wanted.To + 1));
            bits |= passes ? 1UL << (customer - first) : 0;
        }

        return bits;
    }

    private bool Has(long[] ticks, int start, int last, long number) => number <= 0 || (last - start >= number && ticks[last - (int)number] > range.After);
}

/// <summary>How much was spent within a range: the difference of two running sums.</summary>
internal sealed class SumScan(EventColumns columns, long[] sums, TickRange range, NumberRange wanted) : Scan.OneByOne
{
    protected override ulong Word(int first, int end)
    {
        var (firsts, ticks) = (columns.Firsts, columns.Ticks);
        var bits = 0UL;
        for (var customer = first; customer < end; customer++)
        {
            var (start, last) = (firsts[customer], firsts[customer + 1]);
            while (last > start && ticks[last - 1] > range.Until)
            {
                last--;
            }

            var before = range.After == long.MinValue ? start : Before(ticks, start, last);
            var sum = (last > start ? sums[last - 1] : 0) - (before > start ? sums[before - 1] : 0);
            bits |= wanted.From <= sum && sum <= wanted.To ? 1UL << (customer - first) : 0;
        }

        return bits;
    }

    private int Before(long[] ticks, int start, int last)
    {
        while (last > start && ticks[last - 1] > range.After)
        {
            last--;
        }

        return last;
    }
}

/// <summary>How many events, or how much, within a range, of those that pass a filter of their codes.</summary>
internal sealed class FilteredScan(EventColumns columns, long[]? sums, Func<int, bool> counts, TickRange range, NumberRange wanted) : Scan.OneByOne
{
    protected override ulong Word(int first, int end)
    {
        var bits = 0UL;
        for (var customer = first; customer < end; customer++)
        {
            var start = columns.Firsts[customer];
            var sum = 0L;
            for (var place = columns.Firsts[customer + 1] - 1; place >= start && columns.Ticks[place] > range.After; place--)
            {
                if (columns.Ticks[place] <= range.Until && counts(place))
                {
                    sum += sums is null ? 1 : sums[place] - (place > start ? sums[place - 1] : 0);
                }
            }

            bits |= wanted.From <= sum && sum <= wanted.To ? 1UL << (customer - first) : 0;
        }

        return bits;
    }
}

/// <summary>Whether a fact's value, where it has one of the asked kind that has not run out, is within one of some ranges.</summary>
internal sealed class FactScan(FactColumn column, byte? kind, NumberRange[] wanted, bool whenMissing, long now) : Scan.OneByOne
{
    protected override ulong Word(int first, int end)
    {
        var everybody = end - first == 64 ? ulong.MaxValue : (1UL << (end - first)) - 1;
        var kinds = column.Kinds.AsSpan(first, end - first);
        var there = kind is { } asked ? FactValues.Equal(kinds, asked) : everybody & ~FactValues.Equal(kinds, 0);
        if (column.Until is { } until)
        {
            there &= now == long.MaxValue ? 0 : until.Within(first, end, now + 1, long.MaxValue);
        }

        var passing = there;
        if (kind is not null)
        {
            passing = 0;
            foreach (var range in wanted)
            {
                passing |= column.Values.Within(first, end, range.From, range.To);
            }
        }

        return (there & passing) | (whenMissing ? everybody & ~there : 0);
    }
}

/// <summary>Whether a value passes a test that is no range of numbers, asked of the test itself: of values that are kept by number once, of the others one by one.</summary>
internal sealed class AskedScan(FactColumn column, Test test, bool whenMissing, Instant now) : Scan.OneByOne
{
    private readonly bool[] answers = [.. column.Known.Select(value => Evaluator.Passes(test, value, whenMissing, now).Value)];
    private readonly bool ofNothing = Evaluator.Passes(test, default, whenMissing, now).Value;
    private readonly long ticks = now.ToUnixTimeTicks();

    protected override ulong Word(int first, int end)
    {
        var bits = 0UL;
        for (var customer = first; customer < end; customer++)
        {
            bits |= Passes(customer) ? 1UL << (customer - first) : 0;
        }

        return bits;
    }

    private bool Passes(int customer)
    {
        var kind = (ScalarKind)column.Kinds[customer];
        if (kind == ScalarKind.Missing || column.Until?[customer] <= ticks)
        {
            return ofNothing;
        }

        return kind is ScalarKind.Code or ScalarKind.Codes || (kind == ScalarKind.Number && !column.IsExact)
            ? answers[column.Values[customer] - 1]
            : Evaluator.Passes(test, column.At(customer, ticks), whenMissing, now).Value;
    }
}
