using System.Runtime.InteropServices;
using Crm.Events;
using Crm.Modules;
using Crm.Values;

namespace Crm.Storage.Sql;

/// <summary>
/// Loads customers. A customer with all slots and the profile is one statement, so that what is loaded was true at one time. Everything is one round trip, or two where the database must
/// find the bucket of an identity or of a key's event first.
/// </summary>
internal sealed class CustomerReader(string tenant, bool joinsAcrossBuckets)
{
    private const string Whole = """
        SELECT r.n, r.reference, c.customer_id, c.version, c.identities, p.content, s.name, s.codec, s.content, c.merged_into
        FROM r CROSS JOIN crm_customer c
        LEFT JOIN crm_profile p ON p.tenant = c.tenant AND p.bucket = c.bucket AND p.customer_id = c.customer_id
        LEFT JOIN crm_slot s ON s.tenant = c.tenant AND s.bucket = c.bucket AND s.customer_id = c.customer_id
        WHERE c.tenant = r.tenant AND c.bucket = r.bucket AND c.customer_id = r.customer_id
        ORDER BY r.n, s.name
        """;

    private static readonly SqlStatement ById = new(
        $"WITH r (n, tenant, bucket, customer_id, reference) AS (VALUES {{rows}}) {Whole}",
        [SqlType.Whole, SqlType.Characters, SqlType.Whole, SqlType.Bytes, SqlType.Whole])
    {
        OfOne = new(
            """
            SELECT {0}, {4}, c.customer_id, c.version, c.identities, p.content, s.name, s.codec, s.content, c.merged_into
            FROM crm_customer c
            LEFT JOIN crm_profile p ON p.tenant = c.tenant AND p.bucket = c.bucket AND p.customer_id = c.customer_id
            LEFT JOIN crm_slot s ON s.tenant = c.tenant AND s.bucket = c.bucket AND s.customer_id = c.customer_id
            WHERE c.tenant = {1} AND c.bucket = {2} AND c.customer_id = {3}
            ORDER BY s.name
            """,
            [SqlType.Whole, SqlType.Characters, SqlType.Whole, SqlType.Bytes, SqlType.Whole]),
    };

    private static readonly SqlStatement ByIdentity = new(
        $"""
        WITH v (n, tenant, bucket, kind, value) AS (VALUES {"{rows}"}),
        r (n, tenant, bucket, customer_id, reference) AS (
            SELECT v.n, i.tenant, i.customer_bucket, i.customer_id, i.reference
            FROM v JOIN crm_identity i ON i.tenant = v.tenant AND i.bucket = v.bucket AND i.kind = v.kind AND i.value = v.value)
        {Whole}
        """,
        [SqlType.Whole, SqlType.Characters, SqlType.Whole, SqlType.Characters, SqlType.Characters])
    {
        OfOne = new(
            """
            SELECT {0}, i.reference, c.customer_id, c.version, c.identities, p.content, s.name, s.codec, s.content, c.merged_into
            FROM crm_identity i CROSS JOIN crm_customer c
            LEFT JOIN crm_profile p ON p.tenant = c.tenant AND p.bucket = c.bucket AND p.customer_id = c.customer_id
            LEFT JOIN crm_slot s ON s.tenant = c.tenant AND s.bucket = c.bucket AND s.customer_id = c.customer_id
            WHERE i.tenant = {1} AND i.bucket = {2} AND i.kind = {3} AND i.value = {4} AND c.tenant = i.tenant AND c.bucket = i.customer_bucket AND c.customer_id = i.customer_id
            ORDER BY s.name
            """,
            [SqlType.Whole, SqlType.Characters, SqlType.Whole, SqlType.Characters, SqlType.Characters]),
    };

