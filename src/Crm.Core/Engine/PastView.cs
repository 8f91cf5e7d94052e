using Crm.Conditions;
using Crm.Events;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>
/// A customer as of an instant, with the whole history up to it: every condition can be asked of it, whether or not a module watches it. What was read from outside the journal is what was observed with
/// the events; a test of the profile that nobody observed is answered from today's profile where the question is of now (<see cref="PastQuestion.IsNow"/>), and refused for the past, whose profile is not known.
/// </summary>
public sealed class PastView : IEvidence
{
    private readonly CustomerView customer;
    private readonly ModuleSet modules;
    private readonly CustomerState state;
    private readonly bool isNow;
    private readonly CountedHistory counted;

    internal PastView(CustomerView customer, ModuleSet modules, CustomerState state, Sequence<HistoricEvent> history, Instant? disposedUntil, bool isNow)
    {
        this.customer = customer;
        this.modules = modules;
        this.state = state;
        this.isNow = isNow;
        History = history;
        DisposedUntil = disposedUntil;
        counted = new CountedHistory(modules, state.Observed, disposedUntil, [.. history.Where(entry => entry.Event is not null).Select(entry => (entry.Event!, entry.EffectiveAt))]);
    }

    /// <summary>Facts and states of modules, as of the instant.</summary>
    public CustomerView Customer => customer;

    /// <summary>The entries up to the instant, in the order in which they count, each with what is left of its event.</summary>
    public Sequence<HistoricEvent> History { get; }

    /// <summary>Up to when events have been disposed of (<see cref="CrmEngine.DisposeOfJournalAsync"/>) and are not in <see cref="History"/>; null: they are all there.</summary>
    public Instant? DisposedUntil { get; }

    /// <summary>Into whom the customer has been merged since the instant: this is how the customer was before, without a profile, which is the other's now. Null: the customer has not been merged.</summary>
    public CustomerId? MergedInto { get; init; }

    /// <summary>When something is next due for the customer, if nothing happens: before it, no fact changes. Null: nothing is.</summary>
    public Instant? NextDue => state.NextDue;

    /// <inheritdoc/>
    public Moment Moment => customer.Moment;

    /// <summary>The parts of a condition that cannot be answered of this customer, each with its path and why; none when the whole can.</summary>
    public Sequence<ConditionError> Refusals(Condition condition)
    {
        ArgumentNullException.ThrowIfNull(condition);
        return condition.LeavesWithPaths()
            .Where(one => one.Leaf is Condition.Field { Name: var name } leaf && name.StartsWith(Evaluator.ProfileScope, StringComparison.Ordinal) && !Knows(leaf))
            .Select(one => new ConditionError(one.Path, $"'{((Condition.Field)one.Leaf).Name}' was not observed up to {Moment.Instant}: no module had this test then, and the profile of that time is not kept. A condition that a module watches is observed with every event."))
            .Concat(condition.LeavesWithPaths().SelectMany(one => one.Leaf.ZoneFields().Where(field => !isNow && !modules.Observes(field))
                .Select(field => new ConditionError(one.Path, $"'{Evaluator.ProfileScope}{field}' was not observed up to {Moment.Instant}, so the customer's zone of that time is not known. A condition that a module watches is observed with every event."))))
            .Concat(counted.Refusals(condition, Moment.Instant))
            .ToSequence();
    }

    /// <summary>What a measure over events amounts to; missing where it has no value.</summary>
    /// <exception cref="InvalidOperationException">Events that it may count have been disposed of, and no module had them counted; <see cref="Refusals"/> says so beforehand.</exception>
    public Scalar Measure(Condition.EventWindow leaf) => counted.Measure(leaf.Meant(this), Moment.Instant);

    /// <summary>The value of a profile field that a leaf tests, where it is known; personal. Missing where it is not known, or only the answer of the test was observed.</summary>
    public Scalar ProfileValue(Condition.Field leaf)
    {
        ArgumentNullException.ThrowIfNull(leaf);
        var field = leaf.Name.StartsWith(Evaluator.ProfileScope, StringComparison.Ordinal) ? leaf.Name[Evaluator.ProfileScope.Length..] : "";
        return isNow ? customer.Profile[field] : modules.Observes(field) ? state.ObservedValue(modules, field) : default;
    }

    /// <summary>The events that a measure counts, or that make up its sequences, oldest first; of what was disposed of none.</summary>
    public IEnumerable<CustomerEvent> EventsOf(Condition.EventWindow leaf) => counted.EventsOf(leaf.Meant(this), Moment.Instant);

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">Events that it may count have been disposed of, and no module had them counted; <see cref="Refusals"/> says so beforehand.</exception>
    public Truth Window(Condition.EventWindow leaf) => counted.Answer(leaf.Meant(this), Moment.Instant);

    /// <summary>Missing: no event is being handled.</summary>
    public Scalar Field(string name) => default;

    /// <inheritdoc/>
    public Scalar Fact(string name, out Instant? validUntil) => customer.Fact(name, out validUntil);

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">It was not observed then; <see cref="Refusals"/> says so beforehand.</exception>
    public bool Observed(Condition.Field leaf)
    {
        ArgumentNullException.ThrowIfNull(leaf);
        var field = leaf.Name[Evaluator.ProfileScope.Length..];
        return isNow ? leaf.Is.Holds(customer.Profile[field], leaf.WhenMissing)
            : TruthOf(leaf) ?? (modules.Observes(field) ? leaf.Is.Holds(state.ObservedValue(modules, field), leaf.WhenMissing) : throw Unknown(leaf.Name));
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">It was not observed then; <see cref="Refusals"/> says so beforehand.</exception>
    public Scalar Observed(string field) => isNow ? customer.Profile[field]
        : modules.Observes(field) ? state.ObservedValue(modules, field) : throw Unknown(Evaluator.ProfileScope + field);

    private bool Knows(Condition.Field leaf) => isNow || modules.Observes(leaf.Name[Evaluator.ProfileScope.Length..]) || (!leaf.Is.IsTimed() && TruthOf(leaf) is not null);

    private bool? TruthOf(Condition.Field leaf) => modules.ProfileLeaves.Any(known => known.Leaf == leaf) ? state.ProfileTruths[modules.Windows.IndexOf(leaf)] : null;

    private InvalidOperationException Unknown(string field) => new($"'{field}' was not observed up to {Moment.Instant}, and the profile of that time is not kept; ask for the refusals of a condition before it is evaluated.");
}

/// <summary>An entry of a history, with what later amendments have left of its event.</summary>
/// <param name="Key">The event's key.</param>
/// <param name="Event">What is left of it; null where it was taken back wholly.</param>
/// <param name="EffectiveAt">When it counts.</param>
/// <param name="RecordedAt">When it was recorded.</param>
public sealed record HistoricEvent(EventKey Key, CustomerEvent? Event, Instant EffectiveAt, Instant RecordedAt)
{
    /// <summary>Whether it was recorded as history, of which nobody was told.</summary>
    public bool IsBackfill { get; init; }

    /// <summary>Whether it takes something back.</summary>
    public bool IsAmendment { get; init; }
}
