using Crm.Conditions;
using Crm.Definitions;
using Crm.Events;
using Crm.Modules;
using Crm.Segmentation.Memberships;
using Crm.Segmentation.Segments;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Tests.Memberships;

public sealed class MembershipScenarios
{
    private static readonly Duration Tick = Duration.FromTicks(1);

    [Fact]
    public async Task Three_purchases_in_90_days_are_entered_by_the_third_and_left_when_the_first_is_90_days_old()
    {
        var club = new Club(Samples.Regulars);
        await club.RecordAsync(Club.Purchase("till:1", Club.Day(0)));
        await club.RecordAsync(Club.Purchase("till:2", Club.Day(10)));
        var third = await club.RecordAsync(Club.Purchase("till:3", Club.Day(20)));

        Assert.Contains(new ReceiptLine("segmentation", "entered") { Subject = "regulars" }, third.Lines);
        Assert.Equal([new Membership(Club.Day(20), null, 1)], (await club.StateAsync(Club.Day(90) - Tick)).MembershipsIn("regulars").WithoutCauses());
        Assert.Equal([new Membership(Club.Day(20), Club.Day(90), 1)], (await club.StateAsync(Club.Day(90))).MembershipsIn("regulars").WithoutCauses());
        Assert.Equal(default, (await club.ReadAsync(Club.Day(90))).Fact("segment.regulars"));
    }

    [Fact]
    public async Task A_refund_leaves_the_memberships_as_if_the_purchase_had_never_been()
    {
        var club = new Club(Samples.Regulars);
        for (var day = 0; day < 3; day++)
        {
            await club.RecordAsync(Club.Purchase($"till:{day}", Club.Day(day)));
        }

        await club.RecordAsync(CustomerEvent.Refund("till:back", Club.Amy, "till:1", Money.Hkd(50)) with { OccurredAt = Club.Day(5) });

        Assert.Empty((await club.StateAsync(Club.Day(6))).MembershipsIn("regulars").WithoutCauses());
    }

    [Fact]
    public async Task Silence_begins_at_its_instant_though_nothing_happens()
    {
        var club = new Club(Samples.Silent);
        await club.RecordAsync(Club.Purchase("till:1", Club.Day(3)));

        Assert.False((await club.ReadAsync(Club.Day(33) - Tick)).Fact("segment.silent").AsFlag);
        Assert.True((await club.ReadAsync(Club.Day(33))).Fact("segment.silent").AsFlag);
        Assert.Equal("+silent@1", await club.HeardAsync(Club.Day(33)));
    }

    [Fact]
    public async Task A_segment_of_a_fact_changes_when_the_fact_does_though_no_event_comes()
    {
        var club = new Club(Samples.Of("scorers", If.Fact(ScoreModule.Points).AtLeast(1)));
        await club.RecordAsync(Club.Purchase("till:1", Club.Day(1)));

        Assert.Equal([new Membership(Club.Day(1), Club.Day(11), 1)], (await club.StateAsync(Club.Day(12))).MembershipsIn("scorers").WithoutCauses());
    }

    [Fact]
    public async Task A_profile_field_counts_from_the_event_that_carries_it()
    {
        var club = new Club(Samples.Of("locals", If.Field("customer.region").Is("HK")));
        await club.RecordAsync(Club.Purchase("till:1", Club.Day(1)));
        await club.RecordAsync(Club.Purchase("till:2", Club.Day(2)) with { Profile = Fields.Of(("region", "HK")) });
        await club.RecordAsync(Club.Purchase("till:3", Club.Day(3)) with { Profile = Fields.Of(("region", "MO")) });

        Assert.Equal([new Membership(Club.Day(2), Club.Day(3), 1)], (await club.StateAsync(Club.Day(4))).MembershipsIn("locals").WithoutCauses());
    }

    [Fact]
    public async Task What_has_no_end_in_the_profile_hinders_no_purchase()
    {
        var ending = If.Field("customer.ends").FromToday(Comparison.LessThan, Period.FromDays(30), "Asia/Hong_Kong");
        var club = new Club(Samples.Of("ending", ending), Samples.Of("anniversary", If.Field("customer.ends").HasAnniversary("Asia/Hong_Kong", daysBefore: 7)));

        foreach (var (i, end) in new[] { LocalDate.MaxIsoValue, LocalDate.MinIsoValue, LocalDate.MaxIsoValue }.Index())
        {
            await club.RecordAsync(Club.Purchase($"till:{i}", Club.Day(i)) with { Profile = Fields.Of(("ends", end)) });
            Assert.Equal(i == 1 ? [(await club.ReadAsync(Club.Day(i))).Customer] : [], await club.Engine.SelectAsync(ending, TestContext.Current.CancellationToken));
        }

        Assert.Equal([new Membership(Club.Day(1), Club.Day(2), 1)], (await club.StateAsync(Club.Day(3))).MembershipsIn("ending").WithoutCauses());
    }

