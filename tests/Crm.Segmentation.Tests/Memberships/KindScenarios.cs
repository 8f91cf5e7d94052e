using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Segmentation.Memberships;
using Crm.Segmentation.Segments;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Tests.Memberships;

/// <summary>Manual segments and snapshots, and what is written down of every change.</summary>
public sealed class KindScenarios
{
    private static readonly Segment Guests = Segment.Manual("guests", new Text("Guests", "嘉賓"));

    [Fact]
    public async Task Who_is_put_into_a_manual_segment_stays_until_taken_out()
    {
        var club = new Club(Guests, Samples.Of("buying-guests", Samples.In("guests") & If.Purchases().Count().AtLeast(1)));
        await club.RecordAsync(SegmentListing.Add("desk:1", Club.Amy, "guests") with { OccurredAt = Club.Day(1) });
        await club.RecordAsync(Club.Purchase("till:1", Club.Day(2)));
        await club.RecordAsync(SegmentListing.Remove("desk:2", Club.Amy, "guests") with { OccurredAt = Club.Day(5) });
        await club.RecordAsync(SegmentListing.Add("desk:3", Club.Amy, "guests") with { OccurredAt = Club.Day(7) });
        var state = await club.StateAsync(Club.Day(9));

        Assert.Equal([new Membership(Club.Day(1), Club.Day(5), 1), new Membership(Club.Day(7), null, 1)], state.MembershipsIn("guests").WithoutCauses());
        Assert.Equal([new Membership(Club.Day(2), Club.Day(5), 1), new Membership(Club.Day(7), null, 1)], state.MembershipsIn("buying-guests").WithoutCauses());
        Assert.Equal(["desk:1", "desk:3"], state.MembershipsIn("guests").Select(membership => membership.EnteredBy.ToString()));
    }

    [Fact]
    public async Task Of_an_addition_and_a_removal_at_one_instant_the_removal_counts()
    {
        var club = new Club(Guests);
        await club.RecordAsync(SegmentListing.Remove("desk:1", Club.Amy, "guests") with { OccurredAt = Club.Day(1) });
        await club.RecordAsync(SegmentListing.Add("desk:2", Club.Amy, "guests") with { OccurredAt = Club.Day(1) });

        Assert.Empty((await club.StateAsync(Club.Day(2))).Segments);
    }

    [Fact]
    public async Task A_listing_that_is_cancelled_has_never_been()
    {
        var club = new Club(Guests);
        await club.RecordAsync(SegmentListing.Add("desk:1", Club.Amy, "guests") with { OccurredAt = Club.Day(1) });
        await club.RecordAsync(new CustomerEvent { Key = EventKey.Parse("desk:2"), Kind = EventKinds.CancellationName, Identity = Club.Amy, Original = EventKey.Parse("desk:1"), OccurredAt = Club.Day(3) });

        Assert.Empty((await club.StateAsync(Club.Day(4))).MembershipsIn("guests"));
    }

    [Fact]
    public async Task Every_change_says_why()
    {
        var catalog = new SegmentCatalog(new Definitions.DefinitionCatalog<Segment>([Samples.Regulars.Define(), Samples.Of("openers", If.Purchases().Count().AtLeast(9)).Define(), Samples.Of("openers", If.Purchases().Count().AtLeast(1)).Define(2, Club.Day(20))]));
        var club = new Club(catalog);
        for (var day = 1; day <= 3; day++)
        {
            await club.RecordAsync(Club.Purchase($"till:{day}", Club.Day(day)));
        }

        var state = await club.StateAsync(Club.Day(100));

        var regulars = Assert.Single(state.MembershipsIn("regulars"));
        Assert.Equal(("till:3", "time"), (regulars.EnteredBy.ToString(), regulars.LeftBy.ToString()));
        Assert.Equal(("definition", Club.Day(20)), (Assert.Single(state.MembershipsIn("openers")).EnteredBy.ToString(), state.MembershipsIn("openers").Single().Since));
    }

    [Fact]
    public async Task A_new_definition_is_the_cause_of_its_own_memberships_alone()
    {
        var state = await AfterDeployingAsync(Samples.Of("buyers", If.Purchases().Count().AtLeast(1)), Samples.Of("westerners", !If.Field("customer.region").Is("east")));

        Assert.Equal(["till:3", "definition", "definition"], new[] { "regulars", "buyers", "westerners" }.Select(segment => Assert.Single(state.MembershipsIn(segment)).EnteredBy.ToString()));
    }

    [Fact]
    public async Task After_many_new_definitions_what_the_event_cannot_have_changed_is_theirs()
    {
        var state = await AfterDeployingAsync([.. new[] { "a", "b", "c", "d" }.Select(channel => Samples.Of("no-" + channel, If.Events("page-view").Where(If.Field("event.channel").Is(channel)).Count().Is(0)))]);

        Assert.Equal(["till:3", "definition", "definition"], new[] { "regulars", "no-a", "no-d" }.Select(segment => Assert.Single(state.MembershipsIn(segment)).EnteredBy.ToString()));
    }

    // Amy has bought twice when the definitions come, and buys again.
    private static async Task<SegmentationState> AfterDeployingAsync(params Segment[] added)
    {
        var first = new Club(Samples.Regulars);
        await first.RecordAsync(Club.Purchase("till:1", Club.Day(1)));
        await first.RecordAsync(Club.Purchase("till:2", Club.Day(2)));
        var second = new Club(new SegmentCatalog([Samples.Regulars, .. added]), first.Store);
        await second.RecordAsync(Club.Purchase("till:3", Club.Day(3)));
        return await second.StateAsync(Club.Day(4));
    }

