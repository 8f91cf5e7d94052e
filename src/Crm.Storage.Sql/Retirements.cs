using Crm.Values;
using static Crm.Storage.Sql.SqlType;

namespace Crm.Storage.Sql;

/// <summary>
/// Hands over what belongs to a customer who is merged into another: identities and the outbox. It comes after the guards of the commits, in their transaction, so nobody claims an identity or leases an item
/// in between.
/// </summary>
internal sealed class Retirements(string tenant)
{
    private static readonly SqlStatement Retired = new(
        "UPDATE crm_customer SET merged_into = {3} WHERE tenant = {0} AND bucket = {1} AND customer_id = {2} AND merged_into IS NULL",
        [Characters, Whole, Bytes, Bytes]);

    private static readonly SqlStatement Joined = new(
        "UPDATE crm_customer SET identities = identities + {3} WHERE tenant = {0} AND bucket = {1} AND customer_id = {2}",
        [Characters, Whole, Bytes, Whole]);

    private static readonly SqlStatement HandedOver = new(
        "UPDATE crm_identity SET customer_bucket = {4}, customer_id = {5}, reference = reference + {6} WHERE tenant = {0} AND bucket = {1} AND kind = {2} AND value = {3}",
        [Characters, Whole, Characters, Characters, Whole, Bytes, Whole]);

    // Whoever settles, leases or rewrites one of them is done then, so that taking them waits for nobody.
    private static readonly SqlStatement OutboxHeld = new("UPDATE crm_outbox SET state = state WHERE tenant = {0} AND bucket = {1} AND customer_id = {2}", [Characters, Whole, Bytes]);

    private static readonly SqlStatement OutboxTaken = new(
        """
        DELETE FROM crm_outbox WHERE tenant = {0} AND bucket = {1} AND customer_id = {2}
        RETURNING id, kind, state, not_before, useful_until, recorded_at, version, place, attempts, leased_until, content
        """,
        [Characters, Whole, Bytes]);

    private static readonly SqlStatement OutboxGiven = new(
        """
        INSERT INTO crm_outbox (tenant, bucket, customer_id, id, kind, state, not_before, useful_until, recorded_at, version, place, attempts, leased_until, content) VALUES {rows}
        """,
        [Characters, Whole, Bytes, Characters, Whole, Whole, Whole, Whole, Whole, Whole, Whole, Whole, Whole, Bytes]);

    /// <summary>Hands over after the commits are written, before their transaction is committed.</summary>
    /// <returns>Whether everybody was still there to be retired.</returns>
    public async ValueTask<bool> WriteAsync(SqlSession session, StoreScan scan, IReadOnlyList<Commit> commits, CancellationToken cancellationToken)
    {
        var retired = new SqlCall(Retired) { IsGuard = true };
        var joined = new SqlCall(Joined) { IsGuard = true };
        var identities = new SqlCall(HandedOver) { IsGuard = true };
        var outbox = new SqlCall(OutboxGiven);
        foreach (var commit in commits)
        {
            if (commit.Retirement is not { } retirement)
            {
                continue;
            }

            var (customer, survivor) = (commit.Customer, retirement.Survivor);
            retired.Add(tenant, customer.Bucket, customer, survivor);
            joined.Add(tenant, survivor.Bucket, survivor, retirement.Joining);
            foreach (var (_, identity) in await scan.IdentitiesAsync(session, [customer], cancellationToken).ConfigureAwait(false))
            {
                identities.Add(tenant, Bucket.Of(identity), identity.Kind, identity.Value, survivor.Bucket, survivor, retirement.Known);
            }

            if (!await session.ExecuteAsync([new SqlCall(OutboxHeld).Add(tenant, customer.Bucket, customer)], cancellationToken).ConfigureAwait(false))
            {
                return false;
            }

            var taken = new SqlCall(OutboxTaken).Add(tenant, customer.Bucket, customer);
            foreach (var item in await session.QueryAsync(taken, Item.Read, cancellationToken).ConfigureAwait(false))
            {
                outbox.Add(
                    tenant, survivor.Bucket, survivor, item.Id, item.Kind, item.State, item.NotBefore, item.UsefulUntil, item.RecordedAt, item.Version, item.Place, item.Attempts, item.LeasedUntil,
                    item.Content is { } content ? content : SqlValue.Null);
            }
        }

        SqlCall[] calls = [retired, joined, identities, outbox];
        return await session.ExecuteAsync([.. calls.Where(call => call.Rows > 0)], cancellationToken).ConfigureAwait(false);
    }

    /// <summary>A row of the outbox.</summary>
    private sealed record Item(string Id, long Kind, long State, long NotBefore, long? UsefulUntil, long RecordedAt, long Version, long Place, long Attempts, long? LeasedUntil, byte[]? Content)
    {
        public static Item Read(SqlReader row) => new(
            row.Text(0), row.Whole(1), row.Whole(2), row.Whole(3), row.WholeOrNull(4), row.Whole(5), row.Whole(6), row.Whole(7), row.Whole(8), row.WholeOrNull(9), row.IsNull(10) ? null : row.Bytes(10));
    }
}
