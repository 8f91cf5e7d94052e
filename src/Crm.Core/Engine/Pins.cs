using Crm.Modules;

namespace Crm.Engine;

/// <summary>What the outside world has seen, put into the state that a replay starts from.</summary>
internal static class Pins
{
    /// <summary>The state that a replay starts from, with what modules pin of the state that is kept; neither is changed.</summary>
    public static CustomerState Of(ModuleSet modules, CustomerState start, CustomerState kept)
    {
        var pinned = start;
        for (var index = 0; index < modules.Count; index++)
        {
            if (!ReferenceEquals(kept.Slots[index], modules.EmptySlots[index]) && modules.All[index].Pin(start.Slots[index], kept.Slots[index]) is { } seen)
            {
                pinned = ReferenceEquals(pinned, start) ? start.Clone() : pinned;
                pinned.Slots[index] = seen.State ?? pinned.Slots[index];
                Fold.Tell(modules, pinned, index, new Outcome.Accepted { Agenda = seen.Agenda });
            }
        }

        return pinned;
    }
}
