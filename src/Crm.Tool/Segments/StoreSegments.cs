using System.Runtime.CompilerServices;
using Crm.Conditions;
using Crm.Definitions;
using Crm.Engine;
using Crm.Events;
using Crm.Segmentation.Library;
using Crm.Segmentation.Segments;
using Crm.Tool.Demo;
using Crm.Tool.Reports;
using Crm.Tool.Stores;
using Crm.Values;
using NodaTime;

namespace Crm.Tool.Segments;

/// <summary>The segments that a command asks about, and the customers of a store as of an instant.</summary>
internal sealed class StoreSegments
{
    private readonly OpenedStore store;

    // Of which the store keeps memberships by another definition.
    private readonly HashSet<string> replaced;

    private StoreSegments(OpenedStore store, CrmEngine engine, SegmentCatalog catalog, PastQuestion question, IEnumerable<string> replaced, IReadOnlyDictionary<string, string> unanswerable)
    {
        this.store = store;
        this.replaced = replaced.ToHashSet(StringComparer.Ordinal);
        Unanswerable = unanswerable;
        Engine = engine;
        Catalog = catalog;
        Question = question;
    }

    public CrmEngine Engine { get; }

    public SegmentCatalog Catalog { get; }

    /// <summary>The segments of the store that ask for what the tool does not have, or name one that does, each with what that is: who is in them is known to the host alone.</summary>
    public IReadOnlyDictionary<string, string> Unanswerable { get; }

    /// <summary>The segments that can be asked about.</summary>
    public IEnumerable<string> Answerable => Catalog.Definitions.Names.Where(id => !Unanswerable.ContainsKey(id));

    /// <summary>The last instant that counts.</summary>
    public Instant Last => Question.At;

    /// <summary>What a report of the instant is about: everything that had happened by then, amendments of later left out.</summary>
    public PastQuestion Question { get; }

    /// <summary>Opens the segments of a store: those of the demo, those that hosts have saved in it, and those of files, which count instead of saved ones of the same name.</summary>
    /// <exception cref="ToolException">Something is wrong with a file, or the files do not fit the store; the message lists all of it.</exception>
    public static ValueTask<StoreSegments> OpenAsync(OpenedStore store, IEnumerable<string> files, AsOf asOf, IClock clock, CancellationToken cancellationToken) =>
        OpenAsync(store, kinds => FromFiles(files, kinds), asOf, clock, cancellationToken);

    /// <summary>Opens the segments of a store as <see cref="OpenAsync(OpenedStore, IEnumerable{string}, AsOf, IClock, CancellationToken)"/> does, with one more that is asked about before it counts: as if it did, whatever its own instant, and of a snapshot by the condition that it is to be taken by.</summary>
    /// <exception cref="ToolException">Something is wrong with a file, or the files do not fit the store; the message lists all of it.</exception>
    public static async ValueTask<(StoreSegments Segments, Segment Draft)> OpenWithAsync(OpenedStore store, string draft, IEnumerable<string> files, AsOf asOf, IClock clock, CancellationToken cancellationToken)
    {
        Segment? read = null;
        var segments = await OpenAsync(
            store,
            kinds =>
            {
                var own = FromFiles([draft, .. files], kinds);
                read = own[0].Value;
                return [AsIfItCounted(own[0]), .. own.Skip(1)];
            },
            asOf,
            clock,
            cancellationToken);
        return (segments, read ?? throw new InvalidOperationException("The files were not read."));
    }

