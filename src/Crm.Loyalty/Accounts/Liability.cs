using Crm.Loyalty.Memberships;
using Crm.Loyalty.Wallets;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Accounts;

/// <summary>Units that customers may still redeem, by the month in which they run out.</summary>
/// <param name="Program">The programme.</param>
/// <param name="Unit">The unit.</param>
/// <param name="Month">The month whose days the units are usable in last; null: they stay for ever, idle, or wait.</param>
/// <param name="Units">How many: available, pending and set aside.</param>
/// <param name="Debt">How many are owed, counted where they have no month.</param>
public sealed record LiabilityLine(string Program, string Unit, YearMonth? Month, long Units, long Debt)
{
    /// <summary>What is to be paid for in goods: the units that are expected to be redeemed, at their value.</summary>
    /// <param name="each">The value of one unit, exact, in the main unit of the currency.</param>
    /// <param name="breakage">The share that is expected never to be redeemed; 0 to 1.</param>
    /// <param name="currency">The currency.</param>
    public Money At(decimal each, decimal breakage, Currency currency)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(each);
        ArgumentOutOfRangeException.ThrowIfNegative(breakage);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(breakage, 1);
        return Money.Rounded(Units * each * (1 - breakage), currency);
    }
}

/// <summary>Adds up what customers hold, one after the other.</summary>
/// <param name="zone">The zone in which months begin.</param>
public sealed class Liability(DateTimeZone zone)
{
    private readonly Dictionary<(string Program, string Unit, YearMonth? Month), (long Units, long Debt)> sums = [];

    /// <summary>The lines, by programme, unit and month; those without a month last. Their units less their debt are all wallets' available, pending and set aside, less debt.</summary>
    public Sequence<LiabilityLine> Lines => sums.Where(sum => sum.Value != default)
        .Select(sum => new LiabilityLine(sum.Key.Program, sum.Key.Unit, sum.Key.Month, sum.Value.Units, sum.Value.Debt))
        .OrderBy(line => line.Program, StringComparer.Ordinal).ThenBy(line => line.Unit, StringComparer.Ordinal).ThenBy(line => line.Month is null).ThenBy(line => line.Month?.ToDateInterval().Start)
        .ToSequence();

    /// <summary>Counts a customer as brought forward to the moment of the report.</summary>
    public void Add(LoyaltyState customer)
    {
        ArgumentNullException.ThrowIfNull(customer);
        foreach (var membership in customer.Memberships)
        {
            foreach (var holding in membership.Holdings)
            {
                foreach (var lot in holding.Wallet.Lots)
                {
                    Add(membership.Program, holding.Unit, MonthOf(lot), Math.Max(lot.Amount, 0), Math.Max(-lot.Amount, 0));
                }

                Add(membership.Program, holding.Unit, null, holding.Wallet.PendingTotal, holding.Wallet.Debt);
            }

            foreach (var reservation in membership.Reservations)
            {
                foreach (var lot in reservation.Lots)
                {
                    Add(membership.Program, reservation.Unit, MonthOf(lot), lot.Amount, 0);
                }

                Add(membership.Program, reservation.Unit, null, reservation.Owed, 0);
            }
        }
    }

    private YearMonth? MonthOf(Lot lot) => lot.Expiry is { } gone ? (gone - Duration.Epsilon).InZone(zone).Date.ToYearMonth() : null;

    private void Add(string program, string unit, YearMonth? month, long units, long debt)
    {
        var (known, owed) = sums.GetValueOrDefault((program, unit, month));
        sums[(program, unit, month)] = checked((known + units, owed + debt));
    }
}
