using System.Data.Common;
using Crm.Events;
using Crm.Storage;
using Crm.Values;

namespace Crm.Engine;

/// <summary>
/// The line of callers who wait for their events to be recorded. As many as the store writes at once with profit are each recorded at once and alone; more gather in so many groups.
/// A customer is in one group at a time, together with all who wait for the same customer, so that nobody waits for a customer of somebody else. There is no timer and no thread of its own: when nobody waits, nothing runs.
/// </summary>
/// <param name="record">Records events in one transaction; the answers are in their order.</param>
/// <param name="atOnce">How many transactions at once; more only beside some that others overtake.</param>
/// <param name="most">The most events of one group.</param>
/// <param name="pacing">How a group is begun, and callers go on.</param>
/// <param name="probe">Asks the store about whoever an event is of, without waiting for a row that somebody holds; it throws where the store does not answer.</param>
internal sealed class GroupLine(Func<IReadOnlyList<HashedEvent>, ValueTask<IReadOnlyList<Recorded>>> record, int atOnce, int most, Pacing pacing, Func<CustomerEvent, ValueTask> probe)
{
    // After so many customers in a row who failed the store is asked whether it is there; after so many in spite of its answers, or so often for one, nobody else waits.
    private const int ProbedAfter = 3;
    private const int MostInVain = 9;

    // What so many others have overtaken waits for somebody, such as for a row that a host holds, and keeps nobody else waiting; so many may.
    private const int Overtaken = 16;
    private const int MostOvertaken = 8;

    // Everybody who is being recorded or waited for; who can be recorded now, in the order in which they came; and the transactions under way, but for those that were overtaken, in which some callers are stuck.
    private readonly Dictionary<(CustomerId?, Identity?), Customer> customers = [];
    private readonly LinkedList<Customer> ready = [];
    private readonly List<Turn> turns = [];
    private readonly Lock guard = new();
    private long came;
    private int callers;
    private int overtaken;
    private int stuck;

    /// <summary>How many are in line; none of them has given up.</summary>
    public int Waiting
    {
        get
        {
            lock (guard)
            {
                return customers.Values.Sum(customer => customer.Callers.Count);
            }
        }
    }

    // Who shares what the store does at once: nobody of those who are stuck.
    private int Callers => Volatile.Read(ref callers) - stuck;

    /// <summary>Waits until the event is recorded, durably. Cancelling takes it out of the line; once it is being recorded, the answer is waited for.</summary>
    public async Task<Recorded> RecordAsync(CustomerEvent happened, CancellationToken cancellationToken)
    {
        // Hashed by whoever comes, while others are being recorded.
        var sent = new HashedEvent(happened, Binary.PayloadHash(happened));
        Interlocked.Increment(ref callers);
        try
        {
            var (caller, turn) = Enter(sent);
            if (caller is null)
            {
                return await AloneAsync(sent, turn!).ConfigureAwait(false);
            }

            if (turn is not null)
            {
                Begin(turn);
            }

            return await WaitAsync(caller, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref callers);
        }
    }

    // Into the line, or past it where few are there: then without a caller. The turn that begins with it, if one does.
    private (Caller? Caller, Turn? Turn) Enter(HashedEvent sent)
    {
        var key = KeyOf(sent.Happened);
        lock (guard)
        {
            Turn? turn = null;
            if (!customers.TryGetValue(key, out var customer))
            {
                customers.Add(key, customer = new Customer(key));
                if (turns.Count < atOnce)
                {
                    turns.Add(turn = new Turn());
                    if (Callers <= atOnce)
                    {
                        turn.Of.Add(customer);
                        turn.Size = 1;
                        return (null, turn);
                    }
                }

                customer.Place = ready.AddLast(customer);
            }

            var caller = new Caller(sent, customer, came++, pacing);
            customer.Callers.AddLast(caller.Place);
            return (caller, turn);
        }
    }

    private static (CustomerId?, Identity?) KeyOf(CustomerEvent happened) => happened.Customer is { } customer ? (customer, null) : (null, happened.Identity);

    private async Task<Recorded> AloneAsync(HashedEvent sent, Turn turn)
    {
        try
        {
            return (await record([sent]).ConfigureAwait(false))[0];
        }
        finally
        {
            Leave(turn);
        }
    }

    private async Task<Recorded> WaitAsync(Caller caller, CancellationToken cancellationToken)
    {
        await using var cancelling = cancellationToken.UnsafeRegister((_, token) => GiveUp(caller, token), null).ConfigureAwait(false);
        return await caller.Answer.ConfigureAwait(false);
    }

    // Soon, and not at once: those who were answered together come back together, and no caller works for others after its own answer is there.
    private void Begin(Turn turn) => pacing.Soon(async () =>
    {
        await RecordAsync(Take(turn)).ConfigureAwait(false);
        Leave(turn);
    });

