using NodaTime;

namespace Crm.Definitions;

/// <summary>What follows from all revisions of definitions, in the order of their names and numbers.</summary>
public static class Revisions
{
    /// <summary>The versions that count or will, by name and version, those that end something included. What was to begin after the instant from which something was ended has not, and never will.</summary>
    public static IReadOnlyList<Definition<T>> Counting<T>(this IEnumerable<Revision<T>> revisions)
        where T : notnull =>
    [
        .. revisions.Where(revision => revision.Change != RevisionChange.Draft)
            .GroupBy(revision => (revision.Name, revision.Definition.Version)).Select(same => same.Last())
            .GroupBy(revision => revision.Name, StringComparer.Ordinal).SelectMany(of => of.Where(revision => !of.Any(ending => Withdraws(ending, revision)))).Select(revision => revision.Definition)
            .OrderBy(definition => definition.Name, StringComparer.Ordinal).ThenBy(definition => definition.Version),
    ];

    /// <summary>Where each name stands at an instant, in the order of names.</summary>
    /// <typeparam name="T">What is defined.</typeparam>
    /// <param name="revisions">All revisions.</param>
    /// <param name="at">The instant.</param>
    /// <param name="ends">Whether a revision ends what it names, once its version counts.</param>
    public static IReadOnlyList<(string Name, DefinitionStatus Status)> Statuses<T>(this IEnumerable<Revision<T>> revisions, Instant at, Func<Revision<T>, bool> ends)
        where T : notnull =>
        [.. revisions.GroupBy(revision => revision.Name, StringComparer.Ordinal).Select(of => (of.Key, StatusOf(of, at, ends)))];

    /// <summary>The version that counts already under the name and number of a revision, and says something else than it or from another instant; null: there is none. What counts is never changed.</summary>
    public static Definition<T>? Contradicted<T>(this IEnumerable<Revision<T>> revisions, Revision<T> added)
        where T : notnull =>
        revisions.Counting().FirstOrDefault(known => known.Name == added.Name && known.Version == added.Definition.Version
            && (known.Hash != added.Definition.Hash || known.ActiveFrom != added.Definition.ActiveFrom));

    /// <summary>The instant from which a version counts that is to follow another at once: now, or the first instant at which it is not before the other.</summary>
    public static Instant NextFrom<T>(this Definition<T> last, Instant now)
        where T : notnull =>
        now > last.ActiveFrom ? now : last.ActiveFrom + Duration.FromTicks(1);

    /// <summary>With what something ends now: the content of the version that counts, or of the last that was to begin, under the next number and the instant from which it counts as ended. Null: nothing of the name counts or will.</summary>
    public static (T Value, int Version, Instant From)? Ending<T>(this IEnumerable<Definition<T>> versions, string name, Instant now)
        where T : notnull
    {
        var known = versions.Where(definition => definition.Name == name).OrderBy(definition => definition.Version).ToList();
        var counts = known.FindLast(definition => definition.ActiveFrom <= now);
        return known.Count == 0 ? null : ((counts ?? known[^1]).Value, known[^1].Version + 1, counts?.NextFrom(now) ?? now);
    }

    private static bool Withdraws<T>(Revision<T> ending, Revision<T> revision)
        where T : notnull =>
        ending.Change == RevisionChange.Retire && ending.Number > revision.Number && revision.Definition.ActiveFrom > ending.Definition.ActiveFrom;

    private static DefinitionStatus StatusOf<T>(IEnumerable<Revision<T>> revisions, Instant at, Func<Revision<T>, bool> ends)
        where T : notnull
    {
        var counting = revisions.Where(revision => revision.Change != RevisionChange.Draft).ToList();
        return counting.Count == 0 ? DefinitionStatus.Draft
            : counting.Where(revision => revision.Definition.ActiveFrom <= at).MaxBy(revision => revision.Definition.Version) is not { } latest ? DefinitionStatus.Scheduled
            : ends(latest) ? DefinitionStatus.Retired : DefinitionStatus.Active;
    }
}
