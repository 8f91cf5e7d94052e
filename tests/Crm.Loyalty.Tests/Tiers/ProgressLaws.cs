using Crm.Loyalty.Programs;
using Crm.Loyalty.Tests.Recording;
using Crm.Loyalty.Tiers;
using Crm.Loyalty.Wallets;
using Crm.Tests.Shared;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Loyalty.Tests.Tiers;

/// <summary>What a screen says of a tier comes true: when it ends if nothing more is counted, what the next one takes, and what keeps this one, and by when.</summary>
public sealed class ProgressLaws
{
    private static readonly QualificationWindow[] Windows =
    [
        QualificationWindow.CalendarYear, new QualificationWindow.Calendar(CalendarUnit.Month), new QualificationWindow.Calendar(CalendarUnit.Quarter), new QualificationWindow.Cycle(new LocalDate(2025, 4, 1), 12),
        new QualificationWindow.Anniversary(6), new QualificationWindow.Rolling(6), new QualificationWindow.Rolling(0, 45), new QualificationWindow.SinceTierStart(), QualificationWindow.Lifetime,
    ];

    private static readonly TierValidity?[] Validities =
        [null, null, new TierValidity.Fixed(3, 0, LastDay.Included), new TierValidity.Fixed(12, 0, LastDay.Excluded), TierValidity.NextPeriod, new TierValidity.ToPeriodEnd(0, 1, 3), new TierValidity.ToDayOfYear([new(3, 31), new(9, 30)])];

    // Who falls to the base loses what a higher tier, reached on the way, would have kept; and in a rolling window a tier of some length is held anew by what happens in its grace. So these are left out.
    private static Gen<History> Histories =>
        from window in Gen.Elements(Windows)
        from validity in Gen.Elements(Validities)
        from grace in Gen.Elements(new Grace(0, 0), new Grace(0, 0), new Grace(0, 10), new Grace(2, 0))
        from fall in Gen.Elements(TierFall.ToEarned, TierFall.OneLevel, TierFall.Never)
        from start in Gen.Elements(TierStart.AtOnce, TierStart.AtOnce, TierStart.NextPeriod)
        let ladder = Ladders.Usual with { Window = window, Validity = validity, Grace = grace, Fall = fall, Start = start }
        where window is not QualificationWindow.Rolling || validity is null || grace == default
        where new LoyaltyProgramValidator().Validate(Ladders.Program(ladder)).IsValid
        from purchases in (from day in Gen.Choose(0, 400) from spend in Gen.Choose(1, 40) select (day, spend)).NonEmptyListOf().Where(some => some.Count < 8)
        from more in Gen.Choose(0, 200)
        select new History(ladder, [.. purchases.OrderBy(one => one.day)], purchases.Max(one => one.day) + more);

    private static Duration Tick { get; } = Duration.FromTicks(1);

    private static History Known { get; } = new(Ladders.Usual with { Grace = new(2, 0) }, [(0, 20), (690, 15)], 690);

    [Fact]
    public void What_a_screen_says_of_a_tier_comes_true() => Law(Histories, told => told).Check(Config.QuickThrowOnFailure.WithMaxTest(100));

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

    private static void Caught(Func<TierProgress, TierProgress> told) => Counterfeits.Caught(() => Law(Gen.Constant(Known), told).Check(Config.QuickThrowOnFailure.WithMaxTest(1)));

    private static Property Law(Gen<History> histories, Func<TierProgress, TierProgress> told) => Prop.ForAll(histories.ToArbitrary(), async Task (history) => Assert.Null(await BrokenAsync(history, told)));

    // What of the promises is broken; null: none.
    private static async Task<string?> BrokenAsync(History history, Func<TierProgress, TierProgress> told)
    {
        var (club, ladder) = (await history.ClubAsync(), history.Ladder);
        var (progress, now) = (told(await club.Progress(ladder)), club.Now);
        var level = ladder.LevelOf(progress.Tier);
        if (progress.Next is { Missing: > 0 } next)
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

        var last = by - Tick;
        return await history.LevelAsync(last, keep.Missing, until) < level ? $"It ended, though nothing was missing any more: {progress}"
            : keep.Missing > 0 && await history.LevelAsync(last, keep.Missing - 1, until) >= level ? $"It was kept, though something was missing: {progress}"
            : null;
    }

    private sealed record History(TierLadder Ladder, (int Day, int Spend)[] Purchases, int Now)
    {
        public async Task<Club> ClubAsync()
        {
            var club = Ladders.Climbing(Ladder);
            foreach (var (day, spend) in Purchases)
            {
                club.At(Samples.Local(2026, 1, 15, 12) + Duration.FromDays(day));
                await club.Buys(spend);
            }

            club.At(Samples.Local(2026, 1, 15, 13) + Duration.FromDays(Now));
            return club;
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
