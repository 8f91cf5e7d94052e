using Crm.Events;
using Crm.Storage.Sqlite;
using Crm.Tests.Shared;
using Crm.Tool.Checks;
using Crm.Tool.Stores;
using Crm.Tool.Tests.Support;
using Crm.Values;

namespace Crm.Tool.Tests.Checks;

/// <summary>Stores that are verified while the shop goes on.</summary>
public sealed class VerifyingWhileSelling : IDisposable
{
    private const int Races = 10;
    private readonly TestFolder folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task It_makes_no_difference_and_hides_none_in_a_file(bool tamper) =>
        RaceAsync(folder.PathOf("demo.db"), tamper ? "UPDATE crm_ledger SET amount = amount + 1 WHERE rowid = (SELECT min(rowid) FROM crm_ledger)" : null);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task It_makes_no_difference_and_hides_none_in_PostgreSQL(bool tamper)
    {
        var schema = PostgreSqlServer.NewSchema();
        try
        {
            await RaceAsync($"postgresql:{PostgreSqlServer.ConnectionString};Search Path={schema}", tamper ? $"UPDATE {schema}.crm_ledger SET amount = amount + 1 WHERE ctid = (SELECT min(ctid) FROM {schema}.crm_ledger)" : null);
        }
        finally
        {
            PostgreSqlServer.Execute($"DROP SCHEMA IF EXISTS {schema} CASCADE");
        }
    }

    private static async Task RaceAsync(string name, string? tampering)
    {
        Assert.Equal(0, (await Support.Tool.RunAsync("demo", "--customers", "30", "--days", "60", "--store", name)).Code);
        var location = StoreLocation.Parse(name, "default");
        await using var store = await OpenedStore.OpenAsync(location, OpenMode.MustExist, Token);
        if (tampering is not null)
        {
            await TamperAsync(location, tampering);
        }

        var sold = 0;
        using var over = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var selling = Task.Run(() => SellAsync(location, () => Interlocked.Increment(ref sold), over.Token), Token);
        var found = new List<VerificationResult>();
        for (var raced = 0; raced < Races && !selling.IsCompleted;)
        {
            var before = Volatile.Read(ref sold);
            found.Add(await StoreVerification.RunAsync(store, NodaTime.DateTimeZoneProviders.Tzdb["Asia/Hong_Kong"], (_, _) => { }, Token));
            raced += Volatile.Read(ref sold) > before ? 1 : 0;
        }

        await over.CancelAsync();
        await selling;
        Assert.All(found, result => Assert.True(result.Different == (tampering is null ? 0 : 1), $"{result.Different} differ, {result.First}"));
        Assert.All(found, result => Assert.Equal(result.Customers, result.Redecided));
    }

    private static async Task TamperAsync(StoreLocation location, string sql)
    {
        if (location is not StoreLocation.Sqlite file)
        {
            PostgreSqlServer.Execute(sql);
            return;
        }

        await using var connection = new Microsoft.Data.Sqlite.SqliteConnection(OpenedStore.ConnectionString(file));
        await connection.OpenAsync(Token);
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        Assert.Equal(1, await command.ExecuteNonQueryAsync(Token));
    }

    // To one customer after the other, until it is over.
    private static async Task SellAsync(StoreLocation location, Action sold, CancellationToken over)
    {
        await using var store = await OpenedStore.OpenAsync(location, OpenMode.MustExist, CancellationToken.None, SqliteDurability.Normal);
        var engine = await store.EngineAsync(await StoreSettings.ReadOrUtcAsync(store.Documents, CancellationToken.None), NodaTime.SystemClock.Instance, CancellationToken.None);
        var customers = new Dictionary<CustomerId, Identity>();
        await foreach (var (customer, identity) in store.Scan.ReadIdentitiesAsync(CancellationToken.None))
        {
            customers[customer] = identity;
        }

        for (var sale = 0; !over.IsCancellationRequested; sale++)
        {
            foreach (var identity in customers.Values)
            {
                await engine.RecordAsync(CustomerEvent.Purchase($"till:meanwhile-{sale}-{identity.Value}", identity, Money.Hkd(128)), CancellationToken.None);
                sold();
            }
        }
    }
}
