using static Crm.Storage.Sql.SqlType;

namespace Crm.Storage.Sql;

/// <summary>Versioned documents.</summary>
internal sealed class DocumentTable(string tenant)
{
    private const string Columns = "kind, name, version, content, written_at, removable";

    // Adds nothing unless the version is the next one.
    private static readonly SqlStatement Append = new(
        """
        WITH v (tenant, kind, name, version, content, written_at, removable) AS (VALUES {rows})
        INSERT INTO crm_document (tenant, kind, name, version, content, written_at, removable)
        SELECT v.tenant, v.kind, v.name, v.version, v.content, v.written_at, v.removable FROM v
        WHERE v.version = 1 + (SELECT COALESCE(MAX(d.version), 0) FROM crm_document d WHERE d.tenant = v.tenant AND d.kind = v.kind AND d.name = v.name)
        ON CONFLICT DO NOTHING
        """,
        [Characters, Characters, Characters, Whole, Characters, Whole, Whole]);

    private static readonly SqlStatement Latest = new(
        $$"""SELECT {{Columns}} FROM crm_document WHERE tenant = {0} AND kind = {1} AND name = {2} ORDER BY version DESC LIMIT 1""",
        [Characters, Characters, Characters]);

    private static readonly SqlStatement All = new($$"""SELECT {{Columns}} FROM crm_document WHERE tenant = {0} AND kind = {1} ORDER BY name, version""", [Characters, Characters]);

    private static readonly SqlStatement Remove = new(
        """
        DELETE FROM crm_document WHERE tenant = {0} AND kind = {1} AND name = {2}
            AND NOT EXISTS (SELECT 1 FROM crm_document kept WHERE kept.tenant = {0} AND kept.kind = {1} AND kept.name = {2} AND kept.removable = 0)
        """,
        [Characters, Characters, Characters]);

    // Whoever adds a version or removes a document has its first version for itself: a statement sees the rows that were there when it began, so that a version could otherwise follow those that just went.
    private static readonly SqlStatement First = new(
        "UPDATE crm_document SET version = version WHERE tenant = {0} AND kind = {1} AND name = {2} AND version = 1",
        [Characters, Characters, Characters]);

    public ValueTask<bool> AddAsync(SqlSession session, StoredDocument document, CancellationToken cancellationToken)
    {
        var call = new SqlCall(Append) { IsGuard = true };
        call.Add(tenant, document.Kind, document.Name, document.Version, document.Content, document.WrittenAt, document.Removable ? 1 : 0);
        return document.Version == 1
            ? session.ExecuteAsync([call], cancellationToken)
            : session.TryCommitAsync([new SqlCall(First) { IsGuard = true }.Add(tenant, document.Kind, document.Name), call], cancellationToken);
    }

    public async ValueTask<bool> RemoveAsync(SqlSession session, string kind, string name, CancellationToken cancellationToken)
    {
        await session.TryCommitAsync([new SqlCall(First).Add(tenant, kind, name), new SqlCall(Remove).Add(tenant, kind, name)], cancellationToken).ConfigureAwait(false);
        return await LatestAsync(session, kind, name, cancellationToken).ConfigureAwait(false) is null;
    }

    public async ValueTask<StoredDocument?> LatestAsync(SqlSession session, string kind, string name, CancellationToken cancellationToken) =>
        (await session.QueryAsync(new SqlCall(Latest).Add(tenant, kind, name), Document, cancellationToken).ConfigureAwait(false)).SingleOrDefault();

    public ValueTask<List<StoredDocument>> AllAsync(SqlSession session, string kind, CancellationToken cancellationToken) =>
        session.QueryAsync(new SqlCall(All).Add(tenant, kind), Document, cancellationToken);

    private static StoredDocument Document(SqlReader row) => new(row.Text(0), row.Text(1), (int)row.Whole(2), row.Text(3), row.Instant(4)) { Removable = row.Whole(5) != 0 };
}
