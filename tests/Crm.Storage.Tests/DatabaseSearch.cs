using System.Data.Common;
using System.Text;

namespace Crm.Storage.Tests;

/// <summary>Looks for a text in every column of every table. An index holds nothing that its table does not.</summary>
internal static class DatabaseSearch
{
    /// <param name="connection">An open connection.</param>
    /// <param name="tables">The tables to look at.</param>
    /// <param name="text">Is looked for in texts, and as UTF-8 within bytes.</param>
    public static async Task<IReadOnlyList<string>> FindAsync(DbConnection connection, IEnumerable<string> tables, string text, CancellationToken cancellationToken)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var places = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var table in tables)
        {
            await using var command = connection.CreateCommand();
            command.CommandText = $"SELECT * FROM {table}";
            await using var rows = await command.ExecuteReaderAsync(cancellationToken);
            while (await rows.ReadAsync(cancellationToken))
            {
                for (var column = 0; column < rows.FieldCount; column++)
                {
                    if (rows.GetValue(column) switch
                    {
                        byte[] found => found.AsSpan().IndexOf(bytes) >= 0,
                        var found => Convert.ToString(found, System.Globalization.CultureInfo.InvariantCulture)?.Contains(text, StringComparison.Ordinal) == true,
                    })
                    {
                        places.Add($"{table}.{rows.GetName(column)}");
                    }
                }
            }
        }

        return [.. places];
    }

    public static async Task<IReadOnlyList<string>> NamesAsync(DbConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        var names = new List<string>();
        while (await rows.ReadAsync(cancellationToken))
        {
            names.Add(rows.GetString(0));
        }

        return names;
    }
}
