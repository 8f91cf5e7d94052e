using Crm.Engine;
using Crm.Privacy.Consents;
using Crm.Storage;
using Crm.Values;

namespace Crm.Privacy.Tests.Consents;

/// <summary>What two who turn out to be one have said.</summary>
public sealed class MergingStories
{
    private static readonly Identity Visitor = new("cookie", "f00d");
    private readonly TeaShop shop = new();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task S29_a_merge_keeps_the_stricter_state_whoever_stays(bool withdrawnStays)
    {
        await shop.RecordAsync(ConsentEvents.Give("web:1", TeaShop.Amy, "email", "marketing", "pics-v3"));
        await shop.RecordAsync(ConsentEvents.Withdraw("web:2", Visitor, "email", "marketing"));

        await MergeAsync(withdrawnStays ? Visitor : TeaShop.Amy, withdrawnStays ? TeaShop.Amy : Visitor);

        var view = await shop.ReadAsync();
        Assert.Equal(ConsentEvents.WithdrawnFact, view.Fact("consent.email.marketing"));
        Assert.Equal([ConsentState.Given, ConsentState.Withdrawn], Assert.Single(view.Slot<PrivacyState>(PrivacyModule.ModuleName).Consents).History.Select(change => change.State).Order());
    }

    [Fact]
    public async Task An_anonymous_visitors_silence_takes_nothing_away_and_what_the_visitor_said_of_something_else_is_kept()
    {
        await shop.RecordAsync(ConsentEvents.Give("web:1", TeaShop.Amy, "email", "marketing", "pics-v3"));
        await shop.RecordAsync(ConsentEvents.Refuse("web:2", Visitor, "sms", "marketing"));

        await MergeAsync(TeaShop.Amy, Visitor);

        var view = await shop.ReadAsync();
        Assert.Equal(ConsentEvents.GrantedFact, view.Fact("consent.email.marketing"));
        Assert.Equal(ConsentState.Refused, view.Slot<PrivacyState>(PrivacyModule.ModuleName).StateAt("sms", "marketing", shop.Clock.GetCurrentInstant()));
    }

    [Fact]
    public async Task A_message_decided_under_a_consent_that_the_merge_takes_away_does_not_leave()
    {
        await shop.RecordAsync(ConsentEvents.Give("web:1", TeaShop.Amy, "email", "marketing", "pics-v3"));
        await shop.BuyAsync("till:1");
        await shop.RecordAsync(ConsentEvents.Withdraw("web:2", Visitor, "email", "marketing"));
        await MergeAsync(Visitor, TeaShop.Amy);

        await shop.PumpAsync();

        Assert.Equal(["receipt/1"], shop.Mail.Left);
    }

    private async Task MergeAsync(Identity survivor, Identity retired) => Assert.IsType<MergeResult.Merged>(
        await shop.Engine.MergeAsync(new MergeRequest(EventKey.Parse("desk:1"), CustomerRef.Of(survivor), CustomerRef.Of(retired)), TestContext.Current.CancellationToken));
}
