using System.Diagnostics;
using Crm.Storage;
using Crm.Testing.Counterfeits;
using Crm.Values;
using NodaTime;

namespace Crm.Testing.Laws;

/// <summary>Who cancels is told so, and nothing is half done.</summary>
internal static class CancellationLaws
{
    private static readonly TimeSpan Earliest = TimeSpan.FromMicroseconds(20);
    private static readonly TimeSpan Latest = TimeSpan.FromMilliseconds(100);
    private static readonly CancellationToken Cancelled = new(canceled: true);

    public static IEnumerable<StorageLaw> All =>
    [
        Law.OfStores<ICustomerStore>(
            "A_commit_cancelled_on_its_way_is_whole_or_not_there",
            "A commit that is cancelled while it is written is written wholly, whether it says so or not, or not at all; sent again, it is written once.",
            async (factory, cancellationToken) =>
            {
                var judge = await WholeOrNothing.OpenAsync(factory, cancellationToken);
                var after = Earliest;
                for (var customer = 7_001; customer <= 7_060; customer++)
                {
                    await judge.BirthAsync([customer]);
                    using var cancel = new CancellationTokenSource();
                    var (chosen, wasLate) = (customer, false);
                    await judge.JudgeAsync([customer], async () =>
                    {
                        var commit = Task.Run(() => judge.Tested.Store.CommitAsync(WholeOrNothing.Second(chosen), cancel.Token).AsTask(), cancellationToken);
                        for (var begun = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(begun) < after;)
                        {
                            Thread.SpinWait(10);
                        }

                        await cancel.CancelAsync();
                        IReadOnlyList<CommitResult> results = [await commit];
                        wasLate = true;
                        return results;
                    });

                    // Ever later until a commit is faster than its cancellation, and about that moment from then on.
                    after = wasLate ? after * 0.75 : after < Latest ? after * 1.3 : after;
                }

                await judge.FinishAsync();
            },
            () => new CounterfeitFactory(tenant => tenant == "default" ? new HalfOfWhatIsCancelled() : new Faulty())),

        Law.Of<ICustomerStore>(
            "A_cancelled_reading_says_so",
            "Loading, history and journal throw OperationCanceledException when their token is cancelled, instead of an answer that nobody waits for.",
            async bench =>
            {
                await bench.WriteAsync(Samples.Birth(1));
                await SaysSoAsync("Loading", async () => await bench.Store.LoadAsync(CustomerRef.Of(Samples.Customer(1)), Cancelled));
                await SaysSoAsync("Loading history", async () => await bench.Store.LoadHistoryAsync(Samples.Customer(1), new HistoryStart.Beginning(), Cancelled));
                await SaysSoAsync("Reading the journal", async () => await bench.Store.ReadJournalAsync(Samples.Customer(1), 0, Cancelled).ToListAsync(Cancelled));
            },
            () => new IgnoresCancellationOfHistory()),

        Law.Of<IOutbox>(
            "A_cancelled_lease_takes_no_item",
            "A lease whose token is cancelled throws OperationCanceledException and leaves every item to others.",
            async bench =>
            {
                await bench.WriteAsync(Samples.Commit(1, 0) with { Outbox = [Samples.Message(1, "welcome")] });
                await SaysSoAsync("Leasing", async () => await bench.Outbox.LeaseAsync(Samples.At(10), Samples.At(11), 10, Cancelled));
                Bench.Same("Items left to others", 1, (await bench.LeaseAsync(Samples.At(10), Samples.At(11))).Count);
            },
            () => new TakesInSpiteOfCancellation()),

        Law.Of<IWakeups>(
            "A_cancelled_lease_wakes_nobody",
            "A lease whose token is cancelled throws OperationCanceledException and leaves every customer to others.",
            async bench =>
            {
                await bench.WriteAsync(Samples.Commit(1, 0) with { NextDue = Samples.At(1), NextDueChanged = true });
                await SaysSoAsync("Leasing", async () => await bench.Wakeups.LeaseDueAsync(Samples.At(10), Samples.At(10), Samples.At(11), 10, Cancelled));
                Bench.Same("Customers left to others", 1, (await bench.LeaseDueAsync(Samples.At(10), Samples.At(10), Samples.At(11))).Count);
            },
            () => new WakesInSpiteOfCancellation()),
    ];

    private static async Task SaysSoAsync(string about, Func<Task> work)
    {
        try
        {
            await work().ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        throw new LawBroken($"{about} with a cancelled token", "an answer", nameof(OperationCanceledException));
    }

    private sealed class HalfOfWhatIsCancelled : StoreDecorator
    {
        private bool done;

        public override async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
        {
            if (commit.Claims is not [{ Identity: { Kind: "cookie", Value: "cookie-7007" } }] || done)
            {
                return await base.CommitAsync(commit, cancellationToken);
            }

            done = true;
            await Inner.CommitAsync(commit with { Facts = [] }, default);
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return CommitResult.Done;
        }
    }

    private sealed class IgnoresCancellationOfHistory : StoreDecorator
    {
        public override ValueTask<CustomerHistory> LoadHistoryAsync(CustomerId customer, HistoryStart start, CancellationToken cancellationToken) => Inner.LoadHistoryAsync(customer, start, default);
    }

    private sealed class TakesInSpiteOfCancellation : StoreDecorator
    {
        public override async ValueTask<IReadOnlyList<OutboxItem>> LeaseAsync(Instant now, Instant until, int most, CancellationToken cancellationToken)
        {
            var items = await InnerOutbox.LeaseAsync(now, until, most, default);
            cancellationToken.ThrowIfCancellationRequested();
            return items;
        }
    }

    private sealed class WakesInSpiteOfCancellation : StoreDecorator
    {
        public override async ValueTask<IReadOnlyList<CustomerId>> LeaseDueAsync(Instant due, Instant now, Instant until, int most, CancellationToken cancellationToken)
        {
            var customers = await Inner.LeaseDueAsync(due, now, until, most, default);
            cancellationToken.ThrowIfCancellationRequested();
            return customers;
        }
    }
}
