using System.Globalization;
using System.Text.Json;
using Crm.Values;
using NodaTime;
using NodaTime.Text;

namespace Crm.Conditions;

/// <summary>Reads the structure of one condition. A part that cannot be read is reported and stands as a condition without meaning, so that all errors are found at once.</summary>
internal sealed class ConditionReader
{
    private static readonly Condition Unread = new Condition.All([]);
    private int parts;

    /// <summary>What was wrong.</summary>
    public List<ConditionError> Errors { get; } = [];

    /// <summary>Reads a condition.</summary>
    public Condition Read(JsonElement element) => Read(element, "$", 1);

    private Condition Read(JsonElement element, string path, int depth)
    {
        if (++parts > ConditionCheck.MostParts || depth > ConditionCheck.MostDepth)
        {
            if (depth > ConditionCheck.MostDepth || parts == ConditionCheck.MostParts + 1)
            {
                Errors.Add(new(path, depth > ConditionCheck.MostDepth
                    ? $"The condition is nested more than {ConditionCheck.MostDepth} deep; say it with fewer levels."
                    : $"The condition has more than {ConditionCheck.MostParts} parts, of which this is the first too many; lists of values are said with 'in'."));
            }

            return Unread;
        }

        if (ReadObject(element, path, $"an object with one of {Join(ConditionWords.Kinds)}") is not { } read)
        {
            return Unread;
        }

        var kinds = ConditionWords.Kinds.Where(read.Has).ToList();
        if (kinds.Count != 1)
        {
            Errors.Add(new(path, kinds.Count == 0
                ? $"Nothing says what this asks{read.NearestWord(ConditionWords.Kinds)}; exactly one of {Join(ConditionWords.Kinds)} is expected."
                : $"This asks {Join(kinds)} at once; exactly one is expected. Combine conditions with 'all' or 'any'."));
            return Unread;
        }

        Condition? condition = kinds[0] switch
        {
            ConditionWords.All => new Condition.All(ReadParts(read, ConditionWords.All, depth)),
            ConditionWords.Any => new Condition.Any(ReadParts(read, ConditionWords.Any, depth)),
            ConditionWords.Not => read.Take(ConditionWords.Not) is { } part ? new Condition.Not(Read(part, read.PathOf(ConditionWords.Not), depth + 1)) : Unread,
            ConditionWords.Field => ReadComparison(read, ConditionWords.Field, (name, test, missing) => new Condition.Field(name, test, missing)),
            ConditionWords.Fact => ReadComparison(read, ConditionWords.Fact, (name, test, missing) => new Condition.Fact(name, test, missing)),
            ConditionWords.Count => ReadMeasure(read, ConditionWords.Count, new Measure.Count(), depth),
            ConditionWords.Sum => ReadSum(read, depth),
            ConditionWords.Between => ReadBetween(read),
            ConditionWords.On => ReadDays(read),
            _ => ReadHours(read),
        };
        read.RefuseTheRest();
        return condition ?? Unread;
    }

    private Sequence<Condition> ReadParts(JsonObjectReader read, string word, int depth)
    {
        if (read.Take(word) is not { } list || !IsArray(list, read.PathOf(word), "conditions"))
        {
            return default;
        }

        var path = read.PathOf(word);
        return list.EnumerateArray().Select((part, i) => Read(part, At(path, i), depth + 1)).ToSequence();
    }

    private Condition? ReadComparison(JsonObjectReader read, string word, Func<string, Test, bool, Condition> make)
    {
        var name = read.Text(word, "a name");
        var test = ReadTest(read);
        var missing = test is Test.Known ? read.OptionalFlag(ConditionWords.WhenMissing) : read.Flag(ConditionWords.WhenMissing, "the answer where there is no value");
        return name is not null && test is not null && missing is { } answer ? make(name, test, answer) : null;
    }

