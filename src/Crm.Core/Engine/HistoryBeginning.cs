using Crm.Storage;

namespace Crm.Engine;

/// <summary>The state that a whole history starts from: that of a newborn customer, or the opening that stands for what was disposed of.</summary>
internal static class HistoryBeginning
{
    /// <param name="codec">Reads the opening.</param>
    /// <param name="modules">The modules.</param>
    /// <param name="opening">The opening; null: there is none.</param>
    /// <param name="since">From when on each module counts.</param>
    public static CustomerState Of(StateCodec codec, ModuleSet modules, JournalOpening? opening, ReadOnlySpan<long> since)
    {
        var state = opening is null ? CustomerState.Newborn(modules) : codec.Decode(opening.Slots, 0);
        since.CopyTo(state.Since);
        state.Observed = state.Observed.AsComplete();
        return state;
    }
}
