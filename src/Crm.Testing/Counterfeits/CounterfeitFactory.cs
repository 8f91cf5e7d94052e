using System.Collections.Concurrent;
using Crm.Storage;

namespace Crm.Testing.Counterfeits;

/// <summary>Opens one counterfeit for each tenant.</summary>
internal sealed class CounterfeitFactory(Func<string, ICustomerStore> make) : IStoreFactory
{
    private readonly ConcurrentDictionary<string, ICustomerStore> stores = new(StringComparer.Ordinal);

    public ValueTask<ICustomerStore> OpenAsync(string tenant, CancellationToken cancellationToken) => ValueTask.FromResult(stores.GetOrAdd(tenant, make));
}
