using Crm.Values;

namespace Crm.Conditions;

/// <summary>What tests mean.</summary>
internal static class TestMeaning
{
    /// <summary>Whether a value passes; one that is missing, or of another kind than the test's, gets the stated answer.</summary>
    public static bool Holds(this Test test, Scalar value, bool whenMissing) => test switch
    {
        Test.EqualTo equal => value.CompareWith(equal.Value) is { } order ? order == 0 : whenMissing,
        Test.MoreThan more => value.CompareWith(more.Value) is { } order ? order > 0 : whenMissing,
        Test.AtLeast least => value.CompareWith(least.Value) is { } order ? order >= 0 : whenMissing,
        Test.LessThan less => value.CompareWith(less.Value) is { } order ? order < 0 : whenMissing,
        Test.AtMost most => value.CompareWith(most.Value) is { } order ? order <= 0 : whenMissing,
        Test.OneOf oneOf => OneOf(oneOf.Values, value, whenMissing),
        Test.Known => !value.IsMissing || whenMissing,
        _ => throw Unknown(test),
    };

    /// <summary>For a test that asks for more or less, the value at which its answer turns, and whether that value itself lies with the larger ones; null for every other test.</summary>
    public static (Scalar Value, bool Included)? Threshold(this Test test) => test switch
    {
        Test.AtLeast least => (least.Value, true),
        Test.LessThan less => (less.Value, true),
        Test.MoreThan more => (more.Value, false),
        Test.AtMost most => (most.Value, false),
        _ => null,
    };

    private static bool OneOf(Sequence<Scalar> values, Scalar value, bool whenMissing)
    {
        var comparable = false;
        foreach (ref readonly var candidate in values.AsSpan())
        {
            if (value.CompareWith(candidate) is { } order)
            {
                if (order == 0)
                {
                    return true;
                }

                comparable = true;
            }
        }

        return !comparable && whenMissing;
    }

    private static InvalidOperationException Unknown(Test test) => new($"The evaluator has no meaning for the test {test.GetType().Name}.");
}
