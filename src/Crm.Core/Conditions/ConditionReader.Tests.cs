using System.Text.Json;
using Crm.Events;
using Crm.Values;
using NodaTime;
using NodaTime.Text;

namespace Crm.Conditions;

/// <content>Tests and the values they compare with.</content>
internal sealed partial class ConditionReader
{
    private const string UnreadField = EventFields.Scope;

    private Condition ReadComparison(JsonObjectReader read, string word, Func<string, Test, bool, Condition> make)
    {
        var name = read.Text(word, "a name") ?? Instead(read.PathOf(word), UnreadField);
        var test = ReadTest(read, out var isNoneOf);
        var missing = test is Test.Known ? read.OptionalFlag(ConditionWords.WhenMissing) : read.Flag(ConditionWords.WhenMissing, "the answer where there is no value");
        if (test is null)
        {
            return make(name, new Test.Known(), false);
        }

        if (!isNoneOf)
        {
            return make(name, test, missing ?? false);
        }

        negated.Add(read.Path);
        return new Condition.Not(make(name, test, missing is false));
    }

    private Test? ReadTest(JsonObjectReader outer)
    {
        var test = ReadTest(outer, out var negated);
        if (!negated)
        {
            return test;
        }

        Errors.Add(new(outer.PathOf(ConditionWords.Is) + "." + ConditionWords.NoneOf, "Only fields and facts are tested with 'noneOf'; say it with 'not' of 'anyOf'."));
        return null;
    }

    /// <summary>Reads a test; 'noneOf' is 'anyOf', negated.</summary>
    private Test? ReadTest(JsonObjectReader outer, out bool negated)
    {
        negated = false;
        var expected = $"an object with one of {Join(ConditionWords.Tests)}";
        if (outer.Take(ConditionWords.Is, expected) is not { } element || ReadObject(element, outer.PathOf(ConditionWords.Is), expected) is not { } read)
        {
            return null;
        }

        var words = ConditionWords.Tests.Where(read.Has).ToList();
        if (words.Count != 1)
        {
            Errors.Add(new(read.Path, words.Count == 0
                ? $"There is no test{read.NearestWord(ConditionWords.Tests)}; exactly one of {Join(ConditionWords.Tests)} is expected."
                : $"There are several tests, {Join(words)}; exactly one is expected. Combine comparisons with 'all' or 'any'."));
            return null;
        }

        var word = words[0];
        var path = read.PathOf(word);
        var given = read.Take(word);
        read.RefuseTheRest();
        negated = word == ConditionWords.NoneOf;
        return given is not { } value ? null : word switch
        {
            ConditionWords.OneOf => ReadValues(value, path) is { } values ? new Test.OneOf(values) : null,
            ConditionWords.AnyOf or ConditionWords.NoneOf => ReadCodes(value, path) is { } codes ? new Test.AnyOf(codes) : null,
            ConditionWords.AllOf => ReadCodes(value, path) is { } codes ? new Test.AllOf(codes) : null,
            ConditionWords.Contains => ReadText(value, path) is { } text ? new Test.Contains(text) : null,
            ConditionWords.StartsWith => ReadText(value, path) is { } text ? new Test.StartsWith(text) : null,
            ConditionWords.EndsWith => ReadText(value, path) is { } text ? new Test.EndsWith(text) : null,
            ConditionWords.Matches => ReadText(value, path) is { } text ? new Test.Matches(text) : null,
            ConditionWords.Between => ReadEnds(value, path),
            ConditionWords.Anniversary => ReadAnniversary(value, path),
            ConditionWords.Known => ReadKnown(value, path),
            _ => ReadOperand(value, path, word),
        };
    }

    private Test? ReadOperand(JsonElement value, string path, string word)
    {
        if (value.ValueKind == JsonValueKind.Object && new JsonObjectReader(value, path, []) is var given && (given.Has(ConditionWords.Today) || given.Has(ConditionWords.Now)))
        {
            return new Test.Relative((Comparison)Array.IndexOf([.. ConditionWords.Comparisons], word), ReadRelative(new JsonObjectReader(value, path, Errors)));
        }

        return ReadValue(value, path) is not { } scalar ? null : word switch
        {
            ConditionWords.EqualTo => new Test.EqualTo(scalar),
            ConditionWords.MoreThan => new Test.MoreThan(scalar),
            ConditionWords.AtLeast => new Test.AtLeast(scalar),
            ConditionWords.LessThan => new Test.LessThan(scalar),
            _ => new Test.AtMost(scalar),
        };
    }

    private RelativeTime ReadRelative(JsonObjectReader read)
    {
        RelativeTime to;
        var word = read.Has(ConditionWords.Today) ? ConditionWords.Today : ConditionWords.Now;
        var text = read.Text(word, "how far away");
        if (word == ConditionWords.Today)
        {
            var shift = text is null ? null : RelativePeriod.Read(text);
            to = new RelativeTime.Today(shift ?? Period.Zero, ReadZone(read));
            AddUnless(shift is not null, read.PathOf(word), text, RelativePeriod.Expected);
        }
        else
        {
            var isPast = text is ['-', ..];
            var length = text is null ? null : WindowLength.Read(isPast ? text[1..] : text);
            to = new RelativeTime.Now(length is not { } away ? Duration.Zero : isPast ? -away : away);
            AddUnless(length is not null, read.PathOf(word), text, WindowLength.Expected.Replace("\"P90D\"", "\"-P90D\"", StringComparison.Ordinal));
        }

        read.RefuseTheRest();
        return to;
    }

