using static Crm.Storage.Sql.SqlType;

namespace Crm.Storage.Sql;

/// <summary>
/// The statements of a commit. Those that may find the world changed change fewer rows instead of raising errors; what is inserted after them cannot collide once they held,
/// but in a store that is damaged: it is counted too, so that no row is left out in silence.
/// </summary>
internal static class CommitStatements
{
    public static readonly SqlStatement Keys = new(
        "INSERT INTO crm_key (tenant, bucket, source, event_key, payload_hash, customer_bucket, customer_id, version) VALUES {rows} ON CONFLICT DO NOTHING",
        [Characters, Whole, Characters, Characters, Bytes, Whole, Bytes, Whole]) { IsGuardedByKey = true };

    public static readonly SqlStatement Births = new(
        "INSERT INTO crm_customer (tenant, bucket, customer_id, version, kind, identities, born_at) VALUES {rows} ON CONFLICT DO NOTHING",
        [Characters, Whole, Bytes, Whole, Whole, Whole, Whole]) { IsGuardedByKey = true };

    public static readonly SqlStatement Versions = new(
        """
        WITH v (tenant, bucket, customer_id, expected, version, claims) AS (VALUES {rows})
        UPDATE crm_customer SET version = v.version, identities = crm_customer.identities + v.claims
        FROM v WHERE crm_customer.tenant = v.tenant AND crm_customer.bucket = v.bucket AND crm_customer.customer_id = v.customer_id AND crm_customer.version = v.expected
        """,
        [Characters, Whole, Bytes, Whole, Whole, Whole])
    {
        MostRows = 32,
        OfOne = new(
            "UPDATE crm_customer SET version = {4}, identities = identities + {5} WHERE tenant = {0} AND bucket = {1} AND customer_id = {2} AND version = {3}",
            [Characters, Whole, Bytes, Whole, Whole, Whole]),
    };

    /// <summary>The same for commits that say what a slot must be (<see cref="Commit.Upon"/>).</summary>
    public static readonly SqlStatement VersionsUpon = new(
        """
        WITH v (tenant, bucket, customer_id, expected, version, claims, name, content) AS (VALUES {rows})
        UPDATE crm_customer SET version = v.version, identities = crm_customer.identities + v.claims
        FROM v WHERE crm_customer.tenant = v.tenant AND crm_customer.bucket = v.bucket AND crm_customer.customer_id = v.customer_id AND crm_customer.version = v.expected
            AND EXISTS (SELECT 1 FROM crm_slot s WHERE s.tenant = crm_customer.tenant AND s.bucket = crm_customer.bucket AND s.customer_id = crm_customer.customer_id AND s.name = v.name AND s.content = v.content)
        """,
        [Characters, Whole, Bytes, Whole, Whole, Whole, Characters, Bytes])
    {
        MostRows = 32,
        OfOne = new(
            """
            UPDATE crm_customer SET version = {4}, identities = identities + {5} WHERE tenant = {0} AND bucket = {1} AND customer_id = {2} AND version = {3}
                AND EXISTS (SELECT 1 FROM crm_slot s WHERE s.tenant = {0} AND s.bucket = {1} AND s.customer_id = {2} AND s.name = {6} AND s.content = {7})
            """,
            [Characters, Whole, Bytes, Whole, Whole, Whole, Characters, Bytes]),
    };

    public static readonly SqlStatement Severed = new(
        "DELETE FROM crm_identity WHERE tenant = {0} AND bucket = {1} AND kind = {2} AND value = {3} AND customer_bucket = {4} AND customer_id = {5}",
        [Characters, Whole, Characters, Characters, Whole, Bytes]) { Erases = true };

    public static readonly SqlStatement Identities = new(
        "INSERT INTO crm_identity (tenant, bucket, kind, value, customer_bucket, customer_id, reference) VALUES {rows} ON CONFLICT DO NOTHING",
        [Characters, Whole, Characters, Characters, Whole, Bytes, Whole]);

    public static readonly SqlStatement Draws = new(
        "UPDATE crm_quota SET available = available - {2} WHERE tenant = {0} AND name = {1} AND available >= {3}",
        [Characters, Characters, Whole, Whole]);

    // A supply that nobody has filled is at 0.
    public static readonly SqlStatement DrawsOnCredit = new(
        "INSERT INTO crm_quota (tenant, name, available) VALUES ({0}, {1}, {2}) ON CONFLICT (tenant, name) DO UPDATE SET available = crm_quota.available + {2} WHERE crm_quota.available >= {3}",
        [Characters, Characters, Whole, Whole]);

    public static readonly SqlStatement GiveBack = new(
        """
        INSERT INTO crm_quota (tenant, name, available) VALUES {rows} ON CONFLICT (tenant, name) DO UPDATE SET available = CASE
            WHEN excluded.available > 0 AND crm_quota.available > 9223372036854775807 - excluded.available THEN 9223372036854775807
            WHEN excluded.available < 0 AND crm_quota.available < -9223372036854775807 - 1 - excluded.available THEN -9223372036854775807 - 1
            ELSE crm_quota.available + excluded.available END
        """,
        [Characters, Characters, Whole]);

    public static readonly SqlStatement Events = new(
        """
        INSERT INTO crm_event (tenant, bucket, customer_id, version, source, event_key, kind, occurred_at, effective_at, recorded_at, channel, brand, actor, spend_minor, spend_currency,
            original_source, original_key, sent_to, identity_reference, backfill, payload_hash, fields, observations, receipt) VALUES {rows} ON CONFLICT DO NOTHING
        """,
        [Characters, Whole, Bytes, Whole, Characters, Characters, Characters, Whole, Whole, Whole, Characters, Characters, Characters, Whole, Characters, Characters, Characters, Bytes, Whole, Whole, Bytes, Bytes, Bytes, Bytes]) { IsGuardedByKey = true };

