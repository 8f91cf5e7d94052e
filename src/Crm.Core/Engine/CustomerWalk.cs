using Crm.Values;

namespace Crm.Engine;

/// <summary>Goes through all customers, one after another. It can stop after any of them and go on there.</summary>
internal static class CustomerWalk
{
    private const int AtOnce = 256;
    private const int OnAPage = 512;

    /// <typeparam name="TReport">Says how far it has come.</typeparam>
    /// <param name="kernel">Whose customers.</param>
    /// <param name="report">Where it begins: nothing seen yet, and the customer after whom to go on.</param>
    /// <param name="from">The customer after whom to begin; null: from the first.</param>
    /// <param name="most">At most so many customers.</param>
    /// <param name="oneAsync">Does what is to be done for one, and says how far that is.</param>
    /// <param name="completed">The report when there are no more.</param>
    /// <param name="progress">Is told after every few hundred; null: nobody.</param>
    /// <param name="cancellationToken">Cancels between two customers.</param>
    public static async ValueTask<TReport> RunAsync<TReport>(
        Kernel kernel,
        TReport report,
        CustomerId? from,
        int most,
        Func<TReport, CustomerId, ValueTask<TReport>> oneAsync,
        Func<TReport, TReport> completed,
        IProgress<TReport>? progress,
        CancellationToken cancellationToken)
    {
        var left = most;
        await foreach (var some in kernel.ReadCustomersAsync(from, AtOnce, cancellationToken).ConfigureAwait(false))
        {
            var batch = some.AsMemory(0, Math.Min(some.Length, left));
            for (var i = 0; i < batch.Length; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                report = await oneAsync(report, batch.Span[i]).ConfigureAwait(false);
            }

            progress?.Report(report);
            left -= batch.Length;
            if (batch.Length < some.Length)
            {
                return report;
            }
        }

        report = completed(report);
        progress?.Report(report);
        return report;
    }

    /// <summary>Goes through all customers a page at a time. While one page is written the next is prepared, unless the store is used for one thing at a time; pages are written one after another, in order.</summary>
    /// <typeparam name="TReport">Says how far it has come.</typeparam>
    /// <typeparam name="TPage">What is to be written of a page.</typeparam>
    /// <param name="kernel">Whose customers.</param>
    /// <param name="report">Where it begins: nothing seen yet, and the customer after whom to go on.</param>
    /// <param name="from">The customer after whom to begin; null: from the first.</param>
    /// <param name="most">At most so many customers.</param>
    /// <param name="prepareAsync">Gets the customer before a page and those on it, and gives what is to be written.</param>
    /// <param name="writeAsync">Writes it, and says how far that is.</param>
    /// <param name="completed">The report when there are no more.</param>
    /// <param name="progress">Is told after every page; null: nobody.</param>
    /// <param name="cancellationToken">Cancels between two pages.</param>
    public static async ValueTask<TReport> RunPagesAsync<TReport, TPage>(
        Kernel kernel,
        TReport report,
        CustomerId? from,
        int most,
        Func<CustomerId?, CustomerId[], ValueTask<TPage>> prepareAsync,
        Func<TReport, TPage, ValueTask<TReport>> writeAsync,
        Func<TReport, TReport> completed,
        IProgress<TReport>? progress,
        CancellationToken cancellationToken)
    {
        var (left, before) = (most, from);
        Task<TReport>? writing = null;
        try
        {
            await foreach (var some in kernel.ReadCustomersAsync(from, OnAPage, cancellationToken).ConfigureAwait(false))
            {
                cancellationToken.ThrowIfCancellationRequested();
                var page = some[..Math.Min(some.Length, left)];
                if (page.Length > 0)
                {
                    var prepared = await prepareAsync(before, page).ConfigureAwait(false);
                    await WrittenAsync().ConfigureAwait(false);
                    writing = BeginAsync(report, prepared);
                    (left, before) = (left - page.Length, page[^1]);
                }

                if (page.Length < some.Length)
                {
                    await WrittenAsync().ConfigureAwait(false);
                    return report;
                }

                if (kernel.OneAtATime)
                {
                    await WrittenAsync().ConfigureAwait(false);
                }
            }

            await WrittenAsync().ConfigureAwait(false);
        }
        finally
        {
            // Nothing goes on behind the caller's back, and what is written is told, also where the page after it failed.
            if (writing is not null)
            {
                await ((Task)writing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (writing.IsCompletedSuccessfully)
                {
                    progress?.Report(await writing.ConfigureAwait(false));
                }
            }
        }

        report = completed(report);
        progress?.Report(report);
        return report;

        // A store that answers at once would otherwise be waited for.
        Task<TReport> BeginAsync(TReport soFar, TPage prepared) => kernel.OneAtATime ? writeAsync(soFar, prepared).AsTask() : Task.Run(() => writeAsync(soFar, prepared).AsTask(), CancellationToken.None);

        async ValueTask WrittenAsync()
        {
            if (writing is not null)
            {
                report = await writing.ConfigureAwait(false);
                writing = null;
                progress?.Report(report);
            }
        }
    }
}
