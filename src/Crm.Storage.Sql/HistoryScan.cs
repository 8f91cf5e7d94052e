using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Crm.Events;
using Crm.Values;
using static Crm.Storage.Sql.SqlType;

namespace Crm.Storage.Sql;

/// <summary>Reads journals in the order of their key, so many rows at a time, whoever they belong to: nobody is asked for by id.</summary>
internal sealed class HistoryScan(string tenant)
{
    private readonly ConcurrentDictionary<string, SqlStatement> ofKinds = new(StringComparer.Ordinal);

    // Few enough that their list is no large object for the collector, and that it has little to keep when it comes by.
    private const int RowsAtOnce = 1_024;

    /// <summary>So many customers are asked for by id at once.</summary>
    public const int CustomersAtOnce = 64;

    /// <summary>So many, where only some of their entries are.</summary>
    public const int CustomersAtOnceInPart = 256;

    private const string EventColumns = """
        e.customer_id, e.version, e.source, e.event_key, e.kind, e.occurred_at, e.effective_at, e.recorded_at, e.channel, e.brand, e.actor, e.spend_minor, e.spend_currency,
            e.original_source, e.original_key, e.sent_to, e.backfill, e.fields, e.observations, e.receipt
        """;

    private const string LineColumns = "l.customer_id, l.version, l.sku, l.category, l.quantity, l.minor, l.currency";

    private static readonly SqlStatement EventsOf = new(
        $$"""
        WITH v (tenant, bucket, customer_id) AS (VALUES {rows})
        SELECT {{EventColumns}}
        FROM v CROSS JOIN crm_event e WHERE e.tenant = v.tenant AND e.bucket = v.bucket AND e.customer_id = v.customer_id
        ORDER BY e.bucket, e.customer_id, e.version
        """,
        [Characters, Whole, Bytes]);

    private static readonly SqlStatement LinesOf = new(
        $$"""
        WITH v (tenant, bucket, customer_id) AS (VALUES {rows})
        SELECT {{LineColumns}}
        FROM v CROSS JOIN crm_event_line l WHERE l.tenant = v.tenant AND l.bucket = v.bucket AND l.customer_id = v.customer_id
        ORDER BY l.bucket, l.customer_id, l.version, l.line
        """,
        [Characters, Whole, Bytes]);

    private static readonly SqlStatement LinesAfter = new(
        $$"""
        WITH v (tenant, bucket, customer_id, version) AS (VALUES {rows})
        SELECT {{LineColumns}}
        FROM v CROSS JOIN crm_event_line l WHERE l.tenant = v.tenant AND l.bucket = v.bucket AND l.customer_id = v.customer_id AND l.version >= v.version
        ORDER BY l.bucket, l.customer_id, l.version, l.line
        """,
        [Characters, Whole, Bytes, Whole]);

    // The bounds are those of the key. The buckets are named with a sign before them: without it SQLite would look for them instead, and read a bucket from its beginning for each part.
    private static readonly SqlStatement Events = new(
        $$"""
        SELECT {{EventColumns}}
        FROM crm_event e
        WHERE e.tenant = {0} AND +e.bucket BETWEEN {1} AND {4} AND (e.bucket, e.customer_id, e.version) > ({1}, {2}, {3}) AND (e.bucket, e.customer_id, e.version) <= ({4}, {5}, {6})
        ORDER BY e.bucket, e.customer_id, e.version LIMIT {7}
        """,
        [Characters, Whole, Bytes, Whole, Whole, Bytes, Whole, Whole]);

    private static readonly SqlStatement Lines = new(
        $$"""
        SELECT {{LineColumns}}
        FROM crm_event_line l
        WHERE l.tenant = {0} AND +l.bucket BETWEEN {1} AND {4} AND (l.bucket, l.customer_id, l.version) > ({1}, {2}, {3}) AND (l.bucket, l.customer_id, l.version) <= ({4}, {5}, {6})
        ORDER BY l.bucket, l.customer_id, l.version, l.line
        """,
        [Characters, Whole, Bytes, Whole, Whole, Bytes, Whole]);

