using System.Text.Json;
using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Loyalty;
using Crm.Loyalty.Programs;
using Crm.Segmentation;
using Crm.Segmentation.Library;
using Crm.Segmentation.Segments;
using Crm.Storage;
using Crm.Storage.Sqlite;
using Crm.Tool.Demo;
using Crm.Tool.Tests.Support;
using Crm.Values;
using NodaTime;

namespace Crm.Tool.Tests.Commands;

/// <summary>A host decides with modules that the tool does not have: what they have decided is not stripped.</summary>
public sealed class StoresOfHosts : IDisposable
{
    private const string Mapping = """
        {
          "name": "till", "format": { "kind": "csv" }, "zone": "Asia/Hong_Kong", "currency": "HKD",
          "customer": { "column": "phone", "kind": "phone" }, "time": { "column": "day", "formats": ["yyyy-MM-dd"] }, "key": ["receipt"],
          "line": { "amount": "amount" }, "rows": [{ "then": "purchase" }]
        }
        """;

    private static readonly Identity Amy = Identity.Phone("+85291234567");
    private readonly TestFolder folder = new();
    private readonly string store;
    private readonly string sales;
    private readonly string map;

    public StoresOfHosts()
    {
        store = folder.PathOf("club.db");
        sales = folder.Write("sales.csv", "receipt,phone,day,amount\n1,+85291234567,2025-06-01,10.00\n");
        map = folder.Write("m.json", Mapping);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("+85291234567")]
    [InlineData("+85290000000")]
    public async Task An_import_into_the_store_of_a_host_with_modules_of_its_own_is_refused_and_strips_nothing(string phone)
    {
        await HostAsync(LoyaltyModule.Of(TeaShop.Program), engine => engine.RecordAsync(Purchase("pos:1"), Token));
        var before = await StateAsync();
        File.WriteAllText(sales, $"receipt,phone,day,amount\n1,{phone},2025-06-01,10.00\n");

        foreach (var more in new string[][] { [], ["--strict"], ["--dry-run"] })
        {
            var import = await Support.Tool.RunAsync(["import", sales, "--map", map, "--store", store, .. more]);

            Assert.Equal((3, ""), (import.Code, import.Out));
            Assert.Contains("'loyalty'", import.Error, StringComparison.Ordinal);
        }

        Assert.Equal(before, await StateAsync());
    }

