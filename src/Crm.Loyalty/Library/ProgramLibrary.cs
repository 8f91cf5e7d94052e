using System.Text.Json;
using System.Text.Json.Nodes;
using Crm.Definitions;
using Crm.Loyalty.Programs;
using Crm.Storage;
using NodaTime;

namespace Crm.Loyalty.Library;

/// <summary>
/// Programmes kept in the store: drafted, activated now or for later, and retired by people, every change written down with who made it and when. A version that counts is never changed; a changed programme
/// is the next version. A loyalty module that is made with <see cref="LoadAsync(CancellationToken)"/> decides by them; after a change make the engine anew over the same store, in the same process or another.
/// </summary>
/// <param name="documents">Where they are kept.</param>
/// <param name="clock">Now.</param>
/// <param name="code">What the host has in code that programmes name; null: nothing.</param>
public sealed class ProgramLibrary(IDocumentStore documents, IClock clock, LoyaltyCode? code = null)
{
    /// <summary>The kind of the documents.</summary>
    public const string DocumentKind = "programme";

    private static readonly string[] Changes = ["draft", "activate", "retire"];

    /// <summary>Writes a draft down. It counts for nobody; a simulation can try it.</summary>
    /// <exception cref="InvalidLoyaltyProgramException">Something is wrong with it, or with how it follows the versions before it; the message lists all of it.</exception>
    public ValueTask<ProgramRevision> DraftAsync(Definition<LoyaltyProgram> definition, string by, CancellationToken cancellationToken = default) => AddAsync(definition, ProgramChange.Draft, by, cancellationToken);

    /// <summary>Lets a version count from its own instant on. Activated again, the same version is noted again and changes nothing.</summary>
    /// <exception cref="InvalidLoyaltyProgramException">Something is wrong with it, or with how it follows the versions before it; the message lists all of it.</exception>
    public ValueTask<ProgramRevision> ActivateAsync(Definition<LoyaltyProgram> definition, string by, CancellationToken cancellationToken = default) => AddAsync(definition, ProgramChange.Activate, by, cancellationToken);

