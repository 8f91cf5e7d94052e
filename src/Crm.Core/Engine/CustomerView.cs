using Crm.Modules;
using Crm.Values;

namespace Crm.Engine;

/// <summary>A customer as of a moment: everything due has been taken into account, whether or not a worker has run. Reading writes nothing.</summary>
public sealed class CustomerView
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
        Facts = state.Facts.InOrder.ToSequence();
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
