using System.Diagnostics;
using System.Runtime.InteropServices;
using Crm.Events;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>Records events: loads, decides, commits, and decides again where somebody else was faster.</summary>
internal sealed class Recorder(Kernel kernel, IClock clock, IIdSource ids)
{
    /// <summary>Nobody has an id.</summary>
    public const string UnknownCustomer = "unknown-customer";

    private readonly CustomerQueue queue = new(kernel.Pacing);
    private readonly RecentCustomers recent = kernel.Recent;
    private readonly Companions companions = new(kernel, ids);

    /// <summary>Records events; the answers are in their order.</summary>
    /// <param name="events">The events.</param>
    /// <param name="mode">Live or backfill.</param>
    /// <param name="cancellationToken">Cancels before the commit.</param>
    /// <param name="settles">For events that are outcomes of outbox items, the item that each settles; null for others.</param>
    public async ValueTask<IReadOnlyList<Recorded>> RecordAsync(IReadOnlyList<CustomerEvent> events, RecordMode mode, CancellationToken cancellationToken, IReadOnlyList<string>? settles = null)
    {
        Check(events);
        return await RecordCheckedAsync(events, mode, cancellationToken, settles).ConfigureAwait(false);
    }

    /// <summary>
    /// Records a follow-up. Nothing is sent for what follows from imported history; what falls due for whoever gets it before is their own, and is told as ever. What is for nobody comes back to who sent it, where its kind says so
    /// (<see cref="EventKind.ComesBackAs"/>): under the same key, which no two customers have. What takes it back goes where it went.
    /// </summary>
    /// <returns>Whether it has arrived; false: it takes back what has not arrived anywhere, and waits for that.</returns>
    public async ValueTask<bool> FollowAsync(OutboxItem.OfFollowUp followUp, CancellationToken cancellationToken)
    {
        if (await ToWhomItWentAsync(followUp, cancellationToken).ConfigureAwait(false) is not { } happened)
        {
            return false;
        }

        var comesBackAs = kernel.Modules.Kinds.Find(happened.Kind)?.ComesBackAs;
        try
        {
            await FollowAsync(happened, followUp.Backfill, mayBeForNobody: comesBackAs is null, cancellationToken).ConfigureAwait(false);
        }
        catch (InvalidEventException fault) when (comesBackAs is not null && fault.Problems is [{ Code: UnknownCustomer }])
        {
            await FollowAsync(happened with { Kind = comesBackAs, Customer = followUp.Customer, OccurredAt = null }, followUp.Backfill, mayBeForNobody: true, cancellationToken).ConfigureAwait(false);
        }

        return true;
    }

    private async ValueTask FollowAsync(CustomerEvent happened, bool backfill, bool mayBeForNobody, CancellationToken cancellationToken)
    {
        Check([happened]);
        var item = new Item(0, happened, Binary.PayloadHash(happened), null) { HasOwnDue = true, MayBeForNobody = mayBeForNobody };
        _ = await RecordAsync([item], backfill ? RecordMode.Backfill : RecordMode.Live, cancellationToken).ConfigureAwait(false);
    }

    // What a follow-up takes back may have come back to who sent both, and a name to which it went may be nobody's by now, or somebody else's. Null: it has not arrived, so it is not known to whom it will go.
    private async ValueTask<CustomerEvent?> ToWhomItWentAsync(OutboxItem.OfFollowUp followUp, CancellationToken cancellationToken)
    {
        var happened = followUp.Event;
        if (happened is not { Kind: EventKinds.CancellationName, Original: { } original })
        {
            return happened;
        }

        var sender = await kernel.Store.LoadAsync(CustomerRef.Of(followUp.Customer) with { Recording = original }, cancellationToken).ConfigureAwait(false);
        return sender.Recorded is { Receipt.Customer: var owner } ? happened with { Customer = owner, Identity = null } : null;
    }

    /// <summary>Says what is wrong with events, all of it, before anything is read.</summary>
    /// <exception cref="InvalidEventException">Something is.</exception>
    public void Check(IReadOnlyList<CustomerEvent> events) => Refuse(kernel.Check.Check(events, clock.GetCurrentInstant()));

