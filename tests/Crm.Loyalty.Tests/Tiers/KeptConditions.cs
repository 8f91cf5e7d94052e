using Crm.Conditions;
using Crm.Definitions;
using Crm.Events;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Tests.Recording;
using Crm.Loyalty.Tiers;
using Crm.Loyalty.Wallets;
using Crm.Modules;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using Outcome = Crm.Modules.Outcome;

namespace Crm.Loyalty.Tests.Tiers;

/// <summary>
/// Refunds in programmes without cascade, on ladders of every window, validity, fall and grace whose tiers ask a condition besides their count: a tier that was lost to a refund and comes back with its cancellation is judged
/// by what its condition answered when it was won, and is held from when and until when it was.
/// </summary>
public sealed class KeptConditions
{
    private const string On = "vip.on";
    private const string Off = "vip.off";

    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(Environment.GetEnvironmentVariable("CRM_LONG") == "1" ? 3_000 : 150);

    private static readonly Condition Vip = If.Fact("segment.vip").Is(true);
    private static readonly Condition Night = If.Hours(new LocalTime(20, 0), new LocalTime(7, 0));
    private static readonly Condition Seen = If.Events(LoyaltyEvents.VisitName).InLast(Duration.FromDays(20)).Count().AtLeast(1);

    [Fact]
    public async Task A_tier_that_was_lost_to_a_refund_comes_back_with_its_cancellation_though_its_condition_holds_no_more()
    {
        var club = Kept(Ladders.Program(Gold));
        await Climbs(club);
        var before = await Standing(club);
        club.On(2026, 3, 1);

        await club.Records(CustomerEvent.Refund("pos:back", Samples.Amy, "pos:big", Money.Hkd(500)));
        Assert.Equal("basic", await club.Tier());
        await club.Records(Cancelling("pos:back"));

        Assert.Equal(("gold", before.Held), (await club.Tier(), (await Standing(club)).Held));
    }

    [Fact]
    public async Task A_cancelled_refund_gives_no_tier_whose_condition_did_not_hold_though_it_does_now()
    {
        var club = Kept(Ladders.Program(Gold));
        await club.Buys(500, "pos:big");
        await club.Records(VipWhen.Event("vip:1", On));
        Assert.Equal("basic", await club.Tier());

        await club.Records(CustomerEvent.Refund("pos:back", Samples.Amy, "pos:big", Money.Hkd(100)));
        await club.Records(Cancelling("pos:back"));

        Assert.Equal("basic", await club.Tier());
    }

    /// <summary>Of what a state counted before answers were kept it is known which tiers were held.</summary>
    [Fact]
    public async Task A_tier_of_an_older_state_comes_back_too()
    {
        var module = Module(Ladders.Program(Gold));
        var club = Club(new Forgetting(module));
        await Climbs(club);
        club.StartsAgainWith(new VipWhen(On, Off), module);

        await club.Records(CustomerEvent.Refund("pos:back", Samples.Amy, "pos:big", Money.Hkd(500)));
        Assert.Equal("basic", await club.Tier());
        await club.Records(Cancelling("pos:back"));

        Assert.Equal("gold", await club.Tier());
    }

    [Fact]
    public async Task A_tier_of_an_older_state_comes_back_though_it_has_another_name_since()
    {
        var versions = new DefinitionCatalog<LoyaltyProgram>(
        [
            (Ladders.Program(Gold) with { Cascade = Cascade.None }).Define(),
            (Ladders.Program(Gold with { Tiers = [new("basic", 0), new("topaz", 500) { When = Vip, Formerly = ["gold"] }] }) with { Cascade = Cascade.None }).Define(2, Samples.Local(2026, 3, 1)),
        ]);
        var module = new LoyaltyModule(versions);
        var club = Club(new Forgetting(module));
        await Climbs(club);
        club.On(2026, 3, 2);
        Assert.Equal("topaz", await club.Tier());
        club.StartsAgainWith(new VipWhen(On, Off), module);

        await club.Records(CustomerEvent.Refund("pos:back", Samples.Amy, "pos:big", Money.Hkd(500)));
        Assert.Equal("basic", await club.Tier());
        await club.Records(Cancelling("pos:back"));

        Assert.Equal("topaz", await club.Tier());
    }

