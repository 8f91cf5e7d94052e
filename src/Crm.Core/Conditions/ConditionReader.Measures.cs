using System.Text.Json;
using Crm.Events;
using Crm.Values;
using NodaTime;
using NodaTime.Text;

namespace Crm.Conditions;

/// <content>Measures over events, and the windows they look at.</content>
internal sealed partial class ConditionReader
{
    private Condition.EventWindow? ReadAggregate(JsonObjectReader read, string word, int depth)
    {
        const string expected = "\"spend\", \"quantity\", \"at\", \"day\" or a field such as \"event.table\" or \"line.sku\"";
        var how = (Aggregation)Array.IndexOf([.. ConditionWords.Aggregations], word);
        Measured? value = null;
        switch (read.Text(word, expected))
        {
            case ConditionWords.Spend:
                value = ReadCurrency(read) is { } currency ? new Measured.Spend(currency) : null;
                break;
            case ConditionWords.Quantity:
                value = new Measured.Quantity();
                break;
            case ConditionWords.At:
                value = new Measured.At();
                break;
            case ConditionWords.Day:
                value = ReadZone(read) is { } zone ? new Measured.Day(zone) : null;
                break;
            case { } name when name.StartsWith(EventFields.Scope, StringComparison.Ordinal) || name.StartsWith(EventFields.LineScope, StringComparison.Ordinal):
                value = new Measured.Named(name);
                break;
            case { } other:
                Errors.Add(new(read.PathOf(word), $"{JsonObjectReader.Quote(other)} cannot be measured; {expected} is expected."));
                read.TakeAll();
                return null;
            default:
                read.TakeAll();
                return null;
        }

        Measure measure = (how, value) switch
        {
            (Aggregation.Sum, Measured.Spend spend) => new Measure.SumOfSpend(spend.Currency),
            (Aggregation.Sum, Measured.Quantity) => new Measure.SumOfQuantity(),
            _ => new Measure.Aggregate(how, value ?? new Measured.At()),
        };
        var leaf = ReadMeasure(read, ConditionWords.Of, measure, depth);
        return value is null ? null : leaf;
    }

    private Currency? ReadCurrency(JsonObjectReader read)
    {
        var code = read.Text(ConditionWords.Currency, "a currency code of ISO 4217, such as \"HKD\",");
        if (code is null || Currency.TryOf(code, out var currency))
        {
            return code is null ? null : Currency.Of(code);
        }

        Errors.Add(new(read.PathOf(ConditionWords.Currency), $"{JsonObjectReader.Quote(code)} is no currency code of ISO 4217; three capital letters such as \"HKD\" are expected."));
        return null;
    }

    private CalendarZone? ReadZone(JsonObjectReader read)
    {
        const string expected = "a time zone such as \"Asia/Hong_Kong\", \"business\" or {\"field\":\"customer.zone\",\"otherwise\":\"Asia/Hong_Kong\"}";
        if (read.Take(ConditionWords.Zone, expected) is not { } element)
        {
            return null;
        }

        if (element.ValueKind == JsonValueKind.String && JsonObjectReader.TextOf(element) is { } text)
        {
            return text == ConditionWords.Business ? new CalendarZone.Business() : new CalendarZone.Named(text);
        }

        if (ReadObject(element, read.PathOf(ConditionWords.Zone), expected) is not { } inner)
        {
            return null;
        }

        var field = inner.Text(ConditionWords.Field, "the field of the profile that names the zone, such as \"customer.zone\",");
        var otherwise = inner.Text(ConditionWords.Otherwise, "the zone where the field names none, such as \"Asia/Hong_Kong\",");
        inner.RefuseTheRest();
        return field is not null && otherwise is not null ? new CalendarZone.Customer(field, otherwise) : null;
    }

    private Condition.EventWindow? ReadPeriods(JsonObjectReader read, int depth)
    {
        var times = read.Whole(ConditionWords.Times, "how many events make a part of the window active, a whole number,", null);
        var outOf = read.Whole(ConditionWords.OutOf, "how many parts the window has, a whole number,", null);
        var leaf = ReadMeasure(read, ConditionWords.Periods, new Measure.Periods(times ?? 1, outOf ?? 1), depth);
        return times is null || outOf is null ? null : leaf;
    }

    private Condition.EventWindow? ReadSequence(JsonObjectReader read, int depth)
    {
        var path = read.PathOf(ConditionWords.Then);
        Step?[]? steps = null;
        if (read.Take(ConditionWords.Then, "a list of steps") is { } list && IsArray(list, path, "steps"))
        {
            steps = [.. list.EnumerateArray().Select((step, i) => ReadStep(step, At(path, i), depth + 1))];
        }

        Lack? lacking = null;
        var isWrong = steps is null || Array.Exists(steps, step => step is null);
        if (read.TakeOptional(ConditionWords.Lacking) is { } lack)
        {
            lacking = ReadLack(lack, read.PathOf(ConditionWords.Lacking), depth + 1);
            isWrong |= lacking is null;
        }

        var leaf = ReadMeasure(read, ConditionWords.Sequence, new Measure.Sequence((steps ?? []).OfType<Step>().ToSequence()) { Lacking = lacking }, depth);
        return isWrong ? null : leaf;
    }

