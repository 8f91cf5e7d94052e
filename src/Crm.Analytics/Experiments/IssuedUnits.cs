using Crm.Ledger;
using Crm.Values;
using NodaTime;

namespace Crm.Analytics.Experiments;

/// <summary>
/// What was issued to somebody, each award at the instant of the event that earned it and less what was taken back of it since. So what comes back was never a cost, whenever it came back, whether the
/// programme decides history again or takes back what it recorded, and whichever lot it is taken from; and what never counted as a cost takes nothing off.
/// </summary>
internal sealed class IssuedUnits
{
    private readonly IReadOnlyDictionary<EventKey, KnownEvent> history;
    private readonly Dictionary<(string Program, string Unit, EventKey Source), Award> awards = [];

    private IssuedUnits(IReadOnlyDictionary<EventKey, KnownEvent> history) => this.history = history;

    /// <summary>The unit, the instant and what is left of each award.</summary>
    /// <param name="entries">What was issued to and taken back from one customer, under all their ids.</param>
    /// <param name="history">Their history, by key: says which event a refund takes back.</param>
    public static IEnumerable<(string Unit, Instant At, long Left)> Of(IEnumerable<LedgerEntry> entries, IReadOnlyDictionary<EventKey, KnownEvent> history)
    {
        var issued = new IssuedUnits(history);

        // What an amendment takes and writes off is one act; everything else comes lot by lot. Late events may take back what was issued after them, so what was issued goes first.
        foreach (var act in entries
            .GroupBy(entry => (entry.Program, entry.Unit, entry.Cause, entry.Corrects, Lot: issued.IsAmendment(entry.Cause) ? null : entry.Lot))
            .Select(group => new Act(group.Key.Program, group.Key.Unit, group.Key.Cause, group.Key.Corrects, group.Key.Lot, group.Min(entry => entry.OccurredAt), group.Sum(entry => entry.Amount)))
            .OrderByDescending(act => act is { Amount: > 0, Corrects: null }).ThenBy(act => act.At))
        {
            issued.Apply(act);
        }

        return issued.awards.Select(pair => (pair.Key.Unit, pair.Value.At, Math.Max(0, pair.Value.Left)));
    }

    private void Apply(Act act)
    {
        var source = SourceOf(act.Corrects ?? act.Cause);
        if (source is { } known && awards.GetValueOrDefault((act.Program, act.Unit, known)) is { } award)
        {
            award.Left += act.Amount;
        }
        else if (source is { } earning && act.Amount > 0)
        {
            awards[(act.Program, act.Unit, earning)] = new Award(history.GetValueOrDefault(earning)?.At ?? act.At, act.Lot) { Left = act.Amount };
        }
        else if (source is null || source == act.Cause)
        {
            TakeLatest(act);
        }
    }

    // Without a receipt, or by hand: from the same lot first where one is told, and of those the latest.
    private void TakeLatest(Act act)
    {
        var rest = -act.Amount;
        foreach (var award in awards
            .Where(pair => pair.Key.Program == act.Program && pair.Key.Unit == act.Unit && pair.Value.Left > 0 && pair.Value.At <= act.At).Select(pair => pair.Value)
            .OrderByDescending(award => act.Lot is not null && award.Lot == act.Lot).ThenByDescending(award => award.At))
        {
            var taken = Math.Clamp(rest, 0, award.Left);
            award.Left -= taken;
            rest -= taken;
        }
    }

    private bool IsAmendment(EventKey cause) => history.GetValueOrDefault(cause) is { IsAmendment: true };

    // The event that an amendment changes, be it through others; null where it does not say which.
    private EventKey? SourceOf(EventKey cause)
    {
        EventKey? source = cause;
        for (var seen = new HashSet<EventKey>(); source is { } key && seen.Add(key) && history.GetValueOrDefault(key) is { IsAmendment: true } amendment;)
        {
            source = amendment.Original;
        }

        return source;
    }

    private sealed record Act(string Program, string Unit, EventKey Cause, EventKey? Corrects, string? Lot, Instant At, long Amount);

    private sealed class Award(Instant at, string? lot)
    {
        public Instant At { get; } = at;

        public string? Lot { get; } = lot;

        public long Left { get; set; }
    }
}

/// <summary>What is to be known of an event in order to tell what its units cost.</summary>
/// <param name="At">When it counts.</param>
/// <param name="IsAmendment">Whether it takes something back.</param>
/// <param name="Original">The event that it takes back; null where it does not say.</param>
internal sealed record KnownEvent(Instant At, bool IsAmendment, EventKey? Original);