    public static readonly SqlStatement Lines = new(
        "INSERT INTO crm_event_line (tenant, bucket, customer_id, version, line, sku, category, quantity, minor, currency) VALUES {rows} ON CONFLICT DO NOTHING",
        [Characters, Whole, Bytes, Whole, Whole, Characters, Characters, Exact, Whole, Characters]) { IsGuardedByKey = true };

    public static readonly SqlStatement Slots = new(
        """
        INSERT INTO crm_slot (tenant, bucket, customer_id, name, codec, content) VALUES {rows}
        ON CONFLICT (tenant, bucket, customer_id, name) DO UPDATE SET codec = excluded.codec, content = excluded.content
        """,
        [Characters, Whole, Bytes, Characters, Whole, Bytes]);

    public static readonly SqlStatement Ledger = new(
        """
        INSERT INTO crm_ledger (tenant, bucket, customer_id, version, line, program, unit, lot, amount, movement, cause_source, cause_key, occurred_at, recorded_at,
            rule, code, definition, corrects_source, corrects_key) VALUES {rows} ON CONFLICT DO NOTHING
        """,
        [Characters, Whole, Bytes, Whole, Whole, Characters, Characters, Characters, Whole, Whole, Characters, Characters, Whole, Whole, Characters, Characters, Bytes, Characters, Characters]) { IsGuardedByKey = true };

    public static readonly SqlStatement Facts = new(
        """
        INSERT INTO crm_fact (tenant, bucket, customer_id, name, kind, content, number, valid_until) VALUES {rows}
        ON CONFLICT (tenant, bucket, customer_id, name) DO UPDATE SET kind = excluded.kind, content = excluded.content, number = excluded.number, valid_until = excluded.valid_until
        """,
        [Characters, Whole, Bytes, Characters, Whole, Characters, Exact, Whole]);

    public static readonly SqlStatement FactsGone = new(
        "DELETE FROM crm_fact WHERE (tenant, bucket, customer_id, name) IN (VALUES {rows})",
        [Characters, Whole, Bytes, Characters]);

    public static readonly SqlStatement Profiles = new(
        "INSERT INTO crm_profile (tenant, bucket, customer_id, content) VALUES {rows} ON CONFLICT (tenant, bucket, customer_id) DO UPDATE SET content = excluded.content",
        [Characters, Whole, Bytes, Bytes]);

    public static readonly SqlStatement ProfilesGone = new(
        "DELETE FROM crm_profile WHERE (tenant, bucket, customer_id) IN (VALUES {rows})",
        [Characters, Whole, Bytes]) { Erases = true };

    public static readonly SqlStatement Wakeups = new(
        """
        INSERT INTO crm_wakeup (tenant, bucket, customer_id, due_at) VALUES {rows}
        ON CONFLICT (tenant, bucket, customer_id) DO UPDATE SET due_at = excluded.due_at, leased_until = NULL
        """,
        [Characters, Whole, Bytes, Whole]);

    public static readonly SqlStatement WakeupsGone = new(
        "DELETE FROM crm_wakeup WHERE (tenant, bucket, customer_id) IN (VALUES {rows})",
        [Characters, Whole, Bytes]);

    public static readonly SqlStatement CheckpointsGone = new(
        "DELETE FROM crm_checkpoint WHERE tenant = {0} AND bucket = {1} AND customer_id = {2} AND at >= {3} AND opening IS NULL",
        [Characters, Whole, Bytes, Whole]);

    public static readonly SqlStatement Checkpoints = new(
        "INSERT INTO crm_checkpoint (tenant, bucket, customer_id, at, slots) VALUES {rows} ON CONFLICT (tenant, bucket, customer_id, at) DO UPDATE SET slots = excluded.slots WHERE crm_checkpoint.opening IS NULL",
        [Characters, Whole, Bytes, Whole, Bytes]);

    public static readonly SqlStatement Outbox = new(
        """
        INSERT INTO crm_outbox (tenant, bucket, customer_id, id, kind, state, not_before, useful_until, recorded_at, version, place, attempts, content) VALUES {rows}
        ON CONFLICT (tenant, bucket, customer_id, id) DO UPDATE SET kind = excluded.kind, state = 0, not_before = excluded.not_before, useful_until = excluded.useful_until,
            recorded_at = excluded.recorded_at, version = excluded.version, place = excluded.place, attempts = excluded.attempts, content = excluded.content
        WHERE crm_outbox.state <> 1
        """,
        [Characters, Whole, Bytes, Characters, Whole, Whole, Whole, Whole, Whole, Whole, Whole, Whole, Bytes]);

    public static readonly SqlStatement OutboxWithdrawn = new(
        "UPDATE crm_outbox SET state = 2, content = NULL, leased_until = NULL WHERE tenant = {0} AND bucket = {1} AND customer_id = {2} AND id = {3} AND state = 0",
        [Characters, Whole, Bytes, Characters]);

    public static readonly SqlStatement MessagesWithdrawn = new(
        "UPDATE crm_outbox SET state = 2, content = NULL, leased_until = NULL WHERE tenant = {0} AND bucket = {1} AND customer_id = {2} AND kind = {3} AND state = 0",
        [Characters, Whole, Bytes, Whole]);

    public static readonly SqlStatement OutboxSettled = new(
        "UPDATE crm_outbox SET state = 1, content = NULL, leased_until = NULL WHERE tenant = {0} AND bucket = {1} AND customer_id = {2} AND id = {3}",
        [Characters, Whole, Bytes, Characters]);
}
