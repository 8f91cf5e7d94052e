using Crm.Analytics.Habits;
using Crm.Conditions;
using Crm.Tests.Shared;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Analytics.Tests.Habits;

/// <summary>Customers by the period of their first purchase.</summary>
public sealed class CohortTests
{
    private static readonly LocalDate Opening = new(2025, 11, 3);

    private static readonly Gen<List<List<LocalDate>>> Customers = Gen.Choose(0, 500).Select(day => Opening.PlusDays(day)).ListOf(6).Select(days => days.ToList()).ListOf(12).Select(all => all.ToList());

    [Fact]
    public void Online_retail_has_the_known_cohorts()
    {
        var cohorts = CohortTable.Of(Retail.AllDays(), CalendarPeriod.Month, new LocalDate(2011, 12, 9));
        var expected = RawFiles.Lines("online_retail_cohort_counts.csv").Select(line => line.Split(',')).ToList();
        Assert.Equal(expected.Select(row => row[0]), cohorts.Select(cohort => cohort.Begins.ToString("uuuu-MM", null)));
        Assert.Equal(expected.Select(row => string.Join(',', row.Skip(1).Where(cell => cell.Length > 0).Select(cell => (int)RawFiles.Number(cell)))), cohorts.Select(cohort => string.Join(',', cohort.Active)));
        Assert.Equal([885, 417, 380, 452, 300, 284, 242, 188, 169, 299, 358, 323, 41], cohorts.Select(cohort => cohort.Size));
    }

    [Fact]
    public void Cohorts_are_what_counting_says() => Check(CohortTable.Of);

    [Fact]
    public void The_law_catches_periods_of_thirty_days() => Counterfeits.Caught(() => Check((customers, period, asOf) => CohortTable.Of(customers.Select(days => days.Select(day => Opening.PlusDays(Period.DaysBetween(Opening, day) / 30 * 30))), period, asOf)));

    private static void Check(Func<IEnumerable<IEnumerable<LocalDate>>, CalendarPeriod, LocalDate, IReadOnlyList<Cohort>> table) => Prop.ForAll(Customers.Zip(Gen.Elements(CalendarPeriod.Month, CalendarPeriod.Quarter, CalendarPeriod.Year, CalendarPeriod.Week)).ToArbitrary(), one =>
    {
        var (customers, period) = one;
        var asOf = Opening.PlusDays(400);
        var known = customers.Select(days => days.Where(day => day <= asOf).ToHashSet()).Where(days => days.Count > 0).ToList();
        string Of(LocalDate day) => period switch { CalendarPeriod.Month => $"{day.Year}-{day.Month}", CalendarPeriod.Quarter => $"{day.Year}/{(day.Month - 1) / 3}", CalendarPeriod.Year => $"{day.Year}", _ => $"{Period.DaysBetween(Opening, day) / 7}" };

        // The periods in their order, by walking through the days.
        var periods = Enumerable.Range(0, 401).Select(day => Of(Opening.PlusDays(day))).Distinct().ToList();
        var cohorts = table(customers, period, asOf);
        Assert.Equal(known.Select(days => Of(days.Min())).Distinct().OrderBy(periods.IndexOf), cohorts.Select(cohort => Of(LocalDate.Max(cohort.Begins, Opening))));
        foreach (var cohort in cohorts)
        {
            var first = periods.IndexOf(Of(LocalDate.Max(cohort.Begins, Opening)));
            var own = known.Where(days => Of(days.Min()) == periods[first]).ToList();
            Assert.Equal(periods.Count - first, cohort.Active.Count);
            Assert.Equal(Enumerable.Range(first, cohort.Active.Count).Select(place => own.Count(days => days.Any(day => Of(day) == periods[place]))), cohort.Active);
            Assert.Equal(own.Count(days => days.Count(day => Of(day) == periods[first]) > 1), cohort.AgainInSame);
            Assert.Equal(Enumerable.Range(first + 1, cohort.Active.Count - 1).Select(place => own.Count(days => days.Any(day => periods.IndexOf(Of(day)) > first && periods.IndexOf(Of(day)) <= place))), cohort.ReturnedBy);
        }
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(100));
}
