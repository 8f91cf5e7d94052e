using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Core.Tests.Engine;

public sealed class CheckpointTests
{
    private static readonly CancellationToken Token = TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_late_event_reads_history_from_the_checkpoint_before_it_and_gives_what_the_whole_gives()
    {
        var often = await BusyAsync(checkpointEvery: 8);
        var seldom = await BusyAsync(checkpointEvery: 10_000);
        foreach (var shop in new[] { often, seldom })
        {
            await shop.RecordAsync(Histories.Purchase("till:late", 1_000) with { OccurredAt = Shop.Opening + Duration.FromDays(180) });
            await shop.RecordAsync(CustomerEvent.Refund("till:back", Shop.Amy, "till:150", Money.Hkd(10)));
        }

        Assert.Equal(await seldom.PictureAsync(Histories.End, netted: true), await often.PictureAsync(Histories.End, netted: true));
        var customer = (await often.ReadAsync()).Customer;
        var history = await often.Store.LoadHistoryAsync(customer, new HistoryStart.Before(Shop.Opening + Duration.FromDays(190)), Token);
        Assert.NotNull(history.Checkpoint);
        Assert.InRange(history.Entries.Count, 1, 30);
    }

    [Fact]
    public async Task Checkpoints_after_a_change_of_history_are_made_anew()
    {
        var shop = await BusyAsync(checkpointEvery: 8);
        var customer = (await shop.ReadAsync()).Customer;
        await shop.RecordAsync(CustomerEvent.Refund("till:back", Shop.Amy, "till:10", Money.Hkd(10)));
        await shop.RecordAsync(Histories.Purchase("till:late", 1_000) with { OccurredAt = Shop.Opening + Duration.FromDays(195) });

        var whole = new Shop(new CrmOptions { Zone = DateTimeZone.Utc, CheckpointEvery = 10_000 }, Modules);
        await foreach (var entry in shop.Store.ReadJournalAsync(customer, 0, Token))
        {
            await whole.RecordAsync(entry.Event with { Identity = Shop.Amy });
        }

        Assert.Equal(await whole.PictureAsync(Histories.End, netted: true), await shop.PictureAsync(Histories.End, netted: true));
    }

    private static Crm.Modules.ICustomerModule[] Modules => [new ClubModule(If.Purchases().InLast(Duration.FromDays(7)).Count().AtLeast(3)), new WatchModule(If.Purchases().SumOfSpend(Currency.Hkd).AtLeast(500))];

    private static async Task<Shop> BusyAsync(int checkpointEvery)
    {
        var shop = new Shop(new CrmOptions { Zone = DateTimeZone.Utc, CheckpointEvery = checkpointEvery }, Modules);
        for (var day = 0; day < 198; day++)
        {
            await shop.RecordAsync(Histories.Purchase($"till:{day}", 1_000) with { OccurredAt = Shop.Opening + Duration.FromDays(day) });
        }

        return shop;
    }
}
