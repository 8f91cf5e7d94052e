using System.Globalization;
using Crm.Testing.Simulation;

namespace Crm.Tool.Checks;

/// <summary>What to simulate.</summary>
/// <param name="Seed">The seed of the first world.</param>
/// <param name="Operations">How many operations; <see cref="long.MaxValue"/>: until Ctrl-C.</param>
/// <param name="Scenario">Which scenario.</param>
internal sealed record SimulationRequest(ulong Seed, long Operations, SimulatedScenario Scenario)
{
    public const string Endless = "endless";
    public const string Club = "club";

    /// <summary>The scenario as it is named after --scenario.</summary>
    public string ScenarioName => Scenario is TeaShopScenario ? TeaShopScenario.Name : Club;

    public bool IsEndless => Operations == long.MaxValue;

    /// <exception cref="ToolException">Something is no number; the message lists all that is wrong.</exception>
    public static SimulationRequest Parse(string seed, string operations, string scenario)
    {
        var number = CrmSimulation.SeedFrom(seed);
        var count = operations == Endless ? long.MaxValue : long.TryParse(operations, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed) && parsed > 0 ? parsed : (long?)null;
        var problems = new[]
        {
            number is null ? $"--simulate: '{seed}' is no seed; a whole number from 0 to {ulong.MaxValue} is expected." : null,
            count is null ? $"--operations: '{operations}' is no number of operations; a whole number above 0, or '{Endless}', is expected." : null,
        }.OfType<string>().ToList();
        return problems.Count == 0 && number is { } first && count is { } most
            ? new SimulationRequest(first, most, scenario == TeaShopScenario.Name ? new TeaShopScenario() : new PointsClubScenario())
            : throw ToolException.Usage(problems);
    }
}
