using Crm.Ledger;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Wallets;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Accounts;

/// <summary>
/// What became of the units that were issued in each month (cohorts): redeemed, gone, taken back, or still held; and, from how earlier months went on, how much of what is held will be redeemed and how much
/// never will (breakage): for that the month of the report counts as over. Within a lot, what was issued first is spent first. Customers come one after the other.
/// </summary>
/// <param name="zone">The zone in which months begin.</param>
/// <param name="asOf">Up to when is counted.</param>
public sealed class Cohorts(DateTimeZone zone, Instant asOf)
{
    private readonly SortedDictionary<(string Program, string Unit), SortedDictionary<int, Cohort>> cohorts = [];

    /// <summary>Adds a customer.</summary>
    /// <param name="ledger">The customer's ledger, in the order written; what counts later is passed over.</param>
    public void Add(IEnumerable<LedgerEntry> ledger)
    {
        ArgumentNullException.ThrowIfNull(ledger);
        foreach (var unit in ledger.Where(entry => entry.OccurredAt <= asOf).GroupBy(entry => (entry.Program, entry.Unit)))
        {
            if (!cohorts.TryGetValue(unit.Key, out var months))
            {
                cohorts[unit.Key] = months = [];
            }

            new Book(months, MonthOf, asOf).Add(unit);
        }
    }

    /// <summary>The cohorts of a unit, by month of issue.</summary>
    public Sequence<CohortLine> Lines(string program, string unit)
    {
        if (!cohorts.TryGetValue((program, unit), out var months))
        {
            return [];
        }

        var (now, future) = (MonthOf(asOf), Future(months, MonthOf(asOf)));
        return months.Select(month => new CohortLine(new YearMonth(month.Key / 12, (month.Key % 12) + 1), month.Value.Issued, month.Value.Redeemed.Values.Sum(), month.Value.Expired.Values.Sum(), month.Value.Reversed)
        {
            ExpectedRedeemed = Math.Max(month.Value.Held, 0) * future(now - month.Key + 1),
        }).ToSequence();
    }

    // The share of what is held at the beginning of an age that is redeemed one day: what became of units of that age and of all later ones in the cohorts that have been through them (a life table). Past what any cohort has been through, nothing more is known to be redeemed.
    private static Func<int, decimal> Future(SortedDictionary<int, Cohort> months, int now)
    {
        var oldest = months.Count == 0 ? 0 : now - months.Keys.First();
        var redeemed = new decimal[oldest + 2];
        for (var age = oldest; age >= 0; age--)
        {
            var (exposed, spent, gone) = (0L, 0L, 0L);
            foreach (var (month, cohort) in months.Where(month => now - month.Key > age))
            {
                exposed += cohort.HeldAt(age);
                spent += cohort.Redeemed.GetValueOrDefault(age);
                gone += cohort.Expired.GetValueOrDefault(age);
            }

            redeemed[age] = exposed <= 0 ? redeemed[age + 1] : Math.Clamp(((decimal)spent / exposed) + ((1 - ((decimal)(spent + gone) / exposed)) * redeemed[age + 1]), 0, 1);
        }

        return age => age < redeemed.Length ? redeemed[Math.Max(age, 0)] : 0;
    }

    private int MonthOf(Instant instant)
    {
        var day = instant.InZone(zone).Date;
        return (day.Year * 12) + day.Month - 1;
    }

    /// <summary>What became of the units of a month, by how many months later.</summary>
    private sealed class Cohort
    {
        public long Issued { get; set; }

        public long Reversed { get; set; }

        public SortedDictionary<int, long> Redeemed { get; } = [];

        public SortedDictionary<int, long> Expired { get; } = [];

        public long Held => Issued - Reversed - Redeemed.Values.Sum() - Expired.Values.Sum();

        /// <summary>What was held at the beginning of an age.</summary>
        public long HeldAt(int age) => Issued - Reversed - Redeemed.Where(one => one.Key < age).Sum(one => one.Value) - Expired.Where(one => one.Key < age).Sum(one => one.Value);
    }

