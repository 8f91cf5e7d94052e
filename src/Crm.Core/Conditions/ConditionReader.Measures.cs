using System.Text.Json;
using Crm.Events;
using Crm.Values;
using NodaTime;
using NodaTime.Text;

namespace Crm.Conditions;

/// <content>Measures over events, and the windows they look at.</content>
internal sealed partial class ConditionReader
{
    private const string UnreadKind = "";
    private static readonly Duration UnreadLength = Duration.FromDays(1);

    private Condition.EventWindow ReadAggregate(JsonObjectReader read, string word, int depth)
    {
        const string expected = "\"spend\", \"quantity\", \"at\", \"day\" or a field such as \"event.table\" or \"line.sku\"";
        var how = (Aggregation)Array.IndexOf([.. ConditionWords.Aggregations], word);
        Measured? value = null;
        switch (read.Text(word, expected))
        {
            case ConditionWords.Spend:
                value = new Measured.Spend(ReadCurrency(read) ?? Currency.Hkd);
                break;
            case ConditionWords.Quantity:
                value = new Measured.Quantity();
                break;
            case ConditionWords.At:
                value = new Measured.At();
                break;
            case ConditionWords.Day:
                value = new Measured.Day(ReadZone(read));
                break;
            case { } name when name.StartsWith(EventFields.Scope, StringComparison.Ordinal) || name.StartsWith(EventFields.LineScope, StringComparison.Ordinal):
                value = new Measured.Named(name);
                break;
            case { } other:
                Errors.Add(new(read.PathOf(word), $"{JsonObjectReader.Quote(other)} cannot be measured; {expected} is expected."));
                break;
        }

        Measure measure = (how, value) switch
        {
            (Aggregation.Sum, Measured.Spend spend) => new Measure.SumOfSpend(spend.Currency),
            (Aggregation.Sum, Measured.Quantity) => new Measure.SumOfQuantity(),
            _ => new Measure.Aggregate(how, value ?? Instead(read.PathOf(word), new Measured.Named(UnreadField))),
        };
        var leaf = ReadMeasure(read, ConditionWords.Of, measure, depth);
        if (value is null)
        {
            // Nobody knows which of the others belong to it.
            read.TakeAll();
        }

        return leaf;
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

    private CalendarZone ReadZone(JsonObjectReader read)
    {
        const string expected = "a time zone such as \"Asia/Hong_Kong\", \"business\" or {\"field\":\"customer.zone\",\"otherwise\":\"Asia/Hong_Kong\"}";
        if (read.Take(ConditionWords.Zone, expected) is not { } element)
        {
            return new CalendarZone.Business();
        }

        if (element.ValueKind == JsonValueKind.String && JsonObjectReader.TextOf(element) is { } text)
        {
            return text == ConditionWords.Business ? new CalendarZone.Business() : new CalendarZone.Named(text);
        }

        if (ReadObject(element, read.PathOf(ConditionWords.Zone), expected) is not { } inner)
        {
            return new CalendarZone.Business();
        }

        var field = inner.Text(ConditionWords.Field, "the field of the profile that names the zone, such as \"customer.zone\",");
        var otherwise = inner.Text(ConditionWords.Otherwise, "the zone where the field names none, such as \"Asia/Hong_Kong\",");
        inner.RefuseTheRest();
        return new CalendarZone.Customer(field ?? "customer.unread", otherwise ?? "UTC");
    }

    private Condition.EventWindow ReadPeriods(JsonObjectReader read, int depth)
    {
        var times = read.Whole(ConditionWords.Times, "how many events make a part of the window active, a whole number,", null);
        var outOf = read.Whole(ConditionWords.OutOf, "how many parts the window has, a whole number,", null);
        return ReadMeasure(read, ConditionWords.Periods, new Measure.Periods(times ?? 1, outOf ?? Instead(read.PathOf(ConditionWords.OutOf), 1)), depth);
    }

    private Condition.EventWindow ReadSequence(JsonObjectReader read, int depth)
    {
        var path = read.PathOf(ConditionWords.Then);
        var steps = read.Take(ConditionWords.Then, "a list of steps") is { } list && IsArray(list, path, "steps")
            ? list.EnumerateArray().Select((step, i) => ReadStep(step, At(path, i), depth + 1)).ToSequence()
            : Instead(path, default(Sequence<Step>));
        var lacking = read.TakeOptional(ConditionWords.Lacking) is { } lack ? ReadLack(lack, read.PathOf(ConditionWords.Lacking), depth + 1) : null;
        return ReadMeasure(read, ConditionWords.Sequence, new Measure.Sequence(steps) { Lacking = lacking }, depth);
    }

    private Step ReadStep(JsonElement element, string path, int depth)
    {
        if (ReadObject(element, path, "an object with \"of\"") is not { } read)
        {
            return Instead(path, new Step(new EventPattern(UnreadKind)));
        }

        var of = ReadPattern(read, depth);
        var after = read.Has(ConditionWords.After) ? ReadLength(read, ConditionWords.After) : null;
        var within = read.Has(ConditionWords.Within) ? ReadLength(read, ConditionWords.Within) : null;
        var without = read.TakeOptional(ConditionWords.Without) is { } other && ReadObject(other, read.PathOf(ConditionWords.Without), "an object with \"of\"") is { } inner ? ReadWholePattern(inner, depth) : null;
        read.RefuseTheRest();
        return new Step(of) { After = after ?? Duration.Zero, Within = within, Without = without };
    }

    private Lack ReadLack(JsonElement element, string path, int depth)
    {
        if (ReadObject(element, path, "an object with \"of\" and \"for\"") is not { } read)
        {
            return Instead(path, new Lack(new EventPattern(UnreadKind), UnreadLength));
        }

        var of = ReadPattern(read, depth);
        var wait = ReadLength(read, ConditionWords.For);
        read.RefuseTheRest();
        return new Lack(of, wait ?? UnreadLength);
    }

    private EventPattern ReadWholePattern(JsonObjectReader read, int depth)
    {
        var pattern = ReadPattern(read, depth);
        read.RefuseTheRest();
        return pattern;
    }

    private EventPattern ReadPattern(JsonObjectReader read, int depth) =>
        new(ReadKind(read, ConditionWords.Of)) { Where = ReadWhere(read, depth) };

    // The name of no kind, so that a filter is not held against the fields of another.
    private string ReadKind(JsonObjectReader read, string word) => read.Text(word, "an event kind") ?? Instead(read.PathOf(word), UnreadKind);

    private Condition? ReadWhere(JsonObjectReader read, int depth) =>
        read.TakeOptional(ConditionWords.Where) is { } filter ? Read(filter, read.PathOf(ConditionWords.Where), depth + 1) : null;

    private Condition.EventWindow ReadMeasure(JsonObjectReader read, string kindWord, Measure measure, int depth)
    {
        var kind = ReadKind(read, kindWord);
        var where = ReadWhere(read, depth);
        var errorsBefore = Errors.Count;
        var window = ReadWindow(read, depth) ?? Instead(read.PathOf(ConditionWords.Window), new Window.Lifetime());
        if (Errors.Count > errorsBefore && measure is Measure.Periods { OutOf: >= 1 and <= ConditionCheck.MostPeriods })
        {
            standIns.Add(read.PathOf(ConditionWords.OutOf));
        }

        var test = ReadTest(read);
        var missing = !measure.CanBeMissing ? false : test is Test.Known ? read.OptionalFlag(ConditionWords.WhenMissing) : read.Flag(ConditionWords.WhenMissing, "the answer where no event counts");
        return new Condition.EventWindow(kind, measure, window, test ?? (measure.CanBeMissing ? new Test.Known() : ANumber)) { Where = where, WhenMissing = test is not null && missing is true };
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

        if (ConditionWords.Windows.FirstOrDefault(inner.Has) is not { } word)
        {
            Errors.Add(new(path, $"Nothing says which events count{inner.NearestWord(ConditionWords.Windows)}; \"{ConditionWords.Lifetime}\" or an object with {Join(ConditionWords.Windows)} is expected."));
            return null;
        }

        Window? window = word switch
        {
            ConditionWords.Before => new Window.Before(ReadLength(inner, ConditionWords.Before) ?? UnreadLength),
            ConditionWords.Calendar => ReadCalendar(inner),
            ConditionWords.SinceFirst => ReadSince(inner, ConditionWords.SinceFirst, depth),
            ConditionWords.SinceLatest => ReadSince(inner, ConditionWords.SinceLatest, depth),
            ConditionWords.From or ConditionWords.Until => ReadSpan(inner),
            _ => ReadLast(inner),
        };
        inner.RefuseTheRest();
        return window;
    }

    private Window.Last ReadLast(JsonObjectReader read)
    {
        var length = ReadLength(read, ConditionWords.Last);
        var skip = read.Has(ConditionWords.Skip) ? ReadLength(read, ConditionWords.Skip) : null;
        return new Window.Last(length ?? ConditionCheck.LongestWindow) { Skip = skip ?? Duration.Zero };
    }

    private static Window.Between? ReadSpan(JsonObjectReader read)
    {
        var from = ReadInstant(read, ConditionWords.From);
        var until = ReadInstant(read, ConditionWords.Until);
        return from is null && until is null ? null : new Window.Between(from, until);
    }

    private Window.Calendar ReadCalendar(JsonObjectReader read)
    {
        var unit = read.Choice(ConditionWords.Calendar, ConditionWords.Units, "a period of the calendar");
        var skip = read.Whole(ConditionWords.Skip, "how many of the latest periods are left out, a whole number from 0,", 0);
        var count = read.Whole(ConditionWords.Count, "how many periods, a whole number from 1,", 1);
        var zone = ReadZone(read);
        return new Window.Calendar((CalendarPeriod)(unit ?? 0), skip ?? 0, count ?? 1, zone);
    }

    private Window.Since? ReadSince(JsonObjectReader outer, string word, int depth)
    {
        var within = outer.Has(ConditionWords.Within) ? ReadLength(outer, ConditionWords.Within) : null;
        return outer.Take(word) is { } element && ReadObject(element, outer.PathOf(word), "an object with \"of\"") is { } read
            ? new Window.Since(ReadWholePattern(read, depth), word == ConditionWords.SinceFirst) { Within = within }
            : null;
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