    // Whoever has a journal, or an opening that stands for one, and was not merged into somebody else.
    private static readonly SqlStatement Page = new(
        """
        SELECT 0, NULLIF(c.identities, c.identities), c.customer_id, c.version, c.identities, p.content, s.name, s.codec, s.content, c.merged_into
        FROM (
            SELECT o.tenant, o.bucket, o.customer_id, o.version, o.identities, o.merged_into FROM crm_customer o
            WHERE o.tenant = {0} AND (o.bucket, o.customer_id) > ({1}, {2}) AND o.merged_into IS NULL
                AND ((SELECT MIN(e.version) FROM crm_event e WHERE e.tenant = o.tenant AND e.bucket = o.bucket AND e.customer_id = o.customer_id) IS NOT NULL
                    OR (SELECT MIN(k.at) FROM crm_checkpoint k WHERE k.tenant = o.tenant AND k.bucket = o.bucket AND k.customer_id = o.customer_id AND k.opening IS NOT NULL) IS NOT NULL)
            ORDER BY o.bucket, o.customer_id LIMIT {3}) c
        LEFT JOIN crm_profile p ON p.tenant = c.tenant AND p.bucket = c.bucket AND p.customer_id = c.customer_id
        LEFT JOIN crm_slot s ON s.tenant = c.tenant AND s.bucket = c.bucket AND s.customer_id = c.customer_id
        ORDER BY c.bucket, c.customer_id, s.name
        """,
        [SqlType.Characters, SqlType.Whole, SqlType.Bytes, SqlType.Whole]);

    private static readonly SqlStatement Owners = new(
        """
        WITH v (n, tenant, bucket, kind, value) AS (VALUES {rows})
        SELECT v.n, i.customer_id, i.reference
        FROM v JOIN crm_identity i ON i.tenant = v.tenant AND i.bucket = v.bucket AND i.kind = v.kind AND i.value = v.value
        """,
        [SqlType.Whole, SqlType.Characters, SqlType.Whole, SqlType.Characters, SqlType.Characters]);

    private static readonly SqlStatement Keys = new(
        """
        WITH v (n, tenant, bucket, source, event_key) AS (VALUES {rows})
        SELECT v.n, k.payload_hash, COALESCE(e.receipt, k.receipt)
        FROM v JOIN crm_key k ON k.tenant = v.tenant AND k.bucket = v.bucket AND k.source = v.source AND k.event_key = v.event_key
        LEFT JOIN crm_event e ON e.tenant = k.tenant AND e.bucket = k.customer_bucket AND e.customer_id = k.customer_id AND e.version = k.version
        WHERE COALESCE(e.receipt, k.receipt) IS NOT NULL
        """,
        [SqlType.Whole, SqlType.Characters, SqlType.Whole, SqlType.Characters, SqlType.Characters]);

    private static readonly SqlStatement KeyPlaces = new(
        """
        WITH v (n, tenant, bucket, source, event_key) AS (VALUES {rows})
        SELECT v.n, k.payload_hash, k.customer_id, k.version, k.receipt
        FROM v JOIN crm_key k ON k.tenant = v.tenant AND k.bucket = v.bucket AND k.source = v.source AND k.event_key = v.event_key
        """,
        [SqlType.Whole, SqlType.Characters, SqlType.Whole, SqlType.Characters, SqlType.Characters]);

    private static readonly SqlStatement Receipts = new(
        """
        WITH v (n, tenant, bucket, customer_id, version) AS (VALUES {rows})
        SELECT v.n, e.receipt
        FROM v CROSS JOIN crm_event e WHERE e.tenant = v.tenant AND e.bucket = v.bucket AND e.customer_id = v.customer_id AND e.version = v.version
        """,
        [SqlType.Whole, SqlType.Characters, SqlType.Whole, SqlType.Bytes, SqlType.Whole]);

    public async ValueTask<CustomerSnapshot[]> LoadAsync(SqlSession session, IReadOnlyList<CustomerRef> customers, CancellationToken cancellationToken)
    {
        var ids = new SqlCall(ById);
        var identities = new SqlCall(joinsAcrossBuckets ? ByIdentity : Owners);
        var keys = new SqlCall(joinsAcrossBuckets ? Keys : KeyPlaces);
        var first = new int[customers.Count];
        var places = new Dictionary<CustomerRef, int>(customers.Count);
        for (var n = 0; n < customers.Count; n++)
        {
            // Whoever is asked for again is loaded once.
            if (!places.TryAdd(customers[n].Recording is null ? customers[n] : customers[n] with { Recording = null }, n))
            {
                first[n] = places[customers[n] with { Recording = null }];
            }
            else
            {
                first[n] = n;
                Ask(n, customers[n], ids, identities);
            }

            if (customers[n].Recording is { } key)
            {
                keys.Add(n, tenant, Bucket.Of(key), key.Source, key.Value);
            }
        }

        var parts = new List<Part>();
        var recorded = new List<(int Place, RecordedKey Recorded)>();
        if (joinsAcrossBuckets)
        {
            await AskAsync(session, [SqlQuery.Into(ids, parts, Part.Read), SqlQuery.Into(identities, parts, Part.Read), SqlQuery.Into(keys, recorded, Recorded)], cancellationToken).ConfigureAwait(false);
        }
        else
        {
            var found = new List<KeyPlace>();
            var owners = new List<Owner>();
            await AskAsync(session, [SqlQuery.Into(identities, owners, Owner.Read), SqlQuery.Into(keys, found, KeyPlace.Read)], cancellationToken).ConfigureAwait(false);
            await AskOwnedAsync(session, ids, identities, owners, parts, cancellationToken, ReceiptsOf(found, recorded)).ConfigureAwait(false);
        }

        await FollowAsync(session, parts, cancellationToken).ConfigureAwait(false);
        var snapshots = new CustomerSnapshot[customers.Count];
        Array.Fill(snapshots, CustomerSnapshot.Nobody);
        Assemble(snapshots, parts);
        for (var n = 0; n < snapshots.Length; n++)
        {
            snapshots[n] = snapshots[first[n]];
        }

        foreach (var (n, known) in recorded)
        {
            snapshots[n] = snapshots[n] with { Recorded = known };
        }

        return snapshots;
    }

