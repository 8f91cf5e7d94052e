using Crm.Campaigns.Decisions;
using Crm.Campaigns.Journeys;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Campaigns.Tests.Decisions;

public sealed class Birthdays
{
    [Theory]
    [InlineData(LeapDay.Feb28, "2026-02-28 2027-02-28 2028-02-29 2029-02-28")]
    [InlineData(LeapDay.Mar1, "2026-03-01 2027-03-01 2028-02-29 2029-03-01")]
    [InlineData(LeapDay.LeapYearsOnly, "2028-02-29")]
    public async Task Somebody_born_on_29_February_has_birthdays_as_the_policy_says(LeapDay policy, string expected)
    {
        var town = new Town(Samples.Gift(policy));
        await town.HasBirthday(229);
        town.On(2029, 12, 31);

        var days = (await town.Waiting()).Select(message => message.DecidedAt.InZone(Samples.HongKong)).ToList();

        Assert.Equal(expected, string.Join(' ', days.Select(day => day.Date.ToString("uuuu-MM-dd", null))));
        Assert.All(days, day => Assert.Equal(new LocalTime(9, 0), day.TimeOfDay));
    }

    [Theory]
    [InlineData("Asia/Hong_Kong", "2026-03-01T01:00:00Z")]
    [InlineData("Europe/London", "2026-03-01T09:00:00Z")]
    [InlineData("America/New_York", "2026-03-01T14:00:00Z")]
    [InlineData("Pacific/Auckland", "2026-02-28T20:00:00Z")]
    [InlineData("nowhere", "2026-03-01T01:00:00Z")]
    public async Task The_hour_is_meant_where_the_customer_is(string zone, string expected)
    {
        var gift = Samples.Gift(LeapDay.Mar1);
        var town = new Town(JourneyJson.Read(JourneyJson.Write(gift with { Trigger = ((Trigger.OnBirthday)gift.Trigger) with { ZoneField = "zone" } })).Journey!);
        await town.Records(new Events.CustomerEvent { Key = new EventKey("crm", "profile"), Kind = "door.knocked", Identity = Samples.Amy, Profile = Fields.Of(("birthday", 229), ("zone", zone)) });
        town.On(2026, 3, 3);

        Assert.Equal(expected, NodaTime.Text.InstantPattern.ExtendedIso.Format(Assert.Single(await town.Waiting()).DecidedAt));
    }

    [Fact]
    public async Task Who_moves_to_another_zone_is_greeted_once_in_the_one_where_they_are()
    {
        var gift = Samples.Gift();
        var town = new Town(gift with { Trigger = ((Trigger.OnBirthday)gift.Trigger) with { ZoneField = "zone" } });
        var moves = 0;
        ValueTask<Events.Receipt> Moves(string zone) => town.Records(new Events.CustomerEvent { Key = new EventKey("crm", $"move-{++moves}"), Kind = "door.knocked", Identity = Samples.Amy, Profile = Fields.Of(("birthday", 301), ("zone", zone)) });
        await Moves("Asia/Hong_Kong");
        await Moves("America/New_York");
        town.On(2026, 3, 2);
        Assert.Equal(Instant.FromUtc(2026, 3, 1, 14, 0), Assert.Single(await town.Waiting()).DecidedAt);
        await Moves("Asia/Hong_Kong");
        town.On(2026, 12, 31);

        Assert.Single(await town.Waiting());
    }

    [Fact]
    public async Task Changing_the_date_does_not_pay_twice_in_a_year()
    {
        var town = new Town(Samples.Gift());
        await town.HasBirthday(301);
        town.On(2026, 4, 1);
        await town.HasBirthday(601);
        town.On(2027, 12, 31);

        Assert.Equal(["gift:birthday:2026", "gift:birthday:2027"], (await town.Waiting()).Select(message => message.Occasion));
    }

    [Fact]
    public async Task A_date_that_is_taken_away_is_waited_for_no_more()
    {
        var town = new Town(Samples.Gift());
        await town.HasBirthday(601);
        await town.HasBirthday(null);
        town.On(2027, 12, 31);

        Assert.Empty(await town.Waiting());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(230)]
    [InlineData(1301)]
    [InlineData(100)]
    [InlineData(431)]
    public void A_number_that_is_no_day_is_no_birthday(int value) => Assert.Equal(0, Birthday.DayOf(value));

    [Fact]
    public void The_next_birthday_is_the_first_after_the_moment_in_a_year_that_is_not_done() =>
        Prop.ForAll(
            Arb.From(
                from dayOfYear in Gen.Frequency((3, Gen.Choose(0, 365)), (2, Gen.Constant(59)))
                from daysOn in Gen.Choose(0, 365 * 30)
                from policy in Gen.Elements(LeapDay.Feb28, LeapDay.Mar1, LeapDay.LeapYearsOnly)
                select (dayOfYear, daysOn, policy)),
            given =>
            {
                var (dayOfYear, daysOn, policy) = given;
                var born = new LocalDate(2000, 1, 1).PlusDays(dayOfYear);
                var moment = new Moment(Samples.Local(2020, 1, 1, 9).Plus(Duration.FromDays(daysOn)), Samples.HongKong);
                var next = Birthday.Next((born.Month * 100) + born.Day, new Trigger.OnBirthday(LeapDay: policy), moment, 0);
                // Day by day, as people would look.
                var looked = Enumerable.Range(0, 366 * 9).Select(day => moment.Date.PlusDays(day)).First(date => IsBirthday(date, born, policy) && date.At(new LocalTime(9, 0)).InZoneLeniently(Samples.HongKong).ToInstant() > moment.Instant);
                return next == looked.At(new LocalTime(9, 0)).InZoneLeniently(Samples.HongKong).ToInstant();
            }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    private static bool IsBirthday(LocalDate date, LocalDate born, LeapDay policy) =>
        (date.Month == born.Month && date.Day == born.Day)
        || (born is { Month: 2, Day: 29 } && !CalendarSystem.Iso.IsLeapYear(date.Year) && ((policy == LeapDay.Feb28 && date is { Month: 2, Day: 28 }) || (policy == LeapDay.Mar1 && date is { Month: 3, Day: 1 })));
}
