using Crm.Values;
using NodaTime;
using static Crm.Storage.Sql.SqlType;

namespace Crm.Storage.Sql;

/// <summary>Loads history from a checkpoint on.</summary>
internal sealed class HistoryReader(string tenant, JournalReader journal, bool joinsAcrossBuckets)
{
    private static readonly SqlStatement InstantOfEvent = new(
        """
        SELECT e.effective_at FROM crm_key k
        JOIN crm_event e ON e.tenant = k.tenant AND e.bucket = k.customer_bucket AND e.customer_id = k.customer_id AND e.version = k.version
        WHERE k.tenant = {0} AND k.bucket = {1} AND k.source = {2} AND k.event_key = {3} AND k.customer_id = {4}
        """,
        [Characters, Whole, Characters, Characters, Bytes]);

    private static readonly SqlStatement VersionOfKey = new(
        "SELECT version FROM crm_key WHERE tenant = {0} AND bucket = {1} AND source = {2} AND event_key = {3} AND customer_id = {4}",
        [Characters, Whole, Characters, Characters, Bytes]);

    private static readonly SqlStatement InstantOfVersion = new(
        "SELECT effective_at FROM crm_event WHERE tenant = {0} AND bucket = {1} AND customer_id = {2} AND version = {3}",
        [Characters, Whole, Bytes, Whole]);

    // An opening is the first checkpoint.
    private static readonly SqlStatement First = new(
        "SELECT at, slots, opening FROM crm_checkpoint WHERE tenant = {0} AND bucket = {1} AND customer_id = {2} AND opening IS NOT NULL ORDER BY at LIMIT 1",
        [Characters, Whole, Bytes]);

    private static readonly SqlStatement LastBefore = new(
        "SELECT at, slots FROM crm_checkpoint WHERE tenant = {0} AND bucket = {1} AND customer_id = {2} AND at < {3} ORDER BY at DESC LIMIT 1",
        [Characters, Whole, Bytes, Whole]);

    public async ValueTask<CustomerHistory> LoadAsync(SqlSession session, CustomerId customer, HistoryStart start, CancellationToken cancellationToken)
    {
        var before = await InstantAsync(session, customer, start, cancellationToken).ConfigureAwait(false);
        var checkpoint = before is { } instant
            ? (await session.QueryAsync(new SqlCall(LastBefore).Add(tenant, customer.Bucket, customer, instant), Checkpoint, cancellationToken).ConfigureAwait(false)).SingleOrDefault()
            : null;

        // Read after the entries: whatever is disposed of meanwhile, in whole or in part, is then left out.
        var openings = new List<JournalOpening>();
        var opening = SqlQuery.Into(new SqlCall(First).Add(tenant, customer.Bucket, customer), openings, row => Binary.ReadOpening(row.Bytes(2), Checkpoint(row)));
        var entries = (await journal.ReadAsync(session, [customer], 0, checkpoint?.At.ToUnixTimeTicks() ?? long.MinValue, cancellationToken, opening).ConfigureAwait(false))[customer];
        return History(before, checkpoint, openings.SingleOrDefault(), entries);
    }

    private static CustomerHistory History(Instant? before, Checkpoint? checkpoint, JournalOpening? opening, IEnumerable<JournalEntry> entries)
    {
        if (opening is { } first)
        {
            entries = entries.Where(entry => entry.EffectiveAt > first.At);
            checkpoint = checkpoint?.At >= first.At ? checkpoint : first.At < before ? first.State : null;
        }

        return new CustomerHistory(checkpoint, entries.OrderBy(entry => entry.EffectiveAt).ThenBy(entry => entry.RecordedAt).ThenBy(entry => entry.Event.Key).ToSequence()) { Opening = opening };
    }

    private async ValueTask<Instant?> InstantAsync(SqlSession session, CustomerId customer, HistoryStart start, CancellationToken cancellationToken)
    {
        switch (start)
        {
            case HistoryStart.Before before:
                return before.Instant;
            case HistoryStart.BeforeEvent { Key: var key }:
                if (joinsAcrossBuckets)
                {
                    var call = new SqlCall(InstantOfEvent).Add(tenant, Bucket.Of(key), key.Source, key.Value, customer);
                    return (await session.QueryAsync(call, row => row.InstantOrNull(0), cancellationToken).ConfigureAwait(false)).SingleOrDefault();
                }

                var versions = await session.QueryAsync(new SqlCall(VersionOfKey).Add(tenant, Bucket.Of(key), key.Source, key.Value, customer), row => row.Whole(0), cancellationToken).ConfigureAwait(false);
                return versions is [var version]
                    ? (await session.QueryAsync(new SqlCall(InstantOfVersion).Add(tenant, customer.Bucket, customer, version), row => row.InstantOrNull(0), cancellationToken).ConfigureAwait(false)).SingleOrDefault()
                    : null;
            default:
                return null;
        }
    }

    private static Checkpoint Checkpoint(SqlReader row) => new(row.Instant(0), CheckpointBytes.Read(row.Bytes(1)));
}
