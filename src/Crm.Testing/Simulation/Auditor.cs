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
    // What is under way.
    private readonly HashSet<EventKey> followUps = [];
    private readonly HashSet<string> messages = new(StringComparer.Ordinal);

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

    /// <summary>The database has carried out a commit.</summary>
    public void Committed(Commit commit)
    {
        Counted = (Counted.Events + commit.Entries.Count, Counted.Commits + 1);
        Remembered += commit.Upon is null ? 0 : 1;
        Take(commit);
        Check(commit.Customer);
        foreach (var draw in commit.Quotas)
        {
            CheckQuota(draw.Name);
        }
    }

    /// <summary>The database has carried out commits that belong together.</summary>
    public void CommittedTogether(IReadOnlyList<Commit> commits)
    {
        Together++;
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
            var stored = SimulatedDisk.Now(disk.Rows.LoadAsync(CustomerRef.Of(customer), default));
            var history = SimulatedDisk.Now(disk.Rows.LoadHistoryAsync(customer, new HistoryStart.Beginning(), default));
            var verdict = verifier.Verify(stored, history, [.. ledgers[customer]]);
            if (!verdict.Holds)
            {
                throw new InvariantBroken(Invariants.JournalIsState, $"customer {customer}, from the beginning: {verdict.Differences[0]}");
            }
        }

        if (followUps.FirstOrDefault() is { Value: not null } lost)
        {
            throw new InvariantBroken(Invariants.NothingIsLost, $"the follow-up '{lost}' was committed and never arrived");
        }

        if (messages.FirstOrDefault() is { } unsent)
        {
            throw new InvariantBroken(Invariants.NothingIsLost, $"the message {unsent} was committed, and has no outcome");
        }

        CheckTransfers(ledgers.SelectMany(ledger => ledger));
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
                messages.Add(item.Id);
            }
        }

        foreach (var id in commit.Withdrawn)
        {
            messages.Remove(id);
            leases.Remove(id);
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
        var stored = SimulatedDisk.Now(disk.Rows.LoadAsync(CustomerRef.Of(customer), default));
        var state = codec.Decode(stored.Slots, stored.Version);
        foreach (var difference in Bookkeeping.Compare(modules, state, books[customer].Lots))
        {
            throw new InvariantBroken(Invariants.BooksAddUp, $"customer {customer}, {difference}");
        }

        var start = state.NeedsWholeHistory || state.Handled is not { } handled ? (HistoryStart)new HistoryStart.Beginning() : new HistoryStart.Before(handled);
        var history = SimulatedDisk.Now(disk.Rows.LoadHistoryAsync(customer, start, default));
        foreach (var difference in redecision.Obstacle(history, []) is null ? redecision.Compare(customer, state, history) : [])
        {
            throw new InvariantBroken(Invariants.JournalIsState, $"customer {customer} at version {stored.Version}, {difference} {Told(customer, state, history.Checkpoint)}");
        }
    }

    // What was folded, from where on, as a person can follow it.
    private string Told(CustomerId customer, CustomerState state, Checkpoint? checkpoint)
    {
        var history = SimulatedDisk.Now(disk.Rows.LoadHistoryAsync(customer, new HistoryStart.Beginning(), default));
        var whole = checkpoint is null ? "" : $" It was decided again from the checkpoint of {Text(checkpoint.At)}; from birth it {(redecision.Compare(customer, state, history).Any() ? "differs too" : "agrees")}.";
        var entries = history.Entries.Select(entry => $"{entry.Version} '{entry.Event.Key}' {entry.Event.Kind} {entry.Event.Original} at {Text(entry.EffectiveAt)}{(entry.Receipt.Accepted ? "" : " refused")}");
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
            var stored = SimulatedDisk.Now(disk.Rows.LoadAsync(CustomerRef.Of(customer), default));
            if (codec.Decode(stored.Slots, stored.Version).NextDue is not null != waiting.Contains(customer))
            {
                throw new InvariantBroken(Invariants.NoTimerIsLost, $"customer {customer} {(waiting.Contains(customer) ? "has nothing due and is" : "has something due and is not")} among those that wait for it");
            }
        }
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
        foreach (var commit in disk.Commits)
        {
            Take(commit);
        }
    }
}
