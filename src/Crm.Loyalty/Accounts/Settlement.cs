using System.Runtime.InteropServices;
using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Wallets;
using Crm.Storage;
using Crm.Values;

namespace Crm.Loyalty.Accounts;

/// <summary>
/// Who owes whom in a programme that partners share (結算): the partner that issued a unit owes the one where it was redeemed, whose name is the brand of the event that spent it. Units name their issuer in
/// their lot, so the statement is a projection of journal and ledger and can be made anew at any time; what came back is taken off again. Customers come one after the other, each with all entries.
/// </summary>
public sealed class Settlement
{
    private readonly SortedDictionary<(string Program, string Unit, string Issuer, string Redeemer), long> sums = [];

    /// <summary>Adds a customer's redemptions.</summary>
    /// <param name="journal">The customer's journal.</param>
    /// <param name="ledger">The customer's ledger, in the order written.</param>
    public void Add(IEnumerable<JournalEntry> journal, IEnumerable<LedgerEntry> ledger)
    {
        ArgumentNullException.ThrowIfNull(journal);
        ArgumentNullException.ThrowIfNull(ledger);
        var events = journal.ToDictionary(entry => entry.Event.Key, entry => entry.Event);
        var entries = ledger.ToList();
        var reserved = SetAside(events, entries);
        foreach (var spending in entries.Where(entry => entry.Movement == Movement.Spent).GroupBy(entry => (Key: RequestOf(entry, events), entry.Program, entry.Unit)))
        {
            var request = events.GetValueOrDefault(spending.Key.Key);
            var captured = -spending.Where(entry => entry.Lot == Reservation.Lot).Sum(entry => entry.Amount);
            foreach (var (issuer, units) in spending.Where(entry => entry.Lot != Reservation.Lot).Select(entry => (IssuerOf(entry.Lot), -entry.Amount)).Concat(Captured(captured, request, spending.Key.Unit, reserved)))
            {
                var key = (spending.Key.Program, spending.Key.Unit, issuer, Brand(request ?? events.GetValueOrDefault(spending.First().Cause)));
                sums[key] = checked(sums.GetValueOrDefault(key) + units);
            }
        }
    }

    /// <summary>What each issuer owes each redeemer; what was redeemed where it was issued is owed to nobody and left out.</summary>
    /// <param name="rates">What a unit is cleared at, by issuer and redeemer.</param>
    /// <exception cref="ArgumentException">A pair has no rate, or one that is nothing; the message lists all of them.</exception>
    public Sequence<ClearingLine> Statement(IEnumerable<ClearingRate> rates)
    {
        var known = rates.ToList();
        var owed = sums.Where(sum => sum.Value != 0 && sum.Key.Issuer != sum.Key.Redeemer).ToList();
        var missing = owed.Where(sum => Find(known, sum.Key) is not { Units: > 0 }).Select(sum => $"No rate clears '{sum.Key.Unit}' of '{sum.Key.Issuer}' redeemed at '{sum.Key.Redeemer}'; more than 0 units for an amount are expected.").ToList();
        return missing.Count > 0
            ? throw new ArgumentException(string.Join(Environment.NewLine, missing), nameof(rates))
            : owed.Select(sum => (sum, Rate: Find(known, sum.Key) ?? default)).Select(one => new ClearingLine(
                one.sum.Key.Program, one.sum.Key.Unit, one.sum.Key.Issuer, one.sum.Key.Redeemer, one.sum.Value,
                Money.Rounded(one.sum.Value * one.Rate.Value.Amount / one.Rate.Units, one.Rate.Value.Currency))).ToSequence();
    }

    /// <summary>What each partner gets when all is set off against all, in ordinal order of the names; below 0: pays. The amounts of a currency add up to 0.</summary>
    public static Sequence<(string Partner, Money Net)> Net(IEnumerable<ClearingLine> statement) => statement
        .SelectMany(line => new[] { (Partner: line.Redeemer, Amount: line.Owed), (Partner: line.Issuer, Amount: -line.Owed) })
        .GroupBy(part => (part.Partner, part.Amount.Currency)).Select(part => (part.Key.Partner, part.Aggregate(new Money(0, part.Key.Currency), (sum, one) => sum + one.Amount)))
        .OrderBy(part => part.Partner, StringComparer.Ordinal).ToSequence();

