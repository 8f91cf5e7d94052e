using Crm.Conditions;
using Crm.Engine;
using Crm.Storage;
using Crm.Tests.Shared;
using Crm.Values;

namespace Crm.Core.Tests.Engine;

public sealed class RoundTripTests
{
    private static readonly CancellationToken Token = TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_thousand_events_are_loaded_and_committed_in_a_handful_of_round_trips()
    {
        var counted = default(Counting);
        var shop = new Shop(new ClubModule(new Condition.Any([]))).Over(store => counted = new Counting(store));
        var answers = await shop.Engine.RecordAsync([.. Enumerable.Range(0, 1_000).Select(i => Histories.Purchase($"till:{i}", 1_000) with { Identity = Identity.User(i % 250) })], cancellationToken: Token);
        Assert.Equal(1_000, answers.Count);
        Assert.Equal(2, counted?.RoundTrips);
    }

    [Fact]
    public async Task One_event_is_one_load_and_one_commit_and_a_refund_one_more_for_history()
    {
        var counted = default(Counting);
        var shop = new Shop(new CrmOptions { RememberCustomers = 0 }, new ClubModule(new Condition.Any([]))).Over(store => counted = new Counting(store));
        await shop.RecordAsync(Histories.Purchase("till:1", 1_000));
        Assert.Equal(2, counted?.RoundTrips);
        await shop.RecordAsync(Histories.Purchase("till:1", 1_000));
        Assert.Equal(3, counted?.RoundTrips);
        await shop.RecordAsync(Crm.Events.CustomerEvent.Refund("till:2", Shop.Amy, "till:1", Money.Hkd(5)));
        Assert.Equal(6, counted?.RoundTrips);
    }

    [Fact]
    public async Task By_default_the_next_event_of_a_customer_is_one_commit_sent_again_one_load_and_a_refund_one_more_for_history()
    {
        var counted = default(Counting);
        var shop = new Shop(new CrmOptions(), new ClubModule(new Condition.Any([]))).Over(store => counted = new Counting(store));
        await shop.RecordAsync(Histories.Purchase("till:1", 1_000));
        Assert.Equal(2, counted?.RoundTrips);
        await shop.RecordAsync(Histories.Purchase("till:2", 1_000));
        Assert.Equal(3, counted?.RoundTrips);
        await shop.RecordAsync(Histories.Purchase("till:1", 1_000));
        Assert.Equal(4, counted?.RoundTrips);
        await shop.RecordAsync(Crm.Events.CustomerEvent.Refund("till:3", Shop.Amy, "till:1", Money.Hkd(5)));
        Assert.Equal(6, counted?.RoundTrips);
    }

    private sealed class Counting(InMemoryStore store) : CountingStore(store), IBulkCommit
    {
        public ValueTask<IReadOnlyList<CustomerSnapshot>> LoadManyAsync(IReadOnlyList<CustomerRef> customers, CancellationToken cancellationToken) => Ask().LoadManyAsync(customers, cancellationToken);

        public ValueTask<IReadOnlyList<CommitResult>> CommitManyAsync(IReadOnlyList<Commit> commits, CancellationToken cancellationToken) => Ask().CommitManyAsync(commits, cancellationToken);
    }
}
