using Crm.Values;
using static Crm.Storage.Sql.SqlType;

namespace Crm.Storage.Sql;

/// <summary>Finds why commits cannot be written: keys first, then version, identities and quotas, each commit as if those before it were written.</summary>
internal sealed class CommitDiagnosis(string tenant, CustomerReader customers)
{
    private static readonly SqlStatement Versions = new(
        """
        WITH v (tenant, bucket, customer_id) AS (VALUES {rows})
        SELECT c.customer_id, c.version FROM v CROSS JOIN crm_customer c WHERE c.tenant = v.tenant AND c.bucket = v.bucket AND c.customer_id = v.customer_id
        """,
        [Characters, Whole, Bytes]);

    private static readonly SqlStatement Slots = new(
        """
        WITH v (n, tenant, bucket, customer_id, name) AS (VALUES {rows})
        SELECT v.n, s.content FROM v CROSS JOIN crm_slot s WHERE s.tenant = v.tenant AND s.bucket = v.bucket AND s.customer_id = v.customer_id AND s.name = v.name
        """,
        [Whole, Characters, Whole, Bytes, Characters]);

    private static readonly SqlStatement Owners = new(
        """
        WITH v (tenant, bucket, kind, value) AS (VALUES {rows})
        SELECT i.kind, i.value, i.customer_id FROM v JOIN crm_identity i ON i.tenant = v.tenant AND i.bucket = v.bucket AND i.kind = v.kind AND i.value = v.value
        """,
        [Characters, Whole, Characters, Characters]);

    private static readonly SqlStatement Supplies = new(
        """
        WITH v (tenant, name) AS (VALUES {rows})
        SELECT q.name, q.available FROM v JOIN crm_quota q ON q.tenant = v.tenant AND q.name = v.name
        """,
        [Characters, Characters]);

    /// <summary>For each commit why it cannot be written, or null when it can.</summary>
    public async ValueTask<CommitResult?[]> ReadAsync(SqlSession session, IReadOnlyList<Commit> commits, CancellationToken cancellationToken)
    {
        var entries = commits.SelectMany(commit => commit.Entries).ToList();
        var known = await customers.KeysAsync(session, entries.Select(entry => entry.Event.Key), cancellationToken).ConfigureAwait(false);
        var world = new World
        {
            Keys = known.DistinctBy(key => entries[key.Place].Event.Key).ToDictionary(key => entries[key.Place].Event.Key, key => key.Recorded),
            Versions = await VersionsAsync(session, commits, cancellationToken).ConfigureAwait(false),
            Slots = await SlotsAsync(session, commits, cancellationToken).ConfigureAwait(false),
            Owners = await OwnersAsync(session, commits, cancellationToken).ConfigureAwait(false),
            Supplies = await SuppliesAsync(session, commits, cancellationToken).ConfigureAwait(false),
        };
        return [.. commits.Select(world.Take)];
    }

    private async ValueTask<Dictionary<CustomerId, long>> VersionsAsync(SqlSession session, IReadOnlyList<Commit> commits, CancellationToken cancellationToken)
    {
        var call = new SqlCall(Versions);
        foreach (var commit in commits)
        {
            call.Add(tenant, commit.Customer.Bucket, commit.Customer);
        }

        return (await session.QueryAsync(call, row => (row.Customer(0), row.Whole(1)), cancellationToken).ConfigureAwait(false)).ToDictionary();
    }

    private async ValueTask<Dictionary<CustomerId, byte[]>> SlotsAsync(SqlSession session, IReadOnlyList<Commit> commits, CancellationToken cancellationToken)
    {
        var call = new SqlCall(Slots);
        foreach (var (n, commit) in commits.Index())
        {
            if (commit.Upon is { } upon)
            {
                call.Add(n, tenant, commit.Customer.Bucket, commit.Customer, upon.Name);
            }
        }

        return call.Rows == 0 ? [] : (await session.QueryAsync(call, row => (commits[(int)row.Whole(0)].Customer, row.Bytes(1)), cancellationToken).ConfigureAwait(false)).ToDictionary();
    }

    private async ValueTask<Dictionary<Identity, CustomerId>> OwnersAsync(SqlSession session, IReadOnlyList<Commit> commits, CancellationToken cancellationToken)
    {
        var call = new SqlCall(Owners);
        foreach (var identity in commits.SelectMany(commit => commit.Claims).Select(claim => claim.Identity).Distinct())
        {
            call.Add(tenant, Bucket.Of(identity), identity.Kind, identity.Value);
        }

        return (await session.QueryAsync(call, row => (new Identity(row.Text(0), row.Text(1)), row.Customer(2)), cancellationToken).ConfigureAwait(false)).ToDictionary();
    }

    private async ValueTask<Dictionary<string, long>> SuppliesAsync(SqlSession session, IReadOnlyList<Commit> commits, CancellationToken cancellationToken)
    {
        var call = new SqlCall(Supplies);
        foreach (var name in commits.SelectMany(commit => commit.Quotas).Select(draw => draw.Name).Distinct(StringComparer.Ordinal))
        {
            call.Add(tenant, name);
        }

        return (await session.QueryAsync(call, row => (row.Text(0), row.Whole(1)), cancellationToken).ConfigureAwait(false)).ToDictionary(StringComparer.Ordinal);
    }

    /// <summary>What the store has, and what the commits looked at so far add to it.</summary>
    private sealed class World
    {
        public required Dictionary<EventKey, RecordedKey> Keys { get; init; }

        public required Dictionary<CustomerId, long> Versions { get; init; }

        /// <summary>The slots that commits name.</summary>
        public required Dictionary<CustomerId, byte[]> Slots { get; init; }

        public required Dictionary<Identity, CustomerId> Owners { get; init; }

        public required Dictionary<string, long> Supplies { get; init; }

        public CommitResult? Take(Commit commit)
        {
            if (Refusal(commit) is { } refusal)
            {
                return refusal;
            }

            foreach (var entry in commit.Entries)
            {
                Keys.Add(entry.Event.Key, new RecordedKey(entry.PayloadHash, entry.Receipt));
            }

            foreach (var claim in commit.Claims)
            {
                Owners.Add(claim.Identity, commit.Customer);
            }

            foreach (var draw in commit.NetDraws())
            {
                Supplies[draw.Name] = draw.LeftOf(Supplies.GetValueOrDefault(draw.Name));
            }

            return null;
        }

        private CommitResult? Refusal(Commit commit)
        {
            foreach (var entry in commit.Entries)
            {
                if (Keys.TryGetValue(entry.Event.Key, out var recorded))
                {
                    return recorded.PayloadHash == entry.PayloadHash
                        ? new CommitResult.AlreadyCommitted(entry.Event.Key, recorded.Receipt)
                        : new CommitResult.KeyReused(entry.Event.Key);
                }
            }

            if (Versions.GetValueOrDefault(commit.Customer) != commit.ExpectedVersion
                || (commit.Upon is { } upon && !(Slots.TryGetValue(commit.Customer, out var content) && upon.Bytes.AsSpan().SequenceEqual(content))))
            {
                return new CommitResult.VersionConflict();
            }

            foreach (var claim in commit.Claims)
            {
                if (Owners.TryGetValue(claim.Identity, out var owner))
                {
                    return new CommitResult.IdentityTaken(claim.Identity, owner);
                }
            }

            foreach (var draw in commit.NetDraws())
            {
                if (!draw.IsCoveredBy(Supplies.GetValueOrDefault(draw.Name)))
                {
                    return new CommitResult.QuotaExhausted(draw.Name);
                }
            }

            return null;
        }
    }
}
