using Crm.Events;
using Crm.Values;

namespace Crm.Storage.Sql;

/// <summary>Reads journal entries with their lines.</summary>
internal sealed class JournalReader(string tenant)
{
    private const string Columns = """
        e.customer_id, e.version, e.source, e.event_key, e.kind, e.occurred_at, e.effective_at, e.recorded_at, e.channel, e.brand, e.actor, e.spend_minor, e.spend_currency,
        e.original_source, e.original_key, e.sent_to, e.identity_reference, e.backfill, e.payload_hash, e.fields, e.observations, e.receipt
        """;

    private static readonly SqlStatement Events = new(
        $$"""
        WITH v (tenant, bucket, customer_id, after_version, after_instant) AS (VALUES {rows})
        SELECT {{Columns}}
        FROM v CROSS JOIN crm_event e
        WHERE e.tenant = v.tenant AND e.bucket = v.bucket AND e.customer_id = v.customer_id AND e.version > v.after_version AND e.effective_at > v.after_instant
        ORDER BY e.customer_id, e.version
        """,
        [SqlType.Characters, SqlType.Whole, SqlType.Bytes, SqlType.Whole, SqlType.Whole]);

    private static readonly SqlStatement Lines = new(
        """
        WITH v (tenant, bucket, customer_id, after_version, after_instant) AS (VALUES {rows})
        SELECT l.customer_id, l.version, l.sku, l.category, l.quantity, l.minor, l.currency
        FROM v CROSS JOIN crm_event_line l
        WHERE l.tenant = v.tenant AND l.bucket = v.bucket AND l.customer_id = v.customer_id AND l.version > v.after_version
        ORDER BY l.customer_id, l.version, l.line
        """,
        [SqlType.Characters, SqlType.Whole, SqlType.Bytes, SqlType.Whole, SqlType.Whole]);

    // As HistoryScan has it: the bounds are those of the key, and the buckets are named with a sign before them, so that SQLite does not look for them instead.
    private static readonly SqlStatement NextEvents = new(
        $$"""
        SELECT {{Columns}}
        FROM crm_event e
        WHERE e.tenant = {0} AND +e.bucket BETWEEN {1} AND {4} AND (e.bucket, e.customer_id, e.version) > ({1}, {2}, {3})
        ORDER BY e.bucket, e.customer_id, e.version LIMIT {5}
        """,
        [SqlType.Characters, SqlType.Whole, SqlType.Bytes, SqlType.Whole, SqlType.Whole, SqlType.Whole]);

    private static readonly SqlStatement NextLines = new(
        """
        SELECT l.customer_id, l.version, l.sku, l.category, l.quantity, l.minor, l.currency
        FROM crm_event_line l
        WHERE l.tenant = {0} AND +l.bucket BETWEEN {1} AND {4} AND (l.bucket, l.customer_id, l.version) > ({1}, {2}, {3}) AND (l.bucket, l.customer_id, l.version) <= ({4}, {5}, {6})
        ORDER BY l.bucket, l.customer_id, l.version, l.line
        """,
        [SqlType.Characters, SqlType.Whole, SqlType.Bytes, SqlType.Whole, SqlType.Whole, SqlType.Bytes, SqlType.Whole]);

    /// <summary>The entries of a customer after the instant c.at, each with it.</summary>
    /// <param name="with">Says what c is; its first parameters are tenant, bucket and customer.</param>
    /// <param name="types">Of its parameters.</param>
    public static SqlStatement EventsAfter(string with, params Sequence<SqlType> types) => new(
        $$"""
        {{with}}
        SELECT {{Columns}}, c.at
        FROM c CROSS JOIN crm_event e WHERE e.tenant = {0} AND e.bucket = {1} AND e.customer_id = {2} AND e.effective_at > c.at
        ORDER BY e.version
        """,
        types);

    /// <summary>The lines of those entries, and of no others.</summary>
    public static SqlStatement LinesAfter(string with, params Sequence<SqlType> types) => new(
        $$"""
        {{with}}
        SELECT l.customer_id, l.version, l.sku, l.category, l.quantity, l.minor, l.currency
        FROM c CROSS JOIN crm_event e CROSS JOIN crm_event_line l
        WHERE e.tenant = {0} AND e.bucket = {1} AND e.customer_id = {2} AND e.effective_at > c.at
            AND l.tenant = e.tenant AND l.bucket = e.bucket AND l.customer_id = e.customer_id AND l.version = e.version
        ORDER BY l.version, l.line
        """,
        types);

    /// <summary>What <see cref="EventsAfter"/> and <see cref="LinesAfter"/> answer, and what is asked before and after them, in one round trip.</summary>
    /// <returns>The entries, and the instants that they were said to come after: one, but for what is committed meanwhile.</returns>
    public static async ValueTask<(List<JournalEntry> Entries, HashSet<long> After)> ReadAsync(SqlSession session, IEnumerable<SqlQuery> first, SqlCall events, SqlCall lines, IEnumerable<SqlQuery> then, CancellationToken cancellationToken)
    {
        var (entries, after) = (new List<JournalEntry>(), new HashSet<long>());
        var allLines = new List<((CustomerId Customer, long Version) Event, EventLine Line)>();
        var taken = new SqlQuery(events, row =>
        {
            entries.Add(Entry(row).Entry);
            after.Add(row.Whole(22));
        });
        await session.QueryAsync([.. first, taken, SqlQuery.Into(lines, allLines, Line), .. then], cancellationToken).ConfigureAwait(false);
        var linesOf = allLines.ToLookup(line => line.Event.Version, line => line.Line);
        return (entries.ConvertAll(entry => With(entry, linesOf[entry.Version])), after);
    }

