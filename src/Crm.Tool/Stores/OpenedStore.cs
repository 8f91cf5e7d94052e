using System.Data;
using System.Data.Common;
using Crm.Engine;
using Crm.Ledger;
using Crm.Loyalty;
using Crm.Modules;
using Crm.Storage;
using Crm.Storage.PostgreSql;
using Crm.Storage.Sql;
using Crm.Storage.Sqlite;
using Crm.Tool.Demo;
using Crm.Values;
using Microsoft.Data.Sqlite;
using NodaTime;
using Npgsql;

namespace Crm.Tool.Stores;

/// <summary>What becomes of a store that is not there.</summary>
internal enum OpenMode
{
    /// <summary>It is made.</summary>
    CreateWhenMissing,

    /// <summary>It is an error.</summary>
    MustExist,

    /// <summary>It is an error, and so is a store that would be brought forward to the schema of this release: nothing is written at all. For every command that only reads.</summary>
    OnlyLook,
}

/// <summary>A store that is open, with everything that the tool asks of it.</summary>
internal sealed class OpenedStore : IAsyncDisposable
{
    private readonly ICustomerStore customers;
    private readonly StoreLocation location;

    private OpenedStore(ICustomerStore customers, StoreLocation location) => (this.customers, this.location) = (customers, location);

    /// <summary>The store as engines use it.</summary>
    public ICustomerStore Customers => customers;

    /// <summary>Settings and programmes.</summary>
    public IDocumentStore Documents => Able<IDocumentStore>("keep documents");

    /// <summary>Everything in it, for reports.</summary>
    public IJournalScan Scan => Able<IJournalScan>("be read as a whole");

    /// <summary>The whole ledger of one customer.</summary>
    public ValueTask<IReadOnlyList<LedgerEntry>> LedgerOfAsync(CustomerId customer, CancellationToken cancellationToken) =>
        Able<IJournalDisposal>("read the ledger of one customer").LedgerOfAsync(customer, cancellationToken);

    /// <summary>What is new in the ledger.</summary>
    public ILedgerScan Ledger => Able<ILedgerScan>("say what is new in its ledger");

    /// <summary>Whether there is a store; memory is always there, and empty.</summary>
    public static async ValueTask<bool> ExistsAsync(StoreLocation location, CancellationToken cancellationToken) =>
        location is StoreLocation.Memory || await SchemaAsync(location, cancellationToken) is not null;