    [Fact]
    public async Task Two_segments_that_change_at_one_instant_do_not_make_a_third_that_names_them_flicker()
    {
        // At day 31 the purchase leaves both windows: 'all-or-none' names 'z', whose id comes later, and holds before and after.
        var window = If.Purchases().InLast(Duration.FromDays(30)).Count().AtLeast(1);
        var club = new Club(Samples.Of("z", window), Samples.Of("all-or-none", If.Any(If.All(Samples.In("z"), window), If.All(If.Not(Samples.In("z")), If.Not(window)))));
        await club.RecordAsync(Club.Purchase("till:1", Club.Day(1)));

        Assert.Equal("+z@1, +all-or-none@1, -z@1", await club.HeardAsync(Club.Day(40)));
    }

    [Fact]
    public async Task A_version_counts_from_its_instant_on_though_no_event_comes()
    {
        var stricter = Samples.Regulars with { Where = If.Purchases().InLast(Duration.FromDays(90)).Count().AtLeast(4) };
        var club = new Club(new SegmentCatalog(new DefinitionCatalog<Segment>([Samples.Regulars.Define(), stricter.Define(2, Club.Day(30))])));
        for (var day = 0; day < 3; day++)
        {
            await club.RecordAsync(Club.Purchase($"till:{day}", Club.Day(day)));
        }

        Assert.Equal([new Membership(Club.Day(2), Club.Day(30), 1)], (await club.StateAsync(Club.Day(40))).MembershipsIn("regulars").WithoutCauses());
        Assert.Equal("+regulars@1, -regulars@2", await club.HeardAsync(Club.Day(40)));
    }

    [Fact]
    public async Task A_new_label_changes_nothing()
    {
        var renamed = Samples.Regulars with { Label = new Text("Friends of the house", "好朋友") };
        var before = new Club(Samples.Regulars);
        var after = new Club(new SegmentCatalog(new DefinitionCatalog<Segment>([Samples.Regulars.Define(), renamed.Define(2, Club.Day(1.5))])));
        foreach (var club in new[] { before, after })
        {
            for (var day = 0; day < 3; day++)
            {
                await club.RecordAsync(Club.Purchase($"till:{day}", Club.Day(day)));
            }
        }

        Assert.Equal(Bytes(await before.StateAsync(Club.Day(40))), Bytes(await after.StateAsync(Club.Day(40))));
        Assert.Equal("+regulars@1", await after.HeardAsync(Club.Day(40)));
    }

    [Fact]
    public async Task After_definitions_have_changed_the_next_event_asks_about_all()
    {
        var first = new Club(Samples.Regulars, Samples.Of("buyers", If.Purchases().Count().AtLeast(1)));
        await first.RecordAsync(Club.Purchase("till:1", Club.Day(1)));
        var second = new Club(new SegmentCatalog(Samples.Regulars, Samples.Of("watchers", If.Purchases().Count().Is(1))), first.Store);
        await second.RecordAsync(new CustomerEvent { Key = EventKey.Parse("web:1"), Kind = "page-view", Identity = Club.Amy, OccurredAt = Club.Day(2) });
        var view = await second.ReadAsync(Club.Day(3));

        Assert.Equal(["segment.watchers"], view.Facts.Select(fact => fact.Name).Where(name => name.StartsWith("segment.", StringComparison.Ordinal)));
        Assert.Equal(["watchers"], view.Slot<SegmentationState>(SegmentNames.Module).Segments);
        Assert.Equal("+buyers@1, -buyers@1, +watchers@1", await second.HeardAsync(Club.Day(3)));
    }

    [Fact]
    public async Task A_correction_of_what_other_definitions_decided_is_right_at_once()
    {
        var first = new Club(Samples.Regulars);
        for (var day = 0; day < 3; day++)
        {
            await first.RecordAsync(Club.Purchase($"till:{day}", Club.Day(day)));
        }

        var second = new Club(new SegmentCatalog(Samples.Regulars, Samples.Silent), first.Store);
        await second.RecordAsync(CustomerEvent.Refund("till:back", Club.Amy, "till:1", Money.Hkd(50)) with { OccurredAt = Club.Day(5) });

        Assert.DoesNotContain((await second.ReadAsync(Club.Day(6))).Facts, fact => fact.Name == "segment.regulars");
        Assert.Equal(["silent"], (await second.StateAsync(Club.Day(60))).Segments);
    }

    [Fact]
    public async Task An_event_that_touches_no_segment_writes_nothing_of_segments()
    {
        var club = new Club(Samples.Regulars, Samples.Silent);
        await club.RecordAsync(Club.Purchase("till:1", Club.Day(1)));
        var before = await club.StateAsync(Club.Day(2));
        await club.RecordAsync(new CustomerEvent { Key = EventKey.Parse("web:1"), Kind = "page-view", Identity = Club.Amy, OccurredAt = Club.Day(2) });

        Assert.Equal(Bytes(before), Bytes(await club.StateAsync(Club.Day(2))));
    }

    private static byte[] Bytes(SegmentationState state)
    {
        var writer = new SlotWriter();
        ISlotCodec codec = new SegmentationStateCodec();
        codec.Write(state, writer);
        return writer.Written.ToArray();
    }
}
