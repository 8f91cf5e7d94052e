using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Segmentation.Memberships;
using Crm.Segmentation.Segments;
using Crm.Segmentation.Studies;
using Crm.Segmentation.Tests.Memberships;
using Crm.Storage;
using Crm.Storage.Sqlite;
using Crm.Testing;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;

namespace Crm.Segmentation.Tests.Studies;

/// <summary>What holds of filling in segments for customers who were there before.</summary>
public sealed class BackfillLaws
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(60);
    private static readonly Segment Buyers = Samples.Of("buyers", If.Purchases().Count().AtLeast(1));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void A_backfill_gives_what_would_be_if_the_segments_had_always_been_there() => Check((study, most) => study.BackfillAsync(new BackfillRequest(), Cancel).AsTask(), always: true);

    [Fact]
    public void A_backfill_that_is_stopped_and_resumed_gives_what_an_uninterrupted_one_gives() => Check(ResumeAsync, always: false);

    [Fact]
    public void Histories_that_are_read_together_give_the_same() => Check(ResumeAsync, always: true, town => Seen(town, new PagedStore(Memory(town))));

    [Fact]
    public void The_law_catches_a_store_that_tells_other_histories() => Counterfeits.Caught(() => Check(
        ResumeAsync,
        always: true,
        town => Seen(town, new PagedStore(Memory(town)) { Told = history => history with { Entries = [.. history.Entries.Select(entry => entry with { Event = entry.Event with { Kind = "page-view" } })] } })));

    [Fact]
    public void Histories_that_are_older_than_the_customers_are_read_again() =>
        Check(ResumeAsync, always: true, town => Seen(town, new PagedStore(Memory(town)) { Told = history => history with { Entries = [.. history.Entries.SkipLast(1)] } }));

    [Fact]
    public void A_store_in_a_database_gives_the_same() => Check(ResumeAsync, always: true, from: () => SqliteStore.Open(":memory:"));

    [Fact]
    public void What_happens_while_a_backfill_writes_is_part_of_what_it_gives() => CheckGoingOn(isBeside: true);

    [Fact]
    public void The_law_catches_a_job_that_takes_what_it_could_not_write_for_written() => Counterfeits.Caught(() => CheckGoingOn(isBeside: true, answered: static _ => CommitResult.Done));

    [Fact]
    public void What_comes_after_a_backfill_early_or_late_is_decided_as_if_the_segments_had_always_been_there() => CheckGoingOn(isBeside: false);

    [Fact]
    public void The_law_catches_a_job_that_leaves_the_past_out() => Counterfeits.Caught(() => CheckGoingOn(isBeside: false, from: RebuildFrom.Now));

    [Fact]
    public async Task Many_customers_are_filled_in_by_a_handful_of_round_trips()
    {
        const int many = 1_200;
        var (clock, inner) = (new FakeClock(Club.Day(1)), new InMemoryStore());
        var bare = new Town(new SegmentCatalog(), store: inner, clock: clock);
        await bare.Engine.RecordAsync([.. Enumerable.Range(0, many).Select(who => CustomerEvent.Purchase($"till:{who}", Identity.User(who), Money.Hkd(50)) with { OccurredAt = Club.Day(1) })], RecordMode.Backfill, Cancel);
        var store = new PagedStore(inner);
        var told = new List<BackfillReport>();

        var report = await new Town(new SegmentCatalog(Buyers), store: store, clock: clock).Study.BackfillAsync(new BackfillRequest { Progress = new Told(told.Add) }, Cancel);

        Assert.Equal([new BackfilledSegment("buyers", many, 0, many)], report.Segments);
        Assert.InRange(store.RoundTrips, 1, 20);
        Assert.Equal([512, 1_024, many, many], told.Select(so => so.Seen));
        Assert.Equal(told.Select(so => so.Seen), told.Select(so => so.Changed));
        Assert.Equal([false, false, false, true], told.Select(so => so.IsComplete));
        Assert.Equal(0, (await bare.With(Buyers).Study.BackfillAsync(new BackfillRequest { After = told[0].Last }, Cancel)).Changed);
    }

    [Fact]
    public async Task What_was_written_before_a_job_was_cancelled_is_told()
    {
        const int many = 1_200;
        var (clock, inner) = (new FakeClock(Club.Day(1)), new InMemoryStore());
        var bare = new Town(new SegmentCatalog(), store: inner, clock: clock);
        await bare.Engine.RecordAsync([.. Enumerable.Range(0, many).Select(who => CustomerEvent.Purchase($"till:{who}", Identity.User(who), Money.Hkd(50)) with { OccurredAt = Club.Day(1) })], RecordMode.Backfill, Cancel);
        using var stop = new CancellationTokenSource();
        var told = new List<BackfillReport>();
        var study = bare.With(Buyers).Study;

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => study.BackfillAsync(
            new BackfillRequest
            {
                Progress = new Told(so =>
                {
                    told.Add(so);
                    stop.Cancel();
                }),
            },
            stop.Token).AsTask());

        Assert.Equal(told[^1].Seen, (await study.MembersAsync("buyers", Cancel)).Count);
        var rest = await study.BackfillAsync(new BackfillRequest { After = told[^1].Last }, Cancel);
        Assert.Equal((many - told[^1].Seen, many - told[^1].Seen, true), (rest.Seen, rest.Changed, rest.IsComplete));
    }

    [Fact]
    public void The_law_catches_a_job_that_resumes_one_too_far() => Counterfeits.Caught(() => Check(
        async (study, most) =>
        {
            var first = await study.BackfillAsync(new BackfillRequest { Most = most }, Cancel);
            var skipped = await study.BackfillAsync(new BackfillRequest { DryRun = true, After = first.Last, Most = 1 }, Cancel);
            return await study.BackfillAsync(new BackfillRequest { After = skipped.Last }, Cancel);
        },
        always: false));

    [Fact]
    public void The_law_catches_a_job_that_begins_now() =>
        Counterfeits.Caught(() => Check((study, most) => study.BackfillAsync(new BackfillRequest { From = RebuildFrom.Now }, Cancel).AsTask(), always: true));

    [Fact]
    public async Task A_dry_run_says_what_would_be_and_writes_nothing()
    {
        var town = await SeveralAsync();
        var before = await StatesAsync(town.With(Buyers));

        var dry = await town.With(Buyers).Study.BackfillAsync(new BackfillRequest { DryRun = true }, Cancel);

        Assert.Equal((3, 3, true), (dry.Seen, dry.Changed, dry.IsComplete));
        Assert.Equal([new BackfilledSegment("buyers", 3, 0, 3)], dry.Segments);
        Assert.Equal(before, await StatesAsync(town.With(Buyers)));
        var real = await town.With(Buyers).Study.BackfillAsync(new BackfillRequest(), Cancel);
        Assert.Equal((dry.Changed, dry.Segments), (real.Changed, real.Segments));
        Assert.Equal(0, (await town.With(Buyers).Study.BackfillAsync(new BackfillRequest(), Cancel)).Changed);
    }

    [Fact]
    public async Task From_now_on_members_begin_now_and_nothing_is_sent()
    {
        var town = await SeveralAsync();
        town.Clock.Set(Club.Day(30));
        var with = town.With(Buyers);

        var report = await with.Study.BackfillAsync(new BackfillRequest { From = RebuildFrom.Now }, Cancel);

        Assert.Equal(3, report.Changed);
        Assert.Equal([new Membership(Club.Day(30), null, 1)], (await with.Engine.ReadAsync(CustomerRef.Of(Identity.User("amy")), Cancel))!.Slot<SegmentationState>(SegmentNames.Module).MembershipsIn("buyers").WithoutCauses());
        Assert.Equal(3, (await with.Study.MembersAsync("buyers", Cancel)).Count);
    }

    [Fact]
    public async Task A_late_event_after_a_backfill_repairs_what_was_filled_in()
    {
        var town = await SeveralAsync();
        var with = town.With(Samples.Of("twice", If.Purchases().Count().AtLeast(2)));
        await with.Study.BackfillAsync(new BackfillRequest(), Cancel);
        await with.BuysAsync("ben", 2);

        Assert.Equal([new Membership(Club.Day(5), null, 1)], (await with.Engine.ReadAsync(CustomerRef.Of(Identity.User("ben")), Cancel))!.Slot<SegmentationState>(SegmentNames.Module).MembershipsIn("twice").WithoutCauses());
    }

    [Fact]
    public async Task Progress_is_told_and_a_cancelled_job_goes_on()
    {
        var town = await SeveralAsync();
        var study = town.With(Buyers).Study;
        using var stop = new CancellationTokenSource();
        var told = new List<BackfillReport>();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await stop.CancelAsync();
            await study.BackfillAsync(new BackfillRequest(), stop.Token);
        });

        await study.BackfillAsync(new BackfillRequest { Progress = new Told(told.Add) }, Cancel);

        Assert.Equal((3, true), (told[^1].Seen, told[^1].IsComplete));
    }

    [Fact]
    public async Task A_segment_that_is_removed_leaves_no_fact_behind()
    {
        var town = await SeveralAsync();
        var with = town.With(Buyers, Samples.Silent);
        await with.Study.BackfillAsync(new BackfillRequest(), Cancel);
        var without = town.With(Samples.Silent);
        var report = await without.Study.BackfillAsync(new BackfillRequest(), Cancel);

        Assert.Equal([new BackfilledSegment("buyers", 0, 3, 0)], report.Segments);
        await foreach (var (_, fact) in ((IJournalScan)town.Store).ReadFactsAsync(Cancel))
        {
            Assert.NotEqual("segment.buyers", fact.Name);
        }
    }

    [Fact]
    public async Task A_module_that_keeps_books_is_not_rebuilt()
    {
        var town = await SeveralAsync();

        Assert.Contains("There are: ", (await Assert.ThrowsAsync<ArgumentException>(() => town.Engine.RebuildAsync(new RebuildRequest("nothing", RebuildFrom.History), Cancel).AsTask())).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(RebuildFrom.Now, true)]
    [InlineData(RebuildFrom.Now, false)]
    [InlineData(RebuildFrom.History, true)]
    public async Task A_customer_of_a_later_release_is_named_and_passed_over(RebuildFrom from, bool selects)
    {
        using var database = selects ? SqliteStore.Open(":memory:") : null;
        var town = new Town(new SegmentCatalog(), store: database);
        foreach (var who in new[] { "amy", "ben", "cat" })
        {
            await town.BuysAsync(who, 1);
        }

        var amy = (await town.Engine.ReadAsync(CustomerRef.Of(Identity.User("amy")), Cancel))!.Customer;
        var stored = await town.Store.LoadAsync(CustomerRef.Of(amy), Cancel);
        await town.Store.CommitAsync(new Commit { Customer = amy, ExpectedVersion = stored.Version, Version = stored.Version + 1, RecordedAt = Club.Day(2), Slots = [new StoredSlot(SegmentNames.Module, 99, [1])] }, Cancel);

        var report = await town.With(Buyers).Study.BackfillAsync(new BackfillRequest { From = from }, Cancel);

        Assert.Equal([(amy, SegmentNames.Module)], report.Unreadable.Select(one => (one.Customer, one.Fault.Slot)));
        Assert.Equal((3, 2, true), (report.Seen, report.Changed, report.IsComplete));
        Assert.Equal([new BackfilledSegment("buyers", 2, 0, 2)], report.Segments);
    }

    private static async Task<BackfillReport> ResumeAsync(SegmentStudy study, int most)
    {
        var report = await study.BackfillAsync(new BackfillRequest { Most = most }, Cancel);
        while (!report.IsComplete)
        {
            report = await study.BackfillAsync(new BackfillRequest { After = report.Last, Most = most }, Cancel);
        }

        return report;
    }

    // The last events are recorded by another engine: some while the job writes, and what is left after it.
    private static void CheckGoingOn(bool isBeside, Func<CommitResult, CommitResult>? answered = null, RebuildFrom from = RebuildFrom.History) =>
        Prop.ForAll(Arb.From(Histories.All), Arb.From(Gen.Choose(1, 8)), Arb.From(Gen.Choose(1, 4)), async Task<bool> (given, held, meanwhile) =>
        {
            var catalog = new SegmentCatalog(given.Segments);
            var (expected, bare) = (new Town(catalog), new Town(new SegmentCatalog()));
            var steps = Steps(given).ToList();
            var early = steps.Take(Math.Max(1, steps.Count - held)).ToList();
            await RecordAsync(expected, steps);
            await RecordAsync(bare, early);
            var (beside, late) = (new Town(catalog, store: bare.Store, clock: bare.Clock), new Queue<CustomerEvent>(steps.Skip(early.Count)));
            var racing = new PagedStore(Memory(bare))
            {
                Answered = answered ?? (static result => result),
                BeforeCommits = async () =>
                {
                    for (var i = 0; isBeside && i < meanwhile && late.TryDequeue(out var next); i++)
                    {
                        await beside.Engine.RecordAsync(next, Cancel);
                    }
                },
            };

            await Seen(bare, racing, catalog).Study.BackfillAsync(new BackfillRequest { From = from }, Cancel);
            await RecordAsync(beside, late);
            foreach (var town in new[] { expected, beside })
            {
                town.Clock.Set(Club.Day(Histories.LastDay + 40));
            }

            Assert.Equal(await StatesAsync(expected), await StatesAsync(beside));
            return true;
        }).Check(Thorough);

    private static InMemoryStore Memory(Town town) => Assert.IsType<InMemoryStore>(town.Store);

    private static Town Seen(Town town, ICustomerStore store, SegmentCatalog? catalog = null) => new(catalog ?? town.Catalog, store: store, clock: town.Clock);

    private static void Check(Func<SegmentStudy, int, Task<BackfillReport>> backfill, bool always, Func<Town, Town>? seen = null, Func<ICustomerStore>? from = null) =>
        Prop.ForAll(Arb.From(Histories.All), Arb.From(Gen.Choose(1, 3)), async Task<bool> (given, most) =>
        {
            var catalog = new SegmentCatalog(given.Segments);
            var expected = new Town(always ? catalog : new SegmentCatalog());
            var found = new Town(new SegmentCatalog(), store: from?.Invoke());
            foreach (var town in new[] { expected, found })
            {
                await RecordAsync(town, given);
                town.Clock.Set(Club.Day(Histories.LastDay + 40));
            }

            if (!always)
            {
                expected = new Town(catalog, store: expected.Store, clock: expected.Clock);
                await expected.Study.BackfillAsync(new BackfillRequest(), Cancel);
            }

            var with = new Town(catalog, store: found.Store, clock: found.Clock);
            await backfill((seen?.Invoke(with) ?? with).Study, most);
            Assert.Equal(await StatesAsync(expected), await StatesAsync(with));
            (found.Store as IDisposable)?.Dispose();
            return true;
        }).Check(Thorough);

    private static Task RecordAsync(Town town, Given given) => RecordAsync(town, Steps(given));

    private static async Task RecordAsync(Town town, IEnumerable<CustomerEvent> steps)
    {
        town.Clock.Set(Club.Day(Histories.LastDay + 30));
        foreach (var step in steps)
        {
            await town.Engine.RecordAsync(step, Cancel);
        }
    }

    private static IEnumerable<CustomerEvent> Steps(Given given)
    {
        foreach (var (happened, place) in given.Events.Select((happened, place) => (happened, place)))
        {
            // Three customers with the same beginning and other ends.
            foreach (var who in new[] { "amy", "ben", "cat" }.Take(1 + (given.Events.Length - place + 2) % 3))
            {
                if (happened.Original is null || who == "amy")
                {
                    yield return happened with { Key = new EventKey(happened.Key.Source, who == "amy" ? happened.Key.Value : $"{who}-{happened.Key.Value}"), Identity = Identity.User(who) };
                }
            }
        }
    }

    private static async Task<List<string>> StatesAsync(Town town)
    {
        var states = new List<string>();
        foreach (var who in new[] { "amy", "ben", "cat" })
        {
            if (await town.Engine.ReadAsync(CustomerRef.Of(Identity.User(who)), Cancel) is { } view)
            {
                var state = view.Slot<SegmentationState>(SegmentNames.Module);
                states.Add($"{who}: {string.Join("; ", state.Standings.Select(standing => $"{standing.Segment} {string.Join(", ", state.MembershipsIn(standing.Segment))} due {standing.Due}"))} | {string.Join(", ", view.Facts)}");
            }
        }

        return states;
    }

    private static async Task<Town> SeveralAsync()
    {
        var town = new Town(new SegmentCatalog());
        await town.BuysAsync("amy", 1, 9);
        await town.BuysAsync("ben", 5);
        await town.BuysAsync("cat", 7, 8, 9);
        return town;
    }

    private sealed class Told(Action<BackfillReport> tell) : IProgress<BackfillReport>
    {
        public void Report(BackfillReport value) => tell(value);
    }
}
