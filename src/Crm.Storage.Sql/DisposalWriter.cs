using static Crm.Storage.Sql.SqlType;

namespace Crm.Storage.Sql;

/// <summary>
/// Takes journal entries away and writes the opening that stands for them, in one transaction. The version is raised first, so that nobody adds an entry while what is there is compared with what is to go.
/// </summary>
internal sealed class DisposalWriter(string tenant)
{
    private const int MostRounds = 3;
    private const string EventsGone = "DELETE FROM crm_event WHERE (tenant, bucket, customer_id, version) IN (VALUES {rows})";

    private static readonly SqlStatement Covered = new(
        "SELECT version FROM crm_event WHERE tenant = {0} AND bucket = {1} AND customer_id = {2} AND effective_at <= {3} ORDER BY version",
        [Characters, Whole, Bytes, Whole]);

    private static readonly SqlStatement Events = new(EventsGone, [Characters, Whole, Bytes, Whole]);

    private static readonly SqlStatement EventsErased = new(EventsGone, [Characters, Whole, Bytes, Whole]) { Erases = true };

    private static readonly SqlStatement Lines = new(
        "DELETE FROM crm_event_line WHERE (tenant, bucket, customer_id, version) IN (VALUES {rows})",
        [Characters, Whole, Bytes, Whole]);

    private static readonly SqlStatement Keys = new(
        """
        WITH v (tenant, bucket, source, event_key, receipt) AS (VALUES {rows})
        UPDATE crm_key SET receipt = v.receipt
        FROM v WHERE crm_key.tenant = v.tenant AND crm_key.bucket = v.bucket AND crm_key.source = v.source AND crm_key.event_key = v.event_key
        """,
        [Characters, Whole, Characters, Characters, Bytes]);

    private static readonly SqlStatement Earlier = new(
        "DELETE FROM crm_checkpoint WHERE tenant = {0} AND bucket = {1} AND customer_id = {2} AND at <= {3}",
        [Characters, Whole, Bytes, Whole]);

    private static readonly SqlStatement Opening = new(
        "INSERT INTO crm_checkpoint (tenant, bucket, customer_id, at, slots, opening) VALUES {rows}",
        [Characters, Whole, Bytes, Whole, Bytes, Bytes]);

    public async ValueTask<CommitResult> WriteAsync(SqlSession session, JournalDisposal disposal, CancellationToken cancellationToken)
    {
        var customer = disposal.Commit.Customer;
        for (var round = 0; round < MostRounds; round++)
        {
            await session.BeginAsync(cancellationToken).ConfigureAwait(false);
            if (!await session.ExecuteAsync(CommitCalls.Of(tenant, [disposal.Commit]), cancellationToken).ConfigureAwait(false))
            {
                await session.RollbackAsync().ConfigureAwait(false);
                return new CommitResult.VersionConflict();
            }

            var covered = await session.QueryAsync(new SqlCall(Covered).Add(tenant, customer.Bucket, customer, disposal.Opening.At), row => row.Whole(0), cancellationToken).ConfigureAwait(false);
            disposal.CheckAgainst(covered);
            if (await session.ExecuteAsync(Calls(disposal), cancellationToken).ConfigureAwait(false))
            {
                await session.CommitAsync().ConfigureAwait(false);
                return CommitResult.Done;
            }

            // Either the server had this transaction give way to another, which passes, or a row is not there, which stays.
            await session.RollbackAsync().ConfigureAwait(false);
        }

        throw new InvalidOperationException($"The store lacks a row of a journal entry or a key of customer {customer}, whose journal was to be disposed of up to {disposal.Opening.At}, or others kept its rows {MostRounds} times. Nothing was written. 'crm verify' tells which.");
    }

    private IReadOnlyList<SqlCall> Calls(JournalDisposal disposal)
    {
        var customer = disposal.Commit.Customer;
        var (events, lines, keys) = (new SqlCall(disposal.Erases ? EventsErased : Events) { IsGuard = true }, new SqlCall(Lines), new SqlCall(Keys) { IsGuard = true });
        foreach (var receipt in disposal.Receipts)
        {
            events.Add(tenant, customer.Bucket, customer, receipt.Version);
            lines.Add(tenant, customer.Bucket, customer, receipt.Version);
        }

        // In the one order in which every commit takes keys.
        foreach (var (bucket, receipt) in disposal.Receipts.Select(receipt => (Bucket: Bucket.Of(receipt.Key), receipt)).OrderBy(key => key.Bucket).ThenBy(key => key.receipt.Key))
        {
            keys.Add(tenant, bucket, receipt.Key.Source, receipt.Key.Value, Binary.Write(receipt));
        }

        return
        [
            lines,
            events,
            keys,
            new SqlCall(Earlier).Add(tenant, customer.Bucket, customer, disposal.Opening.At),
            new SqlCall(Opening).Add(tenant, customer.Bucket, customer, disposal.Opening.At, CheckpointBytes.Write(disposal.Opening.Slots), Binary.Write(disposal.Opening)),
        ];
    }
}