    /// <summary>The next customers with a history, whole.</summary>
    public async ValueTask<IReadOnlyList<CustomerSnapshot>> LoadPageAsync(SqlSession session, CustomerId? after, int most, CancellationToken cancellationToken)
    {
        var call = new SqlCall(Page).Add(tenant, after?.Bucket ?? -1, after is { } last ? last : Array.Empty<byte>(), most);
        var parts = await session.QueryAsync(call, Part.Read, cancellationToken).ConfigureAwait(false);
        var places = parts.Select(part => part.Snapshot.Customer).Distinct().Index().ToDictionary(customer => customer.Item ?? default, customer => customer.Index);
        var snapshots = new CustomerSnapshot[places.Count];
        Assemble(snapshots, parts.ConvertAll(part => part with { Place = places[part.Snapshot.Customer ?? default] }));
        return snapshots;
    }

    /// <summary>What the store has under some keys, by their places.</summary>
    public async ValueTask<List<(int Place, RecordedKey Recorded)>> KeysAsync(SqlSession session, IEnumerable<EventKey> keys, CancellationToken cancellationToken)
    {
        var call = new SqlCall(joinsAcrossBuckets ? Keys : KeyPlaces);
        foreach (var (n, key) in keys.Index())
        {
            call.Add(n, tenant, Bucket.Of(key), key.Source, key.Value);
        }

        var recorded = new List<(int Place, RecordedKey Recorded)>();
        if (joinsAcrossBuckets)
        {
            await AskAsync(session, [SqlQuery.Into(call, recorded, Recorded)], cancellationToken).ConfigureAwait(false);
            return recorded;
        }

        var places = new List<KeyPlace>();
        await AskAsync(session, [SqlQuery.Into(call, places, KeyPlace.Read)], cancellationToken).ConfigureAwait(false);
        await AskAsync(session, [ReceiptsOf(places, recorded)], cancellationToken).ConfigureAwait(false);
        return recorded;
    }

    // Whose a name is is asked again after the customer was read: one that was cut or handed over meanwhile leads to nobody, or to whoever has it by now.
    private async ValueTask AskOwnedAsync(SqlSession session, SqlCall ids, SqlCall identities, List<Owner> owners, List<Part> parts, CancellationToken cancellationToken, params SqlQuery[] also)
    {
        var asked = new SqlCall(ById);
        foreach (var owner in owners)
        {
            asked.Add(owner.Place, tenant, owner.Customer.Bucket, owner.Customer, owner.Reference);
        }

        var (read, now) = (new List<Part>(), new List<Owner>());
        await AskAsync(session, [SqlQuery.Into(ids, parts, Part.Read), SqlQuery.Into(asked, read, Part.Read), SqlQuery.Into(identities, now, Owner.Read), .. also], cancellationToken).ConfigureAwait(false);
        if (owners.ToHashSet().SetEquals(now))
        {
            parts.AddRange(read);
        }
        else
        {
            await AskOwnedAsync(session, new SqlCall(ById), identities, now, parts, cancellationToken).ConfigureAwait(false);
        }
    }

    private void Ask(int place, CustomerRef customer, SqlCall ids, SqlCall identities)
    {
        if (customer.Id is { } id)
        {
            ids.Add(place, tenant, id.Bucket, id, SqlValue.Null);
        }
        else if (customer.Identity is { } identity)
        {
            identities.Add(place, tenant, Bucket.Of(identity), identity.Kind, identity.Value);
        }
    }

