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
}