    private Condition.EventWindow? ReadSum(JsonObjectReader read, int depth)
    {
        var what = read.Text(ConditionWords.Sum, "\"spend\" or \"quantity\"");
        switch (what)
        {
            case ConditionWords.Spend:
                var code = read.Text(ConditionWords.Currency, "a currency code of ISO 4217, such as \"HKD\",");
                Currency currency = default;
                if (code is not null && !Currency.TryOf(code, out currency))
                {
                    Errors.Add(new(read.PathOf(ConditionWords.Currency), $"{JsonObjectReader.Quote(code)} is no currency code of ISO 4217; three capital letters such as \"HKD\" are expected."));
                    code = null;
                }

                var sum = ReadMeasure(read, ConditionWords.Of, new Measure.SumOfSpend(currency), depth);
                return code is null ? null : sum;
            case ConditionWords.Quantity:
                return ReadMeasure(read, ConditionWords.Of, new Measure.SumOfQuantity(), depth);
            default:
                if (what is not null)
                {
                    Errors.Add(new(read.PathOf(ConditionWords.Sum), $"{JsonObjectReader.Quote(what)} cannot be summed; \"spend\" or \"quantity\" is expected."));
                }

                read.TakeAll();
                return null;
        }
    }

    private Condition.EventWindow? ReadMeasure(JsonObjectReader read, string kindWord, Measure measure, int depth)
    {
        var kind = read.Text(kindWord, "an event kind");
        var where = read.TakeOptional(ConditionWords.Where) is { } filter ? Read(filter, read.PathOf(ConditionWords.Where), depth + 1) : null;
        var window = ReadWindow(read);
        var test = ReadTest(read);
        return kind is not null && window is not null && test is not null ? new Condition.EventWindow(kind, measure, window, test) { Where = where } : null;
    }

    private Window? ReadWindow(JsonObjectReader read)
    {
        const string expected = "\"lifetime\" or {\"last\":\"P90D\"}";
        if (read.Take(ConditionWords.Window, expected) is not { } element)
        {
            return null;
        }

        var path = read.PathOf(ConditionWords.Window);
        if (element.ValueKind == JsonValueKind.String && JsonObjectReader.TextOf(element) is ConditionWords.Lifetime)
        {
            return new Window.Lifetime();
        }

        if (ReadObject(element, path, expected) is not { } inner)
        {
            return null;
        }

        var text = inner.Text(ConditionWords.Last, "a duration such as \"P90D\"");
        inner.RefuseTheRest();
        if (text is null)
        {
            return null;
        }

        if (WindowLength.Read(text) is { } length)
        {
            return new Window.Last(length);
        }

        Errors.Add(new(inner.PathOf(ConditionWords.Last), $"{JsonObjectReader.Quote(text)} is no length of a window: {WindowLength.Expected}."));
        return null;
    }