    /// <summary>Opens a store.</summary>
    /// <exception cref="ToolException">It is not there, or cannot be used.</exception>
    public static async ValueTask<OpenedStore> OpenAsync(StoreLocation location, OpenMode mode, CancellationToken cancellationToken, SqliteDurability durability = SqliteDurability.Full)
    {
        if (mode != OpenMode.CreateWhenMissing && location is not StoreLocation.Memory)
        {
            switch (await SchemaAsync(location, cancellationToken))
            {
                case null:
                    throw ToolException.Store($"There is no store {NameOf(location)}. 'crm import FILE --map MAPPING --store STORE' makes one.");
                case { } found when mode == OpenMode.OnlyLook && found < SqlSchema.Versions:
                    throw ToolException.Store($"The store {NameOf(location)} has version {found} of the schema, and this release reads version {SqlSchema.Versions}. What only reads, a dry run too, brings no store forward, because an application of an earlier release might not go on with it. Start the application with this release, or apply what '{SchemaOf(location)} --from {found}' prints, with a client that stops at the first error ('sqlite3 -bail', 'psql -v ON_ERROR_STOP=1').");
            }
        }

        var store = new OpenedStore(Connect(location, durability), location);
        try
        {
            if (store.customers is SqlStore sql)
            {
                await sql.MigrateAsync(cancellationToken);
            }

            return store;
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    // Null where the tables are not there. A file is looked at as it is: it may be another application's.
    private static async ValueTask<int?> SchemaAsync(StoreLocation location, CancellationToken cancellationToken)
    {
        if (location is StoreLocation.Sqlite { File: var file } && !File.Exists(file))
        {
            return null;
        }

        await using var store = location is StoreLocation.Sqlite sqlite
            ? SqliteStore.Open(new SqliteConnectionStringBuilder(ConnectionString(sqlite)) { Mode = SqliteOpenMode.ReadWrite }.ToString())
            : (SqlStore)Connect(location);
        return await store.FindSchemaAsync(cancellationToken);
    }

    private static string SchemaOf(StoreLocation location) => location switch
    {
        StoreLocation.PostgreSql { Schema: "public" } => "crm schema --dialect postgresql",
        StoreLocation.PostgreSql { Schema: var schema } => $"crm schema --dialect postgresql --schema {schema}",
        _ => "crm schema --dialect sqlite",
    };

    private static string NameOf(StoreLocation location) => location is StoreLocation.Sqlite { File: var file } ? $"at '{file}'" : $"in {location}";

    /// <summary>The store at a location; nothing is opened yet.</summary>
    public static ICustomerStore Connect(StoreLocation location, SqliteDurability durability = SqliteDurability.Full, Action<string>? onStatement = null) => location switch
    {
        StoreLocation.Memory => new InMemoryStore(),
        StoreLocation.Sqlite sqlite => SqliteStore.Open(ConnectionString(sqlite), new SqliteStoreOptions { Tenant = location.Tenant, Durability = durability, OnStatement = onStatement }),
        StoreLocation.PostgreSql server => PostgreSqlStore.Open(server.Connection, new PostgreSqlStoreOptions { Tenant = location.Tenant, Schema = server.Schema, OnStatement = onStatement }),
        _ => throw new InvalidOperationException($"No way to open {location}."),
    };

    /// <summary>How the driver is told of a file; a path may hold any character.</summary>
    public static string ConnectionString(StoreLocation.Sqlite location) => new SqliteConnectionStringBuilder { DataSource = location.File }.ToString();

    /// <summary>Whether any event was ever recorded.</summary>
    public async ValueTask<bool> HasCustomersAsync(CancellationToken cancellationToken)
    {
        await using var each = Scan.ReadCustomersAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);
        return await each.MoveNextAsync();
    }

    public ValueTask<IReadOnlyList<CustomerSnapshot>> LoadManyAsync(IReadOnlyList<CustomerRef> references, CancellationToken cancellationToken) =>
        Able<IBulkCommit>("load many customers at once").LoadManyAsync(references, cancellationToken);

    /// <summary>Reads the store as it is at one moment, whoever writes meanwhile.</summary>
    /// <param name="read">Reads the store that it is given, which is only there until it has.</param>
    /// <param name="cancellationToken">Cancels the way to the store.</param>
    public async Task<T> AtOneMomentAsync<T>(Func<OpenedStore, Task<T>> read, CancellationToken cancellationToken)
    {
        await using DbConnection connection = location switch
        {
            StoreLocation.Sqlite sqlite => new SqliteConnection(ConnectionString(sqlite)),
            StoreLocation.PostgreSql server => new NpgsqlConnection(server.Connection),
            _ => throw new InvalidOperationException($"{location} is seen by nobody else."),
        };
        await connection.OpenAsync(cancellationToken);
        await using var transaction = connection is SqliteConnection file
            ? file.BeginTransaction(deferred: true) // which waits for nobody who writes
            : await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        return await read(new OpenedStore(Able<IHostTransactions>("be read within a transaction").Within(connection, transaction), location));
    }

    /// <summary>An engine over the store, deciding by the store's own zone and programmes.</summary>
    public async ValueTask<CrmEngine> EngineAsync(StoreSettings settings, IClock clock, CancellationToken cancellationToken) =>
        EngineOver(customers, await ModulesAsync(cancellationToken), settings, clock);

    /// <summary>The modules that decide in this store.</summary>
    public async ValueTask<IReadOnlyList<ICustomerModule>> ModulesAsync(CancellationToken cancellationToken)
    {
        if (await DemoMark.IsOnAsync(Documents, cancellationToken))
        {
            return new TeaShop().Modules;
        }

        var programs = await StoredPrograms.CatalogAsync(Documents, cancellationToken);
        return programs.Names.IsEmpty ? [] : [.. LoyaltyModule.Of(programs, [])];
    }

    /// <summary>An engine over any store.</summary>
    /// <exception cref="ToolException">A module asks for a fact, kind or calendar that is not here.</exception>
    public static CrmEngine EngineOver(ICustomerStore store, IReadOnlyList<ICustomerModule> modules, StoreSettings settings, IClock clock)
    {
        try
        {
            return new(store, modules, settings.Options, clock, new RandomIdSource());
        }
        catch (ArgumentException unfit) when (unfit.ParamName == nameof(modules))
        {
            throw ToolException.Input("The programmes of the store ask for what is not here; it may be the host's.", unfit.Sentence());
        }
    }

    public ValueTask DisposeAsync() => customers is IAsyncDisposable disposable ? disposable.DisposeAsync() : ValueTask.CompletedTask;

    private T Able<T>(string what)
        where T : class => customers as T ?? throw new InvalidOperationException($"The store {customers.GetType().Name} cannot {what}; implement {typeof(T).Name} on it.");
}
