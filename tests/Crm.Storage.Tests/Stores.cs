using System.Collections.Concurrent;
using System.Data.Common;
using Crm.Storage.PostgreSql;
using Crm.Storage.Sql;
using Crm.Storage.Sqlite;
using Crm.Testing;
using Microsoft.Data.Sqlite;

namespace Crm.Storage.Tests;

/// <summary>A kind of store to hold to the laws.</summary>
public sealed record TestedStore(string Name, Type Store, Type Factory, Func<StoreFactory> Fresh)
{
    public static IReadOnlyList<TestedStore> All { get; } =
    [
        Of<InMemoryStore, MemoryFactory>("memory", () => new MemoryFactory()),
        Of<SqlStore, SqliteFileFactory>("SQLite file", () => new SqliteFileFactory(SqliteKind.File)),
        Of<SqlStore, SqliteFactory>("SQLite in memory", () => new SqliteFactory(SqliteKind.Memory)),
        Of<SqlStore, SqliteFileFactory>("SQLite through ADO.NET", () => new SqliteFileFactory(SqliteKind.Ado)),
        Of<SqlStore, PostgreSqlFactory>("PostgreSQL", () => new PostgreSqlFactory(new PostgreSqlStoreOptions())),
        Of<SqlStore, PostgreSqlFactory>("PostgreSQL, partitioned", () => new PostgreSqlFactory(new PostgreSqlStoreOptions { Partitions = 4 })),
        Of<SqlStore, PostgreSqlFactory>("PostgreSQL, as if distributed", () => new PostgreSqlFactory(new PostgreSqlStoreOptions { Distributed = true })),
        .. CitusFactory.IsWanted ? [Of<SqlStore, CitusFactory>("Citus", () => new CitusFactory())] : Array.Empty<TestedStore>(),
    ];

    /// <summary>The laws about what the store is able to do that need no more than its factory can.</summary>
    public IEnumerable<StorageLaw> Laws => StorageLaws.All.Where(law => law.AppliesTo(Store, Factory));

    private static TestedStore Of<TStore, TFactory>(string name, Func<TFactory> fresh)
        where TStore : ICustomerStore
        where TFactory : StoreFactory => new(name, typeof(TStore), typeof(TFactory), fresh);

    public override string ToString() => Name;
}

/// <summary>A database of its own, with what must be cleaned up, and all that the laws may ask of it.</summary>
public abstract class StoreFactory : IFaultyStores, IStoreSearch, IElsewhere, IAsyncDisposable
{
    private readonly ConcurrentBag<ICustomerStore> opened = [];

    public virtual ValueTask<ICustomerStore> OpenAsync(string tenant, CancellationToken cancellationToken) => Kept(Open(tenant, null, elsewhere: false));

    public ValueTask<ICustomerStore> OpenFaultyAsync(string tenant, StoreFaults faults, CancellationToken cancellationToken) => Kept(Open(tenant, faults, elsewhere: false));

    public ValueTask<ICustomerStore> OpenElsewhereAsync(string tenant, CancellationToken cancellationToken) => Kept(Open(tenant, null, elsewhere: true));

    public abstract ValueTask<IReadOnlyList<string>> FindAsync(string text, CancellationToken cancellationToken);

    public async ValueTask DisposeAsync()
    {
        foreach (var store in opened.OfType<IAsyncDisposable>())
        {
            await store.DisposeAsync();
        }

        Clean();
        GC.SuppressFinalize(this);
    }

    /// <param name="faults">Where the connections of the store break; null: nowhere.</param>
    /// <param name="elsewhere">Whether in another database than usual.</param>
    protected abstract ICustomerStore Open(string tenant, StoreFaults? faults, bool elsewhere);

    protected virtual void Clean()
    {
    }

    private ValueTask<ICustomerStore> Kept(ICustomerStore store)
    {
        opened.Add(store);
        return ValueTask.FromResult(store);
    }
}

