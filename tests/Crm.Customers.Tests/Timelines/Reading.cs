using Crm.Customers.Timelines;
using Crm.Events;
using Crm.Tests.Shared;
using Crm.Values;
using NodaTime;

namespace Crm.Customers.Tests.Timelines;

/// <summary>A customer's diary.</summary>
public sealed class Reading
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task M1_the_timeline_tells_everything_newest_first_in_both_languages()
    {
        var page = await ReadAsync(await LivedAsync(), new TimelineQuery());

        Assert.Null(page.Next);
        Snapshot.Match(string.Join('\n', page.Entries.Select(entry => $"{entry.At} {entry.Kind} {entry.Code} | {entry.Sentence.English} | {entry.Sentence.Chinese}")));
    }

    [Fact]
    public async Task Pages_one_after_another_are_the_whole()
    {
        var club = await LivedAsync();
        var whole = (await ReadAsync(club, new TimelineQuery())).Entries;
        for (var most = 1; most <= whole.Count; most++)
        {
            var pieces = new List<TimelineEntry>();
            TimelinePlace? after = null;
            do
            {
                var page = await ReadAsync(club, new TimelineQuery { Most = most, After = after });
                Assert.InRange(page.Entries.Count, 1, most);
                pieces.AddRange(page.Entries);
                after = page.Next;
            }
            while (after is not null);

            Assert.Equal(whole, pieces.ToSequence());
        }
    }

    [Fact]
    public async Task Only_what_was_asked_for_is_told()
    {
        var club = await LivedAsync();
        var day = Instant.FromUtc(2026, 6, 2, 0, 0);

        Assert.Equal(["pos:2", "pos:1"], (await ReadAsync(club, new TimelineQuery { Codes = ["purchase"] })).Entries.Select(entry => entry.Event.ToString()));
        Assert.All((await ReadAsync(club, new TimelineQuery { Kinds = [TimelineKind.Decision] })).Entries, entry => Assert.Equal("customers", entry.Module));
        Assert.All((await ReadAsync(club, new TimelineQuery { From = day, Until = day + Duration.FromDays(1) })).Entries, entry => Assert.Equal(day, entry.At));
        Assert.Equal("message.refused", Assert.Single((await ReadAsync(club, new TimelineQuery { Kinds = [TimelineKind.Message] })).Entries).Code);
    }

    [Fact]
    public async Task The_hosts_own_sentences_come_first()
    {
        var club = new Club(customers => customers.Sentences(new TimelineTexts { OfEvent = happened => happened.Kind == "purchase" ? new Text("Came by.", "來過。") : null }));
        await club.BuyAsync("pos:1");

        Assert.Equal("Came by.", (await ReadAsync(club, new TimelineQuery { Codes = ["purchase"] })).Entries[0].Sentence.English);
    }

    private static async Task<TimelinePage> ReadAsync(Club club, TimelineQuery query) =>
        await club.Timeline.ReadAsync((await club.ReadAsync()).Customer, query, Cancelled);

    private static async Task<Club> LivedAsync()
    {
        var club = new Club();
        await club.RecordAsync(CustomerEvents.Profile("web:1", Club.Amy, Fields.Of(("name", "Amy"))));
        await NextDayAsync(() => club.BuyAsync("pos:1"));
        await NextDayAsync(() => club.RecordAsync(CustomerEvents.Tag("desk:1", Club.Amy, "window-seat", "staff:17")));
        await NextDayAsync(() => club.RecordAsync(CustomerEvent.Purchase("pos:2", Club.Amy, Money.Hkd(80), new EventLine("tea", 2, Money.Hkd(80)))));
        await NextDayAsync(() => club.RecordAsync(new CustomerEvent
        {
            Key = EventKey.Parse("outbox:1"),
            Kind = MessageOutcomes.Refused,
            Identity = Club.Amy,
            Fields = Fields.Of(("occasion", "welcome/1"), ("template", "welcome"), ("channel", "email"), ("reason", "consent-unknown")),
        }));
        await NextDayAsync(() => club.RecordAsync(CustomerEvent.Refund("pos:3", Club.Amy, "pos:2", Money.Hkd(80))));
        return club;

        async Task NextDayAsync(Func<ValueTask<Receipt>> record)
        {
            club.Clock.Advance(Duration.FromDays(1));
            await record();
        }
    }
}
