using System.Diagnostics;
using Crm.Tests.Shared;
using Npgsql;

namespace Crm.Storage.Tests;

/// <summary>A PostgreSQL server of its own whose tables have little room: they lie in a tablespace on a small file system in memory, which can be mounted as root, outside of a strict container.</summary>
internal sealed class SmallDisk : IDisposable
{
    /// <summary>Why a test is skipped; .ci/run knows the sentence.</summary>
    private const string CannotMount = "No file system can be mounted here: run as root, outside of a container that forbids it.";

    private readonly string folder = Path.Combine(Path.GetTempPath(), $"crm-small-{Environment.ProcessId}-{Guid.NewGuid():N}");
    private readonly string server;

    private SmallDisk(string server)
    {
        this.server = server;
        Directory.CreateDirectory(folder);
        var isMounted = Environment.IsPrivilegedProcess && Run("mount", "-t", "tmpfs", "-o", "size=16m,mode=700", "crm-small", folder) == 0;
        Assert.SkipUnless(isMounted, CannotMount);
        Assert.Equal(0, Run("chown", "postgres", folder));
        PostgreSqlServer.Execute($"CREATE TABLESPACE small LOCATION '{folder}'", server);
        ConnectionString = $"{server};Options=-c default_tablespace=small";
    }

    public string ConnectionString { get; }

    /// <summary>Starts it; the test is skipped where there is no server to start, or no file system to mount.</summary>
    public static SmallDisk Start()
    {
        var server = PostgreSqlCluster.Start(durable: true);
        Assert.SkipWhen(server is null, "No PostgreSQL to start: install the server (initdb and pg_ctl; Debian: postgresql).");
        return new SmallDisk(server!);
    }

    /// <summary>Gives it much more room.</summary>
    public void Enlarge() => Assert.Equal(0, Run("mount", "-o", "remount,size=96m", folder));

    public void Dispose()
    {
        using (var connection = new NpgsqlConnection(server))
        {
            NpgsqlConnection.ClearAllPools();
        }

        PostgreSqlServer.Execute("CHECKPOINT", server);
        Assert.Equal(0, Run("umount", "-l", folder));
        Directory.Delete(folder, recursive: true);
    }

    private static int Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardError = true };
        Array.ForEach(arguments, start.ArgumentList.Add);
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"'{program}' did not start.");
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode;
    }
}
