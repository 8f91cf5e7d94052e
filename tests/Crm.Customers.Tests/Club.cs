using Crm.Customers.Timelines;
using Crm.Engine;
using Crm.Events;
using Crm.Storage;
using Crm.Testing;
using Crm.Values;
using Microsoft.Extensions.DependencyInjection;
using NodaTime;

namespace Crm.Customers.Tests;

/// <summary>A host with customers and nothing else, in Hong Kong.</summary>
internal sealed class Club
{
    public static readonly Identity Amy = Identity.User("amy");

    public Club(Action<CustomersBuilder>? configure = null, Action<IServiceCollection>? more = null)
    {
        var services = new ServiceCollection();
        services.AddSingleton<IClock>(Clock).AddSingleton<IIdSource>(new SeededIdSource());
        more?.Invoke(services);
        services.AddCrm(crm => crm.UseStore(_ => Store).AddCustomers(configure));
        Services = services.BuildServiceProvider();
        Engine = Services.GetRequiredService<CrmEngine>();
    }

    public FakeClock Clock { get; } = FakeClock.At(2026, 6, 1);

    public InMemoryStore Store { get; } = new();

    public ServiceProvider Services { get; }

    public CrmEngine Engine { get; }

    public Timeline Timeline => Services.GetRequiredService<Timeline>();

    public Instant Now => Clock.GetCurrentInstant();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public ValueTask<Receipt> RecordAsync(CustomerEvent happened) => Engine.RecordAsync(happened, Cancelled);

    public ValueTask<Receipt> BuyAsync(string key) => RecordAsync(CustomerEvent.Purchase(key, Amy, Money.Hkd(52)) with { Channel = "shop" });

    public ValueTask<CustomerView?> FindAsync(Identity identity) => Engine.ReadAsync(CustomerRef.Of(identity), Cancelled);

    public async Task<CustomerView> ReadAsync() => await FindAsync(Amy) ?? throw new InvalidOperationException("Amy is nobody.");

    public async Task<List<JournalEntry>> JournalAsync()
    {
        var journal = new List<JournalEntry>();
        await foreach (var entry in Store.ReadJournalAsync((await ReadAsync()).Customer, 0, Cancelled))
        {
            journal.Add(entry);
        }

        return journal;
    }
}
