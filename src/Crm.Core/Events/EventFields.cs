using Crm.Values;

namespace Crm.Events;

/// <summary>The one place that says which value a named field of an event or of a line is.</summary>
public static class EventFields
{
    /// <summary>Before the names of an event's fields in conditions.</summary>
    public const string Scope = "event.";

    /// <summary>Before the names of a line's fields in conditions.</summary>
    public const string LineScope = "line.";

    /// <summary>Before the names of looked-up values in conditions.</summary>
    public const string LookupScope = "lookup.";

    /// <summary>The fields that events of every kind have; "spend" is a number in the main unit of "currency".</summary>
    public static Sequence<string> OfEveryEvent { get; } = ["kind", "channel", "brand", "actor", "spend", "currency", "source"];

    /// <summary>The fields of a line; "amount" is a number in the main unit of the event's currency.</summary>
    public static Sequence<string> OfEveryLine { get; } = ["sku", "category", "quantity", "amount"];

    /// <summary>The value of "event.NAME" or "lookup.NAME"; missing for every other scope.</summary>
    public static Scalar ReadScoped(CustomerEvent happened, string scopedName)
    {
        ArgumentNullException.ThrowIfNull(happened);
        ArgumentNullException.ThrowIfNull(scopedName);
        return scopedName.StartsWith(Scope, StringComparison.Ordinal) ? Read(happened, scopedName.AsSpan(Scope.Length))
            : scopedName.StartsWith(LookupScope, StringComparison.Ordinal) ? happened.Lookups[scopedName.AsSpan(LookupScope.Length)]
            : default;
    }

    /// <summary>The value of a field of an event; missing when it has none. A field of the kind that shares its name with one of every event counts where that one has no value.</summary>
    /// <param name="name">Without scope, such as "channel".</param>
    public static Scalar Read(CustomerEvent happened, ReadOnlySpan<char> name)
    {
        ArgumentNullException.ThrowIfNull(happened);
        var value = name switch
        {
            "kind" => happened.Kind,
            "channel" => Code(happened.Channel),
            "brand" => Code(happened.Brand),
            "actor" => Code(happened.Actor),
            "spend" => happened.Spend is { } spend ? spend.Amount : default(Scalar),
            "currency" => Code(happened.Spend?.Currency.Code),
            "source" => Code(happened.Key.Source),
            _ => default,
        };
        return value.IsMissing ? happened.Fields[name] : value;
    }

    /// <summary>The value of a field of a line; missing when it has none.</summary>
    /// <param name="name">Without scope, such as "sku".</param>
    public static Scalar Read(in EventLine line, ReadOnlySpan<char> name) => name switch
    {
        "sku" => Code(line.Sku),
        "category" => Code(line.Category),
        "quantity" => line.Quantity,
        "amount" => line.Amount.Amount,
        _ => default,
    };

    private static Scalar Code(string? code) => code is null ? default : Scalar.Of(code);
}
