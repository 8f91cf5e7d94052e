using System.Data.Common;
using Crm.Events;
using Crm.Storage;

namespace Crm.Engine;

/// <summary>
/// One line of callers who wait for their events to be recorded. Whoever finds the lane idle is recorded at once; whoever comes meanwhile goes together with all others who came, in the next group.
/// There is no timer and no thread of its own: when nobody waits, nothing runs.
/// </summary>
/// <param name="record">Records events in one transaction; the answers are in their order.</param>
/// <param name="most">The most events of one group.</param>
/// <param name="pacing">How the next group is begun, and callers go on.</param>
/// <param name="probe">Asks the store about whoever an event is of, without waiting for a row that somebody holds; it throws where the store does not answer.</param>
internal sealed class GroupLane(Func<IReadOnlyList<HashedEvent>, ValueTask<IReadOnlyList<Recorded>>> record, int most, Pacing pacing, Func<CustomerEvent, ValueTask> probe)
{
    // After so many in a row who failed the store is asked whether it is there, and after so many in spite of its answers nobody else waits.
    private const int ProbedAfter = 3;
    private const int MostInVain = 9;
    private readonly Queue<Caller> waiting = [];
    private readonly Lock guard = new();
    private int gone;
    private bool busy;

    /// <summary>How many are in line. Of those who have given up, there are no more than of those who wait.</summary>
    public int Waiting
    {
        get
        {
            lock (guard)
            {
                return waiting.Count;
            }
        }
    }

    /// <summary>Waits until the event is recorded, durably. Cancelling takes it out of the line; once it is being recorded, the answer is waited for.</summary>
    public async Task<Recorded> RecordAsync(CustomerEvent happened, CancellationToken cancellationToken)
    {
        var caller = new Caller(this, happened, pacing);
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
                else
                {
                    gone--;
                }
            }
        }

        return group;
    }

    // While a group is written for long, others may come and give up: the line keeps to those who wait.
    private void GiveUp()
    {
        lock (guard)
        {
            if (++gone <= waiting.Count / 2)
            {
                return;
            }

            for (var left = waiting.Count; left > 0; left--)
            {
                var caller = waiting.Dequeue();
                if (!caller.IsTaken)
                {
                    waiting.Enqueue(caller);
                }
            }

            gone = 0;
        }
    }

    // An event that fails fails alone: a group with one in it is recorded again in parts. What had been recorded already answers as such.
    private async Task RecordAsync(List<Caller> group)
    {
        if (group.Count == 0 || await TryAsync(group).ConfigureAwait(false) is not { } fault)
        {
            return;
        }

        if (group.Count == 1 || IsOfStore(fault))
        {
            group.ForEach(caller => caller.Fail(fault));
        }
        else if (MayBeOfStore(fault))
        {
            await RecordEachAsync(group).ConfigureAwait(false);
        }
        else
        {
            await RecordAsync(group[..(group.Count / 2)]).ConfigureAwait(false);
            await RecordAsync(group[(group.Count / 2)..]).ConfigureAwait(false);
        }
    }

    // Whether it is one customer's row or profile, or the store, shows when each is recorded alone: some in a row who fail may be the store's, which is then asked. For a customer who was waited for in vain nobody waits again.
    private async Task RecordEachAsync(List<Caller> group)
    {
        var waitedFor = new Dictionary<CustomerRef, Exception>();
        var inVain = 0;
        Exception? ofStore = null;
        foreach (var caller in group)
        {
            var customer = new CustomerRef(caller.Happened.Customer, caller.Happened.Identity);
            if ((ofStore ?? waitedFor.GetValueOrDefault(customer)) is { } known)
            {
                caller.Fail(known);
                continue;
            }

            if (await TryAsync([caller]).ConfigureAwait(false) is not { } fault)
            {
                inVain = 0;
                continue;
            }

            caller.Fail(fault);
            if (ConnectionLoss.IsTimeOut(fault))
            {
                waitedFor.Add(customer, fault);
            }

            inVain = MayBeOfStore(fault) ? inVain + 1 : 0;
            ofStore = IsOfStore(fault) || inVain == MostInVain || (inVain > 0 && inVain % ProbedAfter == 0 && !await AnswersAsync(caller).ConfigureAwait(false)) ? fault : null;
        }
    }

    private async Task<bool> AnswersAsync(Caller caller)
    {
        try
        {
            await probe(caller.Happened).ConfigureAwait(false);
            return true;
        }
#pragma warning disable CA1031 // whatever it is, it is no answer
        catch (Exception)
#pragma warning restore CA1031
        {
            return false;
        }
    }

    // Answers those who are recorded; what kept them from it otherwise.
    private async Task<Exception?> TryAsync(List<Caller> group)
    {
        try
        {
            var answers = await record(group.ConvertAll(caller => caller.Sent)).ConfigureAwait(false);
            for (var i = 0; i < group.Count; i++)
            {
                group[i].Succeed(answers[i]);
            }

            return null;
        }
#pragma warning disable CA1031 // whatever it is, a caller gets it
        catch (Exception fault)
#pragma warning restore CA1031
        {
            return fault;
        }
    }

    // Where the store itself is out of order, asking it once for each event helps nobody.
    private static bool IsOfStore(Exception fault) => fault is IOException or ObjectDisposedException || (fault is DbException && ConnectionLoss.Is(fault));

    // Drivers do not say whose a fault is: not all of them know SQL states, and waiting in vain for one row's lock looks like waiting for a server that does not answer.
    private static bool MayBeOfStore(Exception fault) => fault is DbException || ConnectionLoss.IsTimeOut(fault) || IsOfStore(fault);

    private sealed class Caller(GroupLane lane, CustomerEvent happened, Pacing pacing)
    {
        private readonly TaskCompletionSource<Recorded> answer = new(pacing.Turns);
        private int taken;

        /// <summary>Hashed by whoever comes, while others are being recorded.</summary>
        public HashedEvent Sent { get; } = new(happened, Binary.PayloadHash(happened));

        public CustomerEvent Happened => Sent.Happened;

        public Task<Recorded> Answer => answer.Task;

        /// <summary>Whether it is being recorded, or its caller has given up.</summary>
        public bool IsTaken => Volatile.Read(ref taken) != 0;

        /// <summary>Whether the event is to be recorded now; not when its caller has given up.</summary>
        public bool TryTake() => Interlocked.Exchange(ref taken, 1) == 0;

        public void TryCancel(CancellationToken token)
        {
            if (Interlocked.Exchange(ref taken, 1) == 0)
            {
                lane.GiveUp();
                answer.TrySetCanceled(token);
            }
        }

        public void Succeed(Recorded recorded) => answer.TrySetResult(recorded);

        public void Fail(Exception fault) => answer.TrySetException(fault);
    }
}