    [Fact]
    public async Task A_version_that_begins_to_count_is_the_cause_of_what_it_changes_alone()
    {
        // At day 31 the purchase leaves the window too: one segment is asked about it before 'openers', and one after.
        var window = If.Purchases().InLast(Duration.FromDays(30)).Count().AtLeast(1);
        var openers = Samples.Of("openers", If.Purchases().Count().AtLeast(9));
        var club = new Club(new SegmentCatalog(new Definitions.DefinitionCatalog<Segment>(
            [openers.Define(), (openers with { Where = If.Purchases().Count().AtLeast(1) }).Define(2, Club.Day(31)), Samples.Of("a-window", window).Define(), Samples.Of("z-window", window).Define(), Samples.Of("z-openers", Samples.In("openers")).Define()])));
        await club.RecordAsync(Club.Purchase("till:1", Club.Day(1)));
        var state = await club.StateAsync(Club.Day(40));

        Assert.Equal(("time", "time"), (state.MembershipsIn("a-window").Single().LeftBy.ToString(), state.MembershipsIn("z-window").Single().LeftBy.ToString()));
        Assert.Equal(("definition", "definition"), (state.MembershipsIn("openers").Single().EnteredBy.ToString(), state.MembershipsIn("z-openers").Single().EnteredBy.ToString()));
    }

    [Fact]
    public async Task The_echoes_say_since_when_and_why()
    {
        var heard = new EchoModule();
        var club = new CrmEngine(new Storage.InMemoryStore(), [new ScoreModule(), new SegmentationModule(new SegmentCatalog(Samples.Regulars)), heard], new CrmOptions { Zone = DateTimeZone.Utc }, new Testing.FakeClock(Club.Day(200)), new Testing.SeededIdSource());
        for (var day = 1; day <= 3; day++)
        {
            await club.RecordAsync(Club.Purchase($"till:{day}", Club.Day(day)), TestContext.Current.CancellationToken);
        }

        await club.RunDueAsync(cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal(
            [(SegmentNames.Entered, Club.Day(3), "till:3"), (SegmentNames.Left, Club.Day(91), "time")],
            heard.Echoes.Select(echo => (echo.Kind, echo.Fields[SegmentNames.EffectiveAtField].AsInstant!.Value, echo.Fields[SegmentNames.CauseField].AsCode!)));
    }

    [Theory]
    [InlineData("""{"$schema":"segment/1","id":"guests","version":1,"kind":"manual","label":{"en":"Guests","zh-Hant":"嘉賓"}}""")]
    [InlineData("""{"$schema":"segment/1","id":"spring","version":1,"kind":"snapshot","asOf":"2026-03-01T00:00:00Z","where":{"count":"purchase","window":"lifetime","is":{"gte":1}},"label":{"en":"Spring","zh-Hant":"春"}}""")]
    [InlineData("""{"$schema":"segment/1","id":"night","version":1,"history":"latest","where":{"fact":"score.points","is":{"gte":1},"whenMissing":false},"label":{"en":"Night","zh-Hant":"夜"}}""")]
    public void Every_kind_is_written_as_it_is_read(string json) => Assert.Equal(json, SegmentJson.Write(SegmentJson.Read(json)));

    [Fact]
    public void What_does_not_fit_the_kind_is_said_all_at_once()
    {
        var manual = Assert.Throws<InvalidSegmentException>(() => SegmentJson.Read("""{"$schema":"segment/1","id":"guests","kind":"manual","asOf":"2026-03-01T00:00:00Z","history":"some","where":{"all":[]},"label":{"en":"Guests","zh-Hant":"嘉賓"}}"""));
        var snapshot = Assert.Throws<InvalidSegmentException>(() => SegmentJson.Read("""{"$schema":"segment/1","id":"spring","kind":"snapshot","where":{"field":"event.channel","is":{"eq":"web"},"whenMissing":false},"label":{"en":"Spring","zh-Hant":"春"}}"""));

        Assert.Equal(["history", "asOf", "where"], manual.Errors.Select(error => error.Path));
        Assert.Equal(["asOf", "where.field"], snapshot.Errors.Select(error => error.Path));
        Assert.Throws<InvalidSegmentException>(() => (Guests with { Id = "others" }).Define());
    }

    [Fact]
    public void Another_history_is_another_version_of_the_same_meaning() =>
        Assert.Equal(Samples.Regulars.Hash, (Samples.Regulars with { History = SegmentHistory.Latest }).Hash);

    /// <summary>Listens outside of the fold, for the test.</summary>
    private sealed class EchoModule : Modules.CustomerModule<ListenerState>
    {
        public List<Modules.Echo> Echoes { get; } = [];

        public override Modules.ModuleContract Contract { get; } = new() { Name = "listener", Codec = new ListenerCodec(), Handles = [SegmentNames.Entered, SegmentNames.Left] };

        protected override Modules.Outcome Handle(ListenerState state, Modules.ModuleContext context)
        {
            if (context.Stimulus is Modules.Stimulus.Echoed { Echo: var echo })
            {
                Echoes.Add(echo);
            }

            return Modules.Outcome.Nothing;
        }
    }
}
