using System.Data.Common;

namespace Crm.Engine;

/// <summary>Which faults of a database say that the connection is gone, and that another may be had.</summary>
internal static class ConnectionLoss
{
    /// <summary>How often events are decided again because a connection was lost. Then the caller hears of it.</summary>
    public const int MostRetries = 3;

    /// <summary>Whether trying again makes sense. After a time-out it does not: whoever waited in vain once would wait in vain for a multiple of it.</summary>
    public static bool Is(DbException fault)
    {
        if (!fault.IsTransient)
        {
            return false;
        }

        for (var cause = fault.InnerException; cause is not null; cause = cause.InnerException)
        {
            if (cause is TimeoutException)
            {
                return false;
            }
        }

        return true;
    }
}
