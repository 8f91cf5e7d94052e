using Crm.Values;

namespace Crm.Conditions;

/// <summary>Finds what is wrong with the test of a leaf.</summary>
/// <param name="errors">Where errors go.</param>
/// <param name="path">The path of the leaf.</param>
internal readonly struct TestCheck(List<ConditionError> errors, string path)
{
    /// <summary>Checks a test.</summary>
    /// <param name="test">The test.</param>
    /// <param name="whenMissing">The stated answer where there is no value.</param>
    /// <param name="subject">What is tested, for messages.</param>
    /// <param name="kind">The kind of its values; null when it is not known.</param>
    public void Check(Test test, bool whenMissing, string subject, ScalarKind? kind)
    {
        switch (test)
        {
            case Test.EqualTo equal:
                Value(equal.Value, ".is.eq", subject, kind);
                break;
            case Test.MoreThan more:
                Ordered(more.Value, ".is.gt", subject, kind);
                break;
            case Test.AtLeast least:
                Ordered(least.Value, ".is.gte", subject, kind);
                break;
            case Test.LessThan less:
                Ordered(less.Value, ".is.lt", subject, kind);
                break;
            case Test.AtMost most:
                Ordered(most.Value, ".is.lte", subject, kind);
                break;
            case Test.OneOf oneOf:
                OneOf(oneOf.Values, subject, kind);
                break;
            case Test.Known when whenMissing:
                errors.Add(new(path + ".whenMissing", "A test for a known value that also holds when it is missing always holds; leave 'whenMissing' out."));
                break;
        }
    }

    private void OneOf(Sequence<Scalar> values, string subject, ScalarKind? kind)
    {
        if (values.Count is 0 or > ConditionCheck.MostValues)
        {
            errors.Add(new(path + ".is.in", $"The list has {values.Count} values; 1 to {ConditionCheck.MostValues} are expected."));
            return;
        }

        for (var i = 0; i < values.Count; i++)
        {
            var place = string.Create(System.Globalization.CultureInfo.InvariantCulture, $".is.in[{i}]");
            if (values[i].Kind != values[0].Kind)
            {
                errors.Add(new(path + place, $"The list begins with {Describe(values[0].Kind)} and has {Describe(values[i].Kind)} here; values of one kind are expected."));
                return;
            }

            if (!Value(values[i], place, subject, kind))
            {
                return;
            }
        }
    }

    private void Ordered(Scalar value, string place, string subject, ScalarKind? kind)
    {
        if (Value(value, place, subject, kind) && value.Kind is ScalarKind.Code or ScalarKind.Flag)
        {
            errors.Add(new(path + place, $"{Describe(value.Kind, capital: true)} has no order; a number, date or instant is expected, or a test with 'eq' or 'in'."));
        }
    }

    private bool Value(Scalar value, string place, string subject, ScalarKind? kind)
    {
        if (value.IsMissing)
        {
            errors.Add(new(path + place, "There is no value to compare with; the absence of a value is asked with 'not' of 'known'."));
            return false;
        }

        if (kind is { } expected && value.Kind != expected)
        {
            errors.Add(new(path + place, $"{subject} is {Describe(expected)} and is compared with {Describe(value.Kind)}; {Describe(expected)} is expected."));
            return false;
        }

        return true;
    }

    private static string Describe(ScalarKind kind, bool capital = false) => kind switch
    {
        ScalarKind.Flag => capital ? "A flag" : "a flag",
        ScalarKind.Number => "a number",
        ScalarKind.Code => capital ? "A code" : "a code",
        ScalarKind.Date => "a date",
        ScalarKind.Instant => "an instant",
        _ => "no value",
    };
}
