using Crm.Events;
using Crm.Ledger;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>
/// Decides stored histories again, by whatever modules, as if these had decided from the beginning. Nothing is written. What has been decided about requests stands, and what was read from outside the
/// journal is read from it again; what a module asks for that was not observed then counts as missing, and supplies suffice. What irrevocable modules have done stays when something before it changes: stored
/// histories are decided in the order in which they were recorded where that matters to them. Not for several threads at once.
/// </summary>
public sealed class HistoryReplay
{
    private readonly ModuleSet modules;
    private readonly CrmOptions options;
    private readonly StateCodec codec;
    private readonly Fold fold;
    private readonly Fold lean;

    // Null where everything is reversible.
    private readonly RecordedReplay? recorded;

    // The one that was last run beside this one, and whether both take events for the same.
    private HistoryReplay? latest;
    private bool latestIsAlike;

    /// <summary>Decides by these modules and options.</summary>
    /// <exception cref="ArgumentException">Contracts of modules do not fit together; the message lists all that is wrong.</exception>
    public HistoryReplay(IEnumerable<ICustomerModule> modules, CrmOptions options)
    {
        ArgumentNullException.ThrowIfNull(modules);
        ArgumentNullException.ThrowIfNull(options);
        this.modules = new ModuleSet(modules, options.Calendars);
        this.options = options;
        codec = new StateCodec(this.modules);
        fold = new Fold(this.modules, codec, options);
        lean = new Fold(this.modules, codec, options, wantsLines: false);
        recorded = this.modules.IsAllReversible ? null : new RecordedReplay(this.modules, codec, lean);
    }

    /// <summary>What a history leads to.</summary>
    /// <param name="customer">Whose.</param>
    /// <param name="history">All entries of the customer's journal.</param>
    /// <param name="until">Up to when what falls due is handled at the end; entries that count later count all the same.</param>
    /// <param name="about">The event whose receipt lines are wanted; null: none.</param>
    /// <param name="opening">What stands for entries that were disposed of: what had been decided by then stands; null: none were.</param>
    public ReplayedHistory Run(CustomerId customer, IEnumerable<JournalEntry> history, Instant until, EventKey? about = null, JournalOpening? opening = null)
    {
        ArgumentNullException.ThrowIfNull(history);
        return Run(customer, HistoryBeginning.Of(codec, modules, opening, new long[modules.Count]), EffectiveHistory.InputsOf([.. JournalDraft.Of(history, modules.Kinds)]), until, about);
    }

    /// <summary>What a history leads to.</summary>
    /// <param name="history">The whole history of a customer.</param>
    /// <param name="until">Up to when what falls due is handled at the end; entries that count later count all the same.</param>
    public ReplayedHistory Run(StoredHistory history, Instant until)
    {
        ArgumentNullException.ThrowIfNull(history);
        IReadOnlyList<JournalInput>? inputs = null;
        return RunStored(history, ref inputs, until);
    }

    /// <summary>What one history leads to by two sets of modules, read once for both.</summary>
    /// <param name="one">Decides by the first.</param>
    /// <param name="other">Decides by the second.</param>
    /// <param name="history">The whole history of a customer.</param>
    /// <param name="until">Up to when what falls due is handled at the end; entries that count later count all the same.</param>
    public static (ReplayedHistory One, ReplayedHistory Other) Run(HistoryReplay one, HistoryReplay other, StoredHistory history, Instant until)
    {
        ArgumentNullException.ThrowIfNull(one);
        ArgumentNullException.ThrowIfNull(other);
        ArgumentNullException.ThrowIfNull(history);
        if (one.latest != other)
        {
            (one.latest, one.latestIsAlike) = (other, one.modules.Kinds.AreAs(other.modules.Kinds));
        }

        IReadOnlyList<JournalInput>? inputs = null;
        var first = one.RunStored(history, ref inputs, until);
        inputs = one.latestIsAlike ? inputs : null;
        return (first, other.RunStored(history, ref inputs, until));
    }

    private ReplayedHistory RunStored(StoredHistory history, ref IReadOnlyList<JournalInput>? inputs, Instant until)
    {
        if (recorded is not null && RecordedReplay.IsNeeded(history.Entries, modules.Kinds))
        {
            var all = new Consequences();
            return Replayed(history.Customer, recorded.Run(history.Customer, recorded.Beginning(), RecordedJournal.Of(history.Entries, modules.Kinds), null, until, all).State, until, all, []);
        }

        return Run(history.Customer, CustomerState.Newborn(modules), inputs ??= EffectiveHistory.InputsOf(JournalDraft.Of(history.Entries, modules.Kinds)), until, null);
    }

    private ReplayedHistory Run(CustomerId customer, CustomerState state, IReadOnlyList<JournalInput> inputs, Instant until, EventKey? about)
    {
        var all = new Consequences();
        Sequence<ReceiptLine> lines = [];
        var folding = about is null ? lean : fold;
        foreach (var input in inputs)
        {
            if (state.NextDue <= input.Entry.EffectiveAt)
            {
                folding.BringForward(customer, state, input.Entry.EffectiveAt, all);
            }

            all.Lines.Clear();
            folding.Happen(customer, state, input, all);
            if (input.Entry.Key == about)
            {
                lines = all.Lines.ToSequence();
            }
        }

        folding.BringForward(customer, state, until, all);
        return Replayed(customer, state, until, all, lines);
    }

    private ReplayedHistory Replayed(CustomerId customer, CustomerState state, Instant until, Consequences all, Sequence<ReceiptLine> lines)
    {
        var moment = state.Handled is { } handled && handled > until ? handled : until;
        return new ReplayedHistory(new CustomerView(modules, state, customer, 0, new Moment(moment, options.Zone) { Calendars = options.Calendars }, default), all.Entries, lines) { Draws = Commit.Net(all.Quotas) };
    }
}

/// <summary>What a history that was decided again leads to.</summary>
/// <param name="Customer">The customer at the end.</param>
/// <param name="Entries">The ledger as it would be: what was taken back is not in it at all, but where an irrevocable module has decided, and corrections stand in it as they would in a store.</param>
/// <param name="Lines">The receipt lines of the event that was asked about.</param>
public sealed record ReplayedHistory(CustomerView Customer, IReadOnlyList<LedgerEntry> Entries, Sequence<ReceiptLine> Lines)
{
    /// <summary>What would be drawn on supplies, by name; what was given back is taken off.</summary>
    public Sequence<QuotaDraw> Draws { get; init; }
}
