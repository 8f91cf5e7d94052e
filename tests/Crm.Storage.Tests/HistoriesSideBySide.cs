using Crm.Engine;
using Crm.Events;
using Crm.Ledger;
using Crm.Modules;
using Crm.Storage.Sqlite;
using Crm.Testing;
using Crm.Values;
using NodaTime;

namespace Crm.Storage.Tests;

/// <summary>Histories read side by side, in large parts, are those that are read one after the other.</summary>
public sealed class HistoriesSideBySide
{
    private const int ManyEvents = 5_000;
    private static readonly Instant Start = Instant.FromUtc(2026, 3, 1, 0, 0);
    private static readonly (int First, int Last)[] Ranges = [(0, 99), (100, 100), (101, 700), (701, 1_023)];

    public static TheoryData<string> Names => [.. TestedStore.All.Select(store => store.Name)];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Every_customer_is_met_once_with_the_whole_history(string name)
    {
        await using var factory = TestedStore.All.Single(store => store.Name == name).Fresh();
        var store = await factory.OpenAsync("tea", Token);
        if (store is not IHistoryScan histories)
        {
            Assert.IsType<InMemoryStore>(store);
            return;
        }

        await FillAsync(store);
        await FillAsync(await factory.OpenAsync("coffee", Token), customers: 3);
        var expected = new List<StoredHistory>();
        await foreach (var (customer, entry) in ((IJournalScan)store).ReadAllAsync(Token))
        {
            if (expected.Count == 0 || expected[^1].Customer != customer)
            {
                expected.Add(new StoredHistory(customer, new List<HistoryEntry>()));
            }

            ((List<HistoryEntry>)expected[^1].Entries).Add(HistoryEntry.Of(entry));
        }

        var found = new List<StoredHistory>();
        foreach (var (first, last) in Ranges)
        {
            await foreach (var some in histories.ReadHistoriesAsync(first, last, Token))
            {
                Assert.All(some, history => Assert.InRange(history.Customer.Bucket, first, last));
                found.AddRange(some);
            }
        }

        Assert.Equal(expected.Select(history => history.Customer), found.Select(history => history.Customer));
        Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First.Entries, pair.Second.Entries));
        Assert.Contains(found, history => history.Entries.Count == ManyEvents);
        Assert.Contains(found.SelectMany(history => history.Entries), entry => !entry.Accepted);
        Assert.Contains(found.SelectMany(history => history.Entries), entry => entry.Event.Lines.Count == 2);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Scans_give_what_each_customer_has_however_much_one_of_them_has(string name)
    {
        await using var factory = TestedStore.All.Single(store => store.Name == name).Fresh();
        var store = await factory.OpenAsync("tea", Token);
        var scan = (IJournalScan)store;
        await FillMuchAsync(store);
        await FillMuchAsync(await factory.OpenAsync("coffee", Token));

        var (entries, ledger) = (new List<(CustomerId, JournalEntry)>(), new List<(CustomerId, LedgerEntry)>());
        foreach (var customer in await scan.ReadCustomersAsync(Token).ToListAsync(Token))
        {
            entries.AddRange((await store.ReadJournalAsync(customer, 0, Token).ToListAsync(Token)).Select(entry => (customer, entry)));
            ledger.AddRange((await ((IJournalDisposal)store).LedgerOfAsync(customer, Token)).Select(entry => (customer, entry)));
        }

        Assert.Equal(entries, await scan.ReadAllAsync(Token).ToListAsync(Token));
        Assert.Equal(ledger, await scan.ReadLedgerAsync(Token).ToListAsync(Token));
        Assert.Equal((2_048 + 1_025 + 8, 2_048 + 1_025), (entries.Count, ledger.Count));
    }

    [Fact]
    public async Task Scans_hold_so_many_rows_at_a_time_however_much_one_customer_has()
    {
        var statements = new List<string>();
        await using var store = SqliteStore.Open(":memory:", new SqliteStoreOptions { OnStatement = statements.Add });
        await FillMuchAsync(store);
        statements.Clear();

        await ((IJournalScan)store).ReadAllAsync(Token).CountAsync(Token);
        Assert.Equal(4, statements.Count(sql => sql.Contains("FROM crm_event e", StringComparison.Ordinal)));
        await ((IJournalScan)store).ReadLedgerAsync(Token).CountAsync(Token);
        Assert.Equal(4, statements.Count(sql => sql.Contains("FROM crm_ledger t", StringComparison.Ordinal)));
    }

    // Two who have as much as a page, or a row more than one, and some who have little.
    private static async Task FillMuchAsync(ICustomerStore store)
    {
        for (var customer = 0; customer < 10; customer++)
        {
            var count = customer switch { 3 => 2_048, 4 => 1_025, _ => 1 };
            await store.CommitAsync(
                Samples.Birth(customer) with
                {
                    Version = count,
                    Entries = [.. Enumerable.Range(1, count).Select(version => Samples.FullEntry(customer, version, $"pos:{customer}-{version}"))],
                    Ledger = count == 1 ? [] : [.. Enumerable.Range(1, count).Select(n => Samples.Issued(n))],
                },
                Token);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_event_that_comes_between_the_events_and_their_lines_takes_the_lines_of_nobody(bool byId)
    {
        using var file = new TemporaryFile();
        await using var other = SqliteStore.Open(file.Path);
        await FillAsync(other, customers: 4);
        var customers = await ((IJournalScan)other).ReadCustomersAsync(Token).ToListAsync(Token);
        var beside = new CrmEngine(other, [new Refusing()], new CrmOptions(), new FakeClock(Start + Duration.FromDays(200)), new SeededIdSource());
        Task? recorded = null;

        // The file has one writer, and another may read: so this waits for nobody.
        void Record(string sql)
        {
            if (recorded is null && sql.Contains("crm_event_line", StringComparison.Ordinal))
            {
                recorded = Task.Run(
                    async () =>
                    {
                        for (var who = 0; who < 4; who++)
                        {
                            await beside.RecordAsync(CustomerEvent.Purchase($"pos:late-{who}", Identity.User(who), Money.Hkd(30), new EventLine("tea", 1, Money.Hkd(30), "drinks")) with { OccurredAt = Start + Duration.FromDays(150) }, Token);
                        }
                    },
                    Token);
                ((IAsyncResult)recorded).AsyncWaitHandle.WaitOne();
            }
        }

        await using var store = SqliteStore.Open(file.Path, new SqliteStoreOptions { OnStatement = Record });
        var found = new Dictionary<CustomerId, StoredHistory>();
        await foreach (var some in byId ? store.ReadHistoriesAsync(customers, Token) : store.ReadHistoriesAsync(0, 1_023, Token))
        {
            foreach (var history in some)
            {
                found.Add(history.Customer, history);
            }
        }

        await Assert.IsType<Task>(recorded, exactMatch: false);
        foreach (var customer in customers)
        {
            var expected = (await other.ReadJournalAsync(customer, 0, Token).ToListAsync(Token)).Select(HistoryEntry.Of).Where(entry => !entry.Event.Key.Value.StartsWith("late", StringComparison.Ordinal));
            Assert.Equal(expected, found[customer].Entries);
        }
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    public async Task A_commit_between_the_questions_about_a_history_tears_nothing_out_of_it(bool byEvent, bool takesAway)
    {
        HistoryStart start = byEvent ? new HistoryStart.BeforeEvent(EventKey.Parse("pos:5")) : new HistoryStart.Before(Samples.At(5));
        var (question, more) = (0, true);
        for (; more; question++)
        {
            using var file = new TemporaryFile();
            await using var other = SqliteStore.Open(file.Path);
            for (var n = 0; n < 6; n++)
            {
                await other.CommitAsync(Samples.Commit(1, n, $"pos:{n}", n) with { Checkpoints = n == 1 || (n == 3 && takesAway) ? [new Checkpoint(Samples.At(n), [])] : [] }, Token);
            }

            var (sent, committed) = (0, false);
            await using var store = SqliteStore.Open(file.Path, new SqliteStoreOptions
            {
                OnStatement = _ =>
                {
                    if (sent++ == question && !committed)
                    {
                        committed = true;
                        var between = Samples.Commit(1, 6) with { CheckpointsInvalidFrom = takesAway ? Samples.At(2) : null, Checkpoints = takesAway ? [] : [new Checkpoint(Samples.At(3), [])] };
                        ((IAsyncResult)Task.Run(async () => await other.CommitAsync(between, Token), Token)).AsyncWaitHandle.WaitOne();
                    }
                },
            });
            (sent, committed) = (0, true);
            await store.LoadAsync(CustomerRef.Of(Samples.Customer(1)), Token); // looks for the tables first
            (sent, committed) = (0, false);

            var history = await store.LoadHistoryAsync(Samples.Customer(1), start, Token);

            more = committed;
            Assert.Contains(history.Checkpoint?.At, new Instant?[] { Samples.At(1), Samples.At(3) });
            Assert.Equal(Enumerable.Range(0, 6).Where(n => Samples.At(n) > history.Checkpoint?.At).Select(n => $"{n}"), history.Entries.Select(entry => entry.Event.Key.Value));
        }

        Assert.InRange(question, 5, 12);
    }

    private static async Task FillAsync(ICustomerStore store, int customers = 40)
    {
        var clock = new FakeClock(Start + Duration.FromDays(100));
        var engine = new CrmEngine(store, [new Refusing()], new CrmOptions(), clock, new SeededIdSource());
        var events = Enumerable.Range(0, customers).SelectMany(customer => Happenings(customer, customer == 7 ? ManyEvents : 1 + (customer % 5)));
        foreach (var some in events.Chunk(1_000))
        {
            clock.Advance(Duration.FromSeconds(1));
            await engine.RecordAsync(some, RecordMode.Backfill, Token);
        }
    }

    private static IEnumerable<CustomerEvent> Happenings(int customer, int count) => Enumerable.Range(0, count).Select(number => (number % 4) switch
    {
        0 => CustomerEvent.Purchase($"pos:{customer}-{number}", Identity.User(customer), Money.Hkd(30), new EventLine("tea", 1, Money.Hkd(20), "drinks"), new EventLine("cup", 0.5m, Money.Hkd(10), null)) with { Channel = number % 8 == 0 ? "web" : null },
        1 => new CustomerEvent { Key = EventKey.Parse($"app:{customer}-{number}"), Kind = "ask", Identity = Identity.User(customer), Actor = "staff:1", Fields = Fields.Of(("why", "because")), Lookups = Fields.Of(("stock", 3)) },
        2 when count < ManyEvents => CustomerEvent.Refund($"back:{customer}-{number}", Identity.User(customer), $"pos:{customer}-{number - 2}", Money.Hkd(10)),
        _ => CustomerEvent.Purchase($"pos:{customer}-{number}", Identity.User(customer), new Money(900, Currency.Of("USD"))),
    } with { OccurredAt = Start + Duration.FromMinutes(number) });

    /// <summary>Refuses whatever is asked of it.</summary>
    private sealed class Refusing : CustomerModule<Refusing.Nothing>
    {
        public override ModuleContract Contract { get; } = new()
        {
            Name = "refusing",
            Codec = new NothingCodec(),
            Kinds = [new("ask", EventNature.Request) { Fields = [new("why", ScalarKind.Code)] }],
            Handles = ["ask"],
        };

        protected override Outcome Handle(Nothing state, ModuleContext context) => new Outcome.Refused("no", new Text("No.", "不可。"));

        internal sealed class Nothing;

        private sealed class NothingCodec : SlotCodec<Nothing>
        {
            private static readonly Nothing None = new();

            public override int Version => 1;

            public override Nothing Empty => None;

            protected override void Write(Nothing state, SlotWriter writer)
            {
            }

            protected override Nothing Read(int version, ref SlotReader reader) => None;
        }
    }
}
