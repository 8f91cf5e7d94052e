using System.Runtime.InteropServices;
using Crm.Events;
using Crm.Values;

namespace Crm.Engine;

/// <summary>The purchases of one customer so far, from which amendments that do not name theirs take.</summary>
internal sealed class EarlierPurchases
{
    private readonly List<Entered> purchases = [];
    private readonly Dictionary<string, List<(Entered Purchase, int Line)>> articles = new(StringComparer.Ordinal);
    private readonly Dictionary<Currency, long> unflushed = [];

    /// <summary>One more purchase.</summary>
    /// <param name="purchase">What is kept of it.</param>
    /// <param name="place">Its place in the history.</param>
    public void Enter(KeptSpend purchase, int place)
    {
        Flush(purchase.Currency);
        var entered = new Entered(purchase, place);
        purchases.Add(entered);
        for (var line = 0; line < purchase.Happened.Lines.Count; line++)
        {
            PlacesOf(purchase.Happened.Lines[line].Sku).Add((entered, line));
        }
    }

    /// <summary>From now on the purchases of another customer are this one's too, each in its place.</summary>
    public void Join(EarlierPurchases other)
    {
        Flush();
        other.Flush();
        purchases.AddRange(other.purchases);
        purchases.Sort(static (left, right) => left.Place.CompareTo(right.Place));
        foreach (var (sku, theirs) in other.articles)
        {
            var places = PlacesOf(sku);
            places.AddRange(theirs);
            places.Sort(static (left, right) => (left.Purchase.Place, left.Line).CompareTo((right.Purchase.Place, right.Line)));
        }
    }

    /// <summary>The lines of an article in a line's currency, the latest first.</summary>
    public IEnumerable<(KeptSpend Purchase, int Line)> LatestFirst(EventLine line)
    {
        var places = articles.GetValueOrDefault(line.Sku) ?? [];
        for (var i = places.Count - 1; i >= 0; i--)
        {
            if (places[i].Purchase.Kept.Currency == line.Amount.Currency)
            {
                yield return (places[i].Purchase.Kept, places[i].Line);
            }
        }
    }

    /// <summary>Takes an amount from all in proportion. Amounts of amendments between two purchases are gathered and spread at once, so that splitting one changes nothing.</summary>
    /// <returns>How much of it there was to take.</returns>
    public long Spread(long remaining, Currency currency)
    {
        var waiting = unflushed.GetValueOrDefault(currency);
        var spread = Math.Clamp(AvailableIn(currency) - waiting, 0, remaining);
        unflushed[currency] = waiting + spread;
        return spread;
    }

    /// <summary>Spreads what was gathered.</summary>
    public void Flush()
    {
        foreach (var currency in unflushed.Keys.ToList())
        {
            Flush(currency);
        }
    }

    /// <summary>The first purchase of which anything is left to take; null when there is none.</summary>
    public KeptSpend? FirstAvailable(Currency currency) => purchases.Find(purchase => purchase.Kept is { } kept && kept.Currency == currency && kept.Available > 0).Kept;

    private long AvailableIn(Currency currency) => purchases.Where(purchase => purchase.Kept.Currency == currency).Sum(purchase => purchase.Kept.Available);

    private void Flush(Currency currency)
    {
        if (!unflushed.Remove(currency, out var total) || total == 0)
        {
            return;
        }

        var all = purchases.Where(purchase => purchase.Kept.Currency == currency).Select(purchase => purchase.Kept).ToList();
        var shares = Apportionment.Of(Math.Min(total, AvailableIn(currency)), [.. all.Select(purchase => purchase.Available)]);
        for (var i = 0; i < shares.Length; i++)
        {
            all[i].Spread(shares[i]);
        }
    }

    private List<(Entered Purchase, int Line)> PlacesOf(string sku) =>
        CollectionsMarshal.GetValueRefOrAddDefault(articles, sku, out _) ??= [];

    private readonly record struct Entered(KeptSpend Kept, int Place);
}
