using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Storage;
using Crm.Tests.Shared;
using Crm.Values;
using NodaTime;

namespace Crm.Core.Tests.Engine;

/// <summary>Lists of customers, for screens.</summary>
public sealed class CustomerPages
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task HO1_pages_have_everybody_once_as_of_now_each_page_in_one_round_trip()
    {
        var shop = await WithCustomersAsync(25);
        var counting = new Counting(shop.Store);
        shop.Over(_ => counting);
        shop.Clock.Advance(Duration.FromDays(400));

        var pages = await PagesAsync(shop, most: 10);

        Assert.Equal([10, 10, 5], pages.Select(page => page.Customers.Count));
        Assert.Equal(3, counting.RoundTrips);
        var all = await shop.Store.ReadCustomersAsync(Token).ToListAsync(Token);
        Assert.Equal(all, pages.SelectMany(page => page.Customers).Select(view => view.Customer));
        Assert.All(pages.SelectMany(page => page.Customers), view => Assert.True(view.Fact("club.points").IsMissing || view.Fact("club.points").AsNumber == 0));
    }

    [Fact]
    public async Task A_store_without_pages_gives_the_same_ones()
    {
        var shop = await WithCustomersAsync(12);
        var native = await PagesAsync(shop, most: 5);
        shop.Over(store => new Listing(store));

        var listed = await PagesAsync(shop, most: 5);

        Assert.Equal(native.Select(page => page.Next), listed.Select(page => page.Next));
        Assert.Equal(native.SelectMany(page => page.Customers).Select(Picture), listed.SelectMany(page => page.Customers).Select(Picture));
    }

    [Fact]
    public async Task A_full_last_page_says_that_it_is_the_last()
    {
        var shop = await WithCustomersAsync(10);

        Assert.Equal([5, 5], (await PagesAsync(shop, most: 5)).Select(page => page.Customers.Count));
        Assert.Null((await new Shop(new ClubModule(new Condition.Any([]))).Engine.ReadPageAsync(new CustomerPageRequest(), Token)).Next);
    }

    [Fact]
    public async Task Pages_of_the_past_leave_out_whoever_was_not_there()
    {
        var shop = await WithCustomersAsync(10);
        var then = Shop.Opening + Duration.FromDays(6);

        var found = new List<PastView>();
        var request = new CustomerPageRequest(3);
        for (CustomerId? next = default(CustomerId); next is not null; request = request with { After = next })
        {
            var page = await shop.Engine.ReadPageAsync(request, new PastQuestion(then), Token);
            found.AddRange(page.Customers);
            next = page.Next;
        }

        Assert.Equal(6, found.Count);
        Assert.All(found, view => Assert.Equal(then, view.Moment.Instant));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1_001)]
    public async Task A_page_of_another_size_is_refused(int most) =>
        Assert.Contains("1 to 1000", (await Assert.ThrowsAsync<InvalidOperationException>(() => new Shop().Engine.ReadPageAsync(new CustomerPageRequest(most), Token).AsTask())).Message);

    private static async Task<Shop> WithCustomersAsync(int count)
    {
        var shop = new Shop(new ClubModule(new Condition.Any([])));
        for (var customer = 1; customer <= count; customer++)
        {
            await shop.RecordAsync(CustomerEvent.Purchase($"till:{customer}", Identity.User(customer), Money.Hkd(10 * customer)) with { OccurredAt = Shop.Opening + Duration.FromDays(customer) });
        }

        return shop;
    }

    private static async Task<List<CustomerPage>> PagesAsync(Shop shop, int most)
    {
        var pages = new List<CustomerPage> { await shop.Engine.ReadPageAsync(new CustomerPageRequest(most), Token) };
        while (pages[^1].Next is { } next)
        {
            pages.Add(await shop.Engine.ReadPageAsync(new CustomerPageRequest(most) { After = next }, Token));
        }

        return pages;
    }

    private static string Picture(CustomerView view) => $"{view.Customer} {view.Version} {view.Moment.Instant} {string.Join(", ", view.Facts)}";

    private sealed class Counting(InMemoryStore store) : CountingStore(store), ICustomerPages
    {
        public ValueTask<IReadOnlyList<CustomerSnapshot>> LoadPageAsync(CustomerId? after, int most, CancellationToken cancellationToken) => Ask().LoadPageAsync(after, most, cancellationToken);
    }

    private sealed class Listing(InMemoryStore store) : CountingStore(store), IJournalScan
    {
        public IAsyncEnumerable<CustomerId> ReadCustomersAsync(CancellationToken cancellationToken) => Ask().ReadCustomersAsync(cancellationToken);

        public IAsyncEnumerable<(CustomerId Customer, JournalEntry Entry)> ReadAllAsync(CancellationToken cancellationToken) => Ask().ReadAllAsync(cancellationToken);

        public IAsyncEnumerable<(CustomerId Customer, Ledger.LedgerEntry Entry)> ReadLedgerAsync(CancellationToken cancellationToken) => Ask().ReadLedgerAsync(cancellationToken);

        public IAsyncEnumerable<(CustomerId Customer, Identity Identity)> ReadIdentitiesAsync(CancellationToken cancellationToken) => Ask().ReadIdentitiesAsync(cancellationToken);

        public IAsyncEnumerable<(CustomerId Customer, Crm.Modules.Fact Fact)> ReadFactsAsync(CancellationToken cancellationToken) => Ask().ReadFactsAsync(cancellationToken);
    }
}
