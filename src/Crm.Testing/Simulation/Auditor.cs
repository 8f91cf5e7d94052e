using System.Runtime.InteropServices;
using Crm.Engine;
using Crm.Events;
using Crm.Ledger;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using NodaTime;
using NodaTime.Text;

namespace Crm.Testing.Simulation;

/// <summary>
/// Watches a simulated world. After each step it looks at what the step has touched: a customer whose commit was carried out is decided again from its last checkpoint on and compared byte for byte, its books are
/// added up, its keys and what leaves are compared with all that went before. After a crash it looks at everything, and at the end of a world at everything from its beginning.
/// </summary>
internal sealed class Auditor
{
    private const string OutboxSource = "outbox";

    private readonly SimulatedDisk disk;
    private readonly SimulatedScenario scenario;
    private readonly ModuleSet modules;
    private readonly StateCodec codec;
    private readonly Redecision redecision;
    private readonly CustomerVerifier verifier;
    private readonly Dictionary<EventKey, Receipt> acknowledged = [];
    private readonly Dictionary<string, Instant> leases = new(StringComparer.Ordinal);
    private readonly Dictionary<(int Host, string Id), Instant> given = [];
    private readonly Dictionary<EventKey, CustomerId> keys = [];
    private readonly Dictionary<CustomerId, Books> books = [];
    private readonly Dictionary<string, long> drawn = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> intoDebt = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> credit = new(StringComparer.Ordinal);
    private readonly People people = new();
    // By the erasure that was acknowledged: up to which version whose journals are gone.
    private readonly Dictionary<EventKey, Sequence<(CustomerId Customer, long Version)>> erased = [];
    private readonly HashSet<string> withdrawn = new(StringComparer.Ordinal);
    // What is under way; a message with whom it was decided for.
    private readonly HashSet<EventKey> followUps = [];
    private readonly Dictionary<string, CustomerId> messages = new(StringComparer.Ordinal);

    public Auditor(SimulatedDisk disk, SimulatedScenario scenario)
    {
        this.disk = disk;
        this.scenario = scenario;
        modules = new ModuleSet(scenario.Modules(), scenario.Options.Calendars);
        codec = new StateCodec(modules);
        redecision = new Redecision(modules, codec, scenario.Options);
        verifier = new CustomerVerifier(scenario.Modules(), scenario.Options);
    }

    /// <summary>How many events were decided, and how many commits written, counting those that a crash took back.</summary>
    public (long Events, long Commits) Counted { get; private set; }

    /// <summary>How many parts of journals were disposed of.</summary>
    public long Disposals { get; private set; }

    /// <summary>How often two customers became one.</summary>
    public long Merges { get; private set; }

    /// <summary>How often somebody was forgotten.</summary>
    public long Erasures { get; private set; }

    /// <summary>How often commits of several customers were written together.</summary>
    public long Together { get; private set; }

    /// <summary>How many commits were decided by what a host remembered.</summary>
    public long Remembered { get; private set; }

    /// <summary>Whether a message or a follow-up was committed and is still under way.</summary>
    public bool SomethingMustLeave => followUps.Count + messages.Count > 0;

    /// <summary>A till has its answer.</summary>
    public void Acknowledged(Receipt receipt)
    {
        ref var known = ref CollectionsMarshal.GetValueRefOrAddDefault(acknowledged, receipt.Key, out var again);
        if (again && known is not null && receipt.IsShort)
        {
            if (known.Short() != receipt)
            {
                throw new InvariantBroken(Invariants.SameReceipt, $"'{receipt.Key}' was answered with version {known.Version} of {known.Customer}, and after it was disposed of with version {receipt.Version} of {receipt.Customer}");
            }

            return;
        }

        if (again && known != receipt && known?.IsShort != true)
        {
            throw new InvariantBroken(Invariants.SameReceipt, $"'{receipt.Key}' was answered with version {known?.Version} of {known?.Customer}, and then with version {receipt.Version} of {receipt.Customer}");
        }

        known = receipt;
    }