    private static ValueTask AskAsync(SqlSession session, SqlQuery[] queries, CancellationToken cancellationToken)
    {
        var asked = Array.FindAll(queries, query => query.Call.Rows > 0);
        return asked.Length == 0 ? ValueTask.CompletedTask : session.QueryAsync(asked, cancellationToken);
    }

    private static (int Place, RecordedKey Recorded) Recorded(SqlReader row) => ((int)row.Whole(0), new RecordedKey(row.Bits(1), Binary.ReadReceipt(row.Bytes(2))));

    private SqlQuery ReceiptsOf(List<KeyPlace> places, List<(int Place, RecordedKey Recorded)> recorded)
    {
        var receipts = new SqlCall(Receipts);
        var hashes = places.ToDictionary(place => place.Place, place => place.PayloadHash);
        foreach (var place in places)
        {
            if (place.Receipt is { } left)
            {
                recorded.Add((place.Place, new RecordedKey(place.PayloadHash, left)));
                continue;
            }

            receipts.Add(place.Place, tenant, place.Customer.Bucket, place.Customer, place.Version);
        }

        return new SqlQuery(receipts, row => recorded.Add(((int)row.Whole(0), new RecordedKey(hashes[(int)row.Whole(0)], Binary.ReadReceipt(row.Bytes(1))))));
    }

    // An id that stands for another is one round trip more for each merge.
    private async ValueTask FollowAsync(SqlSession session, List<Part> parts, CancellationToken cancellationToken)
    {
        while (parts.Exists(part => part.Survivor is not null))
        {
            var ids = new SqlCall(ById);
            foreach (var (place, survivor) in parts.Where(part => part.Survivor is not null).Select(part => (part.Place, Survivor: part.Survivor ?? default)).Distinct())
            {
                ids.Add(place, tenant, survivor.Bucket, survivor, SqlValue.Null);
            }

            parts.RemoveAll(part => part.Survivor is not null);
            await AskAsync(session, [SqlQuery.Into(ids, parts, Part.Read)], cancellationToken).ConfigureAwait(false);
        }
    }

    // The rows of one place follow each other.
    private static void Assemble(CustomerSnapshot[] snapshots, List<Part> parts)
    {
        for (int first = 0, next; first < parts.Count; first = next)
        {
            next = first;
            while (next < parts.Count && parts[next].Place == parts[first].Place)
            {
                next++;
            }

            var slots = new List<StoredSlot>(next - first);
            for (var i = first; i < next; i++)
            {
                if (parts[i].Slot is { } slot)
                {
                    slots.Add(slot);
                }
            }

            snapshots[parts[first].Place] = parts[first].Snapshot with { Slots = slots.ToSequence() };
        }
    }

    /// <summary>One row of an answer: the customer, with one of the slots.</summary>
    private readonly record struct Part(int Place, CustomerSnapshot Snapshot, StoredSlot? Slot, CustomerId? Survivor)
    {
        public static Part Read(SqlReader row) => new(
            (int)row.Whole(0),
            new CustomerSnapshot
            {
                Customer = row.Customer(2),
                Version = row.Whole(3),
                Identities = (int)row.Whole(4),
                IdentityReference = (int?)row.WholeOrNull(1),
                Profile = Binary.ReadFields(row.BytesOrNone(5)),
            },
            row.IsNull(6) ? null : new StoredSlot(row.Text(6), (int)row.Whole(7), Sequence.Create<byte>(row.Bytes(8))),
            row.IsNull(9) ? null : row.Customer(9));
    }

    /// <summary>Whose a name is.</summary>
    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Owner(int Place, CustomerId Customer, long? Reference)
    {
        public static Owner Read(SqlReader row) => new((int)row.Whole(0), row.Customer(1), row.WholeOrNull(2));
    }

    /// <summary>Whose event has a key; with what is left of the receipt, where the event was disposed of.</summary>
    [StructLayout(LayoutKind.Auto)]
    private readonly record struct KeyPlace(int Place, UInt128 PayloadHash, CustomerId Customer, long Version, Receipt? Receipt)
    {
        public static KeyPlace Read(SqlReader row) => new((int)row.Whole(0), row.Bits(1), row.Customer(2), row.Whole(3), row.IsNull(4) ? null : Binary.ReadReceipt(row.Bytes(4)));
    }
}
