using Crm.Events;
using Crm.Ledger;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>
/// Decides up to where a journal can be disposed of, and makes the opening that stands for it. A journal is cut between two instants over which no amendment reaches, so that whatever stays can be decided again without what goes; and the
/// opening is only used when what stays, decided again from it, gives the stored state to the byte. Nor does what was told of a decision later go before what was told of it first.
/// </summary>
internal sealed class DisposalPlan(ModuleSet modules, StateCodec codec, CrmOptions options)
{
    private readonly Fold fold = new(modules, codec, options);
    private readonly Redecision redecision = new(modules, codec, options);

    /// <summary>The instant up to which a journal can go: that of its last entry at or before a bound, or of an earlier one that no later amendment reaches back to. Null: nothing can go.</summary>
    public static Instant? Cut(CustomerHistory history, IReadOnlyList<JournalDraft> drafts, Instant bound)
    {
        var effective = EffectiveHistory.Of(drafts);
        var reaching = drafts.Where(draft => draft.Kind.Nature == EventNature.Amendment).Select(draft => (draft.EffectiveAt, Reach: effective.ReachOf(draft))).Concat(ToldEarlier(history)).ToList();
        while (LastUpTo(history, bound) is { } cut)
        {
            var reach = reaching.Where(one => one.EffectiveAt > cut).Select(one => one.Reach).DefaultIfEmpty(Instant.MaxValue).Min();
            if (reach > cut)
            {
                return cut;
            }

            if (reach == Instant.MinValue)
            {
                return null;
            }

            bound = reach - Duration.FromTicks(1);
        }

        return null;
    }

    /// <summary>Whether a journal can be decided again with the definitions that are there.</summary>
    public bool CanDecide(CustomerHistory history, IEnumerable<LedgerEntry> ledger) => redecision.Obstacle(history, ledger) is null;

    /// <summary>The state as of a cut, decided again; null where what stays would not lead from it to the stored state.</summary>
    public Checkpoint? Decided(CustomerId customer, CustomerState stored, CustomerHistory history, IReadOnlyList<JournalDraft> drafts, Instant cut)
    {
        var inputs = EffectiveHistory.Of(drafts).Inputs.Where(input => input.Entry.EffectiveAt <= cut).ToList();
        var state = Replay.Run(fold, customer, HistoryBeginning.Of(codec, modules, history.Opening, stored.Since), inputs, Instant.MinValue).State;
        state.SinceCheckpoint = 0;
        state.Opening = null;
        var opening = new Checkpoint(cut, codec.EncodeAll(state));
        return redecision.Compare(customer, stored, After(opening, history)).Any() ? null : opening;
    }

    /// <summary>Whether what stays after a stored checkpoint can no more be decided again than the whole, or leads from it to the stored state. What is in the way may be among what goes: nobody would know of it afterwards.</summary>
    public bool Leads(CustomerId customer, CustomerState stored, CustomerHistory history, IEnumerable<LedgerEntry> ledger, Checkpoint checkpoint)
    {
        var rest = After(checkpoint, history);
        var staying = rest.Entries.Select(entry => entry.Event.Key).ToHashSet();
        return redecision.Obstacle(rest, ledger.Where(entry => staying.Contains(entry.Cause))) is not null || !redecision.Compare(customer, stored, rest).Any();
    }

    /// <summary>Whether a stored checkpoint can stand for what is before it: it has counted all that is counted today.</summary>
    public bool IsUsable(Checkpoint checkpoint) => codec.Decode(checkpoint.Slots, 0).Observed.MissingLeaves.IsEmpty;

    /// <summary>The opening of a journal whose entries up to a checkpoint go.</summary>
    public static JournalOpening Opening(Checkpoint state, CustomerHistory history, IEnumerable<LedgerEntry> ledger, Instant now)
    {
        var going = history.Entries.Where(entry => entry.EffectiveAt <= state.At).ToList();
        var staying = history.Entries.Where(entry => entry.EffectiveAt > state.At).Select(entry => entry.Event.Key).ToHashSet();
        var tally = JournalTally.Of(going).With(history.Opening);
        var caused = LedgerTally.WithoutCauseIn(staying, ledger);
        var recordedAt = going.Max(entry => entry.RecordedAt);
        return new JournalOpening(state.At, state.Slots)
        {
            Entries = tally.Count,
            Sum = tally.Sum,
            LedgerEntries = caused.Count,
            LedgerSum = caused.Sum,
            RecordedAt = history.Opening is { } before ? Instant.Max(before.RecordedAt, recordedAt) : recordedAt,
            DisposedAt = now,
        };
    }

    /// <summary>What a store is to write so that an opening stands for the beginning of a journal.</summary>
    /// <param name="codec">Writes the state.</param>
    /// <param name="customer">Whose journal.</param>
    /// <param name="version">The version upon which it was decided.</param>
    /// <param name="state">The customer's state, which knows the opening from then on.</param>
    /// <param name="history">The whole journal.</param>
    /// <param name="opening">The opening.</param>
    /// <param name="now">The engine's now.</param>
    /// <param name="isLive">Whether the customer has a state; whoever was merged into another has none.</param>
    public static JournalDisposal Disposal(StateCodec codec, CustomerId customer, long version, CustomerState state, CustomerHistory history, JournalOpening opening, Instant now, bool isLive)
    {
        state.Opening = OpeningMark.Of(opening);
        var commit = new Commit
        {
            Customer = customer,
            ExpectedVersion = version,
            Version = version + 1,
            RecordedAt = Kernel.After(null, now),
            Slots = isLive ? codec.EncodeChanged(state, state.Slots) : [],
        };
        var receipts = history.Entries.Where(entry => entry.EffectiveAt <= opening.At).OrderBy(entry => entry.Version).Select(entry => entry.Receipt.Short()).ToSequence();
        return new JournalDisposal(commit, opening, receipts);
    }

    private static CustomerHistory After(Checkpoint checkpoint, CustomerHistory history) => new(checkpoint, history.Entries.Where(entry => entry.EffectiveAt > checkpoint.At).ToSequence());

    // What an event that came late says of an occasion, such as that there was nothing to decide, counts before what had been said of it.
    private static IEnumerable<(Instant EffectiveAt, Instant Reach)> ToldEarlier(CustomerHistory history)
    {
        var latest = new Dictionary<string, Instant>(StringComparer.Ordinal);
        foreach (var entry in history.Entries.OrderBy(entry => entry.Version))
        {
            foreach (var occasion in DecisionLog.OccasionsOf(entry))
            {
                var before = latest.GetValueOrDefault(occasion, entry.EffectiveAt);
                yield return (before, entry.EffectiveAt);
                latest[occasion] = Instant.Max(before, entry.EffectiveAt);
            }
        }
    }

    private static Instant? LastUpTo(CustomerHistory history, Instant bound)
    {
        Instant? last = null;
        foreach (var entry in history.Entries)
        {
            if (entry.EffectiveAt <= bound && !(entry.EffectiveAt < last))
            {
                last = entry.EffectiveAt;
            }
        }

        return last;
    }
}
