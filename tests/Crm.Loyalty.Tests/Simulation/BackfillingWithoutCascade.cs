using Crm.Conditions;
using Crm.Definitions;
using Crm.Engine;
using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Accounts;
using Crm.Loyalty.Challenges;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Simulation;
using Crm.Loyalty.Tests.Recording;
using Crm.Loyalty.Tiers;
using Crm.Loyalty.Wallets;
using Crm.Modules;
using Crm.Storage;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using static Crm.Loyalty.Tests.Simulation.SecondClub;

namespace Crm.Loyalty.Tests.Simulation;

/// <summary>A programme without cascade that is added to a store with a history, and is given that history: as if it had been there when it was recorded, refunds that reached no further than their purchase among it.</summary>
public sealed class BackfillingWithoutCascade
{
    private static readonly LoyaltyProgram Third = Samples.TeaClub with { Name = "third-club", Cascade = Cascade.None };

    private static readonly LoyaltyProgram Second = Program with
    {
        Cascade = Cascade.None,
        Rules =
        [
            Program.Rules[0],
            Program.Rules[1],
            new FixedPoints { Name = "first", Unit = "stars", Points = 20, When = If.Purchases().Count().Is(1), Terms = new() { Activation = Activation.AtOnce } },
            Program.Rules[3],
            new FixedPoints { Name = "beside", Unit = "stars", Points = 3, When = If.Fact("loyalty.tea-club.points").AtLeast(40) },
            Program.Rules[4],
        ],
    };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void A_programme_that_is_given_the_past_is_as_if_it_had_been_there_and_decides_what_comes_so() => AlwaysLaw(GiveAsync).Check(Config.QuickThrowOnFailure.WithMaxTest(60));

