using Crm.Storage;

namespace Crm.Engine;

/// <summary>Tries again where somebody else was faster or a connection was lost, as often as the options allow.</summary>
internal static class Attempts
{
    /// <summary>Decides and writes until it is written.</summary>
    /// <typeparam name="T">What it gives.</typeparam>
    /// <param name="kernel">How often, and with which pauses.</param>
    /// <param name="what">What it is, for whoever hears that it did not succeed.</param>
    /// <param name="tryAsync">
    /// One attempt, given the supplies that were found short: what the store answered, done where there was nothing to write, and what it gives. After a lost connection it is not known whether the last one was written: each begins by looking.
    /// </param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="TooManyConflictsException">Others kept winning.</exception>
    public static async ValueTask<T> UntilWrittenAsync<T>(Kernel kernel, string what, Func<Shortages, ValueTask<(CommitResult Result, T Value)>> tryAsync, CancellationToken cancellationToken)
    {
        var shortages = new Shortages();
        var (fruitless, lost) = (0, 0);
        while (true)
        {
            try
            {
                var (result, value) = await tryAsync(shortages).ConfigureAwait(false);
                if (result is CommitResult.Committed)
                {
                    return value;
                }

                if (result is CommitResult.QuotaExhausted(var name) && await shortages.LearnAsync(kernel.Store, name, cancellationToken).ConfigureAwait(false))
                {
                    continue;
                }

                CrmTelemetry.Conflicted(result switch { CommitResult.QuotaExhausted => "supply", CommitResult.IdentityTaken => "identity", _ => "version" });
                fruitless++;
            }
            catch (Exception fault) when (ConnectionLoss.Is(fault) && lost < Math.Min(ConnectionLoss.MostRetries, kernel.Options.Attempts - 1))
            {
                lost++;
            }

            if (fruitless >= kernel.Options.Attempts)
            {
                throw new TooManyConflictsException(what, fruitless);
            }

            CrmTelemetry.Retried();
            await kernel.Pacing.PauseAsync(Math.Max(fruitless, lost), cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Tries until nobody else was faster.</summary>
    /// <typeparam name="T">What it gives.</typeparam>
    /// <param name="kernel">How often, and with which pauses.</param>
    /// <param name="what">What it is, for whoever hears that it did not succeed.</param>
    /// <param name="tryAsync">One attempt, by its number from 1: whether it counts, and what it gives.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="TooManyConflictsException">Others kept winning.</exception>
    public static async ValueTask<T> UntilAloneAsync<T>(Kernel kernel, string what, Func<int, ValueTask<(bool Counts, T Value)>> tryAsync, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            if (await tryAsync(attempt).ConfigureAwait(false) is (true, var value))
            {
                return value;
            }

            if (attempt >= kernel.Options.Attempts)
            {
                throw new TooManyConflictsException(what, attempt);
            }

            await kernel.Pacing.PauseAsync(attempt, cancellationToken).ConfigureAwait(false);
        }
    }
}
