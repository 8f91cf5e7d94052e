using Crm.Engine;
using Crm.Events;
using Crm.Loyalty;
using Crm.Loyalty.Programs;
using Crm.Storage;
using Crm.Storage.Sqlite;
using Crm.Testing;
using Crm.Tool.Stores;
using Crm.Tool.Tests.Support;
using Crm.Values;
using NodaTime;

namespace Crm.Tool.Tests.Commands;

/// <summary>What crm loyalty explain says of receipts: in whichever module a line was written, and in whichever programme it happened.</summary>
public sealed class ExplainingReceipts : IDisposable
{
    private static readonly Identity Amy = Identity.User("amy");
    private static readonly Instant Noon = Instant.FromUtc(2026, 1, 1, 12, 0);
    private readonly TestFolder folder = new();
    private readonly FakeClock clock = new(Noon);

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Where_a_store_has_several_programmes_each_sentence_says_of_which_it_is()
    {
        var store = await Opened("tea-club", "coffee-club");
        await Record(store, CustomerEvent.Purchase("pos:1", Amy, Money.Hkd(20)));

        await Record(store, CustomerEvent.Purchase("pos:2", Amy, Money.Hkd(20)));

        var english = await Explain(store, "pos:1");
        var chinese = await Explain(store, "pos:1", "--lang", "zh-Hant");
        var json = (await Explain(store, "pos:1", "--json")).Json.GetProperty("why");
        var table = (await Explain(store, "pos:1", "--csv")).Out;
        var quote = (await Support.Tool.RunAsync("loyalty", "quote", "user:amy", "--spend", "50.00 HKD", "--store", store, "--json")).Json;

        Assert.Contains("coffee-club: 20 points earned by rule 'base'.", english.Out, StringComparison.Ordinal);
        Assert.Contains("tea-club: 20 points earned by rule 'base'.", english.Out, StringComparison.Ordinal);
        Assert.Contains("tea-club: welcome: ", (await Explain(store, "pos:2")).Out, StringComparison.Ordinal);
        Assert.Contains("tea-club：按規則「base」獲得 20 points。", chinese.Out, StringComparison.Ordinal);
        Assert.Equal(["coffee-club", "tea-club"], json.EnumerateArray().Select(line => line.GetProperty("program").GetString()).Distinct());
        Assert.StartsWith("code,subject,unit,amount,text,program\n", table.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.Contains(",coffee-club", table, StringComparison.Ordinal);
        Assert.Equal((100, 50, 50), (Points(quote), Points(quote.GetProperty("programs").GetProperty("tea-club")), Points(quote.GetProperty("programs").GetProperty("coffee-club"))));
    }

    [Fact]
    public async Task Where_a_store_has_one_programme_no_sentence_names_it()
    {
        var store = await Opened("tea-club");
        await Record(store, CustomerEvent.Purchase("pos:1", Amy, Money.Hkd(20)));

        var told = (await Explain(store, "pos:1")).Out;

        Assert.Contains("20 points earned by rule 'base'.", told, StringComparison.Ordinal);
        Assert.DoesNotContain("tea-club", told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_happened_before_at_the_same_instants_is_part_of_the_reasons()
    {
        var store = await Opened("tea-club");
        await Record(store, CustomerEvent.Purchase("pos:1", Amy, Money.Hkd(20)) with { OccurredAt = Noon });
        await Record(store, CustomerEvent.Purchase("pos:2", Amy, Money.Hkd(20)) with { OccurredAt = Noon });
        await using (var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={store};Pooling=False"))
        {
            // As an adapter may have it that keeps instants less finely.
            await connection.OpenAsync(TestContext.Current.CancellationToken);
            await using var coarse = connection.CreateCommand();
            coarse.CommandText = "UPDATE crm_event SET recorded_at = (SELECT MIN(recorded_at) FROM crm_event)";
            Assert.Equal(2, await coarse.ExecuteNonQueryAsync(TestContext.Current.CancellationToken));
        }

        Assert.Equal("times-reached", Assert.Single(await WhyNot("pos:2")));
        Assert.Empty(await WhyNot("pos:1"));

        async Task<IEnumerable<string?>> WhyNot(string key) => (await Explain(store, key, "--json")).Json.GetProperty("whyNot").EnumerateArray().Select(line => line.GetProperty("parts")[0].GetProperty("code").GetString());
    }

    [Fact]
    public async Task Lines_of_segments_and_journeys_are_sentences_with_their_labels()
    {
        var store = folder.PathOf("demo.db");
        await Support.Tool.RunAsync("demo", "--customers", "20", "--days", "60", "--store", store);
        var found = await Entries(store);
        var (entered, suppressed) = (found.First(entry => entry.Code == "entered"), found.First(entry => entry.Code == "message-suppressed"));

        foreach (var (language, segment, journey) in new[] { ("en", "Entered the segment '", "sends nothing: "), ("zh-Hant", "進入分眾「", "不發訊息：") })
        {
            Assert.Contains(segment, (await Support.Tool.RunAsync("loyalty", "explain", entered.Who, entered.Key, "--store", store, "--lang", language)).Out, StringComparison.Ordinal);
            var told = (await Support.Tool.RunAsync("loyalty", "explain", suppressed.Who, suppressed.Key, "--store", store, "--lang", language)).Out;
            Assert.Contains(journey, told, StringComparison.Ordinal);
            Assert.DoesNotContain("campaigns", told, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_segment_that_a_host_has_saved_is_called_by_its_label()
    {
        var store = await Opened("tea-club");
        await using var opened = SqliteStore.Open(store);
        var vip = new Crm.Segmentation.Segments.Segment { Id = "vip", Label = new Text("Best customers", "貴賓"), Where = new Crm.Conditions.Condition.All([]) };
        await new Crm.Segmentation.Library.SegmentLibrary(opened, clock).ActivateAsync(vip.Define(1, Instant.MinValue), "staff:1");
        await using var own = await OpenedStore.OpenAsync(new StoreLocation.Sqlite(store) { Tenant = "default" }, OpenMode.OnlyLook, CancellationToken.None);
        var texts = await Crm.Tool.Commands.ReceiptText.OfAsync(own, clock, Noon, CancellationToken.None);

        Assert.Equal(new Text("Entered the segment 'Best customers'.", "進入分眾「貴賓」。"), texts.Of(new ReceiptLine("segmentation", "entered") { Subject = "vip" }));
    }

    private static int Points(System.Text.Json.JsonElement quoted) => quoted.GetProperty("units").GetProperty("points").GetInt32();

    private static Task<Support.Tool> Explain(string store, string key, params string[] more) => Support.Tool.RunAsync(["loyalty", "explain", "user:amy", key, "--store", store, .. more]);

    // Each of a point for a dollar and a hundred for a first purchase.
    private static LoyaltyProgram Program(string name) => LoyaltyProgramJson.Read($$"""
        {
          "name": "{{name}}",
          "zone": "Asia/Hong_Kong",
          "units": [{ "name": "points", "kind": "redeemable" }, { "name": "stars", "kind": "redeemable" }],
          "rules": [
            { "rule": "points-per-amount", "name": "base", "unit": "points", "points": 1, "per": "1.00 HKD", "basis": "spend", "rounding": "floor" },
            { "rule": "fixed", "name": "welcome", "unit": "stars", "points": 100, "times": { "most": 1, "per": "ever" } }
          ]
        }
        """);

    private async Task<string> Opened(params string[] programs)
    {
        var store = folder.PathOf("shop.db");
        await using var opened = await OpenedStore.OpenAsync(new StoreLocation.Sqlite(store) { Tenant = "default" }, OpenMode.CreateWhenMissing, CancellationToken.None);
        await StoredPrograms.AddAsync(opened, [.. programs.Select(Program)], clock, CancellationToken.None);
        return store;
    }

    private async Task<CrmEngine> Engine(Crm.Storage.Sql.SqlStore store) =>
        new(store, LoyaltyModule.Of(await Crm.Loyalty.Library.ProgramLibrary.LoadAsync(store, null, CancellationToken.None), []), new CrmOptions { Zone = DateTimeZone.Utc }, clock, new SeededIdSource());

    private async Task Record(string store, CustomerEvent happened)
    {
        await using var opened = SqliteStore.Open(store);
        await (await Engine(opened)).RecordAsync(happened);
    }

    private static async Task<List<(string Who, string Key, string Code)>> Entries(string file)
    {
        await using var store = await OpenedStore.OpenAsync(new StoreLocation.Sqlite(file) { Tenant = "default" }, OpenMode.OnlyLook, CancellationToken.None);
        var found = new List<(string, string, string)>();
        await foreach (var (customer, identity) in store.Scan.ReadIdentitiesAsync(CancellationToken.None))
        {
            await foreach (var entry in store.Customers.ReadJournalAsync(customer, 0, CancellationToken.None))
            {
                found.AddRange(entry.Receipt.Lines.Select(line => ($"{identity.Kind}:{identity.Value}", entry.Event.Key.ToString(), line.Code)));
            }
        }

        return found;
    }
}
