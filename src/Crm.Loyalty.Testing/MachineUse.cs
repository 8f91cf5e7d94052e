using System.Reflection;
using Crm.Loyalty.Rules;
using Crm.Testing;

namespace Crm.Loyalty.Testing;

/// <summary>
/// What the code of a rule asks of the machine it runs on. What a clock, a setting or a device answers cannot be made to change within a test, so the compiled code is looked at: all of it that the rule may reach, in whatever library,
/// up to those of .NET, NodaTime and Crm.Core.
/// </summary>
internal static class MachineUse
{
    private static readonly string[] Families = ["System", "Microsoft", "NodaTime"];

    private static readonly string[] KnownLibraries = ["mscorlib", "netstandard", "Crm.Core", "Crm.Loyalty"];

    private static readonly string[] Namespaces = ["System.Net", "System.Data.Common", "Microsoft.Win32", "Microsoft.CSharp.RuntimeBinder"];

    // All members of a type, or those that are listed.
    private static readonly Dictionary<string, string[]> Asks = new(StringComparer.Ordinal)
    {
        ["System.DateTime"] = ["get_Now", "get_UtcNow", "get_Today", "ToLocalTime", "ToUniversalTime"],
        ["System.DateTimeOffset"] = ["get_Now", "get_UtcNow", "get_LocalDateTime", "ToLocalTime"],
        ["System.TimeProvider"] = [],
        ["System.TimeZone"] = [],
        ["System.TimeZoneInfo"] = ["get_Local", "FindSystemTimeZoneById", "GetSystemTimeZones"],
        ["System.Diagnostics.Stopwatch"] = [],
        ["System.Diagnostics.Process"] = [],
        ["System.Threading.Timer"] = [],
        ["System.Threading.Thread"] = [],
        ["System.Threading.Tasks.Task"] = ["Delay"],
        ["NodaTime.IClock"] = [],
        ["NodaTime.SystemClock"] = [],
        ["NodaTime.ZonedClock"] = [],
        ["NodaTime.Extensions.ClockExtensions"] = [],
        ["NodaTime.DateTimeZoneProviders"] = ["get_Bcl"],
        ["NodaTime.IDateTimeZoneProvider"] = ["GetSystemDefault"],
        ["System.Environment"] =
        [
            "get_TickCount", "get_TickCount64", "get_MachineName", "get_UserName", "get_UserDomainName", "get_OSVersion", "get_ProcessorCount", "get_ProcessId", "get_ProcessPath", "get_CommandLine", "get_CurrentDirectory",
            "get_SystemDirectory", "get_WorkingSet", "get_CpuUsage", "get_Version", "GetEnvironmentVariable", "GetEnvironmentVariables", "GetCommandLineArgs", "GetFolderPath", "GetLogicalDrives", "ExpandEnvironmentVariables",
        ],
        ["System.Guid"] = ["NewGuid", "CreateVersion7"],
        ["System.Random"] = [],
        ["System.Security.Cryptography.RandomNumberGenerator"] = [],
        ["System.Globalization.CultureInfo"] = ["get_CurrentCulture", "get_CurrentUICulture", "get_InstalledUICulture", "get_DefaultThreadCurrentCulture", "get_DefaultThreadCurrentUICulture"],
        ["System.Globalization.RegionInfo"] = ["get_CurrentRegion"],
        ["System.Globalization.NumberFormatInfo"] = ["get_CurrentInfo"],
        ["System.Globalization.DateTimeFormatInfo"] = ["get_CurrentInfo"],
        ["System.StringComparer"] = ["get_CurrentCulture", "get_CurrentCultureIgnoreCase"],
        ["System.Console"] = [],
        ["System.IO.File"] = [],
        ["System.IO.FileInfo"] = [],
        ["System.IO.FileStream"] = [],
        ["System.IO.RandomAccess"] = [],
        ["System.IO.Directory"] = [],
        ["System.IO.DirectoryInfo"] = [],
        ["System.IO.DriveInfo"] = [],
        ["System.IO.StreamReader"] = [],
        ["System.IO.StreamWriter"] = [],
        ["System.IO.Path"] = ["GetTempPath", "GetTempFileName", "GetRandomFileName", "GetFullPath", "Exists"],
        ["System.Reflection.MethodBase"] = ["Invoke"],
        ["System.Type"] = ["InvokeMember"],
        ["System.Delegate"] = ["DynamicInvoke"],
    };

