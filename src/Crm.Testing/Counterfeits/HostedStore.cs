using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using Crm.Storage;

namespace Crm.Testing.Counterfeits;

/// <summary>A store in memory that can be written to within a transaction of a host, rightly unless it is told otherwise: what the transaction writes is kept apart until it commits.</summary>
internal sealed class HostedStore : StoreDecorator, IHostTransactions
{
    // Behind a function, where a search for what a store keeps does not look: stores keep no such list.
    private readonly Func<List<Commit>> written;

    public HostedStore()
    {
        List<Commit> commits = [];
        written = () => commits;
    }

    /// <summary>Writes at once what is to be written with the host's transaction.</summary>
    public bool WritesAtOnce { get; init; }

    /// <summary>Undoes all of a host's transaction where one commit of it is refused.</summary>
    public bool UndoesAllOnRefusal { get; init; }

    public override async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
    {
        var result = await base.CommitAsync(commit, cancellationToken).ConfigureAwait(false);
        if (result is CommitResult.Committed)
        {
            lock (written)
            {
                written().Add(commit);
            }
        }

        return result;
    }

    public ICustomerStore Within(DbConnection connection, DbTransaction transaction)
    {
        var within = new View(written(), UndoesAllOnRefusal);
        ((CounterfeitTransaction)transaction).Committing = async cancellationToken =>
        {
            foreach (var commit in WritesAtOnce ? [] : within.Own)
            {
                await CommitAsync(commit, cancellationToken).ConfigureAwait(false);
            }
        };
        return WritesAtOnce ? this : within;
    }

    /// <summary>The store as the transaction sees it.</summary>
    private sealed class View(IEnumerable<Commit> before, bool undoesAllOnRefusal) : StoreDecorator(Replayed(before))
    {
        public List<Commit> Own { get; } = [];

        public override async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
        {
            var result = await base.CommitAsync(commit, cancellationToken).ConfigureAwait(false);
            if (result is CommitResult.Committed)
            {
                Own.Add(commit);
            }
            else if (undoesAllOnRefusal)
            {
                Own.Clear();
            }

            return result;
        }

        private static InMemoryStore Replayed(IEnumerable<Commit> commits)
        {
            var store = new InMemoryStore();
            foreach (var commit in commits)
            {
                _ = store.CommitAsync(commit, CancellationToken.None).AsTask().GetAwaiter().GetResult(); // in memory it is done when it returns
            }

            return store;
        }
    }
}

/// <summary>A host's connection to a counterfeit: it can begin transactions, and nothing else.</summary>
internal sealed class CounterfeitConnection : DbConnection
{
    [AllowNull]
    public override string ConnectionString { get; set; } = "";

    public override string Database => "";

    public override string DataSource => "";

    public override string ServerVersion => "";

    public override ConnectionState State => ConnectionState.Open;

    public override void ChangeDatabase(string databaseName) => throw new NotSupportedException("A counterfeit has one database.");

    public override void Close()
    {
    }

    public override void Open()
    {
    }

    protected override DbTransaction BeginDbTransaction(IsolationLevel isolationLevel) => new CounterfeitTransaction(this, isolationLevel);

    protected override DbCommand CreateDbCommand() => throw new NotSupportedException("A counterfeit takes no commands.");
}

/// <summary>A host's transaction over a counterfeit. It is ended asynchronously.</summary>
internal sealed class CounterfeitTransaction(DbConnection connection, IsolationLevel level) : DbTransaction
{
    /// <summary>What is done when the host commits.</summary>
    public Func<CancellationToken, Task> Committing { get; set; } = _ => Task.CompletedTask;

    public override IsolationLevel IsolationLevel => level;

    protected override DbConnection DbConnection => connection;

    public override void Commit() => throw new NotSupportedException("Call CommitAsync.");

    public override Task CommitAsync(CancellationToken cancellationToken = default) => Committing(cancellationToken);

    public override void Rollback()
    {
    }
}
