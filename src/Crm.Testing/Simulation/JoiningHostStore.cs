using Crm.Storage;

namespace Crm.Testing.Simulation;

/// <summary>A host's connection to a simulated database that can write several customers all or none, so that both sides of a gift are one commit.</summary>
/// <param name="world">The world.</param>
/// <param name="host">Which host.</param>
/// <param name="groups">How many groups of events it records at once; 0: each event by itself.</param>
internal sealed class JoiningHostStore(World world, int host, int groups) : HostStore(world, host, groups), IAtomicCommits
{
    private readonly World world = world;
    private readonly int host = host;

    public ValueTask<AtomicResult> CommitTogetherAsync(IReadOnlyList<Commit> commits, CancellationToken cancellationToken) =>
        world.Ask(host, disk => disk.CommitTogether(commits, world.Auditor.CommittedTogether));
}
