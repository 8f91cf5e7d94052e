using Crm.Loyalty.Challenges;
using Crm.Loyalty.Tiers;
using Crm.Tests.Shared;
using Crm.Conditions;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Loyalty.Tests.Challenges;

/// <summary>What is counted event by event is what a count of the whole history gives, in days, weeks, months and longer, across clock changes.</summary>
public sealed class StreakLaws
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(600);

    // Clocks that change at midnight, a minute after it, that have left a day out, and that never change.
    private static readonly string[] Zones = ["Asia/Hong_Kong", "America/Sao_Paulo", "America/St_Johns", "Asia/Beirut", "Pacific/Apia", "Europe/London"];

    private static readonly Gen<Challenge> Challenges =
        from unit in Gen.Elements(Enum.GetValues<CalendarUnit>())
        from weekStart in Gen.Choose(1, 7)
        from target in Gen.Choose(1, 3)
        from consecutive in Gen.Choose(1, 3)
        from freezes in Gen.Choose(0, 2)
        from recurrence in Gen.Elements(Enum.GetValues<Recurrence>())
        select new Challenge { Name = "run", Goals = [new("visits", target)], Period = unit, WeekStart = (IsoDayOfWeek)weekStart, Consecutive = consecutive, Freezes = freezes, Recurrence = recurrence };

    // Close together or some periods apart, on the turns of days and on the changes of clocks.
    private static readonly Gen<(string Zone, Challenge Challenge, List<Instant> Visits)> Given =
        from zone in Gen.Elements(Zones)
        from challenge in Challenges
        from begin in Gen.Choose(0, 9_000)
        from steps in (from days in Gen.Choose(0, 4) from scale in Gen.Elements(0, 1, CalendarUnits.MostDays(challenge.Period!.Value) / 2) from near in Gen.Choose(-2, 2) select (Days: days * scale, near)).ArrayOf()
        let clock = DateTimeZoneProviders.Tzdb[zone]
        let first = new LocalDate(1990, 1, 1).PlusDays(begin)
        let visits = steps.Aggregate((Day: first, All: new List<Instant>()), (walk, step) =>
        {
            var day = walk.Day.PlusDays(step.Days);
            walk.All.Add(clock.Start(day) + Duration.FromMinutes(step.near == 2 ? 24 * 60 : step.near));
            return (day, walk.All);
        }).All
        select (zone, challenge, visits.Order().ToList());

    [Fact]
    public void Counting_event_by_event_is_counting_the_whole_history() => Agrees(static (challenge, zone, visits) => Incremental(challenge, zone, visits));

    [Fact]
    public void Weeks_that_always_begin_on_Monday_are_caught() => Caught(static (challenge, zone, visits) => Incremental(challenge with { WeekStart = IsoDayOfWeek.Monday }, zone, visits));

    [Fact]
    public void Days_that_begin_in_another_zone_are_caught() => Caught(static (challenge, _, visits) => Incremental(challenge, DateTimeZone.Utc, visits));

    [Fact]
    public void A_freeze_too_many_is_caught() => Caught(static (challenge, zone, visits) => Incremental(challenge with { Freezes = challenge.Freezes + 1 }, zone, visits));

    [Fact]
    public void A_run_that_goes_on_over_what_was_missed_is_caught() => Caught(static (challenge, zone, visits) => Incremental(challenge with { Freezes = 1_000 }, zone, visits));

    // St John's set its clocks back from one minute past midnight: the minute after midnight was followed by the last hour of the day before.
    [Fact]
    public void An_hour_that_comes_again_belongs_to_the_day_that_has_begun()
    {
        var zone = DateTimeZoneProviders.Tzdb["America/St_Johns"];
        var midnight = zone.Start(new LocalDate(2005, 10, 30));
        var challenge = new Challenge { Name = "run", Goals = [new("visits", 1)], Period = CalendarUnit.Day, Consecutive = 2, Recurrence = Recurrence.NextPeriod };

        Assert.Equal((1, 2), Incremental(challenge, zone, [midnight - Duration.FromTicks(1), midnight, midnight + Duration.FromMinutes(30)]));
    }

    private static (int Completed, int Streak) Incremental(Challenge challenge, DateTimeZone zone, IReadOnlyList<Instant> visits)
    {
        var standing = visits.Aggregate(new ChallengeStanding { Challenge = "run" }, (known, at) => new ChallengeRun(challenge, new Moment(at, zone)).Count(known, static _ => 1, out _));
        return (standing.Completed, standing.Streak);
    }

    // Day by day from the first visit to the last: a new period begins where the calendar says so.
    private static (int Completed, int Streak) Recounted(Challenge challenge, DateTimeZone zone, IReadOnlyList<Instant> visits)
    {
        var (completed, streak, frozen, inPeriod) = (0, 0, 0, 0);
        var isMet = false;
        var days = visits.Select(zone.DayOf).ToList();
        for (var day = days.FirstOrDefault(); days.Count > 0 && day <= days[^1]; day = day.PlusDays(1))
        {
            if (day > days[0] && Begins(challenge, day))
            {
                frozen += isMet ? 0 : 1;
                if (streak == 0 || frozen > challenge.Freezes || (challenge.Recurrence == Recurrence.NextPeriod && streak >= challenge.Consecutive))
                {
                    (streak, frozen) = (0, 0);
                }

                (inPeriod, isMet) = (0, false);
            }

            for (var left = days.Count(one => one == day); left > 0 && !(challenge.Recurrence == Recurrence.Once && completed > 0); left--)
            {
                if (++inPeriod < challenge.Goals[0].Target || isMet)
                {
                    continue;
                }

                (isMet, streak) = (true, streak + 1);
                if (streak >= challenge.Consecutive)
                {
                    completed++;
                    (streak, frozen, inPeriod, isMet) = challenge.Recurrence != Recurrence.OnCompletion ? (streak, frozen, inPeriod, true) : challenge.Consecutive == 1 ? (0, 0, 0, false) : (0, 0, inPeriod, true);
                }
            }
        }

        return (completed, streak);
    }

    private static bool Begins(Challenge challenge, LocalDate day) => challenge.Period switch
    {
        CalendarUnit.Day => true,
        CalendarUnit.Week => day.DayOfWeek == challenge.WeekStart,
        CalendarUnit.Month => day.Day == 1,
        CalendarUnit.Quarter => day is { Day: 1, Month: 1 or 4 or 7 or 10 },
        CalendarUnit.HalfYear => day is { Day: 1, Month: 1 or 7 },
        _ => day is { Day: 1, Month: 1 },
    };

    private static void Caught(Func<Challenge, DateTimeZone, IReadOnlyList<Instant>, (int, int)> counted) => Counterfeits.Caught(() => Agrees(counted));

    private static void Agrees(Func<Challenge, DateTimeZone, IReadOnlyList<Instant>, (int Completed, int Streak)> counted) => Prop.ForAll(Given.ToArbitrary(), given =>
    {
        var zone = DateTimeZoneProviders.Tzdb[given.Zone];
        Assert.Equal(Recounted(given.Challenge, zone, given.Visits), counted(given.Challenge, zone, given.Visits));
    }).Check(Thorough);
}
