using Crm.Events;
using Crm.Modules;
using Crm.Storage;
using Crm.Testing.Counterfeits;
using Crm.Values;

namespace Crm.Testing.Simulation;

/// <summary>Something deliberately wrong that the simulator must find: a database that breaks its word, or a module that is not pure.</summary>
public sealed class SimulationCounterfeit
{
    private readonly SimulationSetting setting;

    private SimulationCounterfeit(string name, SimulationSetting setting, params Sequence<string> breaks)
    {
        this.setting = setting;
        Name = name;
        Breaks = breaks;
    }

    /// <summary>What is wrong with it.</summary>
    public string Name { get; }

    /// <summary>The invariants, of which it is found by one or another as luck has it.</summary>
    public Sequence<string> Breaks { get; }

    /// <summary>All of them; for each of <see cref="Invariants"/> there is at least one.</summary>
    public static IReadOnlyList<SimulationCounterfeit> All { get; } =
    [
        Disk("a database that acknowledges before it has synced", new DiskFaults { AcknowledgesBeforeSync = true }, Invariants.NoneIsLost),
        Disk("a database that loses the end of a group", new DiskFaults { LosesEndsOfGroups = true }, Invariants.NoneIsLost, Invariants.SameReceipt, Invariants.JournalIsState, Invariants.VersionsRise, Invariants.BooksAddUp, Invariants.NothingElseIsThrown),
        Disk("a database that loses the outbox of the last commit before a crash", Recovering(commit => commit with { Outbox = [] }), Invariants.NothingIsLost),
        Disk("a database that keeps a half of the last commit before a crash", Recovering(commit => commit with { Slots = [] }), Invariants.JournalIsState, Invariants.BooksAddUp),
        Disk("a database that forgets keys", new DiskFaults { Server = Forgetful }, Invariants.DecidedOnce, Invariants.SameReceipt, Invariants.NoneIsLost),
        Disk("a database that loses journal rows", Writing(commit => commit with { Entries = commit.Entries.Where(entry => entry.Event.Kind != EventKinds.RefundName).ToSequence() }), Invariants.NoneIsLost, Invariants.JournalIsState, Invariants.DecidedOnce, Invariants.NothingElseIsThrown),
        Disk("a database that loses ledger rows", Writing(commit => commit with { Ledger = commit.Ledger.Count > 2 ? [commit.Ledger[0]] : commit.Ledger }), Invariants.JournalIsState),
        Disk("a database that ignores versions", new DiskFaults { Server = Careless }, Invariants.VersionsRise),
        Disk("a database that never lets a commit through", new DiskFaults { Server = rows => new Faulty(rows) { Commit = (_, _) => Task.FromResult<CommitResult>(new CommitResult.VersionConflict()) } }, Invariants.ComesToRest),
        Disk("a database that gives another receipt when asked again", new DiskFaults { Server = OtherReceipts }, Invariants.SameReceipt),
        Disk("a database that does not draw on supplies", Writing(commit => commit with { Quotas = [] }), Invariants.NotOversold),
        Disk("a database whose leases end at once", new DiskFaults { Server = rows => new Faulty(rows) { Lease = async (now, _, most, outbox) => await outbox.LeaseAsync(now, now, most, default).ConfigureAwait(false) } }, Invariants.OneLease, Invariants.LeavesOnce),
        Disk("a database that ends whosever lease", new DiskFaults { Server = rows => new EndsAnyLease(rows) }, Invariants.OneLease),
        Disk("a database that does not note what has left", Writing(commit => commit with { Settled = [] }), Invariants.LeavesOnce),
        Disk("a database that does not write when a customer is due", Writing(commit => commit with { NextDueChanged = false }), Invariants.NoTimerIsLost),
        Disk("a database that loses follow-ups", Writing(commit => commit with { Outbox = commit.Outbox.Where(item => item is OutboxItem.OfMessage).ToSequence() }), Invariants.NothingIsLost),
        Disk("a database that writes the first of what belongs together", new DiskFaults { TearsWhatBelongsTogether = true }, Invariants.Conserved, Invariants.NothingIsLost),
        Disk("a database that does not cut the names of who is forgotten", Writing(commit => commit with { Severed = [] }), Invariants.ForgottenIsNobody),
        Disk("a database that keeps the profile of who is forgotten", Writing(commit => commit.WithdrawsMessages ? commit with { Profile = null } : commit), Invariants.ForgottenIsNobody),
        Disk("a database that keeps the messages to who is forgotten", Writing(commit => commit with { WithdrawsMessages = false }), Invariants.WithdrawnStays),
        Disk("a database that makes nobody one", new DiskFaults { Server = rows => new KeepsApart(rows) }, Invariants.TwoAreOne),
        Module("a module that remembers outside its state", () => new Rememberer(), Invariants.JournalIsState),
        Module("a module that keeps no books", () => new Altered(outcome => outcome with { Entries = [] }), Invariants.BooksAddUp),
        Module("a module that throws", () => new Altered(outcome => outcome.Messages.IsEmpty ? outcome : throw new InvalidOperationException("No message today.")), Invariants.NothingElseIsThrown),
        Scenario("a club in which a gift grows on its way", () => new Altered(Doubled), Invariants.Conserved),
    ];

    /// <summary>A simulation with it in place.</summary>
    /// <param name="operationsPerWorld">How many operations a world lives through.</param>
    public CrmSimulation Simulation(int operationsPerWorld = 2_000) => new(setting) { OperationsPerWorld = operationsPerWorld };

    /// <inheritdoc/>
    public override string ToString() => Name;