    /// <summary>The lots of one customer and unit, each with the months in which its units were issued.</summary>
    private sealed class Book(SortedDictionary<int, Cohort> months, Func<Instant, int> monthOf, Instant asOf)
    {
        private readonly Dictionary<string, List<(int Month, long Amount)>> lots = new(StringComparer.Ordinal);

        // What was taken from lots beyond what they held, until it is made good for or becomes a debt.
        private readonly Dictionary<string, long> missing = new(StringComparer.Ordinal);

        public void Add(IEnumerable<LedgerEntry> entries)
        {
            foreach (var cause in entries.GroupBy(entry => (entry.Cause, entry.OccurredAt)))
            {
                var month = monthOf(cause.Key.OccurredAt);
                // Of one cause, what comes in is there before what goes out.
                foreach (var entry in cause.Where(entry => entry.Movement != Movement.Offset && entry.Lot is not (Lot.Debt or Lot.Shortfall)).OrderByDescending(entry => entry.Amount))
                {
                    Move(entry, month);
                }

                Offsets([.. cause.Where(entry => entry.Movement == Movement.Offset)], month);
            }

            // A lot is gone when its time has come, whether or not that was written.
            foreach (var (name, _) in lots.Where(lot => Lot.Parse(lot.Key)?.Expiry <= asOf).ToList())
            {
                var at = Lot.Parse(name)?.Expiry ?? asOf;
                Take(name, long.MaxValue, (cohort, of, amount) => Count(cohort.Expired, monthOf(at - Duration.Epsilon) - of, amount));
            }
        }

        private void Move(LedgerEntry entry, int month)
        {
            switch (entry.Movement, entry.Amount)
            {
                case (Movement.Issued or Movement.Transferred, > 0):
                    Put(entry.Lot, month, entry.Amount);
                    Of(month).Issued += entry.Amount;
                    break;
                case (Movement.Spent, > 0):
                    // What comes back was redeemed before, by whichever month's units; it is held again as of its own return.
                    Put(entry.Lot, month, entry.Amount);
                    Count(Of(month).Redeemed, 0, -entry.Amount);
                    break;
                case (Movement.Expired, > 0):
                    Put(entry.Lot, month, entry.Amount);
                    Count(Of(month).Expired, 0, -entry.Amount);
                    break;
                case (Movement.Reversed, > 0):
                    Put(entry.Lot, month, entry.Amount);
                    Of(month).Reversed -= entry.Amount;
                    break;
                case (Movement.Spent, _):
                    Owe(entry.Lot, Take(entry.Lot, -entry.Amount, (cohort, of, amount) => Count(cohort.Redeemed, month - of, amount)), lacking => Count(Of(month).Redeemed, 0, lacking));
                    break;
                case (Movement.Expired, _):
                    // It runs out at the end of its last day, whose month counts.
                    Owe(entry.Lot, Take(entry.Lot, -entry.Amount, (cohort, of, amount) => Count(cohort.Expired, monthOf(entry.OccurredAt - Duration.Epsilon) - of, amount)), lacking => Count(Of(month).Expired, 0, lacking));
                    break;
                default:
                    Owe(entry.Lot, Take(entry.Lot, -entry.Amount, (cohort, _, amount) => cohort.Reversed += amount, latestFirst: true), lacking => Of(month).Reversed += lacking);
                    break;
            }
        }

        private void Owe(string lot, long lacking, Action<long> became)
        {
            if (lacking > 0)
            {
                became(lacking);
                missing[lot] = missing.GetValueOrDefault(lot) + lacking;
            }
        }