    /// <summary>Says what is wrong with a merge, all of it, before anything is read.</summary>
    /// <exception cref="InvalidEventException">Something is.</exception>
    public void CheckMerge(MergeRequest request) => Refuse(kernel.Check.CheckMerge(request, clock.GetCurrentInstant()));

    /// <summary>Says what is wrong with an erasure, all of it, before anything is read.</summary>
    /// <exception cref="InvalidEventException">Something is.</exception>
    public void CheckErasure(EraseRequest request) => Refuse(kernel.Check.CheckErasure(request, clock.GetCurrentInstant()));

    private static void Refuse(Sequence<EventProblem> problems)
    {
        if (!problems.IsEmpty)
        {
            throw new InvalidEventException(problems);
        }
    }

    /// <summary>Waits for the turn of customers among the writers of this process; disposing gives it back.</summary>
    public async ValueTask<IDisposable> EnterAsync(IReadOnlyCollection<CustomerRef> customers, CancellationToken cancellationToken)
    {
        var turns = new Turns();
        try
        {
            foreach (var customer in CustomerQueue.Order(customers))
            {
                turns.Add(await queue.EnterAsync(customer, cancellationToken).ConfigureAwait(false));
            }
        }
        catch
        {
            turns.Dispose();
            throw;
        }

        return turns;
    }