    private static async ValueTask<StoreSegments> OpenAsync(OpenedStore store, Func<EventKinds, List<Definition<Segment>>> read, AsOf asOf, IClock clock, CancellationToken cancellationToken)
    {
        var settings = await StoreSettings.ReadOrUtcAsync(store.Documents, cancellationToken);
        var modules = await store.ModulesAsync(cancellationToken);
        var engine = OpenedStore.EngineOver(store.Customers, modules, settings, clock);
        var own = read(engine.Kinds);
        var saved = await new SegmentLibrary(store.Documents, clock).DefinitionsAsync(cancellationToken);
        var demo = await DemoMark.IsOnAsync(store.Documents, cancellationToken) ? new TeaShop().Segments.Definitions.All : [];
        var all = own.Concat(saved.Concat(demo).Where(definition => own.All(one => one.Name != definition.Name))).DistinctBy(definition => (definition.Name, definition.Version)).ToList();
        var lacking = all.Select(definition => (definition.Name, Lacks: IsListed(definition.Value, own.Contains(definition)) ? [] : Lacks(definition.Value.Asked, engine).ToList())).Where(one => one.Lacks.Count > 0).ToLookup(one => own.Any(given => given.Name == one.Name));
        var problems = lacking[true].SelectMany(one => one.Lacks.Select(lack => $"{one.Name}: {lack}")).Distinct(StringComparer.Ordinal).ToList();
        try
        {
            var catalog = new SegmentCatalog(new DefinitionCatalog<Segment>(all));
            var unanswerable = lacking[false].DistinctBy(one => one.Name).ToDictionary(one => one.Name, one => one.Lacks[0], StringComparer.Ordinal);
            for (var before = -1; before != unanswerable.Count;)
            {
                before = unanswerable.Count;
                foreach (var definition in all)
                {
                    if (Named(definition.Value.Where).FirstOrDefault(unanswerable.ContainsKey) is { } named)
                    {
                        unanswerable.TryAdd(definition.Name, $"it asks for '{named}', of which {unanswerable[named]}");
                    }
                }
            }

            return problems.Count == 0
                ? new StoreSegments(store, engine, catalog, QuestionAt(asOf.Last(settings.Zone)) with { IsNow = asOf is AsOf.At { IsNow: true } }, Replaced(own, [.. saved, .. demo], asOf.Last(settings.Zone)), unanswerable)
                : throw ToolException.Input(problems);
        }
        catch (Exception wrong) when (wrong is InvalidSegmentException or ArgumentException)
        {
            throw ToolException.Input([.. problems, wrong.Sentence()]);
        }
    }

    // Who is in it is said by events that the store has, whatever a snapshot was taken by.
    private static bool IsListed(Segment segment, bool isOwn) => segment.Kind == SegmentKind.Manual || (segment.Kind == SegmentKind.Snapshot && !isOwn);

    // What a condition asks for and the modules of the store do not have: it would be missing for everybody.
    private static IEnumerable<string> Lacks(Condition condition, CrmEngine engine)
    {
        var facts = engine.Facts;
        var names = facts.Select(known => known.Name).Order(StringComparer.Ordinal).ToSequence();
        foreach (var fact in condition.Leaves().OfType<Condition.Fact>().Select(leaf => leaf.Name).Where(name => !name.StartsWith(SegmentNames.FactPrefix, StringComparison.Ordinal) && !facts.Any(known => known.Covers(name))).Distinct(StringComparer.Ordinal))
        {
            yield return $"no module of this store publishes the fact '{fact}'.{(Names.Nearest(fact, names) is { } nearest ? $" Did you mean '{nearest}'?" : "")} There are: {string.Join(", ", names.DefaultIfEmpty("none"))}.";
        }

        foreach (var error in ConditionCheck.Check(condition, engine.Kinds, engine.Calendars))
        {
            yield return error.ToString();
        }
    }

    private static IEnumerable<string> Named(Condition condition) => condition.Leaves().OfType<Condition.Fact>()
        .Where(fact => fact.Name.StartsWith(SegmentNames.FactPrefix, StringComparison.Ordinal)).Select(fact => fact.Name[SegmentNames.FactPrefix.Length..]);

    // Those of the files that are saved with another meaning, so that what the store keeps of them is not theirs.
    private static IEnumerable<string> Replaced(List<Definition<Segment>> own, List<Definition<Segment>> kept, Instant last) =>
        own.Select(definition => definition.Name).Distinct(StringComparer.Ordinal).Where(name => HashAt(own, name, last) != HashAt(kept, name, last));

    private static DefinitionHash? HashAt(List<Definition<Segment>> definitions, string name, Instant at) =>
        definitions.Where(definition => definition.Name == name && definition.ActiveFrom <= at).MaxBy(definition => definition.Version)?.Hash;

    /// <summary>A segment that there is.</summary>
    /// <exception cref="ToolException">There is none, or it cannot be asked about here.</exception>
    public string Known(string id) => !Catalog.Definitions.Names.Contains(id)
        ? throw ToolException.Input($"No segment is named '{id}'. {(Catalog.Definitions.Names.IsEmpty ? "The store has none; give one with --segments FILE." : $"There are: {string.Join(", ", Catalog.Definitions.Names)}.")}")
        : Unanswerable.TryGetValue(id, out var lack) ? throw ToolException.Input($"Who is in '{id}' is known to the host alone: {lack}") : id;

