using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Storage;
using Crm.Testing;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Core.Tests.Engine;

/// <summary>What an engine remembers saves loads and changes nothing else, whoever else writes to the store.</summary>
public sealed class RememberedCustomers
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(150);
    private static readonly CancellationToken Token = TestContext.Current.CancellationToken;

    [Fact]
    public void Two_engines_that_remember_do_together_what_one_that_loads_does() => Law(store => store).Check(Thorough);

    [Fact]
    public void A_store_that_takes_any_version_is_caught() => Counterfeits.Caught(() => Law(store => new CarelessStore(store)).Check(Thorough));

    [Fact]
    public async Task The_second_event_of_a_customer_is_one_round_trip()
    {
        var counted = default(LoadCounter);
        var shop = Remembering(store => counted = new LoadCounter(store));
        await shop.RecordAsync(Histories.Purchase("till:1", 1_000));
        await shop.RecordAsync(Histories.Purchase("till:2", 2_000));
        await shop.RecordAsync(Histories.Purchase("till:3", 3_000));
        Assert.Equal(1, counted?.Loads);
        Assert.Equal(6, (await shop.ReadAsync()).Fact("club.points").AsNumber);
    }

    [Fact]
    public async Task An_error_of_the_store_makes_the_engine_forget_everybody()
    {
        var counted = default(LoadCounter);
        var shop = Remembering(store => counted = new LoadCounter(store));
        await shop.RecordAsync(Histories.Purchase("till:1", 1_000));
        counted!.IsDown = true;
        await Assert.ThrowsAsync<IOException>(() => shop.RecordAsync(Histories.Purchase("till:2", 2_000)));
        counted.IsDown = false;
        await shop.RecordAsync(Histories.Purchase("till:2", 2_000));
        Assert.Equal(2, counted.Loads);
        Assert.Equal(3, (await shop.ReadAsync()).Fact("club.points").AsNumber);
    }

    [Fact]
    public async Task A_severed_identity_is_not_remembered_to_be_anybodys()
    {
        var shop = Remembering(store => store);
        await shop.RecordAsync(Histories.Purchase("till:1", 1_000));
        var known = await shop.Store.LoadAsync(CustomerRef.Of(Shop.Amy), Token);
        await shop.Store.CommitAsync(
            new Commit { Customer = known.Customer!.Value, ExpectedVersion = known.Version, Version = known.Version + 1, RecordedAt = Shop.Opening, Severed = [Shop.Amy] },
            Token);
        await shop.RecordAsync(Histories.Purchase("till:2", 2_000));
        Assert.NotEqual(known.Customer, (await shop.Store.LoadAsync(CustomerRef.Of(Shop.Amy), Token)).Customer);
        Assert.Equal(2, (await shop.ReadAsync()).Fact("club.points").AsNumber);
    }

    private static Shop Remembering(Func<InMemoryStore, ICustomerStore> between) =>
        new Shop(new CrmOptions { Zone = DateTimeZone.Utc, RememberCustomers = 16 }, new ClubModule(new Condition.Any([]))).Over(between);

    private static Property Law(Func<InMemoryStore, ICustomerStore> between) =>
        Prop.ForAll(
            Arb.From(Gen.Zip(Histories.Clubs, Histories.WithRequests)),
            Arb.From(Gen.Choose(0, int.MaxValue)),
            async Task<bool> (given, seed) =>
            {
                var (club, events) = given;
                var alone = Shop.With(club);
                var together = Shop.With(club with { Options = club.Options with { RememberCustomers = 16 } }).Over(between);
                var other = new CrmEngine(between(together.Store), together.Modules, together.Options, together.Clock, new SeededIdSource(7));
                for (var i = 0; i < events.Length; i++)
                {
                    await alone.RecordAsync(events[i]);
                    together.Clock.Set(alone.Clock.GetCurrentInstant());
                    var turn = (seed >> (i % 31)) & 1;
                    var (first, second) = turn == 0 ? (together.Engine, other) : (other, together.Engine);
                    var receipt = await first.RecordAsync(events[i], Token);
                    if ((seed >> ((i + 7) % 31)) % 3 == 0)
                    {
                        Assert.Equal(receipt, await second.RecordAsync(events[i], Token));
                    }
                }

                Assert.Equal(await alone.PictureAsync(Histories.End, netted: false), await together.PictureAsync(Histories.End, netted: false));
                return true;
            });

    // Counts loads, and can be out of order.
    private sealed class LoadCounter(InMemoryStore store) : ICustomerStore
    {
        public int Loads { get; private set; }

        public bool IsDown { get; set; }

        public ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken)
        {
            Loads++;
            return store.LoadAsync(customer, cancellationToken);
        }

        public ValueTask<CustomerHistory> LoadHistoryAsync(CustomerId customer, HistoryStart start, CancellationToken cancellationToken) => store.LoadHistoryAsync(customer, start, cancellationToken);

        public ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken) =>
            IsDown ? throw new IOException("The store is out of order.") : store.CommitAsync(commit, cancellationToken);

        public IAsyncEnumerable<JournalEntry> ReadJournalAsync(CustomerId customer, long afterVersion, CancellationToken cancellationToken) => store.ReadJournalAsync(customer, afterVersion, cancellationToken);
    }

    // Writes what was decided on top of whatever there is by now.
    private sealed class CarelessStore(InMemoryStore store) : ICustomerStore, IWakeups
    {
        public ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken) => store.LoadAsync(customer, cancellationToken);

        public ValueTask<CustomerHistory> LoadHistoryAsync(CustomerId customer, HistoryStart start, CancellationToken cancellationToken) => store.LoadHistoryAsync(customer, start, cancellationToken);

        public async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
        {
            var shift = (await store.LoadAsync(CustomerRef.Of(commit.Customer), cancellationToken)).Version - commit.ExpectedVersion;
            return await store.CommitAsync(
                commit with
                {
                    ExpectedVersion = commit.ExpectedVersion + shift,
                    Version = commit.Version + shift,
                    Entries = commit.Entries.Select(entry => entry with { Version = entry.Version + shift }).ToSequence(),
                },
                cancellationToken);
        }

        public IAsyncEnumerable<JournalEntry> ReadJournalAsync(CustomerId customer, long afterVersion, CancellationToken cancellationToken) => store.ReadJournalAsync(customer, afterVersion, cancellationToken);

        public ValueTask<IReadOnlyList<CustomerId>> LeaseDueAsync(Instant due, Instant now, Instant until, int most, CancellationToken cancellationToken) => store.LeaseDueAsync(due, now, until, most, cancellationToken);
    }
}
