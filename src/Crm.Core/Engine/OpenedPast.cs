using Crm.Events;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>
/// A change of history that opens it to irrevocable modules, or closes it again. What they do depends on when things were recorded, so their part of the two replays of the change is decided in that order, and with what
/// opens history there from its own instant on.
/// </summary>
internal sealed class OpenedPast
{
    private readonly ModuleSet modules;
    private readonly StateCodec codec;
    private readonly RecordedReplay replay;
    private readonly CustomerId customer;
    private readonly RecordedJournal journal;

    private OpenedPast(ModuleSet modules, StateCodec codec, RecordedReplay replay, CustomerId customer, RecordedJournal journal, List<int> opened)
    {
        (this.modules, this.codec, this.replay, this.customer, this.journal) = (modules, codec, replay, customer, journal);
        Modules = opened;
    }

    /// <summary>The irrevocable modules.</summary>
    public IReadOnlyList<int> Modules { get; }

    /// <param name="modules">The modules.</param>
    /// <param name="codec">Encodes their states.</param>
    /// <param name="fold">Decides.</param>
    /// <param name="customer">Whose history.</param>
    /// <param name="unchanged">The history without the change.</param>
    /// <param name="changed">The history with it.</param>
    /// <param name="journalOf">The journal, without what changes it.</param>
    /// <returns>Null where the change opens history to no irrevocable module, and closes it to none.</returns>
    public static OpenedPast? Of(ModuleSet modules, StateCodec codec, Fold fold, CustomerId customer, EffectiveHistory unchanged, EffectiveHistory changed, Func<RecordedJournal> journalOf)
    {
        if (modules.IsAllReversible)
        {
            return null;
        }

        var (before, after) = (Openings(unchanged.Inputs), Openings(changed.Inputs));
        var opened = before.Concat(after).Where(opening => before.Exists(other => other.Key == opening.Key) != after.Exists(other => other.Key == opening.Key))
            .SelectMany(opening => fold.OpenedBy(opening)).Where(index => !modules.Contracts[index].Reversible).Distinct().ToList();
        return opened.Count == 0 ? null : new OpenedPast(modules, codec, new RecordedReplay(modules, codec, fold), customer, journalOf(), opened);
    }

    /// <summary>A replay of a history in which those modules have decided as it was recorded.</summary>
    /// <param name="replayed">The replay in the order in which it counts.</param>
    /// <param name="start">The state that it started from.</param>
    /// <param name="history">The history, with the change or without it.</param>
    /// <param name="until">Up to when what falls due is handled at the end.</param>
    public Replayed Decide(Replayed replayed, CustomerState start, EffectiveHistory history, Instant until)
    {
        var all = new Consequences { Of = Whose.Irrevocable };
        var recorded = replay.Run(customer, start, journal, Openings(history.Inputs), until, all).State;
        var state = replayed.State.Clone();
        foreach (var module in Modules)
        {
            state.Take(modules, module, recorded, recorded.Slots[module], codec);
        }

        var consequences = new Consequences();
        consequences.Add(replayed.Consequences);
        consequences.Add(all);
        return replayed with { State = state, Consequences = consequences };
    }

    /// <summary>What of a history opens it, or that of a journal that was joined to it, and was not taken back.</summary>
    public static List<JournalDraft> Openings(IEnumerable<JournalInput> inputs) => [.. inputs.Where(input => input is { Event: not null, Entry.Kind.OpensHistory: true }).Select(input => input.Entry)];
}
