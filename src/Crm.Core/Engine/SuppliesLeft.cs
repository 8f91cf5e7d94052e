using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>
/// What supplies that were found short had left for one entry of the journal and for what fell due since the last thing handled before it, less what has been drawn on them since. The answers are pinned with the entry, so a replay counts
/// down from them again.
/// </summary>
internal sealed class SuppliesLeft
{
    // Null: nothing is given, however little is asked for.
    private readonly Dictionary<string, long?> left;
    private readonly Instant? from;
    private readonly Instant until;

    private SuppliesLeft(Dictionary<string, long?> left, Instant? from, JournalDraft entry) => (this.left, this.from, until, Entry) = (left, from, entry.EffectiveAt, entry.Key);

    /// <summary>The entry.</summary>
    public EventKey Entry { get; }

    /// <summary>What an entry knows; null where no supply was found short for it.</summary>
    public static SuppliesLeft? Of(JournalDraft entry)
    {
        if (entry.Observations.Count == 0)
        {
            return null;
        }

        Dictionary<string, long?>? known = null;
        Instant? since = null;
        foreach (var (supply, amount, told) in Observations.Shortages(entry.Observations))
        {
            (known ??= new Dictionary<string, long?>(StringComparer.Ordinal))[supply] = amount;
            since = told;
        }

        return known is null ? null : new SuppliesLeft(known, since, entry);
    }

    /// <summary>What several entries know, in their order.</summary>
    public static List<SuppliesLeft> Of(IEnumerable<JournalDraft> entries) => [.. entries.Select(Of).OfType<SuppliesLeft>()];

    /// <summary>Whether something that is due was handled together with the entry.</summary>
    /// <param name="due">When it is due.</param>
    /// <param name="began">The last thing handled before what is being brought forward: what is due at the beginning of the stretch belongs to it only where that had been handled already.</param>
    public bool Cover(Instant due, Instant? began) => due <= until && (from < due || (from == due && began >= from));

    /// <summary>Whether something may have been drawn on them by an instant, and something more be drawn after it: a state as of then does not tell how much is left.</summary>
    public bool IsOpenAt(Instant? instant) => from < instant && instant < until && left.Values.Any(amount => amount is not null);

    /// <summary>Whether a draw is covered by what is left.</summary>
    public bool Give(QuotaDraw draw) => draw.Amount <= 0 || !left.TryGetValue(draw.Name, out var amount) || (amount is { } some && draw.IsCoveredBy(some));

    /// <summary>Notes what was drawn, or came back.</summary>
    public void Take(QuotaDraw draw)
    {
        if (left.TryGetValue(draw.Name, out var amount))
        {
            left[draw.Name] = amount is { } some ? draw.LeftOf(some) : null;
        }
    }
}
