namespace Crm.Testing.Simulation;

/// <summary>What a run of simulated worlds gave.</summary>
public sealed record SimulationReport
{
    /// <summary>The run's seed.</summary>
    public required ulong Seed { get; init; }

    /// <summary>How many worlds were lived through.</summary>
    public required long Worlds { get; init; }

    /// <summary>How many operations: steps of worlds, each of them one of <see cref="SimulatedOperation"/>.</summary>
    public required long Operations { get; init; }

    /// <summary>How many of each kind.</summary>
    public required IReadOnlyDictionary<SimulatedOperation, long> Kinds { get; init; }

    /// <summary>How many events were decided and committed, counting those that a crash took back.</summary>
    public required long Events { get; init; }

    /// <summary>How many commits were carried out, counting those that a crash took back.</summary>
    public required long Commits { get; init; }

    /// <summary>How many times a part of a journal was disposed of, counting those that a crash took back.</summary>
    public required long Disposals { get; init; }

    /// <summary>How many times two customers became one, counting those that a crash took back.</summary>
    public required long Merges { get; init; }

    /// <summary>How many times somebody was forgotten, counting those that a crash took back.</summary>
    public required long Erasures { get; init; }

    /// <summary>How many times commits of several customers were written all or none, such as both sides of a gift, counting those that a crash took back.</summary>
    public required long Together { get; init; }

    /// <summary>How many commits were decided by what a host remembered, which it does in every other world (<see cref="Crm.Engine.CrmOptions.RememberCustomers"/>), counting those that a crash took back.</summary>
    public required long Remembered { get; init; }

    /// <summary>A number made of everything that happened: the same seed gives the same one, whatever the machine and the threads.</summary>
    public required ulong Digest { get; init; }

    /// <summary>What broke; null when everything held.</summary>
    public SimulationFailure? Failure { get; init; }
}

/// <summary>An invariant that did not hold.</summary>
/// <param name="Invariant">Which of <see cref="Invariants"/>.</param>
/// <param name="Detail">What was found.</param>
/// <param name="Seed">The seed of the world in which it broke: a run with this seed breaks in its first world.</param>
/// <param name="Operation">After how many operations of that world.</param>
/// <param name="LastSteps">The last steps before, the latest last.</param>
/// <param name="ReplayedExactly">Whether the world broke in the same way when it was lived through again. If not, something in engine or modules depends on more than its input.</param>
public sealed record SimulationFailure(string Invariant, string Detail, ulong Seed, long Operation, IReadOnlyList<string> LastSteps, bool ReplayedExactly)
{
    /// <summary>What broke, and how to see it again.</summary>
    public override string ToString() => FormattableString.Invariant(
        $"{Invariant}: {Detail}. It broke after {Operation} operations of the world with the seed {Seed}; {(ReplayedExactly ? "a run with this seed breaks in the same way" : "lived through again, it went differently: engine or modules depend on more than their input")}.");
}
