using Crm.Campaigns.Experiments;
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
    /// <param name="holdout">Who gets no message of any journey; null: nobody.</param>
    /// <param name="quiet">When no message of a journey leaves, but those of the service and those of journeys with quiet hours of their own; null: none.</param>
    /// <exception cref="InvalidJourneyException">Something is wrong with a journey, a cap, an experiment, the holdout or the quiet hours; the message lists all of it.</exception>
    public CampaignPlan(DefinitionCatalog<Journey> journeys, IEnumerable<KeyValuePair<string, Sequence<Cap>>>? caps = null, Holdout? holdout = null, QuietHours? quiet = null)
    {
        ArgumentNullException.ThrowIfNull(journeys);
        this.caps = new Dictionary<string, Sequence<Cap>>(caps ?? [], StringComparer.Ordinal);
        var errors = journeys.All.SelectMany(Errors)
            .Concat(this.caps.OrderBy(pair => pair.Key, StringComparer.Ordinal).SelectMany(pair => JourneyValidator.Caps(pair.Value, $"caps of channel '{pair.Key}'")))
            .Concat(ExperimentValidator.Errors(journeys.All, holdout))
            .Concat(quiet is null ? [] : JourneyValidator.Quiet(quiet, "quiet hours"))
            .ToSequence();
        if (!errors.IsEmpty)
        {
            throw new InvalidJourneyException(errors);
        }

        Journeys = journeys;
        Holdout = holdout;
        Quiet = quiet;
        byName = journeys.All.GroupBy(definition => definition.Name, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.ToArray(), StringComparer.Ordinal);
        byTrigger = journeys.All.SelectMany(definition => KindsOf(definition.Value.Trigger).Select(kind => (kind, definition.Name)))
            .Distinct().GroupBy(pair => pair.kind, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Select(pair => pair.Name).ToArray(), StringComparer.Ordinal);
        BirthdayFields = journeys.All.Select(definition => definition.Value.Trigger).OfType<Trigger.OnBirthday>().SelectMany(trigger => new[] { trigger.Field, trigger.ZoneField }).OfType<string>().Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToSequence();
        Observed = BirthdayFields.Concat(journeys.All.Select(definition => definition.Value.Quiet?.ZoneField).Append(quiet?.ZoneField).OfType<string>()).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToSequence();
        Longest = this.caps.Values.Concat(journeys.All.Select(definition => definition.Value.Caps)).SelectMany(all => all).OfType<Cap.Rolling>().Select(cap => cap.Length).DefaultIfEmpty(Duration.Zero).Max();
    }

    /// <summary>The journeys.</summary>
    public DefinitionCatalog<Journey> Journeys { get; }

    /// <summary>Who gets no message of any journey, but those of the service; null: nobody.</summary>
    public Holdout? Holdout { get; }

    /// <summary>When no message of a journey leaves; null: there is no such time.</summary>
    public QuietHours? Quiet { get; }

    /// <summary>All profile fields that are looked at.</summary>
    internal Sequence<string> Observed { get; }

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

    /// <summary>By which wall a journey's message may have to wait at a moment, and until when; null: it leaves at any time. Without an end it is not quiet now.</summary>
    /// <param name="observed">Says what was observed of the profile.</param>
    internal (DateTimeZone Zone, Instant? Until)? QuietAt(Journey journey, Moment moment, Func<string, Scalar> observed)
    {
        if ((journey.Quiet ?? (journey.Message.Purpose == JourneyMessage.Service ? null : Quiet)) is not { } quiet || moment.Instant < quiet.Since)
        {
            return null;
        }

        var zone = quiet.ZoneOf(observed, moment.Zone);
        return (zone, quiet.EndAt(moment.Instant, zone));
    }

    /// <summary>The experiment by which a journey's message is held out together with those of all journeys, at a moment; null: there is none, or not yet.</summary>
    internal Experiment? EveryoneFor(Journey journey, Moment moment) =>
        journey.Message.Purpose != JourneyMessage.Service && Holdout is { } everyone && everyone.From <= moment.Instant ? everyone.On(moment.Date) : null;

    /// <summary>The experiment of a journey at an instant; null: it has none, or not yet.</summary>
    internal static Experiment? ExperimentOf(Journey journey, Instant at) => journey.Experiment is { } experiment && experiment.From <= at ? experiment : null;

    /// <summary>A version by its number; null where there is none.</summary>
    internal Definition<Journey>? Version(string name, int version) => byName.GetValueOrDefault(name)?.FirstOrDefault(definition => definition.Version == version);

    internal bool Has(string name) => byName.ContainsKey(name);

    /// <summary>The versions that may begin with an event or echo of a kind, those of higher priority first.</summary>
    internal IEnumerable<Definition<Journey>> BegunBy(string kind, Instant instant) => Ordered(byTrigger.GetValueOrDefault(kind), instant);

    /// <summary>The versions that wait for a day of the year.</summary>
    internal IEnumerable<Definition<Journey>> WithBirthday(Instant instant) => Ordered(byTrigger.GetValueOrDefault(Birthday), instant);

    /// <summary>Whether another plan decides the same at every instant: the same versions, caps, holdout and quiet hours.</summary>
    internal bool IsSameAs(CampaignPlan other) =>
        Versions(this).SequenceEqual(Versions(other)) && caps.Count == other.caps.Count && caps.All(pair => other.CapsOf(pair.Key) == pair.Value) && Holdout == other.Holdout && Quiet == other.Quiet;

    private static IEnumerable<(string, int, Instant, DefinitionHash)> Versions(CampaignPlan plan) =>
        plan.Journeys.All.Select(definition => (definition.Name, definition.Version, definition.ActiveFrom, definition.Hash)).OrderBy(version => version.Name, StringComparer.Ordinal).ThenBy(version => version.Version);

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
