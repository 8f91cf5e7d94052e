using Crm.Values;
using NodaTime;
using static Crm.Storage.Sql.SqlType;

namespace Crm.Storage.Sql;

/// <summary>When customers are due, one row each.</summary>
internal sealed class WakeupTable(string tenant)
{
    private static readonly SqlStatement Free = new(
        """
        SELECT customer_id FROM crm_wakeup
        WHERE tenant = {0} AND due_at <= {1} AND (leased_until IS NULL OR leased_until <= {2})
        ORDER BY due_at, customer_id LIMIT {3} {skip-locked}
        """,
        [Characters, Whole, Whole, Whole]);

    private static readonly SqlStatement Lease = new(
        """
        WITH v (tenant, bucket, customer_id, until) AS (VALUES {rows})
        UPDATE crm_wakeup SET leased_until = v.until FROM v
        WHERE crm_wakeup.tenant = v.tenant AND crm_wakeup.bucket = v.bucket AND crm_wakeup.customer_id = v.customer_id
        """,
        [Characters, Whole, Bytes, Whole]);

    public async ValueTask<IReadOnlyList<CustomerId>> LeaseAsync(SqlSession session, Instant due, Instant now, Instant until, int most, CancellationToken cancellationToken)
    {
        await session.BeginAsync(cancellationToken).ConfigureAwait(false);
        var customers = await session.QueryAsync(new SqlCall(Free).Add(tenant, due, now, most), row => row.Customer(0), cancellationToken).ConfigureAwait(false);
        var lease = new SqlCall(Lease);
        foreach (var customer in customers)
        {
            lease.Add(tenant, customer.Bucket, customer, until);
        }

        await session.ExecuteAsync(customers.Count == 0 ? [] : [lease], cancellationToken).ConfigureAwait(false);
        await session.CommitAsync().ConfigureAwait(false);
        return customers;
    }
}