    /// <summary>Counts that are too old to be taken back are where the climb begins, with what conditions answered then.</summary>
    [Fact]
    public async Task What_is_too_old_to_be_taken_back_was_judged_at_its_time()
    {
        var club = Kept(Ladders.Program(Gold));
        await Climbs(club);
        club.On(2026, 6, 1);
        await club.Buys(10, "pos:middle");
        club.On(2027, 4, 1);
        await club.Buys(20, "pos:new");
        Assert.Equal(2, (await Standing(club)).Counts.Count);

        await club.Returns("pos:new", 20);
        await club.Returns("pos:middle", 10);

        Assert.Equal("gold", await club.Tier());
    }

    /// <summary>In February gold is reached, and would begin with March; the visit counts for the condition until the 20th.</summary>
    [Fact]
    public async Task A_condition_that_the_passing_of_time_alone_changes_is_known_as_it_answered_then()
    {
        var club = Kept(Ladders.Program(SeenGold));
        await Visits(club, 2026, 1, 31);
        club.On(2026, 2, 10);
        await club.Buys(500, "pos:big");
        club.On(2026, 2, 15);
        await club.Records(CustomerEvent.Refund("pos:back", Samples.Amy, "pos:big", Money.Hkd(500)));
        club.On(2026, 3, 10);
        await club.Records(Cancelling("pos:back"));

        Assert.Equal("basic", await club.Tier());
    }

    [Fact]
    public async Task The_worker_looks_once_for_each_ladder_whose_condition_time_changes_and_no_more_when_nothing_can_be_taken_back()
    {
        var club = Kept(Ladders.Program(SeenGold with { Window = QualificationWindow.Lifetime, Start = TierStart.AtOnce }));
        club.On(2026, 1, 1);
        await club.Buys(100);
        for (var day = 1; day <= 10; day++)
        {
            await Visits(club, 2026, 1, day);
        }

        var version = await Version(club);
        for (var day = 11; day <= 60; day++)
        {
            club.At(Samples.Local(2026, 1, 1, 12) + Duration.FromDays(day));
            await club.RunDue();
        }

        Assert.Equal(version + 1, await Version(club));
        Assert.Equal(Samples.Local(2026, 1, 30, 12), (await Standing(club)).Answers[^1].At);
        await Visits(club, 2027, 6, 1);
        version = await Version(club);
        club.On(2027, 8, 1);
        await club.RunDue();
        Assert.Equal(version, await Version(club));
    }

    [Fact]
    public async Task A_condition_that_time_changes_again_and_again_is_looked_at_once_an_hour()
    {
        var odd = If.Any([.. Enumerable.Range(0, 60).Select(n => If.Events(LoyaltyEvents.VisitName).InLast(Duration.FromDays(20)).Count().Is((2 * n) + 1))]);
        var club = Kept(Ladders.Program(Gold with { Tiers = [new("basic", 0), new("gold", 500) { When = odd }] }));
        await club.Buys(100);
        for (var minute = 0; minute < 120; minute++)
        {
            club.At(Samples.Local(2026, 2, 1, 12) + Duration.FromMinutes(minute));
            await club.Records(LoyaltyEvents.Visit($"web:{minute}", Samples.Amy));
        }

        var known = (await Standing(club)).Answers.Count;
        club.On(2026, 3, 1);
        await club.RunDue();

        Assert.InRange((await Standing(club)).Answers.Count, known + 1, known + 3);
    }

