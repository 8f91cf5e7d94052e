using System.Runtime.CompilerServices;

namespace Crm.Engine;

/// <summary>Makes the next item ready while the one before it is in use.</summary>
internal static class Ahead
{
    /// <summary>The same items in the same order. Nothing goes on behind the caller's back: whoever stops early waits for the item that is being made.</summary>
    public static async IAsyncEnumerable<T> Of<T>(IAsyncEnumerable<T> items, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var making = items.GetAsyncEnumerator(cancellationToken);
        Task<bool>? next = null;
        try
        {
            next = NextAsync();
            while (await next.ConfigureAwait(false))
            {
                var item = making.Current;
                next = NextAsync();
                yield return item;
            }
        }
        finally
        {
            if (next is not null)
            {
                await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            await making.DisposeAsync().ConfigureAwait(false);
        }

        // A store that answers at once would otherwise be waited for.
        Task<bool> NextAsync() => Task.Run(() => making.MoveNextAsync().AsTask(), CancellationToken.None);
    }
}
