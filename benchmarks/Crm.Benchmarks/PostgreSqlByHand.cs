using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Crm.Storage;
using Crm.Values;
using Npgsql;
using NpgsqlTypes;

namespace Crm.Benchmarks;

/// <summary>
/// The yardstick: writes the rows of commits as a careful programmer does with Npgsql, in one batch. It knows beforehand that nothing collides, so it loads nothing, decides nothing and checks nothing.
/// </summary>
internal sealed class PostgreSqlByHand(NpgsqlConnection connection, string schema)
{
    private const string Tenant = "default";

    private static readonly Dictionary<string, string> Ends = new(StringComparer.Ordinal)
    {
        ["crm_slot"] = " ON CONFLICT (tenant, bucket, customer_id, name) DO UPDATE SET codec = excluded.codec, content = excluded.content",
        ["crm_fact"] = " ON CONFLICT (tenant, bucket, customer_id, name) DO UPDATE SET kind = excluded.kind, content = excluded.content, number = excluded.number, valid_until = excluded.valid_until",
    };

    private readonly Dictionary<string, List<object?[]>> rows = new(StringComparer.Ordinal);

    /// <summary>Writes commits together, in one transaction: one statement a table, or as many as a statement's parameters need.</summary>
    public async Task WriteAsync(params IReadOnlyList<Commit> commits)
    {
        rows.Clear();
        await using var batch = new NpgsqlBatch(connection);
        foreach (var commit in commits)
        {
            Collect(commit, batch);
        }

        foreach (var (table, values) in rows)
        {
            foreach (var chunk in values.Chunk(commits.Count == 1 ? 1 : 250))
            {
                batch.BatchCommands.Add(Insert(table, chunk));
            }
        }

        await batch.ExecuteNonQueryAsync();
    }

    private void Collect(Commit commit, NpgsqlBatch batch)
    {
        var bucket = (long)commit.Customer.Bucket;
        var id = Bytes(commit.Customer.Value);
        if (commit.ExpectedVersion == 0)
        {
            Add("crm_customer (tenant, bucket, customer_id, version, kind, identities, born_at)", Tenant, bucket, id, commit.Version, 0L, (long)commit.Claims.Count, commit.RecordedAt.ToUnixTimeTicks());
        }
        else
        {
            var update = new NpgsqlBatchCommand($"UPDATE {schema}.crm_customer SET version = $1 WHERE tenant = $2 AND bucket = $3 AND customer_id = $4 AND version = $5");
            update.Parameters.Add(Parameter(commit.Version));
            update.Parameters.Add(Parameter(Tenant));
            update.Parameters.Add(Parameter(bucket));
            update.Parameters.Add(Parameter(id));
            update.Parameters.Add(Parameter(commit.ExpectedVersion));
            batch.BatchCommands.Add(update);
        }

        foreach (var claim in commit.Claims)
        {
            Add("crm_identity (tenant, bucket, kind, value, customer_bucket, customer_id, reference)", Tenant, bucket, claim.Identity.Kind, claim.Identity.Value, bucket, id, (long)claim.Reference);
        }

        foreach (var entry in commit.Entries)
        {
            var sent = entry.Event;
            var hash = Bytes(entry.PayloadHash);
            Add("crm_key (tenant, bucket, source, event_key, payload_hash, customer_bucket, customer_id, version)", Tenant, bucket, sent.Key.Source, sent.Key.Value, hash, bucket, id, entry.Version);
            Add(
                "crm_event (tenant, bucket, customer_id, version, source, event_key, kind, occurred_at, effective_at, recorded_at, spend_minor, spend_currency, identity_reference, backfill, payload_hash, receipt)",
                Tenant, bucket, id, entry.Version, sent.Key.Source, sent.Key.Value, sent.Kind, sent.OccurredAt?.ToUnixTimeTicks(), entry.EffectiveAt.ToUnixTimeTicks(), entry.RecordedAt.ToUnixTimeTicks(),
                sent.Spend?.MinorUnits, sent.Spend?.Currency.Code, (long?)entry.IdentityReference, 0L, hash, Binary.Write(entry.Receipt));
        }

        foreach (var slot in commit.Slots)
        {
            Add("crm_slot (tenant, bucket, customer_id, name, codec, content)", Tenant, bucket, id, slot.Name, (long)slot.Version, slot.Bytes.AsSpan().ToArray());
        }

        for (var i = 0; i < commit.Ledger.Count; i++)
        {
            var entry = commit.Ledger[i];
            Add(
                "crm_ledger (tenant, bucket, customer_id, version, line, program, unit, lot, amount, movement, cause_source, cause_key, occurred_at, recorded_at, rule, definition)",
                Tenant, bucket, id, commit.Version, (long)i, entry.Program, entry.Unit, entry.Lot, entry.Amount, (long)entry.Movement, entry.Cause.Source, entry.Cause.Value, entry.OccurredAt.ToUnixTimeTicks(),
                commit.RecordedAt.ToUnixTimeTicks(), entry.Rule, entry.Definition is { } definition ? Bytes(definition.Value) : null);
        }

        foreach (var fact in commit.Facts)
        {
            Add("crm_fact (tenant, bucket, customer_id, name, kind, content, number, valid_until)", Tenant, bucket, id, fact.Name, (long)fact.Value.Kind, fact.Value.ToString(), fact.Value.AsNumber, fact.ValidUntil?.ToUnixTimeTicks());
        }
    }

