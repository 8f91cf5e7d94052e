using System.Diagnostics;
using System.Globalization;
using System.Text;
using Crm.Storage.Sql;
using SQLitePCL;

namespace Crm.Storage.Sqlite;

/// <summary>A connection borrowed for one piece of work. SQLite answers at once, so nothing here waits asynchronously but for another process that writes.</summary>
internal sealed class SqliteSession(SqliteLink link, Action<string>? onStatement, Action<SqliteLink> giveBack) : SqlSession
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);
    private bool returned;
    private bool erases;

    public override ValueTask BeginAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var since = Stopwatch.GetTimestamp();
        return link.TryBegin(since) ? ValueTask.CompletedTask : WaitAsync(since, cancellationToken);
    }

    public override ValueTask CommitAsync()
    {
        link.Commit();
        if (erases)
        {
            erases = false;
            link.EmptyLog();
        }

        return ValueTask.CompletedTask;
    }

    public override ValueTask RollbackAsync()
    {
        erases = false;
        if (link.InTransaction)
        {
            link.Run("ROLLBACK");
        }

        return ValueTask.CompletedTask;
    }

    public override ValueTask<bool> ExecuteAsync(IReadOnlyList<SqlCall> calls, CancellationToken cancellationToken)
    {
        foreach (var call in calls)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var changed = 0L;
            foreach (var (first, count) in call.Chunks(SqliteDialect.Instance.MostParameters))
            {
                changed += Execute(call, first, count, cancellationToken);
            }

            if (call.IsGuard && changed != call.Rows)
            {
                return ValueTask.FromResult(false);
            }
        }

        return ValueTask.FromResult(true);
    }

    public override ValueTask QueryAsync(IReadOnlyList<SqlQuery> queries, CancellationToken cancellationToken)
    {
        foreach (var (call, take) in queries)
        {
            foreach (var (first, count) in call.Chunks(SqliteDialect.Instance.MostParameters))
            {
                cancellationToken.ThrowIfCancellationRequested();
                Query(call, first, count, take, cancellationToken);
            }
        }

        return ValueTask.CompletedTask;
    }

    public override ValueTask RunAsync(string sql, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        onStatement?.Invoke(sql);
        link.Run(sql);
        return ValueTask.CompletedTask;
    }

    public override async ValueTask DisposeAsync()
    {
        if (!returned)
        {
            returned = true;
            try
            {
                await RollbackAsync().ConfigureAwait(false);
            }
            finally
            {
                giveBack(link);
            }
        }
    }

    // Another process writes. No thread waits for it, and whoever waits may cancel.
    private async ValueTask WaitAsync(long since, CancellationToken cancellationToken)
    {
        do
        {
            await Task.Delay(Pause, cancellationToken).ConfigureAwait(false);
        }
        while (!link.TryBegin(since));
    }

    private long Execute(SqlCall call, int first, int count, CancellationToken cancellationToken)
    {
        onStatement?.Invoke(SqliteLink.Sent(call, count).ToString());
        var statement = link.Bound(call, first, count);
        try
        {
            link.First(statement, cancellationToken);
            var changed = link.Changed;
            erases |= changed > 0 && call.Statement.Erases;
            return changed;
        }
        finally
        {
            raw.sqlite3_reset(statement);
        }
    }

    private void Query(SqlCall call, int first, int count, Action<SqlReader> take, CancellationToken cancellationToken)
    {
        onStatement?.Invoke(SqliteLink.Sent(call, count).ToString());
        var statement = link.Bound(call, first, count);
        try
        {
            var row = new Row(statement);
            for (var more = link.First(statement, cancellationToken); more; more = link.Next(statement))
            {
                take(row);
            }
        }
        finally
        {
            raw.sqlite3_reset(statement);
        }
    }

    private sealed class Row(sqlite3_stmt statement) : SqlReader
    {
        // The latest name of each column, which the next row mostly has too.
        private readonly (byte[] Bytes, string Text)[] names = new (byte[], string)[raw.sqlite3_column_count(statement)];

        public override bool IsNull(int column) => SqliteColumns.IsNull(statement, column);

        public override long Whole(int column) => SqliteColumns.Whole(statement, column);

        // As bytes, a text has its length and may hold a zero.
        public override string Text(int column) => Encoding.UTF8.GetString(SqliteColumns.Bytes(statement, column));

        public override string Name(int column)
        {
            var bytes = SqliteColumns.Bytes(statement, column);
            ref var known = ref names[column];
            if (known.Text is null || !bytes.SequenceEqual(known.Bytes))
            {
                known = (bytes.ToArray(), Encoding.UTF8.GetString(bytes));
            }

            return known.Text;
        }

        public override ReadOnlySpan<byte> Span(int column) => SqliteColumns.Bytes(statement, column);

        public override byte[] Bytes(int column) => SqliteColumns.Bytes(statement, column).ToArray();

        public override decimal Decimal(int column) => decimal.Parse(Text(column), CultureInfo.InvariantCulture);
    }
}
