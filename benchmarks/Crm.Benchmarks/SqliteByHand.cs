using System.Buffers.Binary;
using Crm.Storage;
using Crm.Values;
using Microsoft.Data.Sqlite;

namespace Crm.Benchmarks;

/// <summary>
/// The yardstick: inserts the rows of commits as a careful programmer does with the driver, a prepared command for each table and one transaction for all.
/// It knows beforehand that nothing collides, so it checks nothing.
/// </summary>
internal sealed class SqliteByHand : IDisposable
{
    private const string Tenant = "default";
    private readonly SqliteConnection connection;
    private readonly SqliteCommand key;
    private readonly SqliteCommand birth;
    private readonly SqliteCommand version;
    private readonly SqliteCommand identity;
    private readonly SqliteCommand happened;
    private readonly SqliteCommand line;
    private readonly SqliteCommand slot;
    private readonly SqliteCommand ledger;
    private readonly SqliteCommand fact;

    public SqliteByHand(string path)
    {
        connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        connection.Open();
        Run("PRAGMA journal_mode = WAL");
        Run("PRAGMA synchronous = FULL");
        Run("PRAGMA cache_size = -16000");
        key = Prepared("INSERT INTO crm_key (tenant, bucket, source, event_key, payload_hash, customer_bucket, customer_id, version) VALUES ({0})", 8);
        birth = Prepared("INSERT INTO crm_customer (tenant, bucket, customer_id, version, kind, identities, born_at) VALUES ({0})", 7);
        version = Prepared("UPDATE crm_customer SET version = $3 WHERE tenant = $0 AND bucket = $1 AND customer_id = $2", 4);
        identity = Prepared("INSERT INTO crm_identity (tenant, bucket, kind, value, customer_bucket, customer_id, reference) VALUES ({0})", 7);
        happened = Prepared(
            """
            INSERT INTO crm_event (tenant, bucket, customer_id, version, source, event_key, kind, occurred_at, effective_at, recorded_at, channel, brand, actor, spend_minor, spend_currency,
                original_source, original_key, sent_to, identity_reference, backfill, payload_hash, fields, observations, receipt) VALUES ({0})
            """,
            24);
        line = Prepared("INSERT INTO crm_event_line (tenant, bucket, customer_id, version, line, sku, category, quantity, minor, currency) VALUES ({0})", 10);
        slot = Prepared("INSERT OR REPLACE INTO crm_slot (tenant, bucket, customer_id, name, codec, content) VALUES ({0})", 6);
        ledger = Prepared(
            """
            INSERT INTO crm_ledger (tenant, bucket, customer_id, version, line, program, unit, lot, amount, movement, cause_source, cause_key, occurred_at, recorded_at,
                rule, code, definition, corrects_source, corrects_key) VALUES ({0})
            """,
            19);
        fact = Prepared("INSERT OR REPLACE INTO crm_fact (tenant, bucket, customer_id, name, kind, content, number, valid_until) VALUES ({0})", 8);
    }

    public void Insert(IReadOnlyList<Commit> commits)
    {
        using var transaction = connection.BeginTransaction();
        foreach (var commit in commits)
        {
            Insert(commit, transaction);
        }

        transaction.Commit();
    }

    public void Dispose()
    {
        foreach (var command in new[] { key, birth, version, identity, happened, line, slot, ledger, fact })
        {
            command.Dispose();
        }

        connection.Dispose();
    }

    private void Insert(Commit commit, SqliteTransaction transaction)
    {
        var bucket = commit.Customer.Bucket;
        var id = Bytes(commit.Customer.Value);
        if (commit.ExpectedVersion == 0)
        {
            Run(birth, transaction, Tenant, bucket, id, commit.Version, 0, commit.Claims.Count, commit.RecordedAt.ToUnixTimeTicks());
        }
        else
        {
            Run(version, transaction, Tenant, bucket, id, commit.Version);
        }

        foreach (var claim in commit.Claims)
        {
            Run(identity, transaction, Tenant, bucket, claim.Identity.Kind, claim.Identity.Value, bucket, id, claim.Reference);
        }

        foreach (var entry in commit.Entries)
        {
            var sent = entry.Event;
            var hash = Bytes(entry.PayloadHash);
            Run(key, transaction, Tenant, new CustomerId(entry.PayloadHash).Bucket, sent.Key.Source, sent.Key.Value, hash, bucket, id, entry.Version);
            Run(
                happened, transaction, Tenant, bucket, id, entry.Version, sent.Key.Source, sent.Key.Value, sent.Kind, sent.OccurredAt?.ToUnixTimeTicks(), entry.EffectiveAt.ToUnixTimeTicks(), entry.RecordedAt.ToUnixTimeTicks(),
                sent.Channel, sent.Brand, sent.Actor, sent.Spend?.MinorUnits, sent.Spend?.Currency.Code, null, null, null, entry.IdentityReference, 0, hash, null, null, Binary.Write(entry.Receipt));
            for (var i = 0; i < sent.Lines.Count; i++)
            {
                var bought = sent.Lines[i];
                Run(line, transaction, Tenant, bucket, id, entry.Version, i, bought.Sku, bought.Category, bought.Quantity, bought.Amount.MinorUnits, bought.Amount.Currency.Code);
            }
        }

        foreach (var changed in commit.Slots)
        {
            Run(slot, transaction, Tenant, bucket, id, changed.Name, changed.Version, changed.Bytes.AsSpan().ToArray());
        }

        for (var i = 0; i < commit.Ledger.Count; i++)
        {
            var entry = commit.Ledger[i];
            Run(
                ledger, transaction, Tenant, bucket, id, commit.Version, i, entry.Program, entry.Unit, entry.Lot, entry.Amount, (int)entry.Movement, entry.Cause.Source, entry.Cause.Value, entry.OccurredAt.ToUnixTimeTicks(),
                commit.RecordedAt.ToUnixTimeTicks(), entry.Rule, entry.Code, entry.Definition is { } definition ? Bytes(definition.Value) : null, null, null);
        }

        foreach (var changed in commit.Facts)
        {
            Run(fact, transaction, Tenant, bucket, id, changed.Name, (int)changed.Value.Kind, changed.Value.ToString(), changed.Value.AsNumber, null);
        }
    }

    private static void Run(SqliteCommand command, SqliteTransaction transaction, params ReadOnlySpan<object?> values)
    {
        command.Transaction = transaction;
        for (var i = 0; i < values.Length; i++)
        {
            command.Parameters[i].Value = values[i] ?? DBNull.Value;
        }

        command.ExecuteNonQuery();
    }

    private static byte[] Bytes(UInt128 value)
    {
        var bytes = new byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, value);
        return bytes;
    }

    private SqliteCommand Prepared(string sql, int parameters)
    {
        var command = connection.CreateCommand();
        var names = Enumerable.Range(0, parameters).Select(place => $"${place}").ToArray();
        command.CommandText = sql.Replace("{0}", string.Join(", ", names), StringComparison.Ordinal);
        foreach (var name in names)
        {
            command.Parameters.Add(new SqliteParameter { ParameterName = name });
        }

        command.Prepare();
        return command;
    }

    private void Run(string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