    private static ClearingRate? Find(List<ClearingRate> rates, (string Program, string Unit, string Issuer, string Redeemer) key) =>
        rates.FindIndex(rate => rate.Unit == key.Unit && rate.Issuer == key.Issuer && (rate.Redeemer is null || rate.Redeemer == key.Redeemer)) is >= 0 and var place ? rates[place] : null;

    // What comes back, by a return, a cancellation or a history decided again, comes back of the request that it was spent by.
    private static EventKey RequestOf(LedgerEntry entry, Dictionary<EventKey, CustomerEvent> events)
    {
        var key = entry.Corrects ?? entry.Cause;
        for (var steps = 0; steps < events.Count && events.GetValueOrDefault(key) is { Kind: LoyaltyEvents.ReturnName or EventKinds.CancellationName, Original: { } original } && events.ContainsKey(original); steps++)
        {
            key = original;
        }

        return key;
    }

    private static string Brand(CustomerEvent? happened) => happened?.Brand ?? ClearingLine.Own;

    private static string IssuerOf(string lot) => Lot.Parse(lot)?.Issuer ?? ClearingLine.Own;

    // What is set aside keeps its lots, which are known by the request that set it aside; what history sets aside otherwise when it is decided again corrects them, also after the capture.
    private static Dictionary<(string Key, string Unit), List<(Lot Lot, long Amount)>> SetAside(Dictionary<EventKey, CustomerEvent> events, IEnumerable<LedgerEntry> ledger) => ledger
        .Where(entry => entry.Movement == Movement.Offset && events.GetValueOrDefault(entry.Corrects ?? entry.Cause) is { Kind: RewardEvents.ReserveName or RewardEvents.ReserveRewardName })
        .Select(entry => (Key: ((entry.Corrects ?? entry.Cause).ToString(), entry.Unit), Lot: Lot.Parse(entry.Lot), entry.Amount))
        .Where(entry => entry.Lot is not null)
        .GroupBy(entry => entry.Key)
        .ToDictionary(request => request.Key, request => request.GroupBy(entry => entry.Lot.GetValueOrDefault())
            .Select(lot => (Lot: lot.Key, Amount: -lot.Sum(entry => entry.Amount))).Where(lot => lot.Amount > 0).Order(Comparer<(Lot Lot, long Amount)>.Create((one, other) => one.Lot.Compare(other.Lot))).ToList());

    // What is captured is what runs out first, in the order in which it was set aside.
    private static List<(string Issuer, long Units)> Captured(long units, CustomerEvent? capture, string unit, Dictionary<(string Key, string Unit), List<(Lot Lot, long Amount)>> reserved)
    {
        var (left, taken) = (units, new List<(string, long)>());
        foreach (var (lot, amount) in reserved.GetValueOrDefault((capture?.Fields[RewardEvents.ReservationField].AsCode ?? "", unit)) ?? [])
        {
            var part = Math.Min(amount, left);
            left -= part;
            taken.Add((lot.Issuer ?? ClearingLine.Own, part));
        }

        if (left != 0)
        {
            taken.Add((ClearingLine.Own, left));
        }

        return taken;
    }
}

/// <summary>What a unit is cleared at between two partners.</summary>
/// <param name="Unit">The unit.</param>
/// <param name="Issuer">The partner that issued it; <see cref="ClearingLine.Own"/> for the programme.</param>
/// <param name="Redeemer">The partner where it is redeemed; null: wherever no other rate before this one says.</param>
/// <param name="Units">So many units …</param>
/// <param name="Value">… for so much.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ClearingRate(string Unit, string Issuer, string? Redeemer, long Units, Money Value);

/// <summary>What one partner owes another.</summary>
/// <param name="Program">The programme.</param>
/// <param name="Unit">The unit.</param>
/// <param name="Issuer">Who issued the units, and owes.</param>
/// <param name="Redeemer">Where they were redeemed, and who is owed.</param>
/// <param name="Units">How many.</param>
/// <param name="Owed">How much, rounded once, half to even.</param>
public sealed record ClearingLine(string Program, string Unit, string Issuer, string Redeemer, long Units, Money Owed)
{
    /// <summary>The programme itself, where no partner is named.</summary>
    public const string Own = "own";
}
