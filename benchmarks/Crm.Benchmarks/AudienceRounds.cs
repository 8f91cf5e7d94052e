using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using Crm.Conditions;
using Crm.Events;
using Crm.Storage;
using Crm.Storage.PostgreSql;
using Crm.Tests.Shared;
using Crm.Values;
using NodaTime;
using Npgsql;
using NpgsqlTypes;

namespace Crm.Benchmarks;

/// <summary>
/// The audience of five leaves among a million customers with ten million purchases in PostgreSQL, from a definition and by SQL written by hand over the same tables, in turns:
/// <c>dotnet run -c Release --project benchmarks/Crm.Benchmarks -- audience [CUSTOMERS]</c>. The server is a throwaway cluster with its defaults, or the one that CRM_BENCH_POSTGRES names.
/// </summary>
internal static class AudienceRounds
{
    private const int Rounds = 7;
    private const string Tenant = "default";
    private static readonly Moment Now = FiveLeaves.Now;
    private static readonly EventKinds Kinds = new(EventKinds.BuiltIn);

    // Written for these tables and this question, by somebody who knows that nothing is refunded and nothing due.
    private const string RawByHand = """
        SELECT e.customer_id FROM (
            SELECT bucket, customer_id FROM crm_event
            WHERE tenant = 'default' AND kind = 'purchase' AND spend_currency = 'HKD' AND effective_at <= $1
            GROUP BY bucket, customer_id
            HAVING COUNT(*) FILTER (WHERE effective_at > $2) >= 3 AND SUM(spend_minor) >= 100000 AND MAX(effective_at) <= $3) e
        JOIN crm_fact r ON r.tenant = 'default' AND r.bucket = e.bucket AND r.customer_id = e.customer_id AND r.name = 'customer.region' AND r.content = 'HK'
        JOIN crm_fact m ON m.tenant = 'default' AND m.bucket = e.bucket AND m.customer_id = e.customer_id AND m.name = 'consent.email' AND m.content = 'true'
        ORDER BY e.customer_id
        """;

    private const string MaintainedByHand = """
        SELECT customer_id FROM crm_fact
        WHERE tenant = 'default' AND ((name = 'kept.recent' AND number >= 3) OR (name = 'kept.spend' AND number >= 1000) OR (name = 'kept.fortnight' AND number = 0)
            OR (name = 'customer.region' AND content = 'HK') OR (name = 'consent.email' AND content = 'true'))
        GROUP BY bucket, customer_id HAVING COUNT(*) = 5 ORDER BY customer_id
        """;

    private const string MaintainedByJoins = """
        SELECT a.customer_id FROM crm_fact a
        JOIN crm_fact b ON b.tenant = a.tenant AND b.bucket = a.bucket AND b.customer_id = a.customer_id AND b.name = 'kept.spend' AND b.number >= 1000
        JOIN crm_fact c ON c.tenant = a.tenant AND c.bucket = a.bucket AND c.customer_id = a.customer_id AND c.name = 'kept.fortnight' AND c.number = 0
        JOIN crm_fact d ON d.tenant = a.tenant AND d.bucket = a.bucket AND d.customer_id = a.customer_id AND d.name = 'customer.region' AND d.content = 'HK'
        JOIN crm_fact e ON e.tenant = a.tenant AND e.bucket = a.bucket AND e.customer_id = a.customer_id AND e.name = 'consent.email' AND e.content = 'true'
        WHERE a.tenant = 'default' AND a.name = 'kept.recent' AND a.number >= 3 ORDER BY a.customer_id
        """;