    private Test? ReadTest(JsonObjectReader outer)
    {
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
        return given is not { } value ? null : word switch
        {
            ConditionWords.OneOf => ReadValues(value, path) is { } values ? new Test.OneOf(values) : null,
            ConditionWords.Known => ReadKnown(value, path),
            _ => ReadValue(value, path) is not { } scalar ? null : word switch
            {
                ConditionWords.EqualTo => new Test.EqualTo(scalar),
                ConditionWords.MoreThan => new Test.MoreThan(scalar),
                ConditionWords.AtLeast => new Test.AtLeast(scalar),
                ConditionWords.LessThan => new Test.LessThan(scalar),
                _ => new Test.AtMost(scalar),
            },
        };
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

    private Sequence<Scalar>? ReadValues(JsonElement element, string path)
    {
        if (!IsArray(element, path, "values"))
        {
            return null;
        }

        var count = element.GetArrayLength();
        if (count > ConditionCheck.MostValues)
        {
            Errors.Add(new(path, $"The list has {count} values; 1 to {ConditionCheck.MostValues} are expected."));
            return null;
        }

        var values = element.EnumerateArray().Select((value, i) => ReadValue(value, At(path, i))).ToList();
        return values.Exists(value => value is null) ? null : values.OfType<Scalar>().ToSequence();
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

    private Condition.Moment? ReadBetween(JsonObjectReader outer)
    {
        if (outer.Take(ConditionWords.Between) is not { } element || ReadObject(element, outer.PathOf(ConditionWords.Between), "an object with \"from\", \"until\" or both") is not { } read)
        {
            return null;
        }

        var errorsBefore = Errors.Count;
        var from = read.Has(ConditionWords.From) ? read.Parsed(ConditionWords.From, InstantPattern.ExtendedIso, JsonObjectReader.AnInstant) : null;
        var until = read.Has(ConditionWords.Until) ? read.Parsed(ConditionWords.Until, InstantPattern.ExtendedIso, JsonObjectReader.AnInstant) : null;
        read.RefuseTheRest();
        return Errors.Count == errorsBefore ? new Condition.Moment(new Span.Between(from, until)) : null;
    }

    private Condition.Moment? ReadDays(JsonObjectReader outer)
    {
        var path = outer.PathOf(ConditionWords.On);
        if (outer.Take(ConditionWords.On) is not { } element || !IsArray(element, path, "days of the week"))
        {
            return null;
        }

        var days = element.EnumerateArray().Select((day, i) => ReadDay(day, At(path, i))).ToList();
        return days.Exists(day => day is null) ? null : new Condition.Moment(new Span.Weekdays(days.OfType<IsoDayOfWeek>().ToSequence()));
    }

    private IsoDayOfWeek? ReadDay(JsonElement element, string path)
    {
        var text = element.ValueKind == JsonValueKind.String ? JsonObjectReader.TextOf(element) : null;
        if (text is not null && ConditionWords.Days.Index().FirstOrDefault(day => string.Equals(day.Item, text, StringComparison.Ordinal)) is { Item: not null } found)
        {
            return (IsoDayOfWeek)(found.Index + 1);
        }

        var nearest = text is { Length: <= Names.Longest } && Names.Nearest(text, ConditionWords.Days) is { } close ? $" Did you mean \"{close}\"?" : "";
        Errors.Add(new(path, $"{JsonObjectReader.Describe(element)} is no day of the week; one of {Join(ConditionWords.Days)} is expected.{nearest}"));
        return null;
    }

    private Condition.Moment? ReadHours(JsonObjectReader outer)
    {
        if (outer.Take(ConditionWords.Hours) is not { } element || ReadObject(element, outer.PathOf(ConditionWords.Hours), "an object with \"from\" and \"until\"") is not { } read)
        {
            return null;
        }

        var from = read.Parsed(ConditionWords.From, JsonObjectReader.TimeOfDay, JsonObjectReader.ATimeOfDay);
        var until = read.Parsed(ConditionWords.Until, JsonObjectReader.TimeOfDay, JsonObjectReader.ATimeOfDay);
        read.RefuseTheRest();
        return from is { } start && until is { } end ? new Condition.Moment(new Span.Hours(start, end)) : null;
    }

    private JsonObjectReader? ReadObject(JsonElement element, string path, string expected)
    {
        if (element.ValueKind == JsonValueKind.Object)
        {
            return new JsonObjectReader(element, path, Errors);
        }

        Errors.Add(new(path, $"{JsonObjectReader.Describe(element)} was found; {expected} is expected."));
        return null;
    }

    private bool IsArray(JsonElement element, string path, string of)
    {
        if (element.ValueKind == JsonValueKind.Array)
        {
            return true;
        }

        Errors.Add(new(path, $"{JsonObjectReader.Describe(element)} was found; a list of {of} is expected."));
        return false;
    }

    private static string At(string path, int index) => string.Create(CultureInfo.InvariantCulture, $"{path}[{index}]");

    private static string Join(IEnumerable<string> words) => string.Join(", ", words.Select(word => $"\"{word}\""));
}
