using Crm.Events;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>
/// The pure heart of the engine: puts one event after another, and what falls due in between, through the modules in their order.
/// One fold is used by one thread at a time.
/// </summary>
/// <param name="modules">The modules.</param>
/// <param name="codec">Encodes checkpoints.</param>
/// <param name="options">The engine's options.</param>
/// <param name="wantsLines">Whether receipt lines are wanted; where not, modules may leave them out.</param>
internal sealed partial class Fold(ModuleSet modules, StateCodec codec, CrmOptions options, bool wantsLines = true)
{
    private const int MostDueAtOneInstant = 10_000;
    private static readonly Stimulus.Echoed FactsChanged = new(new Echo(Echo.FactsChanged));

    private readonly FoldContext context = new(modules, options.Zone, options.Calendars, wantsLines);

    /// <summary>Handles everything that is due at or before an instant, each as of its own due instant.</summary>
    /// <param name="customer">Whose agenda.</param>
    /// <param name="state">Is changed.</param>
    /// <param name="until">Included.</param>
    /// <param name="consequences">Takes what comes of it.</param>
    /// <param name="supplies">What supplies that are short have left for some of it; null: none is known to be. What is drawn is counted.</param>
    public void BringForward(CustomerId customer, CustomerState state, Instant until, Consequences consequences, IReadOnlyList<SuppliesLeft>? supplies = null)
    {
        var began = state.Handled;
        var handledAtOneInstant = 0;
        while (state.NextDue is { } due && due <= until)
        {
            var at = state.Handled is { } handled && due < handled ? handled : due;
            handledAtOneInstant = at == state.Handled ? handledAtOneInstant + 1 : 0;
            LookAnew(customer, state, at);
            if (state.Facts.FirstLapse <= due && !(state.Agenda.First?.Due < due))
            {
                state.Facts.Lapse(due);
            }
            else if (state.Agenda.First is { } entry)
            {
                if (handledAtOneInstant > MostDueAtOneInstant)
                {
                    throw new ModuleFaultException(modules.Contracts[entry.Module].Name, $"has put '{entry.Key}' on the agenda for {at} again and again while handling it; an entry must be set for a later instant than the one it is handled at.");
                }

                state.Agenda.RemoveFirst();
                Due(customer, state, entry, at, supplies is { Count: > 0 } ? Covering(supplies, at, began) : [], consequences);
            }

            state.Handled = at;
        }
    }

    /// <summary>Handles an event. What is due before it has been handled already, except by order-free events that come late.</summary>
    /// <param name="customer">Whose event.</param>
    /// <param name="state">Is changed.</param>
    /// <param name="input">The event.</param>
    /// <param name="consequences">Takes what comes of it.</param>
    /// <param name="supplies">What there is left for it of supplies that are short, after what fell due before it; null: as its entry says.</param>
    /// <returns>Why a request was refused: then the state is spoilt and must be dropped; null when the event took effect.</returns>
    public Refusal? Happen(CustomerId customer, CustomerState state, JournalInput input, Consequences consequences, SuppliesLeft? supplies = null)
    {
        var entry = input.Entry;
        LookAnew(customer, state, state.Handled is { } before && entry.EffectiveAt < before ? before : entry.EffectiveAt);
        Observations.Apply(entry.Observations, state, modules);
        state.SinceCheckpoint++;
        Refusal? refusal = null;
        if (input.Event is { } happened)
        {
            state.Observed.Add(happened, entry.EffectiveAt);
            // A late event whose order does not matter is asked about as of the last thing handled: what is counted since then is known, what was known then is not.
            var asOf = state.Handled is { } handled && entry.EffectiveAt < handled ? handled : entry.EffectiveAt;
            context.Enter(customer, state, entry.Key, asOf, entry.Observations, entry.Decided && entry.Kind.Nature == EventNature.Request, LeftFor(entry, supplies));
            context.Recall(input);
            refusal = Round(state, new Stimulus.Happened(happened), happened.Kind, entry, consequences);
            context.Leave();
        }

        if (state.Handled is null || entry.EffectiveAt > state.Handled)
        {
            state.Handled = entry.EffectiveAt;
        }

        return refusal;
    }

    /// <summary>Whether an irrevocable module is told that an event of a kind changed history.</summary>
    public bool TellsIrrevocable(string kind) => Irrevocable(kind).Concat(Irrevocable(Echo.Corrected)).Any();

    /// <summary>Tells irrevocable modules that history was decided again.</summary>
    public void TellCorrected(CustomerId customer, CustomerState state, JournalDraft because, Amending amending, Consequences consequences)
    {
        context.Enter(customer, state, because.Key, state.Handled ?? because.EffectiveAt, because.Observations, accepted: false, LeftFor(because, null));
        context.Tell(amending);
        List<Echo>? echoes = null;
        // What opens history is told of at its own instant alone, before all that it opens.
        foreach (var index in because.Kind.OpensHistory ? [] : Told(because.Event.Kind))
        {
            context.Handle(new Stimulus.Happened(because.Event));
            Ask(state, index, mayRefuse: false, consequences, ref echoes);
        }

        var corrected = new Echo(Echo.Corrected, Fields.Of(("cause", because.Key.ToString())));
        foreach (var index in Told(Echo.Corrected))
        {
            context.Handle(new Stimulus.Echoed(corrected));
            Ask(state, index, mayRefuse: false, consequences, ref echoes);
        }

        Echoes(state, echoes, because, consequences);
        context.Leave();

        IEnumerable<int> Told(string kind) => Irrevocable(kind).Where(index => because.Version > state.Since[index]);
    }

