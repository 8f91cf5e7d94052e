using Crm.Definitions;
using Crm.Engine;
using Crm.Loyalty;
using Crm.Loyalty.Library;
using Crm.Loyalty.Programs;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Tool.Stores;

/// <summary>The loyalty programmes of a store, kept as documents so that every later command decides by them.</summary>
internal static class StoredPrograms
{
    private const string Kind = ProgramLibrary.DocumentKind;

    /// <summary>Reads programmes from files.</summary>
    /// <exception cref="ToolException">Something is wrong; the message lists all that is, in all files.</exception>
    public static IReadOnlyList<LoyaltyProgram> FromFiles(IEnumerable<string> files)
    {
        var programs = new List<LoyaltyProgram>();
        var problems = new List<string>();
        foreach (var file in files)
        {
            try
            {
                programs.Add(LoyaltyProgramJson.Read(NamedFile.JsonText(file)));
            }
            catch (InvalidLoyaltyProgramException wrong)
            {
                problems.AddRange(wrong.Errors.Select(error => $"{file}: {error}"));
            }
            catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException)
            {
                problems.Add($"{file}: the programme cannot be read: {wrong.Message}");
            }
        }

        problems.AddRange(programs.GroupBy(program => program.Name, StringComparer.Ordinal).Where(group => group.Count() > 1)
            .Select(group => $"--program: the programme '{group.Key}' is given {group.Count()} times; once is expected."));
        return problems.Count == 0 ? programs : throw ToolException.Input(problems);
    }

    /// <summary>Every version of the store's programmes that counts or will: those of a first import, and those of a host's <see cref="ProgramLibrary"/>.</summary>
    /// <exception cref="ToolException">A programme names what a host has in code, which the tool has not.</exception>
    public static async ValueTask<DefinitionCatalog<LoyaltyProgram>> CatalogAsync(IDocumentStore documents, CancellationToken cancellationToken)
    {
        try
        {
            return await ProgramLibrary.LoadAsync(documents, null, cancellationToken);
        }
        catch (InvalidLoyaltyProgramException wrong)
        {
            throw ToolException.Input([$"A programme of the store cannot be read here; what it names in code is the host's.", .. wrong.Errors.Select(error => error.ToString())]);
        }
    }

    /// <summary>The programmes of a store, by name, each in its last version.</summary>
    /// <param name="documents">The store's documents.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <param name="at">In the versions that count at this instant, without those that do not yet; null: the last ones.</param>
    public static async ValueTask<IReadOnlyList<LoyaltyProgram>> ReadAsync(IDocumentStore documents, CancellationToken cancellationToken, Instant? at = null)
    {
        var catalog = await CatalogAsync(documents, cancellationToken);
        return [.. catalog.Names.Select(name => catalog.At(name, at ?? Instant.MaxValue)?.Value).OfType<LoyaltyProgram>()];
    }

    /// <summary>Adds programmes to a store without customers; a store that has the same ones already stays as it is.</summary>
    /// <exception cref="ToolException">The store has customers who were decided about without the programme, or another programme of the name; or it asks for what is not here.</exception>
    public static async ValueTask AddAsync(OpenedStore store, IReadOnlyList<LoyaltyProgram> programs, IClock clock, CancellationToken cancellationToken)
    {
        foreach (var program in await MissingAsync(store, programs, cancellationToken))
        {
            await store.Documents.AddAsync(new StoredDocument(Kind, program.Name, 1, LoyaltyProgramJson.Write(program), clock.GetCurrentInstant()), cancellationToken);
        }
    }

    /// <summary>Those of the programmes that a store does not have and may be given. Nothing is written.</summary>
    /// <exception cref="ToolException">The store has customers who were decided about without one of them, or another programme of the name; or one asks for what is not here, so that no engine could decide by it.</exception>
    public static async ValueTask<IReadOnlyList<LoyaltyProgram>> MissingAsync(OpenedStore store, IReadOnlyList<LoyaltyProgram> programs, CancellationToken cancellationToken)
    {
        var known = await ReadAsync(store.Documents, cancellationToken);
        var added = programs.Where(program => !known.Any(stored => stored.Name == program.Name && stored.Hash == program.Hash)).ToList();
        var changed = added.Where(program => known.Any(stored => stored.Name == program.Name)).ToList();
        var unknown = added.Except(changed).ToList();
        var problems = changed.Select(program => $"--program: the store has a programme '{program.Name}' with other content. Give a changed programme a name of its own, or import into a new store.").ToList();
        if (unknown.Count > 0 && await store.HasCustomersAsync(cancellationToken))
        {
            problems.Add($"--program: the store has customers already, whose history was decided without {string.Join(", ", unknown.Select(program => $"'{program.Name}'"))}. Programmes are given with the first import into a store.");
        }

        problems.AddRange(unknown.Count > 0 ? Unfit([.. known, .. unknown]) : []);
        return problems.Count == 0 ? unknown : throw ToolException.Input(problems);
    }

    // By what asks for facts or calendars that are not here no engine decides, now or later.
    private static IEnumerable<string> Unfit(IReadOnlyList<LoyaltyProgram> programs)
    {
        try
        {
            _ = new HistoryReplay([.. LoyaltyModule.Of(new DefinitionCatalog<LoyaltyProgram>(programs.Select(program => new Definition<LoyaltyProgram>(program.Name, 1, Instant.MinValue, program, program.Hash))), [])], new StoreSettings(DateTimeZone.Utc).Options);
            return [];
        }
        catch (ArgumentException unfit)
        {
            return [$"--program: {unfit.Sentence()}"];
        }
    }
}
