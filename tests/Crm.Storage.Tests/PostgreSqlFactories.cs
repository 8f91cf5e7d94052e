using System.Collections.Concurrent;
using System.Data.Common;
using Crm.Storage.PostgreSql;
using Crm.Storage.Sql;
using Crm.Testing;
using Crm.Tests.Shared;
using Npgsql;

namespace Crm.Storage.Tests;

/// <summary>A schema of its own in the server of the tests; the test is skipped where there is none.</summary>
public class PostgreSqlFactory(PostgreSqlStoreOptions options) : StoreFactory, IHostConnections
{
    private readonly string otherSchema = PostgreSqlServer.NewSchema();
    private readonly ConcurrentBag<FaultyWire> wires = [];

    public string Schema { get; } = PostgreSqlServer.NewSchema();

    public virtual string ConnectionString => PostgreSqlServer.ConnectionString;

    public SqlStore OpenWith(Func<PostgreSqlStoreOptions, PostgreSqlStoreOptions> change) =>
        PostgreSqlStore.Open($"{ConnectionString};Maximum Pool Size=40", change(options with { Schema = Schema }));

    public object? Execute(string sql) => PostgreSqlServer.Execute($"SET search_path = {Schema}; {sql}", ConnectionString);

    public async ValueTask<DbConnection> ConnectAsync(CancellationToken cancellationToken)
    {
        var connection = new NpgsqlConnection(ConnectionString);
        await connection.OpenAsync(cancellationToken);
        return connection;
    }

    public override async ValueTask<IReadOnlyList<string>> FindAsync(string text, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(ConnectionString);
        await connection.OpenAsync(cancellationToken);
        var tables = await DatabaseSearch.NamesAsync(connection, $"SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname IN ('{Schema}', '{otherSchema}')", cancellationToken);
        return await DatabaseSearch.FindAsync(connection, tables, text, cancellationToken);
    }

    protected override ICustomerStore Open(string tenant, StoreFaults? faults, bool elsewhere)
    {
        var chosen = options with { Tenant = tenant, Schema = elsewhere ? otherSchema : Schema, OnStatement = options.Distributed ? StatementRules.CheckDistributed : StatementRules.Check };
        if (faults is null)
        {
            return new SqlStore(Over($"{ConnectionString};Maximum Pool Size=40", chosen), chosen);
        }

        var wire = new FaultyWire($"{ConnectionString};Maximum Pool Size=40", faults);
        wires.Add(wire);
        return new SqlStore(Over(wire.ConnectionString, chosen), chosen);
    }

    protected virtual SqlDatabase Over(string connectionString, PostgreSqlStoreOptions options) => new PostgreSqlDatabase(connectionString, options);

    protected override void Clean()
    {
        foreach (var wire in wires)
        {
            wire.Dispose();
        }

        PostgreSqlServer.Execute($"DROP SCHEMA IF EXISTS {Schema} CASCADE; DROP SCHEMA IF EXISTS {otherSchema} CASCADE", ConnectionString);
    }
}

/// <summary>A schema of its own, distributed, in the Citus that CRM_TEST_CITUS names (a connection string to its coordinator).</summary>
public sealed class CitusFactory() : PostgreSqlFactory(new PostgreSqlStoreOptions { Distributed = true })
{
    private bool made;

    public static bool IsWanted => Environment.GetEnvironmentVariable("CRM_TEST_CITUS") is { Length: > 0 };

    public override string ConnectionString => Environment.GetEnvironmentVariable("CRM_TEST_CITUS") ?? "";

    public override async ValueTask<ICustomerStore> OpenAsync(string tenant, CancellationToken cancellationToken)
    {
        if (!made)
        {
            made = true;
            await using var first = OpenWith(chosen => chosen);
            await first.MigrateAsync(cancellationToken);
            foreach (var statement in CitusSchema.Statements(new PostgreSqlDialect(Schema, distributed: true)))
            {
                Execute(statement);
            }
        }

        return await base.OpenAsync(tenant, cancellationToken);
    }
}
