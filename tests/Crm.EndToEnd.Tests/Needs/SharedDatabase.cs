using Crm.Engine;
using Crm.Loyalty;
using Crm.Loyalty.Programs;
using Crm.Modules;
using Crm.Storage;
using Crm.Storage.PostgreSql;
using Crm.Storage.Sqlite;
using Crm.Testing;
using Crm.Tests.Shared;

namespace Crm.EndToEnd.Tests.Needs;

/// <summary>One database that several hosts share, each with a tenant of its own or as one of several processes.</summary>
internal sealed class SharedDatabase(string kind) : IAsyncDisposable
{
    private readonly string schema = PostgreSqlServer.NewSchema();
    private readonly string file = Path.Combine(Path.GetTempPath(), $"{Path.GetRandomFileName()}.db");
    private readonly List<ICustomerStore> stores = [];

    /// <summary>The clock of all hosts.</summary>
    public FakeClock Clock { get; } = new(Shop.At(2026, 1, 15));

    /// <summary>The stores of the hosts, in their order.</summary>
    public IReadOnlyList<ICustomerStore> Stores => stores;

    /// <summary>A further host.</summary>
    public CrmEngine Host(string tenant, params LoyaltyProgram[] programs) => Host([new LoyaltyModule(programs)], null, tenant);

    /// <summary>A further host with modules and channels of its own.</summary>
    public CrmEngine Host(IEnumerable<ICustomerModule> modules, CrmPorts? ports, string tenant = "default")
    {
        stores.Add(kind == "SQLite"
            ? SqliteStore.Open($"Data Source={file}", new SqliteStoreOptions { Tenant = tenant })
            : PostgreSqlStore.Open(PostgreSqlServer.ConnectionString, new PostgreSqlStoreOptions { Schema = schema, Tenant = tenant }));
        return new CrmEngine(stores[^1], modules, new CrmOptions(), Clock, new SeededIdSource(stores.Count), ports);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var store in stores.OfType<IAsyncDisposable>())
        {
            await store.DisposeAsync();
        }

        if (kind == "PostgreSQL")
        {
            PostgreSqlServer.Execute($"DROP SCHEMA IF EXISTS {schema} CASCADE");
        }

        foreach (var left in Directory.EnumerateFiles(Path.GetTempPath(), $"{Path.GetFileName(file)}*"))
        {
            File.Delete(left);
        }
    }
}
