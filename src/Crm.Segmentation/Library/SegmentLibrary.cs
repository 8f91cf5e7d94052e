using System.Text.Json;
using System.Text.Json.Nodes;
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
    private const string DocumentKind = "segment";
    private static readonly string[] Kinds = ["draft", "active", "retired"];

    /// <summary>Writes a draft down. It counts for nobody; a study can preview it.</summary>
    /// <returns>What was written, with what the linter has to say of it (<see cref="SegmentRevision.Findings"/>): that is for the author to judge, and refuses nothing.</returns>
    /// <exception cref="InvalidSegmentException">Something is wrong with it, or with how it fits the others; the message lists all of it.</exception>
    public ValueTask<SegmentRevision> DraftAsync(Definition<Segment> definition, string by, CancellationToken cancellationToken = default) => AddAsync(definition, RevisionKind.Draft, by, cancellationToken);

    /// <summary>Lets a definition count from its own instant on. The same version can be activated again with the same meaning, to change its label.</summary>
    /// <returns>What was written, with what the linter has to say of it.</returns>
    /// <exception cref="InvalidSegmentException">Something is wrong with it, or with how it fits the others; the message lists all of it.</exception>
    public ValueTask<SegmentRevision> ActivateAsync(Definition<Segment> definition, string by, CancellationToken cancellationToken = default) => AddAsync(definition, RevisionKind.Active, by, cancellationToken);

    /// <summary>Ends a segment now: a version of which nobody is a member. Whoever is in it leaves, and what was stays.</summary>
    /// <exception cref="ArgumentException">No active segment has the id.</exception>
    /// <exception cref="InvalidSegmentException">Another segment names it.</exception>
    public async ValueTask<SegmentRevision> RetireAsync(string segment, string by, CancellationToken cancellationToken = default)
    {
        var versions = (await DefinitionsAsync(cancellationToken).ConfigureAwait(false)).Where(definition => definition.Name == segment).ToList();
        if (versions.Count == 0)
        {
            throw new ArgumentException($"No active segment is named '{segment}'.", nameof(segment));
        }

        var last = versions.MaxBy(definition => definition.Version) ?? versions[0];
        var now = clock.GetCurrentInstant();
        var nobody = new Segment { Id = segment, Label = last.Value.Label, Where = new Condition.Any([]), History = last.Value.History };
        return await AddAsync(nobody.Define(last.Version + 1, now > last.ActiveFrom ? now : last.ActiveFrom + Duration.FromTicks(1)), RevisionKind.Retired, by, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Every change that was ever made, by segment and number.</summary>
    public async ValueTask<IReadOnlyList<SegmentRevision>> RevisionsAsync(CancellationToken cancellationToken = default)
    {
        var revisions = new List<SegmentRevision>();
        await foreach (var document in documents.ReadAllAsync(DocumentKind, cancellationToken).ConfigureAwait(false))
        {
            revisions.Add(Read(document));
        }

        return revisions;
    }

    /// <summary>The versions that count or will, by segment and version, those that end a segment included.</summary>
    public async ValueTask<IReadOnlyList<Definition<Segment>>> DefinitionsAsync(CancellationToken cancellationToken = default) => Counting(await RevisionsAsync(cancellationToken).ConfigureAwait(false));

    /// <summary>A catalogue of what counts or will, for an engine to decide by.</summary>
    /// <param name="kinds">The kinds of events there are, so that misspelt kinds and fields are found; null: they are not looked at.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async ValueTask<SegmentCatalog> LoadAsync(EventKinds? kinds = null, CancellationToken cancellationToken = default) =>
        new(new DefinitionCatalog<Segment>(await DefinitionsAsync(cancellationToken).ConfigureAwait(false)), kinds);

    /// <summary>Where each segment stands now, in the order of their ids.</summary>
    public async ValueTask<IReadOnlyList<(string Segment, SegmentStatus Status)>> StatusesAsync(CancellationToken cancellationToken = default)
    {
        var now = clock.GetCurrentInstant();
        return [.. (await RevisionsAsync(cancellationToken).ConfigureAwait(false)).GroupBy(revision => revision.Segment, StringComparer.Ordinal).Select(revisions => (revisions.Key, StatusOf([.. revisions], now)))];
    }

    private static SegmentStatus StatusOf(List<SegmentRevision> revisions, Instant now)
    {
        var counting = revisions.Where(revision => revision.Kind != RevisionKind.Draft).ToList();
        return counting.Count == 0 ? SegmentStatus.Draft
            : counting.Where(revision => revision.Definition.ActiveFrom <= now).MaxBy(revision => revision.Definition.Version) is not { } latest ? SegmentStatus.Scheduled
            : latest.Kind == RevisionKind.Retired ? SegmentStatus.Retired : SegmentStatus.Active;
    }

    private async ValueTask<SegmentRevision> AddAsync(Definition<Segment> definition, RevisionKind kind, string by, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(definition);
        ArgumentException.ThrowIfNullOrWhiteSpace(by);
        while (true)
        {
            var revisions = await RevisionsAsync(cancellationToken).ConfigureAwait(false);
            var revision = new SegmentRevision(definition.Name, revisions.Count(known => known.Segment == definition.Name) + 1, kind, by, clock.GetCurrentInstant(), definition);
            Check(revisions, revision);
            if (await documents.AddAsync(new StoredDocument(DocumentKind, definition.Name, revision.Number, Write(revision), revision.At), cancellationToken).ConfigureAwait(false))
            {
                return kind == RevisionKind.Retired ? revision : revision with { Findings = SegmentLinter.Lint(definition.Value, names).Findings };
            }
        }
    }

    // A draft is checked with the others as if it counted, so that what is wrong is known before it does.
    private static void Check(IReadOnlyList<SegmentRevision> revisions, SegmentRevision added)
    {
        var others = Counting(revisions);
        if (others.FirstOrDefault(known => known.Name == added.Segment && known.Version == added.Definition.Version) is { } same && (same.Hash != added.Definition.Hash || same.ActiveFrom != added.Definition.ActiveFrom))
        {
            throw new InvalidSegmentException([new SegmentError("version", $"Version {same.Version} of '{same.Name}' is active with another meaning or from another instant, and is never changed; give the changed one the next number.")]);
        }

        var named = added.Kind == RevisionKind.Retired
            ? others.Where(other => other.Name != added.Segment && SegmentReferences.In(other.Value.Where).Contains(added.Segment)).Select(other => other.Name).Distinct(StringComparer.Ordinal).ToList()
            : [];
        if (named.Count > 0)
        {
            throw new InvalidSegmentException([new SegmentError(added.Segment, $"It is named by {string.Join(", ", named)}; end or change those first.")]);
        }

        try
        {
            _ = new SegmentCatalog(new DefinitionCatalog<Segment>(Counting([.. revisions, added with { Kind = added.Kind == RevisionKind.Draft ? RevisionKind.Active : added.Kind }])));
        }
        catch (ArgumentException wrong)
        {
            throw new InvalidSegmentException([new SegmentError(added.Segment, wrong.Message)]);
        }
    }

    private static List<Definition<Segment>> Counting(IReadOnlyList<SegmentRevision> revisions) =>
    [
        .. revisions.Where(revision => revision.Kind != RevisionKind.Draft)
            .GroupBy(revision => (revision.Segment, revision.Definition.Version)).Select(same => same.Last().Definition)
            .OrderBy(definition => definition.Name, StringComparer.Ordinal).ThenBy(definition => definition.Version),
    ];

    private static string Write(SegmentRevision revision) => new JsonObject
    {
        ["revision"] = Kinds[(int)revision.Kind],
        ["by"] = revision.By,
        ["definition"] = JsonNode.Parse(SegmentJson.Write(revision.Definition)),
    }.ToJsonString();

    private static SegmentRevision Read(StoredDocument document)
    {
        using var json = JsonDocument.Parse(document.Content);
        var root = json.RootElement;
        return new SegmentRevision(
            document.Name,
            document.Version,
            (RevisionKind)Math.Max(0, Array.IndexOf(Kinds, root.GetProperty("revision").GetString())),
            root.GetProperty("by").GetString() ?? "",
            document.WrittenAt,
            SegmentJson.Read(root.GetProperty("definition").GetRawText()));
    }
}
