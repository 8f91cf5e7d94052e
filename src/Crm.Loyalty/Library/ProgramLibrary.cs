using Crm.Definitions;
using Crm.Loyalty.Programs;
using Crm.Storage;
using Crm.Values;
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

    private readonly RevisionLog<LoyaltyProgram> log = Log(documents, code);

    /// <summary>Writes a draft down. It counts for nobody; a simulation can try it.</summary>
    /// <exception cref="InvalidLoyaltyProgramException">Something is wrong with it, or with how it follows the versions before it; the message lists all of it.</exception>
    public ValueTask<Revision<LoyaltyProgram>> DraftAsync(Definition<LoyaltyProgram> definition, string by, CancellationToken cancellationToken = default) => AddAsync(definition, RevisionChange.Draft, by, cancellationToken);

    /// <summary>Lets a version count from its own instant on. Activated again, the same version is noted again and changes nothing.</summary>
    /// <exception cref="InvalidLoyaltyProgramException">Something is wrong with it, or with how it follows the versions before it; the message lists all of it.</exception>
    public ValueTask<Revision<LoyaltyProgram>> ActivateAsync(Definition<LoyaltyProgram> definition, string by, CancellationToken cancellationToken = default) => AddAsync(definition, RevisionChange.Activate, by, cancellationToken);

    /// <summary>Ends a programme now: a version in which nothing is earned any more. What members hold stays theirs. A version that was to begin later does not.</summary>
    /// <exception cref="ArgumentException">No programme of the name counts.</exception>
    public async ValueTask<Revision<LoyaltyProgram>> RetireAsync(string program, string by, CancellationToken cancellationToken = default)
    {
        var (last, version, from) = (await DefinitionsAsync(cancellationToken).ConfigureAwait(false)).Ending(program, clock.GetCurrentInstant())
            ?? throw new ArgumentException($"No programme that counts is named '{program}'.", nameof(program));
        return await AddAsync((last with { Ended = true }).Define(version, from), RevisionChange.Retire, by, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Every change that was ever made, by programme and number.</summary>
    /// <exception cref="InvalidLoyaltyProgramException">A programme names something in code that is not there.</exception>
    public ValueTask<IReadOnlyList<Revision<LoyaltyProgram>>> RevisionsAsync(CancellationToken cancellationToken = default) => log.ReadAsync(cancellationToken);

    /// <summary>The versions that count or will, by programme and version, those that end a programme included.</summary>
    public async ValueTask<IReadOnlyList<Definition<LoyaltyProgram>>> DefinitionsAsync(CancellationToken cancellationToken = default) => (await RevisionsAsync(cancellationToken).ConfigureAwait(false)).Counting();

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
        return new((await Log(documents, code).ReadAsync(cancellationToken).ConfigureAwait(false)).Counting());
    }

    /// <summary>Where each programme stands now, in the order of their names.</summary>
    public async ValueTask<IReadOnlyList<(string Program, DefinitionStatus Status)>> StatusesAsync(CancellationToken cancellationToken = default) =>
        (await RevisionsAsync(cancellationToken).ConfigureAwait(false)).Statuses(clock.GetCurrentInstant(), static revision => revision.Definition.Value.Ended);

    private ValueTask<Revision<LoyaltyProgram>> AddAsync(Definition<LoyaltyProgram> definition, RevisionChange change, string by, CancellationToken cancellationToken) =>
        log.AddAsync(definition, change, by, clock, Check, cancellationToken);

    // A draft is checked with the others as if it counted, so that what is wrong is known before it does.
    private static void Check(IReadOnlyList<Revision<LoyaltyProgram>> revisions, Revision<LoyaltyProgram> added)
    {
        if (revisions.Contradicted(added) is { } same)
        {
            throw new InvalidLoyaltyProgramException(added.Name, [new ProgramError("version", $"Version {same.Version} counts with another content or from another instant, and is never changed; give the changed one the next number.")]);
        }

        try
        {
            _ = new LoyaltyModule(new DefinitionCatalog<LoyaltyProgram>(revisions.Where(known => known.Name == added.Name).Append(added.Change == RevisionChange.Draft ? added with { Change = RevisionChange.Activate } : added).Counting()));
        }
        catch (ArgumentException wrong)
        {
            throw new InvalidLoyaltyProgramException(added.Name, [new ProgramError("", wrong.Sentence())]);
        }
    }

    // A programme by itself is one that counted from the beginning: so the tool writes those that come with a first import.
    private static RevisionLog<LoyaltyProgram> Log(IDocumentStore documents, LoyaltyCode? code) => new(documents, new(DocumentKind, ["draft", "activate", "retire"], ProgramDocument.Write, json => ProgramDocument.Read(json, code))
    {
        ReadAlone = json => LoyaltyProgramJson.Read(json, code ?? new LoyaltyCode()).Define(),
    });
}
