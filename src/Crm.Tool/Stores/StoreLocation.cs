using Crm.Storage.PostgreSql;
using Crm.Values;
using Npgsql;

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

    /// <summary>A PostgreSQL database.</summary>
    /// <param name="Connection">How to connect to it.</param>
    /// <param name="Schema">The schema that the tables are in: the first of the connection's search path, or "public".</param>
    public sealed record PostgreSql(string Connection, string Schema) : StoreLocation
    {
        /// <summary>Where it is, without a password.</summary>
        public override string ToString() => $"schema '{Schema}' of '{new NpgsqlConnectionStringBuilder(Connection) { Password = null }}'";
    }

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
            "postgresql" or "postgres" when rest.Length > 0 => Server(rest, tenant),
            _ => throw Unknown(text),
        };
    }

    private static PostgreSql Server(string text, string tenant)
    {
        try
        {
            var builder = new NpgsqlConnectionStringBuilder(text);
            var schema = builder.SearchPath is { Length: > 0 } path ? path.Split(',')[0].Trim(' ', '"') : "public";
            _ = new PostgreSqlDialect(schema);
            return builder.Host is { Length: > 0 } ? new PostgreSql(text, schema) { Tenant = tenant } : throw new ArgumentException("It names no server.", nameof(text));
        }
        catch (ArgumentException wrong)
        {
            throw ToolException.Usage($"--store: the connection string after 'postgresql:' cannot be read: {wrong.Sentence()} One such as 'Host=localhost;Database=club;Username=club' is expected.");
        }
    }

    private static ToolException Unknown(string text) =>
        ToolException.Usage($"--store: '{text}' names no store; a SQLite file, sqlite:FILE, postgresql:CONNECTION-STRING or memory is expected.");
}
