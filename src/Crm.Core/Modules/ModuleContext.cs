using Crm.Conditions;
using Crm.Definitions;
using Crm.Events;
using Crm.Ledger;
using Crm.Values;

namespace Crm.Modules;

/// <summary>What a module may look at while it handles a stimulus. There is one for a whole fold: do not keep it.</summary>
public abstract class ModuleContext : IEvidence
{
    private protected ModuleContext()
    {
    }

    /// <summary>What is to be handled.</summary>
    public abstract Stimulus Stimulus { get; }

    /// <summary>The customer.</summary>
    public abstract CustomerId Customer { get; }

    /// <summary>The event that all this follows from, or, for agenda entries, a key made of module and entry. Ledger entries and derived keys name it.</summary>
    public abstract EventKey Cause { get; }

    /// <inheritdoc/>
    public abstract Moment Moment { get; }

    /// <summary>
    /// Whether the request was accepted when it was first decided, and is now being replayed: what the outside world has seen stands, so the module must carry it out, into debt if need be.
    /// </summary>
    public abstract bool AlreadyAccepted { get; }

    /// <summary>Whether anybody will read the lines of the outcome. Where nobody will, as in a simulation, a module may leave them out; everything else is the same.</summary>
    public virtual bool WantsLines => true;

    /// <summary>Whether any module handles an echo of a kind. Where none does, it may be left out; everything else is the same.</summary>
    public virtual bool IsHeard(string echo) => true;

    /// <summary>
    /// The facts of other modules, among those that the module's conditions and <see cref="ModuleContract.Reads"/> name, that have changed since it was last asked.
    /// Kept only for modules that handle <see cref="Echo.FactsChanged"/>. A fact that runs out by itself is no change: conditions know when.
    /// </summary>
    public abstract IReadOnlyList<string> ChangedFacts { get; }

    /// <summary>
    /// The events of which a change of history leaves more or less than before, while an irrevocable module is told of it, in the order in which they count; an event that comes late and of which something had been taken back before
    /// is one of them. Empty otherwise, also in a replay, where what is left of an event is all there ever was of it.
    /// </summary>
    public virtual IReadOnlyList<AmendedEvent> Amended => [];

    /// <summary>
    /// The module's own state right after one of the <see cref="Amended"/> events, had the event been another from the start. Amendments that came later are not looked at, so the difference of two answers is what the event itself
    /// made at its moment, whatever became of other events since.
    /// </summary>
    /// <param name="key">The event.</param>
    /// <param name="happened">What it would have been, such as what is left of it; null: it would not have happened.</param>
    /// <exception cref="InvalidOperationException">The event is none of those that are amended.</exception>
    public virtual object StateHad(EventKey key, CustomerEvent? happened) => throw new InvalidOperationException($"'{key}' is not being amended.");

    /// <summary>
    /// The module's own state at an instant after one of the <see cref="Amended"/> events, as history leads to it without the change that is told of: for what a state forgets in time. All of history up to the instant is decided again
    /// for it, so it is asked for rarely.
    /// </summary>
    /// <param name="key">The event.</param>
    /// <param name="at">The instant; what happened at it counts.</param>
    /// <exception cref="InvalidOperationException">The event is none of those that are amended.</exception>
    public virtual object StateLater(EventKey key, NodaTime.Instant at) => throw new InvalidOperationException($"'{key}' is not being amended.");

    /// <summary>The programmes in which the event that is handled, in a replay, was recorded to have given something by definitions that are perhaps gone. Empty otherwise.</summary>
    public virtual IEnumerable<string> RecordedPrograms => [];

    /// <summary>
    /// What the event that is handled was recorded to have given in a programme, where in a replay another definition would decide it than the one that did: that stands, and the module issues just this, with the rules and
    /// definitions of its entries, and nothing else for the event. Nothing of it where the event was recorded to have given nothing. Null: the module decides, for the first time or again by the same definition.
    /// </summary>
    /// <param name="program">The programme.</param>
    /// <param name="now">The definition that would decide; null where the programme is gone.</param>
    public virtual RecordedAward? Recorded(string program, DefinitionHash? now) => null;

    /// <summary>
    /// What the event that is handled was recorded to have moved in a programme beside what a happening issued: what a request spent, gave, set aside or brought back, lot by lot and whole, where in a replay another definition would
    /// decide it than the one that did. A module that cannot decide it any more moves that. Empty where nothing was moved, or the definition itself decides.
    /// </summary>
    /// <param name="program">The programme.</param>
    /// <param name="now">The definition that would decide; null where the programme is gone.</param>
    public virtual Sequence<LedgerEntry> RecordedMovements(string program, DefinitionHash? now) => [];

    /// <summary>Evaluates a condition that the module's contract lists.</summary>
    /// <exception cref="InvalidOperationException">A window leaf of the condition is in no contract.</exception>
    public Truth Evaluate(Condition condition) => Evaluator.Evaluate(condition, this);

    /// <summary>The value of a fact; missing when it has none.</summary>
    public Scalar Fact(string name) => Fact(name, out _);

    /// <summary>
    /// Whether a limited supply still gives this much, for all that is known; when the commit finds that it has less, the fold is decided again and this answers by what it has, less what earlier outcomes of the fold draw on it.
    /// What the module is about to draw in the same outcome it adds itself.
    /// </summary>
    public bool MayDraw(string quota, long amount) => MayDraw(new QuotaDraw(quota, amount));

    /// <summary>Whether a limited supply still covers a draw, as <see cref="MayDraw(string, long)"/> says.</summary>
    public abstract bool MayDraw(QuotaDraw draw);

    /// <summary>The value of a profile field of the contract's <see cref="ModuleContract.Observes"/>, or of a condition that compares it with today, as observed when the customer's latest event was recorded; missing when it had none.</summary>
    /// <exception cref="InvalidOperationException">No contract observes the field.</exception>
    public abstract Scalar Observed(string field);

    /// <inheritdoc/>
    public abstract Scalar Field(string name);

    /// <inheritdoc/>
    public abstract bool Observed(Condition.Field leaf);

    /// <inheritdoc/>
    public abstract Scalar Fact(string name, out NodaTime.Instant? validUntil);

    /// <inheritdoc/>
    public abstract Truth Window(Condition.EventWindow leaf);

    /// <summary>What a measure over events amounts to, of a condition that a contract lists; missing where it has no value.</summary>
    /// <exception cref="InvalidOperationException">The leaf is in no contract.</exception>
    public abstract Scalar Measure(Condition.EventWindow leaf);
}
