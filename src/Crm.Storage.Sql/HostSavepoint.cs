using System.Data.Common;

namespace Crm.Storage.Sql;

/// <summary>A piece of a host's transaction that can be undone by itself: what a session's own transaction is within the host's.</summary>
/// <param name="host">The host's transaction.</param>
internal sealed class HostSavepoint(DbTransaction host)
{
    private const string Name = "crm";
    private bool open;

    /// <summary>From here on, <see cref="RollbackAsync"/> undoes.</summary>
    public async ValueTask BeginAsync(CancellationToken cancellationToken)
    {
        await host.SaveAsync(Name, cancellationToken).ConfigureAwait(false);
        open = true;
    }

    /// <summary>Leaves what was done to the host's transaction.</summary>
    public async ValueTask CommitAsync()
    {
        if (open)
        {
            open = false;
            await host.ReleaseAsync(Name, CancellationToken.None).ConfigureAwait(false);
        }
    }

    /// <summary>Undoes what was done since <see cref="BeginAsync"/>, where it is not committed, and nothing else of the host's transaction.</summary>
    public async ValueTask RollbackAsync()
    {
        if (open)
        {
            open = false;
            await host.RollbackAsync(Name, CancellationToken.None).ConfigureAwait(false);
            await host.ReleaseAsync(Name, CancellationToken.None).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Undoes, after an error, what a session leaves behind: only an error leaves it open, and its caller is about to hear that one. Where the error has ended the host's transaction or its connection there is nothing
    /// left to undo, and that the savepoint is gone too is not to be heard instead.
    /// </summary>
    /// <returns>Whether the host's transaction can go on.</returns>
    public async ValueTask<bool> AbandonAsync()
    {
        try
        {
            await RollbackAsync().ConfigureAwait(false);
            return true;
        }
        catch (Exception gone) when (gone is DbException or InvalidOperationException)
        {
            return false;
        }
    }
}
