using System.Globalization;
using Crm.Conditions;
using Crm.Events;
using Crm.Values;

namespace Crm.Storage.Sql;

/// <summary>Which events count, as SQL over a row of crm_event and of crm_event_line.</summary>
internal sealed class AudienceFilter(AudienceSql sql)
{
    /// <summary>The field of a line that is a quantity.</summary>
    public const string LineQuantity = "line.quantity";

    /// <summary>How many of the finest quantities make one.</summary>
    public const long QuantitySteps = 1_000_000;

    /// <summary>Whether a filter looks at lines, so that an event counts only through a line that satisfies the whole of it.</summary>
    public static bool LooksAtLines(Condition? where) => where is not null && where.Leaves().Any(part => part is Condition.Field field && field.Name.StartsWith(EventFields.LineScope, StringComparison.Ordinal));

    /// <summary>The quantity of a line in whole steps. Where a database keeps it as text, and computes with 53 bits, rounding finds the step all the same: no quantity has more than 40.</summary>
    public static string Quantity(string line) => string.Create(CultureInfo.InvariantCulture, $"CAST(ROUND({line}.quantity * {QuantitySteps}) AS {{bigint}})");

    /// <summary>Whether an event of an alias is one of a pattern.</summary>
    public string Matches(EventPattern pattern, string alias, string place) => sql.Kind(pattern.Kind, place) is { } kind
        ? $"{alias}.kind = {kind}{(pattern.Where is { } where ? $" AND {OfEvent(where, place + ".where", pattern.Kind, alias)}" : "")}"
        : AudienceSql.Constant(false);

    /// <summary>A filter of an event: of one line of it, where it asks for lines.</summary>
    public string OfEvent(Condition where, string place, string kind, string alias)
    {
        if (!LooksAtLines(where))
        {
            return Of(where, place, kind, alias, "l");
        }

        var line = alias + "l";
        return $"EXISTS (SELECT 1 FROM crm_event_line {line} WHERE {line}.tenant = {alias}.tenant AND {line}.bucket = {alias}.bucket AND {line}.customer_id = {alias}.customer_id AND {line}.version = {alias}.version AND {Of(where, place, kind, alias, line)})";
    }

    /// <summary>A filter of an event and one of its lines.</summary>
    public string Of(Condition where, string place, string kind, string alias, string line)
    {
        switch (where)
        {
            case Condition.All all:
                return all.Of.IsEmpty ? AudienceSql.Constant(true) : "(" + string.Join(" AND ", all.Of.Select((part, i) => Of(part, $"{place}.all[{AudienceValue.Number(i)}]", kind, alias, line))) + ")";
            case Condition.Any any:
                return any.Of.IsEmpty ? AudienceSql.Constant(false) : "(" + string.Join(" OR ", any.Of.Select((part, i) => Of(part, $"{place}.any[{AudienceValue.Number(i)}]", kind, alias, line))) + ")";
            case Condition.Not not:
                return $"NOT ({Of(not.Of, place + ".not", kind, alias, line)})";
            case Condition.Field field:
                return Field(field, place, kind, alias, line);
            default:
                return Refuse(place, "A 'where' is built of all, any, not and fields.");
        }
    }

    /// <summary>The column of a code; null for what is no code, or not in a column. A field of the kind stands in where the column has no value, so it is asked for instead where one is declared.</summary>
    public string? Column(string name, string kind, string alias, string line) => name switch
    {
        "line.sku" => $"{line}.sku",
        "line.category" => $"{line}.category",
        "event.kind" => $"{alias}.kind",
        "event.source" => $"{alias}.source",
        "event.channel" when !sql.Declares(kind, "channel") => $"{alias}.channel",
        "event.brand" when !sql.Declares(kind, "brand") => $"{alias}.brand",
        "event.actor" when !sql.Declares(kind, "actor") => $"{alias}.actor",
        "event.currency" when !sql.Declares(kind, "currency") => $"{alias}.spend_currency",
        _ => null,
    };

    private string Field(Condition.Field field, string place, string kind, string alias, string line)
    {
        if (Column(field.Name, kind, alias, line) is { } column)
        {
            if (field.Is is Test.Matches)
            {
                return Refuse(place + ".is", "Databases read regular expressions otherwise than conditions do, and 'where' is asked of rows that stay in the database; 'startsWith', 'endsWith', 'contains' or 'in' compare exactly there.");
            }

            return AudienceTest.OfCode(sql, field.Is, column) is { } test ? Answered(column, test, field) : AudienceSql.Constant(field.WhenMissing);
        }

        return field.Name switch
        {
            LineQuantity => Number(field, place, $"{line}.quantity", test => AudienceTest.OfWhole(sql, test, Quantity(line), QuantitySteps)),
            "line.amount" => Number(field, place, $"{line}.minor", test => AudienceTest.OfAmount(sql, test, $"{line}.minor", $"{line}.currency")),
            "event.spend" when !sql.Declares(kind, "spend") => Number(field, place, $"{alias}.spend_minor", test => AudienceTest.OfAmount(sql, test, $"{alias}.spend_minor", $"{alias}.spend_currency")),
            _ => Refuse(place + ".field", $"'{field.Name}' is in no column that compares exactly: channel, brand, actor, kind, currency, source and spend of events, and sku, category, quantity and amount of lines are."),
        };
    }

    private string Number(Condition.Field field, string place, string column, Func<Test, string?> of)
    {
        if (field.Is is Test.Known)
        {
            return $"{column} IS NOT NULL";
        }

        if (AudienceTest.Operands(field.Is).ToList() is not { Count: > 0 } operands || operands.Exists(operand => operand.Kind != ScalarKind.Number))
        {
            // A number is of another kind than the test's.
            return AudienceSql.Constant(field.WhenMissing);
        }

        return of(field.Is) is { } test ? Answered(column, test, field) : Refuse(place + ".is", "The number of the test is too large for an exact comparison in SQL.");
    }

    private static string Answered(string column, string test, Condition.Field field) => field.WhenMissing
        ? $"CASE WHEN {column} IS NULL THEN 1 WHEN {test} THEN 1 ELSE 0 END = 1"
        : $"CASE WHEN {test} THEN 1 ELSE 0 END = 1";

    private string Refuse(string place, string why)
    {
        sql.Refuse(place, why);
        return AudienceSql.Constant(false);
    }
}