    private Step? ReadStep(JsonElement element, string path, int depth)
    {
        if (ReadObject(element, path, "an object with \"of\"") is not { } read)
        {
            return null;
        }

        var before = Errors.Count;
        var of = ReadPattern(read, depth);
        var after = read.Has(ConditionWords.After) ? ReadLength(read, ConditionWords.After) : Duration.Zero;
        var within = read.Has(ConditionWords.Within) ? ReadLength(read, ConditionWords.Within) : null;
        var without = read.TakeOptional(ConditionWords.Without) is { } other && ReadObject(other, read.PathOf(ConditionWords.Without), "an object with \"of\"") is { } inner ? ReadWholePattern(inner, depth) : null;
        read.RefuseTheRest();
        return of is null || Errors.Count > before ? null : new Step(of) { After = after ?? Duration.Zero, Within = within, Without = without };
    }

    private Lack? ReadLack(JsonElement element, string path, int depth)
    {
        if (ReadObject(element, path, "an object with \"of\" and \"for\"") is not { } read)
        {
            return null;
        }

        var of = ReadPattern(read, depth);
        var wait = ReadLength(read, ConditionWords.For);
        read.RefuseTheRest();
        return of is not null && wait is { } length ? new Lack(of, length) : null;
    }

    private EventPattern? ReadWholePattern(JsonObjectReader read, int depth)
    {
        var pattern = ReadPattern(read, depth);
        read.RefuseTheRest();
        return pattern;
    }

    private EventPattern? ReadPattern(JsonObjectReader read, int depth)
    {
        var kind = read.Text(ConditionWords.Of, "an event kind");
        var where = ReadWhere(read, depth);
        return kind is null ? null : new EventPattern(kind) { Where = where };
    }

    private Condition? ReadWhere(JsonObjectReader read, int depth) =>
        read.TakeOptional(ConditionWords.Where) is { } filter ? Read(filter, read.PathOf(ConditionWords.Where), depth + 1) : null;

    private Condition.EventWindow? ReadMeasure(JsonObjectReader read, string kindWord, Measure measure, int depth)
    {
        var kind = read.Text(kindWord, "an event kind");
        var where = ReadWhere(read, depth);
        var window = ReadWindow(read, depth);
        var test = ReadTest(read);
        var missing = !measure.CanBeMissing ? false : test is Test.Known ? read.OptionalFlag(ConditionWords.WhenMissing) : read.Flag(ConditionWords.WhenMissing, "the answer where no event counts");
        return kind is not null && window is not null && test is not null && missing is { } answer
            ? new Condition.EventWindow(kind, measure, window, test) { Where = where, WhenMissing = answer }
            : null;
    }

    private Window? ReadWindow(JsonObjectReader read, int depth)
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

        string[] words = [ConditionWords.Before, ConditionWords.Calendar, ConditionWords.SinceFirst, ConditionWords.SinceLatest, ConditionWords.From, ConditionWords.Until];
        var before = Errors.Count;
        Window? window = Array.Find(words, inner.Has) switch
        {
            ConditionWords.Before => ReadLength(inner, ConditionWords.Before) is { } age ? new Window.Before(age) : null,
            ConditionWords.Calendar => ReadCalendar(inner),
            ConditionWords.SinceFirst => ReadSince(inner, ConditionWords.SinceFirst, depth),
            ConditionWords.SinceLatest => ReadSince(inner, ConditionWords.SinceLatest, depth),
            ConditionWords.From or ConditionWords.Until => new Window.Between(ReadInstant(inner, ConditionWords.From), ReadInstant(inner, ConditionWords.Until)),
            _ => ReadLength(inner, ConditionWords.Last) is { } length ? new Window.Last(length) { Skip = (inner.Has(ConditionWords.Skip) ? ReadLength(inner, ConditionWords.Skip) : null) ?? Duration.Zero } : null,
        };
        inner.RefuseTheRest();
        return Errors.Count > before ? null : window;
    }

    private Window.Calendar? ReadCalendar(JsonObjectReader read)
    {
        var unit = read.Choice(ConditionWords.Calendar, ConditionWords.Units, "a period of the calendar");
        var skip = read.Whole(ConditionWords.Skip, "how many of the latest periods are left out, a whole number from 0,", 0);
        var count = read.Whole(ConditionWords.Count, "how many periods, a whole number from 1,", 1);
        var zone = ReadZone(read);
        return unit is { } place && skip is { } left && count is { } many && zone is not null ? new Window.Calendar((CalendarPeriod)place, left, many, zone) : null;
    }

    private Window.Since? ReadSince(JsonObjectReader outer, string word, int depth)
    {
        if (outer.Take(word) is not { } element || ReadObject(element, outer.PathOf(word), "an object with \"of\"") is not { } read)
        {
            return null;
        }

        var within = outer.Has(ConditionWords.Within) ? ReadLength(outer, ConditionWords.Within) : null;
        return ReadWholePattern(read, depth) is { } pattern ? new Window.Since(pattern, word == ConditionWords.SinceFirst) { Within = within } : null;
    }

    private static Instant? ReadInstant(JsonObjectReader read, string word) =>
        read.Has(word) ? read.Parsed(word, InstantPattern.ExtendedIso, JsonObjectReader.AnInstant) : null;

    private Duration? ReadLength(JsonObjectReader read, string word)
    {
        if (read.Text(word, "a duration such as \"P90D\"") is not { } text)
        {
            return null;
        }

        if (WindowLength.Read(text) is { } length)
        {
            return length;
        }

        Errors.Add(new(read.PathOf(word), $"{JsonObjectReader.Quote(text)} is no length of a window: {WindowLength.Expected}."));
        return null;
    }
}