    /// <summary>Records events that <see cref="Check"/> finds nothing wrong with.</summary>
    public async ValueTask<IReadOnlyList<Recorded>> RecordCheckedAsync(IReadOnlyList<CustomerEvent> events, RecordMode mode, CancellationToken cancellationToken, IReadOnlyList<string>? settles = null)
    {
        var items = new Item[events.Count];
        for (var i = 0; i < items.Length; i++)
        {
            items[i] = new Item(i, events[i], Binary.PayloadHash(events[i]), settles?[i]);
        }

        return await RecordAsync(items, mode, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Records events that <see cref="Check"/> finds nothing wrong with, as they happen.</summary>
    public ValueTask<IReadOnlyList<Recorded>> RecordCheckedAsync(IReadOnlyList<HashedEvent> events)
    {
        var items = new Item[events.Count];
        for (var i = 0; i < items.Length; i++)
        {
            items[i] = new Item(i, events[i].Happened, events[i].Hash, null);
        }

        return RecordAsync(items, RecordMode.Live, CancellationToken.None);
    }

    private async ValueTask<IReadOnlyList<Recorded>> RecordAsync(Item[] items, RecordMode mode, CancellationToken cancellationToken)
    {
        using var activity = CrmTelemetry.Start(CrmTelemetry.RecordActivity);
        activity?.SetTag("crm.events", items.Length);
        if (items.Length == 1)
        {
            activity?.SetTag("crm.kind", items[0].Happened.Kind);
        }

        for (var pending = Distinct(items); pending.Count > 0; pending = Misjudged(items))
        {
            await InTurnAsync(pending, mode, activity, cancellationToken).ConfigureAwait(false);
        }

        // Others have been recorded; whoever is refused may be sent again, to a release that can read the state.
        if (Array.Find(items, item => item.Fault is not null) is { Fault: { } fault })
        {
            throw fault;
        }

        var answers = Array.ConvertAll(items, item => item.Answer());
        for (var i = 0; i < answers.Length; i++)
        {
            CrmTelemetry.Answered(items[i].Happened, answers[i]);
        }

        return answers;
    }

    /// <summary>What the store has under the keys of events; null where it has nothing.</summary>
    public async ValueTask<IReadOnlyList<Recorded?>> FindAsync(IReadOnlyList<CustomerEvent> events, CancellationToken cancellationToken)
    {
        var items = events.Select((happened, index) => new Item(index, happened, Binary.PayloadHash(happened), null)).ToList();
        var snapshots = await kernel.LoadAllAsync(items.ConvertAll(item => item.Reference), cancellationToken).ConfigureAwait(false);
        return [.. items.Zip(snapshots, Known)];
    }

    private async ValueTask InTurnAsync(List<Item> pending, RecordMode mode, Activity? activity, CancellationToken cancellationToken)
    {
        IDisposable? turns = null;
        var receivers = new List<CustomerRef>();
        try
        {
            do
            {
                // Whoever waits for several waits for all of them in one order, so nobody waits for each other.
                turns?.Dispose();
                turns = null;
                turns = pending is [var only] && receivers.Count == 0
                    ? await queue.EnterAsync(only.Reference, cancellationToken).ConfigureAwait(false)
                    : await EnterAsync([.. pending.ConvertAll(static item => item.Reference), .. receivers], cancellationToken).ConfigureAwait(false);
            }
            while (!await RecordAsync(pending, receivers, mode, activity, cancellationToken).ConfigureAwait(false));
        }
        catch (Exception fault) when (MayBeOfStore(fault, cancellationToken))
        {
            recent.Clear();
            throw;
        }
        finally
        {
            turns?.Dispose();
        }
    }

    // What is wrong with an event, a module or the host's table says nothing about the store, nor does a caller who gave up.
    private static bool MayBeOfStore(Exception fault, CancellationToken cancellationToken) =>
        fault is not (InvalidEventException or ModuleFaultException or ProfileFaultException or UnreadableStateException or TooManyConflictsException) && !Kernel.IsCancelled(fault, cancellationToken);

    // Where the first of a key was not what had been recorded under it before, one of the others may be.
    private static List<Item> Misjudged(Item[] items)
    {
        if (items.Length < 2)
        {
            return [];
        }

        var others = Array.FindAll(items, item => item.RepeatOf is { Recorded: Recorded.KeyReused } first && first.Hash != item.Hash);
        Array.ForEach(others, item => item.RepeatOf = null);
        return Distinct(others);
    }

    // Of several items with one key, the first is recorded and answers for the others.
    private static List<Item> Distinct(Item[] items)
    {
        if (items.Length < 2)
        {
            return [.. items];
        }

        var first = new Dictionary<EventKey, Item>();
        foreach (var item in items)
        {
            if (!first.TryAdd(item.Happened.Key, item))
            {
                item.RepeatOf = first[item.Happened.Key];
                (item.RepeatOf.Repeats ??= []).Add(item);
            }
        }

        return [.. first.Values];
    }

    // Returns whether all is answered; otherwise receivers has grown by customers for whom to wait too.
    private async ValueTask<bool> RecordAsync(List<Item> pending, List<CustomerRef> receivers, RecordMode mode, Activity? activity, CancellationToken cancellationToken)
    {
        var fruitless = 0;
        var lost = 0;
        for (var attempt = 1; pending.Count > 0; attempt++)
        {
            activity?.SetTag("crm.attempts", attempt);
            var before = pending.Count;
            var since = recent.Began;
            List<Decided> decisions;
            IReadOnlyList<CommitResult> results;
            bool progress;
            try
            {
                (decisions, progress) = await DecideAsync(pending, mode, cancellationToken).ConfigureAwait(false);
                if (decisions.TrueForAll(static decision => decision.Commit.Outbox.IsEmpty))
                {
                    results = await kernel.WriteAllAsync(decisions.ConvertAll(decision => decision.Commit), cancellationToken).ConfigureAwait(false);
                }
                else if (MustWaitFor(decisions, receivers))
                {
                    return false;
                }
                else
                {
                    (results, var apart) = await CommitAsync(decisions, cancellationToken).ConfigureAwait(false);
                    progress |= apart;
                }
            }
            catch (Exception fault) when (ConnectionLoss.Is(fault) && lost < Math.Min(ConnectionLoss.MostRetries, kernel.Options.Attempts - 1))
            {
                // Whether the commit was written is not known. The key is looked for before anything is decided again, so nothing can happen twice.
                lost++;
                recent.Clear();
                CrmTelemetry.Retried();
                await kernel.Pacing.PauseAsync(lost, cancellationToken).ConfigureAwait(false);
                continue;
            }

            CrmTelemetry.Decided(decisions.Count);
            for (var i = 0; i < decisions.Count; i++)
            {
                progress |= await TakeAsync(decisions[i], results[i], since, cancellationToken).ConfigureAwait(false);
            }

            pending.RemoveAll(static item => item.IsAnswered);
            fruitless = progress || pending.Count < before ? 0 : fruitless + 1;
            if (pending.Count > 0 && fruitless >= kernel.Options.Attempts)
            {
                throw new TooManyConflictsException($"The event '{pending[0].Happened.Key}'", fruitless);
            }

            if (fruitless > 0)
            {
                CrmTelemetry.Retried();
                await kernel.Pacing.PauseAsync(fruitless, cancellationToken).ConfigureAwait(false);
            }
        }

        return true;
    }

    // Whether somebody gets something in the same commit for whom nobody has waited yet. Who gives is waited for by id too: who gives back knows them by it.
    private bool MustWaitFor(List<Decided> decisions, List<CustomerRef> receivers)
    {
        var before = receivers.Count;
        foreach (var decision in decisions)
        {
            var followUps = Together(decision);
            var giver = followUps.Count > 0 ? decision.Group.Snapshot.Customer : null;
            foreach (var customer in followUps.Select(Companions.ReceiverOf).Concat(giver is { } id ? [CustomerRef.Of(id)] : []))
            {
                if (!receivers.Contains(customer))
                {
                    receivers.Add(customer);
                }
            }
        }

        return receivers.Count > before;
    }

    private IReadOnlyList<OutboxItem.OfFollowUp> Together(Decided decision) => decision.Items.Exists(item => item.Apart) ? [] : companions.Of(decision.Commit);

    // The results in the order of the decisions, and whether some are decided apart from those who get something from now on.
    private async ValueTask<(IReadOnlyList<CommitResult> Results, bool Apart)> CommitAsync(List<Decided> decisions, CancellationToken cancellationToken)
    {
        var together = decisions.ConvertAll(Together);
        if (together.TrueForAll(followUps => followUps.Count == 0) || kernel.Store is not IAtomicCommits store)
        {
            return (await kernel.WriteAllAsync(decisions.ConvertAll(decision => decision.Commit), cancellationToken).ConfigureAwait(false), false);
        }

        var (results, alone, apart) = (new CommitResult[decisions.Count], new List<int>(), false);
        for (var i = 0; i < results.Length; i++)
        {
            if (together[i].Count == 0
                || await companions.JoinAsync(decisions[i].Commit, together[i], clock.GetCurrentInstant(), cancellationToken).ConfigureAwait(false) is not { } commits)
            {
                alone.Add(i);
                continue;
            }

            var (result, place) = await store.CommitTogetherAsync(commits, cancellationToken).ConfigureAwait(false);
            results[i] = place is null or 0 ? result : new CommitResult.VersionConflict();
            if (place > 0 && result is not CommitResult.VersionConflict)
            {
                // What stands against the other side is no reason to keep this one waiting: the outbox brings it.
                decisions[i].Items.ForEach(item => item.Apart = true);
                apart = true;
            }

            commits.Skip(1).ToList().ForEach(commit => recent.Forget(commit.Customer));
        }

        var rest = await kernel.WriteAllAsync(alone.ConvertAll(i => decisions[i].Commit), cancellationToken).ConfigureAwait(false);
        for (var i = 0; i < rest.Count; i++)
        {
            results[alone[i]] = rest[i];
        }

        return (results, apart);
    }

    // Whoever is remembered is not loaded, unless the memory has misled already.
    private async ValueTask<IReadOnlyList<CustomerSnapshot>> SnapshotsAsync(List<Item> pending, CancellationToken cancellationToken)
    {
        var unknown = new List<CustomerRef>(pending.Count);
        var now = clock.GetCurrentInstant();
        foreach (var item in pending)
        {
            item.Remembered = item.Afresh ? null : recent.Find(item.Reference, now);
            item.Afresh = true;
            if (item.Remembered is null)
            {
                unknown.Add(item.Reference);
            }
        }

        var loaded = await kernel.LoadAllAsync(unknown, cancellationToken).ConfigureAwait(false);
        if (unknown.Count == pending.Count)
        {
            return loaded;
        }

        var next = 0;
        return pending.ConvertAll(item => item.Remembered ?? loaded[next++]);
    }

    // The decisions, and whether something was learnt that makes the next attempt different.
    private async ValueTask<(List<Decided> Decisions, bool Progress)> DecideAsync(List<Item> pending, RecordMode mode, CancellationToken cancellationToken)
    {
        var snapshots = await SnapshotsAsync(pending, cancellationToken).ConfigureAwait(false);
        RefuseUnknown(pending, snapshots);
        var progress = false;
        var groups = Groups(pending, snapshots);
        var now = clock.GetCurrentInstant();
        var decisions = new List<Decided>(groups.Count);
        foreach (var group in groups)
        {
            try
            {
                decisions.Add(await DecideAsync(group, mode, now, cancellationToken).ConfigureAwait(false));
            }
            catch (UnreadableStateException fault)
            {
                group.Items.ForEach(item => item.Fault = fault);
            }
#pragma warning disable CA1031 // whatever it is: the customer as loaded may not give it, and if it does, it is thrown then
            catch (Exception) when (group.IsRemembered && !cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
            {
                progress = true;
            }
        }

        return (decisions, progress);
    }

    // An id that the store does not have is nobody's: whoever is new comes with an identity. All such events are named, also those that only repeat another.
    private static void RefuseUnknown(List<Item> pending, IReadOnlyList<CustomerSnapshot> snapshots)
    {
        List<Item>? unknown = null;
        for (var i = 0; i < pending.Count; i++)
        {
            if (snapshots[i] is { Recorded: null, Customer: null } && pending[i].Happened.Customer is not null)
            {
                (unknown ??= []).Add(pending[i]);
            }
        }

        if (unknown is not null)
        {
            throw Unknown(unknown.SelectMany(item => (item.Repeats ?? []).Where(repeat => repeat.Happened.Customer == item.Happened.Customer).Prepend(item)).OrderBy(item => item.Index));
        }
    }

    private static InvalidEventException Unknown(IEnumerable<Item> items) => new(items.Select(item => new EventProblem(
        item.Index,
        UnknownCustomer,
        $"The event '{item.Happened.Key}' names the customer {item.Happened.Customer}, whom the store does not have; leave the id out and give an identity to have a customer born.")).ToSequence());

    // What is still to be decided, customer by customer.
    private static List<Group> Groups(List<Item> pending, IReadOnlyList<CustomerSnapshot> snapshots)
    {
        if (pending is [var only])
        {
            only.Loaded = snapshots[0];
            return Answer(only, snapshots[0]) ? [] : [new Group(snapshots[0], [only])];
        }

        var groups = new Dictionary<object, Group>(pending.Count);
        for (var i = 0; i < pending.Count; i++)
        {
            var (item, snapshot) = (pending[i], snapshots[i]);
            item.Loaded = snapshot;
            if (Answer(item, snapshot))
            {
                continue;
            }

            var key = snapshot.Customer is { } known ? known : CustomerQueue.Key(item.Reference);
            if (!groups.TryGetValue(key, out var group))
            {
                groups[key] = group = new Group(snapshot, []);
            }

            group.Items.Add(item);
            if (KnowsLess(item, snapshot, group))
            {
                groups[key] = group with { Snapshot = snapshot };
            }
        }

        return [.. groups.Values];
    }

    // Two names may lead to one customer at two moments, between which one of them was cut. Decided upon the earlier, neither is committed, and both are loaded.
    private static bool KnowsLess(Item item, CustomerSnapshot snapshot, Group group) =>
        snapshot.Version < group.Snapshot.Version || (snapshot.Version == group.Snapshot.Version && item.Remembered is not null);

    private static Recorded? Known(Item item, CustomerSnapshot snapshot) => snapshot.Recorded is not { } recorded ? null
        : recorded.PayloadHash == item.Hash ? new Recorded.Already(recorded.Receipt) : new Recorded.KeyReused(item.Happened.Key);

    // What was recorded before is answered by what the store knows.
    private static bool Answer(Item item, CustomerSnapshot snapshot)
    {
        if (Known(item, snapshot) is { } known)
        {
            item.Recorded = known;
            return true;
        }

        return false;
    }

    private async ValueTask<Decided> DecideAsync(Group group, RecordMode mode, Instant now, CancellationToken cancellationToken)
    {
        var decision = await Decision.BeginAsync(kernel, group.Snapshot, ids, cancellationToken).ConfigureAwait(false);
        if (decision.State.IsForgotten && group.Items.Exists(static item => !item.MayBeForNobody))
        {
            throw Unknown(group.Items);
        }

        var inOrder = group.Items.Count == 1 ? group.Items : InOrder(group.Items, now);
        var chosen = inOrder.Find(item => item.Alone) is { } alone ? [alone] : inOrder;
        foreach (var item in chosen)
        {
            var born = decision.Born && decision.Version == 0;
            decision.HasOwnDue = item.HasOwnDue;
            var receipt = await decision.AddAsync(item.Happened, item.Hash, mode, now, item.Shortages ?? Shortages.None, item.Owners, item.Loaded, cancellationToken).ConfigureAwait(false);
            item.Decided = new Recorded.New(receipt, born);
            if (item.Settles is { } settles)
            {
                decision.Settle(settles);
            }
        }

        await decision.LookAgainAsync(now, chosen is [{ Shortages: { } known }] ? known : Shortages.None, cancellationToken).ConfigureAwait(false);
        var commit = decision.ToCommit(now) ?? throw new InvalidOperationException("An event was decided and there is nothing to commit.");
        decision.Finish();
        return chosen is [{ Shortages: { } shortages }] && shortages.CloseForced(commit)
            ? await DecideAsync(group, mode, now, cancellationToken).ConfigureAwait(false)
            : new Decided(group, chosen, group.IsRemembered ? commit with { Upon = StateOf(group.Snapshot) } : commit);
    }

    // The slot of the kernel has every event's instant and adds up the journal: a store that lost its latest commits and came to the same version by others has another.
    private static StoredSlot StateOf(CustomerSnapshot snapshot) => snapshot.Slots.First(slot => slot.Name == StateCodec.KernelSlot);

    private static List<Item> InOrder(List<Item> items, Instant now) => [.. items.OrderBy(item => item.Happened.OccurredAt ?? now)];

    // Returns whether something was learnt that makes the next attempt different.
    private async ValueTask<bool> TakeAsync(Decided decided, CommitResult result, long since, CancellationToken cancellationToken)
    {
        Remember(decided, result, since);
        if (decided.Group.IsRemembered && result is not CommitResult.QuotaExhausted)
        {
            recent.Learn(result is CommitResult.Committed);
        }

        if (result is CommitResult.Committed)
        {
            decided.Items.ForEach(static item => item.Recorded = item.Decided);
            return true;
        }

        return result is CommitResult.QuotaExhausted(var name) && decided.Items is [var only] ? await RanShortAsync(only, name, cancellationToken).ConfigureAwait(false) : LearnFrom(decided, result);
    }

    // What the supply has left is asked for now, and pinned with the event: the decision is a function of it.
    private ValueTask<bool> RanShortAsync(Item only, string supply, CancellationToken cancellationToken)
    {
        CrmTelemetry.Conflicted("supply");
        return (only.Shortages ??= new Shortages()).LearnAsync(kernel.Store, supply, cancellationToken);
    }

    private static bool LearnFrom(Decided decided, CommitResult result)
    {
        if (result is CommitResult.VersionConflict or CommitResult.IdentityTaken or CommitResult.QuotaExhausted)
        {
            CrmTelemetry.Conflicted(result switch { CommitResult.VersionConflict => "version", CommitResult.IdentityTaken => "identity", _ => "supply" });
        }

        switch (result)
        {
            case CommitResult.AlreadyCommitted(var key, var receipt) when decided.Find(key) is { } item:
                item.Recorded = new Recorded.Already(receipt);
                return true;
            case CommitResult.KeyReused(var key) when decided.Find(key) is { } item:
                item.Recorded = new Recorded.KeyReused(key);
                return true;
            case CommitResult.QuotaExhausted:
                decided.Items.ForEach(item => item.Alone = true);
                return true;
            case CommitResult.IdentityTaken(var identity, var owner) when decided.Items.Exists(item => item.Happened.AlsoKnownAs.Contains(identity)):
                foreach (var item in decided.Items.Where(item => item.Happened.AlsoKnownAs.Contains(identity)))
                {
                    (item.Owners ??= [])[identity] = owner;
                }

                return true;
            case CommitResult.VersionConflict or CommitResult.IdentityTaken or CommitResult.AlreadyCommitted or CommitResult.KeyReused:
                // A key that no event has is that of an observation, which somebody else has recorded of the same version.
                return decided.Group.IsRemembered;
            default:
                throw new InvalidOperationException($"The store answered a commit with {result.GetType().Name}, which the engine does not know.");
        }
    }

    private void Remember(Decided decided, CommitResult result, long since)
    {
        if (result is not CommitResult.Committed)
        {
            recent.Forget(decided.Commit.Customer, decided.Commit.ExpectedVersion);
            return;
        }

        var now = clock.GetCurrentInstant();
        if (decided.Items is [var only])
        {
            recent.Keep(decided.Group.Snapshot, decided.Commit, CameBy(only) is { } name ? [name] : [], since, now);
            return;
        }

        var cameBy = new List<(Identity Identity, int Reference)>();
        foreach (var item in decided.Items)
        {
            if (CameBy(item) is { } name && !(cameBy.Count > 0 && cameBy[^1].Identity == name.Identity))
            {
                cameBy.Add(name);
            }
        }

        recent.Keep(decided.Group.Snapshot, decided.Commit, CollectionsMarshal.AsSpan(cameBy), since, now);
    }

    // The name by which an event led to a customer who had it already.
    private static (Identity Identity, int Reference)? CameBy(Item item) =>
        item is { Happened: { Customer: null, Identity: { } identity }, Loaded.IdentityReference: { } reference } ? (identity, reference) : null;

    private sealed class Turns : List<IDisposable>, IDisposable
    {
        public void Dispose() => ForEach(turn => turn.Dispose());
    }

    private sealed record Group(CustomerSnapshot Snapshot, List<Item> Items)
    {
        public bool IsRemembered => Items.Exists(item => item.Remembered is not null);
    }

    private sealed record Decided(Group Group, List<Item> Items, Commit Commit)
    {
        public Item? Find(EventKey key) => Items.Find(item => item.Happened.Key == key);
    }

    private sealed class Item(int index, CustomerEvent happened, UInt128 hash, string? settles)
    {
        /// <summary>Which of the events, from 0.</summary>
        public int Index { get; } = index;

        public CustomerEvent Happened { get; } = happened;

        public UInt128 Hash { get; } = hash;

        public string? Settles { get; } = settles;

        /// <summary>See <see cref="Decision.HasOwnDue"/>.</summary>
        public bool HasOwnDue { get; init; }

        /// <summary>Whether it is recorded also of somebody who is forgotten.</summary>
        public bool MayBeForNobody { get; init; } = true;

        public CustomerRef Reference { get; } = new(happened.Customer, happened.Identity) { Recording = happened.Key };

        public Item? RepeatOf { get; set; }

        /// <summary>The others with its key; null where there are none.</summary>
        public List<Item>? Repeats { get; set; }

        public Recorded? Decided { get; set; }

        public Recorded? Recorded { get; set; }

        /// <summary>The supplies that were found short for it; null: none was.</summary>
        public Shortages? Shortages { get; set; }

        public Dictionary<Identity, CustomerId>? Owners { get; set; }

        public bool Alone { get; set; }

        /// <summary>Whether its follow-ups are left to the outbox, all of them.</summary>
        public bool Apart { get; set; }

        /// <summary>The customer as remembered, for this attempt; null where it was loaded.</summary>
        public CustomerSnapshot? Remembered { get; set; }

        /// <summary>The customer by what this event names them by, for this attempt, loaded or remembered.</summary>
        public CustomerSnapshot Loaded { get; set; } = CustomerSnapshot.Nobody;

        /// <summary>Whether the next attempt loads the customer.</summary>
        public bool Afresh { get; set; }

        /// <summary>Why the customer cannot be decided about by this release; null where it can.</summary>
        public UnreadableStateException? Fault { get; set; }

        public bool IsAnswered => Recorded is not null || Fault is not null;

        public Recorded Answer() => RepeatOf is { } first
            ? first.Hash != Hash ? new Recorded.KeyReused(Happened.Key) : first.Answer() is Recorded.New(var receipt, _) ? new Recorded.Already(receipt) : first.Answer()
            : Recorded ?? throw new InvalidOperationException($"The event '{Happened.Key}' was left without an answer.");
    }
}
