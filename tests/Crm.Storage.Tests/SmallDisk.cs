using System.Diagnostics;
using System.Globalization;
using Crm.Tests.Shared;
using Npgsql;

namespace Crm.Storage.Tests;

/// <summary>
/// A PostgreSQL server of its own whose tables have little room. Where a file system can be mounted (as root, outside of a strict container) they lie in a tablespace on a small one in memory; elsewhere the server may not make
/// large files, which it treats as a full disk too.
/// </summary>
internal sealed class SmallDisk : IDisposable
{
    private const string FileLimit = "18874368"; // a segment of the server's own log has 16 MiB, and must fit
    private readonly string folder = Path.Combine(Path.GetTempPath(), $"crm-small-{Environment.ProcessId}-{Guid.NewGuid():N}");
    private readonly string server;

    private SmallDisk(string server, bool mounted)
    {
        this.server = server;
        IsMounted = mounted && Mounted();
        if (IsMounted)
        {
            PostgreSqlServer.Execute($"CREATE TABLESPACE small LOCATION '{folder}'", server);
            ConnectionString = $"{server};Options=-c default_tablespace=small";
        }
        else
        {
            Limit(FileLimit);
            ConnectionString = server;
        }
    }

    /// <summary>Whether the room is that of a file system; otherwise that of a file.</summary>
    public bool IsMounted { get; }

    public string ConnectionString { get; }

    /// <summary>Starts it; the test is skipped where there is no server to start.</summary>
    /// <param name="mounted">Whether a file system is to be mounted, where that can be done.</param>
    public static SmallDisk Start(bool mounted)
    {
        var server = PostgreSqlCluster.Start(durable: true);
        Assert.SkipWhen(server is null, "No PostgreSQL to start: install the server (initdb and pg_ctl; Debian: postgresql).");
        return new SmallDisk(server!, mounted);
    }

    /// <summary>Gives it much more room.</summary>
    public void Enlarge()
    {
        if (IsMounted)
        {
            Assert.Equal(0, Run("mount", "-o", "remount,size=96m", folder));
        }
        else
        {
            Limit("unlimited");
        }
    }

    public void Dispose()
    {
        using (var connection = new NpgsqlConnection(server))
        {
            NpgsqlConnection.ClearAllPools();
        }

        if (IsMounted)
        {
            PostgreSqlServer.Execute("CHECKPOINT", server);
            Assert.Equal(0, Run("umount", "-l", folder));
        }

        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private bool Mounted()
    {
        Directory.CreateDirectory(folder);
        return Environment.IsPrivilegedProcess && Run("mount", "-t", "tmpfs", "-o", "size=16m,mode=700", "crm-small", folder) == 0 && Run("chown", "postgres", folder) == 0;
    }

    // Sessions have the limits that the server had when they began.
    private void Limit(string bytes)
    {
        var data = (string)PostgreSqlServer.Execute("SHOW data_directory", server)!;
        var postmaster = File.ReadLines(Path.Combine(data, "postmaster.pid")).First();
        Assert.Equal(0, Run("prlimit", "--pid", int.Parse(postmaster, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture), $"--fsize={bytes}"));
        NpgsqlConnection.ClearAllPools();
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
