using Crm.Values;
using NodaTime;
using static Crm.Storage.Sql.SqlType;

namespace Crm.Storage.Sql;

/// <summary>The outbox.</summary>
internal sealed class OutboxTable(string tenant)
{
    private static readonly SqlStatement Free = new(
        """
        SELECT customer_id, id, kind, not_before, attempts, content FROM crm_outbox
        WHERE tenant = {0} AND state = 0 AND not_before <= {1} AND (leased_until IS NULL OR leased_until <= {1})
        ORDER BY not_before, recorded_at, customer_id, version, place LIMIT {2} {skip-locked}
        """,
        [Characters, Whole, Whole]);

    private static readonly SqlStatement Lease = new(
        """
        WITH v (tenant, bucket, customer_id, id, until) AS (VALUES {rows})
        UPDATE crm_outbox SET leased_until = v.until FROM v
        WHERE crm_outbox.tenant = v.tenant AND crm_outbox.bucket = v.bucket AND crm_outbox.customer_id = v.customer_id AND crm_outbox.id = v.id
        """,
        [Characters, Whole, Bytes, Characters, Whole]);

    private static readonly SqlStatement Release = new(
        "UPDATE crm_outbox SET leased_until = NULL, attempts = attempts + 1, not_before = {2} WHERE tenant = {0} AND id = {1} AND state = 0",
        [Characters, Characters, Whole]);

    private static readonly SqlStatement Settle = new(
        "UPDATE crm_outbox SET state = 1, content = NULL, leased_until = NULL WHERE tenant = {0} AND id = {1}",
        [Characters, Characters]);

    public async ValueTask<IReadOnlyList<OutboxItem>> LeaseAsync(SqlSession session, Instant now, Instant until, int most, CancellationToken cancellationToken)
    {
        await session.BeginAsync(cancellationToken).ConfigureAwait(false);
        var items = await session.QueryAsync(new SqlCall(Free).Add(tenant, now, most), Item, cancellationToken).ConfigureAwait(false);
        var lease = new SqlCall(Lease);
        foreach (var item in items)
        {
            lease.Add(tenant, item.Customer.Bucket, item.Customer, item.Id, until);
        }

        await session.ExecuteAsync(items.Count == 0 ? [] : [lease], cancellationToken).ConfigureAwait(false);
        await session.CommitAsync().ConfigureAwait(false);
        return items;
    }

    public ValueTask<bool> ReleaseAsync(SqlSession session, string id, Instant notBefore, CancellationToken cancellationToken) =>
        session.ExecuteAsync([new SqlCall(Release).Add(tenant, id, notBefore)], cancellationToken);

    public ValueTask<bool> SettleAsync(SqlSession session, string id, CancellationToken cancellationToken) =>
        session.ExecuteAsync([new SqlCall(Settle).Add(tenant, id)], cancellationToken);

    private static OutboxItem Item(SqlReader row) =>
        OutboxContent.Read(row.Whole(2), row.Text(1), row.Customer(0), row.Instant(3), (int)row.Whole(4), row.Bytes(5));
}