    /// <summary>A desk hears that somebody is forgotten.</summary>
    public void Acknowledged(EraseRequest request, CustomerId customer)
    {
        if (SimulatedDisk.Now(disk.Rows.LoadAsync(CustomerRef.Of(customer) with { Recording = request.Key }, default)).Recorded is not { Receipt: var receipt })
        {
            throw new InvariantBroken(Invariants.NoneIsLost, $"the erasure '{request.Key}' was answered and is not there");
        }

        if (!erased.ContainsKey(request.Key))
        {
            var joined = people.Retired.Where(retired => people.SurvivorOf(retired) == receipt.Customer).Select(retired => (retired, books[retired].Version));
            erased[request.Key] = request.KeepJournal ? [] : [(receipt.Customer, receipt.Version), .. joined];
        }

        CheckErased(request.Key);
    }

    /// <summary>Whether an event, or what a desk asked for, has been decided and has survived so far.</summary>
    public bool IsDecided(EventKey key) => keys.ContainsKey(key);

    /// <summary>The database has carried out a commit.</summary>
    public void Committed(Commit commit)
    {
        Counted = (Counted.Events + commit.Entries.Count, Counted.Commits + 1);
        Remembered += commit.Upon is null ? 0 : 1;
        Erasures += commit.WithdrawsMessages ? 1 : 0;
        Take(commit);
        Check(commit.Customer);
        CheckCut(commit);
        foreach (var draw in commit.Quotas)
        {
            CheckQuota(draw.Name);
        }
    }

    /// <summary>The database has carried out commits that belong together.</summary>
    public void CommittedTogether(IReadOnlyList<Commit> commits)
    {
        Together++;
        Merges += commits.Count(commit => commit.Retirement is not null);
        Counted = (Counted.Events + commits.Sum(commit => commit.Entries.Count), Counted.Commits + commits.Count);
        foreach (var commit in commits)
        {
            Take(commit);
        }

        foreach (var commit in commits)
        {
            Check(commit.Customer);
            foreach (var draw in commit.Quotas)
            {
                CheckQuota(draw.Name);
            }
        }
    }

    /// <summary>The database has disposed of a part of a journal.</summary>
    public void Disposed(JournalDisposal disposal)
    {
        Disposals++;
        Take(disposal.Commit);
        Check(disposal.Commit.Customer);
    }

    /// <summary>A host was given items to hand over.</summary>
    public void Leased(int host, IReadOnlyList<OutboxItem> items, Instant now, Instant until)
    {
        foreach (var item in items)
        {
            if (leases.TryGetValue(item.Id, out var leased) && leased > now)
            {
                throw new InvariantBroken(Invariants.OneLease, $"the item {item.Id} was leased until {leased} and again at {now}");
            }

            if (item is OutboxItem.OfMessage && keys.ContainsKey(new EventKey(OutboxSource, item.Id)))
            {
                throw new InvariantBroken(Invariants.LeavesOnce, $"the message {item.Id} was leased again after its outcome was committed");
            }

            if (withdrawn.Contains(item.Id))
            {
                throw new InvariantBroken(Invariants.WithdrawnStays, $"the item {item.Id} was leased after it had been withdrawn");
            }

            leases[item.Id] = until;
            given[(host, item.Id)] = until;
        }
    }

    /// <summary>A host hands a message to its channel: by its own clock it still has the lease that it was given last.</summary>
    /// <returns>What is wrong with that; null: nothing.</returns>
    public InvariantBroken? HandedOver(int host, string id, Instant now) => given.TryGetValue((host, id), out var until) && now < until
        ? null
        : new InvariantBroken(Invariants.OneLease, $"host {host} handed the message {id} over at {now}, and had it until {(until == default ? "never" : $"{until}")}");

    /// <summary>Somebody gives a lease back, which only who has it can do.</summary>
    public void Released(string id, Instant lease)
    {
        if (leases.TryGetValue(id, out var latest) && latest == lease)
        {
            leases.Remove(id);
        }
    }

    public void Settled(string id) => leases.Remove(id);

    /// <summary>The database has come back after a crash: what was acknowledged must be there, and what is there must fit together.</summary>
    public void Recovered()
    {
        foreach (var (key, receipt) in acknowledged)
        {
            Expect(key, receipt);
        }

        Recount();
        foreach (var customer in books.Keys)
        {
            Check(customer);
        }

        CheckPeople();
    }

