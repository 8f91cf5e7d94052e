using System.Text.Json;
using Crm.Conditions;
using Crm.Values;

namespace Crm.Loyalty.Programs;

/// <summary>Short ways to write the canonical form: what is left out where it says what is so anyway.</summary>
internal static class JsonForm
{
    public static void Items<T>(this Utf8JsonWriter json, string name, Sequence<T> items, Action<T> write)
    {
        if (items.IsEmpty)
        {
            return;
        }

        json.WriteStartArray(name);
        foreach (var item in items)
        {
            json.WriteStartObject();
            write(item);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    public static void Texts(this Utf8JsonWriter json, string name, Sequence<string> texts)
    {
        if (texts.IsEmpty)
        {
            return;
        }

        json.WriteStartArray(name);
        foreach (var text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }

    public static void Part(this Utf8JsonWriter json, string name, Action write)
    {
        json.WriteStartObject(name);
        write();
        json.WriteEndObject();
    }

    public static void Unless(this Utf8JsonWriter json, string name, long value, long usual)
    {
        if (value != usual)
        {
            json.WriteNumber(name, value);
        }
    }

    public static void Unless(this Utf8JsonWriter json, string name, string value, string usual)
    {
        if (value != usual)
        {
            json.WriteString(name, value);
        }
    }

    public static void Unless<T>(this Utf8JsonWriter json, string name, (string Name, T Value)[] names, T value)
    {
        if (!EqualityComparer<T>.Default.Equals(value, names[0].Value))
        {
            json.WriteString(name, NameOf(names, value));
        }
    }

    public static void If(this Utf8JsonWriter json, string name, bool value)
    {
        if (value)
        {
            json.WriteBoolean(name, true);
        }
    }

    public static void If(this Utf8JsonWriter json, string name, Condition? condition)
    {
        if (condition is not null)
        {
            json.WritePropertyName(name);
            json.WriteRawValue(ConditionJson.Write(condition), skipInputValidation: true);
        }
    }

    public static void If(this Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }

    public static void If(this Utf8JsonWriter json, string name, NodaTime.Instant? value)
    {
        if (value is { } instant)
        {
            json.WriteString(name, NodaTime.Text.InstantPattern.ExtendedIso.Format(instant));
        }
    }

    public static void If(this Utf8JsonWriter json, string name, long? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, number);
        }
    }

    // A value without a name is a finding of the validator; writing must not come before it with an error of its own.
    public static string NameOf<T>((string Name, T Value)[] names, T value) =>
        Array.Find(names, pair => EqualityComparer<T>.Default.Equals(pair.Value, value)).Name ?? $"{value}";
}
