using System.Data.Common;
using Crm.Engine;
using Crm.Storage;
using Crm.Testing;
using Crm.Values;
using NodaTime;

namespace Crm.Core.Tests.Engine;

/// <summary>The connection breaks while an event is recorded.</summary>
public sealed class LostConnections
{
    private static readonly CancellationToken Token = TestContext.Current.CancellationToken;
    private readonly InMemoryStore store = new();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_event_whose_connection_broke_is_recorded_once_whether_or_not_the_commit_had_arrived(bool arrived)
    {
        var line = new BadLine(store, arrived, faults: 2, new Broken(transient: true));

        var receipt = await Engine(line).RecordAsync(Histories.Purchase("till:1", 1_000), Token);

        Assert.Equal(0, line.FaultsLeft);
        var entry = Assert.Single(await store.ReadJournalAsync(receipt.Customer, 0, Token).ToListAsync(Token));
        Assert.Equal(entry.Receipt, receipt);
    }

    [Fact]
    public async Task A_connection_that_stays_away_is_reported()
    {
        var fault = new Broken(transient: true);

        Assert.Same(fault, await Assert.ThrowsAsync<Broken>(async () => await Engine(new BadLine(store, arrived: false, faults: 100, fault)).RecordAsync(Histories.Purchase("till:1", 1_000), Token)));
    }

    [Fact]
    public async Task A_fault_that_would_come_again_and_a_time_out_are_reported_at_once()
    {
        foreach (var fault in new[] { new Broken(transient: false), new Broken(transient: true, new TimeoutException()), new Broken(transient: true, state: "55P03") })
        {
            var line = new BadLine(store, arrived: false, faults: 100, fault);
            Assert.Same(fault, await Assert.ThrowsAsync<Broken>(async () => await Engine(line).RecordAsync(Histories.Purchase("till:1", 1_000), Token)));
            Assert.Equal(99, line.FaultsLeft);
        }
    }

    private static CrmEngine Engine(ICustomerStore over) => new(over, [], new CrmOptions { Zone = DateTimeZone.Utc }, new FakeClock(Shop.Opening), new SeededIdSource());

    private sealed class Broken(bool transient, Exception? inner = null, string? state = null) : DbException("The line is dead.", inner)
    {
        public override string? SqlState => state;

        public override bool IsTransient => transient;
    }

    /// <param name="arrived">Whether a commit is carried out before the line breaks.</param>
    private sealed class BadLine(InMemoryStore store, bool arrived, int faults, Exception fault) : ICustomerStore
    {
        public int FaultsLeft { get; private set; } = faults;

        public ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken) => FaultsLeft == 1 && arrived ? Break<CustomerSnapshot>() : store.LoadAsync(customer, cancellationToken);

        public ValueTask<CustomerHistory> LoadHistoryAsync(CustomerId customer, HistoryStart start, CancellationToken cancellationToken) => store.LoadHistoryAsync(customer, start, cancellationToken);

        public async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
        {
            if (FaultsLeft == 0)
            {
                return await store.CommitAsync(commit, cancellationToken);
            }

            if (arrived)
            {
                await store.CommitAsync(commit, cancellationToken);
            }

            return await Break<CommitResult>();
        }

        public IAsyncEnumerable<JournalEntry> ReadJournalAsync(CustomerId customer, long afterVersion, CancellationToken cancellationToken) => store.ReadJournalAsync(customer, afterVersion, cancellationToken);

        private ValueTask<T> Break<T>()
        {
            FaultsLeft--;
            throw fault;
        }
    }
}
