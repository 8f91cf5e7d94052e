using Crm.Definitions;
using Crm.Events;
using Crm.Ledger;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>What the events of a history were recorded to have given, where other definitions decided them than those of today.</summary>
internal sealed class AwardRecords
{
    private readonly List<JournalDraft> drafts;
    private readonly Dictionary<EventKey, (Instant At, bool IsAmendment)> causes = [];
    private readonly Dictionary<CustomerId, List<(Instant From, DefinitionEpoch Epoch)>> eras = [];
    private readonly Dictionary<Instant, EffectiveHistory> then = [];
    private readonly CustomerId owner;

    private AwardRecords(CustomerId owner, List<JournalDraft> drafts) => (this.owner, this.drafts) = (owner, drafts);

    /// <summary>A history as <see cref="Recall"/> has it. The ledgers are read only where other definitions decided some of it; of a store that cannot read them nothing is recalled.</summary>
    /// <param name="kernel">Has the store.</param>
    /// <param name="owner">Whose.</param>
    /// <param name="decidedBy">By which definitions the owner was decided about.</param>
    /// <param name="drafts">The history, or the later part of it.</param>
    /// <param name="wholeAsync">Reads all of it.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public static async ValueTask<List<JournalDraft>> RecallAsync(Kernel kernel, CustomerId owner, Sequence<DefinitionEpoch> decidedBy, List<JournalDraft> drafts, Func<ValueTask<CustomerHistory>> wholeAsync, CancellationToken cancellationToken)
    {
        if (kernel.Store is not IJournalDisposal books || decidedBy.IsEmpty || drafts.TrueForAll(draft => draft.InJournalOf is null && kernel.Modules.DecidesAs(decidedBy.LastOrDefault(epoch => epoch.Since <= draft.Version), draft.EffectiveAt)))
        {
            return drafts;
        }

        var whole = await wholeAsync().ConfigureAwait(false);
        var epochs = new Dictionary<CustomerId, Sequence<DefinitionEpoch>> { [owner] = decidedBy };
        List<LedgerEntry> ledger = [.. await books.LedgerOfAsync(owner, cancellationToken).ConfigureAwait(false)];
        foreach (var joined in whole.AllJoined())
        {
            ledger.AddRange(await books.LedgerOfAsync(joined.Customer, cancellationToken).ConfigureAwait(false));
            epochs[joined.Customer] = joined.Last is { } last ? kernel.Codec.Decode(last.Slots, 0).DecidedBy : [];
        }

        return Recall(owner, drafts, whole, journal => epochs.GetValueOrDefault(journal), ledger, kernel.Modules);
    }

    /// <summary>A history in which each event knows what it was recorded to have given, where other definitions decided it than those of today, or nobody knows which.</summary>
    /// <param name="owner">Whose.</param>
    /// <param name="drafts">The history, or the later part of it.</param>
    /// <param name="whole">All of it.</param>
    /// <param name="epochs">By which definitions those of a journal were decided about.</param>
    /// <param name="ledger">What was written of all whose journals they are.</param>
    /// <param name="modules">Those of today.</param>
    public static List<JournalDraft> Recall(CustomerId owner, List<JournalDraft> drafts, CustomerHistory whole, Func<CustomerId, Sequence<DefinitionEpoch>> epochs, IReadOnlyCollection<LedgerEntry> ledger, ModuleSet modules)
    {
        var records = new AwardRecords(owner, drafts);
        var receipts = new Dictionary<EventKey, Receipt>();
        foreach (var journal in whole.All().GroupBy(one => one.Of ?? owner, one => one.Entry))
        {
            foreach (var entry in journal)
            {
                records.causes[entry.Event.Key] = (entry.RecordedAt, JournalDraft.KindOf(entry.Event, modules.Kinds).Nature == EventNature.Amendment);
                receipts[entry.Event.Key] = entry.Receipt;
            }

            // One that has begun with nothing yet decided by it begins with what is decided now.
            records.eras[journal.Key] = [.. epochs(journal.Key).Select(epoch => (journal.Where(entry => entry.Version >= epoch.Since).Min(entry => (Instant?)entry.RecordedAt) ?? Instant.MaxValue, epoch))];
        }

        var caused = ledger.Where(entry => entry.Corrects is null).ToLookup(entry => entry.Cause);
        var corrected = ledger.Where(entry => entry is { Corrects: not null, Movement: Movement.Issued or Movement.Reversed }).ToLookup(entry => entry.Corrects);
        return drafts.ConvertAll(draft =>
        {
            var epoch = records.eras.GetValueOrDefault(draft.InJournalOf ?? owner)?.Select(era => era.Epoch).LastOrDefault(one => one.Since <= draft.Version);
            if (draft.Kind is { Nature: EventNature.Amendment } or { OpensHistory: true } || modules.DecidesAs(epoch, draft.EffectiveAt))
            {
                return draft;
            }

            var isRequest = draft.Kind.Nature == EventNature.Request;
            var own = caused[draft.Key].ToLookup(entry => entry.Movement == Movement.Issued && !isRequest);
            return draft with { Recorded = new AwardRecord(draft, epoch, receipts.GetValueOrDefault(draft.Key)?.Lines ?? [], isRequest ? [] : [.. own[true], .. corrected[draft.Key]], [.. own[false]], records) };
        });
    }

    /// <summary>When something was recorded; long ago where its entry is gone.</summary>
    public Instant RecordedAt(EventKey cause) => causes.TryGetValue(cause, out var known) ? known.At : Instant.MinValue;

    /// <summary>Whether something took back from others.</summary>
    public bool IsAmendment(EventKey cause) => causes.TryGetValue(cause, out var known) && known.IsAmendment;

    /// <summary>From when on an event was not decided by its definitions any more: the first that was recorded where one of them was gone, or the one of today was there.</summary>
    public Instant EndOf(JournalDraft recorded, IReadOnlySet<DefinitionHash> decidedBy, DefinitionHash? now) => new[] { recorded.InJournalOf ?? owner, owner }.Distinct()
        .SelectMany(journal => eras.GetValueOrDefault(journal) ?? [])
        .Where(era => era.From > recorded.RecordedAt && (!decidedBy.All(era.Epoch.Had) || (now is { } today && era.Epoch.Had(today))))
        .Select(era => era.From).Append(Instant.MaxValue).Min();

    /// <summary>What was left of an event then; null: nothing.</summary>
    public CustomerEvent? LeftOf(JournalDraft recorded, Instant until)
    {
        if (!then.TryGetValue(until, out var history))
        {
            then[until] = history = EffectiveHistory.Of(drafts.FindAll(draft => draft.RecordedAt < until));
        }

        return history.Left.GetValueOrDefault(recorded.Key);
    }
}
