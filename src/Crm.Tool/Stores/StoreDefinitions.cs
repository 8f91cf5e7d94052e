using System.Collections.Frozen;
using Crm.Definitions;
using Crm.Engine;
using Crm.Loyalty;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Modules;
using Crm.Tool.Demo;
using Crm.Values;
using NodaTime;

namespace Crm.Tool.Stores;

/// <summary>What decides in a store, as far as the tool has it: the store's own programmes, and those that were given because the host has them in code.</summary>
internal sealed class StoreDefinitions
{
    private readonly FrozenSet<string> programs;
    private readonly FrozenSet<string> kept;

    private StoreDefinitions(IReadOnlyList<ICustomerModule> modules, IEnumerable<LoyaltyProgram> defined)
    {
        Modules = modules;
        var all = defined.ToList();
        programs = all.Select(program => program.Name).ToFrozenSet(StringComparer.Ordinal);
        TierFacts = all.SelectMany(program => program.Ladders.Select(ladder => LoyaltyNames.Fact(program.Name, ladder.Name))).ToFrozenSet(StringComparer.Ordinal);
        kept = all.Where(program => program.Cascade == Cascade.None).Select(program => program.Name).ToFrozenSet(StringComparer.Ordinal);
    }

    /// <summary>Nothing is defined.</summary>
    public static StoreDefinitions None { get; } = new([], []);

    public IReadOnlyList<ICustomerModule> Modules { get; }

    /// <summary>The names of the facts that hold a tier.</summary>
    public IReadOnlySet<string> TierFacts { get; }

    /// <summary>Why nothing is defined though the store has programmes; null otherwise.</summary>
    public string? Trouble { get; private init; }

    /// <summary>Reads what a store has.</summary>
    /// <param name="store">The store.</param>
    /// <param name="given">Programmes that it does not have.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="ToolException">The store has another programme of the name of one that is given.</exception>
    public static async ValueTask<StoreDefinitions> ReadAsync(OpenedStore store, IReadOnlyList<LoyaltyProgram> given, CancellationToken cancellationToken)
    {
        DefinitionCatalog<LoyaltyProgram> catalog;
        try
        {
            catalog = await StoredPrograms.CatalogAsync(store.Documents, cancellationToken);
        }
        catch (ToolException unreadable)
        {
            return new StoreDefinitions([], []) { Trouble = unreadable.Message };
        }

        Refuse(given.Where(program => catalog.Names.Contains(program.Name) && catalog.All.All(known => known.Name != program.Name || known.Hash != program.Hash)));
        var added = given.Where(program => !catalog.Names.Contains(program.Name)).ToList();
        var modules = added.Count == 0 || await DemoMark.IsOnAsync(store.Documents, cancellationToken)
            ? await store.ModulesAsync(cancellationToken)
            : [.. LoyaltyModule.Of(new DefinitionCatalog<LoyaltyProgram>([.. catalog.All, .. added.Select(program => new Definition<LoyaltyProgram>(program.Name, 1, Instant.MinValue, program, program.Hash))]), [])];
        try
        {
            _ = new HistoryReplay(modules, new StoreSettings(DateTimeZone.Utc).Options);
        }
        catch (ArgumentException unfit)
        {
            // Programmes that look at what other modules of the host say are not decided by alone.
            return new StoreDefinitions([], []) { Trouble = unfit.Sentence() };
        }

        return new StoreDefinitions(modules, [.. catalog.All.Select(definition => definition.Value), .. added]);
    }

    /// <summary>What an engine's view of a customer tells of units: the memberships in the programmes that are defined. Of a past that was decided again, programmes without cascade are left to their ledger, in which it is as it was decided.</summary>
    public IEnumerable<Membership> Told(CustomerView view) => Modules.OfType<LoyaltyModule>()
        .SelectMany(module => view.Slot<LoyaltyState>(module.Contract.Name).Memberships).Where(membership => Tells(view, membership.Program));

    /// <summary>Whether an engine's view of a customer tells of the units of a programme.</summary>
    public bool Tells(CustomerView view, string program) => Defines(program) && (view.Unwritten is not null || !IsKept(program));

    public bool Defines(string program) => programs.Contains(program);

    /// <summary>Whether a programme is one without cascade.</summary>
    public bool IsKept(string program) => kept.Contains(program);

    private static void Refuse(IEnumerable<LoyaltyProgram> changed)
    {
        var problems = changed.Select(program => $"--program: the store has a programme '{program.Name}' with other content, which decides here; leave it out.").ToList();
        if (problems.Count > 0)
        {
            throw ToolException.Input(problems);
        }
    }
}
