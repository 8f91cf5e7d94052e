using Crm.Storage;
using Crm.Tool.Stores;
using Crm.Tool.Tests.Support;

namespace Crm.Tool.Tests.Commands;

public sealed class KilledImports
{
    [Fact]
    public async Task An_import_killed_again_and_again_ends_as_if_it_had_not_been()
    {
        using var folder = new TestFolder();
        var sales = folder.Write("sales.csv.gz", SampleSales.OnlineRetail(12_000));
        var club = folder.Write("club.json", SampleSales.Program("club", "Europe/London", "GBP"));
        var (whole, killed) = (folder.PathOf("whole.db"), folder.PathOf("killed.db"));
        string[] Import(string store) => ["import", sales, "--map", "online-retail", "--store", store, "--program", club, "--json"];
        Assert.Equal(0, (await ToolProcess.RunAsync(Import(whole))).Code);

        var kills = 0;
        foreach (var wait in new[] { 0, 30, 370, 90, 240, 150 }) // the first two kill even where little is left to write
        {
            using var process = ToolProcess.Start(Import(killed));
            await UntilItWritesAsync(process, killed);
            await Task.Delay(wait);
            kills += process.HasExited ? 0 : 1;
            process.Kill(); // SIGKILL: nothing in the process can clean up
            await process.WaitForExitAsync();
        }

        var last = await ToolProcess.RunAsync(Import(killed));

        Assert.True(kills > 1, "The import was over before it could be killed.");
        Assert.Equal((0, ""), (last.Code, last.Error));
        Assert.Equal(12_000, last.Json.GetProperty("recorded").GetInt64() + last.Json.GetProperty("already").GetInt64());
        Assert.True(last.Json.GetProperty("already").GetInt64() > 0, "Nothing was committed before a kill.");
        Assert.Equal(await SummaryAsync(whole), await SummaryAsync(killed));
        Assert.Equal(await ContentAsync(whole), await ContentAsync(killed));
    }

    /// <summary>Waits until the log of the database has been written to since the process began. It need not grow: after a checkpoint it is written anew from its beginning.</summary>
    private static async Task UntilItWritesAsync(System.Diagnostics.Process process, string store)
    {
        (long Length, DateTime At) Written() => new FileInfo(store + "-wal") is { Exists: true } log ? (log.Length, log.LastWriteTimeUtc) : default;
        var before = Written();
        while (!process.HasExited && (Written().Length == 0 || Written() == before))
        {
            await Task.Delay(1);
        }
    }

    private static async Task<string> SummaryAsync(string store) => (await Support.Tool.RunAsync("report", "summary", "--store", store, "--json")).Out;

    /// <summary>Everything of every customer apart from ids and recording instants, which differ by nature.</summary>
    private static async Task<IReadOnlyList<string>> ContentAsync(string path)
    {
        await using var store = await OpenedStore.OpenAsync(new StoreLocation.Sqlite(path) { Tenant = "default" }, OpenMode.MustExist, CancellationToken.None);
        var names = new Dictionary<Crm.Values.CustomerId, string>();
        await foreach (var (customer, identity) in store.Scan.ReadIdentitiesAsync(CancellationToken.None))
        {
            names[customer] = identity.Value;
        }

        var content = new List<string>();
        await foreach (var (customer, entry) in store.Scan.ReadAllAsync(CancellationToken.None))
        {
            var taken = entry.Receipt.TakenBack;
            content.Add($"{names[customer]} {entry.Event.Key} {entry.Event.Kind} {entry.Event.OccurredAt} {entry.EffectiveAt} {entry.Event.Spend} {entry.PayloadHash} {string.Join(',', entry.Event.Lines)} {string.Join(',', entry.Receipt.Lines.Select(line => (line.Code, line.Subject, line.Amount)))} {taken}");
        }

        await foreach (var (customer, entry) in store.Scan.ReadLedgerAsync(CancellationToken.None))
        {
            content.Add($"{names[customer]} {entry}");
        }

        var customers = names.Keys.ToList();
        var snapshots = await store.LoadManyAsync([.. customers.Select(CustomerRef.Of)], CancellationToken.None);
        content.AddRange(customers.Zip(snapshots, (customer, snapshot) =>
            $"{names[customer]} {snapshot.Version} {string.Join(',', snapshot.Slots.Where(slot => slot.Name != "kernel").Select(slot => $"{slot.Name}:{Convert.ToHexString([.. slot.Bytes])}"))}"));
        return [.. content.Order(StringComparer.Ordinal)];
    }
}
