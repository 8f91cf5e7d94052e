using Crm.Conditions;
using Crm.Storage;
using Crm.Values;

namespace Crm.Core.Tests.Engine;

public sealed class RoundTripTests
{
    private static readonly CancellationToken Token = TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_thousand_events_are_loaded_and_committed_in_a_handful_of_round_trips()
    {
        var counted = default(CountingStore);
        var shop = new Shop(new ClubModule(new Condition.Any([]))).Over(store => counted = new CountingStore(store));
        var answers = await shop.Engine.RecordAsync([.. Enumerable.Range(0, 1_000).Select(i => Histories.Purchase($"till:{i}", 1_000) with { Identity = Identity.User(i % 250) })], cancellationToken: Token);
        Assert.Equal(1_000, answers.Count);
        Assert.Equal(2, counted?.RoundTrips);
    }

    [Fact]
    public async Task One_event_is_one_load_and_one_commit_and_a_refund_one_more_for_history()
    {
        var counted = default(CountingStore);
        var shop = new Shop(new ClubModule(new Condition.Any([]))).Over(store => counted = new CountingStore(store));
        await shop.RecordAsync(Histories.Purchase("till:1", 1_000));
        Assert.Equal(2, counted?.RoundTrips);
        await shop.RecordAsync(Histories.Purchase("till:1", 1_000));
        Assert.Equal(3, counted?.RoundTrips);
        await shop.RecordAsync(Crm.Events.CustomerEvent.Refund("till:2", Shop.Amy, "till:1", Money.Hkd(5)));
        Assert.Equal(6, counted?.RoundTrips);
    }

    private sealed class CountingStore(InMemoryStore store) : ICustomerStore, IBulkCommit
    {
        public int RoundTrips { get; private set; }

        public ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken)
        {
            RoundTrips++;
            return store.LoadAsync(customer, cancellationToken);
        }

        public ValueTask<CustomerHistory> LoadHistoryAsync(CustomerId customer, HistoryStart start, CancellationToken cancellationToken)
        {
            RoundTrips++;
            return store.LoadHistoryAsync(customer, start, cancellationToken);
        }

        public ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
        {
            RoundTrips++;
            return store.CommitAsync(commit, cancellationToken);
        }

        public IAsyncEnumerable<JournalEntry> ReadJournalAsync(CustomerId customer, long afterVersion, CancellationToken cancellationToken) => store.ReadJournalAsync(customer, afterVersion, cancellationToken);

        public ValueTask<IReadOnlyList<CustomerSnapshot>> LoadManyAsync(IReadOnlyList<CustomerRef> customers, CancellationToken cancellationToken)
        {
            RoundTrips++;
            return store.LoadManyAsync(customers, cancellationToken);
        }

        public ValueTask<IReadOnlyList<CommitResult>> CommitManyAsync(IReadOnlyList<Commit> commits, CancellationToken cancellationToken)
        {
            RoundTrips++;
            return store.CommitManyAsync(commits, cancellationToken);
        }
    }
}
