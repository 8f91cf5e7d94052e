using System.Diagnostics;
using System.Text;
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

    private readonly Dictionary<(SqlStatement, int), sqlite3_stmt> prepared = [];
    private readonly SqliteConnection connection;
    private readonly sqlite3 handle;
    private readonly TimeSpan patience;
    private sqlite3_stmt? begin;
    private sqlite3_stmt? commit;

    public SqliteLink(SqliteConnection connection, Duration busyTimeout)
    {
        this.connection = connection;
        handle = connection.Handle ?? throw new ArgumentException("The connection is not open; open it first.", nameof(connection));
        patience = busyTimeout.ToTimeSpan();
        raw.sqlite3_busy_timeout(handle, (int)Math.Min(patience.TotalMilliseconds, int.MaxValue));
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
            return First(statement) ? raw.sqlite3_column_text(statement, 0).utf8_to_string() : null;
        }
    }

    /// <summary>Begins a transaction that is going to write.</summary>
    public void Begin() => Do("BEGIN IMMEDIATE", ref begin);

    /// <summary>Commits the transaction.</summary>
    public void Commit() => Do("COMMIT", ref commit);

    /// <summary>A prepared statement with its values bound; reset it after use.</summary>
    public sqlite3_stmt Bound(SqlCall call, int first, int count)
    {
        var statement = call.Statement;
        if (!prepared.TryGetValue((statement, count), out var found))
        {
            if (prepared.Count >= MostPrepared)
            {
                Forget();
            }

            Check(raw.sqlite3_prepare_v2(handle, statement.In(SqliteDialect.Instance, count), out found));
            prepared.Add((statement, count), found);
        }

        var values = call.Values(first, count);
        var columns = statement.Columns.AsSpan();
        for (int i = 0, column = 0; i < values.Length; i++, column = column + 1 == columns.Length ? 0 : column + 1)
        {
            Check(Bind(found, i + 1, values[i], columns[column]));
        }

        return found;
    }

    /// <summary>Goes to the first row, or does what the statement does.</summary>
    /// <returns>False when there is none.</returns>
    public bool First(sqlite3_stmt statement)
    {
        var since = Stopwatch.GetTimestamp();
        int code;
        while (IsBusy(code = raw.sqlite3_step(statement)) && Stopwatch.GetElapsedTime(since) < patience)
        {
            raw.sqlite3_reset(statement);
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

    private void Do(string sql, ref sqlite3_stmt? statement)
    {
        if (statement is null)
        {
            Check(raw.sqlite3_prepare_v2(handle, sql, out statement));
        }

        try
        {
            First(statement);
        }
        finally
        {
            raw.sqlite3_reset(statement);
        }
    }

    private bool HasRow(int code)
    {
        Check(code is raw.SQLITE_ROW or raw.SQLITE_DONE ? raw.SQLITE_OK : code);
        return code == raw.SQLITE_ROW;
    }

    private static bool IsBusy(int code) => (code & 0xff) is raw.SQLITE_LOCKED or raw.SQLITE_BUSY;

    private static int Bind(sqlite3_stmt statement, int place, SqlValue value, SqlType type) => value.IsNull
        ? raw.sqlite3_bind_null(statement, place)
        : type switch
        {
            SqlType.Whole => raw.sqlite3_bind_int64(statement, place, value.AsWhole),
            SqlType.Bytes => BindBytes(statement, place, value.AsBytes),
            _ => BindText(statement, place, value.AsText),
        };

    // A binding without a single byte would be a binding of null.
    private static int BindBytes(sqlite3_stmt statement, int place, byte[] bytes) => bytes.Length == 0
        ? raw.sqlite3_bind_zeroblob(statement, place, 0)
        : raw.sqlite3_bind_blob(statement, place, bytes);

    private static int BindText(sqlite3_stmt statement, int place, string text)
    {
        Span<byte> bytes = stackalloc byte[512];
        return text.Length > 0 && Encoding.UTF8.TryGetBytes(text, bytes, out var written)
            ? raw.sqlite3_bind_text(statement, place, bytes[..written])
            : text.Length == 0 ? raw.sqlite3_bind_text(statement, place, "") : raw.sqlite3_bind_text(statement, place, Encoding.UTF8.GetBytes(text));
    }

    private void Check(int code)
    {
        if (code != raw.SQLITE_OK)
        {
            SqliteException.ThrowExceptionForRC(code, handle);
        }
    }
}
