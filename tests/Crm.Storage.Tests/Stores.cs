using System.Collections.Concurrent;
using Crm.Storage.PostgreSql;
using Crm.Storage.Sqlite;
using Crm.Testing;

namespace Crm.Storage.Tests;

/// <summary>A kind of store to hold to the laws.</summary>
public sealed record TestedStore(string Name, Func<StoreFactory> Fresh)
{
    public static IReadOnlyList<TestedStore> All { get; } =
    [
        new("memory", () => new MemoryFactory()),
        new("SQLite file", () => new SqliteFactory(inMemory: false)),
        new("SQLite in memory", () => new SqliteFactory(inMemory: true)),
        new("SQLite through ADO.NET", () => new AdoFactory()),
        new("PostgreSQL", () => new PostgreSqlFactory(new PostgreSqlStoreOptions())),
        new("PostgreSQL, partitioned", () => new PostgreSqlFactory(new PostgreSqlStoreOptions { Partitions = 4 })),
        new("PostgreSQL, as if distributed", () => new PostgreSqlFactory(new PostgreSqlStoreOptions { Distributed = true })),
        .. CitusFactory.IsWanted ? [new TestedStore("Citus", () => new CitusFactory())] : Array.Empty<TestedStore>(),
    ];

    public override string ToString() => Name;
}

/// <summary>A database of its own, with what must be cleaned up.</summary>
public abstract class StoreFactory : IStoreFactory, IAsyncDisposable
{
    private readonly ConcurrentBag<ICustomerStore> opened = [];

    public virtual ValueTask<ICustomerStore> OpenAsync(string tenant, CancellationToken cancellationToken)
    {
        var store = Open(tenant);
        opened.Add(store);
        return ValueTask.FromResult(store);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var store in opened.OfType<IAsyncDisposable>())
        {
            await store.DisposeAsync();
        }

        Clean();
        GC.SuppressFinalize(this);
    }

    protected abstract ICustomerStore Open(string tenant);

    protected virtual void Clean()
    {
    }
}

public sealed class MemoryFactory : StoreFactory
{
    private readonly ConcurrentDictionary<string, InMemoryStore> tenants = new();

    protected override ICustomerStore Open(string tenant) => tenants.GetOrAdd(tenant, _ => new InMemoryStore());
}

public sealed class SqliteFactory(bool inMemory) : StoreFactory
{
    private readonly TemporaryFile file = new();

    protected override ICustomerStore Open(string tenant) => SqliteStore.Open(
        inMemory ? $"Data Source={file.Name};Mode=Memory;Cache=Shared" : file.Path,
        new SqliteStoreOptions { Tenant = tenant, Durability = SqliteDurability.Normal, OnStatement = StatementRules.Check });

    protected override void Clean() => file.Dispose();
}

/// <summary>SQLite through the general code for any provider, so that what other databases rest on is held to the laws too.</summary>
public sealed class AdoFactory : StoreFactory
{
    private readonly TemporaryFile file = new();

    protected override ICustomerStore Open(string tenant) => new Sql.SqlStore(new AdoDatabase($"Data Source={file.Path};Pooling=False"), new Sql.SqlStoreOptions { Tenant = tenant });

    protected override void Clean() => file.Dispose();
}

/// <summary>The path of a file that does not exist yet, and is gone at the end.</summary>
public sealed class TemporaryFile : IDisposable
{
    public string Name { get; } = $"crm-{Guid.NewGuid():N}";

    public string Path => System.IO.Path.Combine(System.IO.Path.GetTempPath(), Name + ".db");

    public void Dispose()
    {
        foreach (var suffix in new[] { "", "-wal", "-shm" })
        {
            File.Delete(Path + suffix);
        }
    }
}