    /// <summary>The next entries, after a place; fewer than asked for at the end.</summary>
    /// <param name="session">A connection.</param>
    /// <param name="after">Before the first of them.</param>
    /// <param name="until">Where they end, included.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The entries in order, and whether there may be more.</returns>
    public async ValueTask<(List<(CustomerId Customer, HistoryEntry Entry)> Entries, bool More)> NextAsync(SqlSession session, EntryPlace after, EntryPlace until, CancellationToken cancellationToken)
    {
        var entries = new List<(CustomerId Customer, HistoryEntry Entry)>(RowsAtOnce);
        var reader = new EntryReader();
        await session.QueryAsync([SqlQuery.Into(new SqlCall(Events).Add(tenant, after.Bucket, after.Customer, after.Version, until.Bucket, until.Customer, until.Version, RowsAtOnce), entries, reader.Read)], cancellationToken).ConfigureAwait(false);
        if (entries.Count > 0)
        {
            // Events are never changed, so lines read after their events are complete.
            var (end, lines) = (entries[^1], new List<(CustomerId Customer, long Version, EventLine Line)>());
            var call = new SqlCall(Lines).Add(tenant, after.Bucket, after.Customer, after.Version, end.Customer.Bucket, end.Customer, end.Entry.Version);
            await session.QueryAsync([SqlQuery.Into(call, lines, reader.ReadLine)], cancellationToken).ConfigureAwait(false);
            Join(entries, lines);
        }

        return (entries, entries.Count == RowsAtOnce);
    }

    /// <summary>The whole histories of some customers, by bucket and id.</summary>
    public async ValueTask<IReadOnlyList<StoredHistory>> OfAsync(SqlSession session, IEnumerable<CustomerId> customers, CancellationToken cancellationToken)
    {
        var entries = new List<(CustomerId Customer, HistoryEntry Entry)>();
        var lines = new List<(CustomerId Customer, long Version, EventLine Line)>();
        var (events, theirs, reader) = (new SqlCall(EventsOf), new SqlCall(LinesOf), new EntryReader());
        foreach (var customer in customers)
        {
            events.Add(tenant, customer.Bucket, customer);
            theirs.Add(tenant, customer.Bucket, customer);
        }

        // Events are never changed, so lines read after their events are complete, and those of what came since are left out.
        await session.QueryAsync([SqlQuery.Into(events, entries, reader.Read)], cancellationToken).ConfigureAwait(false);
        await session.QueryAsync([SqlQuery.Into(theirs, lines, reader.ReadLine)], cancellationToken).ConfigureAwait(false);
        Join(entries, lines);
        return [.. entries.GroupBy(entry => entry.Customer).Select(own => new StoredHistory(own.Key, [.. own.Select(entry => entry.Entry)]))];
    }

    /// <summary>Some entries of some customers, by bucket, id and version.</summary>
    /// <param name="session">A connection.</param>
    /// <param name="asked">Which.</param>
    /// <param name="customers">Those of its customers of whom they are read now.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async ValueTask<IReadOnlyList<CustomerEntry>> SomeAsync(SqlSession session, EntryRequest asked, IEnumerable<EntriesAfter> customers, CancellationToken cancellationToken)
    {
        var entries = new List<(CustomerId Customer, HistoryEntry Entry)>();
        var lines = new List<(CustomerId Customer, long Version, EventLine Line)>();
        var (events, theirs, reader) = (new SqlCall(EventsIn(asked)), new SqlCall(LinesAfter), new EntryReader());
        foreach (var (customer, after) in customers)
        {
            events.Add(tenant, customer.Bucket, customer, after?.ToUnixTimeTicks() ?? long.MinValue);
        }

        // Events are never changed, so lines read after their events are complete, and those of other events are left out.
        await session.QueryAsync([SqlQuery.Into(events, entries, reader.Read)], cancellationToken).ConfigureAwait(false);
        for (var i = 0; i < entries.Count; i++)
        {
            if (i == 0 || entries[i - 1].Customer != entries[i].Customer)
            {
                theirs.Add(tenant, entries[i].Customer.Bucket, entries[i].Customer, entries[i].Entry.Version);
            }
        }

        if (theirs.Rows > 0)
        {
            await session.QueryAsync([SqlQuery.Into(theirs, lines, reader.ReadLine)], cancellationToken).ConfigureAwait(false);
            Join(entries, lines);
        }

        return entries.ConvertAll(entry => new CustomerEntry(entry.Customer, entry.Entry));
    }

