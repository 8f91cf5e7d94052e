using Crm.Conditions;
using Crm.Events;
using Crm.Segmentation.Memberships;
using Crm.Segmentation.Segments;
using Crm.Segmentation.Studies;
using Crm.Storage;
using Crm.Values;

namespace Crm.Segmentation.Tests.Studies;

/// <summary>Sizes, overlaps, migrations, snapshots and the changes of one customer.</summary>
public sealed class StudyScenarios
{
    private static readonly Segment Buyers = Samples.Of("buyers", If.Purchases().Count().AtLeast(1));
    private static readonly Segment Twice = Samples.Of("twice", If.Purchases().Count().AtLeast(2));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_draft_is_seen_before_it_is_saved()
    {
        var town = new Town(Buyers, Samples.Silent);
        await town.BuysAsync("amy", 1, 2, 40);
        await town.BuysAsync("ben", 5);
        await town.BuysAsync("cat", 6, 41);
        var draft = Samples.Of("twice", Samples.In("buyers") & If.Purchases().Count().AtLeast(2));

        var preview = await town.Study.PreviewAsync(draft, sample: 1, cancellationToken: Cancel);

        Assert.Equal((2, 3), (preview.Size, preview.Population));
        Assert.Equal(Math.Round(2 / 3m, 20), Math.Round(preview.Share, 20));
        Assert.Equal([new SegmentOverlap("twice", "buyers", 2, 3, 2), new SegmentOverlap("twice", "silent", 2, 1, 0)], preview.Overlaps);
        Assert.Contains(Assert.Single(await town.NamesAsync(preview.Sample)), (string[])["amy", "cat"]);
        Assert.Equal(2, (await town.Study.PreviewAsync(draft, sample: 9, cancellationToken: Cancel)).Sample.Count);
        Assert.Equal(2 / 3m, (await town.Study.PreviewAsync(draft, cancellationToken: Cancel)).Overlaps[0].Likeness);
        Assert.Empty((await town.Study.MembersAsync("silent", Cancel)).Except([await town.IdAsync("ben")]));
    }

    [Fact]
    public async Task A_draft_with_something_wrong_is_refused_with_all_of_it()
    {
        var town = new Town(Buyers);
        var wrong = await Assert.ThrowsAsync<InvalidSegmentException>(() => town.Study.PreviewAsync(Samples.Of("twice", Samples.In("buyer") & Samples.In("sellers")), cancellationToken: Cancel).AsTask());

        Assert.Equal(2, wrong.Errors.Count);
        await Assert.ThrowsAsync<InvalidSegmentException>(() => town.Study.PreviewAsync(Segment.Snapshot("spring", new Text("Spring", "春"), Samples.In("sellers"), Club.Day(1)), cancellationToken: Cancel).AsTask());
        await Assert.ThrowsAsync<ArgumentException>(() => town.Study.OverlapAsync("buyers", "sellers", Cancel).AsTask());
    }

