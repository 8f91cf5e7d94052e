using Crm.Conditions;
using Crm.Events;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>
/// Measures over the history of a customer. Where its beginning has been disposed of, a measure that reaches back to that is answered by what was counted for a module while the events were there; where no module had it counted it
/// cannot be answered, and is refused.
/// </summary>
/// <param name="modules">Which measures are counted for modules.</param>
/// <param name="observed">What was counted.</param>
/// <param name="disposedUntil">Up to when events have been disposed of; null: they are all there.</param>
/// <param name="left">The events that are there.</param>
internal sealed class CountedHistory(ModuleSet modules, Observed observed, Instant? disposedUntil, IReadOnlyList<(CustomerEvent Event, Instant At)> left)
{
    /// <summary>Up to when events of a history, or of one that was joined to it, have been disposed of; null: they are all there.</summary>
    public static Instant? DisposedUntil(CustomerHistory history) => history.Joined.Select(joined => DisposedUntil(joined.History)).Append(history.Opening?.At).Max();

    public Truth Answer(Condition.EventWindow leaf, Instant now) => IsThere(leaf, now) ? HistoryWindows.Evaluate(leaf, left, now) : Counted(leaf).Answer(leaf, now);

    public Scalar Measure(Condition.EventWindow leaf, Instant now) => IsThere(leaf, now) ? HistoryWindows.Measure(leaf, left, now) : Counted(leaf).Measure(leaf, now);

    /// <summary>The events that are there of those that a measure counts.</summary>
    public IEnumerable<CustomerEvent> EventsOf(Condition.EventWindow leaf, Instant now) => HistoryWindows.EventsOf(leaf, left, now);

    /// <summary>The measures that cannot be answered.</summary>
    public IEnumerable<ConditionError> Refusals(Condition condition, Instant now) => disposedUntil is null ? [] : condition.LeavesWithPaths()
        .Where(one => one.Leaf is Condition.EventWindow leaf && !IsThere(leaf, now) && !modules.Windows.Has(leaf))
        .Select(one => new ConditionError(one.Path, Sentence));

    private string Sentence => $"Events up to {disposedUntil} have been disposed of, and no module had them counted like this. A condition that a module watches keeps counting what is gone; a window that begins later can be answered.";

    private bool IsThere(Condition.EventWindow leaf, Instant now) => disposedUntil is not { } until || until <= HistoryWindows.Forgotten(leaf, now);

    private Observed Counted(Condition.EventWindow leaf) => modules.Windows.Has(leaf) ? observed : throw new InvalidOperationException(Sentence);
}