    /// <summary>Everything was delivered, handled and sent: nothing may be missing, and all of it must fit together from the beginning.</summary>
    public async Task EndAsync()
    {
        foreach (var (key, receipt) in acknowledged)
        {
            Expect(key, receipt);
        }

        var ledgers = (await disk.Rows.ReadLedgerAsync(default).ToListAsync().ConfigureAwait(false)).ToLookup(line => line.Customer, line => line.Entry);
        foreach (var customer in books.Keys)
        {
            var history = SimulatedDisk.Now(disk.Rows.LoadWholeAsync(customer, default));
            var verdict = people.IsRetired(customer)
                ? verifier.VerifyRetired(customer, history, [.. ledgers[customer]])
                : verifier.Verify(SimulatedDisk.Now(disk.Rows.LoadAsync(CustomerRef.Of(customer), default)), history, [.. ledgers[customer]]);
            if (!verdict.Holds)
            {
                throw new InvariantBroken(Invariants.JournalIsState, $"customer {customer}, from the beginning: {verdict.Differences[0]}");
            }
        }

        if (followUps.FirstOrDefault() is { Value: not null } lost)
        {
            throw new InvariantBroken(Invariants.NothingIsLost, $"the follow-up '{lost}' was committed and never arrived");
        }

        if (messages.Keys.FirstOrDefault() is { } unsent)
        {
            throw new InvariantBroken(Invariants.NothingIsLost, $"the message {unsent} was committed, and has no outcome");
        }

        CheckPeople();
        if (!erased.Values.Any(gone => gone.Any(one => ledgers[one.Customer].Any(WasGiven))))
        {
            CheckTransfers(ledgers.SelectMany(ledger => ledger));
        }

        await CheckWakeupsAsync().ConfigureAwait(false);
    }

    private void Take(Commit commit)
    {
        foreach (var entry in commit.Entries)
        {
            if (!keys.TryAdd(entry.Event.Key, commit.Customer))
            {
                throw new InvariantBroken(Invariants.DecidedOnce, $"'{entry.Event.Key}' was decided for {keys[entry.Event.Key]} and again for {commit.Customer}");
            }

            followUps.Remove(entry.Event.Key);
            if (entry.Event.Key.Source == OutboxSource)
            {
                messages.Remove(entry.Event.Key.Value);
            }
        }

        if (!books.TryGetValue(commit.Customer, out var book))
        {
            books.Add(commit.Customer, book = new Books());
        }

        if (commit.ExpectedVersion != book.Version)
        {
            throw new InvariantBroken(Invariants.VersionsRise, $"customer {commit.Customer} was at version {book.Version} when a commit was carried out that expected {commit.ExpectedVersion}");
        }

        book.Version = commit.Version;
        book.Take(commit.Ledger);
        people.Take(commit);
        foreach (var item in commit.Outbox)
        {
            // What has arrived, or has an outcome, is not under way again.
            if (item is OutboxItem.OfFollowUp { Event.Key: var key })
            {
                if (!keys.ContainsKey(key))
                {
                    followUps.Add(key);
                }
            }
            else if (!keys.ContainsKey(new EventKey(OutboxSource, item.Id)))
            {
                messages[item.Id] = commit.Customer;
            }

            withdrawn.Remove(item.Id);
        }

        var cut = commit.WithdrawsMessages ? messages.Where(message => people.SurvivorOf(message.Value) == commit.Customer).Select(message => message.Key).ToList() : [];
        foreach (var id in commit.Withdrawn.Concat(cut))
        {
            messages.Remove(id);
            leases.Remove(id);
            withdrawn.Add(id);
        }

        foreach (var id in commit.Settled)
        {
            leases.Remove(id);
        }

        foreach (var draw in commit.Quotas)
        {
            drawn[draw.Name] = drawn.GetValueOrDefault(draw.Name) + draw.Amount;
            credit[draw.Name] = Math.Max(credit.GetValueOrDefault(draw.Name), draw.Credit);
            if (draw is { IntoDebt: true, Amount: > 0 })
            {
                intoDebt[draw.Name] = intoDebt.GetValueOrDefault(draw.Name) + draw.Amount;
            }
        }
    }