    /// <summary>Another fold by the same modules, for what is asked while this one is in use.</summary>
    public Fold Beside() => new(modules, codec, options, wantsLines: false);

    /// <summary>A checkpoint of the state, if it is time for one and the state is whole as of its instant, which it is before an event at a later one.</summary>
    public void SettleBefore(CustomerState state, Instant next, Consequences consequences)
    {
        if (state.SinceCheckpoint >= options.CheckpointEvery && state.Handled is { } handled && handled < next)
        {
            state.SinceCheckpoint = 0;
            consequences.Checkpoints.Add(new Checkpoint(handled, codec.EncodeAll(state)));
        }
    }

    /// <summary>The modules to which an event opens history: those that declare its kind and keep something of it.</summary>
    /// <param name="opening">The event.</param>
    /// <param name="told">Takes what they say to it; null: nobody listens.</param>
    public List<int> OpenedBy(JournalDraft opening, Consequences? told = null)
    {
        var state = CustomerState.Newborn(modules);
        var opened = new List<int>();
        List<Echo>? echoes = null;
        context.Enter(default, state, opening.Key, opening.EffectiveAt, opening.Observations, accepted: false, []);
        context.Handle(new Stimulus.Happened(opening.Event));
        foreach (var index in modules.HandlersFor(opening.Event.Kind).Where(index => modules.Contracts[index].Kinds.Contains(opening.Kind)))
        {
            Ask(state, index, mayRefuse: false, told ?? new Consequences(), ref echoes);
            if (!ReferenceEquals(state.Slots[index], modules.EmptySlots[index]))
            {
                opened.Add(index);
            }
        }

        context.Leave();
        return opened;
    }

    /// <summary>The state, but that some modules have been there from the beginning.</summary>
    public static CustomerState Opened(CustomerState state, IReadOnlyList<int> to)
    {
        if (to.All(index => state.Since[index] <= 0))
        {
            return state;
        }

        var opened = state.Clone();
        foreach (var index in to)
        {
            opened.Since[index] = Math.Min(opened.Since[index], 0);
        }

        return opened;
    }

    /// <summary>Sets the facts and the agenda entries of a module's outcome. A fact that no module owns any more may be removed by any.</summary>
    public static void Tell(ModuleSet modules, CustomerState state, int index, Outcome.Accepted accepted, FoldContext? context = null)
    {
        state.Facts.Expect(accepted.Facts.Count);
        foreach (var fact in accepted.Facts)
        {
            if (!state.Facts.Set(fact))
            {
                continue;
            }

            context?.FactChanged(index, fact.Name);
            var owner = modules.OwnerOf(fact.Name);
            if (owner?.Module != index && (owner is not null || !fact.Value.IsMissing))
            {
                throw new ModuleFaultException(modules.Contracts[index].Name, $"published the fact '{fact.Name}', which is not in its contract; list it in Publishes.");
            }
        }

        foreach (var change in accepted.Agenda)
        {
            if (change.Due is { } due)
            {
                state.Agenda.Set(new AgendaEntry(due, index, change.Phase, change.Key));
            }
            else
            {
                state.Agenda.Remove(index, change.Key);
            }
        }
    }

    private static List<SuppliesLeft> Covering(IReadOnlyList<SuppliesLeft> supplies, Instant at, Instant? began) => [.. supplies.Where(left => left.Cover(at, began))];

    private static IReadOnlyList<SuppliesLeft> LeftFor(JournalDraft entry, SuppliesLeft? supplies) => (supplies ?? SuppliesLeft.Of(entry)) is { } left ? [left] : [];

    // What today's definitions say before anything happens is theirs, and not the doing of what happens.
    private void LookAnew(CustomerId customer, CustomerState state, Instant at)
    {
        if (!state.MayBeBehind)
        {
            return;
        }

        state.MayBeBehind = false;
        foreach (var (index, module) in modules.AskingAnew)
        {
            if (module.IsBehind(state.Slots[index]))
            {
                state.MayBeBehind = true;
                context.Enter(customer, state, default, at, default, accepted: false, []);
                context.Ask(index);
                state.Slots[index] = module.Look(state.Slots[index], context);
                context.Leave();
            }
        }
    }

    private IEnumerable<int> Irrevocable(string kind) => modules.HandlersFor(kind).Where(index => !modules.Contracts[index].Reversible);

