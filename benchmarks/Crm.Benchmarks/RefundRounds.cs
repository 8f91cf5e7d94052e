using System.Diagnostics;
using System.Globalization;
using Crm.Definitions;
using Crm.Engine;
using Crm.Events;
using Crm.Loyalty;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Rules;
using Crm.Storage;
using Crm.Storage.Sqlite;
using Crm.Testing;
using Crm.Values;
using NodaTime;

namespace Crm.Benchmarks;

/// <summary>
/// A refund of a customer's latest purchase by the programme that was there all the time, beside a version that was added later, and by another programme in its place:
/// <c>dotnet run -c Release --project benchmarks/Crm.Benchmarks -- refunds</c>. In memory and in a SQLite file.
/// </summary>
internal static class RefundRounds
{
    private const int Refunds = 25;

    public static async Task RunAsync()
    {
        foreach (var purchases in new[] { 10, 1_000, 10_000 })
        {
            await MeasureAsync("memory", new InMemoryStore(), purchases);
            var file = Path.Combine(Path.GetTempPath(), $"crm-refunds-{Guid.NewGuid():N}.db");
            try
            {
                await using var store = SqliteStore.Open($"Data Source={file};Pooling=False", new SqliteStoreOptions { Durability = SqliteDurability.Normal });
                await MeasureAsync("SQLite", store, purchases);
            }
            finally
            {
                foreach (var part in new[] { "", "-wal", "-shm" })
                {
                    File.Delete(file + part);
                }
            }
        }
    }

    private static async Task MeasureAsync(string name, ICustomerStore store, int purchases)
    {
        var clock = new FakeClock(TeaShop.Opening);
        var engine = Over(TeaShop.SimpleProgram.Define());
        for (var purchase = 0; purchase < purchases; purchase++)
        {
            clock.Set(TeaShop.Opening + Duration.FromHours(purchase));
            await engine.RecordAsync(CustomerEvent.Purchase($"till:{purchase}", Identity.User("amy"), Money.Hkd(100)));
        }

        var later = clock.GetCurrentInstant() + Duration.FromDays(1);
        var another = TeaShop.SimpleProgram with { Rules = [new PointsPerAmount { Name = "base", Unit = "points", Points = 2, Every = Money.Hkd(1), Basis = EarningBasis.WholeSpend }] };
        foreach (var (what, definitions) in new (string, Definition<LoyaltyProgram>[])[]
        {
            ("the same", [TeaShop.SimpleProgram.Define()]),
            ("a version more", [TeaShop.SimpleProgram.Define(), another.Define(2, later)]),
            ("another in its place", [another.Define()]),
        })
        {
            engine = Over(definitions);
            var times = new List<double>();
            for (var refund = 0; refund < Refunds; refund++)
            {
                clock.Set(clock.GetCurrentInstant() + Duration.FromSeconds(1));
                var back = CustomerEvent.Refund($"desk:{what}/{refund}", Identity.User("amy"), $"till:{purchases - 1}", Money.Hkd(0.01m));
                var since = Stopwatch.GetTimestamp();
                await engine.RecordAsync(back);
                times.Add(Stopwatch.GetElapsedTime(since).TotalMilliseconds);
            }

            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}, {purchases} purchases, {what}: {times.Order().ElementAt(Refunds / 2):0.00} ms"));
        }

        CrmEngine Over(params Definition<LoyaltyProgram>[] definitions) =>
            new(store, [new LoyaltyModule(new DefinitionCatalog<LoyaltyProgram>(definitions))], TeaShop.Options, clock, new SeededIdSource());
    }
}
