using Crm.Values;
using NodaTime;

namespace Crm.Conditions;

/// <summary>What tests mean.</summary>
internal static class TestMeaning
{
    /// <summary>Whether the answer of a test of one value changes as time passes.</summary>
    public static bool IsTimed(this Test test) => test is Test.Relative or Test.Anniversary;

    /// <summary>Whether a value passes at an instant, and the first instant at which that changes for the same value.</summary>
    public static Truth At(this Test test, Scalar value, bool whenMissing, Instant now)
    {
        if (!test.IsTimed())
        {
            return new Truth(test.Holds(value, whenMissing), null);
        }

        return TimedTests.At(test, value, now) ?? new Truth(whenMissing, null);
    }

    /// <summary>Whether a value passes a test that time does not change; one that is missing, or of another kind than the test's, gets the stated answer.</summary>
    public static bool Holds(this Test test, Scalar value, bool whenMissing) => test switch
    {
        Test.EqualTo equal => value.CompareWith(equal.Value) is { } order ? order == 0 : whenMissing,
        Test.MoreThan more => value.CompareWith(more.Value) is { } order ? order > 0 : whenMissing,
        Test.AtLeast least => value.CompareWith(least.Value) is { } order ? order >= 0 : whenMissing,
        Test.LessThan less => value.CompareWith(less.Value) is { } order ? order < 0 : whenMissing,
        Test.AtMost most => value.CompareWith(most.Value) is { } order ? order <= 0 : whenMissing,
        Test.Between between => value.CompareWith(between.From) is { } from && value.CompareWith(between.To) is { } to ? from >= 0 && to <= 0 : whenMissing,
        Test.OneOf oneOf => OneOf(oneOf.Values, value, whenMissing),
        Test.AnyOf any => HasCodes(value) ? Shared(any.Codes, value) > 0 : whenMissing,
        Test.AllOf all => HasCodes(value) ? Shared(all.Codes, value) == all.Codes.Count : whenMissing,
        Test.Contains contains => value.AsCode is { } code ? code.Contains(contains.Text, StringComparison.Ordinal) : whenMissing,
        Test.StartsWith starts => value.AsCode is { } code ? code.StartsWith(starts.Text, StringComparison.Ordinal) : whenMissing,
        Test.EndsWith ends => value.AsCode is { } code ? code.EndsWith(ends.Text, StringComparison.Ordinal) : whenMissing,
        Test.Matches matches => value.AsCode is { } code ? TextPattern.IsIn(matches, code) : whenMissing,
        Test.Known => !value.IsMissing || whenMissing,
        Test.Relative or Test.Anniversary => throw new InvalidOperationException($"The test {test.GetType().Name} changes as time passes, and was asked without an instant."),
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

    private static bool HasCodes(Scalar value) => value.Kind is ScalarKind.Code or ScalarKind.Codes;

    private static int Shared(Sequence<string> asked, Scalar value)
    {
        var codes = value.AsCodes;
        var shared = 0;
        foreach (var code in asked)
        {
            shared += codes.AsSpan().Contains(code) ? 1 : 0;
        }

        return shared;
    }

    private static InvalidOperationException Unknown(Test test) => new($"The evaluator has no meaning for the test {test.GetType().Name}.");
}