    [Theory]
    [InlineData(9, 17)]
    [InlineData(20, 7)]
    public async Task A_condition_on_the_hour_is_looked_at_when_its_answer_at_the_beginning_of_a_day_is_another_and_else_once_a_month(int from, int until)
    {
        var club = Kept(Ladders.Program(Gold with { Tiers = [new("basic", 0), new("gold", 500) { When = If.Hours(new LocalTime(from, 0), new LocalTime(until, 0)) }] }));
        await club.Buys(100);
        var version = await Version(club);
        for (var hour = 1; hour <= 24 * 60; hour++)
        {
            club.At(Samples.Local(2026, 1, 15, 12) + Duration.FromHours(hour));
            await club.RunDue();
        }

        Assert.InRange(await Version(club) - version, 1, 3);
        Assert.InRange((await Standing(club)).Answers.Count, 1, 3);
    }

    [Fact]
    public async Task What_else_a_condition_on_the_hour_asks_is_looked_at_when_it_changes()
    {
        var club = Kept(Ladders.Program(SeenGold with { Tiers = [new("basic", 0), new("gold", 500) { When = Seen & Night }] }));
        await Visits(club, 2026, 1, 31);
        club.On(2026, 2, 10);
        await club.Buys(500, "pos:big");
        await club.RunDue();
        club.On(2026, 3, 10);
        await club.RunDue();

        Assert.Equal([Samples.Local(2026, 2, 11), Samples.Local(2026, 2, 20, 12)], (await Standing(club)).Answers.Select(answer => answer.At).Where(at => at > Samples.Local(2026, 2, 10, 12)));
    }

    [Fact]
    public async Task What_conditions_answered_is_kept_no_longer_than_it_can_matter()
    {
        var club = Kept(Ladders.Program(Gold));
        await club.Buys(100);
        for (var month = 0; month < 40; month++)
        {
            club.At(Samples.Local(2026, 2, 1, 12) + Duration.FromDays(30 * month));
            await club.Records(VipWhen.Event($"vip:{month}", month % 2 == 0 ? On : Off));
            Assert.InRange((await Standing(club)).Answers.Count, 1, 16);
        }

        Assert.InRange((await Standing(club)).Answers.Count, 1, 3);
    }

    /// <summary>Law (a) as far as it is claimed, (b) and (c) at once: whatever comes back, when, in how many pieces, and whether that is cancelled, the tiers left, today and later, are those that deciding history again leaves.</summary>
    [Fact]
    public void Refunds_and_their_cancellations_leave_the_tiers_that_deciding_history_again_leaves() => HistoryLaw(Kept).Check(Thorough);

    [Fact]
    public void Asking_conditions_as_they_stand_is_caught_by_history() => Counterfeits.Caught(() => HistoryLaw(program => Club(new Forgetting(Module(program)))).Check(Thorough));

    /// <summary>The same where the passing of time alone changes what the condition answers while an order is refunded, before that is cancelled.</summary>
    [Fact]
    public void What_time_alone_changes_while_an_order_is_refunded_is_judged_as_it_was() => TimeLaw(Kept).Check(Thorough);

    [Fact]
    public void Looking_at_conditions_only_when_something_happens_is_caught() => Counterfeits.Caught(() => TimeLaw(program => Club(new Unasked(Module(program)))).Check(Thorough));

    [Fact]
    public void Pieces_and_order_of_refunds_make_no_difference() => PiecesLaw(Kept).Check(Thorough);

    [Fact]
    public void Asking_conditions_as_they_stand_is_caught_by_pieces() => Counterfeits.Caught(() => PiecesLaw(program => Club(new Forgetting(Module(program)))).Check(Thorough));

    [Fact]
    public void A_refund_that_is_cancelled_leaves_what_there_was() => CancelLaw(Kept).Check(Thorough);

    [Fact]
    public void Asking_conditions_as_they_stand_is_caught_by_a_cancelled_refund() => Counterfeits.Caught(() => CancelLaw(program => Club(new Forgetting(Module(program)))).Check(Thorough));

