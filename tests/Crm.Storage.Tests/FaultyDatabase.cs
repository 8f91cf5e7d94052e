using Crm.Storage.Sql;
using Crm.Testing;

namespace Crm.Storage.Tests;

/// <summary>
/// A database whose connections break where they are told to: before or after the beginning of a transaction, any statement, or the commit. It is for databases whose sessions take these steps one by one; PostgreSQL is
/// sent whole commits, and is broken within them by <see cref="FaultyWire"/>.
/// </summary>
public sealed class FaultyDatabase(SqlDatabase inner, StoreFaults faults) : SqlDatabase
{
    public override SqlDialect Dialect => inner.Dialect;

    public override async ValueTask<SqlSession> ReadAsync(CancellationToken cancellationToken) => new Session(await inner.ReadAsync(cancellationToken), faults);

    public override async ValueTask<SqlSession> LoadAsync(CancellationToken cancellationToken) => new Session(await inner.LoadAsync(cancellationToken), faults);

    public override async ValueTask<SqlSession> WriteAsync(CancellationToken cancellationToken) => new Session(await inner.WriteAsync(cancellationToken), faults);

    public override ValueTask DisposeAsync() => inner.DisposeAsync();

    private sealed class Session(SqlSession inner, StoreFaults faults) : SqlSession
    {
        public override async ValueTask BeginAsync(CancellationToken cancellationToken)
        {
            faults.Step();
            await inner.BeginAsync(cancellationToken);
            faults.Step();
        }

        public override async ValueTask CommitAsync()
        {
            faults.Step();
            await inner.CommitAsync();
            faults.Step();
        }

        public override ValueTask RollbackAsync() => inner.RollbackAsync();

        public override async ValueTask<bool> ExecuteAsync(IReadOnlyList<SqlCall> calls, CancellationToken cancellationToken)
        {
            foreach (var call in calls)
            {
                faults.Step();
                if (!await inner.ExecuteAsync([call], cancellationToken))
                {
                    return false;
                }
            }

            faults.Step();
            return true;
        }

        public override async ValueTask QueryAsync(IReadOnlyList<SqlQuery> queries, CancellationToken cancellationToken)
        {
            foreach (var query in queries)
            {
                faults.Step();
                await inner.QueryAsync([query], cancellationToken);
            }

            faults.Step();
        }

        public override async ValueTask RunAsync(string sql, CancellationToken cancellationToken)
        {
            faults.Step();
            await inner.RunAsync(sql, cancellationToken);
            faults.Step();
        }

        public override ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
