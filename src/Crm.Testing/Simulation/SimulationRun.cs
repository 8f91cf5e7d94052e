namespace Crm.Testing.Simulation;

/// <summary>The worlds of one run, shared among threads.</summary>
internal sealed class SimulationRun(SimulationSetting setting, ulong seed, long operations, int operationsPerWorld, IProgress<long>? progress, CancellationToken cancellationToken)
{
    private const int TracedSteps = 40;
    private readonly Lock gate = new();
    private readonly long[] counts = new long[Enum.GetValues<SimulatedOperation>().Length];
    private long begun;
    private long planned;
    private long lived;
    private long events;
    private long commits;
    private long disposals;
    private long merges;
    private long erasures;
    private long together;
    private long remembered;
    private ulong digest;
    private SimulationFailure? failure;

    /// <summary>Lives through one world after another while there are operations left.</summary>
    public void Live()
    {
        while (Next() is { } world)
        {
            Live(world);
        }
    }

    public SimulationReport Report() => new()
    {
        Seed = seed,
        Worlds = begun,
        Operations = lived,
        Kinds = Enum.GetValues<SimulatedOperation>().ToDictionary(kind => kind, kind => counts[(int)kind]),
        Events = events,
        Commits = commits,
        Disposals = disposals,
        Merges = merges,
        Erasures = erasures,
        Together = together,
        Remembered = remembered,
        Digest = digest,
        Failure = failure,
    };

    private long? Next()
    {
        lock (gate)
        {
            if (failure is not null || planned >= operations || cancellationToken.IsCancellationRequested)
            {
                return null;
            }

            planned += operationsPerWorld;
            return begun++;
        }
    }

    private void Live(long number)
    {
        var own = CrmSimulation.SeedOf(seed, number);
        var world = new World(own, setting);
        SimulationFailure? broken = null;
        try
        {
            world.Live(operationsPerWorld);
        }
        catch (InvariantBroken fault)
        {
            broken = Replayed(own, world.Steps, fault);
        }

        lock (gate)
        {
            for (var kind = 0; kind < counts.Length; kind++)
            {
                counts[kind] += world.Counts[kind];
            }

            lived += world.Steps;
            events += world.Auditor.Counted.Events;
            commits += world.Auditor.Counted.Commits;
            disposals += world.Auditor.Disposals;
            merges += world.Auditor.Merges;
            erasures += world.Auditor.Erasures;
            together += world.Auditor.Together;
            remembered += world.Auditor.Remembered;

            // A sum, so that it does not matter which thread was first.
            digest = unchecked(digest + Luck.Mix(world.Digest ^ own));
            failure ??= broken;
            progress?.Report(lived);
        }
    }

    // A world that broke lives again, and tells its last steps. If it does not break in the same place, that is a fault of its own.
    private SimulationFailure Replayed(ulong own, long step, InvariantBroken fault)
    {
        var last = new Queue<string>();
        var again = new World(own, setting, line =>
        {
            last.Enqueue(line);
            if (last.Count > TracedSteps)
            {
                last.Dequeue();
            }
        });
        string? replayed = null;
        try
        {
            again.Live(operationsPerWorld);
        }
        catch (InvariantBroken repeated)
        {
            replayed = repeated.Message;
        }

        return new SimulationFailure(fault.Invariant, fault.Detail, own, step, [.. last], again.Steps == step && replayed == fault.Message);
    }
}