    private void AddUnless(bool isRight, string path, string? text, string expected)
    {
        if (!isRight && text is not null)
        {
            Errors.Add(new(path, $"{JsonObjectReader.Quote(text)} was found; {expected}."));
        }
    }

    private Test.Anniversary? ReadAnniversary(JsonElement element, string path)
    {
        if (ReadObject(element, path, "an object with \"leapDay\" and \"zone\"") is not { } read)
        {
            return null;
        }

        var before = read.Whole(ConditionWords.Before, "how many days before, a whole number,", 0);
        var after = read.Whole(ConditionWords.After, "how many days after, a whole number,", 0);
        var leapDay = ReadLeapDay(read);
        var zone = ReadZone(read);
        read.RefuseTheRest();
        return new Test.Anniversary(before ?? 0, after ?? 0, leapDay ?? default, zone);
    }

    private Test.Between? ReadEnds(JsonElement element, string path)
    {
        if (!IsArray(element, path, "two values, the least and the greatest") || ReadValues(element, path) is not { } values)
        {
            return null;
        }

        if (values.Count == 2)
        {
            return new Test.Between(values[0], values[1]);
        }

        Errors.Add(new(path, $"The list has {values.Count} values; two, the least and the greatest, are expected."));
        return null;
    }

    private Test.Known? ReadKnown(JsonElement element, string path)
    {
        if (element.ValueKind == JsonValueKind.True)
        {
            return new Test.Known();
        }

        Errors.Add(new(path, $"{JsonObjectReader.Describe(element)} was found; true is expected. That a value is not known is said with 'not'."));
        return null;
    }

    private string? ReadText(JsonElement element, string path)
    {
        if (element.ValueKind == JsonValueKind.String && JsonObjectReader.TextOf(element) is { } text)
        {
            return text;
        }

        Errors.Add(new(path, $"{JsonObjectReader.Describe(element)} was found; a text is expected."));
        return null;
    }

    private Sequence<string>? ReadCodes(JsonElement element, string path)
    {
        if (!IsList(element, path, "codes"))
        {
            return null;
        }

        return element.EnumerateArray().Select((code, i) => ReadText(code, At(path, i)) ?? "unread").ToSequence();
    }

    private Sequence<Scalar>? ReadValues(JsonElement element, string path)
    {
        if (!IsList(element, path, "values"))
        {
            return null;
        }

        var values = element.EnumerateArray().Select((value, i) => ReadValue(value, At(path, i))).ToList();
        return values.Count > 0 && values[0] is null ? null : values.Select((value, i) => value ?? Instead(At(path, i), values[0] ?? default)).ToSequence();
    }

    private bool IsList(JsonElement element, string path, string of)
    {
        if (!IsArray(element, path, of))
        {
            return false;
        }

        var count = element.GetArrayLength();
        if (count <= ConditionCheck.MostValues)
        {
            return true;
        }

        Errors.Add(new(path, $"The list has {count} values; 1 to {ConditionCheck.MostValues} are expected."));
        return false;
    }

    private Scalar? ReadValue(JsonElement element, string path)
    {
        const string expected = "a text, a number, true, false, {\"date\":\"2026-11-21\"} or {\"instant\":\"2026-11-21T08:00:00Z\"}";
        switch (element.ValueKind)
        {
            case JsonValueKind.True or JsonValueKind.False:
                return element.GetBoolean();
            case JsonValueKind.String when JsonObjectReader.TextOf(element) is { } text:
                return text;
            case JsonValueKind.Number:
                if (JsonObjectReader.ExactNumber(element) is { } number)
                {
                    return number;
                }

                Errors.Add(new(path, $"{JsonObjectReader.Describe(element)} is not kept exactly; a number of at most 28 digits is expected."));
                return null;
            case JsonValueKind.Object:
                return ReadTyped(element, path, expected);
            default:
                Errors.Add(new(path, $"{JsonObjectReader.Describe(element)} was found; {expected} is expected."));
                return null;
        }
    }

    private Scalar? ReadTyped(JsonElement element, string path, string expected)
    {
        if (ReadObject(element, path, expected) is not { } read)
        {
            return null;
        }

        Scalar? value = null;
        if (read.Has(ConditionWords.Date))
        {
            value = read.Parsed(ConditionWords.Date, LocalDatePattern.Iso, "a date such as \"2026-11-21\"") is { } date ? (Scalar?)Scalar.Of(date) : null;
        }
        else if (read.Has(ConditionWords.Instant))
        {
            value = read.Parsed(ConditionWords.Instant, InstantPattern.ExtendedIso, JsonObjectReader.AnInstant) is { } instant ? (Scalar?)Scalar.Of(instant) : null;
        }
        else
        {
            Errors.Add(new(path, $"The object is no value; {expected} is expected."));
            read.TakeAll();
        }

        read.RefuseTheRest();
        return value;
    }
}
