using System.CommandLine;
using Crm.Storage.PostgreSql;
using Crm.Storage.Sql;
using Crm.Storage.Sqlite;
using Crm.Values;

namespace Crm.Tool.Commands;

/// <summary>crm schema: prints the migrations, to be read, and run by those who let nobody else make tables.</summary>
internal static class SchemaCommand
{
    public static Command Create()
    {
        var dialect = new Option<string>("--dialect") { Description = "The database.", HelpName = "sqlite|postgresql", Required = true };
        dialect.AcceptOnlyFromAmong("sqlite", "postgresql");
        var schema = new Option<string>("--schema") { Description = "PostgreSQL: the schema that the tables are in.", HelpName = "NAME", DefaultValueFactory = _ => "public" };
        var partitions = new Option<int>("--partitions") { Description = "PostgreSQL: so many hash partitions by bucket; 0 for none.", HelpName = "N" };
        var citus = new Option<bool>("--citus") { Description = "PostgreSQL with Citus: also the statements that distribute the tables by bucket." };
        var from = new Option<int>("--from") { Description = "Only what brings a store on from this version of the schema; 0 for all of it.", HelpName = "VERSION" };
        var common = new CommonOptions();
        var command = new Command("schema", "Prints the SQL that makes the tables of a store. A store whose tables are there makes nothing.") { dialect, schema, partitions, citus, from };
        common.AddOutputTo(command);
        command.SetAction(parsed =>
        {
            var output = common.Output(parsed);
            var known = parsed.GetValue(from);
            if (known < 0 || known > SqlSchema.Versions)
            {
                throw ToolException.Usage($"--from: this release knows no version {known} of the schema; 0 to {SqlSchema.Versions} is expected.");
            }

            var script = parsed.GetValue(dialect) == "sqlite"
                ? Sqlite(parsed.GetValue(schema) != "public" || parsed.GetValue(partitions) > 0, parsed.GetValue(citus), known)
                : PostgreSql(parsed.GetValue(schema) ?? "public", parsed.GetValue(partitions), parsed.GetValue(citus), known);
            Write(script, output);
            return ExitCode.Done;
        });
        return command.WithExamples("crm schema --dialect sqlite", "crm schema --dialect postgresql --schema crm --partitions 16", "crm schema --dialect postgresql --from 3 | psql -v ON_ERROR_STOP=1 club", "crm schema --dialect postgresql --citus | psql -v ON_ERROR_STOP=1 club");
    }

    private static string Sqlite(bool ofPostgreSql, bool citus, int from) => ofPostgreSql || citus
        ? throw ToolException.Usage($"{(citus ? "--citus" : "--schema and --partitions")}: SQLite has nothing of the kind; leave it out, or choose --dialect postgresql.")
        : SqlSchema.Script(SqliteDialect.Instance, from);

    private static string PostgreSql(string schema, int partitions, bool citus, int from)
    {
        try
        {
            var dialect = new PostgreSqlDialect(schema, partitions, distributed: citus);
            var script = SqlSchema.Script(dialect, from);
            return citus && Distribution(dialect, script) is [_, ..] statements
                ? $"{script}\n-- Distribution over the machines of Citus\n{string.Concat(statements.Select(statement => statement + ";\n"))}"
                : script;
        }
        catch (ArgumentException wrong)
        {
            throw ToolException.Usage($"--schema or --partitions: {wrong.Sentence()}");
        }
    }

    // Of the tables that the script makes.
    private static List<string> Distribution(PostgreSqlDialect dialect, string script)
    {
        var made = SqlSchema.Tables.Select(dialect.Table).Where(table => script.Contains($"CREATE TABLE {table} ", StringComparison.Ordinal)).ToList();
        return [.. CitusSchema.Statements(dialect).Where(statement => made.Exists(table => statement.Contains($"('{table}'", StringComparison.Ordinal)))];
    }

    private static void Write(string script, ToolOutput output)
    {
        switch (output.Form)
        {
            case OutputForm.Json:
                output.Json(json =>
                {
                    json.WriteNumber("version", SqlSchema.Versions);
                    json.WriteString("sql", script);
                });
                break;
            case OutputForm.Csv:
                throw ToolException.Usage("--csv: a schema has no rows; leave it out, or give --json.");
            default:
                output.Line(script.TrimEnd());
                break;
        }
    }
}
