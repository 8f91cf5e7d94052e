using System.Collections.Concurrent;
using Crm.Storage;
using NodaTime;

namespace Crm.Testing.Counterfeits;

/// <summary>Ends the lease that an item has, whosever it is.</summary>
internal sealed class EndsAnyLease(InMemoryStore? inner = null) : StoreDecorator(inner)
{
    private readonly ConcurrentDictionary<string, Instant> leases = new(StringComparer.Ordinal);

    public bool Releasing { get; init; } = true;

    public bool Postponing { get; init; } = true;

    public override async ValueTask<IReadOnlyList<OutboxItem>> LeaseAsync(Instant now, Instant until, int most, CancellationToken cancellationToken)
    {
        var items = await base.LeaseAsync(now, until, most, cancellationToken).ConfigureAwait(false);
        foreach (var item in items)
        {
            leases[item.Id] = until;
        }

        return items;
    }

    public override ValueTask ReleaseAsync(OutboxItem item, Instant lease, Instant notBefore, CancellationToken cancellationToken) =>
        base.ReleaseAsync(item, Releasing ? leases.GetValueOrDefault(item.Id, lease) : lease, notBefore, cancellationToken);

    public override ValueTask PostponeAsync(OutboxItem item, Instant lease, Instant notBefore, CancellationToken cancellationToken) =>
        base.PostponeAsync(item, Postponing ? leases.GetValueOrDefault(item.Id, lease) : lease, notBefore, cancellationToken);
}
