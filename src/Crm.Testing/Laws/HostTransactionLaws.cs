using System.Data.Common;
using Crm.Storage;
using Crm.Testing.Counterfeits;
using Crm.Values;

namespace Crm.Testing.Laws;

/// <summary>What is written within a host's transaction is the host's to commit.</summary>
internal static class HostTransactionLaws
{
    private static readonly bool[] UndoneAndKept = [false, true];

    public static IEnumerable<StorageLaw> All =>
    [
        Law.Needing<IHostTransactions, IHostConnections>(
            "What_is_written_within_a_hosts_transaction_is_there_with_it_or_not_at_all",
            "Commits within a host's transaction are seen by the transaction and by nobody else until the host commits; after a rollback nothing of them is there, and the same commits are written as if they had never been tried.",
            async (factory, cancellationToken) =>
            {
                var bench = await OpenAsync(factory, cancellationToken);
                var before = await bench.ContentAsync(1, 2);
                Commit[] commits = [Bench.Everything(2, 0), Bench.Everything(1, 1)];
                foreach (var isDurable in UndoneAndKept)
                {
                    await WithinAsync(factory, bench, async (within, transaction) =>
                    {
                        await within.WriteAsync(commits);
                        Bench.Same("The version of a customer within the transaction", 2, (await within.LoadAsync(1)).Version);
                        Bench.Same("Whom an identity leads to within the transaction", Samples.Customer(2), (await within.LoadAsync(Samples.User(2))).Customer);
                        Bench.Same("What others see before the host has ended its transaction", before, await bench.ContentAsync(1, 2));
                        await (isDurable ? transaction.CommitAsync(cancellationToken) : transaction.RollbackAsync(cancellationToken));
                    });
                    Bench.Same("Whether what was written is there after the host's transaction", isDurable, before != await bench.ContentAsync(1, 2));
                    if (bench.Store is IOutbox)
                    {
                        var waiting = (await bench.LeaseAsync(Bench.Later, Bench.Later)).Select(item => item.Id).ToHashSet(StringComparer.Ordinal);
                        Bench.Same("Messages of the transaction that wait", isDurable ? 4 : 0, commits.SelectMany(commit => commit.Outbox).Count(item => waiting.Contains(item.Id)));
                    }
                }

                Bench.SameList("The same commits again", commits.Select(Bench.Already), [await bench.TryAsync(Bench.Everything(2, 0)), await bench.TryAsync(Bench.Everything(1, 1))]);
            },
            () => new CounterfeitFactory(_ => new HostedStore { WritesAtOnce = true })) with { Since = 4 },

        Law.Needing<IHostTransactions, IHostConnections>(
            "What_is_refused_within_a_hosts_transaction_undoes_nothing_else",
            "A commit that is refused within a host's transaction, for its version, its key or an identity, leaves what was written before it, and more can be written after it.",
            async (factory, cancellationToken) =>
            {
                var bench = await OpenAsync(factory, cancellationToken);
                await WithinAsync(factory, bench, async (within, transaction) =>
                {
                    await within.WriteAsync(Bench.Everything(2, 0));
                    Bench.Same<CommitResult>("A commit from another version", new CommitResult.VersionConflict(), await within.TryAsync(Samples.Commit(1, 7, "pos:70")));
                    Bench.Same<CommitResult>("A key with another payload", new CommitResult.KeyReused(EventKey.Parse("pos:1")), await within.TryAsync(Samples.Commit(3, 0, "pos:1", hours: 5)));
                    Bench.Same<CommitResult>("An identity of somebody else", new CommitResult.IdentityTaken(Samples.User(1), Samples.Customer(1)), await within.TryAsync(Samples.Commit(3, 0, "pos:30") with { Claims = [new IdentityClaim(Samples.User(1), 1)] }));
                    await within.WriteAsync(Samples.Birth(4));
                    await transaction.CommitAsync(cancellationToken);
                });
                Bench.SameList("The versions afterwards", [1L, 1, 0, 1], [(await bench.LoadAsync(1)).Version, (await bench.LoadAsync(2)).Version, (await bench.LoadAsync(3)).Version, (await bench.LoadAsync(4)).Version]);
            },
            () => new CounterfeitFactory(_ => new HostedStore { UndoesAllOnRefusal = true })) with { Since = 4 },
    ];

    private static async Task<Bench> OpenAsync(IHostConnections factory, CancellationToken cancellationToken)
    {
        var bench = new Bench(await factory.OpenAsync("default", cancellationToken).ConfigureAwait(false), cancellationToken);
        await bench.WriteAsync(Bench.Everything(1, 0)).ConfigureAwait(false);
        return bench;
    }

    private static async Task WithinAsync(IHostConnections factory, Bench bench, Func<Bench, DbTransaction, Task> work)
    {
        var connection = await factory.ConnectAsync(bench.Token).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            var transaction = await connection.BeginTransactionAsync(bench.Token).ConfigureAwait(false);
            await using (transaction.ConfigureAwait(false))
            {
                await work(new Bench(((IHostTransactions)bench.Store).Within(connection, transaction), bench.Token), transaction).ConfigureAwait(false);
            }
        }
    }
}