    public static async Task RunAsync(int customers)
    {
        var connectionString = Environment.GetEnvironmentVariable("CRM_BENCH_POSTGRES") ?? PostgreSqlCluster.Start(durable: false) ?? throw new InvalidOperationException("No PostgreSQL: set CRM_BENCH_POSTGRES, or install the server.");
        var schema = $"bench_{Guid.NewGuid():N}";
        await using var store = PostgreSqlStore.Open(connectionString, new PostgreSqlStoreOptions { Schema = schema });
        await store.MigrateAsync();
        await using var connection = new NpgsqlConnection($"{connectionString};Search Path={schema};Command Timeout=0");
        await connection.OpenAsync();
        var started = Stopwatch.GetTimestamp();
        var purchases = await FillAsync(connection, customers);
        await RunAsync(connection, "VACUUM ANALYZE");
        Say($"{customers:N0} customers, {purchases:N0} purchases, filled in {Stopwatch.GetElapsedTime(started).TotalSeconds:0} s");
        var (ticks, recent, fortnight) = (Ticks(Now.Instant), Ticks(Now.Instant - Duration.FromDays(90)), Ticks(Now.Instant - Duration.FromDays(14)));
        await CompareAsync("from purchases", () => SelectAsync(store, FiveLeaves.FromPurchases), [("by hand", () => IdsAsync(connection, RawByHand, ticks, recent, fortnight))]);
        await CompareAsync("from maintained facts", () => SelectAsync(store, FiveLeaves.FromFacts), [("by hand, grouped", () => IdsAsync(connection, MaintainedByHand)), ("by hand, joined", () => IdsAsync(connection, MaintainedByJoins))]);
        await RunAsync(connection, $"DROP SCHEMA {schema} CASCADE");
    }

    private static async Task CompareAsync(string what, Func<Task<int>> definition, (string Name, Func<Task<int>> Ask)[] hands)
    {
        (string Name, Func<Task<int>> Ask)[] all = [("from the definition", definition), .. hands];
        var times = all.Select(_ => new double[Rounds]).ToArray();
        var found = -1;
        for (var round = 0; round < Rounds; round++)
        {
            foreach (var (i, one) in all.Index())
            {
                var before = Stopwatch.GetTimestamp();
                var count = await one.Ask();
                times[i][round] = Stopwatch.GetElapsedTime(before).TotalMilliseconds;
                found = found < 0 || found == count ? count : throw new InvalidOperationException($"{one.Name} finds {count} customers, and what was asked before it {found}.");
            }
        }

        foreach (var (i, one) in all.Index())
        {
            Array.Sort(times[i]);
            Say($"{what}, {one.Name}: {times[i][0]:0} ms, median {times[i][Rounds / 2]:0} ({found:N0} customers)");
        }

        var best = times.Skip(1).Min(one => one[0]);
        Say($"{what}: {times[0][0] / best:0.00} of the best by hand");
    }

    private static async Task<int> SelectAsync(IAudienceQuery store, Condition audience)
    {
        var answer = await store.SelectAsync(audience, Kinds, null, Now, default);
        return answer.Undecided.IsEmpty ? answer.Members.Count : throw new InvalidOperationException("Nothing is due and nothing refunded, and yet some are undecided.");
    }

