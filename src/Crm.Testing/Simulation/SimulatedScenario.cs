using Crm.Engine;
using Crm.Events;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Testing.Simulation;

/// <summary>What is simulated: the modules that decide, and the events that tills send. Everything in it depends on nothing but its arguments.</summary>
public abstract class SimulatedScenario
{
    /// <summary>The engine's options; checkpoints are best frequent.</summary>
    public virtual CrmOptions Options { get; } = new() { Zone = DateTimeZoneProviders.Tzdb["America/New_York"], CheckpointEvery = 8 };

    /// <summary>The supplies that customers share, with what there is of each at first.</summary>
    public virtual IReadOnlyDictionary<string, long> Quotas { get; } = new Dictionary<string, long>(StringComparer.Ordinal);

    /// <summary>Asked before messages leave; null: nobody asks.</summary>
    public virtual ISendGate? Gate => null;

    /// <summary>The channels that messages leave by.</summary>
    public virtual Sequence<string> Channels => ["email"];

    /// <summary>The modules of one process, made anew for each.</summary>
    public abstract IReadOnlyList<ICustomerModule> Modules();

    /// <summary>An event of a customer.</summary>
    /// <param name="luck">Decides what it is.</param>
    /// <param name="key">Its key.</param>
    /// <param name="customer">Which customer, by number.</param>
    /// <param name="customers">How many customers there are.</param>
    /// <param name="earlier">Keys of the customer's earlier events, which may not have arrived anywhere; may be empty.</param>
    /// <returns>The event; its instant is set by the world.</returns>
    public abstract CustomerEvent Next(Luck luck, EventKey key, int customer, int customers, IReadOnlyList<EventKey> earlier);
}
