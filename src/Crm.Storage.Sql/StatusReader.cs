using NodaTime;
using static Crm.Storage.Sql.SqlType;

namespace Crm.Storage.Sql;

/// <summary>Counts what waits. Each question reads the rows that it counts and no others.</summary>
internal sealed class StatusReader(string tenant, BucketRange buckets)
{
    private static readonly SqlStatement Outbox = new(
        "SELECT COUNT(*), MIN(not_before) FROM crm_outbox WHERE tenant = {0} AND bucket BETWEEN {1} AND {2} AND state = 0 AND not_before <= {3}",
        [Characters, Whole, Whole, Whole]);

    private static readonly SqlStatement Timers = new(
        "SELECT COUNT(*), MIN(due_at) FROM crm_wakeup WHERE tenant = {0} AND bucket BETWEEN {1} AND {2} AND due_at <= {3}",
        [Characters, Whole, Whole, Whole]);

    // Whose fact has lapsed is due: the lapse is on the agenda.
    private static readonly SqlStatement Facts = new(
        """
        SELECT COUNT(*) FROM crm_wakeup w JOIN crm_fact f ON f.tenant = w.tenant AND f.bucket = w.bucket AND f.customer_id = w.customer_id
        WHERE w.tenant = {0} AND w.bucket BETWEEN {1} AND {2} AND w.due_at <= {3} AND f.valid_until <= {3}
        """,
        [Characters, Whole, Whole, Whole]);

    // What has left keeps its place; what was withdrawn is as if it had never been there.
    private static readonly SqlStatement Deferred = new(
        "SELECT COUNT(*) FROM crm_outbox WHERE tenant = {0} AND bucket BETWEEN {1} AND {2} AND kind = {4} AND state <> 2 AND recorded_at <= {3} AND not_before > {3}",
        [Characters, Whole, Whole, Whole, Whole]);

    public async ValueTask<long> DeferredAsync(SqlSession session, Instant at, CancellationToken cancellationToken) =>
        (await session.QueryAsync(new SqlCall(Deferred).Add(tenant, buckets.First, buckets.Last, at, OutboxContent.OfMessage), row => row.Whole(0), cancellationToken).ConfigureAwait(false))[0];

    public async ValueTask<StoreStatus> ReadAsync(SqlSession session, Instant now, CancellationToken cancellationToken)
    {
        var (depth, since) = await CountAsync(session, Outbox, now, cancellationToken).ConfigureAwait(false);
        var (due, dueSince) = await CountAsync(session, Timers, now, cancellationToken).ConfigureAwait(false);
        var stale = await session.QueryAsync(Call(Facts, now), row => row.Whole(0), cancellationToken).ConfigureAwait(false);
        return new StoreStatus { OutboxDepth = depth, OutboxSince = since, TimersDue = due, TimersSince = dueSince, StaleFacts = stale[0] };
    }

    private async ValueTask<(long Count, Instant? Since)> CountAsync(SqlSession session, SqlStatement statement, Instant now, CancellationToken cancellationToken) =>
        (await session.QueryAsync(Call(statement, now), row => (row.Whole(0), row.InstantOrNull(1)), cancellationToken).ConfigureAwait(false))[0];

    private SqlCall Call(SqlStatement statement, Instant now) => new SqlCall(statement).Add(tenant, buckets.First, buckets.Last, now);
}
