using System.Collections.Concurrent;
using System.Data.Common;
using Crm.Storage;

namespace Crm.Testing.Counterfeits;

/// <summary>Opens one counterfeit for each tenant. Beside, it can do all that a law may need, rightly unless it is told otherwise.</summary>
internal sealed class CounterfeitFactory(Func<string, ICustomerStore> make) : IFaultyStores, IStoreSearch, IElsewhere, IHostConnections
{
    private readonly ConcurrentDictionary<string, ICustomerStore> stores = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, ICustomerStore> elsewhere = new(StringComparer.Ordinal);

    /// <summary>Opens a store that fails on purpose over the memory store of a tenant; null: a right one.</summary>
    public Func<InMemoryStore, StoreFaults, ICustomerStore>? Faulty { get; init; }

    /// <summary>Opens a tenant again that is open already; null: the same store.</summary>
    public Func<ICustomerStore, ICustomerStore>? Again { get; init; }

    /// <summary>Whether the other database is the same one after all.</summary>
    public bool ElsewhereIsHere { get; init; }

    public ValueTask<ICustomerStore> OpenAsync(string tenant, CancellationToken cancellationToken) =>
        ValueTask.FromResult(stores.TryGetValue(tenant, out var known) && Again is { } again ? again(known) : stores.GetOrAdd(tenant, make));

    public ValueTask<ICustomerStore> OpenFaultyAsync(string tenant, StoreFaults faults, CancellationToken cancellationToken)
    {
        var inner = stores.GetOrAdd(tenant, make) is StoreDecorator decorator ? decorator.Inner : new InMemoryStore();
        return ValueTask.FromResult(Faulty is { } faulty ? faulty(inner, faults) : faults.Around(inner));
    }

    public ValueTask<ICustomerStore> OpenElsewhereAsync(string tenant, CancellationToken cancellationToken) =>
        ElsewhereIsHere ? OpenAsync(tenant, cancellationToken) : ValueTask.FromResult(elsewhere.GetOrAdd(tenant, make));

    public ValueTask<DbConnection> ConnectAsync(CancellationToken cancellationToken) => ValueTask.FromResult<DbConnection>(new CounterfeitConnection());

    public ValueTask<IReadOnlyList<string>> FindAsync(string text, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<string>>([.. stores.Values.Concat(elsewhere.Values).SelectMany(store => MemorySearch.Find(store, text)).Distinct()]);
}
