using Crm.Storage.PostgreSql;
using Crm.Storage.Sql;
using Crm.Tests.Shared;

namespace Crm.Storage.Tests;

/// <summary>A schema of its own in the server of the tests; the test is skipped where there is none.</summary>
public class PostgreSqlFactory(PostgreSqlStoreOptions options) : StoreFactory
{
    public string Schema { get; } = PostgreSqlServer.NewSchema();

    public virtual string ConnectionString => PostgreSqlServer.ConnectionString;

    public SqlStore OpenWith(Func<PostgreSqlStoreOptions, PostgreSqlStoreOptions> change) =>
        PostgreSqlStore.Open($"{ConnectionString};Maximum Pool Size=40", change(options with { Schema = Schema }));

    public object? Execute(string sql) => PostgreSqlServer.Execute($"SET search_path = {Schema}; {sql}", ConnectionString);

    protected override ICustomerStore Open(string tenant) => OpenWith(chosen => chosen with { Tenant = tenant, OnStatement = chosen.Distributed ? StatementRules.CheckDistributed : StatementRules.Check });

    protected override void Clean()
    {
        PostgreSqlServer.Execute($"DROP SCHEMA IF EXISTS {Schema} CASCADE", ConnectionString);
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
