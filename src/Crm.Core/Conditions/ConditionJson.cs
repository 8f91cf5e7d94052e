using System.Text;
using System.Text.Json;
using Crm.Events;
using Crm.Values;

namespace Crm.Conditions;

/// <summary>
/// The written form of conditions. An object is one condition and has exactly one of these words:
/// <c>{"all":[…]}</c>, <c>{"any":[…]}</c>, <c>{"not":…}</c>,
/// <c>{"field":"customer.region","is":{"eq":"HK"},"whenMissing":false}</c>, <c>{"fact":"loyalty.tier","is":{"in":["gold","silver"]},"whenMissing":false}</c>,
/// <c>{"count":"purchase","where":…,"window":{"last":"P90D"},"is":{"gte":3}}</c>, <c>{"sum":"spend","currency":"HKD","of":"purchase","window":"lifetime","is":{"gt":1000}}</c>,
/// <c>{"sum":"quantity","of":"purchase",…}</c>, <c>{"average":"spend",…}</c> and so with min, max, distinct, first, latest and mostFrequent, of "spend", "quantity", "at", "day" or a field;
/// <c>{"periods":"purchase","times":1,"outOf":6,…}</c>, <c>{"sequence":"page-view","then":[{"of":"purchase","within":"P14D"}],"lacking":{"of":"refund","for":"P4D"},…}</c>,
/// <c>{"between":{"from":"2026-01-01T00:00:00Z","until":…}}</c>, <c>{"on":["saturday","sunday"]}</c>, <c>{"hours":{"from":"18:00","until":"02:00"}}</c>, <c>{"annual":{"from":"12-20","to":"01-02"}}</c>,
/// <c>{"calendar":"hk-public-holidays","whenMissing":false}</c>, <c>{"score":[{"when":…,"points":5}],"is":{"gte":10}}</c>.
/// </summary>
/// <remarks>
/// Windows are "lifetime", <c>{"last":"P90D","skip":"P30D"}</c>, <c>{"before":"P60D"}</c>, <c>{"calendar":"month","skip":1,"count":3,"zone":"Asia/Hong_Kong"}</c>, <c>{"from":…,"until":…}</c>, <c>{"sinceLatest":{"of":"refund"},"within":"P30D"}</c> and sinceFirst.
/// Tests are eq, gt, gte, lt, lte, between, in, anyOf, allOf, noneOf, contains, startsWith, endsWith, matches, anniversary and <c>{"known":true}</c>; comparisons also take <c>{"today":"-P30D","zone":"Asia/Hong_Kong"}</c> and <c>{"now":"-PT36H"}</c>. Values are texts (codes), numbers, true and false, <c>{"date":"2026-11-21"}</c> and <c>{"instant":"2026-11-21T08:00:00Z"}</c>.
/// A zone is a name, "business" or <c>{"field":"customer.zone","otherwise":"Asia/Hong_Kong"}</c>: each customer's own; on, hours, annual and calendar may state one, and are otherwise in that of the business.
/// Every comparison of a field or fact states <c>whenMissing</c>, its answer where there is no value or one of another kind; counts and sums are never missing.
/// </remarks>
public static class ConditionJson
{
    /// <summary>The most bytes (UTF-8) that the text of a condition may have.</summary>
    public const int MostBytes = 64 * 1024;

    /// <summary>How a text is parsed that holds conditions: deeper than conditions may be nested, so that one that is too deep is refused with its path. The usual depth of a parser is less.</summary>
    public static JsonDocumentOptions Around { get; } = new() { MaxDepth = 1_000 };

    private static readonly Lazy<string> SchemaText = new(ReadSchema);

    /// <summary>The JSON schema (draft 2020-12) of the written form, for editors. What it accepts has the right form; <see cref="Read(string, EventKinds?)"/> also finds names that do not exist, values of another kind and what is too large.</summary>
    public static string Schema => SchemaText.Value;

    /// <summary>Reads a condition. Nothing is tolerated: unknown or repeated properties, comments and trailing commas are errors, and all errors are reported.</summary>
    /// <param name="json">The text.</param>
    /// <param name="kinds">The kinds of events there are, so that misspelt kinds and fields are found; null: they are not looked at.</param>
    public static ConditionReading Read(string json, EventKinds? kinds = null)
    {
        ArgumentNullException.ThrowIfNull(json);
        var size = Encoding.UTF8.GetByteCount(json);
        if (size > MostBytes)
        {
            return new ConditionReading(null, [new ConditionError("$", $"The text has {size} bytes; at most {MostBytes} are expected.")]);
        }

        if (StorableText.FaultOf(json) is { } fault)
        {
            return new ConditionReading(null, [new ConditionError("$", $"The text has {fault}; whole characters are expected.")]);
        }

        try
        {
            using var document = JsonDocument.Parse(Encoding.UTF8.GetBytes(json), Around);
            return Read(document.RootElement, kinds);
        }
        catch (JsonException error)
        {
            return new ConditionReading(null, [new ConditionError("$", $"The text is not JSON: in line {(error.LineNumber ?? 0) + 1}, after {error.BytePositionInLine ?? 0} bytes, something else was expected, or the nesting is too deep.")]);
        }
    }

    /// <summary>Reads a condition that is part of a larger definition; paths begin with "$" at the condition.</summary>
    public static ConditionReading Read(JsonElement element, EventKinds? kinds = null)
    {
        var reader = new ConditionReader();
        var condition = reader.Read(element);
        return new ConditionReading(condition, reader.ErrorsWith(ConditionCheck.Check(condition, kinds)));
    }

    /// <summary>
    /// The canonical text of a condition: the same for conditions that differ only in the order of parts, in nesting of all in all, in double not or in how a number is spelt. Its hash names the condition's content.
    /// </summary>
    public static string Write(Condition condition)
    {
        ArgumentNullException.ThrowIfNull(condition);
        return ConditionWriter.Text(Canonical.Of(condition));
    }

    private static string ReadSchema()
    {
        using var stream = typeof(ConditionJson).Assembly.GetManifestResourceStream("condition.schema.json")
            ?? throw new InvalidOperationException("The schema of conditions is not in the assembly; it was built without condition.schema.json.");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
