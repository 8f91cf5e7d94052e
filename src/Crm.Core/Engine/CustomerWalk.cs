using Crm.Values;

namespace Crm.Engine;

/// <summary>Goes through all customers, one after another. It can stop after any of them and go on there.</summary>
internal static class CustomerWalk
{
    private const int AtOnce = 256;

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
}
