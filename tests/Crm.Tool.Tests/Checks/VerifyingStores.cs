using Crm.Tool.Tests.Support;
using Microsoft.Data.Sqlite;

namespace Crm.Tool.Tests.Checks;

/// <summary>Stores that somebody has written to behind the engine's back.</summary>
public sealed class VerifyingStores : IDisposable
{
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_store_that_nobody_has_touched_holds()
    {
        var tool = await VerifyAsync(await DemoAsync());

        Assert.True(tool.Code == 0, tool.Out + tool.Error);
        Assert.Equal(0, tool.Json.GetProperty("different").GetInt64());
        Assert.True(tool.Json.GetProperty("booksCompared").GetBoolean());
        Assert.Equal(tool.Json.GetProperty("customers").GetInt64(), tool.Json.GetProperty("redecided").GetInt64());
        Assert.InRange(tool.Json.GetProperty("customers").GetInt64(), 20, 40);
    }

    [Theory]
    [InlineData("UPDATE crm_ledger SET amount = amount + 1 WHERE rowid = (SELECT min(rowid) FROM crm_ledger)", "the lot '")]
    [InlineData("DELETE FROM crm_ledger WHERE rowid = (SELECT min(rowid) FROM crm_ledger)", "the lot '")]
    [InlineData("DELETE FROM crm_event WHERE rowid = (SELECT min(rowid) FROM crm_event WHERE kind = 'purchase')", "the entries of the journal")]
    [InlineData("UPDATE crm_event SET spend_minor = spend_minor + 1000 WHERE rowid = (SELECT min(rowid) FROM crm_event WHERE kind = 'purchase')", "its content")]
    [InlineData("UPDATE crm_event SET recorded_at = recorded_at - 864000000000 WHERE rowid = (SELECT max(rowid) FROM crm_event)", "record")]
    [InlineData("DELETE FROM crm_key WHERE event_key = (SELECT max(event_key) FROM crm_key)", "its key")]
    [InlineData("UPDATE crm_key SET payload_hash = zeroblob(16) WHERE event_key = (SELECT max(event_key) FROM crm_key)", "its key")]
    [InlineData("UPDATE crm_key SET version = version + 1 WHERE event_key = (SELECT min(event_key) FROM crm_key)", "its key")]
    [InlineData("UPDATE crm_event SET spend_currency = 'none' WHERE rowid = (SELECT min(rowid) FROM crm_event WHERE spend_currency = 'HKD')", "what is stored")]
    [InlineData("UPDATE crm_event SET receipt = zeroblob(3) WHERE rowid = (SELECT max(rowid) FROM crm_event)", "what is stored")]
    [InlineData("UPDATE crm_event_line SET quantity = 'few' WHERE rowid = (SELECT min(rowid) FROM crm_event_line)", "what is stored")]
    [InlineData("UPDATE crm_ledger SET definition = zeroblob(3) WHERE rowid = (SELECT min(rowid) FROM crm_ledger WHERE definition IS NOT NULL)", "what is stored")]
    [InlineData("UPDATE crm_profile SET content = x'ffffff' WHERE customer_id = (SELECT min(customer_id) FROM crm_profile)", "what is stored")]
    public async Task Tampering_is_found_and_its_place_is_named(string sql, string expected)
    {
        var store = await DemoAsync();
        Assert.Equal(1, await ExecuteAsync(store, sql));
        var tool = await VerifyAsync(store);

        Assert.Equal(4, tool.Code);
        Assert.Equal(1, tool.Json.GetProperty("different").GetInt64());
        var first = tool.Json.GetProperty("first");
        Assert.Contains(expected, $"{first.GetProperty("about").GetString()}", StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_a_disposal_the_store_holds_reports_the_same_balances_and_shows_damage_as_before()
    {
        var store = await DemoAsync();
        var before = await SummaryAsync(store);
        var events = await CountAsync(store, "SELECT count(*) FROM crm_event");
        var middle = NodaTime.Instant.FromUnixTimeTicks(await CountAsync(store, "SELECT (min(effective_at) + max(effective_at)) / 2 FROM crm_event"));
        var dry = await RetainAsync(store, middle, "--dry-run");
        Assert.Equal(events, await CountAsync(store, "SELECT count(*) FROM crm_event"));
        var done = await RetainAsync(store, middle);

        var gone = done.Json.GetProperty("entries").GetInt64();
        Assert.True(gone > 10, done.Out);
        Assert.Equal(dry.Json.GetProperty("entries").GetInt64(), gone);
        Assert.Equal(events - gone, await CountAsync(store, "SELECT count(*) FROM crm_event"));
        Assert.Equal(0, await CountAsync(store, "SELECT count(*) FROM crm_event_line l WHERE NOT EXISTS (SELECT 1 FROM crm_event e WHERE e.customer_id = l.customer_id AND e.version = l.version)"));
        var after = await SummaryAsync(store);
        Assert.Equal(before.Json.GetProperty("units").ToString(), after.Json.GetProperty("units").ToString());
        Assert.Equal(before.Json.GetProperty("tiers").ToString(), after.Json.GetProperty("tiers").ToString());
        var holds = await VerifyAsync(store);
        Assert.True(holds.Code == 0, holds.Out + holds.Error);
        Assert.Equal(holds.Json.GetProperty("customers").GetInt64(), holds.Json.GetProperty("redecided").GetInt64());
        Assert.Equal(0, (await RetainAsync(store, middle)).Json.GetProperty("entries").GetInt64());

        foreach (var damage in new[]
        {
            "UPDATE crm_checkpoint SET opening = NULL WHERE (customer_id, at) = (SELECT customer_id, at FROM crm_checkpoint WHERE opening IS NOT NULL LIMIT 1)",
            "DELETE FROM crm_event WHERE rowid = (SELECT min(e.rowid) FROM crm_event e JOIN crm_checkpoint o ON o.customer_id = e.customer_id WHERE o.opening IS NOT NULL)",
            "UPDATE crm_ledger SET code = 'other' WHERE rowid = (SELECT min(l.rowid) FROM crm_ledger l WHERE l.cause_source <> 'due' AND NOT EXISTS (SELECT 1 FROM crm_event e WHERE e.customer_id = l.customer_id AND e.source = l.cause_source AND e.event_key = l.cause_key))",
        })
        {
            var copy = folder.PathOf($"damaged-{Guid.NewGuid():N}.db");
            await ExecuteAsync(store, $"VACUUM INTO '{copy}'");
            Assert.Equal(1, await ExecuteAsync(copy, damage));
            var damaged = await VerifyAsync(copy);
            Assert.True(damaged.Code == 4, damage);
            Assert.Equal(1, damaged.Json.GetProperty("different").GetInt64());
        }
    }

    [Theory]
    [InlineData("2999-01-01", 1)]
    [InlineData("yesterday", 2)]
    public async Task A_day_that_is_none_or_still_to_come_is_refused(string until, int code) =>
        Assert.Equal(code, (await Support.Tool.RunAsync("privacy", "retention", "--store", await DemoAsync(), "--until", until)).Code);

    [Theory]
    [InlineData("loyalty")]
    [InlineData("segmentation")]
    [InlineData("kernel")]
    public async Task A_changed_byte_of_a_state_is_found(string slot)
    {
        var store = await DemoAsync();
        await using (var connection = await OpenAsync(store))
        {
            await using var read = connection.CreateCommand();
            read.CommandText = "SELECT content, customer_id FROM crm_slot WHERE name = $name ORDER BY length(content) DESC LIMIT 1";
            read.Parameters.AddWithValue("$name", slot);
            await using var row = await read.ExecuteReaderAsync();
            Assert.True(await row.ReadAsync());
            var content = (byte[])row["content"];
            content[^2] ^= 0x04;
            await using var write = connection.CreateCommand();
            write.CommandText = "UPDATE crm_slot SET content = $content WHERE name = $name AND customer_id = $customer";
            write.Parameters.AddWithValue("$content", content);
            write.Parameters.AddWithValue("$name", slot);
            write.Parameters.AddWithValue("$customer", row["customer_id"]);
            await row.CloseAsync();
            Assert.Equal(1, await write.ExecuteNonQueryAsync());
        }

        var tool = await VerifyAsync(store);
        Assert.True(tool.Code == 4, tool.Out);
        Assert.Equal(1, tool.Json.GetProperty("different").GetInt64());
    }

    [Fact]
    public async Task Under_another_programme_books_are_still_compared_and_nothing_is_decided_again()
    {
        var store = folder.PathOf("shop.db");
        await Support.Tool.RunAsync("import", folder.Write("sales.csv", SampleSales.OnlineRetail(40)), "--map", "online-retail", "--store", store, "--program", folder.Write("club.json", Program(1)));
        var before = await VerifyAsync(store);
        Assert.True(before.Code == 0, before.Out + before.Error);
        Assert.True(before.Json.GetProperty("redecided").GetInt64() > 0);

        Assert.Equal(1, await ExecuteAsync(store, "UPDATE crm_document SET content = replace(replace(content, '\"points\": 1', '\"points\": 2'), '\"points\":1', '\"points\":2') WHERE kind = 'programme'"));
        var other = await VerifyAsync(store);
        Assert.True(other.Code == 0, other.Out + other.Error);
        Assert.Contains("which no module has any more", other.Out, StringComparison.Ordinal);

        await ExecuteAsync(store, "UPDATE crm_ledger SET amount = amount + 1 WHERE rowid = (SELECT min(rowid) FROM crm_ledger)");
        var tampered = await Support.Tool.RunAsync("verify", "--store", store);
        Assert.Equal(4, tampered.Code);
        Assert.Contains("the sum of its ledger entries, is expected", tampered.Out, StringComparison.Ordinal);
        Assert.Contains("1 different", tampered.Out, StringComparison.Ordinal);
    }

    private static string Program(int points) => $$"""
        {
          "name": "club", "zone": "Europe/London",
          "units": [{ "name": "points", "kind": "redeemable" }],
          "rules": [{ "rule": "points-per-amount", "name": "base", "unit": "points", "points": {{points}}, "per": "1.00 GBP", "basis": "spend", "rounding": "floor" }]
        }
        """;

    private static async Task<SqliteConnection> OpenAsync(string store)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = store, Pooling = false }.ToString());
        await connection.OpenAsync();
        return connection;
    }

    private static async Task<int> ExecuteAsync(string store, string sql)
    {
        await using var connection = await OpenAsync(store);
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        return await command.ExecuteNonQueryAsync();
    }

    private static async Task<long> CountAsync(string store, string sql)
    {
        await using var connection = await OpenAsync(store);
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        return (long)(await command.ExecuteScalarAsync() ?? 0L);
    }

    private static Task<Support.Tool> SummaryAsync(string store) => Support.Tool.RunAsync("report", "summary", "--store", store, "--as-of", "2026-12-31", "--json");

    private static Task<Support.Tool> RetainAsync(string store, NodaTime.Instant until, params string[] options) =>
        Support.Tool.RunAsync(until + NodaTime.Duration.FromDays(365), CancellationToken.None, ["privacy", "retention", "--store", store, "--json", "--until", NodaTime.Text.InstantPattern.ExtendedIso.Format(until), .. options]);

    private static Task<Support.Tool> VerifyAsync(string store) => Support.Tool.RunAsync("verify", "--store", store, "--json");

    private async Task<string> DemoAsync()
    {
        var store = folder.PathOf("demo.db");
        Assert.Equal(0, (await Support.Tool.RunAsync("demo", "--customers", "30", "--days", "60", "--store", store)).Code);
        return store;
    }
}