    private void Due(CustomerId customer, CustomerState state, AgendaEntry entry, Instant at, IReadOnlyList<SuppliesLeft> supplies, Consequences consequences)
    {
        context.Enter(customer, state, modules.CauseOf(entry), at, default, accepted: false, supplies);
        context.Handle(new Stimulus.Due(entry.Key));
        List<Echo>? echoes = null;
        Ask(state, entry.Module, mayRefuse: false, consequences, ref echoes);
        Echoes(state, echoes, null, consequences);
        context.Leave();
    }

    private Refusal? Round(CustomerState state, Stimulus stimulus, string kind, JournalDraft entry, Consequences consequences, List<Echo>? echoes = null)
    {
        var mayRefuse = entry.Kind.Nature == EventNature.Request && !entry.Decided;
        foreach (var index in entry.Recorded is null ? modules.HandlersFor(kind) : modules.HandlersAndHoldersFor(kind))
        {
            if (entry.Version <= state.Since[index])
            {
                continue;
            }

            context.Handle(stimulus);
            if (Ask(state, index, mayRefuse, consequences, ref echoes) is { } refusal)
            {
                return refusal;
            }
        }

        return Echoes(state, echoes, entry, consequences);
    }

    private Refusal? Echoes(CustomerState state, List<Echo>? echoes, JournalDraft? entry, Consequences consequences)
    {
        for (var round = 1; echoes is { Count: > 0 } || context.HasUntold; round++)
        {
            if (round > options.EchoRounds)
            {
                var kinds = string.Join(", ", (echoes ?? []).Select(echo => echo.Kind).Concat(context.HasUntold ? [Echo.FactsChanged] : []).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
                context.TellNobody();
                consequences.Lines.Add(new ReceiptLine(StateCodec.KernelSlot, "echoes-dropped")
                {
                    Subject = kinds,
                    Text = new Text($"Definitions keep answering each other ({kinds}); after {options.EchoRounds} rounds the rest was dropped.", $"規則互相觸發不止（{kinds}），{options.EchoRounds} 輪後其餘不再處理。"),
                });
                return null;
            }

            List<Echo>? next = null;
            var mayRefuse = entry is { Decided: false, Kind.Nature: EventNature.Request };
            foreach (var echo in echoes ?? [])
            {
                foreach (var index in modules.HandlersFor(echo.Kind))
                {
                    if (entry?.Version <= state.Since[index])
                    {
                        continue;
                    }

                    context.Handle(new Stimulus.Echoed(echo));
                    if (Ask(state, index, mayRefuse, consequences, ref next) is { } refusal)
                    {
                        return refusal;
                    }
                }
            }

            for (var index = 0; context.HasUntold && index < modules.Count; index++)
            {
                if (entry?.Version <= state.Since[index])
                {
                    context.Told(index);
                }
                else if (context.IsUntold(index))
                {
                    context.Handle(FactsChanged);
                    if (Ask(state, index, mayRefuse, consequences, ref next) is { } refusal)
                    {
                        return refusal;
                    }
                }
            }

            echoes = next;
        }

        return null;
    }

    private Refusal? Ask(CustomerState state, int index, bool mayRefuse, Consequences consequences, ref List<Echo>? echoes)
    {
        var contract = modules.Contracts[index];
        context.Ask(index);
        Outcome outcome;
        try
        {
            outcome = modules.All[index].Handle(state.Slots[index], context);
        }
        catch (Exception fault) when (fault is not ModuleFaultException)
        {
            throw new ModuleFaultException(contract.Name, $"failed while handling '{context.Cause}'; a module must handle every event it declares.", fault);
        }

        context.Told(index);
        if (context.WentByRecords)
        {
            consequences.Recalls(index);
        }

        switch (outcome)
        {
            case Outcome.Accepted accepted when ReferenceEquals(accepted, Outcome.Nothing):
                return null;
            case Outcome.Accepted accepted:
                Take(state, index, accepted, consequences);
                if (!accepted.Echoes.IsEmpty)
                {
                    (echoes ??= []).AddRange(accepted.Echoes.AsSpan());
                }

                return null;
            case Outcome.Refused refused when mayRefuse:
                return new Refusal(contract.Name, refused.Code, refused.Detail);
            case Outcome.Refused refused when context.AlreadyAccepted:
                consequences.Lines.Add(new ReceiptLine(contract.Name, "not-carried-out-again") { Subject = refused.Code, Text = refused.Detail });
                return null;
            case Outcome.Refused refused:
                throw new ModuleFaultException(contract.Name, $"refused '{context.Cause}' with '{refused.Code}'; a happening cannot be refused, only noted.");
            default:
                throw new ModuleFaultException(contract.Name, $"answered '{context.Cause}' with {outcome?.GetType().Name ?? "null"}; Accepted or Refused is expected.");
        }
    }

    private void Take(CustomerState state, int index, Outcome.Accepted accepted, Consequences consequences)
    {
        if (accepted.State is { } slot)
        {
            state.Slots[index] = slot;
        }

        Tell(modules, state, index, accepted, context);
        context.Draw(accepted.Quotas);
        if (consequences.Of == Whose.All || (consequences.Of == Whose.Reversible) == modules.Contracts[index].Reversible)
        {
            consequences.Add(accepted);
        }
    }
}
