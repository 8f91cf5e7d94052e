using Crm.Conditions;
using Crm.Events;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Testing.Counterfeits;

/// <summary>Selects by reading everybody's journal, rightly unless it is told otherwise: who is ahead of the moment is answered as of then, purchases that were taken back whole are none, facts count until they run out.</summary>
internal sealed class AskedOneByOne : StoreDecorator, IAudienceQuery
{
    /// <summary>How much too late it asks.</summary>
    public Duration Late { get; init; }

    public bool ForgetsRefunds { get; init; }

    public bool ForgetsWhatRunsOut { get; init; }

    public bool ForgetsWhoIsAhead { get; init; }

    public bool NamesSomeTwice { get; init; }

    public bool AnswersWhatItRefuses { get; init; }

    public Sequence<ConditionError> Refusals(Condition condition, EventKinds kinds, ICustomerProfiles? profiles) =>
        Fields(condition).Any(field => field == "event.table") ? [new ConditionError("$", "No event has the field 'event.table'.")] : [];

    public async ValueTask<AudienceAnswer> SelectAsync(Condition condition, EventKinds kinds, ICustomerProfiles? profiles, Moment moment, CancellationToken cancellationToken)
    {
        if (!AnswersWhatItRefuses && !Refusals(condition, kinds, profiles).IsEmpty)
        {
            throw new ArgumentException("This was refused.", nameof(condition));
        }

        var facts = (await ReadFactsAsync(cancellationToken).ToListAsync(cancellationToken).ConfigureAwait(false)).ToLookup(pair => pair.Customer, pair => pair.Fact);
        var members = new List<CustomerId>();
        await foreach (var customer in ReadCustomersAsync(cancellationToken).ConfigureAwait(false))
        {
            var journal = await ReadJournalAsync(customer, 0, cancellationToken).ToListAsync(cancellationToken).ConfigureAwait(false);
            var taken = journal.Where(entry => entry.Event.Kind == EventKinds.RefundName && !ForgetsRefunds).Select(entry => entry.Event.Original).ToHashSet();
            var history = journal.Where(entry => entry.Event.Kind != EventKinds.RefundName && !taken.Contains(entry.Event.Key)).Select(entry => (entry.Event, entry.EffectiveAt)).ToList();
            var profile = (await LoadAsync(CustomerRef.Of(customer), cancellationToken).ConfigureAwait(false)).Profile;
            var latest = journal.Select(entry => entry.EffectiveAt).DefaultIfEmpty(moment.Instant).Max();
            var asked = latest > moment.Instant && !ForgetsWhoIsAhead ? moment with { Instant = latest } : moment;
            if (Evaluator.Evaluate(condition, new Known(asked, asked with { Instant = asked.Instant + Late }, history, [.. facts[customer]], profile, ForgetsWhatRunsOut)).Value)
            {
                members.Add(customer);
            }
        }

        members.Sort();
        return new AudienceAnswer((NamesSomeTwice ? members.Concat(members.Take(1)) : members).ToSequence(), []);
    }

    private static IEnumerable<string> Fields(Condition condition) => condition.Leaves().OfType<Condition.EventWindow>().SelectMany(leaf => leaf.Where?.Leaves() ?? []).OfType<Condition.Field>().Select(field => field.Name);

    private sealed class Known(Moment moment, Moment late, List<(CustomerEvent Event, Instant At)> history, Fact[] facts, Fields profile, bool forgetsWhatRunsOut) : IEvidence
    {
        public Moment Moment => moment;

        public Scalar Field(string name) => default;

        public bool Observed(Condition.Field leaf) => Evaluator.Passes(leaf.Is, Observed(leaf.Name[Evaluator.ProfileScope.Length..]), leaf.WhenMissing, moment.Instant).Value;

        public Scalar Observed(string field) => profile[field];

        public Scalar Fact(string name, out Instant? validUntil)
        {
            var fact = Array.Find(facts, one => one.Name == name);
            validUntil = fact.ValidUntil;
            return fact.ValidUntil <= moment.Instant && !forgetsWhatRunsOut ? default : fact.Value;
        }

        public Truth Window(Condition.EventWindow leaf) => HistoryWindows.Evaluate(leaf, history, late.Instant);
    }
}
