using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Crm.Storage.Sql;
using Microsoft.Data.Sqlite;
using NodaTime;
using SQLitePCL;

namespace Crm.Storage.Sqlite;

/// <summary>
/// A connection with its prepared statements. Values are bound by their places, which the ADO.NET provider cannot: it looks every parameter up by name, and a statement of many rows has thousands.
/// </summary>
internal sealed class SqliteLink : IDisposable
{
    // The store's own statements are fewer, in all their sizes; those of audiences that hosts ask once have no end.
    private const int MostPrepared = 512;

    // SQLite itself waits for another process for so many milliseconds at a time, and keeps the thread; in between whoever waits may have been cancelled.
    private const int LongestSlice = 50;

    private readonly Dictionary<(SqlStatement, int), sqlite3_stmt> prepared = [];
    private readonly SqliteBindings bindings = new();
    private readonly SqliteConnection connection;
    private readonly sqlite3 handle;
    private readonly TimeSpan patience;
    private readonly int slice;
    private bool logIsFull;
    private sqlite3_stmt? begin;
    private sqlite3_stmt? commit;

    public SqliteLink(SqliteConnection connection, Duration busyTimeout)
    {
        this.connection = connection;
        handle = connection.Handle ?? throw new ArgumentException("The connection is not open; open it first.", nameof(connection));
        patience = busyTimeout.ToTimeSpan();
        slice = (int)Math.Min(patience.TotalMilliseconds, LongestSlice);
        raw.sqlite3_busy_timeout(handle, slice);
    }

    /// <summary>How many rows the last statement changed.</summary>
    public long Changed => raw.sqlite3_changes(handle);

    /// <summary>Whether a transaction is open; some errors end it.</summary>
    public bool InTransaction => raw.sqlite3_get_autocommit(handle) == 0;

    public void Run(string sql)
    {
        var since = Stopwatch.GetTimestamp();
        int code;
        while (IsBusy(code = raw.sqlite3_exec(handle, sql)) && Stopwatch.GetElapsedTime(since) < patience)
        {
            // SQLite itself waits for locks, but not where waiting could be in vain: a change of the journal's mode, a cache shared in memory.
            Thread.Sleep(5);
        }

        Check(code);
    }

    /// <summary>What a question answers in the first column of its only row.</summary>
    /// <returns>Null where it has no row.</returns>
    public string? Text(string sql)
    {
        Check(raw.sqlite3_prepare_v2(handle, sql, out var statement));
        using (statement)
        {
            return First(statement, CancellationToken.None) ? raw.sqlite3_column_text(statement, 0).utf8_to_string() : null;
        }
    }

    /// <summary>Begins a transaction that is going to write.</summary>
    /// <param name="since">Since when another process is waited for.</param>
    /// <returns>False where another process writes and there is time left to wait for it.</returns>
    public bool TryBegin(long since)
    {
        Prepare("BEGIN IMMEDIATE", ref begin);
        try
        {
            var code = raw.sqlite3_step(begin);
            if (IsBusy(code) && Stopwatch.GetElapsedTime(since) < patience)
            {
                return false;
            }

            HasRow(code);
            return true;
        }
        finally
        {
            raw.sqlite3_reset(begin);
        }
    }

    /// <summary>Commits the transaction.</summary>
    public void Commit()
    {
        Prepare("COMMIT", ref commit);
        try
        {
            First(commit, CancellationToken.None);
        }
        finally
        {
            raw.sqlite3_reset(commit);
        }

        if (logIsFull)
        {
            EmptyLog();
        }
    }

    /// <summary>Moves what the log holds into the file, and leaves nothing of it in the log. While somebody still reads from the log that cannot be, and is done after a later commit.</summary>
    public void EmptyLog()
    {
        // What was committed is committed: nothing here is an error, and nobody is waited for.
        raw.sqlite3_busy_timeout(handle, 0);
        logIsFull = raw.sqlite3_prepare_v2(handle, "PRAGMA wal_checkpoint(TRUNCATE)", out var statement) != raw.SQLITE_OK;
        using (statement)
        {
            logIsFull = logIsFull || raw.sqlite3_step(statement) != raw.SQLITE_ROW || raw.sqlite3_column_int(statement, 0) != 0;
        }

        raw.sqlite3_busy_timeout(handle, slice);
    }

    /// <summary>What is sent for so many rows: of a list SQLite makes a table for the time of the statement, which takes longer than all the rest of it where the list has one row.</summary>
    public static SqlStatement Sent(SqlCall call, int count) => count == 1 && call.Statement.OfOne is { } one ? one : call.Statement;

    /// <summary>A prepared statement with its values bound, which are good until the next are; reset it after use.</summary>
    public sqlite3_stmt Bound(SqlCall call, int first, int count)
    {
        var statement = Sent(call, count);
        if (!prepared.TryGetValue((statement, count), out var found))
        {
            if (prepared.Count >= MostPrepared)
            {
                Forget();
            }

            Check(raw.sqlite3_prepare_v2(handle, statement.In(SqliteDialect.Instance, count), out found));
            prepared.Add((statement, count), found);
        }

        Check(bindings.Bind(found, call.Values(first, count), statement.Columns.AsSpan()));
        return found;
    }

    /// <summary>Goes to the first row, or does what the statement does.</summary>
    /// <returns>False when there is none.</returns>
    public bool First(sqlite3_stmt statement, CancellationToken cancellationToken)
    {
        var since = Stopwatch.GetTimestamp();
        int code;
        while (IsBusy(code = raw.sqlite3_step(statement)) && Stopwatch.GetElapsedTime(since) < patience)
        {
            raw.sqlite3_reset(statement);
            cancellationToken.ThrowIfCancellationRequested();
            Thread.Sleep(1);
        }

        return HasRow(code);
    }

    /// <summary>Goes to the next row.</summary>
    /// <returns>False at the end.</returns>
    public bool Next(sqlite3_stmt statement) => HasRow(raw.sqlite3_step(statement));

    public void Dispose()
    {
        Forget();
        begin?.Dispose();
        commit?.Dispose();
        connection.Dispose();
    }

    private void Forget()
    {
        foreach (var statement in prepared.Values)
        {
            statement.Dispose();
        }

        prepared.Clear();
    }

    private void Prepare(string sql, [NotNull] ref sqlite3_stmt? statement)
    {
        if (statement is null)
        {
            Check(raw.sqlite3_prepare_v2(handle, sql, out statement));
        }
    }

    private bool HasRow(int code)
    {
        Check(code is raw.SQLITE_ROW or raw.SQLITE_DONE ? raw.SQLITE_OK : code);
        return code == raw.SQLITE_ROW;
    }

    private static bool IsBusy(int code) => (code & 0xff) is raw.SQLITE_LOCKED or raw.SQLITE_BUSY;

    private void Check(int code)
    {
        if (code != raw.SQLITE_OK)
        {
            SqliteException.ThrowExceptionForRC(code, handle);
        }
    }
}
