using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using Crm.Storage.Sql;

namespace Crm.Storage.Tests;

/// <summary>
/// Reads the SQL that a store sends, and throws at a statement that does not name tenant and bucket of every row of a customer that it reads, writes or leases. Only reports may read everything.
/// All stores of the law tests are opened with it.
/// </summary>
internal static partial class StatementRules
{
    private static readonly ConcurrentDictionary<string, string?> Faults = new(StringComparer.Ordinal);

    // What reports read of all customers of a tenant; no customer's event or lease waits for it.
    private static readonly string[] Reports =
    [
        "SELECT customer_id FROM crm_customer WHERE tenant =",
        "SELECT c.customer_id FROM crm_customer c WHERE c.tenant =",
        "SELECT customer_id, version FROM crm_customer WHERE tenant",
        "SELECT hex(customer_id) || '/' || version || '/' || line",
        "SELECT DISTINCT customer_id FROM crm_ledger WHERE",
        "SELECT s.system_identifier::text",
        "SELECT t.customer_id, t.kind, t.value FROM v CROSS JOIN crm_identity t",
        "SELECT c.customer_id, 0 AS undecided",
    ];

    /// <summary>For databases that are one machine.</summary>
    public static void Check(string sql) => Check(sql, Faults.GetOrAdd(sql, FaultOf));

    /// <summary>For databases that are several: they lock no rows that may be on different machines, and join none of different buckets.</summary>
    public static void CheckDistributed(string sql) => Check(sql, Faults.GetOrAdd(sql, FaultOf) ?? DistributedFaultOf(Plain(sql)));

    /// <summary>What is wrong with a statement; null when nothing is.</summary>
    public static string? FaultOf(string sql)
    {
        var plain = Plain(sql);
        if (Definition().IsMatch(plain) || Reports.Any(report => plain.Contains(report, StringComparison.Ordinal)))
        {
            return null;
        }

        foreach (Match insert in Insert().Matches(plain))
        {
            if (HasBucket(insert) && !insert.Groups["columns"].Value.StartsWith("tenant, bucket,", StringComparison.Ordinal))
            {
                return $"it writes {insert.Groups["table"].Value} without tenant and bucket";
            }
        }

        foreach (Match use in Use().Matches(plain).Where(IsOfTenants))
        {
            var table = use.Groups["table"].Value;
            var name = use.Groups["alias"] is { Success: true } alias ? alias.Value : table;
            var (rest, own) = (plain[use.Index..], OwnPart(plain[use.Index..]));
            if (!IsNamed(rest, own, name, "tenant") || (HasBucket(use) && !IsNamed(rest, own, name, "bucket")))
            {
                return $"it uses {table} without tenant and bucket";
            }
        }

        return null;
    }

    public static string? DistributedFaultOf(string plain) =>
        plain.Contains("FOR UPDATE", StringComparison.Ordinal) ? "it locks rows that may be on several machines"
        : plain.Contains("bucket = k.customer_bucket", StringComparison.Ordinal) || plain.Contains("i.customer_bucket, i.customer_id, i.reference FROM v JOIN", StringComparison.Ordinal) ? "it joins rows of different buckets"
        : null;

    private static void Check(string sql, string? fault)
    {
        if (fault is not null)
        {
            throw new InvalidOperationException($"A statement breaks the rules: {fault}: {sql}");
        }
    }

    private static bool HasBucket(Match use) => SqlSchema.TablesByBucket.Contains(use.Groups["table"].Value);

    // Supplies and documents are of a tenant and of no customer.
    private static bool IsOfTenants(Match use) => SqlSchema.Tables.Contains(use.Groups["table"].Value) && use.Groups["table"].Value != "crm_schema";

    // Compared with something, by itself or in a list; without the name of the table only in the question that uses it.
    private static bool IsNamed(string sql, string own, string name, string column) =>
        Regex.IsMatch(own, $@"(?<![\w.]){column} (=|BETWEEN|IN)")
        || Regex.IsMatch(own, @"\(tenant, bucket[^()]*\) IN")
        || Regex.IsMatch(sql, $@"(?<![\w.]){name}\.{column} (=|BETWEEN|IN)")
        || Regex.IsMatch(sql, $@"= {name}\.{column}\b")
        || Regex.IsMatch(sql, $@"\({name}\.tenant, {name}\.bucket[^()]*\) IN");

    /// <summary>The rest of the question that a text begins in, without the questions within it and beside it.</summary>
    private static string OwnPart(string sql)
    {
        var own = new System.Text.StringBuilder();
        var (depth, question) = (0, 0);
        for (var i = 0; i < sql.Length && depth >= 0 && (depth > 0 || string.CompareOrdinal(sql, i, " UNION ", 0, 7) != 0); i++)
        {
            depth += sql[i] == '(' ? 1 : sql[i] == ')' ? -1 : 0;
            if (question == 0 && sql[i] == '(' && Question().IsMatch(sql, i + 1))
            {
                question = depth;
            }

            question = depth < question ? 0 : question;
            own.Append(question == 0 ? sql[i] : ' ');
        }

        return own.ToString();
    }

    private static string Plain(string sql) => Blank().Replace(Schema().Replace(sql, ""), " ");

    [GeneratedRegex(@"\bINSERT INTO (?<table>crm_\w+) \((?<columns>[^)]*)\)")]
    private static partial Regex Insert();

    [GeneratedRegex(@"\b(FROM|JOIN|UPDATE)( ONLY)? (?<table>crm_\w+)(?: (?:AS )?(?<alias>(?!WHERE\b|SET\b|ON\b|JOIN\b|LEFT\b|ORDER\b|FROM\b)\w+))?")]
    private static partial Regex Use();

    [GeneratedRegex(@"^(CREATE|ALTER|BEGIN|COMMIT|ROLLBACK|PRAGMA|SELECT pg_catalog\.pg_advisory)\b")]
    private static partial Regex Definition();

    [GeneratedRegex(@"\G(SELECT|WITH|VALUES)\b")]
    private static partial Regex Question();

    [GeneratedRegex("\"[A-Za-z0-9_]+\"\\.")]
    private static partial Regex Schema();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blank();
}
