using System.Data.Common;

namespace Crm.Storage.Sql;

/// <summary>Brings a database to the schema that this release knows. Migrations are numbered, embedded and only go forward.</summary>
#pragma warning disable CA1001 // a gate that is disposed lets whoever waits at it wait for ever, and one that is not holds nothing of the system's
internal sealed class Migrations(SqlDatabase database)
#pragma warning restore CA1001
{
    private const int MostTries = 10;

    // What PostgreSQL, and databases that take over its codes, say to who gives way.
    private const string Deadlock = "40P01";

    private static readonly SqlStatement Versions = new("SELECT version, oldest FROM crm_schema WHERE version >= {0} ORDER BY version DESC", SqlType.Whole);
    private static readonly SqlStatement VersionsOnly = new("SELECT version FROM crm_schema WHERE version >= {0}", SqlType.Whole);
    private static readonly SqlStatement Applied = new("INSERT INTO crm_schema (version, oldest) VALUES {rows}", SqlType.Whole, SqlType.Whole);
    private readonly SqlStatement findTable = new(database.Dialect.FindTable, SqlType.Characters);
    private readonly SemaphoreSlim gate = new(1, 1);
    private volatile bool done;

    /// <summary>The last version of the schema that this release knows.</summary>
    public static int Known { get; } = SqlSchema.Versions;

    /// <summary>Migrates once; afterwards it costs nothing.</summary>
    public ValueTask EnsureAsync(CancellationToken cancellationToken) => done ? ValueTask.CompletedTask : MigrateOnceAsync(cancellationToken);

    /// <summary>The version of the schema; null without the tables. Nothing is made.</summary>
    public async ValueTask<int?> FindAsync(CancellationToken cancellationToken)
    {
        var session = await database.ReadAsync(cancellationToken).ConfigureAwait(false);
        await using (session.ConfigureAwait(false))
        {
            return await FoundAsync(session, cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask MigrateOnceAsync(CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            // Processes of an earlier release that go on meanwhile take the tables in an order of their own, and whom the server has give way has changed nothing.
            for (var tried = 1; !done; tried++)
            {
                try
                {
                    await MigrateAsync(cancellationToken).ConfigureAwait(false);
                    done = true;
                }
                catch (DbException circle) when (circle.SqlState == Deadlock && tried < MostTries)
                {
                    continue;
                }
            }
        }
        finally
        {
            gate.Release();
        }
    }

    private async ValueTask MigrateAsync(CancellationToken cancellationToken)
    {
        // A store that is up to date is only looked at: its user need not be allowed to make tables, and whoever only reads writes nothing.
        if (await FindAsync(cancellationToken).ConfigureAwait(false) == Known)
        {
            return;
        }

        var session = await database.WriteAsync(cancellationToken).ConfigureAwait(false);
        await using (session.ConfigureAwait(false))
        {
            await session.BeginMigrationAsync(cancellationToken).ConfigureAwait(false);
            if (database.Dialect.LockForMigration is { } wait)
            {
                await session.RunAsync(wait, cancellationToken).ConfigureAwait(false);
            }

            var found = await FoundAsync(session, cancellationToken).ConfigureAwait(false);
            if (found is null)
            {
                foreach (var statement in database.Dialect.BeforeMigration.Append(SqlSchema.MakeVersionTable(database.Dialect)))
                {
                    await session.RunAsync(statement, cancellationToken).ConfigureAwait(false);
                }
            }

            for (var version = (found ?? 0) + 1; version <= Known; version++)
            {
                foreach (var statement in SqlSchema.Statements(version, database.Dialect))
                {
                    await session.RunAsync(statement, cancellationToken).ConfigureAwait(false);
                }

                await session.ExecuteAsync([new SqlCall(Applied).Add(version, SqlSchema.Oldest(version))], cancellationToken).ConfigureAwait(false);
            }

            await session.CommitAsync().ConfigureAwait(false);
        }
    }

    /// <summary>
    /// The version of the schema; 0 for a table without a row, null without the table. One of a later release that this one can work with is as good as the last that this one knows.
    /// </summary>
    private async ValueTask<int?> FoundAsync(SqlSession session, CancellationToken cancellationToken)
    {
        var there = await session.QueryAsync(new SqlCall(findTable).Add(SqlSchema.VersionTable), _ => true, cancellationToken).ConfigureAwait(false);
        if (there.Count == 0)
        {
            return null;
        }

        var versions = await VersionsAsync(session, cancellationToken).ConfigureAwait(false);
        var found = versions.Count == 0 ? 0 : versions[0].Version;
        var oldest = versions.Where(applied => applied.Version > Known).Select(applied => applied.Oldest).DefaultIfEmpty(Known).Max();
        return oldest > Known ? throw new NewerSchemaException(found, Known) : Math.Min(found, Known);
    }

    private async ValueTask<List<(int Version, int Oldest)>> VersionsAsync(SqlSession session, CancellationToken cancellationToken)
    {
        try
        {
            return await session.QueryAsync(new SqlCall(Versions).Add(0), row => ((int)row.Whole(0), (int)row.Whole(1)), cancellationToken).ConfigureAwait(false);
        }
        catch (DbException fault)
        {
            if (await IsWithoutOldestAsync(session, cancellationToken).ConfigureAwait(false))
            {
                throw new OlderSchemaException(SqlSchema.AddOldest(database.Dialect), fault);
            }

            throw;
        }
    }

    // Where the versions can be read by themselves, it was the other column.
    private static async ValueTask<bool> IsWithoutOldestAsync(SqlSession session, CancellationToken cancellationToken)
    {
        try
        {
            await session.QueryAsync(new SqlCall(VersionsOnly).Add(0), row => row.Whole(0), cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (DbException)
        {
            return false;
        }
    }
}
