using Crm.Modules;

namespace Crm.Testing.Simulation;

/// <summary>What a world is made of. By default everything in it is right.</summary>
internal sealed record SimulationSetting(SimulatedScenario Scenario)
{
    /// <summary>What is wrong with the database.</summary>
    public DiskFaults Disk { get; init; } = new();

    /// <summary>The modules of hosts where they are not the scenario's; null: they are.</summary>
    public Func<IEnumerable<ICustomerModule>>? Modules { get; init; }
}
