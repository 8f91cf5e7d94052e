using Crm.Conditions;
using Crm.Ledger;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>A customer as of a moment: everything due has been taken into account, whether or not a worker has run. Reading writes nothing. Conditions that modules watch can be asked of it.</summary>
public sealed class CustomerView : IEvidence
{
    private readonly ModuleSet modules;
    private readonly CustomerState state;

    internal CustomerView(ModuleSet modules, CustomerState state, CustomerId customer, long version, Moment moment, Fields profile)
    {
        this.modules = modules;
        this.state = state;
        Customer = customer;
        Version = version;
        Moment = moment;
        Profile = profile;
        Facts = Sequence.Create(state.Facts.InOrder);
    }

    /// <summary>Who.</summary>
    public CustomerId Customer { get; }

    /// <summary>The version of the last commit.</summary>
    public long Version { get; }

    /// <summary>As of when.</summary>
    public Moment Moment { get; }

    /// <summary>The profile as it is now; personal data.</summary>
    public Fields Profile { get; }

    /// <summary>All facts, in ordinal order of their names.</summary>
    public Sequence<Fact> Facts { get; }

    /// <summary>The value of a fact; missing when it has none.</summary>
    public Scalar Fact(string name) => state.Facts.Read(name, Moment.Instant, out _);

    /// <inheritdoc/>
    public Scalar Fact(string name, out Instant? validUntil) => state.Facts.Read(name, Moment.Instant, out validUntil);

    /// <summary>
    /// What the ledger will be given of what has fallen due since the last commit: with it, the ledger adds up to what modules hold here. Null where a past was decided again: then the ledger has its own entries
    /// of what fell due, and may have some of what is not looked at.
    /// </summary>
    public Sequence<LedgerEntry>? Unwritten { get; internal init; }

    /// <summary>
    /// Where a past was decided again and it was asked for (<see cref="PastQuestion.WithLedger"/>): the ledger as it would be had nothing happened later. Null where the stored ledger tells, and where a journal begins with a
    /// balance or is not known to a module from its beginning.
    /// </summary>
    public RedecidedLedger? Redecided { get; internal init; }

    /// <summary>What was counted for modules.</summary>
    internal Observed Counts => state.Observed;

    /// <summary>Missing: no event is being handled.</summary>
    public Scalar Field(string name) => default;

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">No module's contract has a condition with the test.</exception>
    public bool Observed(Condition.Field leaf)
    {
        ArgumentNullException.ThrowIfNull(leaf);
        return state.ProfileTruths[modules.Windows.IndexOf(leaf)] ?? leaf.WhenMissing;
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">No module's contract observes the field.</exception>
    public Scalar Observed(string field) => state.ObservedValue(modules, field);

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">No module's contract has a condition with the measure.</exception>
    public Truth Window(Condition.EventWindow leaf) => state.Observed.Answer(leaf.Meant(this), Moment.Instant);

    /// <summary>What a measure over events amounts to; missing where it has no value.</summary>
    /// <exception cref="InvalidOperationException">No module's contract has a condition with the measure.</exception>
    public Scalar Measure(Condition.EventWindow leaf) => state.Observed.Measure(leaf.Meant(this), Moment.Instant);

    /// <summary>A module's state; null where no module has the name, or its state is of another type.</summary>
    public TState? SlotOrNull<TState>(string module)
        where TState : class => modules.IndexOf(module) is >= 0 and var index ? state.Slots[index] as TState : null;

    /// <summary>A module's state.</summary>
    /// <exception cref="ArgumentException">No module has the name, or its state is of another type.</exception>
    public TState Slot<TState>(string module)
        where TState : class => modules.IndexOf(module) switch
        {
            < 0 => throw new ArgumentException($"No module is named '{module}'. There are: {string.Join(", ", modules.Contracts.Select(contract => contract.Name))}.", nameof(module)),
            var index when state.Slots[index] is TState slot => slot,
            var index => throw new ArgumentException($"The state of module '{module}' is a {state.Slots[index].GetType().Name}, not a {typeof(TState).Name}.", nameof(module)),
        };
}
