using Crm.Conditions;
using Crm.Definitions;
using Crm.Events;
using Crm.Values;
using NodaTime;

namespace Crm.Campaigns.Journeys;

/// <summary>All versions of all journeys and the caps of the channels, checked.</summary>
public sealed class CampaignPlan
{
    private readonly Dictionary<string, Definition<Journey>[]> byName;
    private readonly Dictionary<string, string[]> byTrigger;
    private readonly Dictionary<string, Sequence<Cap>> caps;

    /// <summary>A plan.</summary>
    /// <param name="journeys">The journeys, each with all its versions.</param>
    /// <param name="caps">The caps of channels, over all journeys together; null: none.</param>
    /// <exception cref="InvalidJourneyException">Something is wrong with a journey or a cap; the message lists all of it.</exception>
    public CampaignPlan(DefinitionCatalog<Journey> journeys, IEnumerable<KeyValuePair<string, Sequence<Cap>>>? caps = null)
    {
        ArgumentNullException.ThrowIfNull(journeys);
        this.caps = new Dictionary<string, Sequence<Cap>>(caps ?? [], StringComparer.Ordinal);
        var errors = journeys.All.SelectMany(Errors)
            .Concat(this.caps.OrderBy(pair => pair.Key, StringComparer.Ordinal).SelectMany(pair => JourneyValidator.Caps(pair.Value, $"caps of channel '{pair.Key}'")))
            .ToSequence();
        if (!errors.IsEmpty)
        {
            throw new InvalidJourneyException(errors);
        }

        Journeys = journeys;
        byName = journeys.All.GroupBy(definition => definition.Name, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.ToArray(), StringComparer.Ordinal);
        byTrigger = journeys.All.SelectMany(definition => KindsOf(definition.Value.Trigger).Select(kind => (kind, definition.Name)))
            .Distinct().GroupBy(pair => pair.kind, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Select(pair => pair.Name).ToArray(), StringComparer.Ordinal);
        BirthdayFields = journeys.All.Select(definition => definition.Value.Trigger).OfType<Trigger.OnBirthday>().SelectMany(trigger => new[] { trigger.Field, trigger.ZoneField }).OfType<string>().Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToSequence();
        Longest = this.caps.Values.Concat(journeys.All.Select(definition => definition.Value.Caps)).SelectMany(all => all).OfType<Cap.Rolling>().Select(cap => cap.Length).DefaultIfEmpty(Duration.Zero).Max();
    }

    /// <summary>The journeys.</summary>
    public DefinitionCatalog<Journey> Journeys { get; }

    /// <summary>The profile fields whose days journeys wait for, and those with the zones in which they do.</summary>
    internal Sequence<string> BirthdayFields { get; }

    /// <summary>The longest rolling window of any cap.</summary>
    internal Duration Longest { get; }

    /// <summary>The kinds of events and echoes that begin something.</summary>
    internal IEnumerable<string> Kinds => byTrigger.Keys.Where(kind => kind != Birthday).Order(StringComparer.Ordinal);

    internal IEnumerable<Condition> Conditions => Journeys.All.SelectMany(definition => new[] { definition.Value.When, (definition.Value.Trigger as Trigger.OnEvent)?.Where }).OfType<Condition>();

    // No kind is named so.
    private const string Birthday = "\0birthday";

    /// <summary>Plans of these journeys, each counting from ever.</summary>
    public static CampaignPlan Of(params IEnumerable<Journey> journeys) => new(new DefinitionCatalog<Journey>(journeys.Select(journey => journey.Define())));

    /// <summary>The caps of a channel.</summary>
    public Sequence<Cap> CapsOf(string channel) => caps.GetValueOrDefault(channel);

    /// <summary>The version of a journey that counts at an instant; null before the first, and for names that no journey has.</summary>
    internal Definition<Journey>? At(string name, Instant instant) => byName.GetValueOrDefault(name)?.LastOrDefault(definition => definition.ActiveFrom <= instant);

    internal bool Has(string name) => byName.ContainsKey(name);

    /// <summary>The versions that may begin with an event or echo of a kind, those of higher priority first.</summary>
    internal IEnumerable<Definition<Journey>> BegunBy(string kind, Instant instant) => Ordered(byTrigger.GetValueOrDefault(kind), instant);

    /// <summary>The versions that wait for a day of the year.</summary>
    internal IEnumerable<Definition<Journey>> WithBirthday(Instant instant) => Ordered(byTrigger.GetValueOrDefault(Birthday), instant);

    /// <summary>Orders agenda entries of one instant: higher priority is handled first.</summary>
    internal static int PhaseOf(Journey journey) => -journey.Priority;

    /// <summary>Whether a sent message has to be remembered for caps.</summary>
    internal bool Counts(string journey, string channel, string purpose, Instant instant) =>
        purpose != JourneyMessage.Service && (!CapsOf(channel).IsEmpty || At(journey, instant) is { Value.Caps.IsEmpty: false });

    private IEnumerable<Definition<Journey>> Ordered(string[]? names, Instant instant) => names is null
        ? []
        : names.Select(name => At(name, instant)).OfType<Definition<Journey>>().Where(definition => !definition.Value.Ended).OrderByDescending(definition => definition.Value.Priority).ThenBy(definition => definition.Name, StringComparer.Ordinal);

    private static IEnumerable<string> KindsOf(Trigger trigger) => trigger switch
    {
        Trigger.OnEvent on => [on.Kind],
        Trigger.OnEcho on => [on.Kind],
        Trigger.WhenSilent silent => [silent.After],
        _ => [Birthday],
    };

    private static IEnumerable<JourneyError> Errors(Definition<Journey> definition)
    {
        var place = $"journey '{definition.Name}' version {definition.Version}";
        var errors = JourneyValidator.Errors(definition.Value, place).ToList();
        if (errors.Count == 0 && definition.Value.Id != definition.Name)
        {
            errors.Add(new JourneyError(place, $"The definition is named '{definition.Name}' and the journey in it '{definition.Value.Id}'; one name is expected."));
        }

        if (errors.Count == 0 && definition.Value.Hash != definition.Hash)
        {
            errors.Add(new JourneyError(place, $"The definition has the hash {definition.Hash}, but that of its journey is {definition.Value.Hash}; make definitions with {nameof(Journey)}.{nameof(Journey.Define)}."));
        }

        return errors;
    }
}
