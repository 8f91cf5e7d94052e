using Crm.Conditions;
using Crm.Events;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>Selects customers by a condition that no module need have declared: by the store where it can, otherwise one customer after the other.</summary>
internal sealed class Audience(Kernel kernel, IIdSource ids)
{
    private const int AtOnce = 256;

    /// <summary>The customers of whom a condition holds, in the order of their ids.</summary>
    /// <param name="condition">The condition.</param>
    /// <param name="now">As of when.</param>
    /// <param name="leavesOut">Is told of who must be asked, and whose state a later release wrote; null: that is an error.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async ValueTask<IReadOnlyList<CustomerId>> SelectAsync(Condition condition, Instant now, Action<UnreadableCustomer>? leavesOut, CancellationToken cancellationToken)
    {
        var errors = ConditionCheck.Check(condition, kernel.Modules.Kinds, kernel.Options.Calendars);
        if (!errors.IsEmpty)
        {
            throw new ArgumentException(string.Join(Environment.NewLine, errors), nameof(condition));
        }

        if (await ByStoreAsync(kernel, condition, now, cancellationToken).ConfigureAwait(false) is { } answer)
        {
            return answer.Undecided.IsEmpty ? answer.Members : [.. answer.Members.Concat(await AskedAsync(condition, answer.Undecided, now, leavesOut, cancellationToken).ConfigureAwait(false)).Order()];
        }

        var scan = kernel.Store as IJournalScan
            ?? throw new InvalidOperationException($"The store {kernel.Store.GetType().Name} can neither select customers nor list them; implement {nameof(IAudienceQuery)} or {nameof(IJournalScan)} on it.");
        var all = new List<CustomerId>();
        await foreach (var customer in scan.ReadCustomersAsync(cancellationToken).ConfigureAwait(false))
        {
            all.Add(customer);
        }

        return [.. (await AskedAsync(condition, all, now, leavesOut, cancellationToken).ConfigureAwait(false)).Order()];
    }

    /// <summary>The answer of the store by itself; null where it cannot tell.</summary>
    /// <param name="kernel">The store and what there is.</param>
    /// <param name="condition">Without errors.</param>
    /// <param name="now">As of when.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public static async ValueTask<AudienceAnswer?> ByStoreAsync(Kernel kernel, Condition condition, Instant now, CancellationToken cancellationToken)
    {
        var kinds = kernel.Modules.Kinds;
        return kernel.Store is IAudienceQuery query and IWakeups && AsksForRows(kernel, condition) && query.Refusals(condition, kinds, kernel.Profiles).IsEmpty
            ? await query.SelectAsync(condition, kinds, kernel.Profiles, new Moment(now, kernel.Options.Zone) { Calendars = kernel.Options.Calendars }, cancellationToken).ConfigureAwait(false)
            : null;
    }

    // A fact that audiences cannot be selected by has no row in the store: to ask there would find nobody, and by "not" everybody.
    private static bool AsksForRows(Kernel kernel, Condition condition) => condition.Leaves().OfType<Condition.Fact>().All(fact => kernel.Modules.OwnerOf(fact.Name) is not { Declaration.Queryable: false });

    private async ValueTask<List<CustomerId>> AskedAsync(Condition condition, IReadOnlyList<CustomerId> customers, Instant now, Action<UnreadableCustomer>? leavesOut, CancellationToken cancellationToken)
    {
        var members = new List<CustomerId>();
        foreach (var some in customers.Chunk(AtOnce))
        {
            foreach (var (asked, snapshot) in some.Zip(await kernel.LoadAllAsync([.. some.Select(CustomerRef.Of)], cancellationToken).ConfigureAwait(false)))
            {
                // Whose id leads to somebody else is asked about as that one.
                try
                {
                    if (snapshot.Customer is { } customer && customer == asked && await HoldsAsync(condition, customer, snapshot, now, cancellationToken).ConfigureAwait(false))
                    {
                        members.Add(customer);
                    }
                }
                catch (UnreadableStateException fault) when (leavesOut is not null)
                {
                    leavesOut(new UnreadableCustomer(asked, fault));
                }
            }
        }

        return members;
    }

    private async ValueTask<bool> HoldsAsync(Condition condition, CustomerId customer, CustomerSnapshot snapshot, Instant now, CancellationToken cancellationToken)
    {
        var view = await kernel.ViewAsync(snapshot, null, ids, now, cancellationToken).ConfigureAwait(false);
        var history = await kernel.Store.LoadWholeAsync(customer, cancellationToken).ConfigureAwait(false);
        var left = EffectiveHistory.Of([.. JournalDraft.Of(history, kernel.Modules, kernel.Codec)]).Inputs
            .Where(input => input.Event is not null && input.Entry.Kind.Name != EventKinds.RetiredName)
            .Select(input => (input.Event!, input.Entry.EffectiveAt))
            .ToList();
        var counted = new CountedHistory(kernel.Modules, view.Counts, CountedHistory.DisposedUntil(history), left);
        var refusals = counted.Refusals(condition, view.Moment.Instant).ToSequence();
        return refusals.IsEmpty ? Evaluator.Evaluate(condition, new WholeHistory(view, counted)).Value : throw new ArgumentException(string.Join(Environment.NewLine, refusals), nameof(condition));
    }

    /// <summary>A customer with the whole history: what a condition means, without anything kept for it. Profile fields are those of today.</summary>
    private sealed class WholeHistory(CustomerView view, CountedHistory history) : IEvidence
    {
        public Moment Moment => view.Moment;

        public Scalar Field(string name) => default;

        public bool Observed(Condition.Field leaf) => leaf.Is.Holds(Observed(leaf.Name[Evaluator.ProfileScope.Length..]), leaf.WhenMissing);

        public Scalar Observed(string field) => view.Profile[field];

        public Scalar Fact(string name, out Instant? validUntil) => view.Fact(name, out validUntil);

        public Truth Window(Condition.EventWindow leaf) => history.Answer(leaf, view.Moment.Instant);
    }
}
