using System.Data;
using System.Data.Common;

namespace Crm.Storage.Sql;

/// <summary>The transaction of a session: its own on a connection, or a piece of the host's that can be undone by itself.</summary>
/// <param name="connection">The connection.</param>
/// <param name="host">The host's transaction; null: there is none.</param>
public sealed class SessionTransaction(DbConnection connection, DbTransaction? host) : IAsyncDisposable
{
    private readonly HostSavepoint? savepoint = host is null ? null : new HostSavepoint(host);
    private DbTransaction? own;

    /// <summary>What commands are to run within; null where each is by itself.</summary>
    public DbTransaction? Current => host ?? own;

    /// <summary>Whether the session has begun one of its own.</summary>
    public bool IsOwn => own is not null;

    /// <summary>Begins.</summary>
    /// <param name="isolation">How a transaction of the session's own is kept apart from others.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async ValueTask BeginAsync(IsolationLevel isolation, CancellationToken cancellationToken)
    {
        if (savepoint is not null)
        {
            await savepoint.BeginAsync(cancellationToken).ConfigureAwait(false);
        }
        else
        {
            own = await connection.BeginTransactionAsync(isolation, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Commits what was begun, durably, or leaves it to the host's transaction.</summary>
    public async ValueTask CommitAsync()
    {
        if (savepoint is not null)
        {
            await savepoint.CommitAsync().ConfigureAwait(false);
        }
        else if (own is { } open)
        {
            await open.CommitAsync(CancellationToken.None).ConfigureAwait(false);
            await EndAsync(open).ConfigureAwait(false);
        }
    }

    /// <summary>Undoes what was begun and not committed.</summary>
    public async ValueTask RollbackAsync()
    {
        if (savepoint is not null)
        {
            await savepoint.RollbackAsync().ConfigureAwait(false);
        }
        else if (own is { } open)
        {
            await EndAsync(open).ConfigureAwait(false);
        }
    }

    /// <summary>Undoes what was left open. Where that is a piece of the host's transaction, its caller is about to hear why.</summary>
    public async ValueTask DisposeAsync()
    {
        if (savepoint is not null)
        {
            await savepoint.AbandonAsync().ConfigureAwait(false);
        }
        else
        {
            await RollbackAsync().ConfigureAwait(false);
        }
    }

    private async ValueTask EndAsync(DbTransaction open)
    {
        own = null;
        await open.DisposeAsync().ConfigureAwait(false); // rolls back what is not committed
    }
}
