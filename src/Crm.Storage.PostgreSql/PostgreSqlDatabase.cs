using System.Collections.Concurrent;
using System.Data.Common;
using Crm.Storage.Sql;
using NodaTime;
using Npgsql;

namespace Crm.Storage.PostgreSql;

/// <summary>A PostgreSQL database with its pool of connections.</summary>
internal sealed class PostgreSqlDatabase : SqlDatabase
{
    // Every statement finds its rows by key. A plan made while a table was small stays right when it has grown.
    private const string ByKey = "-c enable_seqscan=off -c enable_bitmapscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off";

    // What finds its rows by key is planned the same for every key, so it is planned once. Not with partitions: a plan for all of them opens all of them.
    private const string PlannedOnce = " -c plan_cache_mode=force_generic_plan";

    // Guards count rows as they are when they are reached, and a lease takes what others leave: stricter isolation, which a role or a database may have by default, would end both with an error.
    private const string Isolation = "-c default_transaction_isolation=read\\ committed";

    // Audiences are few, and each has the server to itself for a while.
    private const int MostScans = 8;

    private readonly NpgsqlDataSource source;
    private readonly NpgsqlDataSource scans;
    private readonly PostgreSqlDialect dialect;
    private readonly PostgreSqlTexts texts;
    private readonly ConcurrentBag<PostgreSqlParameters> spare = [];
    private readonly Action<string>? onStatement;

    public PostgreSqlDatabase(string connectionString, PostgreSqlStoreOptions options)
    {
        dialect = new PostgreSqlDialect(options.Schema, options.Partitions, options.Distributed);
        texts = new PostgreSqlTexts(dialect);
        onStatement = options.OnStatement;
        var builder = Parse(connectionString);
        var forScans = Parse(connectionString);
        forScans.MaxPoolSize = Math.Min(forScans.MaxPoolSize, MostScans);
        forScans.MinPoolSize = 0;
        forScans.CommandTimeout = Seconds(options.AudienceTimeout);
        forScans.Options = $"{Isolation} {forScans.Options}".TrimEnd();
        scans = NpgsqlDataSource.Create(forScans);
        builder.Options = $"{Isolation} {ByKey}{(options.Partitions > 0 || options.Distributed ? "" : PlannedOnce)} {builder.Options}".TrimEnd();
        source = NpgsqlDataSource.Create(builder);
    }

    public override SqlDialect Dialect => dialect;

    // One is loaded and folded while the other waits for the disk. More are smaller each, and cost both sides more than they save in waiting.
    public override int GroupsAtOnce => 2;

    /// <summary>Reads a connection string, and adds what the store needs where it says nothing about it.</summary>
    /// <exception cref="ArgumentException">It cannot be read, or names no server.</exception>
    public static NpgsqlConnectionStringBuilder Parse(string connectionString)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(connectionString);
        var builder = new NpgsqlConnectionStringBuilder(connectionString);
        if (string.IsNullOrWhiteSpace(builder.Host))
        {
            throw new ArgumentException("The connection string names no server; 'Host=localhost;Database=club;Username=club' is expected, or the like.", nameof(connectionString));
        }

        // Behind a pool that gives each transaction another session, such as PgBouncer's, a host says 0.
        if (!builder.ShouldSerialize("Max Auto Prepare"))
        {
            builder.MaxAutoPrepare = 250;
            builder.AutoPrepareMinUsages = 2;
        }

        builder.ApplicationName ??= "Crm.Core";
        builder.NoResetOnClose = true; // the store leaves nothing behind on a connection
        builder.IncludeErrorDetail = false; // details hold values
        return builder;
    }

    public override async ValueTask<SqlSession> ReadAsync(CancellationToken cancellationToken) =>
        new PostgreSqlSession(await source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false), dialect, texts, spare, onStatement);

    public override async ValueTask<SqlSession> ScanAsync(CancellationToken cancellationToken) =>
        new PostgreSqlSession(await scans.OpenConnectionAsync(cancellationToken).ConfigureAwait(false), dialect, texts, spare, onStatement);

    public override SqlSession Join(DbConnection connection, DbTransaction transaction) => (connection, transaction) is (NpgsqlConnection ours, NpgsqlTransaction within)
        ? new PostgreSqlSession(ours, dialect, texts, spare, onStatement, within)
        : throw new ArgumentException($"A connection of {connection.GetType().Name} was given to a store in PostgreSQL; an NpgsqlConnection is expected.", nameof(connection));

    public override ValueTask<SqlSession> WriteAsync(CancellationToken cancellationToken) => ReadAsync(cancellationToken);

    public override async ValueTask DisposeAsync()
    {
        await scans.DisposeAsync().ConfigureAwait(false);
        await source.DisposeAsync().ConfigureAwait(false);
    }

    // To the driver, 0 is for ever.
    private static int Seconds(Duration? timeout) => timeout switch
    {
        null => 0,
        { } most when most > Duration.Zero => (int)Math.Min(Math.Ceiling(most.TotalSeconds), int.MaxValue / 1000),
        { } most => throw new ArgumentOutOfRangeException(nameof(timeout), most, $"{nameof(PostgreSqlStoreOptions.AudienceTimeout)} is {most}; more than nothing is expected, or null for no time-out."),
    };
}
