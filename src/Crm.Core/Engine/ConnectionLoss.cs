using System.Data.Common;

namespace Crm.Engine;

/// <summary>Which faults of a database say that the connection is gone, and that another may be had; and which that somebody waited in vain.</summary>
internal static class ConnectionLoss
{
    /// <summary>How often events are decided again because a connection was lost. Then the caller hears of it.</summary>
    public const int MostRetries = 3;

    // What PostgreSQL, and databases that take over its codes, say of a statement that waited too long for a lock, or that took too long.
    private const string LockNotAvailable = "55P03";
    private const string QueryCanceled = "57014";

    /// <summary>Whether trying again makes sense. After a time-out it does not: whoever waited in vain once would wait in vain for a multiple of it.</summary>
    public static bool Is(Exception fault) =>
        // The host's own table is as often as not in the same database.
        (fault is ProfileFaultException ? fault.InnerException : fault) is DbException { IsTransient: true } && !IsTimeOut(fault);

    /// <summary>Whether somebody waited in vain: for a lock, a statement, a connection of the pool, a client of the host's.</summary>
    public static bool IsTimeOut(Exception fault)
    {
        for (var cause = fault; cause is not null; cause = cause.InnerException)
        {
            if (cause is TimeoutException or OperationCanceledException or DbException { SqlState: LockNotAvailable or QueryCanceled })
            {
                return true;
            }
        }

        return false;
    }
}
