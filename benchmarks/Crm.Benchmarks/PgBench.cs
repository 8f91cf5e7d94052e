using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;

namespace Crm.Benchmarks;

/// <summary>
/// pgbench, which comes with the server, with the statements of one recorded purchase: prepared, in one pipeline, one transaction each. Its rows are as long as the real ones, and mean nothing.
/// </summary>
internal static partial class PgBench
{
    /// <summary>Transactions a second; null where pgbench is not installed.</summary>
    public static async Task<double?> RunAsync(string connectionString, string schema, int customers, int clients, int seconds)
    {
        if (Program() is not { } program)
        {
            return null;
        }

        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, Script(schema, customers));
        var target = new NpgsqlConnectionStringBuilder(connectionString);
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true };
        string[] arguments =
        [
            "-n", "-M", "prepared", "-h", target.Host ?? "", "-p", target.Port.ToString(CultureInfo.InvariantCulture), "-U", target.Username ?? "", "-f", file,
            "-c", clients.ToString(CultureInfo.InvariantCulture), "-j", Math.Min(clients, 2).ToString(CultureInfo.InvariantCulture), "-T", seconds.ToString(CultureInfo.InvariantCulture), target.Database ?? "",
        ];
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["PGPASSWORD"] = target.Password;
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"'{program}' did not start.");
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        File.Delete(file);
        var found = Rate().Match(output);
        return found.Success ? double.Parse(found.Groups[1].Value, CultureInfo.InvariantCulture) : throw new InvalidOperationException($"pgbench gave no rate: {output}{await errors}");
    }

    private static string? Program() => Directory.Exists("/usr/lib/postgresql")
        ? Directory.GetDirectories("/usr/lib/postgresql").Select(folder => Path.Combine(folder, "bin", "pgbench")).LastOrDefault(File.Exists)
        : null;

    // Customers of its own, who are born when it first meets them.
    private static string Script(string schema, int customers)
    {
        const string Id = "decode(lpad(to_hex((:c)::bigint), 32, '0'), 'hex')";
        return $"""
            \set c random(1, {customers})
            \set k random(1, 9000000000000000000)
            \startpipeline
            BEGIN;
            INSERT INTO {schema}.crm_key (tenant, bucket, source, event_key, payload_hash, customer_bucket, customer_id, version) VALUES ('bench', (:k)::bigint % 1024, 'till', (:k)::text, decode(repeat('ab', 16), 'hex'), :c % 1024, {Id}, :k) ON CONFLICT DO NOTHING;
            INSERT INTO {schema}.crm_customer (tenant, bucket, customer_id, version, kind, identities, born_at) VALUES ('bench', :c % 1024, {Id}, 1, 0, 1, 1) ON CONFLICT (tenant, bucket, customer_id) DO UPDATE SET version = crm_customer.version + 1;
            INSERT INTO {schema}.crm_event (tenant, bucket, customer_id, version, source, event_key, kind, occurred_at, effective_at, recorded_at, spend_minor, spend_currency, identity_reference, backfill, payload_hash, receipt) VALUES ('bench', :c % 1024, {Id}, :k, 'till', (:k)::text, 'purchase', 1, 1, 1, 5200, 'HKD', 1, 0, decode(repeat('ab', 16), 'hex'), decode(repeat('ab', 110), 'hex')) ON CONFLICT DO NOTHING;
            INSERT INTO {schema}.crm_slot (tenant, bucket, customer_id, name, codec, content) VALUES ('bench', :c % 1024, {Id}, 'kernel', 1, decode(repeat('ab', 120), 'hex')), ('bench', :c % 1024, {Id}, 'loyalty', 1, decode(repeat('cd', 60), 'hex')) ON CONFLICT (tenant, bucket, customer_id, name) DO UPDATE SET codec = excluded.codec, content = excluded.content;
            INSERT INTO {schema}.crm_ledger (tenant, bucket, customer_id, version, line, program, unit, lot, amount, movement, cause_source, cause_key, occurred_at, recorded_at, rule, definition) VALUES ('bench', :c % 1024, {Id}, :k, 0, 'club', 'points', 'club/points/none', 52, 0, 'till', (:k)::text, 1, 1, 'base', decode(repeat('ab', 16), 'hex')) ON CONFLICT DO NOTHING;
            INSERT INTO {schema}.crm_fact (tenant, bucket, customer_id, name, kind, content, number, valid_until) VALUES ('bench', :c % 1024, {Id}, 'loyalty.club.points', 1, '52', 52, NULL) ON CONFLICT (tenant, bucket, customer_id, name) DO UPDATE SET kind = excluded.kind, content = excluded.content, number = excluded.number, valid_until = excluded.valid_until;
            COMMIT;
            \endpipeline

            """;
    }

    [GeneratedRegex(@"tps = ([\d.]+)")]
    private static partial Regex Rate();
}
