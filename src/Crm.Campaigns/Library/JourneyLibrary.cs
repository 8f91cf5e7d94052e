using System.Text.Json;
using System.Text.Json.Nodes;
using Crm.Campaigns.Experiments;
using Crm.Campaigns.Journeys;
using Crm.Conditions;
using Crm.Definitions;
using Crm.Storage;
using Crm.Values;
using NodaTime;
using NodaTime.Text;

namespace Crm.Campaigns.Library;

/// <summary>
/// Journeys kept in the store: drafted, activated now or for later, and retired by people, every change written down with who made it and when. A version that counts is never changed; a changed journey is the next
/// version. A campaigns module that is made with <see cref="LoadAsync"/> decides by them; after a change make the engine anew over the same store, in the same process or another.
/// </summary>
/// <param name="documents">Where they are kept.</param>
/// <param name="clock">Now.</param>
public sealed class JourneyLibrary(IDocumentStore documents, IClock clock)
{
    private readonly RevisionLog<Journey> log = new(documents, new("journey", ["draft", "activate", "retire"], Write, Read));

    /// <summary>Writes a draft down. It counts for nobody.</summary>
    /// <exception cref="InvalidJourneyException">Something is wrong with it, or with how it follows the versions before it; the message lists all of it.</exception>
    public ValueTask<Revision<Journey>> DraftAsync(Definition<Journey> definition, string by, CancellationToken cancellationToken = default) => AddAsync(definition, RevisionChange.Draft, by, cancellationToken);

    /// <summary>Lets a version count from its own instant on. Activated again, the same version is noted again and changes nothing.</summary>
    /// <exception cref="InvalidJourneyException">Something is wrong with it, or with how it follows the versions before it; the message lists all of it.</exception>
    public ValueTask<Revision<Journey>> ActivateAsync(Definition<Journey> definition, string by, CancellationToken cancellationToken = default) => AddAsync(definition, RevisionChange.Activate, by, cancellationToken);

    /// <summary>Ends a journey now: a version that nothing begins. Messages that were decided before are sent. A version that was to begin later does not.</summary>
    /// <exception cref="ArgumentException">No journey of the name counts.</exception>
    public async ValueTask<Revision<Journey>> RetireAsync(string journey, string by, CancellationToken cancellationToken = default)
    {
        var (last, version, from) = (await DefinitionsAsync(cancellationToken).ConfigureAwait(false)).Ending(journey, clock.GetCurrentInstant())
            ?? throw new ArgumentException($"No journey that counts is named '{journey}'.", nameof(journey));
        return await AddAsync((last with { Ended = true }).Define(version, from), RevisionChange.Retire, by, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Every change that was ever made, by journey and number.</summary>
    public ValueTask<IReadOnlyList<Revision<Journey>>> RevisionsAsync(CancellationToken cancellationToken = default) => log.ReadAsync(cancellationToken);

    /// <summary>The versions that count or will, by journey and version, those that end a journey included.</summary>
    public async ValueTask<IReadOnlyList<Definition<Journey>>> DefinitionsAsync(CancellationToken cancellationToken = default) => (await RevisionsAsync(cancellationToken).ConfigureAwait(false)).Counting();

    /// <summary>A plan of what counts or will, for a campaigns module to decide by.</summary>
    /// <param name="caps">The caps of channels, over all journeys together; null: none.</param>
    /// <param name="holdout">Who gets no message of any journey; null: nobody.</param>
    /// <param name="quiet">When no message leaves, but those of the service; null: there is no such time.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async ValueTask<CampaignPlan> LoadAsync(IEnumerable<KeyValuePair<string, Sequence<Cap>>>? caps = null, Holdout? holdout = null, QuietHours? quiet = null, CancellationToken cancellationToken = default) =>
        new(new DefinitionCatalog<Journey>(await DefinitionsAsync(cancellationToken).ConfigureAwait(false)), caps, holdout, quiet);

    /// <summary>Where each journey stands now, in the order of their names.</summary>
    public async ValueTask<IReadOnlyList<(string Journey, DefinitionStatus Status)>> StatusesAsync(CancellationToken cancellationToken = default) =>
        (await RevisionsAsync(cancellationToken).ConfigureAwait(false)).Statuses(clock.GetCurrentInstant(), static revision => revision.Definition.Value.Ended);

    private ValueTask<Revision<Journey>> AddAsync(Definition<Journey> definition, RevisionChange change, string by, CancellationToken cancellationToken) =>
        log.AddAsync(definition, change, by, clock, Check, cancellationToken);

    // A draft is checked with the others as if it counted, so that what is wrong is known before it does.
    private static void Check(IReadOnlyList<Revision<Journey>> revisions, Revision<Journey> added)
    {
        if (revisions.Contradicted(added) is { } same)
        {
            throw new InvalidJourneyException([new JourneyError("version", $"Version {same.Version} of '{same.Name}' counts with another content or from another instant, and is never changed; give the changed one the next number.")]);
        }

        try
        {
            _ = new CampaignPlan(new DefinitionCatalog<Journey>(revisions.Append(added.Change == RevisionChange.Draft ? added with { Change = RevisionChange.Activate } : added).Counting()));
        }
        catch (ArgumentException wrong)
        {
            throw new InvalidJourneyException([new JourneyError(added.Name, wrong.Sentence())]);
        }
    }

    // A version without an instant counts from ever.
    private static string Write(Definition<Journey> definition)
    {
        var json = new JsonObject { ["version"] = definition.Version, ["journey"] = JsonNode.Parse(JourneyJson.Write(definition.Value), documentOptions: ConditionJson.Around) };
        if (definition.ActiveFrom != Instant.MinValue)
        {
            json["activeFrom"] = InstantPattern.ExtendedIso.Format(definition.ActiveFrom);
        }

        return json.ToJsonString();
    }

    private static Definition<Journey> Read(string json)
    {
        using var document = JsonDocument.Parse(json, ConditionJson.Around);
        var root = document.RootElement;
        var reading = JourneyJson.Read(root.GetProperty("journey").GetRawText());
        return reading.Journey is { } journey
            ? journey.Define(root.GetProperty("version").GetInt32(), root.TryGetProperty("activeFrom", out var from) ? InstantPattern.ExtendedIso.Parse(from.GetString() ?? "").Value : null)
            : throw new InvalidJourneyException(reading.Errors);
    }
}
