namespace Crm.Storage;

/// <summary>An optional ability: many customers in few round trips. Never different from one at a time, only faster.</summary>
public interface IBulkCommit
{
    /// <summary>Loads many; the answers are in the order of the questions.</summary>
    ValueTask<IReadOnlyList<CustomerSnapshot>> LoadManyAsync(IReadOnlyList<CustomerRef> customers, CancellationToken cancellationToken);

    /// <summary>Commits many, each wholly or not at all and independently of the others; the results are in the order of the commits. Each customer comes once.</summary>
    ValueTask<IReadOnlyList<CommitResult>> CommitManyAsync(IReadOnlyList<Commit> commits, CancellationToken cancellationToken);
}