    private static Property HistoryLaw(Func<LoyaltyProgram, Club> kept) => Prop.ForAll(Stories.ToArbitrary(), async Task<bool> (story) =>
    {
        // Of two awards of one purchase it is not kept which of them was taken back, and where a tier begins between them the window begins there.
        var program = Program(story with { Twice = story.Twice && story.Ladder.Window is not QualificationWindow.SinceTierStart });
        Assert.Equal((await Left(Club(new LoyaltyModule(program)), story.Ladder, story.Acts, LoyaltyNames.Module)).Tiers, (await Left(kept(program), story.Ladder, story.Acts)).Tiers);
        return true;
    });

    private static Property TimeLaw(Func<LoyaltyProgram, Club> kept) => Prop.ForAll(TimedStories.ToArbitrary(), async Task<bool> (story) =>
    {
        Assert.Equal((await Left(Club(new LoyaltyModule(Program(story))), story.Ladder, story.Acts, LoyaltyNames.Module)).Tiers, (await Left(kept(Program(story)), story.Ladder, story.Acts)).Tiers);
        return true;
    });

    private static Property PiecesLaw(Func<LoyaltyProgram, Club> kept) => Prop.ForAll(Stories.ToArbitrary(), Gen.Choose(1, 99).ToArbitrary(), async Task<bool> (story, percent) =>
    {
        Act[] before = [.. story.Acts.Where(act => act.Kind is not (Kind.Refund or Kind.Cancel))];
        Act[] refunds = [.. story.Acts.Where(act => act.Kind == Kind.Refund).DistinctBy(act => act.Of).Select(act => act with { Day = LastDay(story) })];
        var whole = await Left(kept(Program(story)), story.Ladder, [.. before, .. refunds]);
        var pieces = refunds.SelectMany(act => new[] { act with { Number = act.Number + 1_000, Amount = act.Amount * percent / 100 }, act with { Amount = act.Amount - (act.Amount * percent / 100) } }).ToArray();
        Assert.Equal(whole, await Left(kept(Program(story)), story.Ladder, [.. before, .. pieces]));
        Assert.Equal(whole, await Left(kept(Program(story)), story.Ladder, [.. before, .. pieces.Reverse()]));
        Assert.Equal(whole, await Left(kept(Program(story)), story.Ladder, [.. before, .. pieces.OrderBy(act => act.Number)]));
        return true;
    });

    private static Property CancelLaw(Func<LoyaltyProgram, Club> kept) => Prop.ForAll(Stories.ToArbitrary(), async Task<bool> (story) =>
    {
        Act[] never = [.. story.Acts.Where(act => act.Kind is not (Kind.Refund or Kind.Cancel))];
        Act[] refunds = [.. story.Acts.Where(act => act.Kind == Kind.Refund)];
        var asked = new Act(LastDay(story), Kind.Visit, 4_000, 0, 0);
        Act[] cancelled = [.. refunds.Reverse().Select((act, i) => new Act(LastDay(story), Kind.Cancel, 3_000 + i, 0, act.Number))];
        Assert.Equal(await Left(kept(Program(story)), story.Ladder, [.. never, asked]), await Left(kept(Program(story)), story.Ladder, [.. story.Acts.Where(act => act.Kind != Kind.Cancel), .. cancelled, asked]));
        return true;
    });

    // Perhaps a purchase gives twice.
    private static LoyaltyProgram Program(Story story) => Ladders.Program(story.Ladder) is var program && story.Twice
        ? program with { Rules = [.. program.Rules, Samples.Per(1, 3) with { Name = "more", Unit = "status" }] }
        : program;

    private static TierLadder Gold => new() { Unit = "status", Tiers = [new("basic", 0), new("gold", 500) { When = Vip }] };

    private static TierLadder SeenGold => new() { Unit = "status", Window = new QualificationWindow.Calendar(CalendarUnit.Month), Start = TierStart.NextPeriod, Tiers = [new("basic", 0), new("gold", 500) { When = Seen }] };

    private static async Task<long> Version(Club club) => (await club.Store.LoadAsync(Storage.CustomerRef.Of(Samples.Amy), TestContext.Current.CancellationToken)).Version;

