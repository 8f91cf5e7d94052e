using System.Globalization;

namespace Crm.Storage.Sql;

/// <summary>
/// What a question about all customers is joined from: a row for each customer c, of the customers or of a fact without which nobody is meant; h, which says in one pass over the events whatever can be said so; a row for each fact that is asked for; and
/// groups of events that need a pass of their own; and rows that bring values. Joins, and not questions about one customer after the other, so that the database may read each table once.
/// </summary>
internal sealed class AudienceSources(string tenant)
{
    private readonly Dictionary<string, string> facts = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Aggregate, string Filter), string> measured = [];
    private readonly List<string> groups = [];
    private string? lead;
    private readonly List<string> rows = [];

    /// <summary>How many tables and selections are joined.</summary>
    public int Count => 1 + (measured.Count == 0 ? 0 : 1) + groups.Count + facts.Count + rows.Count;

    /// <summary>Whose rows c are. Whoever was merged into another customer has no facts, and is none of them either way.</summary>
    public string Only => lead is null ? $"c.tenant = {tenant} AND c.merged_into IS NULL" : $"c.tenant = {tenant} AND c.name = {lead}";

    /// <summary>Takes only customers who have a fact: its row is c.</summary>
    /// <param name="name">The parameter of the name.</param>
    public void LeadBy(string name)
    {
        lead = name;
        facts[name] = "c";
    }

    /// <summary>The row of a fact; its columns are null where a customer has none.</summary>
    /// <param name="name">The parameter of the name.</param>
    public string Fact(string name)
    {
        if (!facts.TryGetValue(name, out var row))
        {
            facts[name] = row = Numbered("f", facts.Count);
        }

        return row;
    }

    /// <summary>An aggregate of the events e that pass a filter; null where a customer has no events at all.</summary>
    public string Measured(string aggregate, string filter)
    {
        if (!measured.TryGetValue((aggregate, filter), out var column))
        {
            measured[(aggregate, filter)] = column = Numbered("h.m", measured.Count);
        }

        return column;
    }

    /// <summary>A group of events of each customer that passes a test; its columns are null where a customer has none.</summary>
    public string Group(string from, string where, string having)
    {
        groups.Add($"(SELECT e.bucket, e.customer_id FROM {from} WHERE {where} GROUP BY e.bucket, e.customer_id HAVING {having})");
        return Numbered("g", groups.Count - 1);
    }

    /// <summary>A table or selection of which each customer has at most one row; its alias.</summary>
    /// <param name="of">The table with its alias, and what it is joined on, given the alias.</param>
    public string Row(Func<string, string> of)
    {
        var alias = Numbered("r", rows.Count);
        rows.Add(of(alias));
        return alias;
    }

    /// <summary>The same, by a selection that has bucket and customer_id.</summary>
    public string Selection(string selection) => Row(alias => $"({selection}) {alias} ON {Same(alias)}");

    /// <summary>The joined rows.</summary>
    public string From() => string.Join(
        " LEFT JOIN ",
        (string[])[
            lead is null ? "crm_customer c" : "crm_fact c",
            .. measured.Count == 0 ? (string[])[] : [$"{History()} h ON {Same("h")}"],
            .. groups.Select((group, i) => $"{group} {Numbered("g", i)} ON {Same(Numbered("g", i))}"),
            .. facts.Where(fact => fact.Key != lead).Select(fact => $"crm_fact {fact.Value} ON {fact.Value}.tenant = {tenant} AND {Same(fact.Value)} AND {fact.Value}.name = {fact.Key}"),
            .. rows,
        ]);

    private string History()
    {
        var filters = measured.Keys.Select(column => column.Filter).Distinct(StringComparer.Ordinal).ToList();
        var columns = measured.Select(column => $"{column.Key.Aggregate}{(filters.Count == 1 ? "" : $" FILTER (WHERE {column.Key.Filter})")} AS {column.Value["h.".Length..]}");
        return $"(SELECT e.bucket, e.customer_id, {string.Join(", ", columns)} FROM crm_event e WHERE e.tenant = {tenant} AND ({string.Join(" OR ", filters.Select(filter => $"({filter})"))}) GROUP BY e.bucket, e.customer_id)";
    }

    private static string Same(string row) => $"{row}.bucket = c.bucket AND {row}.customer_id = c.customer_id";

    private static string Numbered(string prefix, int number) => prefix + number.ToString(CultureInfo.InvariantCulture);
}