    /// <summary>Ends a programme now: a version in which nothing is earned any more. What members hold stays theirs.</summary>
    /// <exception cref="ArgumentException">No programme of the name counts.</exception>
    public async ValueTask<ProgramRevision> RetireAsync(string program, string by, CancellationToken cancellationToken = default)
    {
        var last = (await DefinitionsAsync(cancellationToken).ConfigureAwait(false)).LastOrDefault(definition => definition.Name == program)
            ?? throw new ArgumentException($"No programme that counts is named '{program}'.", nameof(program));
        var now = clock.GetCurrentInstant();
        var ended = last.Value with { Ended = true };
        return await AddAsync(ended.Define(last.Version + 1, now > last.ActiveFrom ? now : last.ActiveFrom + Duration.FromTicks(1)), ProgramChange.Retire, by, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Every change that was ever made, by programme and number.</summary>
    /// <exception cref="InvalidLoyaltyProgramException">A programme names something in code that is not there.</exception>
    public ValueTask<IReadOnlyList<ProgramRevision>> RevisionsAsync(CancellationToken cancellationToken = default) => RevisionsAsync(documents, code, cancellationToken);

    /// <summary>The versions that count or will, by programme and version, those that end a programme included.</summary>
    public async ValueTask<IReadOnlyList<Definition<LoyaltyProgram>>> DefinitionsAsync(CancellationToken cancellationToken = default) => Counting(await RevisionsAsync(cancellationToken).ConfigureAwait(false));

    /// <summary>A catalogue of what counts or will, for <see cref="LoyaltyModule.Of(DefinitionCatalog{LoyaltyProgram}, IEnumerable{Events.EventKind})"/>.</summary>
    public ValueTask<DefinitionCatalog<LoyaltyProgram>> LoadAsync(CancellationToken cancellationToken = default) => LoadAsync(documents, code, cancellationToken);

    /// <summary>A catalogue of what counts or will in a store, for those who only read it.</summary>
    /// <param name="documents">Where programmes are kept.</param>
    /// <param name="code">What the host has in code that programmes name; null: nothing.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="InvalidLoyaltyProgramException">A programme names something in code that is not there.</exception>
    public static async ValueTask<DefinitionCatalog<LoyaltyProgram>> LoadAsync(IDocumentStore documents, LoyaltyCode? code, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(documents);
        return new(Counting(await RevisionsAsync(documents, code, cancellationToken).ConfigureAwait(false)));
    }

    /// <summary>Where each programme stands now, in the order of their names.</summary>
    public async ValueTask<IReadOnlyList<(string Program, ProgramStatus Status)>> StatusesAsync(CancellationToken cancellationToken = default)
    {
        var now = clock.GetCurrentInstant();
        return [.. (await RevisionsAsync(cancellationToken).ConfigureAwait(false)).GroupBy(revision => revision.Program, StringComparer.Ordinal).Select(revisions => (revisions.Key, StatusOf([.. revisions], now)))];
    }

    private static async ValueTask<IReadOnlyList<ProgramRevision>> RevisionsAsync(IDocumentStore documents, LoyaltyCode? code, CancellationToken cancellationToken)
    {
        var revisions = new List<ProgramRevision>();
        await foreach (var document in documents.ReadAllAsync(DocumentKind, cancellationToken).ConfigureAwait(false))
        {
            revisions.Add(Read(document, code));
        }

        return revisions;
    }

    private static ProgramStatus StatusOf(List<ProgramRevision> revisions, Instant now)
    {
        var counting = revisions.Where(revision => revision.Change != ProgramChange.Draft).ToList();
        return counting.Count == 0 ? ProgramStatus.Draft
            : counting.Where(revision => revision.Definition.ActiveFrom <= now).MaxBy(revision => revision.Definition.Version) is not { } latest ? ProgramStatus.Scheduled
            : latest.Definition.Value.Ended ? ProgramStatus.Retired : ProgramStatus.Active;
    }

    private async ValueTask<ProgramRevision> AddAsync(Definition<LoyaltyProgram> definition, ProgramChange change, string by, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(definition);
        ArgumentException.ThrowIfNullOrWhiteSpace(by);
        while (true)
        {
            var revisions = await RevisionsAsync(cancellationToken).ConfigureAwait(false);
            var revision = new ProgramRevision(definition.Name, revisions.Count(known => known.Program == definition.Name) + 1, change, by, clock.GetCurrentInstant(), definition);
            Check(revisions, revision);
            if (await documents.AddAsync(new StoredDocument(DocumentKind, definition.Name, revision.Number, Write(revision), revision.At), cancellationToken).ConfigureAwait(false))
            {
                return revision;
            }
        }
    }

    // A draft is checked with the others as if it counted, so that what is wrong is known before it does.
    private static void Check(IReadOnlyList<ProgramRevision> revisions, ProgramRevision added)
    {
        var others = Counting(revisions);
        if (others.Find(known => known.Name == added.Program && known.Version == added.Definition.Version) is { } same && (same.Hash != added.Definition.Hash || same.ActiveFrom != added.Definition.ActiveFrom))
        {
            throw new InvalidLoyaltyProgramException(added.Program, [new ProgramError("version", $"Version {same.Version} counts with another content or from another instant, and is never changed; give the changed one the next number.")]);
        }

        try
        {
            _ = new LoyaltyModule(new DefinitionCatalog<LoyaltyProgram>(Counting([.. revisions.Where(known => known.Program == added.Program), added with { Change = ProgramChange.Activate }])));
        }
        catch (ArgumentException wrong)
        {
            throw new InvalidLoyaltyProgramException(added.Program, [new ProgramError("", wrong.Message)]);
        }
    }

    private static List<Definition<LoyaltyProgram>> Counting(IReadOnlyList<ProgramRevision> revisions) =>
    [
        .. revisions.Where(revision => revision.Change != ProgramChange.Draft)
            .GroupBy(revision => (revision.Program, revision.Definition.Version)).Select(same => same.Last().Definition)
            .OrderBy(definition => definition.Name, StringComparer.Ordinal).ThenBy(definition => definition.Version),
    ];

    private static string Write(ProgramRevision revision) => new JsonObject
    {
        ["revision"] = Changes[(int)revision.Change],
        ["by"] = revision.By,
        ["definition"] = ProgramDocument.Node(revision.Definition),
    }.ToJsonString();

    private static ProgramRevision Read(StoredDocument document, LoyaltyCode? code)
    {
        using var json = JsonDocument.Parse(document.Content);
        var root = json.RootElement;

        // A programme by itself is one that counted from the beginning: so the tool writes those that come with a first import.
        return root.TryGetProperty("revision", out var change)
            ? new ProgramRevision(document.Name, document.Version, (ProgramChange)Math.Max(0, Array.IndexOf(Changes, change.GetString())), root.GetProperty("by").GetString() ?? "", document.WrittenAt, ProgramDocument.Read(root.GetProperty("definition"), code))
            : new ProgramRevision(document.Name, document.Version, ProgramChange.Activate, "import", document.WrittenAt, LoyaltyProgramJson.Read(document.Content, code ?? new LoyaltyCode()).Define());
    }
}