    public static PastQuestion QuestionAt(Instant instant) => new(instant) { WithoutLaterAmendments = true, RefusesDisposed = true };

    /// <summary>For each segment, the customers who are in it, by what they are called; and how many customers there are.</summary>
    public async ValueTask<(int Customers, Dictionary<string, List<Member>> Members)> MembersAsync(IReadOnlyCollection<string> segments, PastQuestion question, CancellationToken cancellationToken)
    {
        var names = await NamesAsync(cancellationToken);
        var members = segments.Distinct(StringComparer.Ordinal).ToDictionary(id => id, _ => new List<Member>(), StringComparer.Ordinal);
        var customers = 0;
        await foreach (var view in ReadAllAsync(question, cancellationToken))
        {
            customers++;
            foreach (var (id, list) in members)
            {
                if (IsMember(view, id))
                {
                    var customer = view.Customer.Customer;
                    list.Add(new Member(names.GetValueOrDefault(customer, customer.ToString()), replaced.Contains(id) ? null : view.Customer.SlotOrNull<Segmentation.Memberships.SegmentationState>(SegmentNames.Module)?.With(id)?.Current?.Since));
                }
            }
        }

        foreach (var list in members.Values)
        {
            list.Sort((one, other) => string.CompareOrdinal(one.Customer, other.Customer));
        }

        return (customers, members);
    }

    /// <summary>Every customer of whom something was known.</summary>
    /// <exception cref="ToolException">The past of a customer has been disposed of.</exception>
    public async IAsyncEnumerable<PastView> ReadAllAsync(PastQuestion question, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var views = Engine.ReadAllAsync(question, cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (await NextAsync(views))
        {
            yield return views.Current;
        }
    }

    private static async ValueTask<bool> NextAsync(IAsyncEnumerator<PastView> views)
    {
        try
        {
            return await views.MoveNextAsync();
        }
        catch (ArgumentException refused)
        {
            throw ToolException.Input(refused.Sentence());
        }
    }

    /// <summary>Whether a customer is in a segment.</summary>
    /// <exception cref="ToolException">The past of the customer does not say.</exception>
    public bool IsMember(PastView view, string id)
    {
        try
        {
            return Catalog.IsMember(view, id).Value;
        }
        catch (ArgumentException refused)
        {
            throw ToolException.Input(refused.Sentence());
        }
    }

    // Whoever has several identities is called by the first; who has none any more, by the id.
    private async ValueTask<Dictionary<CustomerId, string>> NamesAsync(CancellationToken cancellationToken)
    {
        var names = new Dictionary<CustomerId, string>();
        await foreach (var (customer, identity) in store.Scan.ReadIdentitiesAsync(cancellationToken))
        {
            var name = $"{identity.Kind}:{identity.Value}";
            if (!names.TryGetValue(customer, out var known) || string.CompareOrdinal(name, known) < 0)
            {
                names[customer] = name;
            }
        }

        return names;
    }

    /// <summary>The segments of files.</summary>
    /// <exception cref="ToolException">Something is wrong with a file; the message lists all of it.</exception>
    internal static List<Definition<Segment>> FromFiles(IEnumerable<string> files, EventKinds? kinds)
    {
        var definitions = new List<Definition<Segment>>();
        var problems = new List<string>();
        foreach (var file in files)
        {
            try
            {
                definitions.Add(SegmentJson.Read(NamedFile.JsonText(file), kinds));
            }
            catch (InvalidSegmentException wrong)
            {
                problems.AddRange(wrong.Errors.Select(error => $"{file}: {error}"));
            }
            catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException)
            {
                problems.Add($"{file}: the segment cannot be read: {wrong.Message}");
            }
        }

        return problems.Count == 0 ? definitions : throw ToolException.Input(problems);
    }

    private static Definition<Segment> AsIfItCounted(Definition<Segment> draft) =>
        (draft.Value.Taken is { } taken ? new Segment { Id = draft.Name, Label = draft.Value.Label, Where = taken.Where } : draft.Value).Define(draft.Version, Instant.MinValue);
}

/// <summary>A customer in a segment.</summary>
/// <param name="Customer">An identity, or the id of one who has none any more.</param>
/// <param name="Since">Since when, where the store keeps it.</param>
internal sealed record Member(string Customer, Instant? Since);