    [Fact]
    public async Task Somebody_of_whom_the_module_keeps_nothing_yet_is_the_hosts_all_the_same()
    {
        await HostAsync([new SegmentationModule(new SegmentCatalog([]))], engine => engine.RecordAsync(Purchase("pos:1"), Token));

        var import = await ImportAsync();

        Assert.Equal(3, import.Code);
        Assert.Contains("'segmentation'", import.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Balances_are_opened_only_where_all_modules_are_there()
    {
        await HostAsync([new SegmentationModule(new SegmentCatalog([]))], engine => engine.RecordAsync(Purchase("pos:1"), Token));
        var before = await StateAsync();
        var balances = folder.Write("balances.csv", "member,points\n42,10\n");
        var opening = folder.Write("o.json", """{ "name": "old-till", "zone": "Asia/Hong_Kong", "format": { "kind": "csv" }, "member": { "column": "member", "kind": "user" }, "units": { "unit": { "constant": "points" }, "amount": "points", "whenEmpty": "forever" } }""");

        foreach (var more in new string[][] { [], ["--dry-run"] })
        {
            var open = await Support.Tool.RunAsync(["loyalty", "open", balances, "--map", opening, "--store", store, "--program", folder.Write("club.json", LoyaltyProgramJson.Write(TeaShop.Program)), .. more]);

            Assert.Equal((3, ""), (open.Code, open.Out));
            Assert.Contains("'segmentation'", open.Error, StringComparison.Ordinal);
        }

        Assert.Equal(before, await StateAsync());
    }

    [Fact]
    public async Task What_a_sweep_has_removed_keeps_nobody_from_importing()
    {
        await HostAsync(LoyaltyModule.Of(TeaShop.Program), engine => engine.RecordAsync(Purchase("pos:1"), Token));
        await HostAsync([], async engine => (await engine.SweepAsync(new SweepRequest { RemovedModules = [LoyaltyNames.Module] }, Token)).Seen);

        Assert.Equal(0, (await ImportAsync()).Code);
    }

    [Fact]
    public async Task A_store_without_modules_takes_more_sales()
    {
        await HostAsync([], engine => engine.RecordAsync(Purchase("pos:1"), Token));

        Assert.Equal(0, (await ImportAsync()).Code);
    }

    [Fact]
    public async Task Segments_that_ask_for_what_the_host_alone_has_are_left_out_and_named()
    {
        var vip = Segment.Manual("vip", new Text("VIP", "貴賓"));
        var buyers = new Segment { Id = "buyers", Label = new Text("Buyers", "買家"), Where = If.Purchases().Count().AtLeast(1) };
        await HostAsync([new SegmentationModule(new SegmentCatalog(vip, buyers))], async engine => (await engine.RecordAsync([Purchase("pos:1"), SegmentListing.Add("crm:1", Amy, "vip") with { OccurredAt = Instant.FromUtc(2025, 5, 2, 0, 0) }], RecordMode.Live, Token)).Count);
        Dictionary<string, Condition> others = new(StringComparer.Ordinal)
        {
            ["browsers"] = If.Events("page-view").Count().AtLeast(1),
            ["closed"] = If.Not(If.OnDayOf("shop-holidays")),
            ["golden"] = If.Fact("loyalty.tier").Is("gold"),
            ["holiday"] = If.OnDayOf("hk-public-holidays"),
            ["plain"] = If.Not(If.Fact("segment.golden").Is(true)),
        };
        await using (var opened = SqliteStore.Open(store))
        {
            var library = new SegmentLibrary(opened, SystemClock.Instance);
            foreach (var segment in others.Select(one => new Segment { Id = one.Key, Label = new Text(one.Key, one.Key), Where = one.Value }).Prepend(buyers).Prepend(vip))
            {
                await library.ActivateAsync(segment.Define(), "amy", Token);
            }
        }

        var listed = await Support.Tool.RunAsync("segments", "list", "--store", store, "--as-of", "2025-07-01", "--json");
        var draft = folder.Write("draft.json", """{"$schema":"segment/1","id":"draft","where":{"fact":"segment.plain","is":{"eq":true},"whenMissing":true},"label":{"en":"Draft","zh-Hant":"草稿"}}""");
        string[][] refused = [["size", "golden"], ["members", "plain"], ["explain", "closed", "phone:+85291234567"], ["overlap", "vip", "browsers"], ["migrate", "plain", "--from", "2025-06-01"], ["evaluate", draft], ["diff", draft, draft]];

        Assert.Equal(0, listed.Code);
        Assert.Equal(
            [("browsers", null), ("buyers", 1), ("closed", null), ("golden", null), ("holiday", 1), ("plain", null), ("vip", 1)],
            listed.Json.GetProperty("segments").EnumerateArray().Select(one => (one.GetProperty("segment").GetString(), one.GetProperty("size").ValueKind == JsonValueKind.Null ? (int?)null : one.GetProperty("size").GetInt32())));
        Assert.All(["'browsers' is left out", "'page-view'", "'closed' is left out", "'shop-holidays'", "'golden' is left out", "'loyalty.tier'", "'plain' is left out"], said => Assert.Contains(said, listed.Error, StringComparison.Ordinal));
        foreach (var asked in refused)
        {
            var answer = await Support.Tool.RunAsync(["segments", .. asked, "--store", store, "--as-of", "2025-07-01", "--json"]);
            Assert.Equal((1, ""), (answer.Code, answer.Out));
            Assert.Contains("is known to the host alone", answer.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Who_is_merged_between_has_moved_to_the_cell_of_the_merged()
    {
        await HostAsync([], async engine =>
        {
            await engine.RecordAsync(Purchase("pos:1"), Token);
            await engine.RecordAsync(Purchase("pos:2") with { Identity = Identity.Phone("+85290000000") }, Token);
            return await engine.MergeAsync(new MergeRequest(EventKey.Parse("crm:1"), CustomerRef.Of(Amy), CustomerRef.Of(Identity.Phone("+85290000000"))), Token);
        });
        var buyers = folder.Write("buyers.json", """{"$schema":"segment/1","id":"buyers","where":{"count":"purchase","window":"lifetime","is":{"gte":1}},"label":{"en":"Buyers","zh-Hant":"買家"}}""");

        var migrated = await Support.Tool.RunAsync("segments", "migrate", "buyers", "--segments", buyers, "--from", "2025-05-02", "--store", store, "--json");

        Assert.Equal(
            [("buyers", "buyers", 1), ("buyers", "(merged)", 1)],
            migrated.Json.GetProperty("moves").EnumerateArray().Select(move => (move.GetProperty("from").GetString(), move.GetProperty("to").GetString(), move.GetProperty("customers").GetInt32())));
    }

    private static CustomerEvent Purchase(string key) => CustomerEvent.Purchase(key, Amy, Money.Hkd(52m)) with { OccurredAt = Instant.FromUtc(2025, 5, 1, 0, 0) };

    private Task<Support.Tool> ImportAsync() => Support.Tool.RunAsync("import", sales, "--map", map, "--store", store);

    private async Task HostAsync<T>(IEnumerable<Modules.ICustomerModule> modules, Func<CrmEngine, ValueTask<T>> use)
    {
        await using var opened = SqliteStore.Open(store);
        await use(new CrmEngine(opened, modules, new CrmOptions(), SystemClock.Instance, new RandomIdSource()));
    }

    private async Task<string> StateAsync()
    {
        await using var opened = SqliteStore.Open(store);
        var snapshot = await opened.LoadAsync(CustomerRef.Of(Amy), Token);
        return $"{snapshot.Version} {string.Join(' ', snapshot.Slots.OrderBy(slot => slot.Name, StringComparer.Ordinal).Select(slot => $"{slot.Name} {Convert.ToHexString([.. slot.Bytes])}"))} {(await ((IDocumentStore)opened).LatestAsync("settings", "store", Token))?.Content}";
    }
}
