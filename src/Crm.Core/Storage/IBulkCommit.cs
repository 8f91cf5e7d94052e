namespace Crm.Storage;

/// <summary>An optional ability: many customers in few round trips. Never different from one at a time, only faster.</summary>
public interface IBulkCommit
{
    /// <summary>
    /// How many groups of commits, each with <see cref="CommitManyAsync"/>, the store writes at once with profit: the engine lets events that come at the same time share so many transactions.
    /// 0, the default: a group is no faster than its commits one at a time.
    /// </summary>
    int GroupsAtOnce => 0;

    /// <summary>Loads many; the answers are in the order of the questions.</summary>
    ValueTask<IReadOnlyList<CustomerSnapshot>> LoadManyAsync(IReadOnlyList<CustomerRef> customers, CancellationToken cancellationToken);

    /// <summary>Commits many, each wholly or not at all and independently of the others; the results are in the order of the commits. Each customer comes once.</summary>
    ValueTask<IReadOnlyList<CommitResult>> CommitManyAsync(IReadOnlyList<Commit> commits, CancellationToken cancellationToken);
}
