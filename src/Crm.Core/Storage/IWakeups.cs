using Crm.Values;
using NodaTime;

namespace Crm.Storage;

/// <summary>Which customers have something due.</summary>
public interface IWakeups
{
    /// <summary>Takes customers that are due at or before an instant, earliest first, so that nobody else takes them until the lease ends. A commit that writes <see cref="Commit.NextDue"/> ends the lease.</summary>
    ValueTask<IReadOnlyList<CustomerId>> LeaseDueAsync(Instant due, Instant now, Instant until, int most, CancellationToken cancellationToken);
}
