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
            case Test.Between between:
                Ordered(between.From, ".is.between[0]", subject, kind);
                Ordered(between.To, ".is.between[1]", subject, kind ?? between.From.Kind);
                if (between.From.CompareWith(between.To) > 0)
                {
                    errors.Add(new(path + ".is.between", $"{between.From} comes after {between.To}, so no value is between them; the least value is expected first."));
                }

                break;
            case Test.AnyOf any:
                Codes(any.Codes, ".is.anyOf", subject, kind);
                break;
            case Test.AllOf all:
                Codes(all.Codes, ".is.allOf", subject, kind);
                break;
            case Test.Contains contains:
                OfText(contains.Text, ".is.contains", subject, kind);
                break;
            case Test.StartsWith starts:
                OfText(starts.Text, ".is.startsWith", subject, kind);
                break;
            case Test.EndsWith ends:
                OfText(ends.Text, ".is.endsWith", subject, kind);
                break;
            case Test.Matches matches:
                Whole(matches.Pattern, ".is.matches");
                if (TextPattern.WrongWith(matches.Pattern) is { } wrong)
                {
                    errors.Add(new(path + ".is.matches", wrong));
                }

                OfKind(".is.matches", "a code", subject, kind, ScalarKind.Code);
                break;
            case Test.Relative relative:
                Relative(relative, subject, kind);
                break;
            case Test.Anniversary anniversary:
                Anniversary(anniversary, subject, kind);
                break;
            case Test.Known when whenMissing:
                errors.Add(new(path + ".whenMissing", "A test for a known value that also holds when it is missing always holds; leave 'whenMissing' out."));
                break;
        }
    }

    private void Codes(Sequence<string> codes, string place, string subject, ScalarKind? kind)
    {
        if (codes.Count is 0 or > ConditionCheck.MostValues)
        {
            errors.Add(new(path + place, $"The list has {codes.Count} codes; 1 to {ConditionCheck.MostValues} are expected."));
        }

        if (codes.FirstOrDefault(code => !Scalar.CanBeOneOfSeveral(code)) is { } wrong)
        {
            errors.Add(new(path + place, $"'{wrong}' is none of several codes: these are not empty and contain no comma."));
        }

        foreach (var code in codes)
        {
            Whole(code, place);
        }

        OfKind(place, "codes", subject, kind, ScalarKind.Code, ScalarKind.Codes);
    }

    private void OfText(string text, string place, string subject, ScalarKind? kind)
    {
        if (text.Length is 0 or > 1_000)
        {
            errors.Add(new(path + place, $"The text has {text.Length} characters; 1 to 1000 are expected."));
        }

        Whole(text, place);
        OfKind(place, "a code", subject, kind, ScalarKind.Code);
    }

    private void Whole(string text, string place)
    {
        if (StorableText.FaultOf(text) is { } fault)
        {
            errors.Add(new(path + place, $"The text has {fault}; whole characters other than U+0000 are expected, because no event has others."));
        }
    }

    private void Relative(Test.Relative relative, string subject, ScalarKind? kind)
    {
        if (!Enum.IsDefined(relative.Comparison))
        {
            errors.Add(new(path + ".is", $"There is no comparison {relative.Comparison}."));
            return;
        }

        var place = ".is." + ConditionWords.Comparisons[(int)relative.Comparison];
        if (relative.To is RelativeTime.Today today)
        {
            Zone(today.Zone, place);
            if (!RelativePeriod.IsRight(today.Shift))
            {
                errors.Add(new(path + place + ".today", $"{today.Shift} is not how far a day is away; {RelativePeriod.Expected}, at most 200 years."));
            }

            OfKind(place, "a date", subject, kind, ScalarKind.Date);
        }
        else if (relative.To is RelativeTime.Now now)
        {
            var length = now.Shift < NodaTime.Duration.Zero ? -now.Shift : now.Shift;
            if (length > 20 * ConditionCheck.LongestWindow || NodaTime.Duration.FromTicks(length.BclCompatibleTicks) != length)
            {
                errors.Add(new(path + place + ".now", $"{WindowLength.Write(now.Shift)} is not how far an instant is away; whole ticks (100 ns) and at most 200 years are expected."));
            }

            OfKind(place, "an instant", subject, kind, ScalarKind.Instant);
        }
    }

    private void Anniversary(Test.Anniversary anniversary, string subject, ScalarKind? kind)
    {
        const string place = ".is.anniversary";
        Zone(anniversary.Zone, place);
        if (anniversary.DaysBefore is < 0 or > 180 || anniversary.DaysAfter is < 0 or > 180)
        {
            errors.Add(new(path + place, $"The span is from {anniversary.DaysBefore} days before until {anniversary.DaysAfter} days after; 0 to 180 days each are expected."));
        }

        if (!Enum.IsDefined(anniversary.LeapDay))
        {
            errors.Add(new(path + place + ".leapDay", $"There is no policy {anniversary.LeapDay} for 29 February."));
        }

        OfKind(place, "a date", subject, kind, ScalarKind.Date);
    }

    private void Zone(CalendarZone zone, string place) => ZoneCheck.Check(zone, path + place + ".zone", errors);

    private void OfKind(string place, string what, string subject, ScalarKind? kind, params ReadOnlySpan<ScalarKind> right)
    {
        if (kind is { } given && !right.Contains(given))
        {
            errors.Add(new(path + place, $"{subject} is {Describe(given)}, and this test asks about {what}."));
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

        // What people wrote would be stored, and compared by its hash, as a test of no value.
        if (value.Kind == ScalarKind.Codes || kind == ScalarKind.Codes)
        {
            errors.Add(new(path + place, "A list of codes is not compared as a whole; a test with 'anyOf' or 'allOf' is expected."));
            return false;
        }

        if (kind is { } expected && value.Kind != expected)
        {
            errors.Add(new(path + place, $"{subject} is {Describe(expected)} and is compared with {Describe(value.Kind)}; {Describe(expected)} is expected."));
            return false;
        }

        foreach (var code in value.AsCodes)
        {
            Whole(code, place);
        }

        return true;
    }

    private static string Describe(ScalarKind kind, bool capital = false) => kind switch
    {
        ScalarKind.Flag => capital ? "A flag" : "a flag",
        ScalarKind.Number => "a number",
        ScalarKind.Code => capital ? "A code" : "a code",
        ScalarKind.Codes => "a list of codes",
        ScalarKind.Date => "a date",
        ScalarKind.Instant => "an instant",
        _ => "no value",
    };
}
