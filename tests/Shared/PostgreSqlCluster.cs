using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Crm.Tests.Shared;

/// <summary>A cluster in a folder of its own. The file "owner" in it says which process it is for; what a killed process left behind, the next one removes.</summary>
internal sealed class PostgreSqlCluster
{
    private const string Prefix = "crm-postgresql-";
    private const int MostPorts = 10;
    private readonly string binaries;
    private readonly string folder = Path.Combine(Path.GetTempPath(), $"{Prefix}{Environment.ProcessId}-{Guid.NewGuid():N}");
    private readonly Func<int> ports;

    private PostgreSqlCluster(string binaries, Func<int> ports)
    {
        this.binaries = binaries;
        this.ports = ports;
    }

    /// <summary>Starts a server that is gone with this process.</summary>
    /// <param name="durable">Whether commits wait for the disk, as they do in earnest; tests need not.</param>
    /// <param name="roomy">Whether it has room for many connections and locks at once; otherwise it has what a server is installed with.</param>
    /// <param name="ports">Gives ports to try, one after the other; null: those that are free.</param>
    /// <returns>A connection string; null where the server is not installed.</returns>
    public static string? Start(bool durable, bool roomy = true, Func<int>? ports = null) => Binaries() is { } binaries ? new PostgreSqlCluster(binaries, ports ?? FreePort).StartHere(durable, roomy) : null;

    /// <summary>A port that nobody has at the moment.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>The folder of the server's programs: the newest that Debian has, or where the path leads.</summary>
    private static string? Binaries()
    {
        const string Debian = "/usr/lib/postgresql";
        var versions = Directory.Exists(Debian) ? Directory.GetDirectories(Debian) : [];
        return versions.OrderByDescending(folder => int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var version) ? version : 0).Select(folder => Path.Combine(folder, "bin"))
            .Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator))
            .FirstOrDefault(folder => File.Exists(Path.Combine(folder, "initdb")) && File.Exists(Path.Combine(folder, "pg_ctl")));
    }

    private string StartHere(bool durable, bool roomy)
    {
        foreach (var other in Directory.GetDirectories(Path.GetTempPath(), Prefix + "*").Where(other => !HasOwner(other)))
        {
            Remove(other);
        }

        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "owner"), Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        if (Environment.IsPrivilegedProcess)
        {
            Run("chown", "postgres", folder); // the server refuses to run as root
        }

        AppDomain.CurrentDomain.ProcessExit += (_, _) => Remove(folder);
        RunAsServer("initdb", "-D", Data(folder), "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync");
        return string.Create(CultureInfo.InvariantCulture, $"Host=127.0.0.1;Port={StartOnPort(durable, roomy)};Username=postgres;Database=postgres");
    }

    // A port that was free a moment ago may be another's by now: then the server ends, and another port is tried.
    private int StartOnPort(bool durable, bool roomy)
    {
        for (var tried = 1; ; tried++)
        {
            var port = ports();
            var log = Path.Combine(folder, $"log-{tried}");
            var settings = string.Create(
                CultureInfo.InvariantCulture,
                $"-p {port} -k {folder} -h 127.0.0.1 {(durable ? "" : "-c fsync=off -c synchronous_commit=off -c full_page_writes=off ")}{(roomy ? "-c max_connections=400 -c max_locks_per_transaction=512" : "")}");
            try
            {
                RunAsServer("pg_ctl", "-s", "-D", Data(folder), "-w", "-l", log, "-o", settings, "start");
                return port;
            }
            catch (InvalidOperationException) when (tried < MostPorts && File.Exists(log) && File.ReadAllText(log).Contains("Address already in use", StringComparison.Ordinal))
            {
                Console.Error.WriteLine($"The port {port} was taken before the server could have it.");
            }
        }
    }

    private static string Data(string folder) => Path.Combine(folder, "data");

    // A process that ended between the start of a cluster and the writing of its file has no owner after a minute either.
    private static bool HasOwner(string folder)
    {
        var owner = Path.Combine(folder, "owner");
        if (!File.Exists(owner))
        {
            return Directory.GetCreationTimeUtc(folder) > DateTime.UtcNow.AddMinutes(-1);
        }

        try
        {
            using var process = Process.GetProcessById(int.Parse(File.ReadAllText(owner), CultureInfo.InvariantCulture));
            return !process.HasExited;
        }
        catch (Exception gone) when (gone is ArgumentException or FormatException)
        {
            return false;
        }
    }

    // A server that is gone already leaves its pid behind and cannot be stopped, and another process may remove the same folder.
    private void Remove(string which)
    {
        try
        {
            if (File.Exists(Path.Combine(Data(which), "postmaster.pid")))
            {
                Stop(which);
            }

            Directory.Delete(which, recursive: true);
        }
        catch (IOException gone)
        {
            Console.Error.WriteLine($"The folder {which} was not there to be removed: {gone.Message}");
        }
    }

    private void Stop(string which)
    {
        try
        {
            RunAsServer("pg_ctl", "-s", "-D", Data(which), "-m", "immediate", "stop");
        }
        catch (InvalidOperationException gone)
        {
            Console.Error.WriteLine($"The server in {which} was not there to be stopped: {gone.Message}");
        }
    }

    private void RunAsServer(string program, params string[] arguments)
    {
        var path = Path.Combine(binaries, program);
        if (Environment.IsPrivilegedProcess)
        {
            Run("runuser", ["-u", "postgres", "--", path, .. arguments]);
        }
        else
        {
            Run(path, arguments);
        }
    }

    private static void Run(string program, params string[] arguments)
    {
        // Output is not read through a pipe: a server keeps the one it was started with.
        var start = new ProcessStartInfo(program) { WorkingDirectory = Path.GetTempPath() };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        if (program.EndsWith("initdb", StringComparison.Ordinal) || arguments.Any(argument => argument.EndsWith("initdb", StringComparison.Ordinal)))
        {
            start.RedirectStandardOutput = true; // ends with initdb, and is not worth reading
        }

        using var process = Process.Start(start) ?? throw new InvalidOperationException($"'{program}' did not start.");
        if (start.RedirectStandardOutput)
        {
            process.StandardOutput.ReadToEnd();
        }

        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"'{program} {string.Join(' ', arguments)}' ended with {process.ExitCode}; 0 is expected.");
        }
    }
}