    private static async Task Visits(Club club, int year, int month, int day)
    {
        club.On(year, month, day);
        await club.Records(LoyaltyEvents.Visit($"web:{year}-{month}-{day}", Samples.Amy));
    }

    // Gold, by a condition that holds no more.
    private static async Task Climbs(Club club)
    {
        await club.Records(VipWhen.Event("vip:1", On));
        club.On(2026, 2, 1);
        await club.Buys(500, "pos:big");
        club.On(2026, 2, 10);
        await club.Records(VipWhen.Event("vip:2", Off));
        Assert.Equal("gold", await club.Tier());
    }

    private static async Task<TierStanding> Standing(Club club) => (await club.Amy()).Slot<LoyaltyState>(LoyaltyNames.KeepingModule).In("tea-club").Standing() ?? throw new InvalidOperationException("Nothing was counted.");

    private static CustomerEvent Cancelling(string refund) => new() { Key = EventKey.Parse("desk:cancel"), Kind = EventKinds.CancellationName, Identity = Samples.Amy, Original = EventKey.Parse(refund) };

    private static int LastDay(Story story) => story.Acts.Max(act => act.Day) + 1;

    private static async Task<(string Tiers, TierStanding? Standing)> Left(Club club, TierLadder ladder, IEnumerable<Act> acts, string module = LoyaltyNames.KeepingModule)
    {
        club.At(At(-1));
        await club.Buys(1, "till:born");
        foreach (var act in acts)
        {
            club.At(Instant.Max(club.Now + Duration.FromSeconds(1), At(act.Day) + Duration.FromSeconds(((int)act.Kind * 5_000) + act.Number)));
            await club.Records(Event(act));
        }

        var last = Samples.HongKong.AtStartOfDay(club.Now.InZone(Samples.HongKong).Date.PlusDays(1)).ToInstant();
        var standing = (await club.Amy()).Slot<LoyaltyState>(module).In("tea-club").Standing();
        standing = standing is null ? null : new Climb(ladder, new Moment(club.Now, Samples.HongKong), null).Closed(standing);
        var tiers = new List<string?>();
        foreach (var later in new[] { 0, 1, 20, 35, 60, 90, 150, 200, 300, 366, 500, 800 })
        {
            club.At(last + Duration.FromDays(later));
            tiers.Add(await club.Tier());
        }

        return (string.Join(' ', tiers), standing);
    }

    private static CustomerEvent Event(Act act) => act.Kind switch
    {
        Kind.Buy => CustomerEvent.Purchase($"till:{act.Number}", Samples.Amy, Money.Hkd(act.Amount)),
        Kind.On => VipWhen.Event($"vip:{act.Number}", On),
        Kind.Off => VipWhen.Event($"vip:{act.Number}", Off),
        Kind.Floor => TierEvents.Floor($"desk:{act.Number}", Samples.Amy, "silver", "goodwill", "staff:1", At(act.Day + act.Amount).InZone(Samples.HongKong).Date),
        Kind.Give => LoyaltyEvents.Adjust($"desk:{act.Number}", Samples.Amy, act.Amount, "goodwill", "staff:1", unit: "status"),
        Kind.Refund => CustomerEvent.Refund($"back:{act.Number}", Samples.Amy, $"till:{act.Of}", Money.Hkd(act.Amount)),
        Kind.Cancel => new CustomerEvent { Key = EventKey.Parse($"desk:{act.Number}"), Kind = EventKinds.CancellationName, Identity = Samples.Amy, Original = EventKey.Parse($"back:{act.Of}") },
        _ => LoyaltyEvents.Visit($"web:{act.Number}", Samples.Amy),
    };

