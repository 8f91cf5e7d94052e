using System.Globalization;

namespace Crm.Storage.Sql;

/// <summary>Brings a database to the schema that this release knows. Migrations are numbered, embedded and only go forward.</summary>
internal sealed class Migrations(SqlDatabase database) : IDisposable
{
    private static readonly SqlStatement Versions = new("SELECT version FROM crm_schema WHERE version >= {0} ORDER BY version DESC", SqlType.Whole);
    private static readonly SqlStatement Applied = new("INSERT INTO crm_schema (version) VALUES {rows}", SqlType.Whole);
    private readonly SemaphoreSlim gate = new(1, 1);
    private volatile bool done;

    /// <summary>The last version of the schema that this release knows.</summary>
    public static int Known { get; } = Scripts().Count();

    /// <summary>Migrates once; afterwards it costs nothing.</summary>
    public ValueTask EnsureAsync(CancellationToken cancellationToken) => done ? ValueTask.CompletedTask : MigrateOnceAsync(cancellationToken);

    public void Dispose() => gate.Dispose();

    private async ValueTask MigrateOnceAsync(CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (!done)
            {
                await MigrateAsync(cancellationToken).ConfigureAwait(false);
                done = true;
            }
        }
        finally
        {
            gate.Release();
        }
    }

    private async ValueTask MigrateAsync(CancellationToken cancellationToken)
    {
        var session = await database.WriteAsync(cancellationToken).ConfigureAwait(false);
        await using (session.ConfigureAwait(false))
        {
            await session.BeginAsync(cancellationToken).ConfigureAwait(false);
            if (database.Dialect.LockForMigration is { } wait)
            {
                await session.RunAsync(wait, cancellationToken).ConfigureAwait(false);
            }

            await session.RunAsync(Spelled("CREATE TABLE IF NOT EXISTS crm_schema (version {int} NOT NULL PRIMARY KEY)"), cancellationToken).ConfigureAwait(false);
            var versions = await session.QueryAsync(new SqlCall(Versions).Add(0), row => (int)row.Whole(0), cancellationToken).ConfigureAwait(false);
            var found = versions.Count == 0 ? 0 : versions[0];
            if (found > Known)
            {
                throw new NewerSchemaException(found, Known);
            }

            foreach (var (version, script) in Scripts().Where(script => script.Version > found))
            {
                foreach (var statement in WithoutComments(script).Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
                {
                    await session.RunAsync(Spelled(statement), cancellationToken).ConfigureAwait(false);
                }

                await session.ExecuteAsync([new SqlCall(Applied).Add(version)], cancellationToken).ConfigureAwait(false);
            }

            await session.CommitAsync().ConfigureAwait(false);
        }
    }

    private string Spelled(string sql) => new SqlStatement(sql).In(database.Dialect, 0);

    /// <summary>The embedded scripts, 0001.sql and so on, without a gap.</summary>
    private static IEnumerable<(int Version, string Script)> Scripts()
    {
        var assembly = typeof(Migrations).Assembly;
        for (var version = 1; assembly.GetManifestResourceStream(string.Create(CultureInfo.InvariantCulture, $"Crm.Storage.Sql.Migrations.{version:0000}.sql")) is { } stream; version++)
        {
            using var text = new StreamReader(stream);
            yield return (version, text.ReadToEnd());
        }
    }

    private static string WithoutComments(string script) =>
        string.Join('\n', script.Split('\n').Where(line => !line.StartsWith("--", StringComparison.Ordinal)));
}
