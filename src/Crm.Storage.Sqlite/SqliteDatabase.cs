using System.Collections.Concurrent;
using Crm.Storage.Sql;
using Microsoft.Data.Sqlite;

namespace Crm.Storage.Sqlite;

/// <summary>A SQLite database: one connection that writes, one user at a time, and as many that read beside it. In memory there is only the one.</summary>
internal sealed class SqliteDatabase : SqlDatabase
{
    private const int MostIdle = 8;

    // A transaction of a few hundred customers, whose rows lie all over the tables, changes more than the thousand pages after which SQLite would carry them into the file by itself: every such transaction would write its pages
    // twice, and wait for the disk three times. Pages that several transactions change are carried once. At sixteen times as many the log takes 64 MB of disk. No commit is less durable: it is on the disk, in the log, before it
    // is answered.
    private const string PagesUntilCheckpoint = "PRAGMA wal_autocheckpoint = 16000";

    // The pages of a few thousand customers are some in every table. Whoever writes finds them without asking the system again; a small store takes less.
    private const string MemoryOfWriter = "PRAGMA cache_size = -64000";
    private const string MemoryOfReader = "PRAGMA cache_size = -16000";

    private readonly string connectionString;
    private readonly SqliteStoreOptions options;
    private readonly bool inMemory;
    private readonly bool readOnly;
    private readonly SemaphoreSlim writing = new(1, 1);
    private readonly ConcurrentBag<SqliteLink> idle = [];
    private SqliteLink? writer;
    private int closing;

    public SqliteDatabase(string source, SqliteStoreOptions options)
    {
        this.options = options;
        var builder = Parse(source);
        inMemory = builder.Mode == SqliteOpenMode.Memory || builder.DataSource == ":memory:" || builder.DataSource.StartsWith("file::memory:", StringComparison.OrdinalIgnoreCase)
            || builder.DataSource.Contains("mode=memory", StringComparison.OrdinalIgnoreCase);
        readOnly = builder.Mode == SqliteOpenMode.ReadOnly;
        builder.Pooling = false; // connections are kept here, with their prepared statements
        connectionString = builder.ToString();
    }

    public override SqlDialect Dialect => SqliteDialect.Instance;

    protected override Action<string>? OnStatement => options.OnStatement;

    /// <summary>Reads a path or a connection string.</summary>
    /// <exception cref="ArgumentException">It cannot be read, or names no database.</exception>
    public static SqliteConnectionStringBuilder Parse(string source)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(source);
        var builder = source.Contains('=', StringComparison.Ordinal) ? new SqliteConnectionStringBuilder(source) : new SqliteConnectionStringBuilder { DataSource = source };
        return builder.DataSource.Length > 0
            ? builder
            : throw new ArgumentException("The connection string names no database; 'Data Source=club.db' or 'Data Source=:memory:' is expected.", nameof(source));
    }

    public override ValueTask<SqlSession> ReadAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (inMemory)
        {
            return WriteAsync(cancellationToken);
        }

        ObjectDisposedException.ThrowIf(IsClosed, this);
        var link = idle.TryTake(out var kept) ? kept : Open(writes: false);
        return ValueTask.FromResult<SqlSession>(new SqliteSession(link, options.OnStatement, GiveBack));
    }

    // What one connection writes makes all others forget the pages that they have read. While nobody writes, the one that wrote last knows them all.
    public override ValueTask<SqlSession> LoadAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ObjectDisposedException.ThrowIf(IsClosed, this);
        if (!writing.Wait(0, CancellationToken.None))
        {
            return ReadAsync(cancellationToken);
        }

        if (IsClosed || writer is null)
        {
            writing.Release();
            return ReadAsync(cancellationToken);
        }

        return ValueTask.FromResult<SqlSession>(new SqliteSession(writer, options.OnStatement, _ => writing.Release()));
    }

    public override async ValueTask<SqlSession> WriteAsync(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(IsClosed, this);
        await writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            return new SqliteSession(writer ??= Open(writes: true), options.OnStatement, _ => writing.Release());
        }
        catch
        {
            writing.Release();
            throw;
        }
    }

    public override async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref closing, 1) != 0)
        {
            return;
        }

        // Whoever waits is let in one after the other, and told; a semaphore that is disposed would let them wait for ever. It holds nothing of the system's.
        await writing.WaitAsync().ConfigureAwait(false);
        try
        {
            CloseIdle();
            writer?.Dispose();
            writer = null;
        }
        finally
        {
            writing.Release();
        }
    }

    private bool IsClosed => Volatile.Read(ref closing) != 0;

    private void GiveBack(SqliteLink link)
    {
        if (idle.Count >= MostIdle)
        {
            link.Dispose();
            return;
        }

        idle.Add(link);
        if (IsClosed)
        {
            CloseIdle();
        }
    }

    private void CloseIdle()
    {
        while (idle.TryTake(out var link))
        {
            link.Dispose();
        }
    }

    private SqliteLink Open(bool writes)
    {
        var connection = new SqliteConnection(connectionString);
        try
        {
            connection.Open();
            var link = new SqliteLink(connection, options.BusyTimeout);
            if (link.Text("PRAGMA encoding") is { } encoding && encoding != "UTF-8")
            {
                throw new InvalidOperationException(
                    $"The database '{connection.DataSource}' keeps its text as {encoding}; the store compares text by the bytes of UTF-8. A database of its own is expected, or one that was made with PRAGMA encoding = 'UTF-8', as SQLite does by itself.");
            }

            if (writes && !inMemory && !readOnly)
            {
                link.Run("PRAGMA journal_mode = WAL"); // is written into the file, so a look at what may be no store leaves it alone
            }

            if (writes)
            {
                link.Run("PRAGMA secure_delete = ON"); // what is deleted, and what is moved to another page, leaves zeros behind and no bytes of a person
            }

            link.Run(options.Durability == SqliteDurability.Full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
            link.Run(writes ? MemoryOfWriter : MemoryOfReader);
            link.Run(PagesUntilCheckpoint);
            return link;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }
}
