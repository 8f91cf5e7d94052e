using static Crm.Storage.Sql.SqlType;

namespace Crm.Storage.Sql;

/// <summary>Limited supplies.</summary>
internal sealed class QuotaTable(string tenant)
{
    private static readonly SqlStatement Write = new(
        "INSERT INTO crm_quota (tenant, name, available) VALUES {rows} ON CONFLICT (tenant, name) DO UPDATE SET available = excluded.available",
        [Characters, Characters, Whole]);

    private static readonly SqlStatement Read = new("SELECT available FROM crm_quota WHERE tenant = {0} AND name = {1}", [Characters, Characters]);

    public ValueTask<bool> SetAsync(SqlSession session, string name, long available, CancellationToken cancellationToken) =>
        session.ExecuteAsync([new SqlCall(Write).Add(tenant, name, available)], cancellationToken);

    public async ValueTask<long> AvailableAsync(SqlSession session, string name, CancellationToken cancellationToken) =>
        (await session.QueryAsync(new SqlCall(Read).Add(tenant, name), row => row.Whole(0), cancellationToken).ConfigureAwait(false)).SingleOrDefault();
}