public sealed class MemoryFactory : StoreFactory
{
    private readonly ConcurrentDictionary<(string Tenant, bool Elsewhere), InMemoryStore> tenants = new();

    public override ValueTask<IReadOnlyList<string>> FindAsync(string text, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<string>>([.. tenants.Values.SelectMany(store => MemorySearch.Find(store, text))]);

    protected override ICustomerStore Open(string tenant, StoreFaults? faults, bool elsewhere)
    {
        var store = tenants.GetOrAdd((tenant, elsewhere), _ => new InMemoryStore());
        return faults is null ? store : faults.Around(store);
    }
}

/// <summary>SQLite by its own driver, and through the general code for any provider, so that what other databases rest on is held to the laws too.</summary>
public class SqliteFactory(SqliteKind kind) : StoreFactory
{
    private readonly TemporaryFile file = new();
    private readonly TemporaryFile other = new();

    public override async ValueTask<IReadOnlyList<string>> FindAsync(string text, CancellationToken cancellationToken)
    {
        await using var connection = new SqliteConnection(ConnectionString(file));
        await connection.OpenAsync(cancellationToken);
        var tables = await DatabaseSearch.NamesAsync(connection, "SELECT name FROM sqlite_master WHERE type = 'table'", cancellationToken);
        var found = await DatabaseSearch.FindAsync(connection, tables, text, cancellationToken);
        return kind == SqliteKind.File ? [.. found, .. file.Find(text)] : found;
    }

    protected override ICustomerStore Open(string tenant, StoreFaults? faults, bool elsewhere)
    {
        var options = new SqliteStoreOptions { Tenant = tenant, Durability = SqliteDurability.Normal, OnStatement = StatementRules.Check };
        var source = ConnectionString(elsewhere ? other : file);
        SqlDatabase database = kind == SqliteKind.Ado ? new AdoDatabase(source) : new SqliteDatabase(source, options);
        return new SqlStore(faults is null ? database : new FaultyDatabase(database, faults), options);
    }

    protected override void Clean()
    {
        file.Dispose();
        other.Dispose();
    }

    protected string HostConnectionString => ConnectionString(file);

    private string ConnectionString(TemporaryFile place) => kind == SqliteKind.Memory ? $"Data Source={place.Name};Mode=Memory;Cache=Shared" : $"Data Source={place.Path};Pooling=False";
}

/// <summary>In a file a host can read beside a transaction that writes; a cache that is shared in memory locks its readers out.</summary>
public sealed class SqliteFileFactory(SqliteKind kind) : SqliteFactory(kind), IHostConnections
{
    public async ValueTask<DbConnection> ConnectAsync(CancellationToken cancellationToken)
    {
        var connection = new SqliteConnection(HostConnectionString);
        await connection.OpenAsync(cancellationToken);
        return connection;
    }
}

public enum SqliteKind
{
    File,
    Memory,
    Ado,
}

/// <summary>The path of a file that does not exist yet, and is gone at the end.</summary>
public sealed class TemporaryFile : IDisposable
{
    public string Name { get; } = $"crm-{Guid.NewGuid():N}";

    public string Path => System.IO.Path.Combine(System.IO.Path.GetTempPath(), Name + ".db");

    /// <summary>Which of the database's files have a text among their bytes, whether or not a table has it.</summary>
    public IEnumerable<string> Find(string text)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(text);
        foreach (var suffix in new[] { "", "-wal", "-journal" }.Where(suffix => File.Exists(Path + suffix)))
        {
            using var stream = new FileStream(Path + suffix, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            var content = new byte[stream.Length];
            stream.ReadExactly(content);
            if (content.AsSpan().IndexOf(bytes) >= 0)
            {
                yield return $"the bytes of the file{suffix}";
            }
        }
    }

    public void Dispose()
    {
        foreach (var suffix in new[] { "", "-wal", "-shm" })
        {
            File.Delete(Path + suffix);
        }
    }
}
