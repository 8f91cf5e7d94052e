using Crm.Events;
using Crm.Storage;
using Crm.Values;

namespace Crm.Engine;

/// <summary>An event with the hash of what was sent.</summary>
/// <param name="Happened">The event.</param>
/// <param name="Hash">See <see cref="Binary.PayloadHash"/>.</param>
internal readonly record struct HashedEvent(CustomerEvent Happened, UInt128 Hash);

/// <summary>
/// Lets events that come at the same time share a transaction, by the bucket of their customer or the hash of their identity. Each caller is answered when its own event is durable, and one at a time
/// costs what it did alone. The line has an end: who comes when it is full waits outside.
/// </summary>
internal sealed class GroupRecorder : IDisposable
{
    private readonly Recorder recorder;
    private readonly GroupLane[] lanes;
    private readonly SemaphoreSlim room;

    private GroupRecorder(ICustomerStore store, Recorder recorder, CrmOptions options, int lanes, Pacing pacing)
    {
        this.recorder = recorder;
        this.lanes = new GroupLane[lanes];
        for (var i = 0; i < lanes; i++)
        {
            this.lanes[i] = new GroupLane(events => recorder.RecordCheckedAsync(events), options.GroupSize, pacing, async happened => await store.LoadAsync(new CustomerRef(happened.Customer, happened.Identity), CancellationToken.None).ConfigureAwait(false));
        }

        room = new SemaphoreSlim(options.GroupQueue, options.GroupQueue);
    }

    /// <summary>Groups for a store that profits from them; null where it does not, or where the host does not want them.</summary>
    public static GroupRecorder? For(ICustomerStore store, Recorder recorder, CrmOptions options, Pacing pacing) =>
        options.GroupCommits && store is IBulkCommit { GroupsAtOnce: > 0 and var groups } ? new GroupRecorder(store, recorder, options, groups, pacing) : null;

    /// <summary>Records an event, perhaps together with others.</summary>
    public async ValueTask<Recorded> RecordAsync(CustomerEvent happened, CancellationToken cancellationToken)
    {
        recorder.Check([happened]);
        await room.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await LaneOf(happened).RecordAsync(happened, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            room.Release();
        }
    }

    public void Dispose() => room.Dispose();

    // A range of buckets each. Who comes with an identity is nobody yet, so the identity itself is spread.
    private GroupLane LaneOf(CustomerEvent happened) => lanes.Length == 1
        ? lanes[0]
        : lanes[happened.Customer is { } customer ? customer.Bucket * lanes.Length / CustomerId.BucketCount : (int)((uint)happened.Identity.GetHashCode() % (uint)lanes.Length)];
}
