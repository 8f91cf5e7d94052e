using Crm.Engine;
using Crm.Events;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using Xunit.Sdk;

namespace Crm.Core.Tests.Engine;

public sealed class IdentityTests
{
    private static readonly Identity Ben = Identity.User("ben");
    private static readonly Identity Phone = Histories.Phone;
    private static readonly CancellationToken Token = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Two_concurrent_births_of_one_identity_make_one_customer()
    {
        for (var round = 0; round < 20; round++)
        {
            var store = new InMemoryStore();
            // Two engines are two processes: they share nothing but the store.
            var engines = Enumerable.Range(0, 4).Select(_ => new Shop(store, new ClubModule(Never)).Engine).ToList();
            var receipts = await Task.WhenAll(Enumerable.Range(0, 32).Select(i => Task.Run(async () => await engines[i % 4].RecordAsync(Histories.Purchase($"till:{i}", 1_000), Token), Token)));
            var customer = Assert.Single(receipts.Select(receipt => receipt.Customer).Distinct());
            Assert.Equal(32, await store.ReadJournalAsync(customer, 0, Token).CountAsync(Token));
            Assert.Equal(32L, (await engines[0].ReadAsync(CustomerRef.Of(customer), Token))?.Fact("club.points").AsNumber);
        }
    }

    [Fact]
    public async Task A_further_identity_finds_the_customer()
    {
        var shop = new Shop(new ClubModule(Never));
        var born = await shop.RecordAsync(Histories.Purchase("till:1", 1_000) with { AlsoKnownAs = [Phone] });
        var found = await shop.RecordAsync(Histories.Purchase("till:2", 1_000) with { Identity = Phone });
        Assert.Equal(born.Customer, found.Customer);
    }

    [Fact]
    public async Task Each_entry_names_the_identity_that_its_own_event_came_with_also_where_they_are_recorded_together()
    {
        var shop = new Shop(new ClubModule(Never));
        var born = await shop.RecordAsync(Histories.Purchase("till:1", 1_000) with { AlsoKnownAs = [Phone] });
        await shop.Engine.RecordAsync(
        [
            Histories.Purchase("till:2", 1_000) with { Identity = Phone },
            Histories.Purchase("till:3", 1_000),
            Histories.Purchase("till:4", 1_000) with { Identity = null, Customer = born.Customer },
            Histories.Purchase("till:5", 1_000) with { AlsoKnownAs = [Identity.Email("amy@example.com")] },
            Histories.Purchase("till:6", 1_000) with { Identity = Phone },
        ], cancellationToken: Token);

        Assert.Equal([1, 2, 1, null, 1, 2], await ReferencesAsync(shop, born.Customer));
    }

    [Fact]
    public async Task A_request_for_an_identity_that_is_somebody_elses_is_refused_and_a_happening_is_noted()
    {
        var shop = new Shop(new ClubModule(Never));
        await shop.RecordAsync(Histories.Purchase("till:1", 50_000) with { AlsoKnownAs = [Phone] });
        await shop.RecordAsync(Histories.Purchase("till:2", 50_000) with { Identity = Ben });

        var request = await shop.RecordAsync(Histories.Redeem("till:3", 1) with { Identity = Ben, AlsoKnownAs = [Phone, Identity.Email("ben@example.com")] });
        Assert.Equal("identity-taken", request.Refusal?.Code);
        Assert.Null(await shop.Engine.ReadAsync(CustomerRef.Of(Identity.Email("ben@example.com")), Token));

        var happening = await shop.RecordAsync(Histories.Purchase("till:4", 1_000) with { Identity = Ben, AlsoKnownAs = [Phone] });
        Assert.Contains(happening.Lines, line => line.Code == "identity-taken");
        Assert.Equal(1, happening.Total("points"));
    }

    [Fact]
    public async Task An_identity_that_is_the_customers_already_may_be_given_again()
    {
        var shop = new Shop(new ClubModule(Never));
        await shop.RecordAsync(Histories.Purchase("till:1", 1_000) with { AlsoKnownAs = [Phone] });
        var again = await shop.RecordAsync(Histories.Purchase("till:2", 1_000) with { AlsoKnownAs = [Phone, Shop.Amy] });
        Assert.DoesNotContain(again.Lines, line => line.Code == "identity-taken");
    }

    private static async Task<IEnumerable<int?>> ReferencesAsync(Shop shop, CustomerId customer) =>
        (await shop.Store.ReadJournalAsync(customer, 0, Token).ToListAsync(Token)).Select(entry => entry.IdentityReference);

    private static Crm.Conditions.Condition Never => new Crm.Conditions.Condition.Any([]);
}
