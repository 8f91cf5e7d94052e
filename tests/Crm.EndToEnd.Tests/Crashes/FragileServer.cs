using System.Diagnostics;
using Crm.Tests.Shared;
using Npgsql;

namespace Crm.EndToEnd.Tests.Crashes;

/// <summary>A server of PostgreSQL that commits durably and may be made to crash, because nobody else uses it. Where no server is installed, the one that the other tests use: it loses connections only.</summary>
internal sealed class FragileServer
{
    private FragileServer(string? own)
    {
        IsOwn = own is not null;
        ConnectionString = own ?? PostgreSqlServer.ConnectionString;
    }

    public bool IsOwn { get; }

    public string ConnectionString { get; }

    public int Terminated { get; private set; }

    public int Crashes { get; private set; }

    private string Unpooled => ConnectionString + ";Pooling=false";

    public static FragileServer Start() => new(PostgreSqlCluster.Start(durable: true));

    /// <summary>Waits until the server has noticed that an application is dead: what it had been asked last it still carries out.</summary>
    public static async Task UntilNobodyIsThereAsync(string connectionString, string application)
    {
        await using var connection = new NpgsqlConnection(connectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"SELECT count(*) FROM pg_stat_activity WHERE application_name = '{application}'", connection);
        for (var tries = 0; (long)(await command.ExecuteScalarAsync() ?? 0L) > 0; tries++)
        {
            Assert.True(tries < 1_500, $"The server has connections of '{application}' half a minute after its death.");
            await Task.Delay(20);
        }
    }

    /// <summary>Has the server end the connections of an application.</summary>
    public async Task TerminateAsync(string application) => Terminated += (await BackendsAsync($"SELECT pid FROM pg_stat_activity WHERE application_name = '{application}' AND CASE WHEN application_name = '{application}' THEN pg_terminate_backend(pid) END")).Count;

    /// <summary>Kills the process behind a connection of an application, after which the whole server ends, starts again and recovers.</summary>
    public async Task CrashAsync(string application)
    {
        if (!IsOwn)
        {
            await TerminateAsync(application);
        }
        else if (await BackendsAsync($"SELECT pid FROM pg_stat_activity WHERE application_name = '{application}'") is [var backend, ..])
        {
            await using var witness = new NpgsqlConnection(Unpooled);
            await witness.OpenAsync();
            using var kill = Process.Start("kill", ["-9", $"{backend}"]);
            await kill.WaitForExitAsync();
            if (kill.ExitCode == 0 && await EndsAsync(witness))
            {
                Crashes++;
                await UntilItIsBackAsync();
            }
        }
    }

    public void Drop(string schema) => PostgreSqlServer.Execute($"DROP SCHEMA {schema} CASCADE", Unpooled);

    private async Task<List<int>> BackendsAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(Unpooled);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await using var rows = await command.ExecuteReaderAsync();
        var backends = new List<int>();
        while (await rows.ReadAsync())
        {
            backends.Add(rows.GetInt32(0));
        }

        return backends;
    }

    // The server ends every connection once it notices that a process was killed, which takes it a while. A process that had ended by itself just before is not missed.
    private static async Task<bool> EndsAsync(NpgsqlConnection witness)
    {
        for (var tries = 0; tries < 500; tries++)
        {
            try
            {
                await using var command = new NpgsqlCommand("SELECT 1", witness);
                await command.ExecuteScalarAsync();
            }
            catch (NpgsqlException)
            {
                return true;
            }

            await Task.Delay(20);
        }

        return false;
    }

    private async Task UntilItIsBackAsync()
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                await Task.Delay(20);
                PostgreSqlServer.Execute("SELECT 1", Unpooled);
                return;
            }
            catch (NpgsqlException) when (tries < 3_000)
            {
                continue; // it is still recovering
            }
        }
    }
}
