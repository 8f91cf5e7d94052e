using Crm.Events;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>
/// Decides a history again in the order in which it was recorded, as an engine did. Where nothing is irrevocable, the order in which events count is enough; what an irrevocable module has done stays when
/// something earlier changes afterwards, and so it depends on when that was recorded.
/// </summary>
internal sealed class RecordedReplay(ModuleSet modules, StateCodec codec, Fold fold)
{
    private readonly bool isIrrevocableOnly = modules.Contracts.All(contract => !contract.Reversible);

    /// <summary>Whether the order in which entries were recorded may tell more than the one in which they count: something was taken back, joined, or came after what counts later.</summary>
    public static bool IsNeeded(RecordedJournal journal) =>
        IsNeeded(journal.Entries.Select(entry => (entry.Draft.Version, entry.Draft.EffectiveAt, entry.Draft.Kind.Nature == EventNature.Amendment || entry.Draft.Joins is not null)));

    /// <summary>The same of a journal that joins no other, which is not made ready for it: most need not be.</summary>
    public static bool IsNeeded(IReadOnlyList<HistoryEntry> entries, EventKinds kinds) =>
        IsNeeded(entries.Select(entry => (entry.Version, entry.EffectiveAt, JournalDraft.KindOf(entry.Event, kinds).Nature == EventNature.Amendment)));

    private static bool IsNeeded(IEnumerable<(long Version, Instant At, bool ChangesOthers)> entries)
    {
        var (version, latest) = (0L, Instant.MinValue);
        foreach (var entry in entries)
        {
            if (entry.Version != ++version || entry.At < latest || entry.ChangesOthers)
            {
                return true;
            }

            latest = entry.At;
        }

        return false;
    }

    /// <summary>What a journal leads to, and all on the way.</summary>
    /// <param name="customer">Whose.</param>
    /// <param name="beginning">The state that it begins with.</param>
    /// <param name="journal">The journal.</param>
    /// <param name="openings">What opens its history to irrevocable modules, or that of a journal that it is joined to, as if it had been there from its own instant on; null: as the journal tells of it, which joins no other.</param>
    /// <param name="until">Up to when what falls due is handled at the end.</param>
    /// <param name="all">Gets what comes of it.</param>
    public RecordedCourse Run(CustomerId customer, CustomerState beginning, RecordedJournal journal, IReadOnlyList<JournalDraft>? openings, Instant until, Consequences all)
    {
        var from = beginning.Handled;
        var own = openings?.Where(opening => opening.InJournalOf is null && OpensIrrevocable(opening)).ToList();
        var step = new Consequences { Of = all.Of };
        var course = new RecordedCourse(this, customer, Fold.Opened(beginning, [.. (own ?? []).SelectMany(opening => fold.OpenedBy(opening))]), own, step);
        foreach (var (draft, accepted) in journal.Entries)
        {
            // What counts no later than the beginning is in it, and what a retirement does is the merge's to do.
            if (draft.EffectiveAt <= from || draft.Kind.Name == EventKinds.RetiredName)
            {
                course.Pass(draft.Version);
            }
            else if (draft.Joins is { } joins)
            {
                var joined = new Consequences { Of = all.Of };
                course.Join(draft, joins.Customer, Run(joins.Customer, joins.Beginning, journal.Joined[draft.Key], [.. Reaching(openings ?? [], draft, joins.Customer)], draft.EffectiveAt, joined));
                all.Add(joined, joins.Customer);
            }
            else
            {
                course.Take(draft, accepted);
            }

            Take(step, all, draft.Backfill);
        }

        course.End(until);
        Take(step, all, silent: false);
        return course;
    }

    /// <summary>Whether an event opens history to an irrevocable module.</summary>
    public bool OpensIrrevocable(JournalDraft draft) => draft.Kind.OpensHistory && fold.OpenedBy(draft).Exists(index => !modules.Contracts[index].Reversible);

    // What opened a history before it was joined to another opened it alone; what did so after two had become one opened that of both.
    private static IEnumerable<JournalDraft> Reaching(IReadOnlyList<JournalDraft> openings, JournalDraft join, CustomerId joined) =>
        openings.Where(opening => opening.InJournalOf is not null || opening.RecordedAt > join.RecordedAt)
            .Select(opening => opening.InJournalOf == joined ? opening with { InJournalOf = null } : opening);

    private static void Take(Consequences step, Consequences all, bool silent)
    {
        if (silent)
        {
            step.Silence();
        }

        all.Add(step);
        step.Clear();
    }

    public EventKinds Kinds => modules.Kinds;

    public CustomerState Beginning() => HistoryBeginning.Of(codec, modules, null, new long[modules.Count]);

    public void Forward(CustomerId customer, CustomerState state, Instant until, Consequences all, SuppliesLeft? left)
    {
        if (state.NextDue <= until)
        {
            fold.BringForward(customer, state, until, all, left is null ? null : [left]);
        }
    }

    public void Happen(CustomerId customer, CustomerState state, JournalDraft draft, Consequences all, SuppliesLeft? left)
    {
        all.Lines.Clear();
        fold.Happen(customer, state, new JournalInput(draft, draft.Event), all, left);
    }

    public void Join(CustomerId customer, CustomerState state, CustomerState joined, JournalDraft merge, Consequences all, SuppliesLeft? left) =>
        fold.Join(customer, state, joined, new JournalInput(merge, merge.Event), left, all);

    // The difference of two replays, and what irrevocable modules make of it. By those alone, nothing of the one without the change is looked at.
    public CustomerState Correct(CustomerId customer, CustomerState beginning, CustomerState state, List<JournalDraft> before, JournalDraft draft, RecordedJournal? journal, Consequences all)
    {
        all.Lines.Clear();
        var change = new HistoryChange(fold, modules, codec, customer, beginning, state, before, draft);
        var correction = change.Decide(null, journal is null ? null : () => journal, wantsReversible: !isIrrevocableOnly);
        // Of reversible modules nothing is wanted where only what irrevocable ones do is.
        var corrected = correction.Apply(all.Of == Whose.Irrevocable ? new Consequences() : all, Shortages.None, out _);
        change.Tell(corrected, all);
        return corrected;
    }
}
