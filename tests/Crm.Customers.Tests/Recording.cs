using Crm.Customers.Stages;
using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Values;
using NodaTime;

namespace Crm.Customers.Tests;

/// <summary>Customers through the engine.</summary>
public sealed class Recording
{
    private readonly Club club = new();

    [Fact]
    public async Task Everything_wrong_with_a_profile_is_said_at_once_and_nothing_is_written()
    {
        var wrong = CustomerEvents.Profile("web:1", Club.Amy, Fields.Of(("birthday", 230), ("nickname", "Amy"), ("phone", "12")));

        var refused = await Assert.ThrowsAsync<InvalidEventException>(async () => await club.RecordAsync(wrong));

        Assert.Equal(["bad-profile-value", "unknown-profile-field", "bad-profile-value"], refused.Problems.Select(problem => problem.Code));
        Assert.StartsWith("The event 'web:1' carries the profile field 'birthday', which has a value that is not right: a day of the year as the number MMDD is expected", refused.Message, StringComparison.Ordinal);
        Assert.Null(await club.FindAsync(Club.Amy));
    }

    [Fact]
    public async Task A_purchase_with_a_wrong_profile_is_refused_too() =>
        await Assert.ThrowsAsync<InvalidEventException>(async () => await club.RecordAsync(CustomerEvent.Purchase("pos:1", Club.Amy, Money.Hkd(1)) with { Profile = Fields.Of(("shoe-size", 42)) }));

    [Fact]
    public async Task A_customer_is_found_by_a_name_that_was_added()
    {
        await club.BuyAsync("pos:1");
        var phone = Identity.Phone("+85291234567");

        Assert.True((await club.RecordAsync(CustomerEvents.AlsoKnown("web:1", Club.Amy, phone))).Accepted);
        Assert.Equal((await club.ReadAsync()).Customer, (await club.FindAsync(phone))?.Customer);
    }

    [Fact]
    public async Task A_name_that_is_somebody_elses_is_refused()
    {
        var phone = Identity.Phone("+85291234567");
        await club.RecordAsync(CustomerEvent.Purchase("pos:1", phone, Money.Hkd(1)));
        await club.BuyAsync("pos:2");

        Assert.Equal("identity-taken", (await club.RecordAsync(CustomerEvents.AlsoKnown("web:1", Club.Amy, phone))).Refusal?.Code);
        Assert.NotEqual((await club.ReadAsync()).Customer, (await club.FindAsync(phone))?.Customer);
    }

    [Fact]
    public async Task A_tag_runs_out_by_itself_without_a_worker()
    {
        var end = club.Now + Duration.FromDays(7);
        await club.RecordAsync(CustomerEvents.Tag("desk:1", Club.Amy, "window-seat", "staff:17", end));

        club.Clock.Set(end - Duration.FromTicks(1));
        Assert.True((await club.ReadAsync()).Fact("tag.window-seat").AsFlag);

        club.Clock.Set(end);
        var view = await club.ReadAsync();
        Assert.True(view.Fact("tag.window-seat").IsMissing);
        Assert.Empty(view.Slot<CustomersState>("customers").Tags);
    }

    [Fact]
    public async Task A_tag_says_who_put_it_on_and_when_until_somebody_takes_it_off()
    {
        await club.RecordAsync(CustomerEvents.Tag("desk:1", Club.Amy, "allergy.nuts", "staff:17"));
        Assert.Equal([new Tag("allergy.nuts", club.Now, "staff:17", null)], (await club.ReadAsync()).Slot<CustomersState>("customers").Tags);

        club.Clock.Advance(Duration.FromHours(1));
        await club.RecordAsync(CustomerEvents.Untag("desk:2", Club.Amy, "allergy.nuts"));
        Assert.True((await club.ReadAsync()).Fact("tag.allergy.nuts").IsMissing);
    }

    [Fact]
    public async Task A_tag_put_on_again_without_an_end_stays()
    {
        var end = club.Now + Duration.FromDays(7);
        await club.RecordAsync(CustomerEvents.Tag("desk:1", Club.Amy, "vip", until: end));
        club.Clock.Advance(Duration.FromHours(1));
        await club.RecordAsync(CustomerEvents.Tag("desk:2", Club.Amy, "vip"));

        club.Clock.Set(end + Duration.FromDays(1));
        Assert.True((await club.ReadAsync()).Fact("tag.vip").AsFlag);
    }

    [Fact]
    public async Task A_customer_rises_with_purchases_and_falls_back_by_time_alone()
    {
        await club.RecordAsync(CustomerEvents.Profile("web:1", Club.Amy, Fields.Of(("name", "Amy"))));
        Assert.Equal("prospect", (await club.ReadAsync()).Fact(CustomersModule.StageFact));
        var start = club.Now;
        for (var day = 1; day <= 3; day++)
        {
            club.Clock.Advance(Duration.FromDays(1));
            await club.BuyAsync($"pos:{day}");
        }

        var view = await club.ReadAsync();
        Assert.Equal("loyal", view.Fact(CustomersModule.StageFact));
        Assert.Equal(["prospect", "occasional", "loyal"], view.Slot<CustomersState>("customers").Stages.Select(change => change.Stage));

        club.Clock.Set(start + Duration.FromDays(91));
        view = await club.ReadAsync();
        Assert.Equal("occasional", view.Fact(CustomersModule.StageFact));
        Assert.Equal(new StageChange("occasional", start + Duration.FromDays(91)), view.Slot<CustomersState>("customers").Stages[^1]);
    }

    [Fact]
    public async Task A_refund_takes_the_stage_back()
    {
        await club.BuyAsync("pos:1");
        club.Clock.Advance(Duration.FromDays(1));
        await club.RecordAsync(CustomerEvent.Refund("pos:2", Club.Amy, "pos:1", Money.Hkd(52)));

        Assert.Equal("prospect", (await club.ReadAsync()).Fact(CustomersModule.StageFact));
    }

    [Fact]
    public void Stages_that_ask_about_facts_are_refused() => Assert.Throws<ArgumentException>(() => new StageRules(
        "new", new("New", "新"), new Stage("gold", new("Gold", "金"), If.Fact("loyalty.tier").Is("gold"))));
}
