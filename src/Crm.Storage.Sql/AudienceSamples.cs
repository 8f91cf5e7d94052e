using Crm.Conditions;
using Crm.Events;
using Crm.Values;

namespace Crm.Storage.Sql;

/// <summary>Where the values of a measure come from: rows of an alias e, with bucket, customer_id and effective_at, of which each is one value.</summary>
/// <param name="From">The table or selection e, with what is joined to it.</param>
/// <param name="Where">Which rows count.</param>
/// <param name="Value">The expression of the value; "1" where rows are only counted.</param>
/// <param name="Kind">What it stands for.</param>
internal sealed record AudienceSamples(string From, string Where, string Value, AudienceValue Kind)
{
    /// <summary>Which events count, where each is one row, nothing else is asked about it, and one pass over all events can say it; otherwise null.</summary>
    public string? Filter { get; init; }

    /// <summary>The rows that have a value.</summary>
    public string Present => Kind.Kind == ScalarKind.Code ? $"{Where} AND {Value} IS NOT NULL" : Where;

    /// <summary>One row for each customer, of expressions over its rows.</summary>
    public string Grouped(string expressions, string having = "") => $"SELECT e.bucket, e.customer_id{expressions} FROM {From} WHERE {Present} GROUP BY e.bucket, e.customer_id{having}";

    /// <summary>Whether some text of a customer may be ordered by bytes otherwise than by letters, as 1 or 0.</summary>
    public string Odd => Kind.Kind == ScalarKind.Code ? $"MAX(CASE WHEN {Value} {{not-plain}} THEN 1 ELSE 0 END)" : "0";

    /// <summary>The value of the first, or the latest, row of each customer as "a"; "odd" where several at that instant cannot be told apart by bytes.</summary>
    public string AtEnd(bool latest) => $"""
        SELECT r.bucket, r.customer_id, r.a, r.odd FROM (
            SELECT e.bucket, e.customer_id, {Value} AS a, {(Kind.Kind == ScalarKind.Code ? $"{Odd} OVER (PARTITION BY e.bucket, e.customer_id)" : Odd)} AS odd,
                ROW_NUMBER() OVER (PARTITION BY e.bucket, e.customer_id ORDER BY e.effective_at{(latest ? " DESC" : "")}, {Value}) AS place
            FROM {From} WHERE {Present}) r WHERE r.place = 1
        """;

    /// <summary>The value that most rows of each customer have as "a"; of several the least.</summary>
    public string MostFrequent() => $"""
        SELECT r.bucket, r.customer_id, r.a, r.odd FROM (
            SELECT g.bucket, g.customer_id, g.a, MAX(g.odd) OVER (PARTITION BY g.bucket, g.customer_id) AS odd,
                ROW_NUMBER() OVER (PARTITION BY g.bucket, g.customer_id ORDER BY g.n DESC, g.a) AS place
            FROM (SELECT e.bucket, e.customer_id, {Value} AS a, COUNT(*) AS n, {Odd} AS odd FROM {From} WHERE {Present} GROUP BY 1, 2, 3) g) r WHERE r.place = 1
        """;
}
