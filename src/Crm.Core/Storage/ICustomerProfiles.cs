using Crm.Values;

namespace Crm.Storage;

/// <summary>The host's own customer table, where the profile lives there. Without one, the store keeps the profile.</summary>
public interface ICustomerProfiles
{
    /// <summary>The current values of the profile of one customer; empty when the host knows nothing.</summary>
    /// <param name="customer">The customer.</param>
    /// <param name="user">The host's key: the value of the identity of kind "user"; null when the event came with another identity.</param>
    /// <param name="cancellationToken">Cancels.</param>
    ValueTask<Fields> ReadAsync(CustomerId customer, string? user, CancellationToken cancellationToken);
}
