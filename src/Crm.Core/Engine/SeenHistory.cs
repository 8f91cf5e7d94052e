using Crm.Events;
using Crm.Values;

namespace Crm.Engine;

/// <summary>Since when modules that joined the store later see a customer's history: from its beginning once they were decided anew or while something opens it to them, and otherwise since they joined.</summary>
internal static class SeenHistory
{
    /// <summary>For each module, the version of the journal up to which it sees nothing.</summary>
    /// <param name="fold">Finds out to whom an event opens history.</param>
    /// <param name="modules">The modules.</param>
    /// <param name="known">The same as it is known.</param>
    /// <param name="openings">All that ever opened the history, <see cref="Openings"/>: each says since when those to whom it opened it had seen it.</param>
    /// <param name="count">Which of them count.</param>
    /// <param name="ask">Those of which it is asked; to whom they open history, it is found out for them, and for all others it is as known.</param>
    public static long[] Since(Fold fold, ModuleSet modules, long[] known, IReadOnlyList<JournalDraft> openings, Func<JournalDraft, bool> count, IEnumerable<JournalDraft> ask)
    {
        var since = known.ToArray();
        foreach (var index in ask.SelectMany(opening => fold.OpenedBy(opening)).Distinct())
        {
            since[index] = known[index] == CustomerState.Rebuilt ? CustomerState.Rebuilt
                : openings.Any(opening => count(opening) && fold.OpenedBy(opening).Contains(index)) ? 0
                : openings.Select(opening => Observations.SinceOf(opening.Observations, modules.Contracts[index].Name)).Append(known[index]).Max();
        }

        return since;
    }

    /// <summary>What opens a customer's own history, whether or not it was taken back. What did so in a journal that was joined to it opened that one.</summary>
    public static List<JournalDraft> Openings(IEnumerable<JournalDraft> entries) => [.. entries.Where(entry => entry is { Kind.OpensHistory: true, InJournalOf: null })];
}