    private void Check(CustomerId customer)
    {
        if (people.IsRetired(customer))
        {
            CheckRetired(customer);
            return;
        }

        var stored = SimulatedDisk.Now(disk.Rows.LoadAsync(CustomerRef.Of(customer), default));
        var state = codec.Decode(stored.Slots, stored.Version);
        foreach (var difference in Bookkeeping.Compare(modules, state, books[customer].Lots))
        {
            throw new InvariantBroken(Invariants.BooksAddUp, $"customer {customer}, {difference}");
        }

        var start = state.NeedsWholeHistory || state.Handled is not { } handled ? (HistoryStart)new HistoryStart.Beginning() : new HistoryStart.Before(handled);
        var history = SimulatedDisk.Now(disk.Rows.JoinAsync(SimulatedDisk.Now(disk.Rows.LoadHistoryAsync(customer, start, default)), default));
        if (history is { Checkpoint: not null, Joined.IsEmpty: false })
        {
            // As the engine does: what is left of a journal that was joined after the checkpoint may depend on amendments before it.
            history = SimulatedDisk.Now(disk.Rows.LoadWholeAsync(customer, default));
        }

        foreach (var difference in redecision.Obstacle(history, []) is null ? redecision.Compare(customer, state, history) : [])
        {
            // What stands in the way of deciding again may be before the checkpoint; a verification sees all of it.
            if (history.Checkpoint is not null && redecision.Obstacle(SimulatedDisk.Now(disk.Rows.LoadWholeAsync(customer, default)), []) is not null)
            {
                return;
            }

            throw new InvariantBroken(Invariants.JournalIsState, $"customer {customer} at version {stored.Version}, {difference} {Told(customer, state, history.Checkpoint)}");
        }
    }

    // Whoever went on as somebody else holds nothing, and leads there.
    private void CheckRetired(CustomerId customer)
    {
        if (books[customer].Lots.FirstOrDefault() is { Lot: not null } left)
        {
            throw new InvariantBroken(Invariants.BooksAddUp, $"customer {customer} was merged into {people.SurvivorOf(customer)} and still holds {left.Amount} in the lot '{left.Lot}'");
        }

        CheckLeads(CustomerRef.Of(customer), people.SurvivorOf(customer), $"customer {customer}");
    }

    private void CheckLeads(CustomerRef reference, CustomerId to, string what)
    {
        var found = SimulatedDisk.Now(disk.Rows.LoadAsync(reference, default)).Customer;
        if (found != to)
        {
            throw new InvariantBroken(Invariants.TwoAreOne, $"{what} leads to {found?.ToString() ?? "nobody"}; {to} is expected");
        }
    }

    // A name that was cut leads to nobody until somebody new comes with it.
    private void CheckCut(Commit commit)
    {
        if (commit.Severed.FirstOrDefault(severed => SimulatedDisk.Now(disk.Rows.LoadAsync(CustomerRef.Of(severed), default)).Customer is not null) is { Kind: not null } found)
        {
            throw new InvariantBroken(Invariants.ForgottenIsNobody, $"customer {commit.Customer} was forgotten, and the name '{found}' still leads to somebody");
        }

        if (people.IsForgotten(commit.Customer))
        {
            CheckForgotten(commit.Customer);
        }
    }

    private void CheckForgotten(CustomerId customer)
    {
        var names = SimulatedDisk.Now(disk.Rows.IdentitiesOfAsync(customer, default)).Count;
        var fields = SimulatedDisk.Now(disk.Rows.LoadAsync(CustomerRef.Of(customer), default)).Profile.Count;
        if (names + fields > 0)
        {
            throw new InvariantBroken(Invariants.ForgottenIsNobody, $"customer {customer} is forgotten and has {names} names and {fields} fields of a profile");
        }
    }

    private void CheckErased(EventKey key)
    {
        foreach (var (customer, version) in erased[key])
        {
            var history = SimulatedDisk.Now(disk.Rows.LoadHistoryAsync(customer, new HistoryStart.Beginning(), default));
            if (history.Entries.FirstOrDefault(entry => entry.Version <= version) is { } left)
            {
                throw new InvariantBroken(Invariants.ForgottenIsNobody, $"customer {customer} was erased by '{key}', which was answered, and '{left.Event.Key}' is still in the journal");
            }
        }
    }

    // Everybody leads where the commits say, and who is forgotten is nobody.
    private void CheckPeople()
    {
        foreach (var (name, customer) in people.Names)
        {
            CheckLeads(CustomerRef.Of(name), customer, $"the name '{name}'");
        }

        foreach (var customer in people.Forgotten.Where(customer => !people.IsRetired(customer)))
        {
            CheckForgotten(customer);
        }

        foreach (var key in erased.Keys)
        {
            CheckErased(key);
        }
    }

