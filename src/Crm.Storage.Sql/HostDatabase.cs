using System.Data.Common;

namespace Crm.Storage.Sql;

/// <summary>A database as seen through a connection and a transaction of the host. Nothing is shared with others, and nothing of the host's is ended here.</summary>
internal sealed class HostDatabase(SqlDatabase database, DbConnection connection, DbTransaction transaction) : SqlDatabase
{
    public override SqlDialect Dialect => database.Dialect;

    public override int GroupsAtOnce => 0;

    public override ValueTask<SqlSession> ReadAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult(database.Join(connection, transaction));
    }

    public override ValueTask<SqlSession> WriteAsync(CancellationToken cancellationToken) => ReadAsync(cancellationToken);

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
