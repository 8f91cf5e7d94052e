using System.Diagnostics;
using System.Globalization;
using Crm.CrashProgram;
using Crm.Storage;
using Crm.Tests.Shared;
using Npgsql;

namespace Crm.EndToEnd.Tests.Crashes;

/// <summary>A shop is killed at random moments while it records, redeems, pumps and runs timers. Afterwards nothing is lost, doubled or half done.</summary>
[Collection(nameof(OneServer))]
public sealed class Killing : IDisposable
{
    private const int LivesOfOneStore = 10;
    private readonly string folder = Directory.CreateTempSubdirectory("crm-crashes-").FullName;

    /// <summary>How many kills in all; CRM_KILLS asks for more.</summary>
    private static int Kills => int.TryParse(Environment.GetEnvironmentVariable("CRM_KILLS"), CultureInfo.InvariantCulture, out var wanted) ? wanted : 200;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task A_shop_over_sqlite_that_is_killed_again_and_again_loses_and_doubles_nothing()
    {
        var kills = 0;
        for (var round = 0; kills < Kills * 7 / 10; round++)
        {
            var place = Directory.CreateDirectory(Path.Combine(folder, $"{round}")).FullName;
            kills += await RoundAsync($"sqlite:{Path.Combine(place, "shop.db")}", place, round, (child, _) => Task.FromResult(Kill(child)));
        }

        Assert.True(kills >= Kills * 7 / 10);
    }

    [Fact]
    public async Task A_shop_over_postgresql_that_is_killed_or_loses_its_server_loses_and_doubles_nothing()
    {
        var (kills, servers) = (0, 0);
        for (var round = 0; kills < Kills * 3 / 10; round++)
        {
            var schema = PostgreSqlServer.NewSchema();
            var name = $"crash-{schema}";
            var place = Directory.CreateDirectory(Path.Combine(folder, $"{round}")).FullName;

            // What was answered must outlive a backend, so the log is with the operating system before the answer.
            var location = $"postgresql:{schema}:{PostgreSqlServer.ConnectionString};Application Name={name};Options=-c synchronous_commit=on";
            kills += await RoundAsync(location, place, round, async (child, life) =>
            {
                if (life % 3 == 2)
                {
                    servers += await KillBackendsAsync(name, violently: life % 2 == 0);
                    await Task.Delay(30);
                }

                return Kill(child);
            });
            PostgreSqlServer.Execute($"DROP SCHEMA {schema} CASCADE", PostgreSqlServer.ConnectionString + ";Pooling=false");
        }

        Assert.True(kills >= Kills * 3 / 10);
        Assert.True(servers > 0, "No backend of the server was killed.");
    }

    /// <summary>Several lives over one store, each ended by force, and a look after each.</summary>
    private static async Task<int> RoundAsync(string location, string place, int round, Func<Process, int, Task<bool>> end)
    {
        var store = Worker.Open(location);
        await ((IQuotas)store).SetAsync(Greeter.Mugs, Aftermath.Mugs, default);
        await ((IAsyncDisposable)store).DisposeAsync();
        var aftermath = new Aftermath(location, place);
        var kills = 0;
        for (var life = 1; life <= LivesOfOneStore; life++)
        {
            using var child = Start(location, place, life);
            var errors = child.StandardError.ReadToEndAsync();
            Assert.Equal("working", await child.StandardOutput.ReadLineAsync());
            await Task.Delay((((round * LivesOfOneStore) + life) * 37) % 151); // moments that differ, and are the same in every run
            kills += await end(child, life) ? 1 : 0;
            await child.WaitForExitAsync();
            Assert.Equal([], await aftermath.LookAsync());
            Assert.DoesNotContain("Unhandled", await errors, StringComparison.Ordinal);
        }

        Assert.Equal([], await aftermath.FinishAsync(LivesOfOneStore + 1));
        return kills;
    }

    private static bool Kill(Process child)
    {
        var alive = !child.HasExited;
        child.Kill(); // SIGKILL: nothing in the process can clean up
        return alive;
    }

    /// <summary>Ends the server's processes that the shop is connected to.</summary>
    /// <param name="violently">By SIGKILL, after which the whole server starts again and recovers; otherwise the server is asked to end them.</param>
    private static async Task<int> KillBackendsAsync(string name, bool violently)
    {
        await using var connection = new NpgsqlConnection(PostgreSqlServer.ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        var own = Environment.GetEnvironmentVariable("CRM_TEST_POSTGRES") is not { Length: > 0 };
        await using var command = new NpgsqlCommand($"SELECT {(violently && own ? "pid" : "CASE WHEN pg_terminate_backend(pid) THEN pid END")} FROM pg_stat_activity WHERE application_name = '{name}'", connection);
        await using var rows = await command.ExecuteReaderAsync();
        var backends = new List<int>();
        while (await rows.ReadAsync())
        {
            backends.Add(rows.GetInt32(0));
        }

        if (!violently || !own || backends.Count == 0)
        {
            return backends.Count;
        }

        using var kill = Process.Start("kill", ["-9", $"{backends[0]}"]);
        await kill.WaitForExitAsync();
        await UntilItIsBackAsync();
        return kill.ExitCode == 0 ? 1 : 0;
    }

    private static async Task UntilItIsBackAsync()
    {
        for (var since = Stopwatch.StartNew(); ; await Task.Delay(50))
        {
            try
            {
                PostgreSqlServer.Execute("SELECT 1", PostgreSqlServer.ConnectionString + ";Pooling=false");
                return;
            }
            catch (NpgsqlException) when (since.Elapsed < TimeSpan.FromSeconds(20))
            {
                continue; // it is still recovering
            }
        }
    }

    private static Process Start(string location, string place, int life)
    {
        // The program lies beside the tests, which reference it.
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Crm.CrashProgram.dll"), location, place, $"{life}"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["DOTNET_TieredPGO"] = "0";
        return Process.Start(start) ?? throw new InvalidOperationException("The process did not start.");
    }
}

/// <summary>Tests that share a server which one of them kills.</summary>
[CollectionDefinition(nameof(OneServer), DisableParallelization = true)]
public sealed class OneServer;
