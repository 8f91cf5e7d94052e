using Crm.Values;

namespace Crm.Tool.Stores;

/// <summary>Which store a command works on.</summary>
internal abstract record StoreLocation
{
    private StoreLocation()
    {
    }

    /// <summary>The tenant within it.</summary>
    public required string Tenant { get; init; }

    /// <summary>A SQLite file.</summary>
    /// <param name="File">Its path.</param>
    public sealed record Sqlite(string File) : StoreLocation;

    /// <summary>Memory, until the command ends.</summary>
    public sealed record Memory : StoreLocation;

    /// <summary>Reads what people write after --store.</summary>
    /// <exception cref="ToolException">It names no store that the tool can open.</exception>
    public static StoreLocation Parse(string text, string tenant)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);

        // A single letter before the colon is a drive.
        var scheme = colon > 1 && text[..colon].All(char.IsAsciiLetter) ? text[..colon].ToLowerInvariant() : null;
        var rest = text[(colon + 1)..];
        return scheme switch
        {
            _ when text.Length == 0 => throw Unknown(text),
            null when text == "memory" => new Memory { Tenant = tenant },
            null => new Sqlite(text) { Tenant = tenant },
            "sqlite" when rest.Length > 0 => new Sqlite(rest) { Tenant = tenant },
            "postgresql" or "postgres" => throw ToolException.Usage($"--store: '{scheme}:' names a PostgreSQL database, for which this release has no adapter; a SQLite file, sqlite:FILE or memory is expected."),
            _ => throw Unknown(text),
        };
    }

    private static ToolException Unknown(string text) =>
        ToolException.Usage($"--store: '{text}' names no store; a SQLite file, sqlite:FILE, postgresql:CONNECTION-STRING or memory is expected.");
}