    private static Gen<TierLadder> LadderGen =>
        from window in Gen.Elements<QualificationWindow>(
            new QualificationWindow.Rolling(12),
            new QualificationWindow.Rolling(0, 40),
            QualificationWindow.CalendarYear,
            new QualificationWindow.Calendar(CalendarUnit.Month),
            new QualificationWindow.Calendar(CalendarUnit.Quarter),
            new QualificationWindow.Anniversary(2),
            new QualificationWindow.Cycle(new LocalDate(2025, 4, 10), 3),
            QualificationWindow.Lifetime,
            new QualificationWindow.SinceTierStart())
        let hasPeriods = window is QualificationWindow.Calendar or QualificationWindow.Anniversary or QualificationWindow.Cycle
        from start in Gen.Elements(TierStart.AtOnce, TierStart.NextPeriod)
        from rollover in Gen.Elements(Rollover.None, Rollover.Surplus)
        from validity in Gen.Elements<TierValidity?>(null, new TierValidity.Fixed(3, 0, LastDayOf), new TierValidity.Fixed(0, 25, LastDayOf), new TierValidity.ToDayOfYear([new AnnualDate(5, 31), new AnnualDate(10, 15)]), new TierValidity.ToPeriodEnd(0), new TierValidity.ToPeriodEnd(1, 1), new TierValidity.Forever())
        let lasting = validity is TierValidity.ToPeriodEnd && !hasPeriods ? null : validity
        let possible = window is QualificationWindow.SinceTierStart ? lasting ?? new TierValidity.Fixed(3, 0, LastDayOf) : lasting
        from fall in Gen.Elements(TierFall.ToEarned, TierFall.OneLevel, TierFall.ToBase, TierFall.Never)
        from grace in Gen.Elements(default(Grace), default, new Grace(0, 10), new Grace(1, 0))
        from silver in Gen.Elements(false, false, true)
        from gold in Gen.Elements(true, true, true, false)
        from life in Gen.Elements(false, false, false, true)
        from condition in Gen.Elements(Vip, Seen)
        select new TierLadder
        {
            Unit = "status",
            Window = window,
            Start = hasPeriods ? start : TierStart.AtOnce,
            Rollover = hasPeriods || window is QualificationWindow.SinceTierStart ? rollover : Rollover.None,
            Validity = possible,
            Fall = possible is null && window is QualificationWindow.Rolling && fall == TierFall.OneLevel ? TierFall.ToEarned : fall,
            Grace = grace,
            Tiers = [new("basic", 0), new("silver", 200) { When = silver ? condition : null }, new("gold", 500) { When = gold ? condition : null, ForLife = life }],
        };

    private static readonly LastDay LastDayOf = Crm.Loyalty.Wallets.LastDay.Included;

    private static Gen<Story> Stories =>
        from ladder in LadderGen
        from orders in (from day in Gen.Choose(0, 120) from amount in Gen.Elements(50, 150, 200, 450, 500, 600, 900) from back in Gen.Elements(0, 0, 50, 100, 450, 900) from after in Gen.Choose(0, 90) from cancelled in Gen.Choose(-60, 60) select (day, amount, back, after, cancelled)).ListOf(4)
        from changes in (from day in Gen.Choose(0, 200) from kind in Gen.Elements(Kind.On, Kind.Off) select (day, kind)).ListOf(3)
        from staff in (from day in Gen.Choose(0, 150) from kind in Gen.Elements(Kind.Floor, Kind.Give) from amount in Gen.Elements(40, 100, 300) select (day, kind, amount)).ListOf(1)
        from visits in Gen.Choose(0, 200).ListOf(3)
        from twice in Gen.Elements(false, true)
        from begins in Gen.Elements(Kind.On, Kind.On, Kind.Off)
        let bought = orders.SelectMany((order, i) => Acts(i, order.day, order.amount, Math.Min(order.back, order.amount), order.after, order.cancelled))
        let changed = changes.Select((change, i) => new Act(change.day, change.kind, 100 + i, 0, 0)).Append(new Act(0, begins, 99, 0, 0)).Concat(visits.Select((day, i) => new Act(day, Kind.Visit, 600 + i, 0, 0)))
        let granted = staff.Select((grant, i) => new Act(grant.day, grant.kind, 200 + i, grant.amount, 0))
        select new Story(ladder, [.. changed.Concat(bought).Concat(granted).OrderBy(act => act.Day).ThenBy(act => act.Kind)], twice);

