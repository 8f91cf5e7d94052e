using Crm.Conditions;
using Crm.Definitions;
using Crm.Events;
using Crm.Segmentation.Linting;
using Crm.Segmentation.Segments;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Library;

/// <summary>
/// Segments kept in the store: drafted, activated now or for later, and retired by people, every change written down with who made it and when. An active version is never changed in meaning; a new label for it is a
/// revision like any other. An engine that is made with <see cref="LoadAsync"/> decides by them; after a change make the engine anew over the same store, in the same process or another.
/// </summary>
/// <param name="documents">Where they are kept.</param>
/// <param name="clock">Now.</param>
/// <param name="names">The names there are, for the linter; null: names are not looked at.</param>
public sealed class SegmentLibrary(IDocumentStore documents, IClock clock, LintNames? names = null)
{
    private readonly RevisionLog<Segment> log = new(documents, new("segment", ["draft", "active", "retired"], SegmentJson.Write, static json => SegmentJson.Read(json)));

    /// <summary>Writes a draft down. It counts for nobody; a study can preview it.</summary>
    /// <returns>What was written, with what the linter has to say of it (<see cref="SavedSegment.Findings"/>): that is for the author to judge, and refuses nothing.</returns>
    /// <exception cref="InvalidSegmentException">Something is wrong with it, or with how it fits the others; the message lists all of it.</exception>
    public ValueTask<SavedSegment> DraftAsync(Definition<Segment> definition, string by, CancellationToken cancellationToken = default) => AddAsync(definition, RevisionChange.Draft, by, cancellationToken);

    /// <summary>Lets a definition count from its own instant on. The same version can be activated again with the same meaning, to change its label.</summary>
    /// <returns>What was written, with what the linter has to say of it.</returns>
    /// <exception cref="InvalidSegmentException">Something is wrong with it, or with how it fits the others; the message lists all of it.</exception>
    public ValueTask<SavedSegment> ActivateAsync(Definition<Segment> definition, string by, CancellationToken cancellationToken = default) => AddAsync(definition, RevisionChange.Activate, by, cancellationToken);

    /// <summary>Ends a segment now: a version of which nobody is a member. Whoever is in it leaves, and what was stays. A version that was to begin later does not.</summary>
    /// <exception cref="ArgumentException">No active segment has the id.</exception>
    /// <exception cref="InvalidSegmentException">Another segment names it, in a version that counts or will.</exception>
    public async ValueTask<SavedSegment> RetireAsync(string segment, string by, CancellationToken cancellationToken = default)
    {
        var (last, version, from) = (await DefinitionsAsync(cancellationToken).ConfigureAwait(false)).Ending(segment, clock.GetCurrentInstant())
            ?? throw new ArgumentException($"No active segment is named '{segment}'.", nameof(segment));
        var nobody = new Segment { Id = segment, Label = last.Label, Where = new Condition.Any([]), History = last.History };
        return await AddAsync(nobody.Define(version, from), RevisionChange.Retire, by, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Every change that was ever made, by segment and number.</summary>
    public ValueTask<IReadOnlyList<Revision<Segment>>> RevisionsAsync(CancellationToken cancellationToken = default) => log.ReadAsync(cancellationToken);

    /// <summary>The versions that count or will, by segment and version, those that end a segment included.</summary>
    public async ValueTask<IReadOnlyList<Definition<Segment>>> DefinitionsAsync(CancellationToken cancellationToken = default) => (await RevisionsAsync(cancellationToken).ConfigureAwait(false)).Counting();

    /// <summary>A catalogue of what counts or will, for an engine to decide by.</summary>
    /// <param name="kinds">The kinds of events there are, so that misspelt kinds and fields are found; null: they are not looked at.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async ValueTask<SegmentCatalog> LoadAsync(EventKinds? kinds = null, CancellationToken cancellationToken = default) =>
        new(new DefinitionCatalog<Segment>(await DefinitionsAsync(cancellationToken).ConfigureAwait(false)), kinds);

    /// <summary>Where each segment stands now, in the order of their ids.</summary>
    public async ValueTask<IReadOnlyList<(string Segment, DefinitionStatus Status)>> StatusesAsync(CancellationToken cancellationToken = default) =>
        (await RevisionsAsync(cancellationToken).ConfigureAwait(false)).Statuses(clock.GetCurrentInstant(), static revision => revision.Change == RevisionChange.Retire);

    private async ValueTask<SavedSegment> AddAsync(Definition<Segment> definition, RevisionChange change, string by, CancellationToken cancellationToken)
    {
        var revision = await log.AddAsync(definition, change, by, clock, Check, cancellationToken).ConfigureAwait(false);
        return new SavedSegment(revision, change == RevisionChange.Retire ? [] : SegmentLinter.Lint(definition.Value, names).Findings);
    }

    // A draft is checked with the others as if it counted, so that what is wrong is known before it does.
    private static void Check(IReadOnlyList<Revision<Segment>> revisions, Revision<Segment> added)
    {
        if (revisions.Contradicted(added) is { } same)
        {
            throw new InvalidSegmentException([new SegmentError("version", $"Version {same.Version} of '{same.Name}' is active with another meaning or from another instant, and is never changed; give the changed one the next number.")]);
        }

        var named = added.Change == RevisionChange.Retire
            ? revisions.Counting().Where(other => other.Name != added.Name).GroupBy(other => other.Name, StringComparer.Ordinal)
                .Where(versions => From(added.Definition.ActiveFrom, [.. versions]).Any(version => SegmentReferences.In(version.Asked).Contains(added.Name))).Select(versions => versions.Key).ToList()
            : [];
        if (named.Count > 0)
        {
            throw new InvalidSegmentException([new SegmentError(added.Name, $"It is named by {string.Join(", ", named)}; end or change those first.")]);
        }

        try
        {
            _ = new SegmentCatalog(new DefinitionCatalog<Segment>(revisions.Append(added with { Change = added.Change == RevisionChange.Draft ? RevisionChange.Activate : added.Change }).Counting()));
        }
        catch (ArgumentException wrong)
        {
            throw new InvalidSegmentException([new SegmentError(added.Name, wrong.Sentence())]);
        }
    }

    // The versions of a segment that count at an instant or later. A snapshot asks at its own.
    private static IEnumerable<Segment> From(Instant at, List<Definition<Segment>> versions) =>
        versions.Where((version, place) => place == versions.Count - 1 || versions[place + 1].ActiveFrom > at).Select(version => version.Value).Where(version => version.Taken is not { } taken || taken.AsOf >= at);
}
