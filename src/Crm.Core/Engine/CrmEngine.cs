using System.Data.Common;
using Crm.Conditions;
using Crm.Events;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using FluentValidation;
using NodaTime;

namespace Crm.Engine;

/// <summary>
/// The one way to write: an event comes in, all modules decide, one commit is stored, and a receipt says what happened. Safe for concurrent use; make one for each store.
/// </summary>
public sealed class CrmEngine
{
    private const int DueAtOnce = 10_000;

    private readonly Kernel kernel;
    private readonly Recorder recorder;
    private readonly Quoting quoting;
    private readonly Merging merging;
    private readonly Erasing erasing;
    private readonly ProfileObserver observer;
    private readonly DueRunner dueRunner;
    private readonly GroupRecorder? groups;
    private readonly Audience audience;
    private readonly PastReader past;
    private readonly DecisionReader decisions;
    private readonly OutboxPump? pump;
    private readonly IClock clock;
    private readonly IIdSource ids;

    /// <summary>An engine over a store.</summary>
    /// <param name="store">The store. Where it also implements <see cref="IBulkCommit"/>, <see cref="IWakeups"/> or <see cref="IOutbox"/>, the engine uses these.</param>
    /// <param name="modules">The modules, in the order in which they decide.</param>
    /// <param name="options">The options.</param>
    /// <param name="clock">Now.</param>
    /// <param name="ids">New ids.</param>
    /// <param name="ports">Profiles, gate and channels; null: none.</param>
    /// <exception cref="ArgumentException">Contracts of modules do not fit together; the message lists all that is wrong.</exception>
    /// <exception cref="ValidationException">Options are out of range; the message lists all that is wrong.</exception>
    public CrmEngine(ICustomerStore store, IEnumerable<ICustomerModule> modules, CrmOptions options, IClock clock, IIdSource ids, CrmPorts? ports = null)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(modules);
        ArgumentNullException.ThrowIfNull(options);
        new CrmOptions.Validator().ValidateAndThrow(options);
        this.clock = clock;
        this.ids = ids;
        kernel = new Kernel(new ModuleSet(modules, options.Calendars), options, store, ports?.Profiles, ports?.Pacing);
        recorder = new Recorder(kernel, clock, ids);
        quoting = new Quoting(kernel, clock, ids);
        merging = new Merging(kernel, recorder, clock, ids);
        erasing = new Erasing(kernel, recorder, clock, ids);
        observer = new ProfileObserver(kernel, recorder);
        dueRunner = new DueRunner(kernel, recorder, clock, ids);
        groups = GroupRecorder.For(store, recorder, options, kernel.Pacing);
        audience = new Audience(kernel, ids);
        past = new PastReader(kernel, ids, clock);
        decisions = new DecisionReader(kernel, ids, clock);
        pump = store is IOutbox outbox ? new OutboxPump(kernel, outbox, recorder, clock, ids, ports ?? new CrmPorts()) : null;
    }

    private CrmEngine(CrmEngine engine, ICustomerStore store)
    {
        clock = engine.clock;
        ids = engine.ids;
        kernel = engine.kernel.Once(store);
        recorder = new Recorder(kernel, clock, ids);
        quoting = new Quoting(kernel, clock, ids);
        merging = new Merging(kernel, recorder, clock, ids);
        erasing = new Erasing(kernel, recorder, clock, ids);
        observer = new ProfileObserver(kernel, recorder);
        dueRunner = new DueRunner(kernel, recorder, clock, ids);
        audience = new Audience(kernel, ids);
        past = new PastReader(kernel, ids, clock);
        decisions = new DecisionReader(kernel, ids, clock);
    }

    /// <summary>The kinds of events that can be recorded.</summary>
    public EventKinds Kinds => kernel.Modules.Kinds;

    /// <summary>The facts that modules publish, in the order in which these decide.</summary>
    public Sequence<FactDeclaration> Facts => kernel.Modules.Contracts.SelectMany(contract => contract.Publishes).ToSequence();

    /// <summary>The calendars that conditions may name.</summary>
    public DayCalendars Calendars => kernel.Options.Calendars;

    /// <summary>The names of the modules, in the order in which they decide.</summary>
    public Sequence<string> Modules => kernel.Modules.Contracts.Select(contract => contract.Name).ToSequence();

    /// <summary>What the store does by itself and what happens instead, ability by ability, for a host to log at start.</summary>
    public Sequence<CrmAbility> Describe() => CrmAbility.Of(kernel.Store);

    /// <summary>Records an event. Sent again, it gets the receipt it got first.</summary>
    /// <exception cref="InvalidEventException">The event is wrong; all problems are listed, and nothing is written.</exception>
    /// <exception cref="KeyReusedException">Its key has been recorded with other content.</exception>
    /// <exception cref="ModuleFaultException">A module failed; nothing is written.</exception>
    /// <exception cref="ProfileFaultException">The host's table did not give the profile; nothing is written.</exception>
    public async ValueTask<Receipt> RecordAsync(CustomerEvent happened, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(happened);
        var recorded = groups is null
            ? (await recorder.RecordAsync([happened], RecordMode.Live, cancellationToken).ConfigureAwait(false))[0]
            : await groups.RecordAsync(happened, cancellationToken).ConfigureAwait(false);
        return recorded switch
        {
            Recorded.New(var receipt, _) => receipt,
            Recorded.Already(var receipt) => receipt,
            _ => throw new KeyReusedException(happened.Key),
        };
    }

    /// <summary>
    /// Records many events in few round trips; each customer's are one commit. The answers are in the order of the events. Events of one customer are decided in the order in which they occurred.
    /// </summary>
    /// <exception cref="InvalidEventException">Events are wrong; all problems of all of them are listed, and nothing is written.</exception>
    /// <exception cref="ModuleFaultException">A module failed.</exception>
    /// <exception cref="ProfileFaultException">The host's table did not give a profile.</exception>
    public ValueTask<IReadOnlyList<Recorded>> RecordAsync(IReadOnlyList<CustomerEvent> events, RecordMode mode = RecordMode.Live, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(events);
        return recorder.RecordAsync(events, mode, cancellationToken);
    }

    /// <summary>
    /// Makes two customers one, in one commit of both: what both hold is added, the id and the identities of the one who goes lead to the one who stays, and what is recorded for either reaches the one.
    /// Sent again, it gets the receipt it got first; two who are one already stay as they are.
    /// </summary>
    /// <exception cref="InvalidEventException">The request is wrong, or names somebody whom the store does not have; all problems are listed, and nothing is written.</exception>
    /// <exception cref="KeyReusedException">Its key has been recorded with other content, or for two others.</exception>
    /// <exception cref="InvalidOperationException">The store does not implement <see cref="IAtomicCommits"/>: nobody is merged in parts.</exception>
    /// <exception cref="ModuleFaultException">A module failed, or lost or doubled units; nothing is written.</exception>
    /// <exception cref="TooManyConflictsException">Other writers kept winning; nothing is written.</exception>
    public ValueTask<MergeResult> MergeAsync(MergeRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        return merging.RunAsync(request, cancellationToken);
    }

    /// <summary>
    /// Forgets a person and keeps the books. All identities of the customer, and of whoever was merged into them, are cut, and their profile and the messages that wait go, in one commit; then the journal is disposed of, and an opening
    /// stands for it. Ledger, balances and certificates are what they were, under an id that leads to nobody; the keys of events stay, so that none is recorded twice. Whoever comes with one of the identities is somebody new.
    /// </summary>
    /// <remarks>
    /// Sent again, it gets the same answer and does nothing, or ends what was stopped between the commit and the disposal. Who records for the customer at the same time is first, and then erased with them, or second, and then records for
    /// somebody new. Profiles that the host keeps itself the host deletes itself. What refunds and cancellations would take back from an erased customer is gone: they are recorded, by id, and say so.
    /// </remarks>
    /// <exception cref="InvalidEventException">The request is wrong; all problems are listed, and nothing is written.</exception>
    /// <exception cref="KeyReusedException">Its key has been recorded with other content, or for another id.</exception>
    /// <exception cref="InvalidOperationException">The store does not implement <see cref="ICustomerIdentities"/>, or not <see cref="IJournalDisposal"/> and the journal is not to be kept; or it has a state of a module that the engine does not have.</exception>
    /// <exception cref="ModuleFaultException">A module failed; nothing is written.</exception>
    /// <exception cref="TooManyConflictsException">Other writers kept winning; sent again, it goes on.</exception>
    public ValueTask<EraseResult> EraseAsync(EraseRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        return erasing.RunAsync(request, cancellationToken);
    }

    /// <summary>What an event would do if it were recorded now, with all that follows, by the very fold that would record it. Nothing is written.</summary>
    /// <exception cref="InvalidEventException">The event is wrong; all problems are listed.</exception>
    /// <exception cref="KeyReusedException">Its key has been recorded already.</exception>
    /// <exception cref="ModuleFaultException">A module failed.</exception>
    public ValueTask<Quote> QuoteAsync(CustomerEvent happened, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(happened);
        return quoting.QuoteAsync(happened, cancellationToken);
    }

    /// <summary>Records exactly what was quoted for the same event, as of the instant of the quote, or nothing. Sent again, it gets the receipt it got first.</summary>
    /// <exception cref="InvalidEventException">The event is wrong; all problems are listed.</exception>
    /// <exception cref="ModuleFaultException">A module failed; nothing is written.</exception>
    public ValueTask<Quoted> CommitAsync(CustomerEvent happened, QuoteToken token, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(happened);
        return quoting.CommitAsync(happened, token, cancellationToken);
    }

    /// <summary>A customer as of now, or null when nobody has the reference.</summary>
    public async ValueTask<CustomerView?> ReadAsync(CustomerRef customer, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(customer);
        var snapshot = await kernel.Store.LoadAsync(customer with { Recording = null }, cancellationToken).ConfigureAwait(false);
        return snapshot.Customer is null ? null : await kernel.ViewAsync(snapshot, customer.Identity, ids, clock.GetCurrentInstant(), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>All that was ever decided about a customer and is still in the journal, with what became of messages; null when nobody has the reference. Nothing is written.</summary>
    public ValueTask<DecisionLog?> ReadDecisionsAsync(CustomerRef customer, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(customer);
        return decisions.ReadAsync(customer, cancellationToken);
    }

    /// <summary>What was decided about each customer, in the order of scans; the journal of each is read.</summary>
    /// <exception cref="InvalidOperationException">The store cannot list its customers.</exception>
    public IAsyncEnumerable<DecisionLog> ReadAllDecisionsAsync(CancellationToken cancellationToken = default) => decisions.ReadAllAsync(cancellationToken);

    /// <summary>A customer as of an instant, past, now or ahead, with the history up to it; null when nobody has the reference, or nothing of the customer was known then. Nothing is written.</summary>
    /// <remarks>
    /// The past is what today's definitions, each from its own instant on, make of the journal and of what was observed with it. Of what was disposed of (<see cref="DisposeOfJournalAsync"/>) nothing is known:
    /// an instant before the journal's opening is answered with null, or refused (<see cref="PastQuestion.RefusesDisposed"/>); a measure that reaches before it is answered where a module had it counted, and refused otherwise.
    /// Before a merge its two customers were two: the id of the one who went then means that one (<see cref="PastView.MergedInto"/>), the identities mean the survivor.
    /// </remarks>
    public ValueTask<PastView?> ReadAsync(CustomerRef customer, PastQuestion question, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(customer);
        ArgumentNullException.ThrowIfNull(question);
        return past.ReadAsync(customer, question, cancellationToken);
    }

    /// <summary>The ids of all customers, in the order of scans.</summary>
    /// <exception cref="InvalidOperationException">The store cannot list its customers.</exception>
    public IAsyncEnumerable<CustomerId> ReadCustomersAsync(CancellationToken cancellationToken = default) => past.ReadCustomersAsync(cancellationToken);

    /// <summary>Every customer as of now, in the order of scans. A part of them is held at a time, and nothing is written.</summary>
    /// <exception cref="InvalidOperationException">The store cannot list its customers.</exception>
    /// <exception cref="UnreadableStateException">A later release wrote the state of one of the customers.</exception>
    public IAsyncEnumerable<CustomerView> ReadAllAsync(CancellationToken cancellationToken = default) => past.ReadAllAsync(leavesOut: null, cancellationToken);

    /// <summary>Every customer as of now, in the order of scans, but for those whose state a later release wrote.</summary>
    /// <param name="leavesOut">Is told of each of these.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="InvalidOperationException">The store cannot list its customers.</exception>
    public IAsyncEnumerable<CustomerView> ReadAllAsync(Action<UnreadableCustomer> leavesOut, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(leavesOut);
        return past.ReadAllAsync(leavesOut, cancellationToken);
    }

    /// <summary>Every customer of whom something was known, as of an instant, in the order of scans; whoever has been merged into another since comes after that one (<see cref="PastView.MergedInto"/>). A part of them is held at a time.</summary>
    /// <exception cref="InvalidOperationException">The store cannot list its customers.</exception>
    public IAsyncEnumerable<PastView> ReadAllAsync(PastQuestion question, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(question);
        return past.ReadAllAsync(question, cancellationToken);
    }

    /// <summary>A page of all customers, each as of now, in the order of scans: for lists on screens. One round trip where the store can (<see cref="ICustomerPages"/>), and one more for each customer whose profile the host keeps. Nothing is written.</summary>
    /// <exception cref="InvalidOperationException">The page is too large or too small, or the store cannot list its customers.</exception>
    public ValueTask<CustomerPage> ReadPageAsync(CustomerPageRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        return past.ReadPageAsync(request, cancellationToken);
    }

    /// <summary>A page of all customers of whom something was known, each as of an instant, in the order of scans; the history of each is read.</summary>
    /// <exception cref="InvalidOperationException">The page is too large or too small, or the store cannot list its customers.</exception>
    public ValueTask<PastPage> ReadPageAsync(CustomerPageRequest request, PastQuestion question, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(question);
        return past.ReadPageAsync(request, question, cancellationToken);
    }

    /// <summary>
    /// Looks at the profiles in the host's own table, and records the event "profile.observed" for each customer of whom a segment, a journey or a rule asks something that has another answer than when an event last looked: a row
    /// that was changed brings no event by itself. Call it now and then. Only profiles are looked at whose <see cref="HostProfile.Stamp"/> is another than at this engine's last call; the first call looks at all.
    /// </summary>
    /// <remarks>A definition that has never asked about somebody waits for their next event, or for a backfill, so that deploying it sends nobody a message.</remarks>
    /// <exception cref="InvalidOperationException">The host keeps no profiles: the store's change by events only.</exception>
    public ValueTask<ObserveReport> ObserveProfilesAsync(CancellationToken cancellationToken = default) => observer.RunAsync(cancellationToken);

    /// <summary>Looks at the profile of one customer, such as one whose row the host has just changed; see <see cref="ObserveProfilesAsync"/>.</summary>
    /// <returns>Whether something that modules ask has another answer than before; false also for somebody whom the store does not have.</returns>
    public ValueTask<bool> ObserveProfileAsync(CustomerRef customer, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(customer);
        return observer.RunAsync(customer, cancellationToken);
    }

    /// <summary>
    /// Decides anew what one module keeps of all customers, one commit for each for whom something changes: for a module that joined a store with years of history, or one with new definitions.
    /// Cancelled or stopped, it goes on where it was; run twice, it changes nothing the second time.
    /// </summary>
    /// <exception cref="ArgumentException">There is no such module, or it is irrevocable or has units in the ledger.</exception>
    /// <exception cref="InvalidOperationException">The store cannot list its customers.</exception>
    public ValueTask<RebuildReport> RebuildAsync(RebuildRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        return new Rebuilding(kernel, ids, clock).RunAsync(request, cancellationToken);
    }

    /// <summary>Removes facts whose module, programme or segment is gone, also of customers to whom nothing happens any more; and what is stored of modules that the request names.</summary>
    /// <exception cref="ArgumentException">A module that is registered is named as removed.</exception>
    /// <exception cref="InvalidOperationException">The store cannot list its customers.</exception>
    public ValueTask<SweepReport> SweepAsync(SweepRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        return new Sweeping(kernel, ids, clock).RunAsync(request, cancellationToken);
    }

    /// <summary>What has been recorded already under the keys of events, in their order, as recording them would answer. Nothing is written, and nothing is checked or decided.</summary>
    /// <returns>For each event the receipt it got, that its key was used for other content, or null where its key is new.</returns>
    public async ValueTask<IReadOnlyList<Recorded?>> FindRecordedAsync(IReadOnlyList<CustomerEvent> events, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(events);
        return await recorder.FindAsync(events, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// The modules that decided about customers, or keep something of them, and that this engine does not have. The next commit of these customers would pass them over, and what happens until they are registered again would never
    /// count for them: for whoever comes to a store with an engine that may not be its host's. Nothing is written.
    /// </summary>
    /// <param name="customers">Whom to ask about; whoever is not there has nothing.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>Their names in order, each once. Those that a sweep has removed are not among them.</returns>
    /// <exception cref="UnreadableStateException">A later release wrote the state of one of the customers.</exception>
    public async ValueTask<Sequence<string>> FindUnregisteredModulesAsync(IReadOnlyList<CustomerRef> customers, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(customers);
        var snapshots = await kernel.LoadAllAsync(customers, cancellationToken).ConfigureAwait(false);
        return snapshots.SelectMany(kernel.Codec.Unregistered).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToSequence();
    }

    /// <summary>
    /// Disposes of journal entries that need not be kept any longer, one unit of work for each customer. An opening stands for what is gone: states, balances and the ledger are as before, and everything that happens later is decided as if
    /// the entries were there. An event that reaches back to them is recorded, counts now and on what is left, and its receipt has the line "reaches-disposed-history". Cancelled, stopped or killed, it goes on where it was.
    /// </summary>
    /// <remarks>
    /// Entries stay that a later amendment still takes from, and whatever does not verify: <see cref="DisposalRequest.Held"/>. Conditions that a module watches keep counting what is gone; one that is new counts from the opening on.
    /// Releases that do not know openings cannot read the customers concerned.
    /// </remarks>
    /// <exception cref="ArgumentException">The instant is still to come.</exception>
    /// <exception cref="InvalidOperationException">The store cannot list its customers, or does not implement <see cref="IJournalDisposal"/>.</exception>
    public ValueTask<DisposalReport> DisposeOfJournalAsync(DisposalRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        return new Disposing(kernel, ids, clock).RunAsync(request, cancellationToken);
    }

    /// <summary>
    /// The engine within a transaction of the host: what is recorded becomes durable with the host's transaction, and vanishes with it. Nothing is tried again, and no transaction is shared with others.
    /// Messages leave when the host has committed and a worker pumps the outbox.
    /// </summary>
    /// <param name="connection">An open connection to the database that the store is in.</param>
    /// <param name="transaction">The connection's transaction.</param>
    /// <returns>An engine for this transaction, to be used by one thread at a time until it ends. It throws a <see cref="TooManyConflictsException"/> where somebody else was faster with the customer: undo the transaction, and begin again.</returns>
    /// <exception cref="InvalidOperationException">The store does not implement <see cref="IHostTransactions"/>.</exception>
    public CrmEngine Within(DbConnection connection, DbTransaction transaction) => kernel.Store is IHostTransactions store
        ? new CrmEngine(this, store.Within(connection, transaction))
        : throw new InvalidOperationException($"The store {kernel.Store.GetType().Name} cannot write within a transaction of the host; implement {nameof(IHostTransactions)} on it.");

    /// <summary>
    /// The customers of whom a condition holds now, in the order of their ids; no module need have declared it. What is due is handled first. The store selects where it can answer exactly
    /// (<see cref="IAudienceQuery"/>), otherwise every customer is asked, which reads every history.
    /// </summary>
    /// <remarks>Fields of the profile are those of today; a condition that a module watches asks for those of the customer's latest event.</remarks>
    /// <exception cref="ArgumentException">Something is wrong with the condition; the message lists all of it.</exception>
    /// <exception cref="InvalidOperationException">The store can neither select customers nor list them.</exception>
    /// <exception cref="UnreadableStateException">A later release wrote the state of a customer who must be asked. Whom the store decides of needs no reading.</exception>
    public ValueTask<IReadOnlyList<CustomerId>> SelectAsync(Condition condition, CancellationToken cancellationToken = default) => SelectedAsync(condition, leavesOut: null, cancellationToken);

    /// <summary>The same, but for those who must be asked and whose state a later release wrote: they are neither selected nor an error.</summary>
    /// <param name="condition">The condition.</param>
    /// <param name="leavesOut">Is told of each of these.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="ArgumentException">Something is wrong with the condition; the message lists all of it.</exception>
    /// <exception cref="InvalidOperationException">The store can neither select customers nor list them.</exception>
    public ValueTask<IReadOnlyList<CustomerId>> SelectAsync(Condition condition, Action<UnreadableCustomer> leavesOut, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(leavesOut);
        return SelectedAsync(condition, leavesOut, cancellationToken);
    }

    private async ValueTask<IReadOnlyList<CustomerId>> SelectedAsync(Condition condition, Action<UnreadableCustomer>? leavesOut, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(condition);
        // Whoever cannot be brought forward stays due, and is asked where the condition is about what that changes.
        while (kernel.Store is IWakeups && (await dueRunner.RunAsync(DueAtOnce, goesOn: true, cancellationToken).ConfigureAwait(false)).Customers > 0)
        {
        }

        return await audience.SelectAsync(condition, clock.GetCurrentInstant(), leavesOut, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Asks the store how much waits, and sets the gauges "crm.outbox.depth", "crm.timers.due" and "crm.facts.stale". It throws what the store throws when it cannot be reached, or has tables of a later release.
    /// </summary>
    /// <returns>What waits; null when the store is there and does not tell (<see cref="IStoreStatus"/>).</returns>
    public async ValueTask<StoreStatus?> ReadStatusAsync(CancellationToken cancellationToken = default)
    {
        if (kernel.Store is not IStoreStatus store)
        {
            await kernel.Store.LoadAsync(CustomerRef.Of(ids.NewCustomerId()), cancellationToken).ConfigureAwait(false);
            return null;
        }

        var status = await store.ReadStatusAsync(clock.GetCurrentInstant(), cancellationToken).ConfigureAwait(false);
        CrmTelemetry.Waiting(status);
        return status;
    }

    /// <summary>Handles what is due. A worker calls it now and then; calling it late, or never, changes no state, only when messages leave.</summary>
    /// <param name="most">At most so many customers.</param>
    /// <param name="cancellationToken">Cancels between customers.</param>
    /// <exception cref="InvalidOperationException">The store does not implement <see cref="IWakeups"/>.</exception>
    public ValueTask<DueReport> RunDueAsync(int most = 1000, CancellationToken cancellationToken = default)
    {
        kernel.Recent.ForgetOld(clock.GetCurrentInstant());
        return dueRunner.RunAsync(most, goesOn: false, cancellationToken);
    }

    /// <summary>Lets messages and follow-ups leave, for half of <see cref="CrmOptions.LeaseFor"/> at the longest: <see cref="PumpReport.IsCutShort"/>. A worker calls it now and then.</summary>
    /// <param name="most">At most so many items.</param>
    /// <param name="cancellationToken">Cancels between items.</param>
    /// <exception cref="InvalidOperationException">The store does not implement <see cref="IOutbox"/>.</exception>
    public ValueTask<PumpReport> PumpAsync(int most = 1000, CancellationToken cancellationToken = default)
    {
        kernel.Recent.ForgetOld(clock.GetCurrentInstant());
        return pump?.RunAsync(most, cancellationToken) ?? throw new InvalidOperationException($"The store {kernel.Store.GetType().Name} has no outbox; implement {nameof(IOutbox)} on it.");
    }
}