    [Fact]
    public async Task What_names_nothing_is_refused_instead_of_holding_of_nobody()
    {
        var wrong = If.Any(If.Events("purchse").Count().AtLeast(1), If.Fact("score.pionts").AtLeast(1), If.OnDayOf("holidays"), Samples.In("buyer"));
        var town = new Town(Buyers, Segment.Snapshot("spring", new Text("Spring", "春"), If.Events("purchse").Count().AtLeast(1), Club.Day(1)));
        await town.BuysAsync("amy", 1, 2);

        foreach (var ask in new Func<Segment, Task>[] { draft => town.Study.PreviewAsync(draft, cancellationToken: Cancel).AsTask(), draft => town.Study.EstimateAsync(draft, cancellationToken: Cancel).AsTask() })
        {
            var refused = await Assert.ThrowsAsync<InvalidSegmentException>(() => ask(Samples.Of("draft", wrong)));
            Assert.Equal(["where.any[0].count", "where.any[1].fact", "where.any[2].calendar", "where.any[3].fact"], refused.Errors.Select(error => error.Path).Order());
            Assert.All(["'purchase'", "'score.points'", "'buyers'"], nearest => Assert.Contains($"Did you mean {nearest}", refused.Message, StringComparison.Ordinal));
        }

        foreach (var partition in new Partition[] { new Partition.OfConditions([new("wrong", wrong)]), new Partition.OfFact("score.pionts") })
        {
            await Assert.ThrowsAsync<ArgumentException>(() => town.Study.MigrateAsync(partition, Club.Day(1), Club.Day(2), cancellationToken: Cancel).AsTask());
        }

        Assert.Contains("'purchse'", (await Assert.ThrowsAsync<ArgumentException>(() => town.Study.TakeAsync("spring", cancellationToken: Cancel).AsTask())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_draft_that_would_name_itself_has_no_size()
    {
        var town = new Town(Buyers, Samples.Of("loyal", Samples.In("buyers") & If.Purchases().Count().AtLeast(3)));

        foreach (var draft in new[] { Samples.Of("buyers", Samples.In("buyers")), Samples.Of("buyers", Samples.In("loyal")), Samples.Of("buyers", If.Not(Samples.In("loyal")) | If.Purchases().Count().AtLeast(9)) })
        {
            Assert.Contains("in a circle: buyers → ", Assert.Single((await Assert.ThrowsAsync<InvalidSegmentException>(() => town.Study.PreviewAsync(draft, cancellationToken: Cancel).AsTask())).Errors).Message, StringComparison.Ordinal);
            await Assert.ThrowsAsync<InvalidSegmentException>(() => town.Study.EstimateAsync(draft, cancellationToken: Cancel).AsTask());
        }

        Assert.Equal(0, (await town.Study.PreviewAsync(Samples.Of("others", Samples.In("loyal")), cancellationToken: Cancel)).Size);
    }

    [Fact]
    public async Task Customers_move_between_the_cells_of_a_partition()
    {
        var town = new Town(Buyers, Twice);
        await town.BuysAsync("amy", 1, 10);
        await town.BuysAsync("ben", 2);
        await town.BuysAsync("cat", 12);
        await town.BuysAsync("dan", 3, 4);

        var migration = await town.Study.MigrateAsync(new Partition.OfSegments(["twice", "buyers"]), Club.Day(5), Club.Day(15), cancellationToken: Cancel);

        Assert.Equal(["twice", "buyers", Partition.NotYet], migration.Cells);
        Assert.Equal((1, 1, 1, 1), (migration.Of("buyers", "twice"), migration.Of("buyers", "buyers"), migration.Of(Partition.NotYet, "buyers"), migration.Of("twice", "twice")));
        Assert.Equal((2, 2), (migration.Before("buyers"), migration.After("buyers")));
        Assert.Equal(migration.Moves.OrderBy(move => move.From), (await town.Study.MigrateAsync(
            new Partition.OfConditions([new("twice", Twice.Where), new("buyers", Buyers.Where)]), Club.Day(5), Club.Day(15), cancellationToken: Cancel)).Moves.OrderBy(move => move.From));
        var points = await town.Study.MigrateAsync(new Partition.OfFact(ScoreModule.Points), Club.Day(5), Club.Day(15), cancellationToken: Cancel);
        Assert.Equal(["1", "2", Partition.None, Partition.NotYet], points.Cells);
        Assert.Equal(1, points.Of("2", Partition.None));
    }

    [Fact]
    public async Task A_migration_can_be_asked_as_it_was_known_then()
    {
        var town = new Town(Buyers, Twice);
        await town.BuysAsync("amy", 1, 20);
        await town.BuysAsync("amy", 2);

        var asKnownNow = await town.Study.MigrateAsync(new Partition.OfSegments(["twice", "buyers"]), Club.Day(1), Club.Day(5), cancellationToken: Cancel);
        var asKnownThen = await town.Study.MigrateAsync(new Partition.OfSegments(["twice", "buyers"]), Club.Day(1), Club.Day(5), Club.Day(5), Cancel);

        Assert.Equal((1, 1), (asKnownNow.Of("buyers", "twice"), asKnownThen.Of("buyers", "buyers")));
    }

    [Fact]
    public async Task The_past_of_a_profile_that_nobody_observed_is_refused()
    {
        var town = new Town(Buyers, Samples.Of("big", If.Field("customer.size").Is("l")));
        await town.RecordAsync(CustomerEvent.Purchase("till:1", Identity.User("amy"), Money.Hkd(50)) with { OccurredAt = Club.Day(1), Profile = Fields.Of(("size", "l"), ("shape", "round")) });
        await town.RecordAsync(CustomerEvent.Purchase("till:2", Identity.User("amy"), Money.Hkd(50)) with { OccurredAt = Club.Day(9), Profile = Fields.Of(("size", "s")) });
        town.Clock.Set(Club.Day(20));

        var observed = await town.Study.MigrateAsync(new Partition.OfConditions([new("big", If.Field("customer.size").Is("l"))]), Club.Day(5), Club.Day(15), cancellationToken: Cancel);
        var refused = await Assert.ThrowsAsync<ArgumentException>(() => town.Study.MigrateAsync(new Partition.OfConditions([new("round", Samples.In("buyers") & If.Field("customer.shape").Is("round"))]), Club.Day(5), Club.Day(15), cancellationToken: Cancel).AsTask());

        Assert.Equal(1, observed.Of("big", Partition.None));
        Assert.Contains("$.all[1]: 'customer.shape' was not observed", refused.Message, StringComparison.Ordinal);
        Assert.Equal(1, (await town.Study.PreviewAsync(Samples.Of("round", If.Field("customer.shape").Is("round")), cancellationToken: Cancel)).Size);
    }

    [Fact]
    public async Task Now_is_now_though_the_clock_goes_on_while_it_is_asked()
    {
        var town = new Town(Buyers, Samples.Of("mailed", If.Field("customer.email").IsKnown));
        await town.RecordAsync(CustomerEvent.Purchase("till:1", Identity.User("amy"), Money.Hkd(50)) with { OccurredAt = Club.Day(1), Profile = Fields.Of(("region", "HK"), ("email", "amy@example.com")) });
        await town.BuysAsync("ben", 2);
        var draft = Samples.Of("hk", If.Field("customer.region").Is("HK"));
        var study = town.InTime();

        Assert.Equal(1, (await study.EstimateAsync(draft, cancellationToken: Cancel)).Hits);
        Assert.NotEmpty((await study.ExplainAsync(CustomerRef.Of(Identity.User("amy")), "mailed", cancellationToken: Cancel))!.SmallestChange);
        Assert.Equal((await study.PreviewAsync(draft, cancellationToken: Cancel)).Size, (await study.EstimateAsync(draft, cancellationToken: Cancel)).Hits);
    }

    [Fact]
    public async Task A_snapshot_is_taken_once_and_stays_whatever_comes_late()
    {
        var snapshot = Segment.Snapshot("spring", new Text("Spring", "春"), If.Purchases().Count().AtLeast(2), Club.Day(10));
        var town = new Town(Buyers, snapshot, Samples.Of("spring-buyers", Samples.In("spring") & Samples.In("buyers")));
        await town.BuysAsync("amy", 1, 2);
        await town.BuysAsync("ben", 1);
        await town.BuysAsync("cat", 1, 11);
        town.Clock.Set(Club.Day(20));
        Assert.Empty(await town.Study.MembersAsync("spring", Cancel));

        var taken = await town.Study.TakeAsync("spring", cancellationToken: Cancel);
        town.Clock.Set(Club.Day(21));
        await town.BuysAsync("ben", 3);

        Assert.Equal(1, taken.Size);
        Assert.Equal(["amy"], await town.NamesAsync(await town.Study.MembersAsync("spring", Cancel)));
        Assert.Equal(["amy"], await town.NamesAsync(await town.Study.MembersAsync("spring-buyers", Cancel)));
        Assert.Equal(taken, await town.Study.TakeAsync("spring", taken.KnownAt, Cancel));
        Assert.Equal(["amy"], await town.NamesAsync(await town.Study.MembersAsync("spring", Cancel)));
        await Assert.ThrowsAsync<InvalidOperationException>(() => town.Study.TakeAsync("spring", cancellationToken: Cancel).AsTask());
        await Assert.ThrowsAsync<ArgumentException>(() => town.Study.TakeAsync("buyers", cancellationToken: Cancel).AsTask());
        var since = (await town.Engine.ReadAsync(CustomerRef.Of(await town.IdAsync("amy")), Cancel))!.Slot<SegmentationState>(SegmentNames.Module).MembershipsIn("spring").Single();
        Assert.Equal((Club.Day(10), MembershipReason.Event), (since.Since, since.EnteredBy.Reason));
    }

    [Fact]
    public async Task A_snapshot_asks_the_profile_as_it_was_observed_up_to_its_instant()
    {
        var before = new Town(Buyers);
        await LivesAsync(before, "amy", 1, "HK");
        await LivesAsync(before, "ben", 2, "MO");
        var town = before.With(Buyers, Segment.Snapshot("hk", new Text("HK", "香港"), Samples.In("buyers") & If.Field("customer.region").Is("HK") & If.On(NodaTime.IsoDayOfWeek.Sunday).In(new CalendarZone.Customer("customer.zone", "UTC")), Club.Day(17)));
        Assert.Contains("'customer.region' was not observed", (await Assert.ThrowsAsync<ArgumentException>(async () => { town.Clock.Set(Club.Day(17)); await town.Study.TakeAsync("hk", cancellationToken: Cancel); })).Message, StringComparison.Ordinal);

        town.Clock.Set(Club.Day(15));
        await town.Study.BackfillAsync(new BackfillRequest(), Cancel);
        await LivesAsync(town, "cat", 16, "HK");
        await LivesAsync(town, "amy", 18, "MO");
        await LivesAsync(town, "ben", 18, "HK");
        town.Clock.Set(Club.Day(20));

        Assert.Equal(2, (await town.Study.TakeAsync("hk", cancellationToken: Cancel)).Size);
        Assert.Equal(["amy", "cat"], await town.NamesAsync(await town.Study.MembersAsync("hk", Cancel)));
    }

    [Fact]
    public async Task What_was_disposed_of_counts_for_everybody_who_asks_or_is_refused()
    {
        var town = new Town(Twice, Samples.Of("thrice", If.Purchases().Count().AtLeast(3)));
        await town.BuysAsync("amy", 1, 2, 50);
        await town.BuysAsync("ben", 49, 50);
        await town.Engine.DisposeOfJournalAsync(new Engine.DisposalRequest(Club.Day(10)), Cancel);
        var amy = CustomerRef.Of(Identity.User("amy"));

        Assert.Equal(["amy"], await town.NamesAsync(await town.Study.MembersAsync("thrice", Cancel)));
        Assert.Equal(1, (await town.Study.PreviewAsync(Samples.Of("draft", If.Purchases().Count().AtLeast(3)), cancellationToken: Cancel)).Size);
        Assert.Equal(1, (await town.Study.EstimateAsync(Samples.Of("draft", If.Purchases().Count().AtLeast(3)), cancellationToken: Cancel)).Hits);
        var explained = await town.Study.ExplainAsync(amy, "thrice", cancellationToken: Cancel);
        Assert.Equal((true, (Scalar)3, 1), (explained!.IsMember, explained.Why!.Actual, explained.Why.Evidence.Count));
        Assert.Equal(1, (await town.Study.MigrateAsync(new Partition.OfSegments(["thrice"]), Club.Day(20), Club.Day(50), cancellationToken: Cancel)).Of(Partition.None, "thrice"));

        var unwatched = Samples.Of("draft", If.Purchases().SumOfSpend(Currency.Hkd).AtLeast(150));
        foreach (var refused in new[]
        {
            await Assert.ThrowsAsync<ArgumentException>(() => town.Study.PreviewAsync(unwatched, cancellationToken: Cancel).AsTask()),
            await Assert.ThrowsAsync<ArgumentException>(() => town.Study.EstimateAsync(unwatched, cancellationToken: Cancel).AsTask()),
            await Assert.ThrowsAsync<ArgumentException>(() => town.Study.MigrateAsync(new Partition.OfConditions([new("much", unwatched.Where)]), Club.Day(20), Club.Day(50), cancellationToken: Cancel).AsTask()),
        })
        {
            Assert.Contains("$: Events up to 2026-01-03", refused.Message, StringComparison.Ordinal);
        }

        Assert.Contains("nothing can be said of 2026-01-02", (await Assert.ThrowsAsync<ArgumentException>(() => town.Study.MigrateAsync(new Partition.OfSegments(["thrice"]), Club.Day(1), Club.Day(50), cancellationToken: Cancel).AsTask())).Message, StringComparison.Ordinal);
    }

    private static Task LivesAsync(Town town, string who, double day, string region) =>
        town.RecordAsync(CustomerEvent.Purchase($"till:{who}-{day}", Identity.User(who), Money.Hkd(50)) with { OccurredAt = Club.Day(day), Profile = Fields.Of(("region", region), ("zone", "Asia/Hong_Kong")) });

    [Fact]
    public async Task The_changes_of_a_customer_say_when_they_count_since_when_they_are_known_and_what_was_taken_back()
    {
        var town = new Town(Samples.Regulars, Samples.Silent);
        await town.BuysAsync("amy", 1);
        await town.BuysAsync("amy", 50);
        town.Clock.Set(Club.Day(60));
        await town.BuysAsync("amy", 20);
        town.Clock.Set(Club.Day(61));

        var changes = await town.Study.ChangesAsync(CustomerRef.Of(await town.IdAsync("amy")), Cancel);

        Assert.Equal(
            [
                // Known from day 31 to day 60: nothing for 30 days since day 1. A purchase on day 20 that came on day 60 has taken it back.
                ("silent", true, 31.0, 31.0, "time", 60.0),
                ("silent", false, 50.0, 50.0, "till:amy-50", 60.0),
                ("regulars", true, 50.0, 60.0, "till:amy-50", null),
            ],
            changes.Select(change => (change.Segment, change.Entered, Days(change.EffectiveAt), Days(change.DetectedAt), change.Cause.ToString(), change.RetractedAt is { } at ? Days(at) : (double?)null)));
        Assert.Empty(await town.Study.ChangesAsync(CustomerRef.Of(Identity.User("nobody")), Cancel));
    }

    private static double Days(NodaTime.Instant at) => Math.Round((at - Club.Opening).TotalDays, 3);
}
