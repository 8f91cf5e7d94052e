using System.Collections.Concurrent;
using Crm.Definitions;
using Crm.Engine;
using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty;
using Crm.Loyalty.Library;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Rules;
using Crm.Modules;
using Crm.Storage;
using Crm.Testing;
using Crm.Values;
using NodaTime;

namespace Crm.EndToEnd.Tests.Races;

/// <summary>A programme gets new versions while two hosts record: each is activated for a moment to come, and both hosts have made their engines anew by then, one after the other and without a pause.</summary>
public sealed class SwappedVersions
{
    private const int Versions = 8;
    private const int Writers = 4;
    private const int Customers = 6;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Town.Kinds), MemberType = typeof(Town))]
    public async Task Every_event_is_decided_once_and_by_the_version_of_its_moment(string kind)
    {
        await using var town = new Town(kind);

        await CheckAsync(town, await SwapWhileRecordingAsync(town, static _ => true));
    }

    [Fact]
    public async Task A_host_that_goes_on_with_the_version_before_is_caught()
    {
        await using var town = new Town("memory");
        var recorded = await SwapWhileRecordingAsync(town, static version => version < Versions);

        await Assert.ThrowsAnyAsync<Xunit.Sdk.XunitException>(() => CheckAsync(town, recorded));
    }

    [Fact]
    public async Task An_event_that_is_lost_on_the_way_is_caught()
    {
        await using var town = new Town("memory");
        var recorded = await SwapWhileRecordingAsync(town, static _ => true);
        recorded.Enqueue((recorded.First().Bought with { Key = new EventKey("till", "lost") }, recorded.First().Receipt));

        await Assert.ThrowsAnyAsync<Xunit.Sdk.XunitException>(() => CheckAsync(town, recorded));
    }

    // What was recorded, with its receipts. The second host makes its engine anew for the versions that are chosen.
    private static async Task<ConcurrentQueue<(CustomerEvent Bought, Receipt Receipt)>> SwapWhileRecordingAsync(Town town, Func<int, bool> secondFollows)
    {
        var library = new ProgramLibrary((IDocumentStore)town.Stores[0], town.Clock);
        await library.ActivateAsync(Version(1).Define(), "staff:1", Token);
        var first = await library.LoadAsync(Token);
        Host[] hosts = [.. town.Stores.Select((store, place) => new Host(store, town.Clock, first, place + 1))];
        var (recorded, done) = (new ConcurrentQueue<(CustomerEvent, Receipt)>(), new ManualResetEventSlim());
        var writers = Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            for (var n = 0; !done.IsSet; n++)
            {
                var bought = CustomerEvent.Purchase($"till:{writer}-{n}", Identity.User((writer + n) % Customers), Money.Hkd(1 + (n % 7)));
                recorded.Enqueue((bought, await hosts[(writer + n) % hosts.Length].RecordAsync(bought)));
            }
        })).ToList();
        await MoreAsync(recorded, writers);
        for (var version = 2; version <= Versions; version++)
        {
            await library.ActivateAsync(Version(version).Define(version, town.Now + Duration.FromSeconds(1)), "staff:1", Token);
            foreach (var host in secondFollows(version) ? hosts : hosts[..1])
            {
                await host.MakeAnewAsync(await library.LoadAsync(Token));
                await MoreAsync(recorded, writers);
            }

            town.Later();
            await MoreAsync(recorded, writers);
        }

        done.Set();
        await Task.WhenAll(writers);
        return recorded;
    }

    // Lets the writers record more than they may have had in hand; one that fails ends the wait.
    private static async Task MoreAsync(ConcurrentQueue<(CustomerEvent, Receipt)> recorded, List<Task> writers)
    {
        for (var enough = recorded.Count + (3 * Writers); recorded.Count < enough && writers.TrueForAll(writer => !writer.IsCompleted);)
        {
            await Task.Delay(1, Token);
        }
    }

    private static async Task CheckAsync(Town town, IReadOnlyCollection<(CustomerEvent Bought, Receipt Receipt)> recorded)
    {
        var (store, scan) = (town.Stores[1], (IJournalScan)town.Stores[1]);
        var catalog = await new ProgramLibrary((IDocumentStore)store, town.Clock).LoadAsync(Token);
        var ledger = (await scan.ReadLedgerAsync(Token).ToListAsync(Token)).ToLookup(row => row.Customer, row => row.Entry);
        var decided = ledger.SelectMany(entries => entries).ToLookup(entry => entry.Cause);

        // Once, and as the version said that counted at the moment of the event.
        foreach (var (bought, receipt) in recorded)
        {
            var version = catalog.All.Last(definition => definition.ActiveFrom <= receipt.EffectiveAt);
            var entry = Assert.Single(decided[bought.Key]);
            var points = bought.Spend.GetValueOrDefault().MinorUnits / 100 * version.Version;
            Assert.Equal((version.Hash, Movement.Issued, points, points), (entry.Definition.GetValueOrDefault(), entry.Movement, entry.Amount, receipt.Total("points")));
        }

        Assert.Equal(recorded.Count, decided.Count);
        Assert.Equal(Versions, decided.Select(entries => entries.Single().Definition).Distinct().Count());

        // And all together as if one had recorded them one after the other with all that is known now.
        var (clock, verifier) = (new FakeClock(town.Now), new CustomerVerifier([new LoyaltyModule(catalog)], new CrmOptions()));
        var again = new CrmEngine(new InMemoryStore(), [new LoyaltyModule(catalog)], new CrmOptions(), clock, new SeededIdSource());
        foreach (var customer in Enumerable.Range(0, Customers).Select(n => Identity.User(n)))
        {
            var stored = await store.LoadAsync(CustomerRef.Of(customer), Token);
            var id = stored.Customer ?? throw new InvalidOperationException($"'{customer}' was never recorded.");
            var history = await store.LoadWholeAsync(id, Token);
            Assert.Empty(verifier.Verify(stored, history, [.. ledger[id]]).Differences);
            foreach (var entry in history.Entries.OrderBy(entry => entry.Version))
            {
                await again.RecordAsync(entry.Event with { Identity = customer, OccurredAt = entry.EffectiveAt }, Token);
            }

            Assert.Equal(ledger[id].Sum(entry => entry.Amount), await PointsAsync(again, customer));
            Assert.Equal(await PointsAsync(again, customer), await PointsAsync(new CrmEngine(store, [new LoyaltyModule(catalog)], new CrmOptions(), clock, new SeededIdSource()), customer));
        }
    }

    private static async Task<long> PointsAsync(CrmEngine engine, Identity customer) =>
        (await engine.ReadAsync(CustomerRef.Of(customer), Token))?.Slot<LoyaltyState>(LoyaltyNames.Module).In("club").Wallet("points").Balance ?? 0;

    private static LoyaltyProgram Version(int points) => new()
    {
        Name = "club",
        Zone = "Asia/Hong_Kong",
        Units = [new("points", UnitKind.Redeemable)],
        Rules = [new PointsPerAmount { Name = "base", Unit = "points", Points = points, Every = Money.Hkd(1), Basis = new EarningBasis.Spend() }],
    };

    /// <summary>A host whose engine is made anew while others call it: whoever comes gets the new one, and the old one ends what it has begun.</summary>
    private sealed class Host(ICustomerStore store, IClock clock, DefinitionCatalog<LoyaltyProgram> programs, int seed)
    {
        private readonly Lock gate = new();
        private Generation current = new(Of(store, clock, programs, seed));
        private int made;

        public async Task<Receipt> RecordAsync(CustomerEvent bought)
        {
            Generation mine;
            lock (gate)
            {
                mine = current;
                mine.Calls++;
            }

            try
            {
                return await mine.Engine.RecordAsync(bought, Token);
            }
            finally
            {
                lock (gate)
                {
                    mine.Calls--;
                }
            }
        }

        public async Task MakeAnewAsync(DefinitionCatalog<LoyaltyProgram> with)
        {
            Generation before;
            lock (gate)
            {
                (before, current) = (current, new Generation(Of(store, clock, with, (++made * 10) + seed)));
            }

            while (IsCalled(before))
            {
                await Task.Delay(1, Token);
            }
        }

        private bool IsCalled(Generation generation)
        {
            lock (gate)
            {
                return generation.Calls > 0;
            }
        }

        private static CrmEngine Of(ICustomerStore store, IClock clock, DefinitionCatalog<LoyaltyProgram> programs, int seed) =>
            new(store, LoyaltyModule.Of(programs, []), new CrmOptions(), clock, new SeededIdSource(seed));

        private sealed class Generation(CrmEngine engine)
        {
            public CrmEngine Engine => engine;

            public int Calls { get; set; }
        }
    }
}
