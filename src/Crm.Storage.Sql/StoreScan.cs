using Crm.Definitions;
using Crm.Events;
using Crm.Ledger;
using Crm.Modules;
using Crm.Values;
using static Crm.Storage.Sql.SqlType;

namespace Crm.Storage.Sql;

/// <summary>What reports read of many customers at a time.</summary>
internal sealed class StoreScan(string tenant)
{
    private const int CustomersAtOnce = 256;

    private static readonly SqlStatement All = new(
        "SELECT customer_id FROM crm_customer WHERE tenant = {0} AND (bucket, customer_id) > ({1}, {2}) ORDER BY bucket, customer_id LIMIT {3}",
        [Characters, Whole, Bytes, Whole]);

    // A subquery that is no join is answered by the key whatever the database knows of its tables.
    private static readonly SqlStatement WithEntries = new(
        """
        SELECT c.customer_id FROM crm_customer c
        WHERE c.tenant = {0} AND (c.bucket, c.customer_id) > ({1}, {2}) AND c.merged_into IS NULL
            AND ((SELECT MIN(e.version) FROM crm_event e WHERE e.tenant = c.tenant AND e.bucket = c.bucket AND e.customer_id = c.customer_id) IS NOT NULL
                OR (SELECT MIN(o.at) FROM crm_checkpoint o WHERE o.tenant = c.tenant AND o.bucket = c.bucket AND o.customer_id = c.customer_id AND o.opening IS NOT NULL) IS NOT NULL)
        ORDER BY c.bucket, c.customer_id LIMIT {3}
        """,
        [Characters, Whole, Bytes, Whole]);

    private const string LedgerColumns = "program, t.unit, t.lot, t.amount, t.movement, t.cause_source, t.cause_key, t.occurred_at, t.rule, t.code, t.definition, t.corrects_source, t.corrects_key";

    private static readonly SqlStatement Ledger = OfCustomers(LedgerColumns, "crm_ledger", "bucket", "version, t.line");

    private static readonly SqlStatement NextLedger = new(
        $$"""
        SELECT t.customer_id, t.{{LedgerColumns}}, t.version, t.line
        FROM crm_ledger t
        WHERE t.tenant = {0} AND +t.bucket BETWEEN {1} AND {5} AND (t.bucket, t.customer_id, t.version, t.line) > ({1}, {2}, {3}, {4})
        ORDER BY t.bucket, t.customer_id, t.version, t.line LIMIT {6}
        """,
        [Characters, Whole, Bytes, Whole, Whole, Whole, Whole]);

    private static readonly SqlStatement Versions = new(
        "SELECT customer_id, version FROM crm_customer WHERE tenant = {0} AND (bucket, customer_id) > ({1}, {2}) ORDER BY bucket, customer_id LIMIT {3}",
        [Characters, Whole, Bytes, Whole]);

    // SQLite takes the tables of a CROSS JOIN in the order in which they stand. Of any other join with hundreds of rows it may read the whole table beside them.
    private static readonly SqlStatement LedgerAfter = new(
        """
        WITH v (tenant, bucket, customer_id, version) AS (VALUES {rows})
        SELECT t.customer_id, t.program, t.unit, t.lot, t.amount, t.movement, t.cause_source, t.cause_key, t.occurred_at, t.rule, t.code, t.definition, t.corrects_source, t.corrects_key, t.version
        FROM v CROSS JOIN crm_ledger t WHERE t.tenant = v.tenant AND t.bucket = v.bucket AND t.customer_id = v.customer_id AND t.version > v.version
        ORDER BY t.bucket, t.customer_id, t.version, t.line
        """,
        [Characters, Whole, Bytes, Whole]);

    private static readonly SqlStatement Identities = OfCustomers("kind, t.value", "crm_identity", "customer_bucket", "reference");

    private static readonly SqlStatement Facts = OfCustomers("name, t.kind, t.content, t.valid_until", "crm_fact", "bucket", "name");

    /// <summary>The next customers, by bucket and id; none at the end.</summary>
    /// <param name="session">A connection.</param>
    /// <param name="last">The last customer of those read before; null to begin.</param>
    /// <param name="withEntries">Whether customers without a journal entry are passed over.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public ValueTask<List<CustomerId>> CustomersAsync(SqlSession session, CustomerId? last, bool withEntries, CancellationToken cancellationToken)
    {
        var call = new SqlCall(withEntries ? WithEntries : All);
        call.Add(tenant, last?.Bucket ?? -1, last is { } known ? known : Array.Empty<byte>(), CustomersAtOnce);
        return session.QueryAsync(call, row => row.Customer(0), cancellationToken);
    }