        // Units go from lot to lot with their months; those that repay a debt were redeemed before they were issued.
        private void Offsets(List<LedgerEntry> offsets, int month)
        {
            var moving = new List<(int Month, long Amount)>();
            foreach (var entry in offsets.Where(entry => entry.Amount < 0 && entry.Lot != Lot.Debt))
            {
                var lacking = Take(entry.Lot, -entry.Amount, (_, of, amount) => moving.Add((of, amount)));
                if (lacking > 0)
                {
                    missing[entry.Lot] = missing.GetValueOrDefault(entry.Lot) + lacking;
                    moving.Add((month, lacking));
                }
            }

            foreach (var entry in offsets.Where(entry => entry.Amount > 0).OrderBy(entry => entry.Lot == Lot.Debt))
            {
                var left = entry.Amount;
                while (left > 0 && moving.Count > 0)
                {
                    var (of, amount) = moving[0];
                    var part = Math.Min(left, amount);
                    left -= part;
                    moving.RemoveAt(0);
                    if (amount > part)
                    {
                        moving.Insert(0, (of, amount - part));
                    }

                    if (entry.Lot == Lot.Debt)
                    {
                        Count(Of(of).Redeemed, month - of, part);
                    }
                    else
                    {
                        Put(entry.Lot, of, part);
                    }
                }

                // What a lot lacked is owed from now on: it was redeemed and turned out not to have been earned.
                if (left > 0 && entry.Lot != Lot.Debt)
                {
                    Count(Of(month).Redeemed, 0, -left);
                    Put(entry.Lot, month, left);
                }
            }
        }

        private Cohort Of(int month)
        {
            if (!months.TryGetValue(month, out var cohort))
            {
                months[month] = cohort = new Cohort();
            }

            return cohort;
        }

        private void Put(string lot, int month, long amount)
        {
            var lacking = Math.Min(missing.GetValueOrDefault(lot), amount);
            missing[lot] = missing.GetValueOrDefault(lot) - lacking;
            amount -= lacking;
            if (amount == 0)
            {
                return;
            }

            if (!lots.TryGetValue(lot, out var parts))
            {
                lots[lot] = parts = [];
            }

            parts.Add((month, amount));
        }

        // What could not be taken is returned.
        private long Take(string lot, long amount, Action<Cohort, int, long> became, bool latestFirst = false)
        {
            var parts = lots.GetValueOrDefault(lot) ?? [];
            while (amount > 0 && parts.Count > 0)
            {
                var place = latestFirst ? parts.Count - 1 : 0;
                var (month, held) = parts[place];
                var part = Math.Min(held, amount);
                amount -= part;
                became(Of(month), month, part);
                if (held == part)
                {
                    parts.RemoveAt(place);
                }
                else
                {
                    parts[place] = (month, held - part);
                }
            }

            return amount;
        }

        private static void Count(SortedDictionary<int, long> ages, int age, long amount) => ages[Math.Max(age, 0)] = checked(ages.GetValueOrDefault(Math.Max(age, 0)) + amount);
    }
}

/// <summary>What became of the units of one month.</summary>
/// <param name="Month">The month in which they were issued, or came from elsewhere.</param>
/// <param name="Issued">How many.</param>
/// <param name="Redeemed">How many were redeemed, less what came back.</param>
/// <param name="Expired">How many ran out.</param>
/// <param name="Reversed">How many were taken back, or went elsewhere.</param>
public sealed record CohortLine(YearMonth Month, long Issued, long Redeemed, long Expired, long Reversed)
{
    /// <summary>How many are still held.</summary>
    public long Held => Issued - Redeemed - Expired - Reversed;

    /// <summary>How many of those held are expected to be redeemed one day; exact, not a whole number.</summary>
    public required decimal ExpectedRedeemed { get; init; }

    /// <summary>How many of those held are expected never to be redeemed.</summary>
    public decimal Breakage => Held - ExpectedRedeemed;

    /// <summary>What of all that was issued and kept is expected never to be redeemed, what has run out among it: 0 to 1; 0 where nothing was kept.</summary>
    public decimal BreakageRate => Issued - Reversed is > 0 and var kept ? (Expired + Breakage) / kept : 0;

    /// <summary>The estimate of all that will have been redeemed in the end, for <see cref="PointsRevenue"/>; rounded down, and never below what has been.</summary>
    public long ExpectedInAll => Redeemed + (long)decimal.Floor(ExpectedRedeemed);
}
