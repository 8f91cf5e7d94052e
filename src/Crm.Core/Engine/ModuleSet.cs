using System.Collections.Frozen;
using System.Text;
using Crm.Conditions;
using Crm.Events;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>The modules in their order, with who handles what and who owns which fact. Made once, at start; contracts that do not fit together are refused with all that is wrong.</summary>
internal sealed class ModuleSet
{
    private readonly DayCalendars? calendars;

    // Most customers have the same few entries on their agenda, and the same facts.
    private readonly Lately<DueCause> causes = new(256);
    private readonly Lately<WrittenFact> facts = new(4_096);
    private readonly FrozenDictionary<uint, Instant> starts;
    private readonly FrozenDictionary<string, int[]> handlers;
    private readonly int[] handlersOfAll;
    private readonly FrozenDictionary<string, int> indices;
    private readonly FrozenDictionary<string, int[]> readers;
    private readonly FrozenDictionary<ulong, int> profileLeaves;
    private readonly FrozenDictionary<string, (int Module, FactDeclaration Declaration)> ownersByName;
    private readonly (int Module, FactDeclaration Declaration)[] ownersByBeginning;

    public ModuleSet(IEnumerable<ICustomerModule> modules, DayCalendars? calendars = null)
    {
        this.calendars = calendars;
        All = [.. modules];
        Contracts = [.. All.Select(module => module.Contract)];
        Kinds = new EventKinds(Contracts.SelectMany(contract => contract.Kinds));
        var errors = Errors().Concat(ConditionErrors()).ToList();
        if (errors.Count > 0)
        {
            throw new ArgumentException(string.Join(Environment.NewLine, errors), nameof(modules));
        }

        IsAllReversible = Contracts.All(contract => contract.Reversible);
        Changing = Kinds.Known.Where(kind => kind is EventKinds.MergedName or EventKinds.RetiredName || Kinds.Find(kind) is { Nature: EventNature.Amendment }).ToSequence();
        EmptySlots = [.. Contracts.Select(contract => contract.Codec.Empty)];
        Validators = [.. All.OfType<IEventValidator>()];
        AskingAnew = [.. All.Index().Where(module => module.Item is IAsksAnew).Select(module => (module.Index, (IAsksAnew)module.Item))];
        Windows = new WindowCatalog(Contracts.SelectMany(contract => contract.Conditions));
        Uncounted = Observed.Empty(Windows);
        Definitions = DefinitionEpoch.Of(Contracts.Where((_, index) => All[index] is IHoldsUnits).SelectMany(contract => contract.Definitions));
        starts = Contracts.SelectMany(contract => contract.Starts).GroupBy(start => DefinitionEpoch.BeginningOf(start.Definition), start => start.From).ToFrozenDictionary(same => same.Key, same => same.Min());
        ObservedFields = [.. Contracts.SelectMany(contract => contract.Observes).Concat(TimedFields()).Concat(Contracts.SelectMany(contract => contract.Conditions).SelectMany(ConditionZones.ZoneFields)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        ProfileLeaves = Windows.ProfileLeaves.ToArray();
        profileLeaves = ProfileLeaves.ToFrozenDictionary(leaf => leaf.Key, leaf => leaf.Index);
        indices = Contracts.Select((contract, index) => (contract.Name, index)).ToFrozenDictionary(pair => pair.Name, pair => pair.index, StringComparer.Ordinal);
        var published = Contracts.SelectMany((contract, index) => contract.Publishes.Select(declaration => (Module: index, Declaration: declaration))).ToList();
        ownersByName = published.Where(fact => !fact.Declaration.IsBeginning).GroupBy(fact => fact.Declaration.Name, StringComparer.Ordinal).ToFrozenDictionary(group => group.Key, group => group.First(), StringComparer.Ordinal);
        ownersByBeginning = [.. published.Where(fact => fact.Declaration.IsBeginning)];
        readers = HandlersOf(Echo.FactsChanged)
            .SelectMany(index => Contracts[index].Reads.Concat(Contracts[index].Conditions.SelectMany(FactsOf)).Distinct(StringComparer.Ordinal).Select(fact => (fact, index)))
            .GroupBy(pair => pair.fact, StringComparer.Ordinal)
            .ToFrozenDictionary(group => group.Key, group => group.Select(pair => pair.index).ToArray(), StringComparer.Ordinal);
        handlersOfAll = HandlersOf("*");
        handlers = Contracts.SelectMany(contract => contract.Handles).Distinct(StringComparer.Ordinal)
            .ToFrozenDictionary(kind => kind, HandlersOf, StringComparer.Ordinal);
    }

    public ICustomerModule[] All { get; }

    public ModuleContract[] Contracts { get; }

    /// <summary>What each module knows of a newborn customer.</summary>
    public object[] EmptySlots { get; }

    /// <summary>The modules that also check events.</summary>
    public IReadOnlyList<IEventValidator> Validators { get; }

    /// <summary>The modules whose states may have been decided by other definitions, with their places.</summary>
    public (int Index, IAsksAnew Module)[] AskingAnew { get; }

    public EventKinds Kinds { get; }

    /// <summary>The kinds of events after which other events of a history are no longer what they were, or not only this customer's.</summary>
    public Sequence<string> Changing { get; }

    /// <summary>Whether nothing is irrevocable: then the order in which events count says everything.</summary>
    public bool IsAllReversible { get; }

    /// <summary>The definitions by which modules give units.</summary>
    public Sequence<uint> Definitions { get; }

    /// <summary>Whether definitions of today decide what counts at an instant just as those of an epoch did: all of these are there still, and whatever was added begins later.</summary>
    public bool DecidesAs(DefinitionEpoch? epoch, Instant at) => epoch is { Definitions: var then }
        && (then == Definitions || (then.All(Definitions.Contains) && Definitions.All(now => then.Contains(now) || (starts.TryGetValue(now, out var from) && from > at))));

    public WindowCatalog Windows { get; }

    /// <summary>What is counted of a newborn customer; copies of it share its memory until something is.</summary>
    public Observed Uncounted { get; }

    /// <summary>The distinct tests of profile fields.</summary>
    public ProfileLeaf[] ProfileLeaves { get; }

    /// <summary>The names of the profile fields whose values modules read, in ordinal order.</summary>
    public string[] ObservedFields { get; }

    public int Count => All.Length;

    /// <summary>The modules that handle a kind of event or echo, in order.</summary>
    public int[] HandlersFor(string kind) => handlers.GetValueOrDefault(kind) ?? handlersOfAll;

    /// <summary>The modules that handle a kind of event, and those that may have, in order: whoever holds units may have given some for a kind that no definition looks at any more.</summary>
    public int[] HandlersAndHoldersFor(string kind) => [.. Enumerable.Range(0, Count).Where(index => All[index] is IHoldsUnits || HandlersFor(kind).Contains(index))];

    /// <summary>The modules that read a fact and want to be told when it changes, in order.</summary>
    public ReadOnlySpan<int> ReadersOf(string fact) => readers.GetValueOrDefault(fact);

    /// <summary>What an entry of an agenda is called as the cause of what comes of it.</summary>
    public EventKey CauseOf(AgendaEntry entry)
    {
        var hash = entry.Key.GetHashCode(StringComparison.Ordinal);
        return causes.Find(hash) is { } known && known.Module == entry.Module && string.Equals(known.Entry, entry.Key, StringComparison.Ordinal)
            ? known.Cause
            : causes.Keep(hash, new DueCause(entry.Module, entry.Key, new EventKey(JournalCheck.DueSource, $"{Contracts[entry.Module].Name}/{entry.Key}"))).Cause;
    }

    /// <summary>The place of a module, or -1.</summary>
    public int IndexOf(string module) => indices.GetValueOrDefault(module, -1);

    /// <summary>The place of a test of a profile field, or -1.</summary>
    public int ProfileLeafOf(ulong key) => profileLeaves.GetValueOrDefault(key, -1);

    /// <summary>The place of an observed profile field.</summary>
    /// <exception cref="InvalidOperationException">No contract observes it.</exception>
    public int ObservedFieldOf(string field) => Array.BinarySearch(ObservedFields, field, StringComparer.Ordinal) is >= 0 and var index
        ? index
        : throw new InvalidOperationException($"No module's contract observes the profile field '{field}'. List it in {nameof(ModuleContract)}.{nameof(ModuleContract.Observes)}.");

    /// <summary>Whether a profile field is observed.</summary>
    public bool Observes(string field) => Array.BinarySearch(ObservedFields, field, StringComparer.Ordinal) >= 0;

    /// <summary>The declaration of a fact and the module that owns it, or null.</summary>
    public (int Module, FactDeclaration Declaration)? OwnerOf(string fact)
    {
        if (ownersByName.TryGetValue(fact, out var named))
        {
            return named;
        }

        foreach (ref readonly var owner in ownersByBeginning.AsSpan())
        {
            if (owner.Declaration.Covers(fact))
            {
                return owner;
            }
        }

        return null;
    }

    /// <summary>A fact by its name as it is written.</summary>
    public WrittenFact FactOf(ReadOnlySpan<byte> utf8)
    {
        var hash = KnownNames.HashOf(utf8);
        return facts.Find(hash) is { } known && Ascii.Equals(utf8, known.Name) ? known : facts.Keep(hash, Written(KnownNames.Of(utf8)));
    }

    private WrittenFact Written(string fact) => new(fact, OwnerOf(fact) is not null);

    private int[] HandlersOf(string kind) =>
        [.. Contracts.Select((contract, index) => (contract, index)).Where(pair => pair.contract.Handles.Any(handled => handled == kind || handled == "*")).Select(pair => pair.index)];

    private IEnumerable<string> Errors()
    {
        foreach (var contract in Contracts.Where(contract => !Names.IsName(contract.Name) || contract.Name == StateCodec.KernelSlot))
        {
            yield return $"'{contract.Name}' is not the name of a module: lower-case letters, digits, '-', '_' and '.' are expected, and not '{StateCodec.KernelSlot}'.";
        }

        if (Contracts.Length > AgendaEntry.MostModules)
        {
            yield return $"There are {Contracts.Length} modules; at most {AgendaEntry.MostModules} are expected.";
        }

        foreach (var twice in Contracts.GroupBy(contract => contract.Name, StringComparer.Ordinal).Where(group => group.Count() > 1))
        {
            yield return $"Two modules are named '{twice.Key}'; a module is added once.";
        }

        var published = Contracts.SelectMany(contract => contract.Publishes.Select(fact => (contract.Name, Fact: fact))).ToList();
        foreach (var clash in published.GroupBy(pair => pair.Fact.Name, StringComparer.Ordinal).Where(group => group.Count() > 1))
        {
            yield return $"The fact '{clash.Key}' is published by {string.Join(" and ", clash.Select(pair => pair.Name))}; a fact has one owner.";
        }

        foreach (var contract in Contracts)
        {
            foreach (var read in contract.Reads.Concat(contract.Conditions.SelectMany(FactsOf)).Distinct(StringComparer.Ordinal).Where(read => !published.Any(pair => pair.Fact.Covers(read))))
            {
                yield return $"The module '{contract.Name}' reads the fact '{read}', which no module publishes. There are: {string.Join(", ", published.Select(pair => pair.Fact.Name).Order(StringComparer.Ordinal))}.";
            }
        }
    }

    private IEnumerable<string> ConditionErrors() =>
        from contract in Contracts
        from condition in contract.Conditions.Index()
        from error in ConditionCheck.Check(condition.Item, Kinds, calendars)
        select $"In condition {condition.Index + 1} of the module '{contract.Name}', at {error}";

    private static IEnumerable<string> FactsOf(Condition condition) => condition switch
    {
        Condition.Fact fact => [fact.Name],
        Condition.All all => all.Of.SelectMany(FactsOf),
        Condition.Any any => any.Of.SelectMany(FactsOf),
        Condition.Not not => FactsOf(not.Of),
        Condition.Score score => score.Of.SelectMany(part => FactsOf(part.When)),
        _ => [],
    };

    // What compares a field of the profile with today needs its value, not one answer.
    private IEnumerable<string> TimedFields() => Contracts.SelectMany(contract => contract.Conditions).SelectMany(ConditionLeaves.Leaves).OfType<Condition.Field>()
        .Where(field => field.Is.IsTimed() && field.Name.StartsWith(Evaluator.ProfileScope, StringComparison.Ordinal))
        .Select(field => field.Name[Evaluator.ProfileScope.Length..]);

    private sealed record DueCause(int Module, string Entry, EventKey Cause);
}

/// <summary>A fact of a state that is read.</summary>
/// <param name="Name">Its name.</param>
/// <param name="HasOwner">Whether a module declares it.</param>
internal sealed record WrittenFact(string Name, bool HasOwner);