    private static Gen<Story> TimedStories =>
        from window in Gen.Elements<QualificationWindow>(new QualificationWindow.Calendar(CalendarUnit.Month), new QualificationWindow.Calendar(CalendarUnit.Quarter), new QualificationWindow.Anniversary(1), new QualificationWindow.Rolling(0, 40))
        let hasPeriods = window is not QualificationWindow.Rolling
        from validity in Gen.Elements<TierValidity?>(null, new TierValidity.Fixed(0, 25, LastDayOf))
        from order in Gen.Choose(0, 30)
        from refunded in Gen.Choose(1, 10)
        from cancelled in Gen.Choose(1, 60)
        from visits in Gen.Choose(-10, 60).ListOf(2)
        from condition in Gen.Elements(Seen, Seen, Seen & Night, Seen | !Night)
        let ladder = new TierLadder { Unit = "status", Window = window, Start = hasPeriods ? TierStart.NextPeriod : TierStart.AtOnce, Validity = validity, Tiers = [new("basic", 0), new("gold", 500) { When = condition }] }
        select new Story(ladder, [.. Acts(1, order, 600, 600, refunded, cancelled).Concat(visits.Select((day, i) => new Act(Math.Max(0, order + day), Kind.Visit, 600 + i, 0, 0))).OrderBy(act => act.Day).ThenBy(act => act.Kind)], false);

    private static IEnumerable<Act> Acts(int number, int day, int amount, int back, int after, int cancelled)
    {
        yield return new Act(day, Kind.Buy, number, amount, 0);
        if (back > 0)
        {
            yield return new Act(day + after, Kind.Refund, number, back, number);
        }

        if (back > 0 && cancelled > 0)
        {
            yield return new Act(day + after + cancelled, Kind.Cancel, 300 + number, 0, number);
        }
    }

    private static Instant At(int day) => Samples.Local(2026, 3, 25, 6) + Duration.FromDays(day);

    private static Club Kept(LoyaltyProgram program) => Club(Module(program));

    private static Club Club(ICustomerModule loyalty) => new(new VipWhen(On, Off), loyalty);

    private static LoyaltyModule Module(LoyaltyProgram program) => new(program with { Cascade = Cascade.None });

    private enum Kind
    {
        On,
        Off,
        Buy,
        Floor,
        Give,
        Refund,
        Cancel,
        Visit,
    }

    private sealed record Act(int Day, Kind Kind, int Number, int Amount, int Of);

    private sealed record Story(TierLadder Ladder, Sequence<Act> Acts, bool Twice);

    /// <summary>Knows of no condition what it answered, so that each is asked as it stands when something comes back.</summary>
    private sealed class Forgetting(LoyaltyModule inner) : CustomerModule<LoyaltyState>
    {
        public override ModuleContract Contract => inner.Contract;

        protected override Outcome Handle(LoyaltyState state, ModuleContext context) =>
            ((ICustomerModule)inner).Handle(state, context) is var outcome && outcome is Outcome.Accepted { State: LoyaltyState next } accepted && next.In("tea-club") is var membership
                ? accepted with { State = next.With(membership with { Standings = membership.Standings.Select(standing => standing with { Answers = [], Counts = standing.Counts.Select(count => count with { Without = null }).ToSequence() }).ToSequence() }) }
                : outcome;
    }

    /// <summary>Puts nothing on the agenda for what time alone changes.</summary>
    private sealed class Unasked(LoyaltyModule inner) : CustomerModule<LoyaltyState>
    {
        public override ModuleContract Contract => inner.Contract;

        protected override Outcome Handle(LoyaltyState state, ModuleContext context) => ((ICustomerModule)inner).Handle(state, context) is var outcome && outcome is Outcome.Accepted accepted
            ? accepted with { Agenda = accepted.Agenda.Where(change => !change.Key.StartsWith("ask/", StringComparison.Ordinal)).ToSequence() }
            : outcome;
    }
}
