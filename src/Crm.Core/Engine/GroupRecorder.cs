using Crm.Events;
using Crm.Storage;
using Crm.Values;

namespace Crm.Engine;

/// <summary>An event with the hash of what was sent.</summary>
/// <param name="Happened">The event.</param>
/// <param name="Hash">See <see cref="Binary.PayloadHash"/>.</param>
internal readonly record struct HashedEvent(CustomerEvent Happened, UInt128 Hash);

/// <summary>
/// Lets events that come at the same time share transactions. Each caller is answered when its own event is durable, and few at a time cost what they did alone. The line has an end: who comes when it is full waits outside.
/// </summary>
internal sealed class GroupRecorder : IDisposable
{
    private readonly Recorder recorder;
    private readonly GroupLine line;
    private readonly SemaphoreSlim room;

    private GroupRecorder(ICustomerStore store, Recorder recorder, CrmOptions options, int atOnce, Pacing pacing)
    {
        this.recorder = recorder;
        line = new GroupLine(events => recorder.RecordCheckedAsync(events), atOnce, options.GroupSize, pacing, async happened => await store.LoadAsync(new CustomerRef(happened.Customer, happened.Identity), CancellationToken.None).ConfigureAwait(false));
        room = new SemaphoreSlim(options.GroupQueue, options.GroupQueue);
    }

    /// <summary>Groups for a store that profits from them; null where it does not, or where the host does not want them.</summary>
    public static GroupRecorder? For(ICustomerStore store, Recorder recorder, CrmOptions options, Pacing pacing) =>
        options.GroupCommits && store is IBulkCommit { GroupsAtOnce: > 0 and var atOnce } ? new GroupRecorder(store, recorder, options, atOnce, pacing) : null;

    /// <summary>Records an event, perhaps together with others.</summary>
    public async ValueTask<Recorded> RecordAsync(CustomerEvent happened, CancellationToken cancellationToken)
    {
        recorder.Check([happened]);
        await room.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await line.RecordAsync(happened, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            room.Release();
        }
    }

    public void Dispose() => room.Dispose();
}
