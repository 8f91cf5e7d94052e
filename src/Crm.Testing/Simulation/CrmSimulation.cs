using System.Globalization;

namespace Crm.Testing.Simulation;

/// <summary>
/// Runs the real engine and modules in simulated worlds: several hosts over one simulated database and disk, with a virtual clock, where anything that can go wrong does. Worlds follow one another; each begins empty and lives through
/// some thousands of operations, so that one that fails can be replayed alone and fast. After every operation <see cref="Invariants"/> hold, or the run ends with the seed that shows why not.
/// </summary>
public sealed class CrmSimulation
{
    private readonly SimulationSetting setting;

    /// <summary>A simulation of a scenario.</summary>
    /// <param name="scenario">Null: <see cref="PointsClubScenario"/>.</param>
    public CrmSimulation(SimulatedScenario? scenario = null)
        : this(new SimulationSetting(scenario ?? new PointsClubScenario()))
    {
    }

    internal CrmSimulation(SimulationSetting setting) => this.setting = setting;

    /// <summary>How many operations a world lives through before it comes to rest; what coming to rest takes is counted too. 100 or more.</summary>
    public int OperationsPerWorld { get; init; } = 5_000;

    /// <summary>How many worlds are simulated at the same time. It changes how long a run takes and nothing else.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Runs worlds until this many operations were simulated, or a world breaks.</summary>
    /// <param name="seed">The first world's seed; those of the others follow from it.</param>
    /// <param name="operations">At least so many; <see cref="long.MaxValue"/>: until it is cancelled.</param>
    /// <param name="progress">Told of the operations so far, after each world; null: nobody is.</param>
    /// <param name="cancellationToken">Ends the run after the worlds that are under way; what they gave is reported.</param>
    public async Task<SimulationReport> RunAsync(ulong seed, long operations, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        var run = new SimulationRun(setting, seed, operations, OperationsPerWorld, progress, cancellationToken);
        await Task.WhenAll(Enumerable.Range(0, Math.Max(1, Threads)).Select(_ => Task.Factory.StartNew(run.Live, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))).ConfigureAwait(false);
        return run.Report();
    }

    /// <summary>The seed of one of the worlds of a run; the first has the run's own.</summary>
    internal static ulong SeedOf(ulong seed, long world) => world == 0 ? seed : Luck.Mix(unchecked(seed + ((ulong)world * 0x9e3779b97f4a7c15UL)));

    /// <summary>Reads a seed as people write it: a number.</summary>
    /// <returns>Null when it is none.</returns>
    public static ulong? SeedFrom(string text) => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seed) ? seed : null;
}
