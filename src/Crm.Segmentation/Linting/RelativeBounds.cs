using Crm.Conditions;
using NodaTime;

namespace Crm.Segmentation.Linting;

/// <summary>Tests that compare with a time that moves with now: whether two of them can have their answers for one value.</summary>
internal static class RelativeBounds
{
    // Of a month.
    private const int LeastDays = 28;
    private const int MostDays = 31;

    /// <summary>Whether some value, or none, gives both tests their answers; "no" is proven.</summary>
    /// <param name="one">A test with what it answers where there is no value.</param>
    /// <param name="other">Another of the same value.</param>
    public static bool GoTogether((Test.Relative Test, bool WhenMissing, bool Answer) one, (Test.Relative Test, bool WhenMissing, bool Answer) other)
    {
        if (one.WhenMissing == one.Answer && other.WhenMissing == other.Answer)
        {
            return true;
        }

        return Bounds(one.Test, one.Answer).All(first => Bounds(other.Test, other.Answer).All(second => HaveRoom(first, second)));
    }

    /// <summary>Which of two times is the later at every moment: 1 the first, -1 the second, 0 neither; null where that depends on the moment, or cannot be said.</summary>
    public static int? Compare(RelativeTime one, RelativeTime other) => (one, other) switch
    {
        (RelativeTime.Now first, RelativeTime.Now second) => first.Shift.CompareTo(second.Shift),
        (RelativeTime.Today first, RelativeTime.Today second) when first.Zone == second.Zone => Compare(first.Shift, second.Shift),
        _ => null,
    };

    private static int? Compare(Period one, Period other)
    {
        var months = (12L * (one.Years - other.Years)) + one.Months - other.Months;
        var days = (7L * (one.Weeks - other.Weeks)) + one.Days - other.Days;
        var (least, most) = months >= 0 ? ((LeastDays * months) + days, (MostDays * months) + days) : ((MostDays * months) + days, (LeastDays * months) + days);
        return (least, most) switch { ( > 0, _) => 1, (_, < 0) => -1, (0, 0) => 0, _ => null };
    }

    private static bool HaveRoom((bool IsUpper, bool IsIncluded, RelativeTime To) first, (bool IsUpper, bool IsIncluded, RelativeTime To) second)
    {
        if (first.IsUpper == second.IsUpper || Compare(first.To, second.To) is not { } order)
        {
            return true;
        }

        var room = first.IsUpper ? order : -order;
        return room > 0 || (room == 0 && first.IsIncluded && second.IsIncluded);
    }

    private static (bool IsUpper, bool IsIncluded, RelativeTime To)[] Bounds(Test.Relative test, bool answer) => (test.Comparison, answer) switch
    {
        (Comparison.LessThan, true) or (Comparison.AtLeast, false) => [(true, false, test.To)],
        (Comparison.AtMost, true) or (Comparison.MoreThan, false) => [(true, true, test.To)],
        (Comparison.MoreThan, true) or (Comparison.AtMost, false) => [(false, false, test.To)],
        (Comparison.AtLeast, true) or (Comparison.LessThan, false) => [(false, true, test.To)],
        (Comparison.EqualTo, true) => [(true, true, test.To), (false, true, test.To)],
        _ => [],
    };
}