    /// <summary>Finds what a rule asks of the machine, and by which method.</summary>
    /// <exception cref="LawBroken">It asks something that its author has not allowed, or allows something without a reason, or that it does not ask.</exception>
    public static void Check(IEarningRule rule)
    {
        ArgumentNullException.ThrowIfNull(rule);
        var allowed = rule.GetType().GetCustomAttributes<AllowedCallAttribute>().ToList();
        if (allowed.Find(one => string.IsNullOrWhiteSpace(one.Because)) is { } bare)
        {
            throw new LawBroken($"Rule '{rule.Name}'", $"an allowed call of {bare.Call} without a reason", "a sentence that says why nothing which the rule gives depends on it");
        }

        var asked = Asked(rule).ToList();
        foreach (var (by, called) in asked.Where(one => allowed.TrueForAll(known => known.Call != NameOf(one.Called ?? one.By))))
        {
            throw called is null
                ? new LawBroken($"Rule '{rule.Name}'", $"code in {NameOf(by)} that is native, or made at run time, and cannot be looked at", "compiled code that depends on the context alone")
                : new LawBroken($"Rule '{rule.Name}'", $"a call of {NameOf(called)} in {NameOf(by)}", "code that depends on the context alone: the time is its Moment, and what comes from elsewhere is a look-up of its event");
        }

        if (allowed.Find(known => asked.TrueForAll(one => known.Call != NameOf(one.Called ?? one.By))) is { } idle)
        {
            throw new LawBroken($"Rule '{rule.Name}'", $"an allowed call of {idle.Call} that its code does not make", "allowances for calls that are made");
        }
    }

    /// <summary>The names of what a rule asks of the machine, and of its code that cannot be looked at.</summary>
    public static IEnumerable<string> CallsOf(IEarningRule rule) => Asked(rule).Select(one => NameOf(one.Called ?? one.By));

    private static IEnumerable<(MethodBase By, MethodBase? Called)> Asked(IEarningRule rule)
    {
        var own = rule.GetType().Assembly;
        var code = new ReachedCode(type => type.Assembly == own || (type.Assembly.GetName().Name is { } library && !KnownLibraries.Contains(library, StringComparer.Ordinal) && !Families.Any(family => IsWithin(library, family))));
        return code.CallsFrom(rule).Where(call => call.Called is null || AsksMachine(call.By, call.Called));
    }

    private static bool AsksMachine(MethodBase by, MethodBase called)
    {
        var type = called.DeclaringType;
        if (IsHash(called))
        {
            // Hashes differ from process to process: where something stands in a table may depend on them, and nothing else.
            return !IsHash(by);
        }

        return (Asks.TryGetValue(type?.FullName ?? "", out var members) && (members is [] || members.Contains(called.Name, StringComparer.Ordinal)))
            || Namespaces.Any(known => IsWithin(type?.Namespace, known));
    }

    private static bool IsHash(MethodBase method) => method.Name == nameof(GetHashCode) || method.DeclaringType == typeof(HashCode);

    private static bool IsWithin(string? name, string outer) => name is not null && (name == outer || name.StartsWith(outer + ".", StringComparison.Ordinal));

    private static string NameOf(MethodBase method) => $"{method.DeclaringType?.FullName ?? "what was made at run time"}.{method.Name}".Replace(".get_", ".", StringComparison.Ordinal);
}
