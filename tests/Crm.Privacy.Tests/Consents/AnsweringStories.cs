using Crm.Engine;
using Crm.Events;
using Crm.Privacy.Consents;
using Crm.Values;
using NodaTime;

namespace Crm.Privacy.Tests.Consents;

/// <summary>What customers say, recorded through the engine.</summary>
public sealed class AnsweringStories
{
    private readonly TeaShop shop = new();

    [Fact]
    public async Task Each_answer_sets_the_fact_and_says_so_in_both_languages()
    {
        var given = await shop.RecordAsync(ConsentEvents.Give("web:1", TeaShop.Amy, "email", "marketing", "pics-v3", ConsentMethods.Tick));
        Assert.Equal(ConsentEvents.GrantedFact, (await shop.ReadAsync()).Fact("consent.email.marketing"));
        Assert.Equal(new Text("Agreed to “Offers of tea and events” by e-mail.", "同意以電郵作「茶品優惠及活動推廣」。"), Assert.Single(given.Lines).Text);

        shop.Clock.Advance(Duration.FromDays(1));
        var again = await shop.RecordAsync(ConsentEvents.Give("web:2", TeaShop.Amy, "email", "marketing", "pics-v4"));
        Assert.Equal("consent-renewed", Assert.Single(again.Lines).Code);

        shop.Clock.Advance(Duration.FromDays(1));
        await shop.RecordAsync(ConsentEvents.Withdraw("web:3", TeaShop.Amy, "email", "marketing"));
        var view = await shop.ReadAsync();
        Assert.Equal(ConsentEvents.WithdrawnFact, view.Fact("consent.email.marketing"));
        Assert.Equal(
            [ConsentState.Given, ConsentState.RenewedGiven, ConsentState.Withdrawn],
            Assert.Single(view.Slot<PrivacyState>(PrivacyModule.ModuleName).Consents).History.Select(change => change.State));
    }

    [Fact]
    public async Task The_evidence_of_the_last_answer_is_kept()
    {
        var shown = shop.Clock.GetCurrentInstant() - Duration.FromMinutes(2);
        await shop.RecordAsync(ConsentEvents.Give("desk:7", TeaShop.Amy, "sms", "marketing", "pics-v3", ConsentMethods.Signature) is var given
            ? given with { Actor = "staff:17", Fields = given.Fields.With(Fields.Of(("evidence", "form-991"), ("shown-at", shown))) }
            : given);

        var evidence = (await shop.ReadAsync()).Slot<PrivacyState>("privacy").Find("sms", "marketing")?.Evidence;

        Assert.Equal(
            new ConsentEvidence(EventKey.Parse("desk:7"), shop.Clock.GetCurrentInstant()) { Notice = "pics-v3", Method = "signature", Actor = "staff:17", Reference = "form-991", ShownAt = shown },
            evidence);
    }

    [Fact]
    public async Task A_consent_given_for_a_time_ends_by_itself_and_can_be_renewed()
    {
        var end = shop.Clock.GetCurrentInstant() + Duration.FromDays(30);
        var given = ConsentEvents.Give("web:1", TeaShop.Amy, "email", "marketing", "pics-v3");
        await shop.RecordAsync(given with { Fields = given.Fields.With("valid-until", end) });

        shop.Clock.Set(end - Duration.FromTicks(1));
        Assert.Equal(ConsentEvents.GrantedFact, (await shop.ReadAsync()).Fact("consent.email.marketing"));

        shop.Clock.Set(end);
        var view = await shop.ReadAsync();
        Assert.True(view.Fact("consent.email.marketing").IsMissing);
        Assert.Equal(ConsentState.Expired, view.Slot<PrivacyState>("privacy").StateAt("email", "marketing", end));

        await shop.RecordAsync(ConsentEvents.Give("web:2", TeaShop.Amy, "email", "marketing", "pics-v3"));
        Assert.Equal(ConsentState.RenewedGiven, (await shop.ReadAsync()).Slot<PrivacyState>("privacy").StateAt("email", "marketing", end));
    }

    [Fact]
    public async Task Answers_count_in_the_order_in_which_they_were_given_however_late_they_are_told()
    {
        var noon = shop.Clock.GetCurrentInstant();
        shop.Clock.Advance(Duration.FromDays(2));
        await shop.RecordAsync(ConsentEvents.Withdraw("web:2", TeaShop.Amy, "email", "marketing") with { OccurredAt = noon + Duration.FromHours(1) });
        await shop.RecordAsync(ConsentEvents.Give("paper:1", TeaShop.Amy, "email", "marketing", "pics-v3") with { OccurredAt = noon });

        Assert.Equal(ConsentEvents.WithdrawnFact, (await shop.ReadAsync()).Fact("consent.email.marketing"));
    }

    [Fact]
    public async Task A_consent_entered_by_mistake_can_be_cancelled()
    {
        await shop.RecordAsync(ConsentEvents.Give("desk:1", TeaShop.Amy, "email", "marketing", "pics-v3"));
        await shop.RecordAsync(new CustomerEvent { Key = EventKey.Parse("desk:2"), Kind = EventKinds.CancellationName, Identity = TeaShop.Amy, Original = EventKey.Parse("desk:1") });

        var view = await shop.ReadAsync();
        Assert.True(view.Fact("consent.email.marketing").IsMissing);
        Assert.Empty(view.Slot<PrivacyState>("privacy").Consents);
    }

    [Fact]
    public async Task Everything_wrong_with_an_answer_is_said_at_once_and_nothing_is_written()
    {
        var wrong = new CustomerEvent
        {
            Key = EventKey.Parse("web:1"),
            Kind = ConsentEvents.Given,
            Identity = TeaShop.Amy,
            Fields = Fields.Of(("channel", "e.mail"), ("purpose", "marketng"), ("method", "silence")),
        };

        var refused = await Assert.ThrowsAsync<InvalidEventException>(async () => await shop.RecordAsync(wrong));

        Assert.Equal(["missing-field", "bad-channel", "unknown-purpose", "unknown-method"], refused.Problems.Select(problem => problem.Code));
        Assert.Contains("The event 'web:1' names the purpose 'marketng', which nobody declares. Did you mean 'marketing'?", refused.Message, StringComparison.Ordinal);
        Assert.Null(await shop.Engine.ReadAsync(Crm.Storage.CustomerRef.Of(TeaShop.Amy), TestContext.Current.CancellationToken));
    }
}
