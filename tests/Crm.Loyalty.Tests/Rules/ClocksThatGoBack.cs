using Crm.Loyalty.Programs;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Tests.Recording;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Tests.Rules;

/// <summary>Hours in London, where the clock shows 01:00 to 02:00 twice on 2026-10-25 and never on 2026-03-29.</summary>
public sealed class ClocksThatGoBack
{
    private static readonly DateTimeZone London = DateTimeZoneProviders.Tzdb["Europe/London"];

    public static TheoryData<int, int> Nights => new() { { 3, 29 }, { 10, 25 } };

    [Theory]
    [InlineData(29, false)]
    [InlineData(30, true)]
    [InlineData(75, true)]
    [InlineData(90, true)]
    public void What_begins_or_ends_in_an_hour_that_is_there_twice_does_so_once(int minutes, bool come)
    {
        var half = new LocalDateTime(2026, 10, 25, 1, 30);
        var moment = new Moment(Instant.FromUtc(2026, 10, 25, 0, 0) + Duration.FromMinutes(minutes), London);

        Assert.Equal((come, !come), (new EarningHours { From = half }.Cover(moment), new EarningHours { Until = half }.Cover(moment)));
    }

    [Theory]
    [InlineData(Cascade.History)]
    [InlineData(Cascade.None)]
    public async Task A_day_that_the_clock_shows_again_after_midnight_is_over_and_counts_no_more(Cascade cascade)
    {
        // In Newfoundland it was 23:01 again one minute after the midnight before 2009-11-01.
        var program = Samples.TeaClub with { Zone = "America/St_Johns", Rules = [Samples.Per(1, 1)], Ladders = [], Limits = [new() { Name = "daily", Unit = "points", Per = CapPeriod.Day, Most = 60 }], Cascade = cascade };
        var (club, midnight, sum) = (Club.Of(program), Instant.FromUtc(2009, 11, 1, 2, 30), 0L);
        foreach (var minutes in new[] { -1.0, 0.5, 1.5, 30, 61, 90 })
        {
            club.At(midnight + Duration.FromMinutes(minutes));
            var given = (await club.Buys(50)).Total("points");
            sum += minutes < 0 ? 0 : given;
        }

        Assert.Equal(60, sum);
    }

    [Fact]
    public void Hours_of_the_clock_count_each_time_that_it_shows_them()
    {
        var hours = new EarningHours { Hours = [new(new LocalTime(1, 10), new LocalTime(1, 20))] };

        Assert.Equal([15, 75], Enumerable.Range(0, 24).Select(n => n * 5).Where(minutes => minutes % 15 == 0 && hours.Cover(new Moment(Instant.FromUtc(2026, 10, 25, 0, 0) + Duration.FromMinutes(minutes), London))));
    }

    [Theory]
    [MemberData(nameof(Nights))]
    public void The_next_time_that_is_told_is_the_first_minute_at_which_the_hours_hold(int month, int day)
    {
        var night = Instant.FromUtc(2026, month, day, 0, 0) - Duration.FromHours(3);
        EarningHours[] all =
        [
            new() { Hours = [new(new LocalTime(1, 10), new LocalTime(1, 20))] },
            new() { Hours = [new(new LocalTime(0, 50), new LocalTime(1, 5))] },
            new() { Hours = [new(new LocalTime(1, 30), new LocalTime(2, 30))] },
            new() { From = new LocalDateTime(2026, month, day, 1, 30), Hours = [new(new LocalTime(1, 0), new LocalTime(1, 45))] },
            new() { Days = [IsoDayOfWeek.Sunday], Hours = [new(new LocalTime(23, 0), new LocalTime(1, 5))] },
        ];

        Assert.All(all, hours =>
        {
            for (var minute = 0; minute < 420; minute += 7)
            {
                var now = night + Duration.FromMinutes(minute);
                var first = Enumerable.Range(1, 60 * 24 * 7).Select(later => now + Duration.FromMinutes(later)).First(later => hours.Cover(new Moment(later, London)));
                if (!hours.Cover(new Moment(first - Duration.FromMinutes(1), London)))
                {
                    Assert.Equal(first, hours.NextAfter(new Moment(now, London)));
                }
            }
        });
    }
}
