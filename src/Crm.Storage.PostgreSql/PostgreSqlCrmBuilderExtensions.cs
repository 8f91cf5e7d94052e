using Crm.Storage.PostgreSql;
using Microsoft.Extensions.DependencyInjection;

namespace Crm;

/// <summary>Chooses PostgreSQL.</summary>
public static class PostgreSqlCrmBuilderExtensions
{
    /// <summary>Keeps customers in PostgreSQL. The tables are made at first use.</summary>
    /// <param name="crm">The builder.</param>
    /// <param name="connectionString">As Npgsql reads it, such as "Host=localhost;Database=club;Username=club".</param>
    /// <param name="options">Null: one tenant, in the schema "public".</param>
    /// <exception cref="ArgumentException">The connection string cannot be read, or the name of the schema is no name.</exception>
    public static CrmBuilder UsePostgreSql(this CrmBuilder crm, string connectionString, PostgreSqlStoreOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(crm);
        PostgreSqlDatabase.Parse(connectionString);
        var choice = new PostgreSqlChoice { Options = options ?? new PostgreSqlStoreOptions() };
        crm.Services.AddSingleton(choice);
        return crm.UseStore(_ => PostgreSqlStore.Open(connectionString, choice.Options));
    }

    /// <summary>Makes the tables of customers with hash partitions by bucket. Counts only when the tables are made: a store that is there stays as it is.</summary>
    /// <param name="crm">The builder, on which <see cref="UsePostgreSql"/> was called.</param>
    /// <param name="partitions">How many, 1 to 1,024; more than 71 need a server with room for more locks than it is installed with (<see cref="PostgreSqlStoreOptions.Partitions"/>).</param>
    /// <exception cref="ArgumentOutOfRangeException">There cannot be so many.</exception>
    /// <exception cref="InvalidOperationException">PostgreSQL was not chosen before.</exception>
    public static CrmBuilder Partitioned(this CrmBuilder crm, int partitions)
    {
        ArgumentNullException.ThrowIfNull(crm);
        ArgumentOutOfRangeException.ThrowIfLessThan(partitions, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(partitions, Values.CustomerId.BucketCount);
        var choice = crm.Services.Select(service => service.ImplementationInstance).OfType<PostgreSqlChoice>().LastOrDefault()
            ?? throw new InvalidOperationException("Partitioned was called without a store in PostgreSQL; call crm.UsePostgreSql(…) before it.");
        choice.Options = choice.Options with { Partitions = partitions };
        return crm;
    }

    /// <summary>The options as chosen so far.</summary>
    private sealed class PostgreSqlChoice
    {
        public required PostgreSqlStoreOptions Options
        {
            get;
            set
            {
                _ = new PostgreSqlDialect(value.Schema, value.Partitions, value.Distributed); // refuses what cannot be
                field = value;
            }
        }
    }
}
