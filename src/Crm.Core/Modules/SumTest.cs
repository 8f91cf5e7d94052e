using Crm.Conditions;
using Crm.Values;

namespace Crm.Modules;

/// <summary>A test of a sum for more or less, made ready to be asked of whole numbers: sums are never below 0, so each such test is "at least", or the opposite of one.</summary>
/// <param name="Threshold">The least sum, in steps of the series, that is at least as much as is asked for; 0 or less: every sum is.</param>
/// <param name="IsNegated">Whether less is asked for.</param>
internal readonly record struct SumTest(long Threshold, bool IsNegated)
{
    /// <summary>The test of a sum that is kept in steps, so many to one; null for tests that ask neither for more nor for less of a number.</summary>
    public static SumTest? Of(Test test, long steps)
    {
        if (test.Threshold() is not ({ Kind: ScalarKind.Number } value, var included))
        {
            return null;
        }

        var most = long.MaxValue / steps;
        var asked = Math.Clamp(value.AsNumber, -1, most) * steps;
        var least = value.AsNumber > most ? long.MaxValue : (long)(included ? decimal.Ceiling(asked) : decimal.Floor(asked) + 1);
        return new SumTest(least, test is Test.LessThan or Test.AtMost);
    }

    public bool Holds(long sum) => sum >= Threshold != IsNegated;
}
