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
        return await ReadAsync(snapshot, question, cancellationToken).ConfigureAwait(false);
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
    public async IAsyncEnumerable<CustomerView> ReadAllAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var some in kernel.ReadCustomersAsync(null, AtOnce, cancellationToken).ConfigureAwait(false))
        {
            foreach (var snapshot in await kernel.LoadAllAsync([.. some.Select(CustomerRef.Of)], cancellationToken).ConfigureAwait(false))
            {
                if (snapshot.Customer is not null)
                {
                    yield return await kernel.ViewAsync(snapshot, null, ids, clock.GetCurrentInstant(), cancellationToken).ConfigureAwait(false);
                }
            }
        }
    }

    /// <summary>Every customer of whom something was known.</summary>
    public async IAsyncEnumerable<PastView> ReadAllAsync(PastQuestion question, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var some in kernel.ReadCustomersAsync(null, AtOnce, cancellationToken).ConfigureAwait(false))
        {
            foreach (var snapshot in await kernel.LoadAllAsync([.. some.Select(CustomerRef.Of)], cancellationToken).ConfigureAwait(false))
            {
                if (await ReadAsync(snapshot, question, cancellationToken).ConfigureAwait(false) is { } view)
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
        var views = new List<CustomerView>(page.Count);
        foreach (var snapshot in page)
        {
            views.Add(await kernel.ViewAsync(snapshot, null, ids, clock.GetCurrentInstant(), cancellationToken).ConfigureAwait(false));
        }

        return new CustomerPage(views.ToSequence(), next);
    }

    /// <summary>A page of customers as of an instant.</summary>
    public async ValueTask<PastPage> ReadPageAsync(CustomerPageRequest request, PastQuestion question, CancellationToken cancellationToken)
    {
        var (page, next) = await LoadPageAsync(request, cancellationToken).ConfigureAwait(false);
        var views = new List<PastView>(page.Count);
        foreach (var snapshot in page)
        {
            if (await ReadAsync(snapshot, question, cancellationToken).ConfigureAwait(false) is { } view)
            {
                views.Add(view);
            }
        }

        return new PastPage(views.ToSequence(), next);
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

    private async ValueTask<PastView?> ReadAsync(CustomerSnapshot snapshot, PastQuestion question, CancellationToken cancellationToken)
    {
        if (snapshot.Customer is not { } customer)
        {
            return null;
        }

        var history = await kernel.Store.LoadWholeAsync(customer, cancellationToken).ConfigureAwait(false);
        var opening = history.Opening;
        if (opening is not null && (question.At < opening.At || question.HappenedUntil < opening.At || question.KnownAt < opening.RecordedAt))
        {
            if (!question.RefusesDisposed)
            {
                question.LeavesOut?.Invoke(customer);
                return null;
            }

            throw new ArgumentException($"Of the customer {customer} events up to {opening.At} have been disposed of, so nothing can be said of {question.At}{(question.KnownAt is { } knownAt ? $" as it was known at {knownAt}" : "")}; a later instant is expected.", nameof(question));
        }

        var drafts = Reached(
            [.. JournalDraft.Of(history, kernel.Modules, kernel.Codec).Where(draft => !(draft.RecordedAt > question.KnownAt) && !(question.WithoutLaterAmendments && draft.EffectiveAt > (question.HappenedUntil ?? question.At)))],
            static draft => draft);
        var inputs = Reached([.. EffectiveHistory.Of(drafts).Inputs.Where(input => input.Entry.EffectiveAt <= question.At && !(input.Entry.EffectiveAt > question.HappenedUntil))], static input => input.Entry);
        if (opening is null && !inputs.Exists(input => input.Event is not null))
        {
            return null;
        }

        var now = clock.GetCurrentInstant();
        var isCurrent = inputs.Count == history.All().Count(one => one.Entry.Receipt.Accepted);
        var decision = await Decision.BeginAsync(kernel, snapshot, ids, cancellationToken).ConfigureAwait(false);
        var state = decision.State;
        if (isCurrent && !(state.Handled > question.At))
        {
            decision.BringForward(question.At);
        }
        else
        {
            state = decision.Replayed(opening, inputs, question.At);
        }

        var profile = await kernel.ProfileAsync(customer, null, snapshot.Profile, cancellationToken).ConfigureAwait(false);
        var moment = new Moment(question.At, kernel.Options.Zone) { Calendars = kernel.Options.Calendars };
        return new PastView(
            new CustomerView(kernel.Modules, state, customer, snapshot.Version, moment, profile),
            kernel.Modules,
            state,
            inputs.Where(input => input.Entry.Kind.Name != Events.EventKinds.RetiredName).Select(input => new HistoricEvent(input.Entry.Key, input.Event, input.Entry.EffectiveAt, input.Entry.RecordedAt) { IsBackfill = input.Entry.Backfill, IsAmendment = input.Entry.Kind.Nature == Events.EventNature.Amendment }).ToSequence(),
            CountedHistory.DisposedUntil(history),
            question.KnownAt is null && (question.IsNow || (isCurrent && question.At >= now)));
    }

    // Before a merge its two customers were two: what was joined counts where the merge does.
    private static List<T> Reached<T>(List<T> all, Func<T, JournalDraft> draftOf)
    {
        var joined = new HashSet<CustomerId>();
        while (all.Exists(one => draftOf(one) is { Joins: { } joins } draft && (draft.InJournalOf is not { } of || joined.Contains(of)) && joined.Add(joins.Customer)))
        {
        }

        return all.FindAll(one => draftOf(one).InJournalOf is not { } of || joined.Contains(of));
    }
}