    private static SimulationCounterfeit Disk(string name, DiskFaults faults, params Sequence<string> breaks) => new(name, new SimulationSetting(new PointsClubScenario()) { Disk = faults }, breaks);

    // Only hosts have the module; whoever checks has the right one.
    private static SimulationCounterfeit Module(string name, Func<ICustomerModule> module, params Sequence<string> breaks) =>
        new(name, new SimulationSetting(new PointsClubScenario()) { Modules = () => [module()] }, breaks);

    // Everybody has the module: what it does wrongly, it does consistently.
    private static SimulationCounterfeit Scenario(string name, Func<ICustomerModule> module, params Sequence<string> breaks) => new(name, new SimulationSetting(new AlteredScenario(module)), breaks);

    private static DiskFaults Writing(Func<Commit, Commit> changed) => new() { Server = rows => Changing(rows, changed) };

    private static DiskFaults Recovering(Func<Commit, Commit> changed) => new() { Recovery = rows => Changing(rows, changed) };

    private static Faulty Changing(InMemoryStore rows, Func<Commit, Commit> changed) => new(rows) { Commit = async (commit, store) => await store.CommitAsync(changed(commit), default).ConfigureAwait(false) };

    private static Faulty Forgetful(InMemoryStore rows) => new(rows)
    {
        Load = (_, snapshot) => snapshot with { Recorded = null },
        Commit = async (commit, store) => await store.CommitAsync(
            commit with { Entries = commit.Entries.Select(entry => entry with { Event = entry.Event with { Key = new EventKey(entry.Event.Key.Source, $"{entry.Event.Key.Value}#{commit.Version}") } }).ToSequence() },
            default).ConfigureAwait(false),
    };

    private static Faulty Careless(InMemoryStore rows) => new(rows)
    {
        Commit = async (commit, store) =>
        {
            var version = (await store.LoadAsync(CustomerRef.Of(commit.Customer), default).ConfigureAwait(false)).Version;
            return await store.CommitAsync(commit with { Upon = null, ExpectedVersion = version, Version = Math.Max(commit.Version, version + commit.Version - commit.ExpectedVersion), Entries = Renumbered(commit, version) }, default).ConfigureAwait(false);
        },
    };

    private static Sequence<JournalEntry> Renumbered(Commit commit, long version) => commit.Entries.Select(entry => entry with { Version = entry.Version + version - commit.ExpectedVersion }).ToSequence();

    private static Faulty OtherReceipts(InMemoryStore rows) => new(rows)
    {
        Load = (_, snapshot) => snapshot.Recorded is { } recorded ? snapshot with { Recorded = recorded with { Receipt = recorded.Receipt with { Version = recorded.Receipt.Version + 1 } } } : snapshot,
    };

    private static Outcome.Accepted Doubled(Outcome.Accepted outcome) => outcome with
    {
        FollowUps = outcome.FollowUps.Select(followUp => followUp with { Fields = Fields.Of(("amount", followUp.Fields["amount"].AsNumber * 2)) }).ToSequence(),
    };

    private sealed class AlteredScenario(Func<ICustomerModule> module) : SimulatedScenario
    {
        private readonly PointsClubScenario club = new();

        public override IReadOnlyDictionary<string, long> Quotas => club.Quotas;

        public override IReadOnlyList<ICustomerModule> Modules() => [module()];

        public override CustomerEvent Next(Luck luck, EventKey key, int customer, int customers, IReadOnlyList<EventKey> earlier) => club.Next(luck, key, customer, customers, earlier);
    }

    private sealed class KeepsApart(InMemoryStore rows) : StoreDecorator(rows)
    {
        public override ValueTask<AtomicResult> CommitTogetherAsync(IReadOnlyList<Commit> commits, CancellationToken cancellationToken) =>
            base.CommitTogetherAsync([.. commits.Select(commit => commit with { Retirement = null })], cancellationToken);
    }

    /// <summary>The club, with something else in its outcomes.</summary>
    private sealed class Altered(Func<Outcome.Accepted, Outcome.Accepted> changed) : ICustomerModule, IHoldsUnits
    {
        private readonly PointsClub club = new();

        public ModuleContract Contract => club.Contract;

        public Outcome Handle(object state, ModuleContext context) => ((ICustomerModule)club).Handle(state, context) is Outcome.Accepted accepted && !ReferenceEquals(accepted, Outcome.Nothing)
            ? changed(accepted)
            : ((ICustomerModule)club).Handle(state, context);

        public Outcome.Accepted Correct(object stored, object without, object with) => ((ICustomerModule)club).Correct(stored, without, with);

        public Outcome.Accepted? Merge(object survivor, object retired, ModuleContext context) => ((ICustomerModule)club).Merge(survivor, retired, context);

        public IEnumerable<UnitsHeld> Held(object state) => ((IHoldsUnits)club).Held(state);
    }

    /// <summary>The club, with a count in a field where it should be in the state.</summary>
    private sealed class Rememberer : ICustomerModule
    {
        private readonly PointsClub club = new();
        private int calls;

        public ModuleContract Contract => club.Contract;

        public Outcome Handle(object state, ModuleContext context) => ((ICustomerModule)club).Handle(state, context) is Outcome.Accepted { State: PointsClubState next } accepted
            ? accepted with { State = next with { Mugs = ++calls } }
            : ((ICustomerModule)club).Handle(state, context);

        public Outcome.Accepted Correct(object stored, object without, object with) => ((ICustomerModule)club).Correct(stored, without, with);

        public Outcome.Accepted? Merge(object survivor, object retired, ModuleContext context) => ((ICustomerModule)club).Merge(survivor, retired, context);
    }
}
