using Crm.Events;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>What the outside world has seen, put into the state that a replay starts from.</summary>
internal static class Pins
{
    /// <summary>
    /// The state that both replays of a change start from. Where the change takes away a request, what was seen of it may be forgotten in the state that is kept; so what modules pin of the states on the way, without the change, is
    /// pinned too.
    /// </summary>
    /// <param name="fold">The fold.</param>
    /// <param name="modules">The modules.</param>
    /// <param name="customer">Whose history.</param>
    /// <param name="start">The state that the history starts from; it is not changed.</param>
    /// <param name="kept">The state that is kept.</param>
    /// <param name="unchanged">The history without the change.</param>
    /// <param name="changed">The history with it.</param>
    /// <param name="until">Up to when history goes.</param>
    public static CustomerState Of(Fold fold, ModuleSet modules, CustomerId customer, CustomerState start, CustomerState kept, EffectiveHistory unchanged, EffectiveHistory changed, Instant until)
    {
        var pinned = Of(modules, start, kept);
        if (changed.Inputs.Any(input => input is { Event: null, Entry.Kind.Nature: EventNature.Request } && unchanged.Left.GetValueOrDefault(input.Entry.Key) is not null))
        {
            var seen = pinned;
            Replay.Run(fold, customer, pinned, unchanged.Inputs, until, passed: state => seen = Of(modules, seen, state, static (module, start, passed) => module.PinPassed(start, passed)));
            return seen;
        }

        return pinned;
    }

    /// <summary>The state that a replay starts from, with what modules pin of the state that is kept; neither is changed.</summary>
    public static CustomerState Of(ModuleSet modules, CustomerState start, CustomerState kept) => Of(modules, start, kept, static (module, start, kept) => module.Pin(start, kept));

    private static CustomerState Of(ModuleSet modules, CustomerState start, CustomerState kept, Func<ICustomerModule, object, object, Outcome.Accepted?> pin)
    {
        var pinned = start;
        for (var index = 0; index < modules.Count; index++)
        {
            if (!ReferenceEquals(kept.Slots[index], modules.EmptySlots[index]) && pin(modules.All[index], start.Slots[index], kept.Slots[index]) is { } seen)
            {
                pinned = ReferenceEquals(pinned, start) ? start.Clone() : pinned;
                pinned.Slots[index] = seen.State ?? pinned.Slots[index];
                Fold.Tell(modules, pinned, index, new Outcome.Accepted { Agenda = seen.Agenda });
            }
        }

        return pinned;
    }
}
