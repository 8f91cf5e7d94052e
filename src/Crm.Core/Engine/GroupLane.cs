using System.Data.Common;
using Crm.Events;

namespace Crm.Engine;

/// <summary>
/// One line of callers who wait for their events to be recorded. Whoever finds the lane idle is recorded at once; whoever comes meanwhile goes together with all others who came, in the next group.
/// There is no timer and no thread of its own: when nobody waits, nothing runs.
/// </summary>
/// <param name="record">Records events in one transaction; the answers are in their order.</param>
/// <param name="most">The most events of one group.</param>
/// <param name="pacing">How the next group is begun, and callers go on.</param>
internal sealed class GroupLane(Func<IReadOnlyList<CustomerEvent>, ValueTask<IReadOnlyList<Recorded>>> record, int most, Pacing pacing)
{
    private readonly Queue<Caller> waiting = [];
    private readonly Lock guard = new();
    private bool busy;

    /// <summary>Waits until the event is recorded, durably. Cancelling takes it out of the line; once it is being recorded, the answer is waited for.</summary>
    public async Task<Recorded> RecordAsync(CustomerEvent happened, CancellationToken cancellationToken)
    {
        var caller = new Caller(happened, pacing);
        bool first;
        lock (guard)
        {
            waiting.Enqueue(caller);
            first = !busy;
            busy = true;
        }

        await using var cancelling = cancellationToken.UnsafeRegister(static (state, token) => ((Caller)state!).TryCancel(token), caller).ConfigureAwait(false);
        if (first)
        {
            await RunAsync().ConfigureAwait(false);
        }

        return await caller.Answer.ConfigureAwait(false);
    }

    // One group; the next is somebody else's turn, so that no caller works for others after its own answer is there.
    private async Task RunAsync()
    {
        await RecordAsync(Take()).ConfigureAwait(false);
        lock (guard)
        {
            busy = waiting.Count > 0;
            if (!busy)
            {
                return;
            }
        }

        pacing.Soon(RunAsync);
    }

    private List<Caller> Take()
    {
        var group = new List<Caller>();
        lock (guard)
        {
            while (group.Count < most && waiting.TryDequeue(out var caller))
            {
                if (caller.TryTake())
                {
                    group.Add(caller);
                }
            }
        }

        return group;
    }

    // An event that fails fails alone: a group with one in it is recorded again in halves. What had been recorded already answers as such.
    private async Task RecordAsync(List<Caller> group)
    {
        if (group.Count == 0)
        {
            return;
        }

        Exception fault;
        try
        {
            var answers = await record(group.ConvertAll(caller => caller.Happened)).ConfigureAwait(false);
            for (var i = 0; i < group.Count; i++)
            {
                group[i].Succeed(answers[i]);
            }

            return;
        }
#pragma warning disable CA1031 // whatever it is, a caller gets it
        catch (Exception caught)
#pragma warning restore CA1031
        {
            fault = caught;
        }

        if (group.Count == 1 || IsOfStore(fault))
        {
            group.ForEach(caller => caller.Fail(fault));
            return;
        }

        await RecordAsync(group[..(group.Count / 2)]).ConfigureAwait(false);
        await RecordAsync(group[(group.Count / 2)..]).ConfigureAwait(false);
    }

    // Where the store itself is out of order, asking it once for each event helps nobody. A refusal of one row has an SQL state and would come again.
    private static bool IsOfStore(Exception fault) => fault is DbException { IsTransient: true } or DbException { SqlState: null } or IOException or TimeoutException or ObjectDisposedException or OperationCanceledException;

    private sealed class Caller(CustomerEvent happened, Pacing pacing)
    {
        private readonly TaskCompletionSource<Recorded> answer = new(pacing.Turns);
        private int taken;

        public CustomerEvent Happened { get; } = happened;

        public Task<Recorded> Answer => answer.Task;

        /// <summary>Whether the event is to be recorded now; not when its caller has given up.</summary>
        public bool TryTake() => Interlocked.Exchange(ref taken, 1) == 0;

        public void TryCancel(CancellationToken token)
        {
            if (Interlocked.Exchange(ref taken, 1) == 0)
            {
                answer.TrySetCanceled(token);
            }
        }

        public void Succeed(Recorded recorded) => answer.TrySetResult(recorded);

        public void Fail(Exception fault) => answer.TrySetException(fault);
    }
}