    // The kinds stand in the text, so that one statement is for any number of customers, and as few statements are there as definitions ask for kinds.
    private SqlStatement EventsIn(EntryRequest asked) => ofKinds.GetOrAdd(
        $$"""
        WITH v (tenant, bucket, customer_id, after) AS (VALUES {rows})
        SELECT {{EventColumns}}
        FROM v CROSS JOIN crm_event e WHERE e.tenant = v.tenant AND e.bucket = v.bucket AND e.customer_id = v.customer_id
            AND ((e.effective_at > v.after AND e.kind IN ({{Listed(asked.Kinds)}})) OR e.kind IN ({{Listed(asked.Always)}}))
        ORDER BY e.bucket, e.customer_id, e.version
        """,
        static text => new SqlStatement(text, [Characters, Whole, Bytes, Whole]));

    // What is no name is no event's kind. A kind may be named like a table, of whose name the dialect would make another.
    private static string Listed(Sequence<string> kinds) =>
        string.Join(", ", kinds.Where(Names.IsName).Order(StringComparer.Ordinal).Select(kind => $"'{kind.Replace("crm_", "crm' || '_", StringComparison.Ordinal)}'").DefaultIfEmpty("''"));

    // Both are in the order of the key. Lines of an event that was recorded after the events were read belong to none of them.
    private static void Join(List<(CustomerId Customer, HistoryEntry Entry)> entries, List<(CustomerId Customer, long Version, EventLine Line)> lines)
    {
        var place = 0;
        for (var i = 0; i < entries.Count && place < lines.Count; i++)
        {
            var (customer, entry) = entries[i];
            while (place < lines.Count && (lines[place].Customer == customer ? lines[place].Version < entry.Version : (customer.Bucket, customer).CompareTo((lines[place].Customer.Bucket, lines[place].Customer)) > 0))
            {
                place++;
            }

            var begin = place;
            while (place < lines.Count && lines[place].Customer == customer && lines[place].Version == entry.Version)
            {
                place++;
            }

            if (place > begin)
            {
                var own = new EventLine[place - begin];
                for (var line = 0; line < own.Length; line++)
                {
                    own[line] = lines[begin + line].Line;
                }

                entries[i] = (customer, entry with { Event = entry.Event with { Lines = Sequence.Given(own) } });
            }
        }
    }

    /// <summary>Reads rows one after the other; what most rows have in common is made once.</summary>
    private sealed class EntryReader
    {
        private (string Code, Currency Currency) latest = ("XXX", default);

        public (CustomerId, HistoryEntry) Read(SqlReader row) => (row.Customer(0), new HistoryEntry
        {
            Version = row.Whole(1),
            Event = new CustomerEvent
            {
                Key = new EventKey(row.Name(2), row.Text(3)),
                Kind = row.Name(4),
                OccurredAt = row.Instant(5),
                Channel = row.IsNull(8) ? null : row.Name(8),
                Brand = row.IsNull(9) ? null : row.Name(9),
                Actor = row.IsNull(10) ? null : row.Name(10),
                Spend = row.IsNull(12) ? null : new Money(row.Whole(11), Known(row.Name(12))),
                Original = row.IsNull(13) ? null : new EventKey(row.Name(13), row.Text(14)),
                Customer = row.IsNull(15) ? null : row.Customer(15),
                Fields = row.IsNull(17) ? default : Binary.ReadFields(row.Span(17)),
            },
            EffectiveAt = row.Instant(6),
            RecordedAt = row.Instant(7),
            Backfill = row.Whole(16) != 0,
            Observations = row.IsNull(18) ? default : Binary.ReadFields(row.Span(18)),
            Accepted = Binary.ReadAccepted(row.Span(19)),
        });

        public (CustomerId, long, EventLine) ReadLine(SqlReader row) =>
            (row.Customer(0), row.Whole(1), new EventLine(row.Text(2), row.Decimal(4), new Money(row.Whole(5), Known(row.Name(6))), row.IsNull(3) ? null : row.Name(3)));

        private Currency Known(string code)
        {
            if (code != latest.Code)
            {
                latest = (code, JournalReader.Known(code));
            }

            return latest.Currency;
        }
    }
}

/// <summary>A place in the order of journals: by bucket, customer and version.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct EntryPlace(int Bucket, SqlValue Customer, long Version)
{
    /// <summary>The place of an entry.</summary>
    public static EntryPlace Of(CustomerId customer, long version) => new(customer.Bucket, customer, version);

    /// <summary>Before all entries of a bucket.</summary>
    public static EntryPlace Before(int bucket) => new(bucket, Array.Empty<byte>(), 0);

    /// <summary>After all entries of a customer.</summary>
    public static EntryPlace After(CustomerId customer) => Of(customer, long.MaxValue);
}
