using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Privacy.Consents;
using Crm.Storage;
using Crm.Values;

namespace Crm.EndToEnd.Tests.Slice;

/// <summary>A merge through customers, privacy, loyalty, segmentation and campaigns, over memory and SQLite.</summary>
public sealed class TwoWhoAreOne
{
    private static readonly Identity Visitor = new("cookie", "f00d");

    public static TheoryData<string> Stores { get; } = [Slice.Memory, Slice.Sqlite];

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task CU4_what_both_have_makes_tier_segment_and_message_in_the_merge(string store)
    {
        await using var shop = new Slice(store);
        await shop.Agrees();
        await shop.Buys(60);
        await shop.Engine.RecordAsync(CustomerEvent.Purchase("web:1", Visitor, Money.Hkd(55)));

        var receipt = await MergedAsync(shop, Visitor);

        var amy = await shop.View();
        Assert.Equal(("gold", true, 11), (amy.Fact("loyalty.tea-club.tier").AsCode, amy.Fact("segment.gold-members").AsFlag, amy.Fact("loyalty.tea-club.points").AsNumber));
        Assert.Contains(receipt.Lines, line => line is { Module: "segmentation", Code: "entered" });
        await shop.Works();
        Assert.Equal($"gold-welcome:{receipt.Key}", Assert.Single(shop.Sent).Occasion);
        await FitsAsync(shop);
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task A_refund_of_the_retired_ones_purchase_undoes_what_the_merge_made(string store)
    {
        await using var shop = new Slice(store);
        await shop.Agrees();
        await shop.Buys(60);
        await shop.Engine.RecordAsync(CustomerEvent.Purchase("web:1", Visitor, Money.Hkd(55)));
        await MergedAsync(shop, Visitor);

        await shop.Engine.RecordAsync(CustomerEvent.Refund("web:2", Visitor, "web:1", Money.Hkd(55)));

        var amy = await shop.View();
        Assert.True(amy.Fact("loyalty.tea-club.tier").IsMissing);
        Assert.True(amy.Fact("segment.gold-members").IsMissing);
        Assert.Equal(6, amy.Fact("loyalty.tea-club.points").AsNumber);
        await shop.Works();
        Assert.Empty(shop.Sent);
        await FitsAsync(shop);
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task A_silence_counts_from_the_later_of_both_and_a_birthday_is_greeted_once(string store)
    {
        await using var shop = new Slice(store);
        await shop.Agrees();
        await shop.HasBirthday(110);
        await shop.Buys(10);
        shop.Now(2026, 1, 10, 12);
        await shop.Works();
        Assert.Equal(["birthday:birthday:2026"], shop.Sent.Select(message => message.Occasion));
        shop.Now(2026, 1, 20);
        await shop.Engine.RecordAsync(CustomerEvent.Purchase("web:1", Visitor, Money.Hkd(10)));

        await MergedAsync(shop, Visitor);
        shop.Now(2026, 2, 10);
        await shop.Works();
        Assert.Single(shop.Sent);
        shop.Now(2026, 2, 20);
        await shop.Works();

        Assert.Equal(["birthday:birthday:2026", "win-back:web:1:30"], shop.Sent.Select(message => message.Occasion));
        await FitsAsync(shop);
    }

    private static async Task<Receipt> MergedAsync(Slice shop, Identity visitor)
    {
        var (crm, amy) = (shop.Engine, Slice.Amy);
        // snippet: merge
        var result = await crm.MergeAsync(new MergeRequest(EventKey.Parse("desk:1"), Survivor: CustomerRef.Of(amy), Retired: CustomerRef.Of(visitor))
        {
            Actor = "staff:17",
            Channel = "desk",
        });
        // end
        return Assert.IsType<MergeResult.Merged>(result).Receipt;
    }

    private static async Task FitsAsync(Slice shop)
    {
        var customers = await ((IJournalScan)shop.Store).ReadCustomersAsync(default).ToListAsync(TestContext.Current.CancellationToken);
        Assert.Equal([(await shop.View()).Customer], customers);
        Assert.Equal(customers, await shop.Engine.SelectAsync(new Condition.EventWindow(EventKinds.PurchaseName, new Measure.Count(), new Window.Lifetime(), new Test.AtLeast(1))));
    }
}
