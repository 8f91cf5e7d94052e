using Crm.Events;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Tool.Reports;

/// <summary>Adds up the journals of customers.</summary>
internal sealed class JournalCount
{
    private readonly Instant last;
    private readonly TakenBackCount takenBack;
    private readonly SortedDictionary<string, Revenue> revenue = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, long> suppressed = new(StringComparer.Ordinal);
    private readonly HashSet<CustomerId> customers = [];
    private long events;
    private long purchases;
    private long sent;

    /// <param name="last">The last instant that counts.</param>
    public JournalCount(Instant last)
    {
        this.last = last;
        takenBack = new TakenBackCount((_, amount) => Add(amount, gross: false));
    }

    /// <summary>Whether an entry happened after the instant up to which is counted.</summary>
    public bool HasLater { get; private set; }

    /// <summary>Customers with at least one event that counts.</summary>
    public IReadOnlyCollection<CustomerId> Customers => customers;

    /// <summary>Takes an entry; those of one customer come one after another.</summary>
    public void Take(CustomerId customer, JournalEntry entry)
    {
        var isLater = (entry.Event.OccurredAt ?? entry.EffectiveAt) > last;
        takenBack.Take(customer, entry, counts: !isLater);
        if (isLater)
        {
            HasLater = true;
            return;
        }

        // Two who became one are one customer, and neither a merge nor an erasure is an event that anybody sent.
        if (entry.Event.Kind is EventKinds.MergedName or EventKinds.RetiredName or EventKinds.ErasedName)
        {
            if (entry.Event.Kind == EventKinds.RetiredName)
            {
                customers.Remove(customer);
            }

            return;
        }

        events++;
        customers.Add(customer);
        switch (entry.Event.Kind)
        {
            case EventKinds.PurchaseName:
                purchases++;
                Add(entry.Event.Spend, gross: true);
                break;
            case MessageOutcomes.Sent:
                sent++;
                break;
            case MessageOutcomes.Refused:
                Suppress(entry.Event.Fields["reason"].AsCode ?? "refused");
                break;
            case MessageOutcomes.Stale:
                Suppress("stale");
                break;
        }
    }

    /// <summary>The figures of the journals, all of which have been taken, with those that come from elsewhere.</summary>
    public Summary Summary(UnitCount units, StandingCount standing, long deferred)
    {
        takenBack.Close();
        return new Summary
        {
            Customers = customers.Count,
            Events = events,
            Purchases = purchases,
            Revenue = revenue,
            Units = units.Units,
            Undefined = units.Undefined,
            Disposed = standing.Disposed,
            Tiers = standing.Tiers,
            Segments = standing.Segments,
            StampCards = standing.StampCards,
            Messages = new MessageFigures(sent, Merged(standing.Suppressed), deferred),
        };
    }

    private void Add(Money? amount, bool gross)
    {
        if (amount is not { } money)
        {
            return;
        }

        var none = new Money(0, money.Currency);
        var before = revenue.TryGetValue(money.Currency.Code, out var known) ? known : new Revenue(none, none);
        revenue[money.Currency.Code] = gross ? before with { Gross = before.Gross + money } : before with { Refunded = before.Refunded + money };
    }

    private SortedDictionary<string, long> Merged(IReadOnlyDictionary<string, long> atDecision)
    {
        var all = new SortedDictionary<string, long>(suppressed, StringComparer.Ordinal);
        foreach (var (reason, count) in atDecision)
        {
            all[reason] = all.GetValueOrDefault(reason) + count;
        }

        return all;
    }

    private void Suppress(string reason) => suppressed[reason] = suppressed.GetValueOrDefault(reason) + 1;
}
