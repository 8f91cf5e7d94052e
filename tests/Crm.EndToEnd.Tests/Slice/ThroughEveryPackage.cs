using Crm.Campaigns.Records;
using Crm.Engine;
using Crm.Events;
using Crm.Privacy.Consents;
using Crm.Segmentation.Audiences;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.EndToEnd.Tests.Slice;

/// <summary>One thin path through customers, privacy, loyalty, segmentation and campaigns, over memory and SQLite.</summary>
public sealed class ThroughEveryPackage
{
    public static TheoryData<string> Stores { get; } = [Slice.Memory, Slice.Sqlite];

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task A_purchase_makes_tier_segment_and_message_in_one_commit(string store)
    {
        await using var shop = new Slice(store);
        await shop.Agrees();
        var before = (await shop.View()).Version;

        var receipt = await shop.Buys(105);

        var amy = await shop.View();
        Assert.Equal(before + 1, amy.Version);
        Assert.Equal([("loyalty", "tier-changed", "gold"), ("segmentation", "entered", "gold-members"), ("campaigns", "message-decided", $"gold-welcome:{receipt.Key}")], Steps(receipt));
        Assert.Equal(("gold", true, 10), (amy.Fact("loyalty.tea-club.tier").AsCode, amy.Fact("segment.gold-members").AsFlag, amy.Fact("loyalty.tea-club.points").AsNumber));
        Assert.Equal(new PumpReport(1, 0, 0, 0, 0, 0), await shop.Works());
        Assert.Equal($"gold-welcome:{receipt.Key}", Assert.Single(shop.Sent).Occasion);
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task An_audience_reaches_whom_the_gate_lets_through_when_it_is_chosen_and_when_the_message_leaves(string store)
    {
        await using var shop = new Slice(store);
        await shop.Buys(105);
        Assert.Equal(("consent-unknown", 1), Assert.Single((await Chosen(shop)).Refused) is var (reason, count) ? (reason, count) : default);

        await shop.Agrees();
        var sendable = await Chosen(shop);
        Assert.Equal(1, await sendable.AddressAsync("spring"));
        Assert.Equal(0, await sendable.AddressAsync("spring"));
        Assert.Equal(1, (await shop.Works()).Sent);
        Assert.StartsWith("spring-offer:", Assert.Single(shop.Sent).Occasion, StringComparison.Ordinal);

        await shop.Withdraws();
        await sendable.AddressAsync("summer");
        await shop.Works();
        Assert.Single(shop.Sent);
        Assert.Empty((await Chosen(shop)).Customers);

        static async Task<SendableAudience> Chosen(Slice shop) => await (await shop.Segments.AudienceAsync("gold-members")).ForChannelAsync("email", "marketing");
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task A_refund_undoes_all_four(string store)
    {
        await using var shop = new Slice(store);
        await shop.Agrees();
        await shop.Buys(105, "pos:a");
        await shop.Returns("pos:a", 105);

        var amy = await shop.View();
        Assert.Equal(0, amy.Fact("loyalty.tea-club.points").AsNumber);
        Assert.True(amy.Fact("loyalty.tea-club.tier").IsMissing);
        Assert.True(amy.Fact("segment.gold-members").IsMissing);
        Assert.Equal(new PumpReport(0, 0, 0, 0, 0, 0), await shop.Works());
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task A_consent_withdrawn_after_the_decision_keeps_the_message_from_leaving(string store)
    {
        await using var shop = new Slice(store);
        await shop.Agrees();
        await shop.Buys(105);
        await shop.Withdraws();

        Assert.Equal(new PumpReport(0, 1, 0, 0, 0, 0), await shop.Works());
        Assert.Empty(shop.Sent);
        var outcome = (await shop.Journal())[^1].Event;
        Assert.Equal((MessageOutcomes.Refused, "consent-withdrawn"), (outcome.Kind, outcome.Fields["reason"].AsCode));
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task The_record_says_why_a_message_came_and_why_another_did_not(string store)
    {
        await using var shop = new Slice(store);
        await shop.Agrees();
        await shop.Buys(105, "pos:a");
        await shop.Works();
        shop.Now(2026, 2, 4, 11);
        await shop.Works();
        await shop.Withdraws();
        shop.Now(2026, 4, 1);
        await shop.Works();

        var decisions = await shop.Decisions.OfAsync(CustomerRef.Of(Slice.Amy));

        Assert.Equal(
            [("gold-welcome:pos:a", DecisionStatus.Sent, null), ("win-back:pos:a:30", DecisionStatus.Sent, null), ("win-back:pos:a:60", DecisionStatus.Suppressed, "consent-withdrawn")],
            decisions.Select(decision => (decision.Occasion, decision.Status, decision.Reason)));
        Assert.StartsWith("2026-02-04 11:00 發出了旅程「win-back」（第 1 版）的訊息，因為距離「purchase」pos:a 已有 30 日。", decisions[1].Text.Chinese, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task Without_consent_nothing_is_even_decided(string store)
    {
        await using var shop = new Slice(store);
        var receipt = await shop.Buys(105);

        Assert.Contains(receipt.Lines, line => line.Code == "message-suppressed" && line.Parts[0].Code == "consent-unknown");
        Assert.Equal(new PumpReport(0, 0, 0, 0, 0, 0), await shop.Works());
    }

    [Theory]
    [InlineData(Slice.Memory, 2026, 28)]
    [InlineData(Slice.Memory, 2028, 29)]
    [InlineData(Slice.Sqlite, 2026, 28)]
    [InlineData(Slice.Sqlite, 2028, 29)]
    public async Task Somebody_born_on_29_February_has_a_birthday_every_year(string store, int year, int day)
    {
        await using var shop = new Slice(store, year);
        await shop.Agrees();
        await shop.HasBirthday(229);
        shop.Now(year, 2, day, 8);
        Assert.Equal(0, (await shop.Works()).Sent);

        shop.Now(year, 2, day, 9);
        Assert.Equal(1, (await shop.Works()).Sent);
        Assert.Equal(($"birthday:birthday:{year}", Slice.Local(year, 2, day, 9)), (shop.Sent[0].Occasion, shop.Sent[0].DecidedAt));
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task A_day_without_the_worker_changes_nothing_but_when_messages_leave(string store)
    {
        await using var steady = new Slice(store);
        await using var late = new Slice(store);
        foreach (var shop in new[] { steady, late })
        {
            await shop.Agrees();
            await shop.HasBirthday(205);
            await shop.Buys(105);
            await shop.Works();
        }

        for (var hour = 0; hour < 48; hour++)
        {
            steady.Now(2026, 2, 4 + (hour / 24), hour % 24);
            await steady.Works();
        }

        late.Now(2026, 2, 5, 23);
        await late.Works();

        Assert.Equal(["birthday:birthday:2026", "gold-welcome:pos:3", "win-back:pos:3:30"], steady.Sent.Select(message => message.Occasion).Order(StringComparer.Ordinal));
        Assert.Equal(ByOccasion(steady.Sent), ByOccasion(late.Sent));
        Assert.Equal((await steady.View()).Facts, (await late.View()).Facts);
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task An_import_as_backfill_decides_and_records_and_sends_nothing(string store)
    {
        await using var shop = new Slice(store);
        var history = new[]
        {
            ConsentEvents.Give("old:1", Slice.Amy, "email", "marketing", "notice-1") with { OccurredAt = Slice.Local(2025, 3, 1, 10) },
            CustomerEvent.Purchase("old:2", Slice.Amy, Money.Hkd(500)) with { OccurredAt = Slice.Local(2025, 3, 2, 10) },
        };

        var recorded = await shop.Engine.RecordAsync(history, RecordMode.Backfill);

        var receipt = Assert.IsType<Recorded.New>(recorded[1]).Receipt;
        Assert.Contains(receipt.Lines, line => line is { Module: "campaigns", Code: "message-decided" });
        Assert.Equal("gold", (await shop.View()).Fact("loyalty.tea-club.tier").AsCode);
        Assert.Equal(0, (await shop.Works()).Sent);
        Assert.Empty(shop.Sent);
    }

    private static IEnumerable<Modules.Message> ByOccasion(IEnumerable<Modules.Message> messages) => messages.OrderBy(message => message.Occasion, StringComparer.Ordinal);

    private static IEnumerable<(string Module, string Code, string? Subject)> Steps(Receipt receipt) =>
        receipt.Lines.Where(line => line.Code is "tier-changed" or "entered" or "message-decided").Select(line => (line.Module, line.Code, line.Subject));
}
