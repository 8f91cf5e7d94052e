using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace Crm.Benchmarks;

/// <summary>
/// The time of processors that this process and a server on the same machine have used, which other work on the machine changes much less than the clock. The server's is read from /proc; elsewhere than on Linux,
/// or where the server is on another machine, it is unknown.
/// </summary>
internal sealed class ProcessorTime
{
    private const double TicksPerSecond = 100; // of /proc, on every Linux that there is
    private const int Parent = 3;
    private const int User = 13;
    private readonly int? server;

    private ProcessorTime(int? server) => this.server = server;

    /// <summary>Only this process.</summary>
    public static ProcessorTime Own { get; } = new(server: null);

    /// <summary>This process and the server that a connection string leads to.</summary>
    public static async Task<ProcessorTime> OfAsync(string connectionString)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("SELECT pg_backend_pid()", connection);
        var pid = (int)(await command.ExecuteScalarAsync() ?? 0);
        return new ProcessorTime(Stat(pid) is { } stat && stat[0] == "postgres" ? int.Parse(stat[Parent], CultureInfo.InvariantCulture) : null);
    }

    /// <summary>Seconds used so far; NaN: unknown.</summary>
    public (double Client, double Server) Now()
    {
        using var self = Process.GetCurrentProcess();
        return (self.TotalProcessorTime.TotalSeconds, server is { } postmaster ? Server(postmaster) : double.NaN);
    }

    // The postmaster, the processes that it has started and those of them that are gone.
    private static double Server(int postmaster)
    {
        var ticks = 0L;
        foreach (var folder in Directory.GetDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var pid) && Stat(pid) is { } stat
                && (pid == postmaster || stat[Parent] == postmaster.ToString(CultureInfo.InvariantCulture)))
            {
                ticks += stat.Skip(User).Take(pid == postmaster ? 4 : 2).Sum(part => long.Parse(part, CultureInfo.InvariantCulture));
            }
        }

        return ticks / TicksPerSecond;
    }

    // The name, which may have spaces, and then the fields in their places; a process may be gone meanwhile.
    private static string[]? Stat(int pid)
    {
        try
        {
            var line = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat"));
            var end = line.LastIndexOf(')');
            return [line[(line.IndexOf('(', StringComparison.Ordinal) + 1)..end], "", .. line[(end + 2)..].Split(' ')];
        }
        catch (IOException)
        {
            return null;
        }
    }
}
