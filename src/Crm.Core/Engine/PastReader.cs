using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>
/// Reads customers as of an instant. Where nothing has been handled or recorded since, the stored state is brought forward; otherwise the journal up to then is decided again, from what was observed with it.
/// </summary>
internal sealed class PastReader(Kernel kernel, IIdSource ids, IClock clock)
{
    private const int AtOnce = 256;

    /// <summary>The customer; null when nobody has the reference, or nothing of the customer was known.</summary>
    public async ValueTask<PastView?> ReadAsync(CustomerRef customer, PastQuestion question, CancellationToken cancellationToken)
    {
        var snapshot = await kernel.Store.LoadAsync(customer with { Recording = null }, cancellationToken).ConfigureAwait(false);
        return (await ReadThoseAsync(snapshot, question, customer, cancellationToken).ConfigureAwait(false)).SingleOrDefault();
    }

    /// <summary>The ids of all customers.</summary>
    public async IAsyncEnumerable<CustomerId> ReadCustomersAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var some in kernel.ReadCustomersAsync(null, AtOnce, cancellationToken).ConfigureAwait(false))
        {
            foreach (var customer in some)
            {
                yield return customer;
            }
        }
    }

    /// <summary>Every customer as of now, without history.</summary>
    /// <param name="leavesOut">Is told of whom a later release wrote the state; null: that is an error.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async IAsyncEnumerable<CustomerView> ReadAllAsync(Action<UnreadableCustomer>? leavesOut, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var some in kernel.ReadCustomersAsync(null, AtOnce, cancellationToken).ConfigureAwait(false))
        {
            foreach (var snapshot in await kernel.LoadAllAsync([.. some.Select(CustomerRef.Of)], cancellationToken).ConfigureAwait(false))
            {
                if (snapshot.Customer is not null && await ViewAsync(snapshot, leavesOut, cancellationToken).ConfigureAwait(false) is { } view)
                {
                    yield return view;
                }
            }
        }
    }

    /// <summary>Every customer of whom something was known, with those who have been merged into others since.</summary>
    public async IAsyncEnumerable<PastView> ReadAllAsync(PastQuestion question, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var some in kernel.ReadCustomersAsync(null, AtOnce, cancellationToken).ConfigureAwait(false))
        {
            foreach (var snapshot in await kernel.LoadAllAsync([.. some.Select(CustomerRef.Of)], cancellationToken).ConfigureAwait(false))
            {
                foreach (var view in await ReadThoseAsync(snapshot, question, question.LeavesOutUnreadable, cancellationToken).ConfigureAwait(false))
                {
                    yield return view;
                }
            }
        }
    }

    /// <summary>A page of customers as of now.</summary>
    public async ValueTask<CustomerPage> ReadPageAsync(CustomerPageRequest request, CancellationToken cancellationToken)
    {
        var (page, next) = await LoadPageAsync(request, cancellationToken).ConfigureAwait(false);
        var (views, unreadable) = (new List<CustomerView>(page.Count), new List<UnreadableCustomer>());
        foreach (var snapshot in page)
        {
            if (await ViewAsync(snapshot, unreadable.Add, cancellationToken).ConfigureAwait(false) is { } view)
            {
                views.Add(view);
            }
        }

        return new CustomerPage(views.ToSequence(), next) { Unreadable = unreadable.ToSequence() };
    }

    /// <summary>A page of customers as of an instant, each with those who have been merged into the customer since.</summary>
    public async ValueTask<PastPage> ReadPageAsync(CustomerPageRequest request, PastQuestion question, CancellationToken cancellationToken)
    {
        var (page, next) = await LoadPageAsync(request, cancellationToken).ConfigureAwait(false);
        var (views, unreadable) = (new List<PastView>(page.Count), new List<UnreadableCustomer>());
        foreach (var snapshot in page)
        {
            views.AddRange(await ReadThoseAsync(snapshot, question, unreadable.Add, cancellationToken).ConfigureAwait(false));
        }

        return new PastPage(views.ToSequence(), next) { Unreadable = unreadable.ToSequence() };
    }

    private async ValueTask<CustomerView?> ViewAsync(CustomerSnapshot snapshot, Action<UnreadableCustomer>? leavesOut, CancellationToken cancellationToken)
    {
        try
        {
            return await kernel.ViewAsync(snapshot, null, ids, clock.GetCurrentInstant(), cancellationToken).ConfigureAwait(false);
        }
        catch (UnreadableStateException fault) when (leavesOut is not null && snapshot.Customer is { } customer)
        {
            leavesOut(new UnreadableCustomer(customer, fault));
            return null;
        }
    }

    private async ValueTask<List<PastView>> ReadThoseAsync(CustomerSnapshot snapshot, PastQuestion question, Action<UnreadableCustomer>? leavesOut, CancellationToken cancellationToken)
    {
        try
        {
            return await ReadThoseAsync(snapshot, question, (CustomerRef?)null, cancellationToken).ConfigureAwait(false);
        }
        catch (UnreadableStateException fault) when (leavesOut is not null && snapshot.Customer is { } customer)
        {
            leavesOut(new UnreadableCustomer(customer, fault));
            return [];
        }
    }

    // One more than is wanted tells whether there is another page.
    private async ValueTask<(IReadOnlyList<CustomerSnapshot> Page, CustomerId? Next)> LoadPageAsync(CustomerPageRequest request, CancellationToken cancellationToken)
    {
        request.Check();
        if (kernel.Store is not ICustomerPages pages)
        {
            return await LoadListedAsync(request, cancellationToken).ConfigureAwait(false);
        }

        var loaded = await pages.LoadPageAsync(request.After, request.Most + 1, cancellationToken).ConfigureAwait(false);
        return loaded.Count > request.Most ? ([.. loaded.Take(request.Most)], loaded[request.Most - 1].Customer) : (loaded, null);
    }

    // Whoever is merged into somebody else between the listing and the load is on that one's page.
    private async ValueTask<(IReadOnlyList<CustomerSnapshot> Page, CustomerId? Next)> LoadListedAsync(CustomerPageRequest request, CancellationToken cancellationToken)
    {
        await foreach (var some in kernel.ReadCustomersAsync(request.After, request.Most + 1, cancellationToken).ConfigureAwait(false))
        {
            var listed = some.Take(request.Most).ToList();
            var loaded = await kernel.LoadAllAsync([.. listed.Select(CustomerRef.Of)], cancellationToken).ConfigureAwait(false);
            return ([.. loaded.Where((snapshot, place) => snapshot.Customer == listed[place])], some.Length > request.Most ? listed[^1] : null);
        }

        return ([], null);
    }

    // The customer, if anything was known, and all who have been merged into the customer since: before a merge its two customers were two. As of now they are one, also where the merge counts a little later.
    // Of one who is asked for by a reference, that one alone: the survivor, or who was merged since.
    private async ValueTask<List<PastView>> ReadThoseAsync(CustomerSnapshot snapshot, PastQuestion question, CustomerRef? asked, CancellationToken cancellationToken)
    {
        if (snapshot.Customer is not { } customer)
        {
            return [];
        }

        var history = await kernel.Store.LoadWholeAsync(customer, cancellationToken).ConfigureAwait(false);
        var decidedBy = kernel.Codec.Decode(snapshot.Slots, snapshot.Version).DecidedBy;
        var all = await AwardRecords.RecallAsync(kernel, customer, decidedBy, [.. JournalDraft.Of(history, kernel.Modules, kernel.Codec)], () => ValueTask.FromResult(history), cancellationToken).ConfigureAwait(false);
        var known = all.FindAll(draft => !(draft.RecordedAt > question.KnownAt) && !(question.WithoutLaterAmendments && draft.EffectiveAt > (question.HappenedUntil ?? question.At)));
        List<ApartHistory> apart = question.IsNow ? [] : [.. Joined(history).Select(joined => new ApartHistory(joined, InputsOf(joined.Customer, known, question))).Where(one => one.IsApart)];
        var meant = asked is null ? null : apart.Find(one => one.Joined.Customer == asked.Id);
        var views = new List<PastView>();
        if (meant is null && await ReadAsync(snapshot, customer, history, all, known, question, cancellationToken).ConfigureAwait(false) is { } view)
        {
            views.Add(view);
        }

        if (apart.Count > 0 && (asked is null || meant is not null))
        {
            var decision = await Decision.BeginAsync(kernel, snapshot, ids, cancellationToken).ConfigureAwait(false);
            views.AddRange((meant is null ? apart : [meant]).Select(one => ReadApart(decision, customer, one, all, question)).OfType<PastView>());
        }

        return views;
    }

    private static IEnumerable<JoinedHistory> Joined(CustomerHistory history) => history.Joined.SelectMany(joined => Joined(joined.History).Prepend(joined));

    private async ValueTask<PastView?> ReadAsync(CustomerSnapshot snapshot, CustomerId customer, CustomerHistory history, List<JournalDraft> all, List<JournalDraft> known, PastQuestion question, CancellationToken cancellationToken)
    {
        var opening = history.Opening;
        if (IsDisposedOf(customer, opening, question))
        {
            return null;
        }

        var inputs = Reached(Inputs(Reached(known, null, static draft => draft), question), null, static input => input.Entry);
        if (opening is null && !inputs.Exists(input => input.Event is not null))
        {
            return null;
        }

        var now = clock.GetCurrentInstant();
        var isCurrent = inputs.Count == history.All().Count(one => one.Entry.Receipt.Accepted);
        var decision = await Decision.BeginAsync(kernel, snapshot, ids, cancellationToken).ConfigureAwait(false);
        var isStored = isCurrent && !(decision.State.Handled > question.At);
        if (isStored)
        {
            decision.BringForward(question.At);
        }

        var (state, ledger) = isStored ? (decision.State, null) : Redecide(decision, customer, history, inputs, () => decision.Replayed(opening, inputs, question.At, After(all, null, question), all, known), question);
        var profile = await kernel.ProfileAsync(customer, null, snapshot.Profile, cancellationToken).ConfigureAwait(false);
        var view = new CustomerView(kernel.Modules, state, customer, snapshot.Version, MomentOf(question), profile)
        {
            Unwritten = isStored ? decision.Unwritten : null,
            Redecided = ledger,
        };
        return new PastView(view, kernel.Modules, state, Told(inputs), CountedHistory.DisposedUntil(history), question.KnownAt is null && (question.IsNow || (isCurrent && question.At >= now)));
    }

    // What irrevocable modules have done depends on when things were recorded, and so does by which movements a ledger came to what it is: a history that was not recorded in the order in which it counts is decided again as it was.
    // A state that others have become part of is decided in the order in which things count.
    private (CustomerState State, RedecidedLedger? Ledger) Redecide(Decision decision, CustomerId customer, CustomerHistory history, List<JournalInput> inputs, Func<Replayed> replay, PastQuestion question)
    {
        var isAlone = history.Joined.IsEmpty;
        var journal = question.WithLedger || (isAlone && !kernel.Modules.IsAllReversible) ? AsRecorded(history, isAlone, decision.State, question) : null;
        var isInOrder = journal is null || !RecordedReplay.IsNeeded(journal);
        if (journal is null || (isInOrder && (!question.WithLedger || kernel.Modules.IsAllReversible)))
        {
            var (replayed, consequences, _, _) = replay();
            return (replayed, question.WithLedger && journal is not null ? new RedecidedLedger([customer], consequences.Entries.ToSequence()) : null);
        }

        var (recorded, ledger) = Redecide(decision, customer, journal, isAlone ? null : OpenedPast.Openings(inputs), question);
        return (isAlone && !isInOrder && !kernel.Modules.IsAllReversible ? recorded : replay().State, ledger);
    }

    private static (CustomerState State, RedecidedLedger? Ledger) Redecide(Decision decision, CustomerId customer, RecordedJournal journal, IReadOnlyList<JournalDraft>? openings, PastQuestion question)
    {
        var all = new Consequences();
        var state = decision.ReplayedAsRecorded(customer, journal, openings, question.At, all);
        return (state, question.WithLedger ? new RedecidedLedger([customer, .. journal.Customers], all.Entries.ToSequence()) : null);
    }

    // A journal in the order in which it was recorded. Null where something that happened later is to be taken for never having been, and for histories that do not begin with their customers.
    private RecordedJournal? AsRecorded(CustomerHistory history, bool isAlone, CustomerState stored, PastQuestion question)
    {
        if (!BeginsWithItsCustomers(history) || stored.Since.Any(since => since > 0))
        {
            return null;
        }

        var journal = RecordedJournal.Of(history, kernel.Modules, kernel.Codec);
        return question.WithoutLaterAmendments || (isAlone && !journal.IsAmendedAfter(question)) ? journal.At(question) : null;
    }

    private static bool BeginsWithItsCustomers(CustomerHistory history) => history.Opening is null && history.Joined.All(joined => BeginsWithItsCustomers(joined.History));

    // What counts in the journal that somebody's belongs to, by the merges that are known.
    private static List<JournalInput> InputsOf(CustomerId customer, List<JournalDraft> known, PastQuestion question) => Inputs(Reached(known, OwnerOf(known, customer), static draft => draft), question);

    // Somebody who has been merged since, by their own journal; null where nothing was known of them.
    private PastView? ReadApart(Decision decision, CustomerId survivor, ApartHistory apart, List<JournalDraft> all, PastQuestion question)
    {
        var (joined, inputs) = apart;
        var customer = joined.Customer;
        var own = Reached(inputs, customer, static input => input.Entry);
        if (IsDisposedOf(customer, joined.History.Opening, question)
            || (joined.History.Opening is null && !own.Exists(input => input.Event is not null))
            || all.Find(draft => draft.Joins?.Customer == customer) is not { } merge)
        {
            return null;
        }

        var state = decision.ReplayedApart(merge, own, [.. inputs.Where(input => input.Entry.InJournalOf == merge.InJournalOf)], question.At, After(all, customer, question));
        var journal = question.WithLedger ? AsRecorded(joined.History, isAlone: false, decision.State, question) : null;
        var view = new CustomerView(kernel.Modules, state, customer, own.Count > 0 ? own[^1].Entry.Version : 0, MomentOf(question), default) { Redecided = journal is null ? null : Redecide(decision, customer, journal, OpenedPast.Openings(own), question).Ledger };
        return new PastView(view, kernel.Modules, state, Told(own), CountedHistory.DisposedUntil(joined.History), isNow: false) { MergedInto = survivor };
    }

    // Whether what is asked needs events that have been disposed of; whoever asks wants to hear of it, one way or the other.
    private static bool IsDisposedOf(CustomerId customer, JournalOpening? opening, PastQuestion question)
    {
        if (opening is null || !(question.At < opening.At || question.HappenedUntil < opening.At || question.KnownAt < opening.RecordedAt))
        {
            return false;
        }

        if (question.RefusesDisposed)
        {
            throw new ArgumentException($"Of the customer {customer} events up to {opening.At} have been disposed of, so nothing can be said of {question.At}{(question.KnownAt is { } knownAt ? $" as it was known at {knownAt}" : "")}; a later instant is expected.", nameof(question));
        }

        question.LeavesOut?.Invoke(customer);
        return true;
    }

    private Moment MomentOf(PastQuestion question) => new(question.At, kernel.Options.Zone) { Calendars = kernel.Options.Calendars };

    private static List<JournalInput> Inputs(List<JournalDraft> drafts, PastQuestion question) =>
        [.. EffectiveHistory.Of(drafts).Inputs.Where(input => input.Entry.EffectiveAt <= question.At && !(input.Entry.EffectiveAt > question.HappenedUntil))];

    // What fell due before the instant may have been decided with an entry that counts later, and knows what short supplies had for it.
    private static List<JournalDraft> After(List<JournalDraft> all, CustomerId? owner, PastQuestion question) =>
        all.FindAll(draft => draft.InJournalOf == owner && !(draft.RecordedAt > question.KnownAt) && (draft.EffectiveAt > question.At || draft.EffectiveAt > question.HappenedUntil));

    private static Sequence<HistoricEvent> Told(List<JournalInput> inputs) => inputs.Where(input => input.Entry.Kind.Name != Events.EventKinds.RetiredName)
        .Select(input => new HistoricEvent(input.Entry.Key, input.Event, input.Entry.EffectiveAt, input.Entry.RecordedAt) { IsBackfill = input.Entry.Backfill, IsAmendment = input.Entry.Kind.Nature == Events.EventNature.Amendment })
        .ToSequence();

    // In whose journal, with those that it has joined, the journal of somebody is, by the merges that are known; null: in that of the survivor of all.
    private static CustomerId? OwnerOf(List<JournalDraft> known, CustomerId customer)
    {
        CustomerId? owner = customer;
        while (owner is { } one && known.Find(draft => draft.Joins?.Customer == one) is { } merge)
        {
            owner = merge.InJournalOf;
        }

        return owner;
    }

    // Before a merge its two customers were two: what was joined counts where the merge does.
    private static List<T> Reached<T>(List<T> all, CustomerId? owner, Func<T, JournalDraft> draftOf)
    {
        var joined = new HashSet<CustomerId>();
        while (all.Exists(one => draftOf(one) is { Joins: { } joins } draft && IsOf(draft) && joined.Add(joins.Customer)))
        {
        }

        return all.FindAll(one => IsOf(draftOf(one)));

        bool IsOf(JournalDraft draft) => draft.InJournalOf == owner || (draft.InJournalOf is { } of && joined.Contains(of));
    }

    /// <summary>The journal of somebody who has been merged, with what counts in the one that it belongs to.</summary>
    private sealed record ApartHistory(JoinedHistory Joined, List<JournalInput> Inputs)
    {
        /// <summary>Whether the merge does not count yet.</summary>
        public bool IsApart => !Inputs.Exists(input => input.Entry.Joins?.Customer == Joined.Customer);
    }
}