    private static async Task<int> IdsAsync(NpgsqlConnection connection, string sql, params long[] values)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var value in values)
        {
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = value });
        }

        var ids = new List<byte[]>();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            ids.Add(reader.GetFieldValue<byte[]>(0));
        }

        return ids.Count;
    }

    // Purchases lie in the order in which they came, as a shop's do, so those of one customer are spread over the whole table.
    private static async Task<int> FillAsync(NpgsqlConnection connection, int customers)
    {
        var luck = 42UL;
        var (ids, regions, consents) = (new CustomerId[customers], new bool[customers], new bool[customers]);
        var history = new List<(long At, int Customer, int Dollars)>();
        for (var customer = 0; customer < customers; customer++)
        {
            ids[customer] = new CustomerId(new UInt128(FiveLeaves.Next(ref luck), FiveLeaves.Next(ref luck)));
            for (var left = FiveLeaves.Purchases(ref luck); left > 0; left--)
            {
                var dollars = (int)(FiveLeaves.Next(ref luck) % 256);
                history.Add((Ticks(FiveLeaves.PurchasedAt(ref luck)), customer, dollars));
            }

            (regions[customer], consents[customer]) = (FiveLeaves.Next(ref luck) % 4 == 0, FiveLeaves.Next(ref luck) % 2 == 0);
        }

        history.Sort();
        var (recents, spends, fortnights, versions) = (new int[customers], new long[customers], new int[customers], new long[customers]);
        var (recent, fortnight) = (Ticks(Now.Instant - Duration.FromDays(90)), Ticks(Now.Instant - Duration.FromDays(14)));
        var (hash, receipt) = (new byte[16], new byte[72]);
        await using (var events = await connection.BeginBinaryImportAsync("COPY crm_event (tenant, bucket, customer_id, version, source, event_key, kind, occurred_at, effective_at, recorded_at, spend_minor, spend_currency, backfill, payload_hash, receipt) FROM STDIN (FORMAT BINARY)"))
        {
            foreach (var (number, (at, customer, dollars)) in history.Index())
            {
                recents[customer] += at > recent ? 1 : 0;
                spends[customer] += dollars;
                fortnights[customer] += at > fortnight ? 1 : 0;
                await StartAsync(events, ids[customer]);
                await events.WriteAsync(++versions[customer], NpgsqlDbType.Bigint);
                await events.WriteAsync("till", NpgsqlDbType.Text);
                await events.WriteAsync(number.ToString(CultureInfo.InvariantCulture), NpgsqlDbType.Text);
                await events.WriteAsync("purchase", NpgsqlDbType.Text);
                await events.WriteAsync(at, NpgsqlDbType.Bigint);
                await events.WriteAsync(at, NpgsqlDbType.Bigint);
                await events.WriteAsync(at, NpgsqlDbType.Bigint);
                await events.WriteAsync(dollars * 100L, NpgsqlDbType.Bigint);
                await events.WriteAsync("HKD", NpgsqlDbType.Text);
                await events.WriteAsync(0L, NpgsqlDbType.Bigint);
                await events.WriteAsync(hash, NpgsqlDbType.Bytea);
                await events.WriteAsync(receipt, NpgsqlDbType.Bytea);
            }

            await events.CompleteAsync();
        }

        await using (var births = await connection.BeginBinaryImportAsync("COPY crm_customer (tenant, bucket, customer_id, version, kind, identities, born_at) FROM STDIN (FORMAT BINARY)"))
        {
            for (var customer = 0; customer < customers; customer++)
            {
                await StartAsync(births, ids[customer]);
                await births.WriteAsync(versions[customer], NpgsqlDbType.Bigint);
                await births.WriteAsync(0L, NpgsqlDbType.Bigint);
                await births.WriteAsync(1L, NpgsqlDbType.Bigint);
                await births.WriteAsync(Ticks(FiveLeaves.Start), NpgsqlDbType.Bigint);
            }

            await births.CompleteAsync();
        }

        await using var facts = await connection.BeginBinaryImportAsync("COPY crm_fact (tenant, bucket, customer_id, name, kind, content, number) FROM STDIN (FORMAT BINARY)");
        for (var customer = 0; customer < customers; customer++)
        {
            await FactAsync(facts, ids[customer], "customer.region", regions[customer] ? "HK" : "MO", null);
            await FactAsync(facts, ids[customer], "consent.email", consents[customer], consents[customer] ? 1 : 0);
            await FactAsync(facts, ids[customer], "kept.recent", recents[customer], recents[customer]);
            await FactAsync(facts, ids[customer], "kept.spend", spends[customer], spends[customer]);
            await FactAsync(facts, ids[customer], "kept.fortnight", fortnights[customer], fortnights[customer]);
        }

        await facts.CompleteAsync();
        return history.Count;
    }

    private static async Task FactAsync(NpgsqlBinaryImporter rows, CustomerId customer, string name, Scalar value, decimal? number)
    {
        await StartAsync(rows, customer);
        await rows.WriteAsync(name, NpgsqlDbType.Text);
        await rows.WriteAsync((long)value.Kind, NpgsqlDbType.Bigint);
        await rows.WriteAsync(value.ToString(), NpgsqlDbType.Text);
        if (number is { } comparable)
        {
            await rows.WriteAsync(comparable, NpgsqlDbType.Numeric);
        }
        else
        {
            await rows.WriteNullAsync();
        }
    }

    private static async Task StartAsync(NpgsqlBinaryImporter rows, CustomerId customer)
    {
        var id = new byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(id, customer.Value);
        await rows.StartRowAsync();
        await rows.WriteAsync(Tenant, NpgsqlDbType.Text);
        await rows.WriteAsync((long)customer.Bucket, NpgsqlDbType.Bigint);
        await rows.WriteAsync(id, NpgsqlDbType.Bytea);
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static long Ticks(Instant instant) => instant.ToUnixTimeTicks();

    private static void Say(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
