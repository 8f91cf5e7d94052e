using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Crm.Values;
using NodaTime;
using NodaTime.Text;

namespace Crm.Conditions;

/// <summary>Writes a condition as it stands: properties in a fixed order, numbers without trailing zeros, no blanks.</summary>
internal static class ConditionWriter
{
    private static readonly LocalTimePattern WholeMinutes = LocalTimePattern.CreateWithInvariantCulture("HH:mm");
    private static readonly LocalTimePattern Finer = LocalTimePattern.CreateWithInvariantCulture("HH:mm:ss.FFFFFFFFF");

    /// <summary>The JSON text of a condition.</summary>
    public static string Text(Condition condition)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = 1_000 }))
        {
            Write(json, condition);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void Write(Utf8JsonWriter json, Condition condition)
    {
        json.WriteStartObject();
        switch (condition)
        {
            case Condition.All all:
                WriteParts(json, ConditionWords.All, all.Of);
                break;
            case Condition.Any any:
                WriteParts(json, ConditionWords.Any, any.Of);
                break;
            case Condition.Not not:
                json.WritePropertyName(ConditionWords.Not);
                Write(json, not.Of);
                break;
            case Condition.Field field:
                WriteComparison(json, ConditionWords.Field, field.Name, field.Is, field.WhenMissing);
                break;
            case Condition.Fact fact:
                WriteComparison(json, ConditionWords.Fact, fact.Name, fact.Is, fact.WhenMissing);
                break;
            case Condition.EventWindow window:
                WriteMeasure(json, window);
                break;
            case Condition.Moment moment:
                WriteSpan(json, moment.Within);
                if (moment.Zone is { } zone)
                {
                    WriteZone(json, zone);
                }

                break;
            case Condition.Score score:
                WriteScore(json, score);
                break;
            default:
                throw new InvalidOperationException($"The condition {condition.GetType().Name} has no written form.");
        }

        json.WriteEndObject();
    }

    private static void WriteParts(Utf8JsonWriter json, string word, Sequence<Condition> parts)
    {
        json.WriteStartArray(word);
        foreach (var part in parts)
        {
            Write(json, part);
        }

        json.WriteEndArray();
    }

    private static void WriteScore(Utf8JsonWriter json, Condition.Score score)
    {
        json.WriteStartArray(ConditionWords.Score);
        foreach (var part in score.Of)
        {
            json.WriteStartObject();
            json.WritePropertyName(ConditionWords.When);
            Write(json, part.When);
            WriteValue(json, ConditionWords.Points, part.Points);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        WriteTest(json, score.Is);
    }

    private static void WriteComparison(Utf8JsonWriter json, string word, string name, Test test, bool whenMissing)
    {
        json.WriteString(word, name);
        WriteTest(json, test);
        if (test is not Test.Known)
        {
            json.WriteBoolean(ConditionWords.WhenMissing, whenMissing);
        }
    }

    private static void WriteMeasure(Utf8JsonWriter json, Condition.EventWindow window)
    {
        switch (window.Measure)
        {
            case Measure.Count:
                json.WriteString(ConditionWords.Count, window.Kind);
                break;
            case Measure.SumOfSpend sum:
                WriteMeasured(json, ConditionWords.Sum, new Measured.Spend(sum.Currency), window.Kind);
                break;
            case Measure.SumOfQuantity:
                WriteMeasured(json, ConditionWords.Sum, new Measured.Quantity(), window.Kind);
                break;
            case Measure.Aggregate aggregate:
                WriteMeasured(json, ConditionWords.Aggregations[(int)aggregate.How], aggregate.Of, window.Kind);
                break;
            case Measure.Periods periods:
                json.WriteString(ConditionWords.Periods, window.Kind);
                json.WriteNumber(ConditionWords.Times, periods.Times);
                json.WriteNumber(ConditionWords.OutOf, periods.OutOf);
                break;
            case Measure.Sequence:
                json.WriteString(ConditionWords.Sequence, window.Kind);
                break;
            default:
                throw new InvalidOperationException($"The measure {window.Measure.GetType().Name} has no written form.");
        }

        WriteWhere(json, window.Where);
        if (window.Measure is Measure.Sequence sequence)
        {
            WriteSteps(json, sequence);
        }

        WriteWindow(json, window.Window);
        WriteTest(json, window.Is);
        if (window.Measure.CanBeMissing && window.Is is not Test.Known)
        {
            json.WriteBoolean(ConditionWords.WhenMissing, window.WhenMissing);
        }
    }

    private static void WriteMeasured(Utf8JsonWriter json, string word, Measured value, string kind)
    {
        switch (value)
        {
            case Measured.Spend spend:
                json.WriteString(word, ConditionWords.Spend);
                json.WriteString(ConditionWords.Currency, spend.Currency.Code);
                break;
            case Measured.Quantity:
                json.WriteString(word, ConditionWords.Quantity);
                break;
            case Measured.Named named:
                json.WriteString(word, named.Name);
                break;
            case Measured.At:
                json.WriteString(word, ConditionWords.At);
                break;
            case Measured.Day day:
                json.WriteString(word, ConditionWords.Day);
                WriteZone(json, day.Zone);
                break;
            default:
                throw new InvalidOperationException($"The value {value.GetType().Name} has no written form.");
        }

        json.WriteString(ConditionWords.Of, kind);
    }

    private static void WriteWhere(Utf8JsonWriter json, Condition? where)
    {
        if (where is not null)
        {
            json.WritePropertyName(ConditionWords.Where);
            Write(json, where);
        }
    }

    private static void WriteSteps(Utf8JsonWriter json, Measure.Sequence sequence)
    {
        json.WriteStartArray(ConditionWords.Then);
        foreach (var step in sequence.Then)
        {
            json.WriteStartObject();
            json.WriteString(ConditionWords.Of, step.Event.Kind);
            WriteWhere(json, step.Event.Where);
            if (step.After != Duration.Zero)
            {
                json.WriteString(ConditionWords.After, WindowLength.Write(step.After));
            }

            if (step.Within is { } within)
            {
                json.WriteString(ConditionWords.Within, WindowLength.Write(within));
            }

            if (step.Without is { } without)
            {
                WritePattern(json, ConditionWords.Without, without);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (sequence.Lacking is { } lacking)
        {
            json.WriteStartObject(ConditionWords.Lacking);
            json.WriteString(ConditionWords.Of, lacking.Event.Kind);
            WriteWhere(json, lacking.Event.Where);
            json.WriteString(ConditionWords.For, WindowLength.Write(lacking.For));
            json.WriteEndObject();
        }
    }

    private static void WritePattern(Utf8JsonWriter json, string word, EventPattern pattern)
    {
        json.WriteStartObject(word);
        json.WriteString(ConditionWords.Of, pattern.Kind);
        WriteWhere(json, pattern.Where);
        json.WriteEndObject();
    }

    private static void WriteWindow(Utf8JsonWriter json, Window window)
    {
        if (window is Window.Lifetime)
        {
            json.WriteString(ConditionWords.Window, ConditionWords.Lifetime);
            return;
        }

        json.WriteStartObject(ConditionWords.Window);
        switch (window)
        {
            case Window.Last last:
                json.WriteString(ConditionWords.Last, WindowLength.Write(last.Length));
                if (last.Skip != Duration.Zero)
                {
                    json.WriteString(ConditionWords.Skip, WindowLength.Write(last.Skip));
                }

                break;
            case Window.Before before:
                json.WriteString(ConditionWords.Before, WindowLength.Write(before.Age));
                break;
            case Window.Calendar calendar:
                json.WriteString(ConditionWords.Calendar, ConditionWords.Units[(int)calendar.Unit]);
                WriteUnless(json, ConditionWords.Skip, calendar.Skip, 0);
                WriteUnless(json, ConditionWords.Count, calendar.Count, 1);
                WriteZone(json, calendar.Zone);
                break;
            case Window.Between between:
                WriteInstant(json, ConditionWords.From, between.From);
                WriteInstant(json, ConditionWords.Until, between.Until);
                break;
            case Window.Since since:
                WritePattern(json, since.First ? ConditionWords.SinceFirst : ConditionWords.SinceLatest, since.Event);
                if (since.Within is { } within)
                {
                    json.WriteString(ConditionWords.Within, WindowLength.Write(within));
                }

                break;
            default:
                throw new InvalidOperationException($"The window {window.GetType().Name} has no written form.");
        }

        json.WriteEndObject();
    }

    private static void WriteZone(Utf8JsonWriter json, CalendarZone zone)
    {
        switch (zone)
        {
            case CalendarZone.Named named:
                json.WriteString(ConditionWords.Zone, named.Id);
                break;
            case CalendarZone.Business:
                json.WriteString(ConditionWords.Zone, ConditionWords.Business);
                break;
            case CalendarZone.Customer customer:
                json.WriteStartObject(ConditionWords.Zone);
                json.WriteString(ConditionWords.Field, customer.Field);
                json.WriteString(ConditionWords.Otherwise, customer.Otherwise);
                json.WriteEndObject();
                break;
            case CalendarZone.Meant meant:
                WriteZone(json, meant.Declared);
                break;
            default:
                throw new InvalidOperationException($"The zone {zone.GetType().Name} has no written form.");
        }
    }

    private static void WriteUnless(Utf8JsonWriter json, string word, int number, int usual)
    {
        if (number != usual)
        {
            json.WriteNumber(word, number);
        }
    }

    private static void WriteTest(Utf8JsonWriter json, Test test)
    {
        json.WriteStartObject(ConditionWords.Is);
        switch (test)
        {
            case Test.EqualTo equal:
                WriteValue(json, ConditionWords.EqualTo, equal.Value);
                break;
            case Test.MoreThan more:
                WriteValue(json, ConditionWords.MoreThan, more.Value);
                break;
            case Test.AtLeast least:
                WriteValue(json, ConditionWords.AtLeast, least.Value);
                break;
            case Test.LessThan less:
                WriteValue(json, ConditionWords.LessThan, less.Value);
                break;
            case Test.AtMost most:
                WriteValue(json, ConditionWords.AtMost, most.Value);
                break;
            case Test.OneOf oneOf:
                json.WriteStartArray(ConditionWords.OneOf);
                foreach (var value in oneOf.Values)
                {
                    WriteValue(json, value);
                }

                json.WriteEndArray();
                break;
            case Test.Between between:
                json.WriteStartArray(ConditionWords.Between);
                WriteValue(json, between.From);
                WriteValue(json, between.To);
                json.WriteEndArray();
                break;
            case Test.AnyOf any:
                WriteCodes(json, ConditionWords.AnyOf, any.Codes);
                break;
            case Test.AllOf all:
                WriteCodes(json, ConditionWords.AllOf, all.Codes);
                break;
            case Test.Contains contains:
                json.WriteString(ConditionWords.Contains, contains.Text);
                break;
            case Test.StartsWith starts:
                json.WriteString(ConditionWords.StartsWith, starts.Text);
                break;
            case Test.EndsWith ends:
                json.WriteString(ConditionWords.EndsWith, ends.Text);
                break;
            case Test.Matches matches:
                json.WriteString(ConditionWords.Matches, matches.Pattern);
                break;
            case Test.Relative relative:
                WriteRelative(json, relative);
                break;
            case Test.Anniversary anniversary:
                json.WriteStartObject(ConditionWords.Anniversary);
                json.WriteNumber(ConditionWords.Before, anniversary.DaysBefore);
                json.WriteNumber(ConditionWords.After, anniversary.DaysAfter);
                json.WriteString(ConditionWords.LeapDay, ConditionWords.LeapDays[(int)anniversary.LeapDay]);
                WriteZone(json, anniversary.Zone);
                json.WriteEndObject();
                break;
            case Test.Known:
                json.WriteBoolean(ConditionWords.Known, true);
                break;
            default:
                throw new InvalidOperationException($"The test {test.GetType().Name} has no written form.");
        }

        json.WriteEndObject();
    }

    private static void WriteCodes(Utf8JsonWriter json, string word, Sequence<string> codes)
    {
        json.WriteStartArray(word);
        foreach (var code in codes)
        {
            json.WriteStringValue(code);
        }

        json.WriteEndArray();
    }

    private static void WriteRelative(Utf8JsonWriter json, Test.Relative relative)
    {
        json.WriteStartObject(ConditionWords.Comparisons[(int)relative.Comparison]);
        switch (relative.To)
        {
            case RelativeTime.Today today:
                json.WriteString(ConditionWords.Today, RelativePeriod.Write(today.Shift));
                WriteZone(json, today.Zone);
                break;
            case RelativeTime.Now now:
                json.WriteString(ConditionWords.Now, WindowLength.Write(now.Shift));
                break;
            default:
                throw new InvalidOperationException($"The time {relative.To.GetType().Name} has no written form.");
        }

        json.WriteEndObject();
    }

    private static void WriteValue(Utf8JsonWriter json, string word, Scalar value)
    {
        json.WritePropertyName(word);
        WriteValue(json, value);
    }

    private static void WriteValue(Utf8JsonWriter json, Scalar value)
    {
        switch (value.Kind)
        {
            case ScalarKind.Flag:
                json.WriteBooleanValue(value.AsFlag);
                break;
            case ScalarKind.Number:
                json.WriteRawValue(value.AsNumber == 0 ? "0" : value.ToString());
                break;
            case ScalarKind.Code:
                json.WriteStringValue(value.AsCode);
                break;
            case ScalarKind.Date:
                WriteTyped(json, ConditionWords.Date, value);
                break;
            case ScalarKind.Instant:
                WriteTyped(json, ConditionWords.Instant, value);
                break;
            default:
                json.WriteNullValue();
                break;
        }
    }

    private static void WriteTyped(Utf8JsonWriter json, string word, Scalar value)
    {
        json.WriteStartObject();
        json.WriteString(word, value.ToString());
        json.WriteEndObject();
    }

    private static void WriteSpan(Utf8JsonWriter json, Span span)
    {
        switch (span)
        {
            case Span.Between between:
                json.WriteStartObject(ConditionWords.Between);
                WriteInstant(json, ConditionWords.From, between.From);
                WriteInstant(json, ConditionWords.Until, between.Until);
                json.WriteEndObject();
                break;
            case Span.Weekdays weekdays:
                json.WriteStartArray(ConditionWords.On);
                foreach (var day in weekdays.Days)
                {
                    json.WriteStringValue(ConditionWords.WordOf(day));
                }

                json.WriteEndArray();
                break;
            case Span.Hours hours:
                json.WriteStartObject(ConditionWords.Hours);
                json.WriteString(ConditionWords.From, Time(hours.From));
                json.WriteString(ConditionWords.Until, Time(hours.Until));
                json.WriteEndObject();
                break;
            case Span.Annual annual:
                json.WriteStartObject(ConditionWords.Annual);
                json.WriteString(ConditionWords.From, AnnualDatePattern.Iso.Format(annual.From));
                json.WriteString(ConditionWords.To, AnnualDatePattern.Iso.Format(annual.To));
                if (annual.From is { Month: 2, Day: 29 } || annual.To is { Month: 2, Day: 29 })
                {
                    json.WriteString(ConditionWords.LeapDay, ConditionWords.LeapDays[(int)annual.LeapDay]);
                }

                json.WriteEndObject();
                break;
            case Span.Listed listed:
                json.WriteString(ConditionWords.Calendar, listed.Calendar);
                json.WriteBoolean(ConditionWords.WhenMissing, listed.WhenMissing);
                break;
            default:
                throw new InvalidOperationException($"The span {span.GetType().Name} has no written form.");
        }
    }

    private static void WriteInstant(Utf8JsonWriter json, string word, Instant? instant)
    {
        if (instant is { } given)
        {
            json.WriteString(word, InstantPattern.ExtendedIso.Format(given));
        }
    }

    private static string Time(LocalTime time) =>
        time.NanosecondOfDay % NodaConstants.NanosecondsPerMinute == 0 ? WholeMinutes.Format(time) : Finer.Format(time);
}
