using Crm.Events;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>A change of a history: an amendment, or what came late. What it comes to is the difference of two replays, one of the history without it and one with it.</summary>
internal sealed class HistoryChange
{
    private readonly Fold fold;
    private readonly ModuleSet modules;
    private readonly StateCodec codec;
    private readonly CustomerId customer;
    private readonly CustomerState state;
    private readonly JournalDraft draft;
    private readonly List<JournalDraft> ordered;
    private readonly Instant until;
    private readonly CustomerState start;

    /// <param name="fold">Decides.</param>
    /// <param name="modules">The modules.</param>
    /// <param name="codec">Encodes their states.</param>
    /// <param name="customer">Whose history.</param>
    /// <param name="beginning">The state that the history starts from; it is not changed.</param>
    /// <param name="state">The state that is to be corrected.</param>
    /// <param name="before">The history without the change, in the order in which it counts.</param>
    /// <param name="draft">The change.</param>
    public HistoryChange(Fold fold, ModuleSet modules, StateCodec codec, CustomerId customer, CustomerState beginning, CustomerState state, List<JournalDraft> before, JournalDraft draft)
    {
        (this.fold, this.modules, this.codec, this.customer, this.state, this.draft) = (fold, modules, codec, customer, state, draft);
        ordered = [.. before.Where(entry => entry.EffectiveAt <= draft.EffectiveAt), draft, .. before.Where(entry => entry.EffectiveAt > draft.EffectiveAt)];
        (Unchanged, Changed) = (EffectiveHistory.Of(before), EffectiveHistory.Of(ordered));
        until = state.Handled is { } handled && handled > draft.EffectiveAt ? handled : draft.EffectiveAt;
        start = Pins.Of(fold, modules, customer, beginning, state, Unchanged, Changed, until);
    }

    /// <summary>The history without the change.</summary>
    public EffectiveHistory Unchanged { get; }

    /// <summary>The history with it.</summary>
    public EffectiveHistory Changed { get; }

    /// <summary>Both replays, as what is to be applied to the state.</summary>
    /// <param name="since">Up to which version each module sees nothing of the history with the change, where that becomes another; null: it stays.</param>
    /// <param name="journalOf">The journal as it was recorded, without the change; null: the change opens no history to irrevocable modules, and closes none.</param>
    /// <param name="wantsReversible">Whether what reversible modules did is wanted too.</param>
    public Correction Decide(long[]? since, Func<RecordedJournal>? journalOf, bool wantsReversible = true)
    {
        var seeing = since is null ? start : start.Seeing(since);
        var with = Replay.Run(fold, customer, seeing, Changed.Inputs, until);
        var without = wantsReversible ? Replay.Run(fold, customer, start, Unchanged.Inputs, until, draft) : with;
        var past = journalOf is null ? null : OpenedPast.Of(modules, codec, fold, customer, Unchanged, Changed, journalOf);
        if (past is not null)
        {
            (without, with) = (past.Decide(without, start, Unchanged, until), past.Decide(with, seeing, Changed, until));
        }

        return new Correction(modules, codec, state, without, with, draft) { Opened = past?.Modules ?? [] };
    }

    /// <summary>Tells irrevocable modules of it.</summary>
    /// <param name="corrected">The state with the correction; it is changed.</param>
    /// <param name="all">Gets what comes of it.</param>
    public void Tell(CustomerState corrected, Consequences all)
    {
        var amending = new Amending(fold, customer, start, draft, ordered, Unchanged, Changed);
        fold.TellCorrected(customer, corrected, draft, amending, all);
        all.Lines.AddRange(amending.Recalling.Where(index => !modules.Contracts[index].Reversible).Order().Select(index => Correction.AsRecorded(modules.Contracts[index].Name)));
    }
}
