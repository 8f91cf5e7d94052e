using Crm.Engine;
using Crm.Events;
using Crm.Modules;
using Crm.Privacy.Consents;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Privacy.Tests.Consents;

/// <summary>A host that sells under two brands, through the engine.</summary>
public sealed class BrandStories
{
    private readonly TeaShop shop = new();

    [Fact]
    public async Task HO6_a_consent_for_one_brand_lets_only_that_brands_messages_leave_and_an_opt_out_of_all_ends_it()
    {
        await shop.RecordAsync(Give("web:1", "tea"));
        await BuyAsync("pos:1", "tea");
        await BuyAsync("pos:2", "coffee");
        Assert.Equal(["message.refused offer/2 consent-unknown", "message.sent offer/1", "message.sent receipt/1", "message.sent receipt/2"], await shop.PumpAsync());

        shop.Clock.Advance(Duration.FromHours(1));
        await shop.RecordAsync(ConsentEvents.Withdraw("web:2", TeaShop.Amy, "email", "marketing"));
        await BuyAsync("pos:3", "tea");
        Assert.Equal(["message.refused offer/3 consent-withdrawn", "message.sent receipt/3"], await shop.PumpAsync());

        shop.Clock.Advance(Duration.FromHours(1));
        var again = await shop.RecordAsync(Give("web:3", "tea"));
        await BuyAsync("pos:4", "tea");
        Assert.Equal(["message.sent offer/4", "message.sent receipt/4"], await shop.PumpAsync());
        Assert.Equal(("email.marketing.tea", new Text("Agreed again to “Offers of tea and events” of “tea” by e-mail.", "再次同意「tea」以電郵作「茶品優惠及活動推廣」。")), Assert.Single(again.Lines) is var line ? (line.Subject, line.Text) : default);
    }

    [Fact]
    public async Task A_brand_that_the_customer_opted_out_of_stays_silent_although_all_others_may_write()
    {
        await shop.RecordAsync(ConsentEvents.Withdraw("web:1", TeaShop.Amy, "email", "marketing") with { Brand = "coffee" });
        await shop.RecordAsync(ConsentEvents.Give("web:2", TeaShop.Amy, "email", "marketing", "pics-v3"));
        await BuyAsync("pos:1", "coffee");
        await BuyAsync("pos:2", "tea");
        await BuyAsync("pos:3", null);

        Assert.Equal(
            ["message.refused offer/1 consent-withdrawn", "message.sent offer/2", "message.sent offer/3", "message.sent receipt/1", "message.sent receipt/2", "message.sent receipt/3"],
            await shop.PumpAsync());
    }

    [Fact]
    public async Task What_became_of_a_message_says_for_which_brand_it_was()
    {
        await shop.RecordAsync(Give("web:1", "tea"));
        await BuyAsync("pos:1", "tea");
        var before = (await shop.ReadAsync()).Version;
        await shop.PumpAsync();

        var brands = new List<string?>();
        await foreach (var entry in shop.Store.ReadJournalAsync((await shop.ReadAsync()).Customer, before, TestContext.Current.CancellationToken))
        {
            brands.Add(entry.Event.Brand);
        }

        Assert.Equal(["tea", "tea"], brands);
    }

    [Fact]
    public async Task Cancelling_an_opt_out_of_all_brands_that_was_entered_by_mistake_gives_a_brands_consent_back()
    {
        await shop.RecordAsync(Give("web:1", "tea"));
        shop.Clock.Advance(Duration.FromHours(1));
        await shop.RecordAsync(ConsentEvents.Withdraw("desk:1", TeaShop.Amy, "email", "marketing"));
        Assert.True((await shop.ReadAsync()).Fact("consent.email.marketing.tea").IsMissing);

        await shop.RecordAsync(new CustomerEvent { Key = EventKey.Parse("desk:2"), Kind = EventKinds.CancellationName, Identity = TeaShop.Amy, Original = EventKey.Parse("desk:1") });

        var view = await shop.ReadAsync();
        Assert.Equal((ConsentEvents.GrantedFact, true), (view.Fact("consent.email.marketing.tea").AsCode, view.Fact("consent.email.marketing").IsMissing));
    }

    [Fact]
    public async Task Erasing_takes_what_was_said_for_brands_too()
    {
        await shop.RecordAsync(Give("web:1", "tea"));
        var customer = (await shop.ReadAsync()).Customer;

        await shop.Engine.EraseAsync(new EraseRequest(EventKey.Parse("desk:1"), CustomerRef.Of(TeaShop.Amy)), TestContext.Current.CancellationToken);

        var left = await shop.Engine.ReadAsync(CustomerRef.Of(customer), TestContext.Current.CancellationToken);
        Assert.True(left?.Fact("consent.email.marketing.tea").IsMissing);
        Assert.Equal(PrivacyState.Empty, left?.Slot<PrivacyState>(PrivacyModule.ModuleName));
    }

    [Fact]
    public async Task A_brand_that_cannot_be_part_of_a_fact_is_refused()
    {
        var refused = await Assert.ThrowsAsync<InvalidEventException>(async () => await shop.RecordAsync(Give("web:1", "Tea & Co.")));

        Assert.Contains("The event 'web:1' is about the brand 'Tea & Co.'; lower-case letters, digits, '-' and '_' are expected, such as 'tea'.", refused.Message, StringComparison.Ordinal);
    }

    // As a release that knew no brands wrote it: twice refused, with the history's first refusal and the evidence of the second.
    [Fact]
    public void What_was_written_before_there_were_brands_is_read_with_the_last_no()
    {
        var (first, second) = (Instant.FromUtc(2026, 1, 1, 0, 0), Instant.FromUtc(2026, 1, 2, 0, 0));
        var writer = new SlotWriter();
        writer.Whole(1);
        writer.Text("email");
        writer.Text("marketing");
        writer.Whole((long)ConsentState.Refused);
        writer.Text("web:2");
        writer.Instant(second);
        writer.Text(null);
        writer.Instant((Instant?)null);
        writer.Text(null);
        writer.Text(null);
        writer.Text(null);
        writer.Instant((Instant?)null);
        writer.Whole(1);
        writer.Whole((long)ConsentState.Refused);
        writer.Instant(first);
        var reader = new SlotReader(writer.Written);

        var consent = Assert.Single(Assert.IsType<PrivacyState>(((ISlotCodec)new PrivacyStateCodec()).Read(1, ref reader)).Consents);

        Assert.True(reader.AtEnd);
        Assert.Equal((null, second, ConsentState.Refused), (consent.Brand, consent.DeniedAt, consent.State));
    }

    private static CustomerEvent Give(string key, string? brand) => ConsentEvents.Give(key, TeaShop.Amy, "email", "marketing", "pics-v3") with { Brand = brand };

    private ValueTask<Receipt> BuyAsync(string key, string? brand) => shop.RecordAsync(CustomerEvent.Purchase(key, TeaShop.Amy, Money.Hkd(52)) with { Brand = brand, Profile = Fields.Of(("email", "amy@example.com")) });
}
