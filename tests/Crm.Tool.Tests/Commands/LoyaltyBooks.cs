using System.Text.Json;
using Crm.Tool.Stores;
using Crm.Tool.Tests.Support;
using Crm.Values;

namespace Crm.Tool.Tests.Commands;

/// <summary>crm loyalty: balances, what runs out, and the certificate.</summary>
public sealed class LoyaltyBooks : IDisposable
{
    private const string End = "2026-03-01T16:00:00Z";
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task The_balances_of_all_customers_add_up_to_the_report_and_what_runs_out_is_gone_when_it_has()
    {
        var (file, names) = await Shop();
        var units = (await Support.Tool.RunAsync("report", "summary", "--store", file, "--as-of", End, "--json")).Json.GetProperty("units").GetProperty("points");
        var (now, later, expiring) = (0L, 0L, 0L);
        foreach (var name in names)
        {
            now += Points((await Support.Tool.RunAsync("loyalty", "balance", name, "--store", file, "--as-of", End, "--json")).Json);
            later += Points((await Support.Tool.RunAsync("loyalty", "balance", name, "--store", file, "--as-of", "2030-01-01", "--json")).Json);
            expiring += (await Support.Tool.RunAsync("loyalty", "expiring", name, "--store", file, "--as-of", End, "--json")).Json.GetProperty("lots").EnumerateArray()
                .Where(lot => lot.GetProperty("unit").GetString() == "points").Sum(lot => lot.GetProperty("amount").GetInt64());
        }

        Assert.Equal((units.GetProperty("available").GetInt64(), 0L, units.GetProperty("available").GetInt64()), (now, later, expiring));
    }

    [Fact]
    public async Task The_books_are_certified_and_exported()
    {
        var (file, _) = await Shop();
        var export = folder.PathOf("ledger.tsv");
        var certified = await Support.Tool.RunAsync("loyalty", "certify", "--store", file, "--export", export, "--json");

        Assert.Equal((0, 0), (certified.Code, certified.Json.GetProperty("faults").GetArrayLength()));
        Assert.Equal(certified.Json.GetProperty("entries").GetInt64(), File.ReadLines(export).LongCount());
        Assert.Equal(certified.Json.GetProperty("head").GetString(), File.ReadLines(export).Aggregate(Crm.Loyalty.Accounts.Conservation.Genesis, Crm.Loyalty.Accounts.Conservation.Link));
    }

    [Fact]
    public async Task Who_is_not_there_has_no_balance()
    {
        var (file, _) = await Shop();

        Assert.Equal(1, (await Support.Tool.RunAsync("loyalty", "balance", "user:nobody", "--store", file)).Code);
        Assert.Equal(2, (await Support.Tool.RunAsync("loyalty", "balance", "nobody", "--store", file)).Code);
    }

    private static long Points(JsonElement balance) => balance.GetProperty("units").EnumerateArray()
        .Where(unit => unit.GetProperty("unit").GetString() == "points").Sum(unit => unit.GetProperty("available").GetInt64());

    private async Task<(string File, IReadOnlyList<string> Customers)> Shop()
    {
        var file = folder.PathOf("demo.db");
        await Support.Tool.RunAsync("demo", "--customers", "20", "--days", "60", "--store", file);
        await using var store = await OpenedStore.OpenAsync(new StoreLocation.Sqlite(file) { Tenant = "default" }, OpenMode.MustExist, CancellationToken.None);
        var names = new Dictionary<CustomerId, string>();
        await foreach (var (customer, identity) in store.Scan.ReadIdentitiesAsync(CancellationToken.None))
        {
            names[customer] = $"{identity.Kind}:{identity.Value}";
        }

        return (file, [.. names.Values]);
    }
}
