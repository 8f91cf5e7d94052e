using Crm.Tool.Commands;
using Crm.Tool.Stores;
using Crm.Tool.Tests.Support;
using NodaTime;

namespace Crm.Tool.Tests.Commands;

/// <summary>crm privacy erase.</summary>
public sealed class ErasingPeople : IDisposable
{
    // When the demo is over: nothing runs out before.
    private static readonly Instant End = Instant.FromUtc(2026, 3, 1, 16, 0);
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task I6_who_is_erased_is_found_no_more_and_certificate_and_units_are_what_they_were()
    {
        var file = folder.PathOf("demo.db");
        await Support.Tool.RunAsync("demo", "--customers", "20", "--days", "60", "--store", file);
        var name = await SomebodyAsync(file);
        var (certificate, units) = (await CertificateAsync(file), await UnitsAsync(file));

        var erased = await Support.Tool.RunAsync(End, CancellationToken.None, ["privacy", "erase", name, "--key", "desk:17", "--by", "staff:17", "--store", file, "--json"]);
        var again = await Support.Tool.RunAsync(End, CancellationToken.None, ["privacy", "erase", name, "--key", "desk:17", "--by", "staff:17", "--store", file, "--json"]);

        Assert.True(erased.Code == 0, erased.Error);
        Assert.Equal((0, erased.Out), (again.Code, again.Out));
        Assert.Equal(32, erased.Json.GetProperty("customer").GetString()?.Length);
        Assert.Equal(1, (await Support.Tool.RunAsync("loyalty", "balance", name, "--store", file)).Code);
        Assert.Equal((certificate, units), (await CertificateAsync(file), await UnitsAsync(file)));
        Assert.Equal(0, (await Support.Tool.RunAsync("verify", "--store", file)).Code);
        Assert.Equal(1, (await Support.Tool.RunAsync("privacy", "erase", name, "--key", "desk:18", "--store", file)).Code);
        Assert.Equal(2, (await Support.Tool.RunAsync("privacy", "erase", name, "--key", "desk", "--store", file)).Code);
        Assert.Equal(2, (await Support.Tool.RunAsync("privacy", "erase", "nobody", "--key", "desk:19", "--store", file)).Code);
    }

    private static async Task<string> CertificateAsync(string file) => (await Support.Tool.RunAsync("loyalty", "certify", "--store", file, "--json")).Out;

    private static async Task<string> UnitsAsync(string file) => (await Support.Tool.RunAsync("report", "summary", "--store", file, "--as-of", "2030-01-01", "--json")).Json.GetProperty("units").GetRawText();

    private static async Task<string> SomebodyAsync(string file)
    {
        await using var store = await OpenedStore.OpenAsync(new StoreLocation.Sqlite(file) { Tenant = "default" }, OpenMode.MustExist, CancellationToken.None);
        var ledger = await store.Scan.ReadLedgerAsync(CancellationToken.None).Select(row => row.Customer).ToListAsync();
        var (_, identity) = await store.Scan.ReadIdentitiesAsync(CancellationToken.None).FirstAsync(row => ledger.Contains(row.Customer));
        return $"{identity.Kind}:{identity.Value}";
    }
}