    [Fact]
    public void One_that_is_stopped_and_resumed_gives_the_same() => AlwaysLaw(async club =>
    {
        var first = await (Past with { Most = 1 }).RunAsync(club.Engine, Cancel);
        await (Past with { After = first.Last }).RunAsync(club.Engine, Cancel);
        await GiveAsync(club);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(15));

    [Fact]
    public void One_that_was_undone_and_is_given_again_gives_the_same() => AlwaysLaw(async club =>
    {
        await GiveAsync(club);
        await Past.UndoAsync(club.Engine, Cancel);
        await (Past with { Name = "once-more" }).RunAsync(club.Engine, Cancel);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(15));

    [Fact]
    public void Undone_it_is_as_if_the_past_had_not_been_given() => Prop.ForAll(Stories.ToArbitrary(), async Task<bool> (story) =>
    {
        story = story.WithoutLate();
        var (never, later) = (new Club(Modules(story, null)), new Club(Modules(story, null)));
        await PlayAsync(never, story, Begins);
        await PlayAsync(later, story, Begins);
        await GiveAsync(later);
        await Past.UndoAsync(later.Engine, Cancel);
        await later.RunDue();

        await SameAsync(never, later);
        await PlayOnAsync(never, story);
        await PlayOnAsync(later, story);
        await SameAsync(never, later);
        await Sound(later, Modules(story, Begins));
        return true;
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(20));

    [Fact]
    public void Two_that_are_given_their_pasts_one_after_the_other_are_as_if_they_had_always_been_there() => AlwaysLaw(async club =>
    {
        await GiveAsync(club);
        await new ProgramBackfill(Third, Start).RunAsync(club.Engine, Cancel);
    }, isThirdNew: true).Check(Config.QuickThrowOnFailure.WithMaxTest(15));

    [Fact]
    public void A_simulation_of_what_was_given_its_past_says_what_the_books_say() => Prop.ForAll(Stories.ToArbitrary(), async Task<bool> (story) =>
    {
        var club = new Club(Modules(story, null));
        await PlayAsync(club, story, Begins);
        await GiveAsync(club);
        await PlayOnAsync(club, story);

        var replay = new HistoryReplay(Modules(story, Begins), new CrmOptions());
        await foreach (var customer in club.Engine.ReadCustomersAsync(Cancel))
        {
            var live = await club.Engine.ReadAsync(CustomerRef.Of(customer), Cancel) ?? throw new InvalidOperationException($"Nobody is {customer}.");
            var history = new StoredHistory(customer, [.. (await club.Store.ReadAllAsync(Cancel).ToListAsync(Cancel)).Where(one => one.Customer == customer).Select(one => HistoryEntry.Of(one.Entry))]);
            var would = replay.Run(history, club.Now);
            Assert.Equal(live.Slot<LoyaltyState>(LoyaltyNames.KeepingModule), would.Customer.Slot<LoyaltyState>(LoyaltyNames.KeepingModule));
            Assert.Equal(live.Slot<LoyaltyState>(LoyaltyNames.Module), would.Customer.Slot<LoyaltyState>(LoyaltyNames.Module));
        }

        return true;
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(20));

    [Fact]
    public async Task Given_twice_it_is_given_once_and_a_trial_writes_nothing()
    {
        var club = await PlayedAsync();
        var before = await club.Ledger();

        var trial = await (Past with { DryRun = true }).RunAsync(club.Engine, Cancel);

        // What the first order earned went back with it; the 2 stars of the second have run out.
        Assert.Equal([new BackfilledUnit("stars", 2, 0), new BackfilledUnit("level", 2, 2)], trial.Units);
        Assert.Equal([new BackfilledTier("tier", "bronze", 1)], trial.Tiers);
        Assert.Equal(before, await club.Ledger());
        Assert.Equal(trial, await Past.RunAsync(club.Engine, Cancel));
        var given = await club.Ledger();
        Assert.Equal((1, 0), await Past.RunAsync(club.Engine, Cancel) is var again ? (again.Seen, again.Changed) : default);
        Assert.Equal(given, await club.Ledger());
    }

    [Fact]
    public async Task What_the_past_gives_names_what_it_was_given_for_and_when()
    {
        var club = await PlayedAsync();

        await Past.RunAsync(club.Engine, Cancel);

        var issued = (await club.Ledger()).Where(entry => entry is { Program: "second-club", Movement: Movement.Issued } && entry.Corrects == EventKey.Parse("till:1")).ToList();
        Assert.Equal([("level", 10L, Start), ("stars", 10L, Start), ("stars", 20L, Start)], issued.Select(entry => (entry.Unit, entry.Amount, entry.OccurredAt)).Order());
        Assert.All(issued, entry => Assert.Equal("backfill", entry.Cause.Source));
    }

    [Fact]
    public async Task Whoever_was_merged_in_brings_their_past_too()
    {
        var story = new Story(false, [], []);
        var (always, later) = (new Club(Modules(story, Instant.MinValue)), new Club(Modules(story, null)));
        foreach (var one in new[] { always, later })
        {
            one.At(Start);
            await one.Buys(100, "till:1");
            await one.Records(CustomerEvent.Purchase("pos:ben", Identity.User("ben"), Money.Hkd(480)));
            await one.Records(CustomerEvent.Refund("pos:back", Identity.User("ben"), "pos:ben", Money.Hkd(80)));
            one.At(Start + Duration.FromDays(1));
            await one.Engine.MergeAsync(new MergeRequest(EventKey.Parse("desk:1"), CustomerRef.Of(Samples.Amy), CustomerRef.Of(Identity.User("ben"))), Cancel);
            one.At(Start + Duration.FromDays(2));
            await one.Returns("pos:ben", 100);
        }

        later.StartsAgainWith(Modules(story, Begins));
        foreach (var one in new[] { always, later })
        {
            one.At(Begins);
            await one.Buys(20, "till:2");
        }

        await Past.RunAsync(later.Engine, Cancel);

        await SameAsync(always, later);
        foreach (var one in new[] { always, later })
        {
            await one.Returns("pos:ben", 300);
            await one.Returns("till:1", 100);
        }

        await SameAsync(always, later);
        Assert.Empty((await new Certification(later.Store).CountAsync(Cancel)).Faults);
    }

    [Fact]
    public async Task What_was_disposed_of_does_not_count_and_what_came_after_it_does()
    {
        var story = new Story(false, [], []);
        var club = new Club(Modules(story, null));
        club.At(Start);
        await club.Buys(480, "till:1");
        club.At(Start + Duration.FromDays(10));
        await club.Buys(60, "till:2");
        await club.Returns("till:2", 20);
        club.At(Begins);
        await club.Engine.DisposeOfJournalAsync(new DisposalRequest(Start + Duration.FromDays(5)), Cancel);
        club.StartsAgainWith(Modules(story, Begins));

        await Past.RunAsync(club.Engine, Cancel);

        Assert.Equal(4, Of(await club.Amy(), "second-club")?.Wallet("level").Balance);
        await Sound(club, Modules(story, Begins));
    }

    [Fact]
    public async Task What_another_module_of_the_host_is_given_shows_nothing_to_this_one()
    {
        var club = Club.Of(Samples.TeaClub);
        club.At(Start);
        await club.Buys(100, "till:1");
        LoyaltyProgram cascading = Samples.TeaClub with { Name = "new-club" };
        club.StartsAgainWith([.. LoyaltyModule.Of(new DefinitionCatalog<LoyaltyProgram>([Samples.TeaClub.Define(), cascading.Define(1, Begins), Third.Define()]), [])]);

        await new ProgramBackfill(cascading, Start).RunAsync(club.Engine, Cancel);
        club.At(Begins);
        await club.Returns("till:1", 50);

        Assert.Equal(5, (await club.Membership("new-club")).Wallet("points").Balance);
        Assert.DoesNotContain(await club.Ledger(), entry => entry.Program == "third-club");
    }

    [Fact]
    public async Task Without_the_programme_it_says_what_is_expected()
    {
        var club = new Club(new LoyaltyModule(Third));
        await club.Buys(10);

        Assert.Contains("'second-club'", (await Assert.ThrowsAsync<InvalidOperationException>(async () => await Past.RunAsync(club.Engine, Cancel))).Message);
    }

    [Fact]
    public void The_law_catches_a_programme_that_begins_now() => Counterfeits.Caught(() => AlwaysLaw(_ => Task.CompletedTask).Check(Config.QuickThrowOnFailure.WithMaxTest(100)));

    [Fact]
    public void The_law_catches_one_that_only_grants_the_units() => Counterfeits.Caught(() => AlwaysLaw(async club =>
    {
        var report = await ProgramSimulation.RunAsync(new() { Running = [Samples.TeaClub], Candidate = Second, Until = End }, club.Store, 1, Cancel);
        await Backfill.Plan(report, "stars", "past", "new-programme", "staff:1").RunAsync(club.Engine, Cancel);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(100)));

    [Fact]
    public void The_law_catches_a_job_that_resumes_one_too_far() => Counterfeits.Caught(() => AlwaysLaw(async club =>
    {
        var skipped = await (Past with { DryRun = true, Most = 1 }).RunAsync(club.Engine, Cancel);
        await (Past with { After = skipped.Last }).RunAsync(club.Engine, Cancel);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(100)));

    private static ProgramBackfill Past => new(Second, Start);

    private static async Task GiveAsync(Club club) => await Past.RunAsync(club.Engine, Cancel);

    // Without the second programme; or with it, from an instant on.
    private static ICustomerModule[] Modules(Story story, Instant? begins, bool isThirdNew = false) =>
    [
        .. LoyaltyModule.Of(
            new DefinitionCatalog<LoyaltyProgram>(
            [
                Samples.TeaClub.Define(),
                .. isThirdNew && begins is { } since ? [Third.Define(1, since)] : !isThirdNew && story.IsKeptThere ? [Third.Define()] : Array.Empty<Definition<LoyaltyProgram>>(),
                .. begins is { } from ? [Second.Define(1, from)] : Array.Empty<Definition<LoyaltyProgram>>(),
            ]),
            []),
    ];

    // The same story twice: where the programme was always there, and where it came in the middle and was given the past at the end. Then more happens to both. What comes late after that counts when something was handled last,
    // which without the past may have been later.
    private static Property AlwaysLaw(Func<Club, Task> backfillAsync, bool isThirdNew = false) => Prop.ForAll(Stories.ToArbitrary(), async Task<bool> (story) =>
    {
        story = story.WithoutLate();
        var (always, later) = (new Club(Modules(story, Instant.MinValue, isThirdNew)), new Club(Modules(story, null, isThirdNew)));
        await PlayAsync(always, story, begins: null);
        await PlayAsync(later, story, Begins, isThirdNew);
        await backfillAsync(later);
        await later.RunDue();

        await SameAsync(always, later);
        await PlayOnAsync(always, story);
        await PlayOnAsync(later, story);
        await SameAsync(always, later);
        await Sound(always, Modules(story, Instant.MinValue, isThirdNew));
        await Sound(later, Modules(story, Begins, isThirdNew));
        return true;
    });

    private static async Task PlayAsync(Club club, Story story, Instant? begins, bool isThirdNew = false)
    {
        var isThere = begins is null;
        foreach (var (happened, at) in story.Events.Select(one => ((CustomerEvent?)one.Event, one.Recorded)).Append((null, End)).OrderBy(one => one.Item2))
        {
            if (!isThere && at >= begins)
            {
                club.StartsAgainWith(Modules(story, begins, isThirdNew));
                isThere = true;
            }

            club.At(at);
            if (happened is not null)
            {
                await club.Records(happened);
            }
        }

        await club.RunDue();
    }

    private static async Task PlayOnAsync(Club club, Story story)
    {
        foreach (var (happened, at) in story.Afterwards.OrderBy(one => one.Recorded))
        {
            club.At(at);
            await club.Records(happened);
        }

        club.At(End + Duration.FromDays(120));
        await club.RunDue();
    }

    private static async Task SameAsync(Club always, Club later)
    {
        foreach (var who in new[] { Samples.Amy, Identity.User("ben") })
        {
            var (one, other) = (await always.Reads(who), await later.Reads(who));
            foreach (var program in new[] { "second-club", "third-club", "tea-club" })
            {
                Assert.Equal(Of(one, program), Of(other, program));
            }

            Assert.Equal(Shown(one), Shown(other));
        }

        Assert.Equal(Books(await always.Ledger()), Books(await later.Ledger()));
    }

    // Orders that tills send days late, refunds with and without their receipt, some before the purchase comes, cancellations; some of it after the past was given.
    private static Gen<Story> Stories =>
        from orders in Orders(0, 110)
        from more in Orders(100, 200)
        from spends in (from day in Gen.Choose(0, 110) from amount in Gen.Choose(1, 25) select (day, amount)).ListOf()
        from later in (from day in Gen.Choose(151, 220) from amount in Gen.Choose(1, 25) select (day, amount)).ListOf()
        from kept in Gen.Elements(true, false)
        let all = orders.Concat(more).SelectMany((order, i) => Order(order.Day, order.Amount, order.Late, order.Back, order.After, order.Ben ? Identity.User("ben") : Samples.Amy, i))
            .Concat(spends.Select((spend, i) => Spend(i, spend.day, spend.amount, "tea-club", "points")))
            .Concat(later.Select((spend, i) => Spend(1000 + i, spend.day, spend.amount, "second-club", "stars")))
            .ToList()
        select new Story(kept, [.. all.Where(one => one.Recorded < End)], [.. all.Where(one => one.Recorded >= End)]);

    private static Gen<List<(int Day, int Amount, int Late, int Back, int After, bool Ben)>> Orders(int first, int last) =>
        (from day in Gen.Choose(first, last)
         from amount in Gen.Elements(5, 10, 99, 300, 520)
         from late in Gen.Elements(0, 0, 0, 2, 8, 45)
         from back in Gen.Elements(0, 0, 1, 2, 3, 4, 5)
         from after in Gen.Elements(1, 5, 40)
         from ben in Gen.Elements(true, false)
         select (day, amount, late, back, after, ben)).NonEmptyListOf().Select(orders => orders.ToList());

    private static (CustomerEvent, Instant Recorded) Spend(int number, int day, int amount, string program, string unit) =>
        (LoyaltyEvents.Redeem($"app:{number}", SpendAuthority.SignedIn(Samples.Amy), amount, program, unit) with { OccurredAt = On(day, 600 + (number % 700)) }, On(day, 600 + (number % 700)));

    private static IEnumerable<(CustomerEvent, Instant Recorded)> Order(int day, int amount, int late, int back, int after, Identity who, int number)
    {
        yield return (CustomerEvent.Purchase($"till:{number}", who, Money.Hkd(amount), [new EventLine("tea", 1, Money.Hkd(amount), null)]) with { OccurredAt = On(day, number) }, On(day + late, number));
        var returned = On(day + after, 300 + number);
        CustomerEvent? refund = back switch
        {
            1 => CustomerEvent.Refund($"back:{number}", who, $"till:{number}", Money.Hkd(amount)),
            2 => CustomerEvent.Refund($"back:{number}", who, $"till:{number}", Money.Hkd(3)),
            3 => CustomerEvent.Refund($"back:{number}", who, null, Money.Hkd(4)),
            4 or 5 => new CustomerEvent { Key = EventKey.Parse($"back:{number}"), Kind = EventKinds.CancellationName, Identity = who, Original = EventKey.Parse($"till:{number}") },
            _ => null,
        };
        if (refund is not null)
        {
            yield return (refund with { OccurredAt = returned }, returned);
        }

        if (back == 5)
        {
            var again = returned + Duration.FromDays(after);
            yield return (new CustomerEvent { Key = EventKey.Parse($"again:{number}"), Kind = EventKinds.CancellationName, Identity = who, Original = EventKey.Parse($"back:{number}"), OccurredAt = again }, again);
        }
    }

    // That it counts the past is the one thing in which the two may differ.
    private static Membership? Of(CustomerView? customer, string program)
    {
        var membership = customer?.SlotOrNull<LoyaltyState>(program == "tea-club" ? LoyaltyNames.Module : LoyaltyNames.KeepingModule)?.In(program);
        return membership is null ? null : membership with { Tallies = membership.Tallies.Where(tally => tally.Name != "counts-past").ToSequence() };
    }

    private static async Task Sound(Club club, params ICustomerModule[] modules)
    {
        foreach (var verdict in await VerdictsAsync(club, modules))
        {
            Assert.Null(verdict.NotRedecided);
            Assert.Empty(verdict.Differences);
        }

        Assert.Empty((await new Certification(club.Store).CountAsync(Cancel)).Faults);
    }

    // Amy buys, buys again and brings back the first; the second programme comes much later.
    private static async Task<Club> PlayedAsync()
    {
        var story = new Story(false, [], []);
        var club = new Club(Modules(story, null));
        club.At(Start);
        await club.Buys(100, "till:1");
        club.At(Start + Duration.FromDays(1));
        await club.Buys(20, "till:2");
        club.At(Start + Duration.FromDays(2));
        await club.Returns("till:1", 100);
        club.StartsAgainWith(Modules(story, Begins));
        club.At(End);
        await club.RunDue();
        return club;
    }

    /// <param name="IsKeptThere">Whether another programme without cascade was there from the beginning.</param>
    /// <param name="Events">What happens before.</param>
    /// <param name="Afterwards">What is recorded after it.</param>
    private sealed record Story(bool IsKeptThere, List<(CustomerEvent Event, Instant Recorded)> Events, List<(CustomerEvent Event, Instant Recorded)> Afterwards)
    {
        // Undoing is a happening of its day, and what comes late is decided as of the latest happening.
        public Story WithoutLate() => this with { Afterwards = [.. Afterwards.Where(one => one.Event.OccurredAt > End)] };
    }
}
