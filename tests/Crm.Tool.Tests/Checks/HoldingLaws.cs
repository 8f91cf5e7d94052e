using Crm.Testing;
using Crm.Tool.Tests.Support;
using Microsoft.Data.Sqlite;

namespace Crm.Tool.Tests.Checks;

public sealed class HoldingLaws : IDisposable
{
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_store_with_customers_keeps_all_laws_and_is_as_before()
    {
        var store = folder.PathOf("shop.db");
        await Support.Tool.RunAsync("import", folder.Write("sales.csv", SampleSales.OnlineRetail(30)), "--map", "online-retail", "--store", store);
        var before = await RowsAsync(store);
        var tool = await Support.Tool.RunAsync("laws", "--store", store);

        var lines = tool.Out.TrimEnd().Split('\n').Select(line => line.TrimEnd()).ToList();
        Assert.True(tool.Code == 0, tool.Out);
        var skipped = StorageLaws.All.Where(law => law.Needs is { } need && need != typeof(IFaultyStores)).ToList();
        Assert.Equal(
            StorageLaws.All.Select(law => skipped.Contains(law) ? $"skipped {law.Name}: it needs {law.Needs?.Name}, which takes a database of its own: run it from a test" : $"kept {law.Name}")
                .Append($"{StorageLaws.All.Count - skipped.Count} kept, 0 broken, {skipped.Count} skipped"),
            lines);
        Assert.Equal(4, skipped.Count);
        Assert.Equal(before, await RowsAsync(store));
        Assert.Contains(before, table => table.Table == "crm_event" && table.Rows == 30);
    }

    [Fact]
    public async Task A_store_that_was_not_there_is_not_there_afterwards()
    {
        var tool = await Support.Tool.RunAsync("laws", "--store", folder.PathOf("new.db"), "--json");

        Assert.Equal((0, 0, StorageLaws.All.Count), (tool.Code, tool.Json.GetProperty("broken").GetInt32(), tool.Json.GetProperty("kept").GetInt32() + tool.Json.GetProperty("skipped").GetInt32()));
        Assert.Empty(Directory.EnumerateFiles(folder.Path));
    }

    [Fact]
    public async Task A_store_that_cannot_be_opened_is_exit_code_3_and_is_not_touched()
    {
        var text = folder.Write("text.db", new string('x', 5_000));
        foreach (var store in new[] { folder.PathOf("no/such/folder/x.db"), folder.Path, text })
        {
            var tool = await Support.Tool.RunAsync("laws", "--store", store);

            Assert.Equal((3, ""), (tool.Code, tool.Out));
            Assert.StartsWith("The store: ", tool.Error, StringComparison.Ordinal);
            Assert.Single(tool.Error.TrimEnd().Split('\n'));
        }

        Assert.Equal([text], Directory.EnumerateFileSystemEntries(folder.Path));
        Assert.Equal(new string('x', 5_000), File.ReadAllText(text));
    }

    private static async Task<IReadOnlyList<(string Table, long Rows)>> RowsAsync(string path)
    {
        await using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        await connection.OpenAsync();
        var tables = new List<string>();
        await using (var names = connection.CreateCommand())
        {
            names.CommandText = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name";
            await using var reader = await names.ExecuteReaderAsync();
            while (await reader.ReadAsync())
            {
                tables.Add(reader.GetString(0));
            }
        }

        var rows = new List<(string, long)>();
        foreach (var table in tables)
        {
            await using var count = connection.CreateCommand();
            count.CommandText = $"SELECT count(*) FROM \"{table}\"";
            rows.Add((table, (long)(await count.ExecuteScalarAsync() ?? 0L)));
        }

        return rows;
    }
}
