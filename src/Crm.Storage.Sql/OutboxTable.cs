using Crm.Values;
using NodaTime;
using static Crm.Storage.Sql.SqlType;

namespace Crm.Storage.Sql;

/// <summary>The outbox.</summary>
internal sealed class OutboxTable(string tenant, BucketRange buckets)
{
    private const int MostRounds = 5;

    // Looks without a lock; what is found may be gone when it is taken.
    private static readonly SqlStatement Free = new(
        """
        SELECT customer_id, id FROM crm_outbox
        WHERE tenant = {0} AND bucket BETWEEN {1} AND {2} AND state = 0 AND not_before <= {3} AND (leased_until IS NULL OR leased_until <= {3})
        ORDER BY not_before, recorded_at, customer_id, version, place LIMIT {4}
        """,
        [Characters, Whole, Whole, Whole, Whole]);

    private static readonly SqlStatement Lease = new(
        """
        WITH v (tenant, bucket, customer_id, id, moment, until) AS (VALUES {rows}),
        free AS (
            SELECT o.tenant AS of_tenant, o.bucket AS of_bucket, o.customer_id AS of_customer, o.id AS of_id, v.moment, v.until
            FROM v JOIN crm_outbox o ON o.tenant = v.tenant AND o.bucket = v.bucket AND o.customer_id = v.customer_id AND o.id = v.id
            WHERE o.state = 0 AND o.not_before <= v.moment AND (o.leased_until IS NULL OR o.leased_until <= v.moment) {skip-locked})
        UPDATE crm_outbox SET leased_until = free.until FROM free
        WHERE crm_outbox.tenant = free.of_tenant AND crm_outbox.bucket = free.of_bucket AND crm_outbox.customer_id = free.of_customer AND crm_outbox.id = free.of_id
        AND crm_outbox.state = 0 AND crm_outbox.not_before <= free.moment AND (crm_outbox.leased_until IS NULL OR crm_outbox.leased_until <= free.moment)
        RETURNING customer_id, id, kind, not_before, attempts, content
        """,
        [Characters, Whole, Bytes, Characters, Whole, Whole])
    {
        MostRows = 32,
        OfOne = new(
            """
            UPDATE crm_outbox SET leased_until = {5}
            WHERE tenant = {0} AND bucket = {1} AND customer_id = {2} AND id = {3} AND state = 0 AND not_before <= {4} AND (leased_until IS NULL OR leased_until <= {4})
            RETURNING customer_id, id, kind, not_before, attempts, content
            """,
            [Characters, Whole, Bytes, Characters, Whole, Whole]),
    };

    private static readonly SqlStatement Release = new(
        """
        UPDATE crm_outbox SET leased_until = NULL, attempts = attempts + {6}, not_before = CASE WHEN not_before > {5} THEN not_before ELSE {5} END
        WHERE tenant = {0} AND bucket = {1} AND customer_id = {2} AND id = {3} AND state = 0 AND leased_until = {4}
        """,
        [Characters, Whole, Bytes, Characters, Whole, Whole, Whole]);

    private static readonly SqlStatement Survivor = new(
        "SELECT merged_into FROM crm_customer WHERE tenant = {0} AND bucket = {1} AND customer_id = {2} AND merged_into IS NOT NULL",
        [Characters, Whole, Bytes]);

    public async ValueTask<IReadOnlyList<OutboxItem>> LeaseAsync(SqlSession session, Instant now, Instant until, int most, CancellationToken cancellationToken)
    {
        // Where another worker took all that was found, there may be more.
        for (var round = 0; round < MostRounds; round++)
        {
            var call = new SqlCall(Free).Add(tenant, buckets.First, buckets.Last, now, most);
            var free = await session.QueryAsync(call, row => (Customer: row.Customer(0), Id: row.Text(1)), cancellationToken).ConfigureAwait(false);
            var lease = new SqlCall(Lease);
            foreach (var (customer, id) in free.OrderBy(item => item.Customer.Bucket).ThenBy(item => item.Customer).ThenBy(item => item.Id, StringComparer.Ordinal))
            {
                lease.Add(tenant, customer.Bucket, customer, id, now, until);
            }

            var leased = free.Count == 0 ? [] : await session.ChangeAsync(lease, Item, cancellationToken).ConfigureAwait(false);
            if (leased.Count > 0 || free.Count == 0)
            {
                var place = free.Index().ToDictionary(item => item.Item, item => item.Index);
                return [.. leased.OrderBy(item => place[(item.Customer, item.Id)])];
            }
        }

        return [];
    }

    public ValueTask<bool> ReleaseAsync(SqlSession session, OutboxItem item, Instant lease, Instant notBefore, bool wasTried, CancellationToken cancellationToken) =>
        ChangeAsync(session, item, owner => new SqlCall(Release) { IsGuard = true }.Add(tenant, owner.Bucket, owner, item.Id, lease, notBefore, wasTried ? 1 : 0), cancellationToken);

    public ValueTask<bool> SettleAsync(SqlSession session, OutboxItem item, CancellationToken cancellationToken) =>
        ChangeAsync(session, item, owner => new SqlCall(CommitStatements.OutboxSettled) { IsGuard = true }.Add(tenant, owner.Bucket, owner, item.Id), cancellationToken);

    // Whoever leased an item knows it by the customer whose it was then, who may have been merged since.
    private async ValueTask<bool> ChangeAsync(SqlSession session, OutboxItem item, Func<CustomerId, SqlCall> change, CancellationToken cancellationToken)
    {
        for (CustomerId? next = item.Customer; next is { } owner;)
        {
            if (await session.ExecuteAsync([change(owner)], cancellationToken).ConfigureAwait(false))
            {
                return true;
            }

            var survivors = await session.QueryAsync(new SqlCall(Survivor).Add(tenant, owner.Bucket, owner), row => row.Customer(0), cancellationToken).ConfigureAwait(false);
            next = survivors.Count == 0 ? null : survivors[0];
        }

        return false;
    }

    private static OutboxItem Item(SqlReader row) =>
        OutboxContent.Read(row.Whole(2), row.Text(1), row.Customer(0), row.Instant(3), (int)row.Whole(4), row.Bytes(5));
}
