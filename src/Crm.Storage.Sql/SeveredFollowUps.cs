using Crm.Values;
using static Crm.Storage.Sql.SqlType;

namespace Crm.Storage.Sql;

/// <summary>Takes identities that a commit severs out of the follow-ups that wait, whoever they come from. Severing is rare, and few follow-ups wait, so all of them are read.</summary>
internal sealed class SeveredFollowUps(string tenant)
{
    private static readonly SqlStatement Own = new(
        """
        WITH v (tenant, bucket, kind, value, customer_bucket, customer_id) AS (VALUES {rows})
        SELECT i.kind, i.value
        FROM v CROSS JOIN crm_identity i WHERE i.tenant = v.tenant AND i.bucket = v.bucket AND i.kind = v.kind AND i.value = v.value AND i.customer_bucket = v.customer_bucket AND i.customer_id = v.customer_id
        """,
        [Characters, Whole, Characters, Characters, Whole, Bytes]);

    // In one order, in which they are rewritten: who rewrites rows of many at once does not wait for another such in a circle.
    private static readonly SqlStatement Waiting = new(
        "SELECT customer_id, id, kind, not_before, attempts, content FROM crm_outbox WHERE tenant = {0} AND bucket BETWEEN {1} AND {2} AND state = 0 AND kind = {3} ORDER BY bucket, customer_id, id",
        [Characters, Whole, Whole, Whole]);

    private static readonly SqlStatement Rewrite = new(
        "UPDATE crm_outbox SET content = {4} WHERE tenant = {0} AND bucket = {1} AND customer_id = {2} AND id = {3} AND state = 0 AND content = {5}",
        [Characters, Whole, Bytes, Characters, Bytes, Bytes]);

    /// <summary>
    /// What is to be written with commits; nothing where none of them severs an identity of its customer. It guards what it was read from: an item that has left or was replaced meanwhile is to be read again.
    /// </summary>
    public async ValueTask<IReadOnlyList<SqlCall>> ReadAsync(SqlSession session, IReadOnlyList<Commit> commits, CancellationToken cancellationToken)
    {
        var rewrite = new SqlCall(Rewrite) { IsGuard = true };
        foreach (var commit in commits.Where(commit => !commit.Severed.IsEmpty))
        {
            var own = await OwnAsync(session, commit, cancellationToken).ConfigureAwait(false);
            var waiting = own.Count == 0 ? [] : await WaitingAsync(session, cancellationToken).ConfigureAwait(false);
            foreach (var (item, content) in waiting)
            {
                if ((item as OutboxItem.OfFollowUp)?.Without(commit.Customer, own) is { } without)
                {
                    rewrite.Add(tenant, item.Customer.Bucket, item.Customer, item.Id, OutboxContent.Write(without), content);
                }
            }
        }

        return rewrite.Rows == 0 ? [] : [rewrite];
    }

    private async ValueTask<List<Identity>> OwnAsync(SqlSession session, Commit commit, CancellationToken cancellationToken)
    {
        var call = new SqlCall(Own);
        foreach (var identity in commit.Severed)
        {
            call.Add(tenant, Bucket.Of(identity), identity.Kind, identity.Value, commit.Customer.Bucket, commit.Customer);
        }

        return await session.QueryAsync(call, row => new Identity(row.Text(0), row.Text(1)), cancellationToken).ConfigureAwait(false);
    }

    private ValueTask<List<(OutboxItem Item, byte[] Content)>> WaitingAsync(SqlSession session, CancellationToken cancellationToken) => session.QueryAsync(
        new SqlCall(Waiting).Add(tenant, BucketRange.All.First, BucketRange.All.Last, OutboxContent.OfFollowUp),
        row => (OutboxContent.Read(row.Whole(2), row.Text(1), row.Customer(0), row.Instant(3), (int)row.Whole(4), row.Bytes(5)), row.Bytes(5)),
        cancellationToken);
}