    // What was folded, from where on, as a person can follow it.
    private string Told(CustomerId customer, CustomerState state, Checkpoint? checkpoint)
    {
        var history = SimulatedDisk.Now(disk.Rows.LoadWholeAsync(customer, default));
        var whole = checkpoint is null ? "" : $" It was decided again from the checkpoint of {Text(checkpoint.At)}; from birth it {(redecision.Compare(customer, state, history).Any() ? "differs too" : "agrees")}.";
        var entries = history.All().Select(one => $"{(one.Of is { } other ? $"of {other} " : "")}{one.Entry.Version} '{one.Entry.Event.Key}' {one.Entry.Event.Kind} {one.Entry.Event.Original} at {Text(one.Entry.EffectiveAt)}, recorded {Text(one.Entry.RecordedAt)}{(Observations.AskedAt(one.Entry.Observations) is { } asked ? $" asked {Text(asked)}" : "")}{(one.Entry.Receipt.Accepted ? "" : " refused")}");
        return $"{whole} Its journal: {string.Join("; ", entries)}.";
    }

    private static string Text(Instant at) => InstantPattern.ExtendedIso.Format(at);

    private void CheckQuota(string name)
    {
        var left = SimulatedDisk.Now(((IQuotas)disk.Rows).AvailableAsync(name, default));
        var expected = scenario.Quotas.GetValueOrDefault(name) - drawn.GetValueOrDefault(name);
        if (left != expected || left < -credit.GetValueOrDefault(name) - intoDebt.GetValueOrDefault(name))
        {
            throw new InvariantBroken(Invariants.NotOversold, $"{drawn.GetValueOrDefault(name)} were drawn from '{name}', of which there were {scenario.Quotas.GetValueOrDefault(name)}, and {left} are left");
        }
    }

    private void Expect(EventKey key, Receipt receipt)
    {
        var found = SimulatedDisk.Now(disk.Rows.LoadAsync(CustomerRef.Of(receipt.Customer) with { Recording = key }, default)).Recorded;
        if (found?.Receipt != receipt && (found is not { Receipt.IsShort: true } || found.Receipt != receipt.Short()))
        {
            throw new InvariantBroken(Invariants.NoneIsLost, found is null ? $"'{key}' was acknowledged and is gone" : $"'{key}' was acknowledged as version {receipt.Version} and is there as version {found.Receipt.Version}");
        }
    }

    // What was given to somebody whose journal is erased cannot be taken back from them any more, though the giver may have it back.
    private static bool WasGiven(LedgerEntry entry) => entry is { Movement: Movement.Transferred, Amount: > 0 } and not { Code: "merge" };

    private static void CheckTransfers(IEnumerable<LedgerEntry> ledger)
    {
        var transferred = ledger.Where(entry => entry.Movement == Movement.Transferred)
            .GroupBy(entry => (entry.Program, entry.Unit)).Select(group => (group.Key.Unit, Sum: group.Sum(entry => entry.Amount))).FirstOrDefault(unit => unit.Sum != 0);
        if (transferred.Sum != 0)
        {
            throw new InvariantBroken(Invariants.Conserved, $"transfers of {transferred.Unit} add up to {transferred.Sum} over all customers; 0 is expected");
        }
    }

    // Every customer with something on the agenda, and no other, is due some day.
    private async Task CheckWakeupsAsync()
    {
        var waiting = (await disk.Rows.LeaseDueAsync(Instant.MaxValue, Instant.MaxValue, Instant.MaxValue, int.MaxValue, default).ConfigureAwait(false)).ToHashSet();
        foreach (var customer in books.Keys)
        {
            if ((NextDue(customer) is not null) != waiting.Contains(customer))
            {
                throw new InvariantBroken(Invariants.NoTimerIsLost, $"customer {customer} {(waiting.Contains(customer) ? "has nothing due and is" : "has something due and is not")} among those that wait for it");
            }
        }
    }

    // Whoever went on as somebody else waits for nothing.
    private Instant? NextDue(CustomerId customer)
    {
        var stored = SimulatedDisk.Now(disk.Rows.LoadAsync(CustomerRef.Of(customer), default));
        return people.IsRetired(customer) ? null : codec.Decode(stored.Slots, stored.Version).NextDue;
    }

    // What was decided and did not survive was never decided.
    private void Recount()
    {
        leases.Clear();
        keys.Clear();
        books.Clear();
        drawn.Clear();
        intoDebt.Clear();
        followUps.Clear();
        messages.Clear();
        withdrawn.Clear();
        people.Clear();
        foreach (var commit in disk.Commits)
        {
            Take(commit);
        }
    }
}
