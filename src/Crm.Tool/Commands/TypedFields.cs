using System.Globalization;
using Crm.Events;
using Crm.Values;
using NodaTime.Text;

namespace Crm.Tool.Commands;

/// <summary>Fields as they are typed: a name, '=' and a value.</summary>
internal static class TypedFields
{
    /// <summary>Reads what an option was given, all of it; what is wrong is added up.</summary>
    /// <param name="option">The option.</param>
    /// <param name="typed">What was typed.</param>
    /// <param name="valueOf">The value of a field, by its name and what was typed; it throws a <see cref="ToolException"/> where there is no such field, or the value is none of it.</param>
    /// <param name="wrong">Gets what is wrong.</param>
    public static Fields Read(string option, IEnumerable<string> typed, Func<string, string, Scalar> valueOf, AllWrong wrong)
    {
        var values = new Dictionary<string, Scalar>(StringComparer.Ordinal);
        foreach (var text in typed)
        {
            wrong.Check(() =>
            {
                var (name, value) = text.IndexOf('=', StringComparison.Ordinal) is > 0 and var sign
                    ? (text[..sign], text[(sign + 1)..])
                    : throw ToolException.Usage($"{option}: '{text}' is no field; a name, '=' and a value are expected, such as 'store=central'.");
                if (!values.TryAdd(name, default))
                {
                    throw ToolException.Usage($"{option}: '{name}' was given twice; one value is expected.");
                }

                values[name] = valueOf(name, value);
            });
        }

        return Fields.Of(values.Select(value => (value.Key, value.Value)));
    }

    /// <summary>A field of a purchase.</summary>
    public static Scalar OfPurchase(string name, string text) => EventKinds.Purchase.Fields.FirstOrDefault(field => field.Name == name)?.Kind switch
    {
        null => throw ToolException.Usage($"--field: a purchase has no field '{name}'. There are: {string.Join(", ", EventKinds.Purchase.Fields.Select(known => known.Name))}."),
        ScalarKind.Number => NumberOf(text) ?? throw ToolException.Usage($"--field: '{text}' in '{name}' is no number; one such as '12.50' is expected."),
        ScalarKind.Code when text.Length > 0 => Scalar.Of(text),
        ScalarKind.Code => throw ToolException.Usage($"--field: '{name}' has no value; a code is expected."),
        var other => throw new InvalidOperationException($"No field of a purchase is a {other}."),
    };

    /// <summary>A value as it is written: a number, true or false, a date, an instant, and otherwise a code.</summary>
    public static Scalar AsWritten(string name, string text) => NumberOf(text)
        ?? (bool.TryParse(text, out var flag) ? Scalar.Of(flag)
        : LocalDatePattern.Iso.Parse(text) is { Success: true, Value: var date } ? Scalar.Of(date)
        : InstantPattern.ExtendedIso.Parse(text) is { Success: true, Value: var instant } ? Scalar.Of(instant)
        : text.Length > 0 ? Scalar.Of(text)
        : throw ToolException.Usage($"--lookup: '{name}' has no value."));

    private static Scalar? NumberOf(string text) =>
        decimal.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? Scalar.Of(number) : default(Scalar?);
}
