using System.Globalization;
using Crm.Testing.Simulation;
using Crm.Tool.Commands;
using Spectre.Console;

namespace Crm.Tool.Checks;

/// <summary>Runs the simulator with a progress bar, and says which invariants held.</summary>
internal static class SimulationCheck
{
    /// <summary>Simulates until the operations are used up, one invariant breaks, or Ctrl-C.</summary>
    public static async Task<SimulationReport> RunAsync(SimulationRequest request, ToolOutput output, CancellationToken cancellationToken)
    {
        var simulation = new CrmSimulation(request.Scenario) { Threads = Environment.ProcessorCount };
        if (!output.IsWatched)
        {
            return await simulation.RunAsync(request.Seed, request.Operations, null, cancellationToken);
        }

        return await output.Messages.Progress().AutoClear(true).StartAsync(progress =>
        {
            var bar = progress.AddTask("simulated operations", maxValue: request.IsEndless ? 1 : request.Operations).IsIndeterminate(request.IsEndless);
            return simulation.RunAsync(request.Seed, request.Operations, new Bar(bar, request.IsEndless), cancellationToken);
        });
    }

    /// <summary>A verdict for each invariant, with the command that replays the world that broke it. After one has broken, nothing is known of those that did not: the run ended.</summary>
    public static IReadOnlyList<LawVerdict> Verdicts(SimulationRequest request, SimulationReport report) =>
    [
        .. Invariants.All.Select(name => report.Failure is not { } failure
            ? new LawVerdict(name, LawOutcome.Kept, null)
            : failure.Invariant == name
                ? new LawVerdict(name, LawOutcome.Broken, $"{failure} Replay: crm laws --simulate {failure.Seed.ToString(CultureInfo.InvariantCulture)} --operations 1 --scenario {request.ScenarioName}")
                : new LawVerdict(name, LawOutcome.Skipped, "the run ended before its end")),
    ];

    /// <summary>What was simulated, as a sentence.</summary>
    public static string Summary(SimulationReport report) => string.Create(
        CultureInfo.InvariantCulture,
        $"simulated {report.Operations} operations in {report.Worlds} worlds from the seed {report.Seed}: {report.Events} events decided, {report.Commits} commits; {string.Join(", ", report.Kinds.Select(kind => $"{kind.Key} {kind.Value}"))}; digest {report.Digest:x16}");

    private sealed class Bar(ProgressTask task, bool endless) : IProgress<long>
    {
        public void Report(long value)
        {
            task.Value = endless ? 0 : value;
            task.Description = string.Create(CultureInfo.InvariantCulture, $"{value:N0} simulated operations");
        }
    }
}
