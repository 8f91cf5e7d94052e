using System.Diagnostics;
using Crm.CrashProgram;
using Crm.Storage.Sql;
using Crm.Tests.Shared;
using Microsoft.Data.Sqlite;
using NodaTime;

namespace Crm.EndToEnd.Tests.Crashes;

/// <summary>Processes of one application that are started at once over a database without tables.</summary>
public sealed class StartingAtOnce : IDisposable
{
    private const int Processes = 10;
    private readonly string folder = Directory.CreateTempSubdirectory("crm-starts-").FullName;
    private readonly FastClock clock = new(SystemClock.Instance.GetCurrentInstant());

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task Ten_processes_over_one_sqlite_file_make_its_schema_once()
    {
        var file = Path.Combine(folder, "shop.db");
        await StartAsync($"sqlite:{file}");

        await using var connection = new SqliteConnection($"Data Source={file};Pooling=False");
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var count = connection.CreateCommand();
        count.CommandText = Counts("");
        Assert.Equal($"{SqlSchema.Versions} {Processes}", await count.ExecuteScalarAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Ten_processes_over_one_postgresql_make_its_schema_once()
    {
        var schema = PostgreSqlServer.NewSchema();
        try
        {
            await StartAsync($"postgresql:{schema}:{PostgreSqlServer.ConnectionString}");

            Assert.Equal($"{SqlSchema.Versions} {Processes}", PostgreSqlServer.Execute(Counts($"{schema}.")));
        }
        finally
        {
            PostgreSqlServer.Execute($"DROP SCHEMA IF EXISTS {schema} CASCADE");
        }
    }

    private static string Counts(string schema) => $"SELECT (SELECT COUNT(*) FROM {schema}crm_schema) || ' ' || (SELECT COUNT(*) FROM {schema}crm_customer)";

    // All are ready before the first is let go.
    private async Task StartAsync(string location)
    {
        var processes = Enumerable.Range(1, Processes).Select(number => Start(location, number)).ToList();
        try
        {
            foreach (var process in processes)
            {
                Assert.Equal("ready", await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
            }

            foreach (var process in processes)
            {
                process.StandardInput.WriteLine("go");
            }

            foreach (var process in processes)
            {
                Assert.Equal("made", await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
                await process.WaitForExitAsync(TestContext.Current.CancellationToken);
                Assert.Equal(0, process.ExitCode);
            }
        }
        finally
        {
            foreach (var process in processes)
            {
                process.Kill();
                process.Dispose();
            }
        }
    }

    private Process Start(string location, int number)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Crm.CrashProgram.dll"), location, folder, $"{number}", $"{clock.Opened.ToUnixTimeTicks()}", "opening"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        return Process.Start(start) ?? throw new InvalidOperationException("The process did not start.");
    }
}
