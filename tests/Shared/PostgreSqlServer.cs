using Npgsql;

namespace Crm.Tests.Shared;

/// <summary>
/// A PostgreSQL server for the tests of this process: the one that CRM_TEST_POSTGRES names (a connection string of a user who may make schemas), or a throwaway cluster that is started on first use,
/// is as fast as it can be because it need not survive, and is gone at the end. Tests are skipped where there is neither.
/// </summary>
internal static class PostgreSqlServer
{
    private static readonly Lazy<string?> Connection = new(Find);

    /// <summary>Skips the test where there is no server.</summary>
    public static string ConnectionString => Connection.Value ?? Missing();

    /// <summary>Makes a schema name that nobody has.</summary>
    public static string NewSchema() => $"t_{Guid.NewGuid():N}";

    /// <summary>Runs SQL and gives the first value of its first row.</summary>
    public static object? Execute(string sql, string? connectionString = null)
    {
        using var connection = new NpgsqlConnection(connectionString ?? ConnectionString);
        connection.Open();
        using var command = new NpgsqlCommand(sql, connection);
        return command.ExecuteScalar();
    }

    private static string Missing()
    {
        const string Reason = "No PostgreSQL: set CRM_TEST_POSTGRES to a connection string, or install the server (initdb and pg_ctl; Debian: postgresql).";
        if (Environment.GetEnvironmentVariable("CI") == "true")
        {
            Assert.Fail(Reason); // where everything is checked, nothing is left out
        }

        Assert.Skip(Reason);
        return "";
    }

    private static string? Find() => Environment.GetEnvironmentVariable("CRM_TEST_POSTGRES") is { Length: > 0 } given ? given : PostgreSqlCluster.Start(durable: false);
}
