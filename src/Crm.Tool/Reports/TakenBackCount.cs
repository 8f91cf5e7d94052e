using Crm.Events;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Tool.Reports;

/// <summary>
/// Adds up what refunds and cancellations took back of sales. It is a function of all of a customer's events together and no sum over receipts: a cancellation may come before what it cancels, and may be cancelled itself.
/// A refund takes back its amount, a cancelled purchase what the refunds that name it have left of it, and what was cancelled itself takes nothing.
/// </summary>
/// <param name="taken">Gets the amounts, each with the customer in whose journal the refund or the cancelled purchase is.</param>
internal sealed class TakenBackCount(Action<CustomerId, Money> taken)
{
    private readonly List<Act> open = [];
    private readonly List<Act> united = [];
    private CustomerId current;
    private bool isUnited;

    /// <summary>Takes an entry; those of one customer come one after another.</summary>
    /// <param name="customer">In whose journal it is.</param>
    /// <param name="entry">The entry.</param>
    /// <param name="counts">Whether it counts; where two became one matters for those that do.</param>
    public void Take(CustomerId customer, JournalEntry entry, bool counts)
    {
        if (customer != current)
        {
            Settle();
            current = customer;
        }

        var kind = entry.Event.Kind;
        isUnited |= kind is EventKinds.MergedName or EventKinds.RetiredName;
        if (JoinedHistories.RetiredBy(entry) is { } retired)
        {
            open.Add(new Act(customer, entry) { Retired = retired });
        }
        else if (counts && (kind == EventKinds.CancellationName || (kind is EventKinds.PurchaseName or EventKinds.RefundName && entry.Event.Spend is not null)))
        {
            open.Add(new Act(customer, entry));
        }
    }

    /// <summary>All entries have been taken.</summary>
    public void Close()
    {
        Settle();
        Settle(united);
        united.Clear();
    }

    // Whoever is one with somebody may have taken back what the other bought, so they wait for each other.
    private void Settle()
    {
        if (isUnited)
        {
            united.AddRange(open);
        }
        else
        {
            Settle(open);
        }

        open.Clear();
        isUnited = false;
    }

    private void Settle(List<Act> acts)
    {
        if (acts.TrueForAll(act => act.Kind == EventKinds.PurchaseName))
        {
            return;
        }

        Find(acts);
        var cancelled = Cancelled(acts);
        var refunds = acts.FindAll(act => act.Kind == EventKinds.RefundName && !cancelled.Contains(act));
        refunds.ForEach(refund => taken(refund.Customer, refund.Spend));
        var refunded = refunds.ToLookup(refund => refund.Of);
        foreach (var purchase in acts.Where(act => act.Kind == EventKinds.PurchaseName && cancelled.Contains(act)))
        {
            var before = refunded[purchase].Where(refund => refund.Spend.Currency == purchase.Spend.Currency).Sum(refund => refund.Spend.MinorUnits);
            taken(purchase.Customer, purchase.Spend with { MinorUnits = Math.Max(0, purchase.Spend.MinorUnits - before) });
        }
    }

    // What each amendment names. It is found where both are of one customer when the later of them is recorded.
    private static void Find(List<Act> acts)
    {
        var survivors = new Dictionary<CustomerId, CustomerId>();
        var known = new Dictionary<EventKey, Act>();
        var naming = acts.Where(act => act.Original is not null).ToLookup(act => act.Original);
        foreach (var act in acts.OrderBy(act => act.RecordedAt).ThenBy(act => act.Retired is not null))
        {
            if (act.Retired is { } retired)
            {
                survivors[retired] = act.Customer;
                continue;
            }

            known.TryAdd(act.Key, act);
            if (act.Original is { } original && known.TryGetValue(original, out var earlier) && AreOne(act, earlier))
            {
                act.Of = earlier;
            }

            foreach (var waiting in naming[act.Key].Where(amendment => known.GetValueOrDefault(amendment.Key) == amendment && AreOne(act, amendment)))
            {
                waiting.Of ??= act;
            }
        }

        bool AreOne(Act left, Act right) => Survivor(left.Customer) == Survivor(right.Customer);

        CustomerId Survivor(CustomerId customer) => survivors.TryGetValue(customer, out var next) ? Survivor(next) : customer;
    }

    // As in the engine: a cancellation counts unless one that counts takes it back; of two that take back each other, the later one counts.
    private static HashSet<Act> Cancelled(List<Act> acts)
    {
        var cancellations = acts.Where(act => act.Kind == EventKinds.CancellationName && act.Of is not null)
            .OrderByDescending(act => act.EffectiveAt).ThenByDescending(act => act.RecordedAt).ThenByDescending(act => act.Key).ToList();
        var cancelledBy = cancellations.ToLookup(act => act.Of);
        var counts = new Dictionary<Act, bool>();
        return [.. cancellations.Where(Counts).Select(act => act.Of).OfType<Act>()];

        bool Counts(Act cancellation)
        {
            if (!counts.TryGetValue(cancellation, out var known))
            {
                counts[cancellation] = true;
                counts[cancellation] = known = !cancelledBy[cancellation].Any(Counts);
            }

            return known;
        }
    }

    private sealed class Act(CustomerId customer, JournalEntry entry)
    {
        public CustomerId Customer => customer;

        public EventKey Key { get; } = entry.Event.Key;

        public string Kind { get; } = entry.Event.Kind;

        public Money Spend { get; } = entry.Event.Spend ?? default;

        public EventKey? Original { get; } = entry.Event.Original;

        public Instant EffectiveAt { get; } = entry.EffectiveAt;

        public Instant RecordedAt { get; } = entry.RecordedAt;

        /// <summary>Who was merged into the customer by this; null for everything else.</summary>
        public CustomerId? Retired { get; init; }

        /// <summary>What it takes back; null where it names nothing, or nothing that is there.</summary>
        public Act? Of { get; set; }
    }
}
