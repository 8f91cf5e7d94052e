using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Challenges;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Simulation;
using Crm.Loyalty.Stamps;
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

/// <summary>A programme that is added to a store with a history, and is given that history: units, tiers, stamps, limits and challenges as if it had always been there.</summary>
public sealed class BackfillingPrograms
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void A_programme_that_is_given_the_past_is_as_if_it_had_always_been_there() => AlwaysLaw(club => Past.RunAsync(club.Engine, Cancel).AsTask()).Check(Config.QuickThrowOnFailure.WithMaxTest(40));

    [Fact]
    public void One_that_is_stopped_and_resumed_gives_the_same() => AlwaysLaw(async club =>
    {
        var first = await (Past with { Most = 1 }).RunAsync(club.Engine, Cancel);
        await (Past with { After = first.Last }).RunAsync(club.Engine, Cancel);
        await Past.RunAsync(club.Engine, Cancel);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(15));

    [Fact]
    public void The_law_catches_a_programme_that_begins_now() => Counterfeits.Caught(() => AlwaysLaw(_ => Task.CompletedTask).Check(Config.QuickThrowOnFailure.WithMaxTest(100)));

    [Fact]
    public void The_law_catches_one_that_only_grants_the_units() => Counterfeits.Caught(() => AlwaysLaw(async club =>
    {
        var report = await ProgramSimulation.RunAsync(new() { Running = [Samples.TeaClub], Candidate = Program, Until = End }, club.Store, 1, Cancel);
        await Backfill.Plan(report, "stars", "past", "new-programme", "staff:1").RunAsync(club.Engine, Cancel);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(100)));

    [Fact]
    public void The_law_catches_a_job_that_resumes_one_too_far() => Counterfeits.Caught(() => AlwaysLaw(async club =>
    {
        var skipped = await (Past with { DryRun = true, Most = 1 }).RunAsync(club.Engine, Cancel);
        await (Past with { After = skipped.Last }).RunAsync(club.Engine, Cancel);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(100)));

    [Fact]
    public async Task A_trial_says_what_would_be_and_writes_nothing()
    {
        var club = await Played(Samples.TeaClub);
        var told = new List<ProgramBackfillReport>();
        var (ledger, version) = ((await club.Ledger()).Count, (await club.Amy()).Version);

        var trial = await (Past with { DryRun = true, Progress = new Told(told) }).RunAsync(club.Engine, Cancel);

        // Amy bought for 480 and 60 and brought 60 back, and Ben for 90; the 100 that Amy has bought for since makes her gold now, and counts twice. All stars have run out.
        Assert.Equal((2, 2, true), (trial.Seen, trial.Changed, trial.IsComplete));
        Assert.Equal([new BackfilledUnit("stars", 48 + 20 + 9 + 20 + 10, 0), new BackfilledUnit("level", 57, 57)], trial.Units);
        Assert.Equal([new BackfilledTier("tier", "bronze", 1), new BackfilledTier("tier", "gold", 1)], trial.Tiers);
        Assert.Equal([new BackfilledCard("cups", 2)], trial.Cards);
        Assert.Equal(trial, Assert.Single(told));
        Assert.Equal((ledger, version), ((await club.Ledger()).Count, (await club.Amy()).Version));
        var real = await Past.RunAsync(club.Engine, Cancel);
        Assert.Equal(trial, real);
        Assert.Equal((2, 0), (await Past.RunAsync(club.Engine, Cancel)) is var again ? (again.Seen, again.Changed) : default);
    }

    [Fact]
    public async Task What_the_past_gives_is_dated_when_it_was_earned_and_when_it_ran_out()
    {
        var club = await Played(Samples.TeaClub);

        await Past.RunAsync(club.Engine, Cancel);

        var stars = (await club.Ledger()).Where(entry => entry is { Program: "second-club", Unit: "stars" } && entry.Corrects == EventKey.Parse("pos:ben")).ToList();
        Assert.Equal([Start], stars.Where(entry => entry.Movement == Movement.Issued).Select(entry => entry.OccurredAt).Distinct());
        var gone = (await club.Ledger()).Where(entry => entry is { Program: "second-club", Unit: "stars", Movement: Movement.Expired }).ToList();
        Assert.All(gone, entry => Assert.InRange(entry.OccurredAt, Start + Duration.FromDays(47), Begins + Duration.FromDays(50)));
    }

    [Fact]
    public async Task Undone_it_nets_to_nothing_and_the_programme_counts_from_its_beginning()
    {
        var club = await Played(Samples.TeaClub);
        var before = Books(await club.Ledger());
        await Past.RunAsync(club.Engine, Cancel);
        Assert.NotEqual(before, Books(await club.Ledger()));
        Assert.Equal("gold", (await club.Amy()).Fact("loyalty.second-club.tier").AsCode);

        await Past.UndoAsync(club.Engine, Cancel);

        Assert.Equal(before, Books(await club.Ledger()));
        Assert.Equal("bronze", (await club.Amy()).Fact("loyalty.second-club.tier").AsCode);
        await Sound(club, Beside(Begins));
        Assert.True((await (Past with { Name = "once-more" }).RunAsync(club.Engine, Cancel)).Changed > 0);
        Assert.Equal("gold", (await club.Amy()).Fact("loyalty.second-club.tier").AsCode);
    }

    [Fact]
    public async Task A_refund_of_an_old_purchase_takes_back_what_the_past_gave()
    {
        var club = await Played(Samples.TeaClub);
        await Past.RunAsync(club.Engine, Cancel);
        var before = (await club.Membership("second-club")).Standing();

        await club.Returns("pos:large", 480);

        var after = (await club.Membership("second-club")).Standing();
        Assert.Equal(("gold", "bronze"), (before?.Tier, after?.Tier));
        await Sound(club, Beside(Begins));
    }

    [Fact]
    public async Task A_loyalty_module_that_joined_later_sees_the_whole_history()
    {
        var (club, always) = (new Club(), Club.Of(Program));
        foreach (var one in new[] { club, always })
        {
            one.At(Start);
            await one.Buys(300, "till:1");
            one.At(Start + Duration.FromDays(1));
            await one.Buys(300, "till:2");
        }

        club.StartsAgainWith(new LoyaltyModule(Program));
        Assert.Null((await club.Amy()).Fact("loyalty.second-club.tier").AsCode);
        await Past.RunAsync(club.Engine, Cancel);
        foreach (var one in new[] { club, always })
        {
            await one.Returns("till:1", 300);
            one.At(Start + Duration.FromDays(2));
            await one.Buys(50, "till:3");
        }

        Assert.Equal(Plain(await always.Membership("second-club")), Plain(await club.Membership("second-club")));
        await Sound(club, new LoyaltyModule(Program));
    }

    [Theory]
    [InlineData(Cascade.History)]
    [InlineData(Cascade.None)]
    public async Task A_loyalty_module_that_joined_later_sees_what_was_before_no_more_once_the_past_is_undone(Cascade cascade)
    {
        var module = new LoyaltyModule(Program with { Cascade = cascade });
        var (club, never) = (new Club(), new Club());
        foreach (var one in new[] { club, never })
        {
            one.At(Start);
            await one.Buys(300, "till:1");
            one.StartsAgainWith(module);
            one.At(Start + Duration.FromDays(1));
            await one.Buys(60, "till:2");
        }

        await Past.RunAsync(club.Engine, Cancel);
        Assert.NotEqual(await HasAsync(never), await HasAsync(club));
        await Past.UndoAsync(club.Engine, Cancel);
        foreach (var one in new[] { club, never })
        {
            await one.Returns("till:1", 100);
            one.At(Start + Duration.FromDays(2));
            await one.Buys(50, "till:3");
        }

        Assert.Equal(await HasAsync(never), await HasAsync(club));
        await Sound(club, module);

        async Task<Membership> HasAsync(Club one) => Plain((await one.Amy()).Slot<LoyaltyState>(module.Contract.Name).In("second-club"));
    }

    [Fact]
    public async Task Whoever_was_merged_in_brings_their_past_too()
    {
        var (club, always) = (Club.Of(Samples.TeaClub), Club.Of(Samples.TeaClub, Program));
        foreach (var one in new[] { club, always })
        {
            one.At(Start);
            await one.Buys(100, "till:1");
            await one.Records(CustomerEvent.Purchase("pos:ben", Identity.User("ben"), Money.Hkd(480)));
            one.At(Start + Duration.FromDays(1));
            await one.Engine.MergeAsync(new MergeRequest(EventKey.Parse("desk:1"), CustomerRef.Of(Samples.Amy), CustomerRef.Of(Identity.User("ben"))), Cancel);
        }

        club.StartsAgainWith(Beside(Begins));
        foreach (var one in new[] { club, always })
        {
            one.At(Begins);
            await one.Buys(20, "till:2");
        }

        await Past.RunAsync(club.Engine, Cancel);

        Assert.Equal(Plain(await always.Membership("second-club")), Plain(await club.Membership("second-club")));
        Assert.Equal(60, (await club.Membership("second-club")).Wallet("level").Balance);
        await club.Returns("pos:ben", 480);
        Assert.NotEqual("gold", (await club.Amy()).Fact("loyalty.second-club.tier").AsCode);
    }

    [Fact]
    public async Task What_was_disposed_of_does_not_count_and_what_came_after_it_does()
    {
        var club = Club.Of(Samples.TeaClub);
        club.At(Start);
        await club.Buys(480, "till:1");
        club.At(Start + Duration.FromDays(10));
        await club.Buys(60, "till:2");
        club.At(Begins);
        await club.Engine.DisposeOfJournalAsync(new DisposalRequest(Start + Duration.FromDays(5)), Cancel);
        club.StartsAgainWith(Beside(Begins));

        await Past.RunAsync(club.Engine, Cancel);

        Assert.Equal([6L], (await club.Ledger()).Where(entry => entry is { Program: "second-club", Unit: "level" }).Select(entry => entry.Amount));
        Assert.Equal("gold", await club.Tier());
    }

    [Fact]
    public async Task A_request_that_named_no_programme_means_the_one_there_was()
    {
        var club = Club.Of(Samples.TeaClub);
        club.At(Start);
        await club.Buys(300, "till:1");
        await club.Redeems(20);
        club.StartsAgainWith(Beside(Begins));
        club.At(Begins);
        Assert.Equal("program-missing", (await club.Redeems(1)).Refusal?.Code);

        await club.Returns("till:1", 50);

        Assert.Equal(5, await club.Points());
        await Sound(club, Beside(Begins));
    }

    [Fact]
    public async Task Without_the_programme_it_says_what_is_expected()
    {
        var club = await Played(Samples.TeaClub);

        Assert.Contains("'third-club'", (await Assert.ThrowsAsync<InvalidOperationException>(async () => await new ProgramBackfill(Program with { Name = "third-club" }, Start).RunAsync(club.Engine, Cancel))).Message);
    }

    [Fact]
    public async Task A_programme_that_is_removed_leaves_no_fact_behind_and_the_books_are_kept()
    {
        var club = await Played(Samples.TeaClub);
        await Past.RunAsync(club.Engine, Cancel);
        var booked = (await club.Ledger()).Where(entry => entry.Program == "second-club").ToList();

        club.StartsAgainWith(new LoyaltyModule(Samples.TeaClub));
        await club.Buys(10);
        await club.Records(CustomerEvent.Purchase("pos:ben-again", Identity.User("ben"), Money.Hkd(10)));

        Assert.DoesNotContain(await FactsAsync(club), fact => fact.Contains("second-club", StringComparison.Ordinal));
        Assert.Equal(booked, (await club.Ledger()).Where(entry => entry.Program == "second-club"));
        Assert.Equal(booked.Where(entry => entry.Unit == "level").Sum(entry => entry.Amount), (await club.Membership("second-club")).Wallet("level").Balance + 9);
        club.At(End + Duration.FromDays(400));
        await club.RunDue();
        await Sound(club, new LoyaltyModule(Samples.TeaClub));
    }

    [Fact]
    public void Only_happenings_that_have_their_place_in_history_can_open_it()
    {
        var wrong = Assert.Throws<ArgumentException>(() => new EventKinds([new("seen", EventNature.Happening) { OrderFree = true, OpensHistory = true }, new("asked", EventNature.Request) { OpensHistory = true }]));

        Assert.Contains("'seen' opens history and is order-free", wrong.Message, StringComparison.Ordinal);
        Assert.Contains("'asked' opens history and is a Request", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sweep_removes_the_facts_of_what_is_gone_from_those_to_whom_nothing_happens()
    {
        var club = await Played(Samples.TeaClub);
        await Past.RunAsync(club.Engine, Cancel);
        var (books, facts) = (Books(await club.Ledger()), await FactsAsync(club));
        Assert.Contains(facts, IsOfSecond);
        club.StartsAgainWith(new LoyaltyModule(Samples.TeaClub));

        Assert.Equal((2, 2, true), await club.Engine.SweepAsync(new SweepRequest { DryRun = true }, Cancel) is var dry ? (dry.Seen, dry.Swept, dry.IsComplete) : default);
        Assert.Equal(facts, await FactsAsync(club));
        var first = await club.Engine.SweepAsync(new SweepRequest { Most = 1 }, Cancel);
        Assert.Equal((1, 1, false), (first.Seen, first.Swept, first.IsComplete));
        Assert.Equal((1, 1), await club.Engine.SweepAsync(new SweepRequest { After = first.Last }, Cancel) is var rest ? (rest.Seen, rest.Swept) : default);

        Assert.Equal(facts.Where(fact => !IsOfSecond(fact)), await FactsAsync(club));
        Assert.Equal(0, (await club.Engine.SweepAsync(new SweepRequest(), Cancel)).Swept);
        Assert.Equal(books, Books(await club.Ledger()));
        await Sound(club, new LoyaltyModule(Samples.TeaClub));

        static bool IsOfSecond(string fact) => fact.Contains("second-club", StringComparison.Ordinal);
    }

    private static ProgramBackfill Past => new(Program, Start);

    private static LoyaltyModule Beside(Instant begins) => new(new Definitions.DefinitionCatalog<LoyaltyProgram>([Samples.TeaClub.Define(), Program.Define(1, begins)]));

    // The same story twice: where the programme was always there, and where it came in the middle and was given the past at the end.
    private static Property AlwaysLaw(Func<Club, Task> backfillAsync) => Prop.ForAll(Stories.ToArbitrary(), async Task<bool> (story) =>
    {
        var (always, later) = (Club.Of(Samples.TeaClub, Program), Club.Of(Samples.TeaClub));
        await PlayAsync(always, story, _ => { });
        await PlayAsync(later, story, at =>
        {
            if (at >= Begins)
            {
                later.StartsAgainWith(Beside(Begins));
            }
        });
        later.StartsAgainWith(Beside(Begins));
        later.At(End);
        await backfillAsync(later);
        await later.RunDue();

        foreach (var who in new[] { Samples.Amy, Identity.User("ben") })
        {
            var (one, other) = (await always.Reads(who), await later.Reads(who));
            Assert.Equal(one is null ? null : Plain(Of(one, "second-club")), other is null ? null : Plain(Of(other, "second-club")));
            Assert.Equal(one is null ? null : Of(one, "tea-club"), other is null ? null : Of(other, "tea-club"));
            Assert.Equal(Shown(one), Shown(other));
        }

        Assert.Equal(Books(await always.Ledger()), Books(await later.Ledger()));
        await Sound(later, Beside(Begins));
        return true;
    });

    private static async Task PlayAsync(Club club, List<(CustomerEvent Event, Instant At)> story, Action<Instant> before)
    {
        foreach (var (happened, at) in story.OrderBy(one => one.At))
        {
            before(at);
            club.At(at);
            await club.Records(happened);
        }

        club.At(End);
        await club.RunDue();
    }

    private static Gen<List<(CustomerEvent Event, Instant At)>> Stories =>
        from orders in (from day in Gen.Choose(0, 110) from amount in Gen.Elements(5, 10, 99, 300, 520) from late in Gen.Elements(0, 0, 0, 8) from back in Gen.Elements(0, 0, 1, 2, 3) from ben in Gen.Elements(true, false) select (day, amount, late, back, ben)).NonEmptyListOf()
        from spends in (from day in Gen.Choose(0, 110) from amount in Gen.Choose(1, 25) select (day, amount)).ListOf()
        select orders.SelectMany((order, i) => Order(order.day, order.amount, order.late, order.back, order.ben ? Identity.User("ben") : Samples.Amy, i))
            .Concat(spends.Select((spend, i) => (LoyaltyEvents.Redeem($"app:{i}", SpendAuthority.SignedIn(Samples.Amy), spend.amount, "tea-club", "points") with { OccurredAt = On(spend.day, 600 + i) }, On(spend.day, 600 + i)))).ToList();

    private static IEnumerable<(CustomerEvent, Instant)> Order(int day, int amount, int late, int back, Identity who, int number)
    {
        yield return (CustomerEvent.Purchase($"till:{number}", who, Money.Hkd(amount), [new EventLine("tea", 1, Money.Hkd(amount), null)]) with { OccurredAt = On(day, number) }, On(day + late, number));
        if (back > 0)
        {
            yield return (CustomerEvent.Refund($"back:{number}", who, back == 3 ? null : $"till:{number}", Money.Hkd(back == 1 ? amount : 3)) with { OccurredAt = On(day + 9, 300 + number) }, On(day + 9, 300 + number));
        }
    }

    // Amy buys, brings a part back, and buys again when the second programme is there; Ben buys once before.
    private static async Task<Club> Played(LoyaltyProgram first)
    {
        var club = Club.Of(first);
        club.At(Start);
        await club.Records(CustomerEvent.Purchase("pos:large", Samples.Amy, Money.Hkd(480), [new EventLine("tea", 2, Money.Hkd(480), null)]));
        await club.Records(CustomerEvent.Purchase("pos:ben", Identity.User("ben"), Money.Hkd(90), [new EventLine("tea", 1, Money.Hkd(90), null)]));
        club.At(Start + Duration.FromDays(1));
        await club.Buys(60, "pos:small");
        await club.Returns("pos:small", 60);
        club.StartsAgainWith(Beside(Begins));
        club.At(Begins + Duration.FromDays(1));
        await club.Buys(100, "pos:now");
        club.At(End);
        await club.RunDue();
        return club;
    }

    private static Membership Of(CustomerView customer, string program) => customer.Slot<LoyaltyState>(LoyaltyNames.Module).In(program);

    // That it counts the past is the one thing in which the two may differ.
    private static Membership Plain(Membership membership) => membership with { Tallies = membership.Tallies.Where(tally => tally.Name != "counts-past").ToSequence() };

    private static async Task<List<string>> FactsAsync(Club club)
    {
        var facts = new List<string>();
        await foreach (var (_, fact) in club.Store.ReadFactsAsync(Cancel))
        {
            facts.Add(fact.Name);
        }

        return facts;
    }

    private static async Task Sound(Club club, params ICustomerModule[] modules) => Assert.All(await VerdictsAsync(club, modules), verdict => Assert.Empty(verdict.Differences));

    private sealed class Told(List<ProgramBackfillReport> reports) : IProgress<ProgramBackfillReport>
    {
        public void Report(ProgramBackfillReport value) => reports.Add(value);
    }
}
