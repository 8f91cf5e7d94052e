using Crm.Conditions;
using Crm.Values;
using NodaTime;

namespace Crm.Analytics.Habits;

/// <summary>Customers by the period of their first purchase.</summary>
/// <param name="Begins">The first day of the period.</param>
/// <param name="Active">How many of them bought in the period itself, which is all of them, in the one after it, and so on up to the last that is looked at.</param>
/// <param name="AgainInSame">How many of them bought on another day of the first period.</param>
/// <param name="ReturnedBy">How many of them had come back after the first period: by the end of the one after it, of the one after that, and so on.</param>
public sealed record Cohort(LocalDate Begins, Sequence<int> Active, int AgainInSame, Sequence<int> ReturnedBy)
{
    /// <summary>How many customers there are.</summary>
    public int Size => Active[0];
}

/// <summary>Which customers come back, by when they came first.</summary>
public static class CohortTable
{
    /// <summary>The cohorts in which there is anybody, the earliest first.</summary>
    /// <param name="customers">The days on which each customer bought, in any order, repeated ones counted once; whoever has none is left out.</param>
    /// <param name="period">Months, quarters or years; weeks and days are periods too.</param>
    /// <param name="asOf">The last day that is looked at. The period that it belongs to is the last, however much of it has passed.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such period.</exception>
    public static IReadOnlyList<Cohort> Of(IEnumerable<IEnumerable<LocalDate>> customers, CalendarPeriod period, LocalDate asOf)
    {
        ArgumentNullException.ThrowIfNull(customers);
        if (!Enum.IsDefined(period))
        {
            throw new ArgumentOutOfRangeException(nameof(period), $"There is no period {(int)period}; a day, week, month, quarter or year is expected.");
        }

        var cohorts = new SortedDictionary<LocalDate, (int[] Active, int AgainInSame, int[] Returned)>();
        foreach (var customer in customers)
        {
            var days = customer.Where(day => day <= asOf).Distinct().ToList();
            if (days.Count == 0)
            {
                continue;
            }

            var begins = period.First(days.Min(), 0);
            if (!cohorts.TryGetValue(begins, out var cohort))
            {
                var periods = period.Number(asOf) - period.Number(begins) + 1;
                cohort = (new int[periods], 0, new int[periods]);
            }

            var offsets = days.Select(day => period.Number(day) - period.Number(begins)).ToList();
            foreach (var offset in offsets.Distinct())
            {
                cohort.Active[offset]++;
            }

            cohort.AgainInSame += offsets.Count(offset => offset == 0) > 1 ? 1 : 0;
            for (var offset = offsets.Where(offset => offset > 0).DefaultIfEmpty(cohort.Returned.Length).Min(); offset < cohort.Returned.Length; offset++)
            {
                cohort.Returned[offset]++;
            }

            cohorts[begins] = cohort;
        }

        return [.. cohorts.Select(cohort => new Cohort(cohort.Key, cohort.Value.Active.ToSequence(), cohort.Value.AgainInSame, cohort.Value.Returned.Skip(1).ToSequence()))];
    }
}
