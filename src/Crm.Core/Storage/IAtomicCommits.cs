namespace Crm.Storage;

/// <summary>An optional ability: commits of several customers that are written all or none. Merging two customers needs it (<see cref="Commit.Retirement"/>): with a store that cannot, nobody is merged.</summary>
public interface IAtomicCommits
{
    /// <summary>Writes all commits or none of them. Each customer comes once; check them with <see cref="Commit.CheckTogether"/>.</summary>
    ValueTask<AtomicResult> CommitTogetherAsync(IReadOnlyList<Commit> commits, CancellationToken cancellationToken);
}

/// <summary>What became of commits that belong together.</summary>
/// <param name="Result">Done when all are written; otherwise why the first of those that cannot be written, in their order, cannot; then none is.</param>
/// <param name="Place">The place of that one, from 0; null when all are written.</param>
public sealed record AtomicResult(CommitResult Result, int? Place);
