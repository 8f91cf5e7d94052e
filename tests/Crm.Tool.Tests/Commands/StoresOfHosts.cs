using Crm.Engine;
using Crm.Events;
using Crm.Loyalty;
using Crm.Loyalty.Programs;
using Crm.Segmentation;
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