    // Customer by customer, each with all who wait for them, until a group has its share; within it whoever came first is first.
    private List<Caller> Take(Turn turn)
    {
        var group = new List<Caller>();
        lock (guard)
        {
            var share = Math.Min(most, (Callers + atOnce - 1) / atOnce);
            while (group.Count < share && ready.First is { Value: var customer } place)
            {
                ready.Remove(place);
                customer.Place = null;
                turn.Of.Add(customer);
                while (group.Count < most && customer.Callers.First is { } next)
                {
                    customer.Callers.Remove(next);
                    group.Add(next.Value);
                }
            }

            turn.Size = group.Count;
        }

        group.Sort(static (one, other) => one.Number.CompareTo(other.Number));
        return group;
    }

    // Whoever was recorded may be recorded again, and whoever waits has room.
    private void Leave(Turn turn)
    {
        var next = new List<Turn>();
        lock (guard)
        {
            foreach (var customer in turn.Of)
            {
                if (customer.Callers.Count > 0)
                {
                    customer.Place = ready.AddLast(customer);
                }
                else
                {
                    customers.Remove(customer.Key);
                }
            }

            if (!turns.Remove(turn))
            {
                overtaken--;
                stuck -= turn.Size;
            }

            turns.ForEach(other => other.OvertakenBy++);
            while (overtaken < MostOvertaken && turns.Find(other => other is { Size: > 0, OvertakenBy: >= Overtaken }) is { } slow)
            {
                turns.Remove(slow);
                overtaken++;
                stuck += slow.Size;
            }

            while (turns.Count < atOnce && next.Count < ready.Count)
            {
                next.Add(new Turn());
                turns.Add(next[^1]);
            }
        }

        next.ForEach(Begin);
    }

    // Once it is being recorded, the answer is waited for.
    private void GiveUp(Caller caller, CancellationToken cancellationToken)
    {
        lock (guard)
        {
            var customer = caller.Customer;
            if (caller.Place.List is null)
            {
                return;
            }

            customer.Callers.Remove(caller.Place);
            if (customer is { Callers.Count: 0, Place: { } place })
            {
                ready.Remove(place);
                customers.Remove(customer.Key);
            }
        }

        caller.Cancel(cancellationToken);
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

    // Whether it is one customer's row or profile, or the store, shows when each is recorded alone: several customers in a row who fail may be the store's fault, and it is asked. For a customer who was waited for in vain nobody waits again.
    private async Task RecordEachAsync(List<Caller> group)
    {
        var hopeless = new Dictionary<Customer, Exception>();
        var inVain = new Dictionary<Customer, int>();
        Exception? ofStore = null;
        foreach (var caller in group)
        {
            var customer = caller.Customer;
            if ((ofStore ?? hopeless.GetValueOrDefault(customer)) is { } known)
            {
                caller.Fail(known);
                continue;
            }

            if (await TryAsync([caller]).ConfigureAwait(false) is not { } fault)
            {
                inVain.Clear();
                continue;
            }

            caller.Fail(fault);
            if (!MayBeOfStore(fault))
            {
                inVain.Clear();
                continue;
            }

            var times = inVain[customer] = inVain.GetValueOrDefault(customer) + 1;
            if (ConnectionLoss.IsTimeOut(fault) || times == MostInVain)
            {
                hopeless.Add(customer, fault);
            }

            ofStore = IsOfStore(fault) || inVain.Count == MostInVain || (times == 1 && inVain.Count % ProbedAfter == 0 && !await AnswersAsync(caller).ConfigureAwait(false)) ? fault : null;
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

    /// <summary>A customer, as events name them, who is being recorded or waited for.</summary>
    private sealed class Customer((CustomerId?, Identity?) key)
    {
        public (CustomerId?, Identity?) Key => key;

        /// <summary>Who waits to be recorded, in the order in which they came.</summary>
        public LinkedList<Caller> Callers { get; } = [];

        /// <summary>The place among those who can be recorded now; null while the customer is being recorded.</summary>
        public LinkedListNode<Customer>? Place { get; set; }
    }

    /// <summary>A transaction, from when it is begun.</summary>
    private sealed class Turn
    {
        /// <summary>Whom it records.</summary>
        public List<Customer> Of { get; } = [];

        /// <summary>Of how many callers; 0 while that is not known.</summary>
        public int Size { get; set; }

        /// <summary>How many ended meanwhile.</summary>
        public int OvertakenBy { get; set; }
    }

    private sealed class Caller
    {
        private readonly TaskCompletionSource<Recorded> answer;

        public Caller(HashedEvent sent, Customer customer, long number, Pacing pacing)
        {
            (Sent, Customer, Number) = (sent, customer, number);
            answer = new TaskCompletionSource<Recorded>(pacing.Turns);
            Place = new LinkedListNode<Caller>(this);
        }

        public HashedEvent Sent { get; }

        public Customer Customer { get; }

        /// <summary>How many came before.</summary>
        public long Number { get; }

        /// <summary>The place among those who wait for the same customer; it has no list once the event is being recorded, or its caller has given up.</summary>
        public LinkedListNode<Caller> Place { get; }

        public CustomerEvent Happened => Sent.Happened;

        public Task<Recorded> Answer => answer.Task;

        public void Succeed(Recorded recorded) => answer.TrySetResult(recorded);

        public void Fail(Exception fault) => answer.TrySetException(fault);

        public void Cancel(CancellationToken token) => answer.TrySetCanceled(token);
    }
}
