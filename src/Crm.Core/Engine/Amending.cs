using Crm.Events;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>
/// What irrevocable modules may ask about a change of history: of which events it leaves more or less, and what each would have made of them at their own moments. What later amendments have left of earlier events is not looked at for that,
/// so the answer is a function of what is left of the one event: it does not matter in how many pieces, or in which order, things were taken back. Nothing is decided unless a module asks.
/// </summary>
/// <param name="fold">The fold that is in use; what is asked is decided beside it.</param>
/// <param name="customer">Whose history.</param>
/// <param name="start">The state that the history starts from.</param>
/// <param name="late">What changes the history: an amendment, or an event that came late.</param>
/// <param name="ordered">The history with the change, in the order in which it counts.</param>
/// <param name="unchanged">The history without the change.</param>
/// <param name="changed">The history with it.</param>
internal sealed class Amending(Fold fold, CustomerId customer, CustomerState start, JournalDraft late, List<JournalDraft> ordered, EffectiveHistory unchanged, EffectiveHistory changed)
{
    // What opened history and was taken back since never did.
    private readonly List<JournalDraft> ordered = ordered.Exists(entry => entry.Kind.OpensHistory) ? ordered.FindAll(entry => !entry.Kind.OpensHistory || changed.Left[entry.Key] is not null) : ordered;
    private readonly Dictionary<(EventKey Key, CustomerEvent? Happened), CustomerState> states = [];
    private readonly Dictionary<Instant, CustomerState> later = [];
    private List<AmendedEvent>? events;
    private (int Place, CustomerState? State) reached;
    private readonly HashSet<int> recalling = [];
    private Fold? beside;

    /// <summary>The events that the amendment changes, in the order in which they count; what opens history is none of them, <see cref="OpenedPast"/>.</summary>
    public IReadOnlyList<AmendedEvent> Events => events ??= Find();

    /// <summary>A module's state right after an event, had it been another from the start.</summary>
    public object StateHad(int module, EventKey key, CustomerEvent? happened)
    {
        if (!states.TryGetValue((key, happened), out var state))
        {
            states[(key, happened)] = state = Had(key, happened);
        }

        return state.Slots[module];
    }

    /// <summary>A module's state at an instant, as history without the change leads to it.</summary>
    public object StateLater(int module, Instant at)
    {
        if (!later.TryGetValue(at, out var state))
        {
            // What somebody did who was merged is the customer's from the merge on.
            var until = ordered.Where(entry => entry.Joins is not null).Select(entry => entry.EffectiveAt).Append(at).Max();
            later[at] = state = StateOf(Replay.Run(Beside, customer, start, [.. unchanged.Inputs.TakeWhile(input => input.Entry.EffectiveAt <= until)], until));
        }

        return state.Slots[module];
    }

    /// <summary>The modules that went by what events were recorded to have given, in what was asked.</summary>
    public IReadOnlySet<int> Recalling => recalling;

    private Fold Beside => beside ??= fold.Beside();

    private CustomerState StateOf(Replayed replayed)
    {
        recalling.UnionWith(replayed.Consequences.Recalling);
        return replayed.State;
    }

    private CustomerState Had(EventKey key, CustomerEvent? happened)
    {
        var place = ordered.FindIndex(entry => entry.Key == key);
        if (ordered[place].InJournalOf is { } retired)
        {
            return HadApart(place, retired, happened);
        }

        // What falls due before an entry draws on the same as the entry itself, so where supplies were short all of it is decided in one go.
        var isShort = ordered.Take(place + 1).Any(entry => SuppliesLeft.Of(entry) is not null);
        var (from, begun) = isShort ? (0, start) : (place, Before(place));
        return StateOf(Replay.Run(Beside, customer, begun, [.. InputsBefore(place).Skip(from), new JournalInput(ordered[place], happened)], ordered[place].EffectiveAt));
    }

    // What somebody did who was merged since they did by themselves.
    private CustomerState HadApart(int place, CustomerId retired, CustomerEvent? happened)
    {
        var merge = ordered.Find(entry => entry.Joins?.Customer == retired) ?? throw new InvalidOperationException($"'{ordered[place].Key}' is in the journal of {retired}, and nothing joins it.");
        List<JournalInput> inputs = [.. InputsBefore(place), new JournalInput(ordered[place], happened)];
        return StateOf(Replay.RunApart(Beside, merge, inputs, inputs, ordered[place].EffectiveAt, []));
    }

    // The state before an entry. What leads to one leads on to a later one where no amendment is between, and where no other history is joined.
    private CustomerState Before(int place)
    {
        if (reached.State is { } state && reached.Place == place)
        {
            return state;
        }

        var goesOn = reached.Place < place && ordered[reached.Place..place].TrueForAll(entry => entry is { Kind.Nature: not EventNature.Amendment, InJournalOf: null, Joins: null });
        var (from, begun) = goesOn && reached.State is { } known ? (reached.Place, known) : (0, start);
        var before = StateOf(Replay.Run(Beside, customer, begun, [.. InputsBefore(place).Skip(from)], ordered[place].EffectiveAt));
        reached = (place, before);
        return before;
    }

    private IEnumerable<JournalInput> InputsBefore(int place) => EffectiveHistory.Of(ordered[..(place + 1)]).Inputs.Take(place);

    private List<AmendedEvent> Find() => [.. changed.Inputs
        .Where(input => input.Entry.Kind is { Nature: not EventNature.Amendment, OpensHistory: false } && input.Event != Was(input.Entry.Key))
        .Select(input => new AmendedEvent(input.Entry.Event, Was(input.Entry.Key), input.Event, input.Entry.EffectiveAt))];

    // What comes late is told of whole; what was taken back before it came is taken from it then.
    private CustomerEvent? Was(EventKey key) => key == late.Key ? late.Event : unchanged.Left[key];
}
