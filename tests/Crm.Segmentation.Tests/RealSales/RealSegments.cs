using System.Diagnostics;
using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Modules;
using Crm.Segmentation.Columns;
using Crm.Segmentation.Segments;
using Crm.Storage;
using Crm.Storage.Sqlite;
using Crm.Testing;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Tests.RealSales;

/// <summary>Forty segments of two shops, by each of the four executors, and by plain LINQ over the raw file.</summary>
public sealed class RealSegments
{
    private static readonly Duration Day = Duration.FromDays(1);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Segments_of_Cdnow_are_those_that_LINQ_over_the_raw_file_finds() =>
        await AgreesAsync(RawFiles.Cdnow.ToLookup(row => row.Customer), [.. RawFiles.CdnowPurchases()], CdnowSegments.All, CdnowSegments.SpendOfJanuary, CdnowSegments.Top, RawFiles.At(CdnowSegments.Now), storedEvery: 3);

    [Fact]
    public async Task Segments_of_Online_Retail_are_those_that_LINQ_over_the_raw_file_finds() =>
        await AgreesAsync(RawFiles.Retail.ToLookup(row => row.Customer), [.. RawFiles.RetailPurchases()], RetailSegments.All, RetailSegments.SpendOfNovember, RetailSegments.Top, RawFiles.At(RetailSegments.Now), storedEvery: 1);

    [Fact]
    public void The_comparison_catches_an_answer_as_of_the_day_before()
    {
        var shop = Shop.Of(RawFiles.CdnowPurchases());
        var now = RawFiles.At(CdnowSegments.Now);
        var customers = RawFiles.Cdnow.ToLookup(row => row.Customer);
        var all = CdnowSegments.All(shop.Top(CdnowSegments.SpendOfJanuary, CdnowSegments.Top, now));

        Assert.True(all.Count(segment => !shop.InColumns(segment.Where, now - Day).SequenceEqual(segment.ByHand(customers).Order())) >= 3);
    }

    private static async Task AgreesAsync<TRow>(
        ILookup<int, TRow> customers, List<(int Customer, CustomerEvent Event)> purchases, Func<Condition, IReadOnlyList<RealSegment<TRow>>> segments, Condition.EventWindow ranked, int top, Instant now, int storedEvery)
    {
        var shop = Shop.Of(purchases);
        var written = segments(shop.Top(ranked, top, now)).Select(segment => (segment.Id, Read: SegmentJson.Read(SegmentJson.Write(Samples.Of(segment.Id, segment.Where).Define())), Expected: segment.ByHand(customers).Order().ToList())).ToList();
        await using var database = SqliteStore.Open(":memory:");
        var stored = purchases.Where(one => one.Customer % storedEvery == 0).ToList();
        var kinds = (await RecordedAsync(database, [], stored, now)).Kinds;
        var names = await NamesAsync(database, stored);
        var engine = await RecordedAsync(new InMemoryStore(), [new SegmentationModule(new SegmentCatalog(new Definitions.DefinitionCatalog<Segment>(written.Select(segment => segment.Read))))], stored, now);
        var members = await MembersAsync(engine, stored);

        foreach (var (id, read, expected) in written)
        {
            var where = read.Value.Where;
            var ofStored = expected.Where(customer => customer % storedEvery == 0).ToList();
            Assert.True(expected.Count > 0 && expected.Count < customers.Count, $"{id}: {expected.Count} of {customers.Count} are in it, which shows nothing.");
            Same(id, "evaluator", expected, shop.Evaluated(where, now));
            Same(id, "incremental", ofStored, members[SegmentNames.Fact(id)].Order());
            Same(id, "columns", expected, shop.InColumns(where, now));
            var answer = await database.SelectAsync(where, kinds, null, new Moment(now, DateTimeZone.Utc), Token);
            Assert.Empty(answer.Undecided);
            Same(id, "SQL", ofStored, answer.Members.Select(customer => names[customer]).Order());
        }

        Assert.Distinct(written.Select(segment => string.Join(",", segment.Expected)));
    }

    private static void Same(string segment, string executor, List<int> expected, IEnumerable<int> found)
    {
        var list = found.ToList();
        Assert.True(expected.SequenceEqual(list), $"{segment} by {executor}: {list.Count} instead of {expected.Count}; too many {string.Join(",", list.Except(expected).Take(5))}, too few {string.Join(",", expected.Except(list).Take(5))}.");
    }

    private static async Task<CrmEngine> RecordedAsync(ICustomerStore store, ICustomerModule[] modules, List<(int Customer, CustomerEvent Event)> purchases, Instant now)
    {
        var engine = new CrmEngine(store, modules, new CrmOptions { Zone = DateTimeZone.Utc }, new FakeClock(now), new SeededIdSource(7));
        foreach (var some in purchases.OrderBy(one => one.Customer).ThenBy(one => one.Event.OccurredAt).Select(one => one.Event).Chunk(2_000))
        {
            await engine.RecordAsync(some, RecordMode.Backfill, Token);
        }

        return engine;
    }

    private static async Task<Dictionary<CustomerId, int>> NamesAsync(ICustomerStore store, List<(int Customer, CustomerEvent Event)> purchases)
    {
        var names = new Dictionary<CustomerId, int>();
        foreach (var customer in purchases.Select(one => one.Customer).Distinct())
        {
            var snapshot = await store.LoadAsync(CustomerRef.Of(Identity.User(customer)), Token);
            names.Add(snapshot.Customer ?? throw new UnreachableException(), customer);
        }

        return names;
    }

    private static async Task<ILookup<string, int>> MembersAsync(CrmEngine engine, List<(int Customer, CustomerEvent Event)> purchases)
    {
        var members = new List<(string Fact, int Customer)>();
        foreach (var customer in purchases.Select(one => one.Customer).Distinct())
        {
            var view = await engine.ReadAsync(CustomerRef.Of(Identity.User(customer)), Token) ?? throw new UnreachableException();
            members.AddRange(view.Facts.Where(fact => fact.Value.AsFlag).Select(fact => (fact.Name, customer)));
        }

        return members.ToLookup(one => one.Fact, one => one.Customer);
    }
}
