using Crm.Engine;
using Crm.Events;
using Crm.Loyalty;
using Crm.Loyalty.Programs;
using Crm.Modules;
using Crm.Storage;
using Crm.Testing;
using Crm.Values;

namespace Crm.Benchmarks;

/// <summary>Purchases of a thousand customers, who take turns and buy every three days, recorded one by one into a memory store of their own.</summary>
internal sealed class Till
{
    private const int Customers = 1_000;
    private readonly FakeClock clock = new(TeaShop.Opening);
    private readonly CrmEngine engine;
    private int purchases;

    public Till(params ICustomerModule[] modules)
    {
        engine = new CrmEngine(new InMemoryStore(), modules, TeaShop.Options, clock, new SeededIdSource());
        for (var warm = 0; warm < 20 * Customers; warm++)
        {
            Record();
        }
    }

    public Till(LoyaltyProgram program)
        : this(new LoyaltyModule(program))
    {
    }

    /// <summary>Records the next purchase.</summary>
    public long Record()
    {
        var number = purchases++;
        var happened = TeaShop.Purchase(number / Customers, Identity.User(number % Customers)) with { Key = new EventKey("till", number.ToString(System.Globalization.CultureInfo.InvariantCulture)) };
        clock.Set(happened.OccurredAt!.Value);
        return engine.RecordAsync(happened).AsTask().GetAwaiter().GetResult().Version;
    }
}
