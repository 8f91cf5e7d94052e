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

    private static readonly Beginning AtInstant = new("SELECT {3}", [Characters, Whole, Bytes, Whole]);

    private static readonly Beginning AtEvent = new(
        """
        SELECT e.effective_at FROM crm_key k
        JOIN crm_event e ON e.tenant = k.tenant AND e.bucket = k.customer_bucket AND e.customer_id = k.customer_id AND e.version = k.version
        WHERE k.tenant = {0} AND k.bucket = {3} AND k.source = {4} AND k.event_key = {5} AND k.customer_id = {2}
        """,
        [Characters, Whole, Bytes, Whole, Characters, Characters]);

    public async ValueTask<CustomerHistory> LoadAsync(SqlSession session, CustomerId customer, HistoryStart start, CancellationToken cancellationToken)
    {
        switch (start)
        {
            case HistoryStart.Before before:
                return await BeforeAsync(session, customer, before.Instant, cancellationToken).ConfigureAwait(false);
            case HistoryStart.BeforeEvent { Key: var key } when joinsAcrossBuckets:
                var instants = new List<Instant?>();
                var instant = SqlQuery.Into(new SqlCall(InstantOfEvent).Add(tenant, Bucket.Of(key), key.Source, key.Value, customer), instants, row => row.InstantOrNull(0));
                return await FromAsync(session, customer, AtEvent, [tenant, customer.Bucket, customer, Bucket.Of(key), key.Source, key.Value], [instant], () => instants.SingleOrDefault(), cancellationToken).ConfigureAwait(false);
            case HistoryStart.BeforeEvent { Key: var key } when await InstantAsync(session, customer, key, cancellationToken).ConfigureAwait(false) is { } at:
                return await BeforeAsync(session, customer, at, cancellationToken).ConfigureAwait(false);
            default:
                return await AfterAsync(session, customer, null, null, cancellationToken).ConfigureAwait(false);
        }
    }

    private ValueTask<CustomerHistory> BeforeAsync(SqlSession session, CustomerId customer, Instant instant, CancellationToken cancellationToken) =>
        FromAsync(session, customer, AtInstant, [tenant, customer.Bucket, customer, instant], [], () => instant, cancellationToken);

    /// <summary>From the last checkpoint before an instant that the database finds, in one round trip.</summary>
    private async ValueTask<CustomerHistory> FromAsync(SqlSession session, CustomerId customer, Beginning beginning, SqlValue[] values, SqlQuery[] first, Func<Instant?> before, CancellationToken cancellationToken)
    {
        var checkpoints = new List<Checkpoint>();
        var openings = new List<JournalOpening>();
        var last = SqlQuery.Into(new SqlCall(beginning.Checkpoint).Add(values), checkpoints, Checkpoint);
        var ends = new List<long>();
        var end = SqlQuery.Into(new SqlCall(beginning.At).Add(values), ends, row => row.Whole(0));
        var (entries, after) = await JournalReader.ReadAsync(session, [.. first, last], new SqlCall(beginning.Events).Add(values), new SqlCall(beginning.Lines).Add(values), [end, Opening(customer, openings)], cancellationToken).ConfigureAwait(false);
        var checkpoint = checkpoints.SingleOrDefault();
        // Each question sees what is committed by then. Where a checkpoint came or went in between, the entries after the one at hand are read once more.
        return after.Concat(ends).All(at => at == Ticks(checkpoint))
            ? History(before(), checkpoint, openings.SingleOrDefault(), entries)
            : await AfterAsync(session, customer, before(), checkpoint, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<CustomerHistory> AfterAsync(SqlSession session, CustomerId customer, Instant? before, Checkpoint? checkpoint, CancellationToken cancellationToken)
    {
        var openings = new List<JournalOpening>();
        var entries = (await journal.ReadAsync(session, [customer], 0, Ticks(checkpoint), cancellationToken, Opening(customer, openings)).ConfigureAwait(false))[customer];
        return History(before, checkpoint, openings.SingleOrDefault(), entries);
    }

    // Read after the entries: whatever is disposed of meanwhile, in whole or in part, is then left out.
    private SqlQuery Opening(CustomerId customer, List<JournalOpening> openings) =>
        SqlQuery.Into(new SqlCall(First).Add(tenant, customer.Bucket, customer), openings, row => Binary.ReadOpening(row.Bytes(2), Checkpoint(row)));

    private static long Ticks(Checkpoint? checkpoint) => checkpoint?.At.ToUnixTimeTicks() ?? long.MinValue;

    private static CustomerHistory History(Instant? before, Checkpoint? checkpoint, JournalOpening? opening, IEnumerable<JournalEntry> entries)
    {
        if (opening is { } first)
        {
            entries = entries.Where(entry => entry.EffectiveAt > first.At);
            checkpoint = checkpoint?.At >= first.At ? checkpoint : first.At < before ? first.State : null;
        }

        return new CustomerHistory(checkpoint, entries.OrderBy(entry => entry.EffectiveAt).ThenBy(entry => entry.RecordedAt).ThenBy(entry => entry.Event.Key).ToSequence()) { Opening = opening };
    }

    // Where buckets are on different machines, the event of a key is found in two steps.
    private async ValueTask<Instant?> InstantAsync(SqlSession session, CustomerId customer, EventKey key, CancellationToken cancellationToken)
    {
        var versions = await session.QueryAsync(new SqlCall(VersionOfKey).Add(tenant, Bucket.Of(key), key.Source, key.Value, customer), row => row.Whole(0), cancellationToken).ConfigureAwait(false);
        return versions is [var version]
            ? (await session.QueryAsync(new SqlCall(InstantOfVersion).Add(tenant, customer.Bucket, customer, version), row => row.InstantOrNull(0), cancellationToken).ConfigureAwait(false)).SingleOrDefault()
            : null;
    }

    private static Checkpoint Checkpoint(SqlReader row) => new(row.Instant(0), CheckpointBytes.Read(row.Bytes(1)));

    /// <summary>The questions about a history from the last checkpoint before an instant on, which is asked for in each.</summary>
    private sealed class Beginning
    {
        public Beginning(string instant, Sequence<SqlType> types)
        {
            var with = $$"""
                WITH b (instant) AS ({{instant}}),
                c (at) AS (SELECT COALESCE(MAX(k.at), -9223372036854775807 - 1) FROM crm_checkpoint k WHERE k.tenant = {0} AND k.bucket = {1} AND k.customer_id = {2} AND k.at < (SELECT b.instant FROM b))
                """;
            Checkpoint = new SqlStatement($"{with} SELECT k.at, k.slots FROM c CROSS JOIN crm_checkpoint k WHERE k.tenant = {{0}} AND k.bucket = {{1}} AND k.customer_id = {{2}} AND k.at = c.at", types);
            Events = JournalReader.EventsAfter(with, types);
            Lines = JournalReader.LinesAfter(with, types);
            At = new SqlStatement($"{with} SELECT c.at FROM c", types);
        }

        public SqlStatement Checkpoint { get; }

        public SqlStatement Events { get; }

        public SqlStatement Lines { get; }

        /// <summary>Where the history begins by then.</summary>
        public SqlStatement At { get; }
    }
}
