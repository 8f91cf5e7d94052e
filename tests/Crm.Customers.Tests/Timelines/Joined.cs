using Crm.Customers.Timelines;
using Crm.Engine;
using Crm.Events;
using Crm.Storage;
using Crm.Tests.Shared;
using Crm.Values;
using NodaTime;

namespace Crm.Customers.Tests.Timelines;

/// <summary>The diary of two who turned out to be one.</summary>
public sealed class Joined
{
    private static readonly Identity Visitor = new("cookie", "f00d");
    private readonly Club club = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task CU4_the_timeline_shows_the_union_in_pages_by_whichever_id()
    {
        var visitor = await LivedAsync();
        var whole = (await club.Timeline.ReadAsync((await club.ReadAsync()).Customer, new TimelineQuery { Kinds = [TimelineKind.Event] }, Cancelled)).Entries;

        Assert.Equal(["purchase", EventKinds.MergedName, "purchase", "purchase", "tag.added"], whole.Select(entry => entry.Code));
        Assert.Equal(["pos:3", "desk:1", "web:1", "pos:2", "web:2"], whole.Select(entry => entry.Event.ToString()));
        Assert.Equal(("Became one with another customer (desk).", "與另一位客人的資料合併（desk）。"), (whole[1].Sentence.English, whole[1].Sentence.Chinese));

        var pieces = new List<TimelineEntry>();
        for (TimelinePlace? after = null, next; ; after = next)
        {
            var page = await club.Timeline.ReadAsync(visitor, new TimelineQuery { Kinds = [TimelineKind.Event], Most = 1, After = after }, Cancelled);
            pieces.AddRange(page.Entries);
            next = page.Next;
            if (next is null)
            {
                break;
            }
        }

        Assert.Equal(whole, pieces.ToSequence());
    }

    [Fact]
    public async Task Tags_of_both_are_kept_as_long_as_the_longer_of_both_runs_and_the_stage_is_decided_by_what_both_did()
    {
        await LivedAsync();

        var amy = await club.ReadAsync();

        Assert.Equal(["tag.window-seat"], amy.Facts.Where(fact => fact.Name.StartsWith("tag.", StringComparison.Ordinal)).Select(fact => fact.Name));
        club.Clock.Advance(Duration.FromDays(40));
        Assert.True((await club.ReadAsync()).Fact("tag.window-seat").IsMissing);
    }

    [Fact]
    public async Task HO1_a_page_costs_one_round_trip_for_each_journal()
    {
        await LivedAsync();
        await club.RecordAsync(CustomerEvent.Purchase("pos:9", Identity.User("ben"), Money.Hkd(10)));
        var ben = await club.FindAsync(Identity.User("ben")) ?? throw new InvalidOperationException("Ben is nobody.");
        var (one, two) = (new CountingStore(club.Store), new CountingStore(club.Store));

        await new Timeline(one, new TimelineTexts()).ReadAsync(ben.Customer, new TimelineQuery(), Cancelled);
        await new Timeline(two, new TimelineTexts()).ReadAsync((await club.ReadAsync()).Customer, new TimelineQuery(), Cancelled);

        Assert.Equal((1, 2), (one.RoundTrips, two.RoundTrips));
    }

    // The visitor buys and is tagged, Amy buys at the same instant; they are merged, and buy once more.
    private async Task<CustomerId> LivedAsync()
    {
        var visitor = await club.RecordAsync(CustomerEvents.Tag("web:2", Visitor, "window-seat", "staff:17", club.Now + Duration.FromDays(40)));
        club.Clock.Advance(Duration.FromDays(1));
        await club.RecordAsync(CustomerEvent.Purchase("web:1", Visitor, Money.Hkd(10)));
        await club.BuyAsync("pos:2");
        club.Clock.Advance(Duration.FromDays(1));
        await club.Engine.MergeAsync(new MergeRequest(EventKey.Parse("desk:1"), CustomerRef.Of(Club.Amy), CustomerRef.Of(Visitor)) { Actor = "staff:17", Channel = "desk" }, Cancelled);
        club.Clock.Advance(Duration.FromDays(1));
        await club.RecordAsync(CustomerEvent.Purchase("pos:3", Visitor, Money.Hkd(10)));
        return visitor.Customer;
    }
}
