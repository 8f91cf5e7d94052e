using Crm.Values;

namespace Crm.Storage;

/// <summary>
/// An optional ability: the identities of one customer. Where the host keeps the profiles, the engine asks for the host's own key when a customer was named by id or by another identity; with a store that
/// cannot say, <see cref="ICustomerProfiles"/> is then asked without it.
/// </summary>
public interface ICustomerIdentities
{
    /// <summary>The identities that the customer has now, the first one claimed first; none for somebody unknown. Severed ones are gone.</summary>
    ValueTask<IReadOnlyList<Identity>> IdentitiesOfAsync(CustomerId customer, CancellationToken cancellationToken);
}
