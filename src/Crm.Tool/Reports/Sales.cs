using Crm.Events;
using Crm.Storage;
using Crm.Tool.Stores;
using Crm.Values;
using NodaTime;

namespace Crm.Tool.Reports;

/// <summary>A purchase as reports of habits count it.</summary>
/// <param name="At">When.</param>
/// <param name="Day">The day in the store's zone.</param>
/// <param name="Amount">What was spent, in the main unit of the currency, refunds not taken off.</param>
[System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Auto)]
internal readonly record struct Sale(Instant At, LocalDate Day, decimal Amount);

/// <summary>The purchases of a customer.</summary>
/// <param name="Customer">The source's own id: the value of an identity; where there is none any more, the customer's id.</param>
/// <param name="Purchases">In the order in which they were recorded; empty where there are other events only.</param>
/// <param name="TakenBack">What was refunded or cancelled, in the main unit of the currency: as <see cref="TakenBackCount"/> adds it up.</param>
internal sealed record CustomerSales(string Customer, IReadOnlyList<Sale> Purchases, decimal TakenBack)
{
    public IEnumerable<LocalDate> Days => Purchases.Select(sale => sale.Day);

    public decimal Gross => Purchases.Sum(sale => sale.Amount);
}

/// <summary>The purchases of all customers of a store up to an instant.</summary>
internal sealed record Sales
{
    private Sales()
    {
    }

    /// <summary>Customers with at least one event, by what they are called.</summary>
    public required IReadOnlyList<CustomerSales> Customers { get; init; }

    /// <summary>The day of the report in the store's zone.</summary>
    public required LocalDate AsOf { get; init; }

    /// <summary>The instant at which that day begins.</summary>
    public required Instant StartOfAsOf { get; init; }

    /// <summary>The last instant that counts.</summary>
    public required Instant Last { get; init; }

    /// <summary>The one currency of the amounts; null where there are none.</summary>
    public required Currency? Currency { get; init; }

    /// <summary>The customers who have bought.</summary>
    public IEnumerable<CustomerSales> Buyers => Customers.Where(customer => customer.Purchases.Count > 0);

    /// <exception cref="ToolException">Purchases are in several currencies, which cannot be added up.</exception>
    public static async ValueTask<Sales> ReadAsync(OpenedStore store, AsOf asOf, CancellationToken cancellationToken)
    {
        var zone = (await StoreSettings.ReadAsync(store.Documents, cancellationToken))?.Zone ?? DateTimeZone.Utc;
        var last = asOf.Last(zone);
        var day = last.InZone(zone).Date;
        var journals = new Dictionary<CustomerId, List<Sale>>();
        var amounts = new Dictionary<CustomerId, decimal>();
        var takenBack = new TakenBackCount((customer, amount) => amounts[customer] = amounts.GetValueOrDefault(customer) + amount.Amount);
        var survivors = new Dictionary<CustomerId, CustomerId>();
        Currency? currency = null;
        await foreach (var (customer, entry) in store.Scan.ReadAllAsync(cancellationToken))
        {
            // Two who became one are one customer, whenever that was.
            if (JoinedHistories.SurvivorOf(entry) is { } survivor)
            {
                survivors[customer] = survivor;
            }

            takenBack.Take(customer, entry, counts: entry.Event.OccurredAt <= last);
            if (entry.Event.OccurredAt is not { } at || at > last || entry.Event.Kind is EventKinds.MergedName or EventKinds.RetiredName or EventKinds.ErasedName)
            {
                continue;
            }

            if (!journals.TryGetValue(customer, out var purchases))
            {
                journals[customer] = purchases = [];
            }

            if (entry.Event.Kind == EventKinds.PurchaseName)
            {
                purchases.Add(new Sale(at, at.InZone(zone).Date, entry.Event.Spend?.Amount ?? 0));
                currency = One(currency, entry.Event.Spend);
            }
            else if (entry.Event.Kind == EventKinds.RefundName)
            {
                currency = One(currency, entry.Event.Spend);
            }
        }

        takenBack.Close();
        var names = await NamesAsync(store, cancellationToken);
        var customers = journals.GroupBy(journal => Survivor(journal.Key)).Select(own => new CustomerSales(
            names.TryGetValue(own.Key, out var name) ? name.Value : own.Key.ToString(),
            [.. own.SelectMany(journal => journal.Value)],
            own.Sum(journal => amounts.GetValueOrDefault(journal.Key))));
        return new Sales
        {
            Customers = [.. customers.OrderBy(customer => customer.Customer, StringComparer.Ordinal)],
            AsOf = day,
            StartOfAsOf = zone.StartOf(day),
            Last = last,
            Currency = currency,
        };

        CustomerId Survivor(CustomerId customer) => survivors.TryGetValue(customer, out var next) ? Survivor(next) : customer;
    }

    private static Currency? One(Currency? known, Money? amount) => amount is not { } money ? known
        : known is null || known == money.Currency ? money.Currency
        : throw ToolException.Input($"Purchases are in {known} and in {money.Currency}; amounts of one currency are expected, because they are added up.");

    // Whoever has several identities is called by the first.
    private static async ValueTask<Dictionary<CustomerId, Identity>> NamesAsync(OpenedStore store, CancellationToken cancellationToken)
    {
        var names = new Dictionary<CustomerId, Identity>();
        await foreach (var (customer, identity) in store.Scan.ReadIdentitiesAsync(cancellationToken))
        {
            if (!names.TryGetValue(customer, out var known) || string.CompareOrdinal($"{identity.Kind}:{identity.Value}", $"{known.Kind}:{known.Value}") < 0)
            {
                names[customer] = identity;
            }
        }

        return names;
    }
}