    public ValueTask<List<(CustomerId Customer, LedgerEntry Entry)>> LedgerAsync(SqlSession session, IEnumerable<CustomerId> customers, CancellationToken cancellationToken) =>
        session.QueryAsync(Call(Ledger, customers), row => (row.Customer(0), Entry(row)), cancellationToken);

    /// <summary>The next rows of the ledger of all customers after a place: so many at a time, whoever they belong to.</summary>
    /// <param name="session">A connection.</param>
    /// <param name="after">The entry whose rows the last one belongs to.</param>
    /// <param name="line">The last one's place in it.</param>
    /// <param name="most">How many; fewer come at the end.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public ValueTask<List<(CustomerId Customer, LedgerEntry Entry, long Version, long Line)>> NextLedgerAsync(SqlSession session, EntryPlace after, long line, int most, CancellationToken cancellationToken)
    {
        var call = new SqlCall(NextLedger).Add(tenant, after.Bucket, after.Customer, after.Version, line, CustomerId.BucketCount, most);
        return session.QueryAsync(call, row => (row.Customer(0), Entry(row), row.Whole(14), row.Whole(15)), cancellationToken);
    }

    public ValueTask<List<CustomerVersion>> VersionsAsync(SqlSession session, CustomerId? last, int most, CancellationToken cancellationToken)
    {
        var call = new SqlCall(Versions).Add(tenant, last?.Bucket ?? -1, last is { } known ? known : Array.Empty<byte>(), most);
        return session.QueryAsync(call, row => new CustomerVersion(row.Customer(0), row.Whole(1)), cancellationToken);
    }

    public async ValueTask<IReadOnlyList<LedgerLine>> LedgerAfterAsync(SqlSession session, IEnumerable<CustomerVersion> after, CancellationToken cancellationToken)
    {
        var call = new SqlCall(LedgerAfter);
        foreach (var (customer, version) in after)
        {
            call.Add(tenant, customer.Bucket, customer, version);
        }

        return await session.QueryAsync(call, row => new LedgerLine(row.Customer(0), row.Whole(14), Entry(row)), cancellationToken).ConfigureAwait(false);
    }

    public ValueTask<List<(CustomerId Customer, Identity Identity)>> IdentitiesAsync(SqlSession session, IEnumerable<CustomerId> customers, CancellationToken cancellationToken) =>
        session.QueryAsync(Call(Identities, customers), row => (row.Customer(0), new Identity(row.Text(1), row.Text(2))), cancellationToken);

    public ValueTask<List<(CustomerId Customer, Fact Fact)>> FactsAsync(SqlSession session, IEnumerable<CustomerId> customers, CancellationToken cancellationToken) =>
        session.QueryAsync(Call(Facts, customers), row => (row.Customer(0), new Fact(row.Text(1), FactValue.Read((ScalarKind)row.Whole(2), row.Text(3)), row.InstantOrNull(4))), cancellationToken);

    private static SqlStatement OfCustomers(string columns, string table, string bucket, string order) => new(
        $$"""
        WITH v (tenant, bucket, customer_id) AS (VALUES {rows})
        SELECT t.customer_id, t.{{columns}}
        FROM v CROSS JOIN {{table}} t WHERE t.tenant = v.tenant AND t.{{bucket}} = v.bucket AND t.customer_id = v.customer_id
        ORDER BY t.{{bucket}}, t.customer_id, t.{{order}}
        """,
        [Characters, Whole, Bytes]);

    private SqlCall Call(SqlStatement statement, IEnumerable<CustomerId> customers)
    {
        var call = new SqlCall(statement);
        foreach (var customer in customers)
        {
            call.Add(tenant, customer.Bucket, customer);
        }

        return call;
    }

    private static LedgerEntry Entry(SqlReader row) => new()
    {
        Program = row.Text(1),
        Unit = row.Text(2),
        Lot = row.Text(3),
        Amount = row.Whole(4),
        Movement = (Movement)row.Whole(5),
        Cause = new EventKey(row.Text(6), row.Text(7)),
        OccurredAt = row.Instant(8),
        Rule = row.TextOrNull(9),
        Code = row.TextOrNull(10),
        Definition = row.IsNull(11) ? null : new DefinitionHash(row.Bits(11)),
        Corrects = row.IsNull(12) ? null : new EventKey(row.Text(12), row.Text(13)),
    };
}
