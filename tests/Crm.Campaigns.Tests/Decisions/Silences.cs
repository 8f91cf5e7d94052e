using Crm.Events;
using Crm.Values;
using NodaTime;

namespace Crm.Campaigns.Tests.Decisions;

public sealed class Silences
{
    [Fact]
    public async Task Each_threshold_comes_once_in_a_silence_at_its_very_instant()
    {
        var town = new Town(Samples.WakeUp);
        await town.Buys("pos:1", Samples.Local(2026, 1, 10));
        town.On(2026, 12, 1);

        var messages = await town.Waiting();

        Assert.Equal(["wake-up:pos:1:30", "wake-up:pos:1:60", "wake-up:pos:1:90"], messages.Select(message => message.Occasion));
        Assert.Equal([30, 60, 90], messages.Select(message => (int)(message.DecidedAt - Samples.Local(2026, 1, 10)).TotalDays));
    }

    [Fact]
    public async Task Only_the_next_threshold_is_on_the_agenda()
    {
        var town = new Town(Samples.WakeUp);
        await town.Buys("pos:1", Samples.Local(2026, 1, 10));

        Assert.Equal(Samples.Local(2026, 2, 9), (await town.State()).In("wake-up").Due);
    }

    [Fact]
    public async Task A_late_purchase_that_breaks_the_silence_withdraws_the_message_that_waits()
    {
        var town = new Town(Samples.WakeUp);
        await town.Buys("pos:1", Samples.Local(2026, 1, 10));
        town.On(2026, 2, 10);
        Assert.Equal(["wake-up:pos:1:30"], (await town.Waiting()).Select(message => message.Occasion));

        await town.Buys("pos:2", Samples.Local(2026, 1, 20));

        Assert.Empty(await town.Waiting());
        Assert.Empty((await town.State()).Reservations);
        Assert.Equal(0, (await town.State()).In("wake-up").Count("decided"));
    }

    [Fact]
    public async Task A_refund_of_the_purchase_in_between_brings_the_silence_back()
    {
        var town = new Town(Samples.WakeUp);
        await town.Buys("pos:1", Samples.Local(2026, 1, 10));
        await town.Buys("pos:2", Samples.Local(2026, 1, 20));
        town.On(2026, 2, 10);
        Assert.Empty(await town.Waiting());

        await town.Returns("pos:2");

        Assert.Equal(["wake-up:pos:1:30"], (await town.Waiting()).Select(message => message.Occasion));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_is_learned_about_earlier_purchases_neither_repeats_nor_swallows_a_message(bool refunded)
    {
        var town = new Town(Samples.WakeUp);
        if (refunded)
        {
            await town.Buys("pos:0", Samples.Local(2026, 1, 1));
        }

        await town.Buys("pos:1", Samples.Local(2026, 3, 1));
        town.On(2026, 4, 1);
        await town.Works();
        await town.Pumps();
        var sent = town.Mail.Sent.Count(item => item.Message.Occasion == "wake-up:pos:1:30");

        // The purchase becomes the first of its kind, or the second: a count would take it for another.
        await (refunded ? town.Returns("pos:0") : town.Buys("pos:0", Samples.Local(2026, 2, 25)));
        await town.Pumps();
        town.On(2026, 5, 1);
        await town.Works();
        await town.Pumps();

        Assert.Equal(1, sent);
        Assert.Equal(1, town.Mail.Sent.Count(item => item.Message.Occasion == "wake-up:pos:1:30"));
        Assert.Equal(1, town.Mail.Sent.Count(item => item.Message.Occasion == "wake-up:pos:1:60"));
    }

    [Fact]
    public async Task What_was_sent_stays_sent_when_its_cause_falls_away()
    {
        var town = new Town(Samples.Thanks);
        await town.Buys("pos:1");
        await town.Pumps();

        await town.Returns("pos:1");
        await town.Pumps();

        Assert.Single(town.Mail.Sent);
        Assert.Equal(1, (await town.State()).In("thanks").Count("sent"));
        Assert.Equal(["thanks:pos:1"], (await town.State()).Pinned);
    }

    [Fact]
    public async Task A_refund_withdraws_the_message_that_waits()
    {
        var town = new Town(Samples.Thanks);
        await town.Buys("pos:1");

        await town.Returns("pos:1");

        Assert.Empty(await town.Waiting());
    }

    [Fact]
    public async Task Import_of_history_sends_nothing()
    {
        var town = new Town(Samples.Thanks, Samples.WakeUp);
        town.On(2026, 5, 20);

        await town.Imports([.. Enumerable.Range(1, 5).Select(month => CustomerEvent.Purchase($"old:{month}", Samples.Amy, Money.Hkd(10)) with { OccurredAt = Samples.Local(2026, month, 1) })]);

        Assert.Empty(await town.Waiting());
        Assert.Equal(5, (await town.State()).In("thanks").Count("decided"));
    }
}