    /// <summary>The next entries of all customers after a place, by bucket, customer and version: so many rows at a time, whoever they belong to.</summary>
    /// <param name="session">A connection.</param>
    /// <param name="after">Before the first of them.</param>
    /// <param name="most">How many; fewer come at the end.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async ValueTask<List<(CustomerId Customer, JournalEntry Entry)>> NextAsync(SqlSession session, EntryPlace after, int most, CancellationToken cancellationToken)
    {
        var entries = new List<(CustomerId Customer, JournalEntry Entry)>();
        await session.QueryAsync([SqlQuery.Into(new SqlCall(NextEvents).Add(tenant, after.Bucket, after.Customer, after.Version, CustomerId.BucketCount, most), entries, Entry)], cancellationToken).ConfigureAwait(false);
        if (entries.Count == 0)
        {
            return entries;
        }

        // Events are never changed, so lines read after their events are complete.
        var lines = new List<((CustomerId Customer, long Version) Event, EventLine Line)>();
        var (last, end) = entries[^1];
        await session.QueryAsync([SqlQuery.Into(new SqlCall(NextLines).Add(tenant, after.Bucket, after.Customer, after.Version, last.Bucket, last, end.Version), lines, Line)], cancellationToken).ConfigureAwait(false);
        var linesOf = lines.ToLookup(line => line.Event, line => line.Line);
        return entries.ConvertAll(entry => (entry.Customer, With(entry.Entry, linesOf[(entry.Customer, entry.Entry.Version)])));
    }

    /// <summary>The entries of some customers, those of each in the order in which they were recorded.</summary>
    /// <param name="session">A connection.</param>
    /// <param name="customers">Each once.</param>
    /// <param name="afterVersion">Only later versions.</param>
    /// <param name="afterTicks">Only what counts after this instant.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <param name="then">What is asked after them, in the same round trip.</param>
    public async ValueTask<ILookup<CustomerId, JournalEntry>> ReadAsync(SqlSession session, IEnumerable<CustomerId> customers, long afterVersion, long afterTicks, CancellationToken cancellationToken, params SqlQuery[] then)
    {
        var events = new SqlCall(Events);
        var lines = new SqlCall(Lines);
        foreach (var customer in customers)
        {
            events.Add(tenant, customer.Bucket, customer, afterVersion, afterTicks);
            lines.Add(tenant, customer.Bucket, customer, afterVersion, afterTicks);
        }

        // Events are never changed, so lines read after their events are complete, but for what is disposed of in between.
        var entries = new List<(CustomerId Customer, JournalEntry Entry)>();
        var allLines = new List<((CustomerId Customer, long Version) Event, EventLine Line)>();
        await session.QueryAsync([SqlQuery.Into(events, entries, Entry), SqlQuery.Into(lines, allLines, Line), .. then], cancellationToken).ConfigureAwait(false);
        var linesOf = allLines.ToLookup(line => line.Event, line => line.Line);
        return entries.ToLookup(entry => entry.Customer, entry => With(entry.Entry, linesOf[(entry.Customer, entry.Entry.Version)]));
    }

    private static JournalEntry With(JournalEntry entry, IEnumerable<EventLine> lines) => lines.ToSequence() is { IsEmpty: false } own ? entry with { Event = entry.Event with { Lines = own } } : entry;

    private static (CustomerId Customer, JournalEntry Entry) Entry(SqlReader row) => (row.Customer(0), new JournalEntry
    {
        Version = row.Whole(1),
        Event = new CustomerEvent
        {
            Key = new EventKey(row.Text(2), row.Text(3)),
            Kind = row.Text(4),
            OccurredAt = row.Instant(5),
            Channel = row.TextOrNull(8),
            Brand = row.TextOrNull(9),
            Actor = row.TextOrNull(10),
            Spend = row.IsNull(12) ? null : new Money(row.Whole(11), Known(row.Text(12))),
            Original = row.IsNull(13) ? null : new EventKey(row.Text(13), row.Text(14)),
            Customer = row.IsNull(15) ? null : row.Customer(15),
            Fields = Binary.ReadFields(row.BytesOrNone(19)),
        },
        EffectiveAt = row.Instant(6),
        RecordedAt = row.Instant(7),
        IdentityReference = (int?)row.WholeOrNull(16),
        Backfill = row.Whole(17) != 0,
        PayloadHash = row.Bits(18),
        Observations = Binary.ReadFields(row.BytesOrNone(20)),
        Receipt = Binary.ReadReceipt(row.Bytes(21)),
    });

    private static ((CustomerId Customer, long Version) Event, EventLine Line) Line(SqlReader row) =>
        ((row.Customer(0), row.Whole(1)), new EventLine(row.Text(2), row.Decimal(4), new Money(row.Whole(5), Known(row.Text(6))), row.TextOrNull(3)));

    internal static Currency Known(string code) => code == "XXX" ? default : Currency.Of(code);
}
