using Crm.Values;
using NodaTime;
using static Crm.Storage.Sql.SqlType;

namespace Crm.Storage.Sql;

/// <summary>When customers are due, one row each.</summary>
internal sealed class WakeupTable(string tenant, BucketRange buckets)
{
    private const int MostRounds = 5;

    // Looks without a lock; what is found may be gone when it is taken.
    private static readonly SqlStatement Free = new(
        """
        SELECT customer_id FROM crm_wakeup
        WHERE tenant = {0} AND bucket BETWEEN {1} AND {2} AND due_at <= {3} AND (leased_until IS NULL OR leased_until <= {4})
        ORDER BY due_at, customer_id LIMIT {5}
        """,
        [Characters, Whole, Whole, Whole, Whole, Whole]);

    private static readonly SqlStatement Lease = new(
        """
        WITH v (tenant, bucket, customer_id, due, moment, until) AS (VALUES {rows}),
        free AS (
            SELECT w.tenant AS of_tenant, w.bucket AS of_bucket, w.customer_id AS of_customer, v.due, v.moment, v.until
            FROM v JOIN crm_wakeup w ON w.tenant = v.tenant AND w.bucket = v.bucket AND w.customer_id = v.customer_id
            WHERE w.due_at <= v.due AND (w.leased_until IS NULL OR w.leased_until <= v.moment) {skip-locked})
        UPDATE crm_wakeup SET leased_until = free.until FROM free
        WHERE crm_wakeup.tenant = free.of_tenant AND crm_wakeup.bucket = free.of_bucket AND crm_wakeup.customer_id = free.of_customer
        AND crm_wakeup.due_at <= free.due AND (crm_wakeup.leased_until IS NULL OR crm_wakeup.leased_until <= free.moment)
        RETURNING customer_id
        """,
        [Characters, Whole, Bytes, Whole, Whole, Whole])
    {
        MostRows = 32,
        OfOne = new(
            """
            UPDATE crm_wakeup SET leased_until = {5}
            WHERE tenant = {0} AND bucket = {1} AND customer_id = {2} AND due_at <= {3} AND (leased_until IS NULL OR leased_until <= {4})
            RETURNING customer_id
            """,
            [Characters, Whole, Bytes, Whole, Whole, Whole]),
    };

    public async ValueTask<IReadOnlyList<CustomerId>> LeaseAsync(SqlSession session, Instant due, Instant now, Instant until, int most, CancellationToken cancellationToken)
    {
        // Where another worker took all that was found, there may be more.
        for (var round = 0; round < MostRounds; round++)
        {
            var call = new SqlCall(Free).Add(tenant, buckets.First, buckets.Last, due, now, most);
            var free = await session.QueryAsync(call, row => row.Customer(0), cancellationToken).ConfigureAwait(false);
            var lease = new SqlCall(Lease);
            foreach (var customer in free.OrderBy(customer => customer.Bucket).ThenBy(customer => customer))
            {
                lease.Add(tenant, customer.Bucket, customer, due, now, until);
            }

            var leased = free.Count == 0 ? [] : (await session.ChangeAsync(lease, row => row.Customer(0), cancellationToken).ConfigureAwait(false)).ToHashSet();
            if (leased.Count > 0 || free.Count == 0)
            {
                return [.. free.Where(leased.Contains)];
            }
        }

        return [];
    }
}
