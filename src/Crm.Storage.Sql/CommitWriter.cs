using Crm.Values;

namespace Crm.Storage.Sql;

/// <summary>
/// Writes commits, each wholly or not at all, in one transaction. It hopes for the best: guards and contents are sent at once. Only where a guard did not hold does it roll back, read what
/// has changed, answer those commits that cannot be written, and try the others again.
/// </summary>
internal sealed class CommitWriter(string tenant, CommitDiagnosis diagnosis, StoreScan scan)
{
    private const int MostRounds = 20;
    private const int MostRoundsTogether = 3;
    private readonly SeveredFollowUps followUps = new(tenant);
    private readonly Retirements retirements = new(tenant);

    public async ValueTask<CommitResult[]> WriteAsync(SqlSession session, IReadOnlyList<Commit> commits, CancellationToken cancellationToken)
    {
        // Whether a severed identity can be claimed depends on who comes first.
        if (commits.Count > 1 && commits.Any(commit => !commit.Severed.IsEmpty))
        {
            return await OneByOneAsync(session, commits, cancellationToken).ConfigureAwait(false);
        }

        // A sum of draws says nothing about each of them, in order: several commits that draw are looked at first.
        var read = commits.Count > 1 && commits.Any(commit => !commit.Quotas.IsEmpty);
        var most = commits.Count > 1 ? MostRoundsTogether : MostRounds;
        for (var round = 0; round < most; round++)
        {
            if (!read)
            {
                var calls = await CallsAsync(session, commits, cancellationToken).ConfigureAwait(false);
                var held = await session.TryCommitAsync(calls, cancellationToken).ConfigureAwait(false);
                foreach (var call in calls)
                {
                    call.Clear();
                }

                if (held)
                {
                    var done = new CommitResult[commits.Count];
                    Array.Fill(done, CommitResult.Done);
                    return done;
                }

                read = true;
                continue;
            }

            await session.BeginAsync(cancellationToken).ConfigureAwait(false);
            var results = await diagnosis.ReadAsync(session, commits, cancellationToken).ConfigureAwait(false);
            var open = commits.Where((_, n) => results[n] is null).ToList();
            if (open.Count == 0 || await session.ExecuteAsync(await CallsAsync(session, open, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false))
            {
                await session.CommitAsync().ConfigureAwait(false);
                return Array.ConvertAll(results, result => result ?? CommitResult.Done);
            }

            await session.RollbackAsync().ConfigureAwait(false);
        }

        return commits.Count > 1
            ? await OneByOneAsync(session, commits, cancellationToken).ConfigureAwait(false)
            : throw new InvalidOperationException($"The commit of customer {commits[0].Customer} to version {commits[0].Version} found rows in its way {MostRounds} times that were not there when it looked, and was given up. Nothing was written. Either others kept changing the store, or it has rows of a version that the customer has not reached, as after single tables were restored; 'crm verify' tells.");
    }

    /// <summary>Writes commits all or none.</summary>
    public async ValueTask<AtomicResult> WriteTogetherAsync(SqlSession session, IReadOnlyList<Commit> commits, CancellationToken cancellationToken)
    {
        for (var round = 0; round < MostRounds; round++)
        {
            await session.BeginAsync(cancellationToken).ConfigureAwait(false);
            var refused = (await diagnosis.ReadAsync(session, commits, cancellationToken).ConfigureAwait(false)).Index().FirstOrDefault(result => result.Item is not null);
            if (refused.Item is { } refusal)
            {
                await session.RollbackAsync().ConfigureAwait(false);
                return new AtomicResult(refusal, refused.Index);
            }

            if (await session.ExecuteAsync(await CallsAsync(session, commits, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false)
                && (!commits.Any(commit => commit.Retirement is not null) || await retirements.WriteAsync(session, scan, commits, cancellationToken).ConfigureAwait(false)))
            {
                await session.CommitAsync().ConfigureAwait(false);
                return new AtomicResult(CommitResult.Done, null);
            }

            await session.RollbackAsync().ConfigureAwait(false);
        }

        throw new InvalidOperationException($"Commits of {commits.Count} customers found the store changed {MostRounds} times while they were written, and were given up. Nothing was written.");
    }

    private async ValueTask<IReadOnlyList<SqlCall>> CallsAsync(SqlSession session, IReadOnlyList<Commit> commits, CancellationToken cancellationToken) => commits.Any(commit => !commit.Severed.IsEmpty)
        ? [.. CommitCalls.Of(tenant, commits), .. await followUps.ReadAsync(session, commits, cancellationToken).ConfigureAwait(false)]
        : CommitCalls.Of(tenant, commits);

    private async ValueTask<CommitResult[]> OneByOneAsync(SqlSession session, IReadOnlyList<Commit> commits, CancellationToken cancellationToken)
    {
        var results = new CommitResult[commits.Count];
        for (var n = 0; n < commits.Count; n++)
        {
            results[n] = (await WriteAsync(session, [commits[n]], cancellationToken).ConfigureAwait(false))[0];
        }

        return results;
    }
}
