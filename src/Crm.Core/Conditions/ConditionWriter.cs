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
                json.WriteString(ConditionWords.Sum, ConditionWords.Spend);
                json.WriteString(ConditionWords.Currency, sum.Currency.Code);
                json.WriteString(ConditionWords.Of, window.Kind);
                break;
            case Measure.SumOfQuantity:
                json.WriteString(ConditionWords.Sum, ConditionWords.Quantity);
                json.WriteString(ConditionWords.Of, window.Kind);
                break;
            default:
                throw new InvalidOperationException($"The measure {window.Measure.GetType().Name} has no written form.");
        }

        if (window.Where is { } where)
        {
            json.WritePropertyName(ConditionWords.Where);
            Write(json, where);
        }

        if (window.Window is Window.Last { Length: var length })
        {
            json.WriteStartObject(ConditionWords.Window);
            json.WriteString(ConditionWords.Last, WindowLength.Write(length));
            json.WriteEndObject();
        }
        else
        {
            json.WriteString(ConditionWords.Window, ConditionWords.Lifetime);
        }

        WriteTest(json, window.Is);
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
            case Test.Known:
                json.WriteBoolean(ConditionWords.Known, true);
                break;
            default:
                throw new InvalidOperationException($"The test {test.GetType().Name} has no written form.");
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
                    json.WriteStringValue(ConditionWords.Day(day));
                }

                json.WriteEndArray();
                break;
            case Span.Hours hours:
                json.WriteStartObject(ConditionWords.Hours);
                json.WriteString(ConditionWords.From, Time(hours.From));
                json.WriteString(ConditionWords.Until, Time(hours.Until));
                json.WriteEndObject();
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