    private void Add(string table, params object?[] values)
    {
        if (!rows.TryGetValue(table, out var of))
        {
            rows.Add(table, of = []);
        }

        of.Add(values);
    }

    private NpgsqlBatchCommand Insert(string table, object?[][] values)
    {
        var sql = new StringBuilder($"INSERT INTO {schema}.{table} VALUES ");
        var command = new NpgsqlBatchCommand();
        foreach (var row in values)
        {
            sql.Append(command.Parameters.Count > 0 ? ", (" : "(");
            for (var i = 0; i < row.Length; i++)
            {
                command.Parameters.Add(row[i] is null ? new NpgsqlParameter { Value = DBNull.Value, NpgsqlDbType = Missing(table, i) } : Parameter(row[i]!));
                sql.Append(CultureInfo.InvariantCulture, $"{(i > 0 ? ", " : "")}${command.Parameters.Count}");
            }

            sql.Append(')');
        }

        sql.Append(Ends.GetValueOrDefault(table[..table.IndexOf(' ', StringComparison.Ordinal)], ""));
        command.CommandText = sql.ToString();
        return command;
    }

    // The columns of the rows above that may be empty.
    private static NpgsqlDbType Missing(string table, int column) => table[..8] switch
    {
        "crm_even" => column is 11 ? NpgsqlDbType.Text : NpgsqlDbType.Bigint,
        "crm_ledg" => column is 14 ? NpgsqlDbType.Text : NpgsqlDbType.Bytea,
        _ => NpgsqlDbType.Bigint,
    };

    private static NpgsqlParameter Parameter(object value) => value switch
    {
        long whole => new NpgsqlParameter<long> { TypedValue = whole, NpgsqlDbType = NpgsqlDbType.Bigint },
        byte[] bytes => new NpgsqlParameter<byte[]> { TypedValue = bytes, NpgsqlDbType = NpgsqlDbType.Bytea },
        decimal exact => new NpgsqlParameter<decimal> { TypedValue = exact, NpgsqlDbType = NpgsqlDbType.Numeric },
        _ => new NpgsqlParameter<string> { TypedValue = (string)value, NpgsqlDbType = NpgsqlDbType.Text },
    };

    private static byte[] Bytes(UInt128 value)
    {
        var bytes = new byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, value);
        return bytes;
    }
}
