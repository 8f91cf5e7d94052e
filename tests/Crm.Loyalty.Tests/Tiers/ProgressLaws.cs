using Crm.Conditions;
using Crm.Events;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Tests.Recording;
using Crm.Loyalty.Tiers;
using Crm.Loyalty.Wallets;
using Crm.Modules;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Loyalty.Tests.Tiers;

/// <summary>What a screen says of a tier comes true: when it ends if nothing more is counted, what the next one takes, and what keeps this one, and by when.</summary>
public sealed class ProgressLaws
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(Environment.GetEnvironmentVariable("CRM_LONG") == "1" ? 3_000 : 100);

    private static readonly QualificationWindow[] Windows =
    [
        QualificationWindow.CalendarYear, new QualificationWindow.Calendar(CalendarUnit.Month), new QualificationWindow.Calendar(CalendarUnit.Quarter), new QualificationWindow.Cycle(new LocalDate(2025, 4, 1), 12),
        new QualificationWindow.Anniversary(6), new QualificationWindow.Rolling(6), new QualificationWindow.Rolling(0, 45), new QualificationWindow.SinceTierStart(), QualificationWindow.Lifetime,
    ];

    private static readonly TierValidity?[] Validities =
        [null, null, TierLadder.WhileQualified, new TierValidity.Fixed(3, 0, LastDay.Included), new TierValidity.Fixed(12, 0, LastDay.Excluded), TierValidity.NextPeriod, new TierValidity.ToPeriodEnd(0, 1, 3), new TierValidity.ToDayOfYear([new(3, 31), new(9, 30)])];

    private static readonly Condition Vip = If.Fact("segment.vip").Is(true);

    // Levels with a condition, for life, or both.
    private static readonly Sequence<Tier>[] Levels =
    [
        Ladders.Usual.Tiers, Ladders.Usual.Tiers,
        [new("bronze", 0), new("silver", 20), new("gold", 50) { ForLife = true }], [new("bronze", 0), new("silver", 20), new("gold", 50) { When = Vip }],
        [new("bronze", 0), new("silver", 20) { When = Vip }, new("gold", 50)], [new("bronze", 0), new("silver", 20) { When = Vip }, new("gold", 50) { ForLife = true, When = Vip }],
        [new("bronze", 0), new("silver", 20) { ForLife = true }, new("gold", 50)], [new("bronze", 0), new("silver", 20), new("gold", 35), new("platinum", 50) { ForLife = true }],
    ];

    private static Gen<History> Histories =>
        from window in Gen.Elements(Windows)
        from validity in Gen.Elements(Validities)
        from grace in Gen.Elements(new Grace(0, 0), new Grace(0, 0), new Grace(0, 10), new Grace(2, 0))
        from fall in Gen.Elements(TierFall.ToEarned, TierFall.OneLevel, TierFall.ToBase, TierFall.Never)
        from start in Gen.Elements(TierStart.AtOnce, TierStart.AtOnce, TierStart.NextPeriod)
        from rollover in Gen.Elements(Rollover.None, Rollover.None, Rollover.Surplus)
        from tiers in Gen.Elements(Levels)
        let ladder = Ladders.Usual with { Window = window, Validity = validity, Grace = grace, Fall = fall, Start = start, Rollover = rollover, Tiers = tiers }
        where new LoyaltyProgramValidator().Validate(Ladders.Program(ladder)).IsValid
        from purchases in (from day in Gen.Choose(0, 400) from spend in Gen.Choose(1, 40) select (day, spend)).NonEmptyListOf().Where(some => some.Count < 8)
        from more in Gen.Choose(0, 200)
        let now = purchases.Max(one => one.day) + more
        from until in Gen.Choose(0, now + 1)
        select new History(ladder, [.. purchases.OrderBy(one => one.day)], now) { VipUntil = until };

    // What follows the count follows its condition too, which is asked whenever somebody looks.
    private static Gen<History> Lengths => Histories.Where(history => history.Ladder.Held is not TierValidity.WhileQualified || history.Ladder.Tiers.All(tier => tier.When is null));

    private static Duration Tick { get; } = Duration.FromTicks(1);

    // Silver of February ends with March, but the gold of March lasts for life.
    private static History ForLifeToCome { get; } = new(Monthly with { Tiers = [new("bronze", 0), new("silver", 20), new("gold", 50) { ForLife = true }] }, [(0, 20), (50, 50)], 50);

    // The gold that begins with April falls to the base at the end of June, and takes the silver with it that what was left of March earned until the end of July.
    private static History ToBase { get; } = new(Monthly with { Validity = new TierValidity.Fixed(3, 0, LastDay.Excluded), Rollover = Rollover.Surplus, Fall = TierFall.ToBase }, [(0, 20), (50, 70)], 50);

    private static TierLadder Monthly => Ladders.Usual with { Window = new QualificationWindow.Calendar(CalendarUnit.Month), Start = TierStart.NextPeriod, Validity = new TierValidity.ToDayOfYear([new(3, 31), new(9, 30)]) };

    private static History Known { get; } = new(Ladders.Usual with { Grace = new(2, 0) }, [(0, 20), (690, 15)], 690);

    [Fact]
    public void What_a_screen_says_of_a_tier_comes_true() => Law(Histories, told => told).Check(Thorough);

    [Fact]
    public void Promising_a_tier_for_less_is_caught() => Caught(told => told with { Keep = told.Keep is { } step ? step with { Missing = step.Missing - 1 } : null });

    [Fact]
    public void Promising_a_tier_for_what_comes_later_is_caught() => Caught(told => told with { Keep = told.Keep is { } step ? step with { By = told.Until } : null });

    [Fact]
    public void Asking_for_more_than_is_missing_is_caught() => Caught(told => told with { Keep = told.Keep is { } step ? step with { Missing = step.Missing + 1 } : null });

    [Fact]
    public void Promising_the_next_tier_for_less_is_caught() => Caught(told => told with { Next = told.Next is { } step ? step with { Missing = step.Missing - 1 } : null });

    [Fact]
    public void Saying_that_nothing_keeps_a_tier_is_caught() => Caught(told => told with { Keep = null });

    [Fact]
    public void Forgetting_the_grace_is_caught() => Caught(told => told with { Until = told.Keep?.By });

    [Fact]
    public void Overlooking_a_tier_for_life_that_comes_is_caught() => Caught(told => told with { Until = Samples.Local(2026, 4, 1) }, ForLifeToCome);

    [Fact]
    public void Overlooking_a_fall_to_the_base_is_caught() => Caught(told => told with { Until = Samples.Local(2026, 8, 1) }, ToBase);

    [Fact]
    public void Who_is_warned_of_an_end_is_who_a_screen_shows_it_to_on_that_day() => WarningLaw(Histories, warned => warned).Check(Thorough);

    [Fact]
    public void Warning_a_day_early_is_caught() => Counterfeits.Caught(() => WarningLaw(Gen.Constant(Known), ladder => ladder with { WarnDaysBefore = (ladder.WarnDaysBefore % 366) + 1 }).Check(Config.QuickThrowOnFailure.WithMaxTest(1)));

    /// <summary>What somebody has does not depend on when the ladder is looked at, such as when staff grant what they have already.</summary>
    [Fact]
    public void Looking_changes_nothing() => LookingLaw(Lengths, (club, _) => club.Grants(TierEvents.FloorName, "bronze")).Check(Thorough);

    [Fact]
    public void A_look_that_holds_a_tier_anew_is_caught() => Counterfeits.Caught(() => LookingLaw(Gen.Constant(Known), (club, missing) => club.Buys(missing)).Check(Config.QuickThrowOnFailure.WithMaxTest(1)));

    private static Property WarningLaw(Gen<History> histories, Func<TierLadder, TierLadder> warned) => Prop.ForAll(histories.ToArbitrary(), Gen.Elements(1, 14, 45, 366).ToArbitrary(), async Task<bool> (history, days) =>
    {
        var known = history with { VipUntil = int.MaxValue, Ladder = history.Ladder with { WarnDaysBefore = days } };
        Assert.Equal(await known.EndsShownAsync(), await (known with { Ladder = warned(known.Ladder) }).WarningsAsync());
        return true;
    });

    private static Property LookingLaw(Gen<History> histories, Func<Club, long, ValueTask<Receipt>> looks) => Prop.ForAll(histories.ToArbitrary(), Gen.Choose(0, 500).ToArbitrary(), async Task<bool> (history, later) =>
    {
        Assert.Equal(await history.LevelsAsync(later, null), await history.LevelsAsync(later, looks));
        return true;
    });

    private static void Caught(Func<TierProgress, TierProgress> told, History? known = null) => Counterfeits.Caught(() => Law(Gen.Constant(known ?? Known), told).Check(Config.QuickThrowOnFailure.WithMaxTest(1)));

    private static Property Law(Gen<History> histories, Func<TierProgress, TierProgress> told) => Prop.ForAll(histories.ToArbitrary(), async Task (history) =>
    {
        if (await BrokenAsync(history, told) is { } broken)
        {
            Assert.Fail($"{broken} {string.Join(' ', history.Purchases)}");
        }
    });

    // What of the promises is broken; null: none.
    private static async Task<string?> BrokenAsync(History history, Func<TierProgress, TierProgress> told)
    {
        var (club, ladder) = (await history.ClubAsync(), history.Ladder);
        var (progress, now) = (told(await club.Progress(ladder)), club.Now);
        var level = ladder.LevelOf(progress.Tier);
        if (progress.Next is { Missing: > 0 } next && history.Allows(next.Tier))
        {
            var (buys, begins) = next.By is { } closes ? (closes - Tick, ladder.Start == TierStart.AtOnce ? closes - Tick : closes) : (now, now);
            if (await history.LevelAsync(buys, next.Missing, begins) < ladder.LevelOf(next.Tier) || await history.LevelAsync(buys, next.Missing - 1, begins) >= ladder.LevelOf(next.Tier))
            {
                return $"The next tier took something else: {progress}";
            }
        }

        if (progress.Until is not { } until)
        {
            return await history.LevelAsync(now, 0, now + Duration.FromDays(3_650)) < level ? $"It ended, though it never would: {progress}" : null;
        }

        if (await history.LevelAsync(now, 0, until - Tick) < level)
        {
            return $"It ended before: {progress}";
        }

        if (progress.Keep is not { By: { } by } keep)
        {
            var most = Math.Min(ladder.Tiers[level].From, (progress.Next?.Missing ?? long.MaxValue) - 1);
            var over = history.ValidityBefore(until);
            return now < over && (await history.LevelAsync(now, most, until) >= level || await history.LevelAsync(over - Tick, most, until) >= level) ? $"It was kept, though nothing would: {progress}" : null;
        }

        // Whether its condition will hold nobody says.
        var last = by - Tick;
        return !history.Allows(keep.Tier) ? null
            : await history.LevelAsync(last, keep.Missing, until) < level ? $"It ended, though nothing was missing any more: {progress}"
            : keep.Missing > 0 && await history.LevelAsync(last, keep.Missing - 1, until) >= level ? $"It was kept, though something was missing: {progress}"
            : null;
    }

    private sealed record History(TierLadder Ladder, (int Day, int Spend)[] Purchases, int Now)
    {
        public Task<Club> ClubAsync() => ClubAsync([]);

        private async Task<Club> ClubAsync(params ICustomerModule[] others)
        {
            var club = new Club([new VipWhen("vip.on", "vip.off"), new LoyaltyModule(Ladders.Program(Ladder)), .. others]);
            await club.Records(VipWhen.Event(club.NextKey(), "vip.on"));
            foreach (var (day, spend, isEnd) in Purchases.Select(one => (one.Day, one.Spend, IsEnd: false)).Append((Day: VipUntil, Spend: 0, IsEnd: true)).Where(one => one.Day <= Now).OrderBy(one => one.Day))
            {
                club.At(Samples.Local(2026, 1, 15, 12) + Duration.FromDays(day));
                await (isEnd ? club.Records(VipWhen.Event(club.NextKey(), "vip.off")) : club.Buys(spend));
            }

            club.At(Samples.Local(2026, 1, 15, 13) + Duration.FromDays(Now));
            return club;
        }

        /// <summary>From which day on the condition that some tiers ask does not hold; after now, it holds.</summary>
        public int VipUntil { get; init; } = int.MaxValue;

        public bool Allows(string tier) => VipUntil > Now || Ladder.Tiers[Ladder.LevelOf(tier)].When is null;

        /// <summary>The levels in the two years that follow, where somebody looks after some days.</summary>
        public async Task<string> LevelsAsync(int day, Func<Club, long, ValueTask<Receipt>>? looks)
        {
            var (club, levels) = (await ClubAsync(), new List<string?>());
            var start = club.Now;
            foreach (var later in Enumerable.Range(0, 75).Select(ten => ten * 10).Append(day).Order())
            {
                club.At(start + Duration.FromDays(later));
                if (looks is not null && later == day)
                {
                    await looks(club, Ladder.Tiers[^1].From);
                    looks = null;
                }

                levels.Add(await club.Tier());
            }

            return string.Join(' ', levels);
        }

        /// <summary>What the customer is warned of until two years later, and when.</summary>
        public async Task<string> WarningsAsync()
        {
            var listener = new Listener(LoyaltyNames.TierExpiring);
            var club = await ClubAsync(listener);
            club.At(Last);
            await club.RunDue();
            return string.Join('\n', listener.Echoes.Zip(listener.At).Select(told => Warning(told.Second, told.First.Fields["tier"].AsCode, told.First.Fields["until"].AsInstant, told.First.Fields["missing"].IsMissing ? null : (long)told.First.Fields["missing"].AsNumber)));
        }

        /// <summary>What screens show of ends from so many days before on, by who looks at them each day and after each purchase: the end that was foreseen when the standing last changed, once.</summary>
        public async Task<string> EndsShownAsync()
        {
            var (warnings, last, due, standing) = (new List<string>(), default(Instant?), default(Instant?), default(TierStanding));
            await foreach (var (progress, now, known) in DaysAsync())
            {
                if (known != standing)
                {
                    Foresee(progress);
                }

                standing = known;
                if (!(due <= now))
                {
                    continue;
                }

                if (progress is { Expires: { } end })
                {
                    last = end;
                    if (progress.Keep is not { Missing: 0 })
                    {
                        warnings.Add(Warning(now, progress.Tier, end, progress.Keep?.Missing));
                    }
                }

                Foresee(progress);
            }

            return string.Join('\n', warnings);

            void Foresee(TierProgress progress) =>
                due = progress.Expires is { } end && !(end <= last) ? Samples.HongKong.AtStartOfDay(end.InZone(Samples.HongKong).Date.PlusDays(-(Ladder.WarnDaysBefore ?? 0))).ToInstant() : null;
        }

        private Instant Last => Start + Duration.FromDays(Now + 730);

        private static Instant Start { get; } = Samples.Local(2026, 1, 15, 12);

        private static string Warning(Instant at, string? tier, Instant? until, long? missing) => $"{at}: {tier} until {until}, missing {missing}";

        // What is shown at the beginning of each day, and after each purchase.
        private async IAsyncEnumerable<(TierProgress Progress, Instant Now, TierStanding? Standing)> DaysAsync()
        {
            var (club, purchases) = (new History(Ladder with { WarnDaysBefore = null }, [], 0).ClubAsync(), Purchases.ToLookup(one => one.Day));
            for (var day = 0; day <= Now + 730; day++)
            {
                foreach (var at in purchases[day].Select(one => (long?)one.Spend).Prepend(null))
                {
                    (await club).At(at is null && day > 0 ? Start + Duration.FromDays(day) - Duration.FromHours(12) : Start + Duration.FromDays(day));
                    if (at is { } spend)
                    {
                        await (await club).Buys(spend);
                    }

                    yield return (await (await club).Progress(Ladder), (await club).Now, (await (await club).Membership()).Standing());
                }
            }
        }

        /// <summary>When the validity ends of a tier that ends with its grace.</summary>
        public Instant ValidityBefore(Instant end) => end.InZone(Samples.HongKong).LocalDateTime.PlusDays(-Ladder.Grace.Days).PlusMonths(-Ladder.Grace.Months).InZoneLeniently(Samples.HongKong).ToInstant();

        /// <summary>The level at an instant of who buys once more before.</summary>
        public async Task<int> LevelAsync(Instant buys, long spend, Instant at)
        {
            var club = await ClubAsync();
            if (spend > 0)
            {
                club.At(buys);
                await club.Buys(spend);
            }

            club.At(at);
            return Ladder.LevelOf(await club.Tier());
        }
    }
}
