using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Modules;
using Crm.Storage;
using Crm.Testing;
using Crm.Values;

namespace Crm.Core.Tests.Engine;

/// <summary>What modules that are gone have stored goes where it is asked for by name, and nowhere else.</summary>
public sealed class Sweeps
{
    private static readonly Condition AnyPurchase = If.Purchases().Count().AtLeast(1);
    private static readonly ICustomerModule Club = new ClubModule(new Condition.Any([]));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_a_module_has_stored_goes_when_it_is_named_and_the_books_stay()
    {
        var shop = await OpenAsync();
        var later = new Shop(shop.Store, Club);
        var (ledger, journal) = (await LedgerAsync(shop), await JournalAsync(shop));
        var before = Watched(await LoadAsync(shop));

        var dry = await later.Engine.SweepAsync(new SweepRequest { RemovedModules = ["watch"], DryRun = true }, Token);
        Assert.Equal((2, 2, 2, true), (dry.Seen, dry.Swept, dry.Emptied, dry.IsComplete));
        Assert.Equal(before, Watched(await LoadAsync(shop)));
        var swept = await later.Engine.SweepAsync(new SweepRequest { RemovedModules = ["watch"] }, Token);

        Assert.Equal((2, 2, 2, 0), (swept.Seen, swept.Swept, swept.Emptied, swept.Left.Count));
        Assert.Empty(Watched(await LoadAsync(shop)).Bytes);
        Assert.Equal((ledger, journal), (await LedgerAsync(shop), await JournalAsync(shop)));
        Assert.Equal((0, 0), await later.Engine.SweepAsync(new SweepRequest { RemovedModules = ["watch"] }, Token) is var again ? (again.Swept, again.Emptied) : default);
    }

    [Fact]
    public async Task A_state_that_is_not_named_stays_is_told_of_and_goes_on_when_its_module_is_back()
    {
        var shop = await OpenAsync();
        var before = Watched(await LoadAsync(shop));
        var forgetful = new Shop(shop.Store, Club);

        var swept = await forgetful.Engine.SweepAsync(new SweepRequest { RemovedModules = ["wtach"] }, Token);

        Assert.Equal((0, "watch"), (swept.Emptied, Assert.Single(swept.Left)));
        Assert.Equal(before, Watched(await LoadAsync(shop)));
        await HoldsAsync(shop);
    }

    [Fact]
    public async Task A_module_that_comes_back_after_its_state_went_begins_anew()
    {
        var shop = await OpenAsync();
        await new Shop(shop.Store, Club).Engine.SweepAsync(new SweepRequest { RemovedModules = ["watch"] }, Token);
        var back = new Shop(shop.Store, Club, new WatchModule(AnyPurchase));
        Assert.NotNull(await back.Engine.ReadAsync(CustomerRef.Of(Shop.Amy), Token));

        await back.RecordAsync(Merges.Purchase("till:3", Shop.Amy, 1_000));

        var fresh = new Shop(Club, new WatchModule(AnyPurchase));
        await fresh.RecordAsync(Merges.Purchase("till:3", Shop.Amy, 1_000));
        Assert.Equal(Watched(await LoadAsync(fresh)), Watched(await LoadAsync(back)));
        await HoldsAsync(back);
    }

    [Fact]
    public async Task Whoever_comes_with_other_modules_can_ask_which_would_be_passed_over()
    {
        var shop = new Shop(Club, new WatchModule(AnyPurchase), Deaf());
        await shop.RecordAsync(Merges.Purchase("till:1", Shop.Amy, 1_000));
        var other = new Shop(shop.Store, Club);

        Assert.Equal(["deaf", "watch"], await UnregisteredAsync(other));
        Assert.Equal(["deaf"], await UnregisteredAsync(new Shop(shop.Store, Club, new WatchModule(AnyPurchase))));
        Assert.Empty(await UnregisteredAsync(shop));
        Assert.Empty(await other.Engine.FindUnregisteredModulesAsync([CustomerRef.Of(Merges.Ben)], Token));

        // What a commit of the others has passed over is known by what is stored of it.
        await other.RecordAsync(Merges.Purchase("till:2", Shop.Amy, 1_000));
        Assert.Equal(["watch"], await UnregisteredAsync(other));
    }

    [Fact]
    public async Task A_module_that_has_stored_nothing_is_forgotten_where_it_is_named()
    {
        var shop = new Shop(Club, Deaf());
        await shop.RecordAsync(Merges.Purchase("till:1", Shop.Amy, 1_000));
        var later = new Shop(shop.Store, Club);

        Assert.Equal(0, (await later.Engine.SweepAsync(new SweepRequest(), Token)).Swept);
        Assert.Equal(["deaf"], await UnregisteredAsync(later));
        var swept = await later.Engine.SweepAsync(new SweepRequest { RemovedModules = ["deaf"] }, Token);

        Assert.Equal((1, 0), (swept.Swept, swept.Emptied));
        Assert.Empty(await UnregisteredAsync(later));
        Assert.Equal(0, (await later.Engine.SweepAsync(new SweepRequest { RemovedModules = ["deaf"] }, Token)).Swept);
        await HoldsAsync(later);
    }

    [Theory]
    [InlineData("watch")]
    [InlineData("kernel")]
    public async Task What_is_in_use_is_not_swept(string module)
    {
        var shop = await OpenAsync();

        Assert.Contains($"'{module}'", (await Assert.ThrowsAsync<ArgumentException>(() => shop.Engine.SweepAsync(new SweepRequest { RemovedModules = [module] }, Token).AsTask())).Message);
    }

    // Purchases are nothing to it.
    private static ScriptModule Deaf() => new("deaf", [EventKinds.RefundName], (state, _) => state.Plus("heard"));

    private static async Task<Sequence<string>> UnregisteredAsync(Shop shop) => await shop.Engine.FindUnregisteredModulesAsync([CustomerRef.Of(Shop.Amy)], Token);

    private static async Task<Shop> OpenAsync()
    {
        var shop = new Shop(Club, new WatchModule(AnyPurchase));
        await shop.RecordAsync(Merges.Purchase("till:1", Shop.Amy, 1_000));
        await shop.RecordAsync(Merges.Purchase("till:2", Merges.Ben, 2_000));
        return shop;
    }

    private static async Task HoldsAsync(Shop shop)
    {
        var snapshot = await LoadAsync(shop);
        var customer = Assert.IsType<CustomerId>(snapshot.Customer);
        var (history, ledger) = (await shop.Store.LoadWholeAsync(customer, Token), await shop.Store.LedgerOfAsync(customer, Token));
        Assert.Equal([], new CustomerVerifier(shop.Modules, shop.Options).Verify(snapshot, history, ledger).Differences.Select(difference => $"{difference}"));
    }

    private static async Task<CustomerSnapshot> LoadAsync(Shop shop) => await shop.Store.LoadAsync(CustomerRef.Of(Shop.Amy), Token);

    private static StoredSlot Watched(CustomerSnapshot snapshot) => snapshot.Slots.Single(slot => slot.Name == "watch");

    private static async Task<string> LedgerAsync(Shop shop) => string.Join('\n', await shop.Store.ReadLedgerAsync(Token).ToListAsync(Token));

    private static async Task<string> JournalAsync(Shop shop) => string.Join('\n', await shop.Store.ReadAllAsync(Token).Select(row => $"{row.Customer} {row.Entry.Version} {row.Entry.Event.Key}").ToListAsync(Token));
}
