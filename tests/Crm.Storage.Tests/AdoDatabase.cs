using Crm.Storage.Sql;
using Microsoft.Data.Sqlite;

namespace Crm.Storage.Tests;

/// <summary>A database as an adapter for another provider would write it: a connection for every piece of work, statements with named parameters.</summary>
public sealed class AdoDatabase(string connectionString) : SqlDatabase
{
    public override SqlDialect Dialect { get; } = new NamedParameters();

    public override async ValueTask<SqlSession> ReadAsync(CancellationToken cancellationToken)
    {
        var connection = new SqliteConnection(connectionString);
        await connection.OpenAsync(cancellationToken);
        return new DbSession(connection, Dialect, null);
    }

    public override ValueTask<SqlSession> WriteAsync(CancellationToken cancellationToken) => ReadAsync(cancellationToken);

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private sealed class NamedParameters : SqlDialect
    {
        public override string Name => "SQLite with named parameters";

        public override int MostParameters => 300;

        public override string FindTable => Sqlite.SqliteDialect.Instance.FindTable;

        public override Sql.LedgerOrder? LedgerOrder => Sqlite.SqliteDialect.Instance.LedgerOrder;

        public override string Word(string word) => Sqlite.SqliteDialect.Instance.Word(word);
    }
}
