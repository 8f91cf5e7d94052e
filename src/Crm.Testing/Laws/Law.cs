using Crm.Storage;
using Crm.Testing.Counterfeits;

namespace Crm.Testing.Laws;

/// <summary>Makes laws.</summary>
internal static class Law
{
    /// <summary>A law about one tenant's store.</summary>
    public static StorageLaw Of<TPort>(string name, string claim, Func<Bench, Task> check, Func<ICustomerStore> counterfeit) => new(
        name,
        claim,
        typeof(TPort),
        async (factory, cancellationToken) => await check(new Bench(await factory.OpenAsync("default", cancellationToken).ConfigureAwait(false), cancellationToken)).ConfigureAwait(false))
    {
        Counterfeit = () => new CounterfeitFactory(_ => counterfeit()),
    };

    /// <summary>A law about what several stores have to do with each other.</summary>
    public static StorageLaw OfStores<TPort>(string name, string claim, Func<IStoreFactory, CancellationToken, Task> check, Func<CounterfeitFactory> counterfeit) =>
        new(name, claim, typeof(TPort), check) { Counterfeit = counterfeit };

    /// <summary>A law that needs more of the store under test than opening it.</summary>
    public static StorageLaw Needing<TPort, TNeed>(string name, string claim, Func<TNeed, CancellationToken, Task> check, Func<CounterfeitFactory> counterfeit)
        where TNeed : IStoreFactory => new(
        name,
        claim,
        typeof(TPort),
        (factory, cancellationToken) => factory is TNeed able
            ? check(able, cancellationToken)
            : throw new NotSupportedException($"The law '{name}' needs a store under test that implements {typeof(TNeed).Name}; {factory.GetType().Name} does not. Choose laws with StorageLaws.NamesFor."))
    {
        Needs = typeof(TNeed),
        Counterfeit = counterfeit,
    };
}
