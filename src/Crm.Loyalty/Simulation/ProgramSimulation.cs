using System.Threading.Channels;
using Crm.Engine;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Storage;
using Crm.Values;

namespace Crm.Loyalty.Simulation;

/// <summary>
/// Folds histories under a programme that might be, and under those that are, and compares the two. Whatever a programme decided is decided again from what was journalled, so that both sides are measured alike;
/// a programme compared with itself differs in nothing. A programme without cascade decides in the order in which the journal was written, as it does live: a refund takes back what the purchase was given, and a
/// late event counts from when it came. What fell due between two entries is taken to have been handled before the second where the journal's versions show that a worker was there.
/// </summary>
public static class ProgramSimulation
{
    private const int AtOnce = 64;
    private const int Ranges = 64;

    /// <summary>Folds the whole journal of a store: where the store can read histories side by side (<see cref="IHistoryScan"/>), every worker reads its own.</summary>
    /// <param name="request">What is simulated.</param>
    /// <param name="journal">The store.</param>
    /// <param name="workers">On how many threads histories are folded; 1 or more. The report is the same for any number.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public static async ValueTask<SimulationReport> RunAsync(SimulationRequest request, IJournalScan journal, int workers = 2, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(journal);
        ArgumentOutOfRangeException.ThrowIfLessThan(workers, 1);
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var parts = journal is IHistoryScan histories
            ? await SideBySideAsync(request, histories, workers, stopping).ConfigureAwait(false)
            : await FromOneReaderAsync(request, journal, workers, stopping, cancellationToken).ConfigureAwait(false);
        var totals = new SimulationTotals(request);
        foreach (var part in parts)
        {
            totals.Add(part);
        }

        return totals.Report();
    }

    /// <summary>Compares the histories of some customers.</summary>
    public static SimulationReport Run(SimulationRequest request, IEnumerable<(CustomerId Customer, IReadOnlyList<JournalEntry> History)> customers)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(customers);
        var one = new Comparer(request);
        foreach (var (customer, history) in customers)
        {
            one.Fold(new StoredHistory(customer, [.. history.Select(HistoryEntry.Of)]));
        }

        return one.Totals.Report();
    }

    // Each worker reads and folds ranges of buckets, the next one whenever it is done with one.
    private static Task<SimulationTotals[]> SideBySideAsync(SimulationRequest request, IHistoryScan histories, int workers, CancellationTokenSource stopping)
    {
        var next = -1;
        return Task.WhenAll(Enumerable.Range(0, workers).Select(_ => Task.Run(WorkAsync, CancellationToken.None)));

        async Task<SimulationTotals> WorkAsync()
        {
            try
            {
                var one = new Comparer(request);
                for (int range; (range = Interlocked.Increment(ref next)) < Ranges;)
                {
                    await foreach (var some in histories.ReadHistoriesAsync(range * CustomerId.BucketCount / Ranges, ((range + 1) * CustomerId.BucketCount / Ranges) - 1, stopping.Token).ConfigureAwait(false))
                    {
                        foreach (var history in some)
                        {
                            one.Fold(history);
                        }
                    }
                }

                return one.Totals;
            }
            catch
            {
                await stopping.CancelAsync().ConfigureAwait(false);
                throw;
            }
        }
    }

    private static async Task<SimulationTotals[]> FromOneReaderAsync(SimulationRequest request, IJournalScan journal, int workers, CancellationTokenSource stopping, CancellationToken cancellationToken)
    {
        var queue = Channel.CreateBounded<List<StoredHistory>>(workers * 4);
        var folding = Enumerable.Range(0, workers).Select(_ => Task.Run(() => FoldAsync(request, queue.Reader, stopping), CancellationToken.None)).ToList();
        try
        {
            await ReadAsync(journal, queue.Writer, stopping.Token).ConfigureAwait(false);
            queue.Writer.Complete();
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // A fold failed; its exception is the one that tells.
        }
        catch
        {
            await stopping.CancelAsync().ConfigureAwait(false);
            throw;
        }

        return await Task.WhenAll(folding).ConfigureAwait(false);
    }

    private static async Task ReadAsync(IJournalScan journal, ChannelWriter<List<StoredHistory>> queue, CancellationToken cancellationToken)
    {
        var batch = new List<StoredHistory>(AtOnce);
        await foreach (var (customer, entries) in journal.ReadJournalsAsync(cancellationToken).ConfigureAwait(false))
        {
            if (batch.Count == AtOnce)
            {
                await queue.WriteAsync(batch, cancellationToken).ConfigureAwait(false);
                batch = new(AtOnce);
            }

            batch.Add(new StoredHistory(customer, [.. entries.Select(HistoryEntry.Of)]));
        }

        await queue.WriteAsync(batch, cancellationToken).ConfigureAwait(false);
    }

    private static async Task<SimulationTotals> FoldAsync(SimulationRequest request, ChannelReader<List<StoredHistory>> queue, CancellationTokenSource stopping)
    {
        try
        {
            var one = new Comparer(request);
            await foreach (var batch in queue.ReadAllAsync(stopping.Token).ConfigureAwait(false))
            {
                batch.ForEach(one.Fold);
            }

            return one.Totals;
        }
        catch
        {
            await stopping.CancelAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Folds one history after the other, twice.</summary>
    private sealed class Comparer(SimulationRequest request)
    {
        private readonly HistoryReplay now = new(request.ModulesNow, request.Options);
        private readonly HistoryReplay then = new(request.ModulesThen, request.Options);

        public SimulationTotals Totals { get; } = new(request);

        public void Fold(StoredHistory history)
        {
            if (!history.IsWhole)
            {
                Totals.LeaveOut();
                return;
            }

            var (one, other) = HistoryReplay.Run(now, then, history, request.Until);
            Totals.Draw(one.Draws, other.Draws);
            Totals.Count(history.Customer, history.Entries.Count, one.Entries, In(one.Customer, request.Replaced), other.Entries, In(other.Customer, request.Candidate));
        }

        private static Membership? In(CustomerView customer, LoyaltyProgram? program) => program is null ? null : customer.Slot<LoyaltyState>(program.Cascade == Cascade.None ? LoyaltyNames.KeepingModule : LoyaltyNames.Module).In(program.Name);
    }
}
