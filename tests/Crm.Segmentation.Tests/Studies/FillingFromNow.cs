using Crm.Conditions;
using Crm.Definitions;
using Crm.Engine;
using Crm.Events;
using Crm.Modules;
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
using NodaTime;
using Outcome = Crm.Modules.Outcome;

namespace Crm.Segmentation.Tests.Studies;

/// <summary>What holds of segments that are filled in from now on, by looking only at those for whom there is something to write.</summary>
public sealed class FillingFromNow
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(150);
    private static readonly Segment Old = Samples.Of("old", If.Purchases().InLast(Duration.FromDays(20)).Count().AtLeast(2));
    private static readonly string[] Names = ["amy", "ben", "cat", "dan"];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void It_gives_what_would_be_if_the_segments_had_been_defined_to_begin_then() => Check(catalog => new SegmentationModule(catalog), () => SqliteStore.Open(":memory:"));

    [Fact]
    public void A_store_that_selects_nobody_gives_the_same() => Check(catalog => new SegmentationModule(catalog), () => new InMemoryStore());

    [Fact]
    public void The_law_catches_a_module_that_takes_those_for_all_who_are_in_it_now() =>
        Counterfeits.Caught(() => Check(catalog => new Counterfeit(catalog) { Concern = static (catalog, concern) => concern is Condition.Any { Of.IsEmpty: false } ? If.Any([.. catalog.Definitions.All.Where(one => one.Name != Old.Id).Select(one => one.Value.Where)]) : concern }, () => SqliteStore.Open(":memory:")));

    [Fact]
    public void The_law_catches_a_module_that_says_the_same_of_everybody() =>
        Counterfeits.Caught(() => Check(catalog => new Counterfeit(catalog) { IsDeaf = true }, () => SqliteStore.Open(":memory:")));

    [Fact]
    public void The_law_catches_a_module_that_gives_the_definition_as_the_cause_of_what_an_event_brings() =>
        Counterfeits.Caught(() => Check(catalog => new Counterfeit(catalog) { IsBlind = true }, () => SqliteStore.Open(":memory:")));

    [Fact]
    public void The_law_catches_a_store_that_forgets_entries() => Counterfeits.Caught(() => Check(
        catalog => new SegmentationModule(catalog),
        () => new SelectingStore(SqliteStore.Open(":memory:")) { Told = static entries => [.. entries.Where((_, place) => place % 2 == 0)] }));

    [Fact]
    public async Task Whom_it_concerns_is_selected_unless_the_first_page_shows_that_it_concerns_many()
    {
        const int many = 700;
        foreach (var (buyers, selections) in new[] { (many, 0), (many / 10, 1) })
        {
            using var store = new SelectingStore(SqliteStore.Open(":memory:"));
            var town = new Town(new SegmentCatalog([Old]), store: store);
            town.Clock.Set(Club.Day(3));
            await town.Engine.RecordAsync([.. Enumerable.Range(0, many).Select(who => CustomerEvent.Purchase($"till:{who}", Identity.User(who), Money.Hkd(50)) with { OccurredAt = Club.Day(who % (many / buyers) == 0 ? 2 : 1) })], RecordMode.Backfill, Cancel);

            var with = town.With(Old, Samples.Of("late", If.Purchases().InLast(Duration.FromDays(1.5)).Count().AtLeast(1)));
            var report = await with.Study.BackfillAsync(new BackfillRequest { From = RebuildFrom.Now }, Cancel);

            Assert.Equal((many, buyers, selections), (report.Seen, report.Changed, store.Selections));
            Assert.Equal(buyers, (await with.Study.MembersAsync("late", Cancel)).Count);
        }
    }

    [Fact]
    public async Task Whole_histories_are_read_of_those_alone_of_whom_something_was_taken_back()
    {
        using var store = new SelectingStore(SqliteStore.Open(":memory:"));
        var town = new Town(new SegmentCatalog([Old]), store: store);
        foreach (var who in Names)
        {
            await town.BuysAsync(who, 1, 2);
        }

        town.Clock.Set(Club.Day(3));
        await town.Engine.RecordAsync(CustomerEvent.Refund("till:back", Identity.User("ben"), "till:ben-1", Money.Hkd(1)), Cancel);
        var with = town.With(Old, Samples.Of("spender", If.Purchases().InLast(Duration.FromDays(4)).SumOfSpend(Currency.Hkd).AtLeast(1)));

        Assert.Equal(Names.Length, (await with.Study.BackfillAsync(new BackfillRequest { From = RebuildFrom.Now }, Cancel)).Changed);
        Assert.Equal((Names.Length, 1), (store.AskedForEntries, store.AskedForHistories));
    }

    [Fact]
    public async Task Who_was_merged_came_late_or_had_events_disposed_of_is_filled_in_as_from_whole_histories()
    {
        var states = new List<List<string>>();
        foreach (var store in new ICustomerStore[] { new InMemoryStore(), SqliteStore.Open(":memory:") })
        {
            var town = new Town(new SegmentCatalog([Old]), store: store);
            foreach (var who in Names)
            {
                await town.BuysAsync(who, 1, 4);
            }

            town.Clock.Set(Club.Day(5));
            var cat = await town.IdAsync("cat");
            Assert.Equal(1, (await town.Engine.DisposeOfJournalAsync(new DisposalRequest(Club.Day(2)) { UntilFor = view => view.Customer == cat ? Club.Day(2) : null }, Cancel)).Entries);
            await town.BuysAsync("dan", 2);
            await town.Engine.MergeAsync(new MergeRequest(EventKey.Parse("desk:1"), CustomerRef.Of(Identity.User("amy")), CustomerRef.Of(Identity.User("ben"))), Cancel);

            var with = town.With(Old, Samples.Of("spender", If.Purchases().SumOfSpend(Currency.Hkd).AtLeast(150)), Samples.Of("again", If.Purchases().InLast(Duration.FromDays(3.5)).Count().AtLeast(2)));
            await with.Study.BackfillAsync(new BackfillRequest { From = RebuildFrom.Now }, Cancel);
            var spenders = await with.Study.MembersAsync("spender", Cancel);
            Assert.Equal(new[] { await with.IdAsync("amy"), await with.IdAsync("dan") }.Order(), spenders.Order());
            states.Add(await StatesAsync(with.Engine));
            (store as IDisposable)?.Dispose();
        }

        Assert.Equal(states[0], states[1]);
    }

    [Fact]
    public async Task A_fault_on_the_first_page_ends_it()
    {
        const int many = 600;
        using var store = new SelectingStore(SqliteStore.Open(":memory:"));
        var town = new Town(new SegmentCatalog([Old]), store: store);
        town.Clock.Set(Club.Day(3));
        await town.Engine.RecordAsync([.. Enumerable.Range(0, many).Select(who => CustomerEvent.Purchase($"till:{who}", Identity.User(who), Money.Hkd(50)))], RecordMode.Backfill, Cancel);

        var catalog = new SegmentCatalog([Old, Samples.Of("once", If.Purchases().Count().AtLeast(1))]);
        var study = new SegmentStudy(EngineOf(store, catalog, new Counterfeit(catalog) { Faults = true }, town.Clock), catalog, town.Clock);

        await Assert.ThrowsAsync<ModuleFaultException>(async () => await study.BackfillAsync(new BackfillRequest { From = RebuildFrom.Now }, Cancel));
        Assert.Equal(0, store.Selections);
    }

    [Fact]
    public async Task Whoever_stays_out_and_will_is_neither_written_nor_counted_as_changed()
    {
        using var store = SqliteStore.Open(":memory:");
        var town = new Town(new SegmentCatalog([Old]), store: store);
        for (var who = 0; who < 40; who++)
        {
            await town.BuysAsync($"c{who}", who < 3 ? [1, 10] : who == 3 ? [1, 13] : [1]);
        }

        town.Clock.Set(Club.Day(15));
        var before = await VersionsAsync(town);
        var with = town.With(Old, Samples.Of("lapsing", If.All(If.Purchases().Count().AtLeast(1), If.Purchases().InLast(Duration.FromDays(4)).Count().LessThan(1), If.Purchases().InLast(Duration.FromDays(30)).Count().AtLeast(2))));
        var report = await with.Study.BackfillAsync(new BackfillRequest { From = RebuildFrom.Now }, Cancel);

        Assert.Equal((40, 4, true), (report.Seen, report.Changed, report.IsComplete));
        Assert.Equal([new BackfilledSegment("lapsing", 3, 0, 3)], report.Segments);
        var after = await VersionsAsync(with);
        Assert.Equal(["c0", "c1", "c2", "c3"], before.Keys.Where(who => before[who] != after[who]).Order(StringComparer.Ordinal));
        Assert.Equal(0, (await with.Study.BackfillAsync(new BackfillRequest { From = RebuildFrom.Now }, Cancel)).Changed);

        // Whoever comes in later comes in by what they do.
        with.Clock.Set(Club.Day(16));
        await with.BuysAsync("c9", 16);
        with.Clock.Set(Club.Day(21));
        var standing = (await with.Engine.ReadAsync(CustomerRef.Of(Identity.User("c9")), Cancel))!.Slot<SegmentationState>(SegmentNames.Module).MembershipsIn("lapsing");
        Assert.Equal([(Club.Day(20), MembershipReason.Time)], standing.Select(membership => (membership.Since, membership.EnteredBy.Reason)));
    }

    [Fact]
    public async Task Whoever_a_process_with_the_old_definitions_writes_after_the_store_has_selected_is_asked()
    {
        const int many = 600;
        using var inner = SqliteStore.Open(":memory:");
        var store = new SelectingStore(inner);
        var town = new Town(new SegmentCatalog([Old]), store: store);
        town.Clock.Set(Club.Day(1));
        await town.Engine.RecordAsync([.. Enumerable.Range(0, many).Select(who => CustomerEvent.Purchase($"till:{who}", Identity.User(who), Money.Hkd(50)) with { OccurredAt = Club.Day(1) })], RecordMode.Backfill, Cancel);
        town.Clock.Set(Club.Day(3));
        var last = await inner.ReadCustomersAsync(Cancel).LastAsync(Cancel);
        store.AfterSelecting = async () => await town.Engine.RecordAsync(CustomerEvent.Purchase("till:again", Identity.User(0), Money.Hkd(50)) with { Identity = null, Customer = last }, Cancel);

        var with = town.With(Old, Samples.Of("twice", If.Purchases().Count().AtLeast(2)));
        var report = await with.Study.BackfillAsync(new BackfillRequest { From = RebuildFrom.Now }, Cancel);

        Assert.Equal((many, 1), (report.Seen, report.Changed));
        Assert.Equal([last], await with.Study.MembersAsync("twice", Cancel));
        var standing = (await with.Engine.ReadAsync(CustomerRef.Of(last), Cancel))!.Slot<SegmentationState>(SegmentNames.Module).MembershipsIn("twice");
        Assert.Equal([(Club.Day(3), MembershipReason.Definition)], standing.Select(membership => (membership.Since, membership.EnteredBy.Reason)));
    }

    [Fact]
    public async Task Whoever_was_left_unwritten_is_what_the_journal_leads_to()
    {
        using var store = SqliteStore.Open(":memory:");
        var town = new Town(new SegmentCatalog([Old]), store: store);
        await town.BuysAsync("amy", 1);
        await town.BuysAsync("ben", 1, 2, 3);
        town.Clock.Set(Club.Day(4));
        var with = town.With(Old, Samples.Of("busy", If.Purchases().InLast(Duration.FromDays(10)).Count().AtLeast(3)));
        Assert.Equal(1, (await with.Study.BackfillAsync(new BackfillRequest { From = RebuildFrom.Now }, Cancel)).Changed);

        var verifier = new CustomerVerifier([new ScoreModule(), new SegmentationModule(with.Catalog), new ListenerModule()], new CrmOptions { Zone = DateTimeZone.Utc, CheckpointEvery = 8 });
        var amy = await store.LoadAsync(CustomerRef.Of(Identity.User("amy")), Cancel);
        var verdict = verifier.Verify(amy, await store.LoadWholeAsync(amy.Customer!.Value, Cancel), []);
        Assert.Equal((true, null), (verdict.Holds, verdict.NotRedecided));

        // One that says otherwise is found.
        var other = new CustomerVerifier([new ScoreModule(), new SegmentationModule(town.With(Old, Samples.Of("busy", If.Purchases().InLast(Duration.FromDays(10)).Count().AtLeast(1))).Catalog), new ListenerModule()], new CrmOptions { Zone = DateTimeZone.Utc, CheckpointEvery = 8 });
        Assert.False(other.Verify(amy, await store.LoadWholeAsync(amy.Customer!.Value, Cancel), []).Holds);
    }

    [Fact]
    public async Task Stopped_and_resumed_it_gives_the_same()
    {
        var states = new List<List<string>>();
        foreach (var most in new[] { 1, 3, int.MaxValue })
        {
            using var store = SqliteStore.Open(":memory:");
            var town = new Town(new SegmentCatalog([Old]), store: store);
            foreach (var (who, place) in Names.Select((who, place) => (who, place)))
            {
                await town.BuysAsync(who, [.. Enumerable.Range(1, 1 + place).Select(day => (double)day)]);
            }

            var with = town.With(Old, Samples.Of("often", If.Purchases().InLast(Duration.FromDays(9)).Count().AtLeast(2)));
            var report = await with.Study.BackfillAsync(new BackfillRequest { From = RebuildFrom.Now, Most = most }, Cancel);
            while (!report.IsComplete)
            {
                report = await with.Study.BackfillAsync(new BackfillRequest { From = RebuildFrom.Now, Most = most, After = report.Last }, Cancel);
            }

            states.Add(await StatesAsync(with.Engine));
        }

        Assert.All(states, some => Assert.Equal(states[0], some));
        Assert.Contains(states[0], state => state.Contains("often", StringComparison.Ordinal));
    }

    private static async Task<Dictionary<string, long>> VersionsAsync(Town town)
    {
        var versions = new Dictionary<string, long>();
        for (var who = 0; who < 40; who++)
        {
            versions[$"c{who}"] = (await town.Store.LoadAsync(CustomerRef.Of(Identity.User($"c{who}")), Cancel)).Version;
        }

        return versions;
    }

    // Segments of a kind that stores select by, and some that they cannot; events before and after the filling in, in order or late.
    private static void Check(Func<SegmentCatalog, ICustomerModule> module, Func<ICustomerStore> open) =>
        Prop.ForAll(Arb.From(Histories.All), Arb.From(Gen.ListOf(Conditions, 2)), Arb.From(Gen.Choose(1, 8)), async Task<bool> (given, conditions, later) =>
        {
            var steps = Steps(given).ToList();
            var split = Math.Max(1, steps.Count - later);
            var recorded = steps.Take(split).Max(step => step.OccurredAt!.Value);

            // Whoever was recorded in the minutes before it begins is looked at anyhow.
            var filled = recorded + Duration.FromHours(1);
            Definition<Segment>[] definitions = [Old.Define(), .. conditions.Select((where, place) => Samples.Of($"new{place}", where).Define(1, filled))];
            var catalog = new SegmentCatalog(new DefinitionCatalog<Segment>(definitions));
            var (expected, found) = (new InMemoryStore(), open());
            foreach (var (store, isFilled) in new[] { ((ICustomerStore)expected, false), (found, true) })
            {
                var clock = new FakeClock(recorded);
                var before = isFilled ? EngineOf(store, new SegmentCatalog([Old]), new SegmentationModule(new SegmentCatalog([Old])), clock) : EngineOf(store, catalog, new SegmentationModule(catalog), clock);
                foreach (var step in steps.Take(split))
                {
                    await before.RecordAsync(step, Cancel);
                }

                clock.Set(filled);
                var after = EngineOf(store, catalog, isFilled ? module(catalog) : new SegmentationModule(catalog), clock);
                if (isFilled)
                {
                    await new SegmentStudy(after, catalog, clock).BackfillAsync(new BackfillRequest { From = RebuildFrom.Now }, Cancel);
                }

                clock.Set(Instant.Max(filled, Club.Day(Histories.LastDay + 10)));
                foreach (var step in steps.Skip(split))
                {
                    await after.RecordAsync(step, Cancel);
                }

                clock.Set(Club.Day(Histories.LastDay + 40));
            }

            var end = new FakeClock(Club.Day(Histories.LastDay + 40));
            Assert.Equal(await StatesAsync(EngineOf(expected, catalog, new SegmentationModule(catalog), end)), await StatesAsync(EngineOf(found, catalog, new SegmentationModule(catalog), end)));
            (found as IDisposable)?.Dispose();
            return true;
        }).Check(Thorough);

    private static CrmEngine EngineOf(ICustomerStore store, SegmentCatalog catalog, ICustomerModule module, FakeClock clock) =>
        new(store, catalog.Definitions.Names.IsEmpty ? [new ScoreModule()] : [new ScoreModule(), module, new ListenerModule()], new CrmOptions { Zone = DateTimeZone.Utc, CheckpointEvery = 8 }, clock, new SeededIdSource());

    private static IEnumerable<CustomerEvent> Steps(Given given)
    {
        foreach (var (happened, place) in given.Events.Select((happened, place) => (happened, place)))
        {
            foreach (var who in Names.Take(1 + ((given.Events.Length - place + 2) % Names.Length)))
            {
                if (happened.Original is null || who == "amy")
                {
                    yield return happened with { Key = new EventKey(happened.Key.Source, who == "amy" ? happened.Key.Value : $"{who}-{happened.Key.Value}"), Identity = Identity.User(who) };
                }
            }
        }
    }

    private static Gen<Condition> Conditions => Gen.OneOf(
        Leaves,
        Gen.ListOf(Leaves, 2).Select(parts => If.All(parts.ToSequence())),
        Gen.ListOf(Leaves, 2).Select(parts => If.Any(parts.ToSequence())),
        from one in Leaves
        from other in Leaves
        select If.All(one, If.Not(If.Any(other, one))),
        Leaves.Select(If.Not));

    private static Gen<Condition> Leaves => Gen.OneOf(
        from days in Gen.Elements(1, 7, 30)
        from count in Gen.Choose(0, 3)
        from question in Gen.Elements(If.Purchases().InLast(Duration.FromDays(days)).Count(), If.Purchases().Count(), If.Events("page-view").InLast(Duration.FromDays(days)).Count())
        from condition in Gen.Elements(question.AtLeast(count), question.MoreThan(count), question.LessThan(count), question.AtMost(count), question.Is(count))
        select condition,
        from amount in Gen.Elements(0, 50, 120)
        from question in Gen.Elements(If.Purchases(), If.Purchases().InLast(Duration.FromDays(14)))
        from condition in Gen.Elements(question.SumOfSpend(Currency.Hkd).MoreThan(amount), question.SumOfSpend(Currency.Hkd).AtMost(amount))
        select condition,
        Gen.Elements(
            Samples.In(Old.Id),
            If.Fact(ScoreModule.Points).AtLeast(2),
            If.Fact(ScoreModule.Points).WhenMissing(true).LessThan(2),
            If.Between(Club.Day(20), Club.Day(35))));

    private static async Task<List<string>> StatesAsync(CrmEngine engine)
    {
        var states = new List<string>();
        foreach (var who in Names)
        {
            if (await engine.ReadAsync(CustomerRef.Of(Identity.User(who)), Cancel) is { } view)
            {
                var state = view.Slot<SegmentationState>(SegmentNames.Module);
                states.Add($"{who}: {string.Join("; ", state.Standings.Select(standing => $"{standing.Segment} {string.Join(", ", state.MembershipsIn(standing.Segment))} due {standing.Due}"))} | {string.Join(", ", view.Facts)}");
            }
        }

        return states;
    }

    /// <summary>A module that is wrong about those whom it need not ask.</summary>
    private sealed class Counterfeit(SegmentCatalog catalog) : ICustomerModule, IAsksAnew
    {
        private readonly SegmentationModule real = new(catalog);

        public Func<SegmentCatalog, Condition?, Condition?> Concern { get; init; } = static (_, concern) => concern;

        public bool IsDeaf { get; init; }

        public bool IsBlind { get; init; }

        public bool Faults { get; init; }

        public ModuleContract Contract => real.Contract;

        public Outcome Handle(object state, ModuleContext context) => Faults ? throw new InvalidOperationException("It never works.") : ((ICustomerModule)real).Handle(state, context);

        public Outcome.Accepted Correct(object stored, object without, object with) => ((ICustomerModule)real).Correct(stored, without, with);

        public bool IsBehind(object state) => !IsBlind && ((IAsksAnew)real).IsBehind(state);

        public object Look(object state, ModuleContext context) => ((IAsksAnew)real).Look(state, context);

        public bool SaysTheSame(object state, object other) => IsDeaf || ((IAsksAnew)real).SaysTheSame(state, other);

        public Condition? Concerns(object state, Instant now, Duration ahead) => Concern(catalog, ((IAsksAnew)real).Concerns(state, now, ahead));
    }
}
