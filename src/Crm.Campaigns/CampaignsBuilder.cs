using Crm.Campaigns.Experiments;
using Crm.Campaigns.Journeys;
using Crm.Campaigns.Records;
using Crm.Campaigns.Messages;
using Crm.Definitions;
using Crm.Engine;
using Crm.Values;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using NodaTime;

namespace Crm.Campaigns;

/// <summary>Gathers the journeys, caps, templates and channels of a host. All that is wrong with them is said at once.</summary>
public sealed class CampaignsBuilder
{
    private readonly List<Definition<Journey>> versions = [];
    private readonly Dictionary<string, Sequence<Cap>> caps = new(StringComparer.Ordinal);
    private readonly List<Template> templates = [];
    private readonly List<Func<IServiceProvider, IMessageChannel>> channels = [];
    private Holdout? holdout;
    private QuietHours? quiet;
    private string? withoutGate;

    internal CampaignsBuilder()
    {
    }

    /// <summary>Adds a journey that counts from ever.</summary>
    public CampaignsBuilder Journey(Journey journey) => Journey(journey, 1, Instant.MinValue);

    /// <summary>Adds a version of a journey that counts from an instant on; the one before it counts until then.</summary>
    /// <param name="journey">The version.</param>
    /// <param name="version">From 1, counting up.</param>
    /// <param name="activeFrom">From when it counts, included.</param>
    public CampaignsBuilder Journey(Journey journey, int version, Instant activeFrom)
    {
        ArgumentNullException.ThrowIfNull(journey);
        versions.Add(journey.Define(version, activeFrom));
        return this;
    }

    /// <summary>Caps a channel over all journeys together; said again, the caps add up.</summary>
    public CampaignsBuilder Cap(string channel, params Sequence<Cap> limits)
    {
        caps[channel] = caps.GetValueOrDefault(channel).Concat(limits).ToSequence();
        return this;
    }

    /// <summary>Holds a part of all customers out of every journey, so that what campaigns bring together can be told. Said again, the last counts.</summary>
    public CampaignsBuilder HoldOut(Holdout everyone)
    {
        ArgumentNullException.ThrowIfNull(everyone);
        holdout = everyone;
        return this;
    }

    /// <summary>Lets no message of a journey leave in a part of the day, but those of the service and those of journeys with quiet hours of their own. Said again, the last counts.</summary>
    public CampaignsBuilder Quiet(QuietHours hours)
    {
        ArgumentNullException.ThrowIfNull(hours);
        quiet = hours;
        return this;
    }

    /// <summary>Adds a template for the renderer.</summary>
    public CampaignsBuilder Template(Template template)
    {
        ArgumentNullException.ThrowIfNull(template);
        templates.Add(template);
        return this;
    }

    /// <summary>Adds a channel that messages leave by.</summary>
    public CampaignsBuilder Channel<TChannel>()
        where TChannel : class, IMessageChannel => Channel(provider => ActivatorUtilities.GetServiceOrCreateInstance<TChannel>(provider));

    /// <summary>Adds a channel that messages leave by.</summary>
    public CampaignsBuilder Channel(Func<IServiceProvider, IMessageChannel> channel)
    {
        ArgumentNullException.ThrowIfNull(channel);
        channels.Add(channel);
        return this;
    }

    /// <summary>Does without a gate, so that nobody asks for consent.</summary>
    /// <param name="reason">Why that is right; a sentence.</param>
    public CampaignsBuilder WithoutGate(string reason)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(reason);
        withoutGate = reason;
        return this;
    }

    internal void AddTo(CrmBuilder builder)
    {
        var plan = new CampaignPlan(new DefinitionCatalog<Journey>(versions), caps, holdout, quiet);
        var renderer = new HandlebarsRenderer(templates);
        builder.Services.TryAddSingleton<IMessageRenderer>(renderer);
        foreach (var channel in channels)
        {
            builder.Services.AddSingleton<IMessageChannel>(provider => new CappedChannel(channel(provider), plan));
        }

        builder.Services.AddSingleton(provider => (provider.GetService<ISendGate>(), withoutGate) switch
        {
            ({ } gate, _) => new CampaignsModule(plan, gate),
            (null, { } reason) => CampaignsModule.WithoutGate(plan, reason),
            _ => throw new InvalidOperationException($"Campaigns have no gate, so nobody would ask for consent. Add one, such as crm.AddPrivacy(…) from Crm.Privacy or your own {nameof(ISendGate)}, or say why none is needed: campaigns.{nameof(WithoutGate)}(\"…\")."),
        });
        builder.Services.TryAddSingleton(provider => new CampaignDecisions(provider.GetRequiredService<CrmEngine>(), plan));
        builder.AddModule(provider => provider.GetRequiredService<CampaignsModule>());
    }
}

/// <summary>Adds campaigns to a host.</summary>
public static class CampaignsCrmBuilderExtensions
{
    /// <summary>Adds campaigns; after the modules whose facts and echoes its journeys use. The <see cref="CampaignsModule"/> can be asked for from the services.</summary>
    /// <exception cref="InvalidJourneyException">Something is wrong with a journey or a cap; the message lists all of it.</exception>
    /// <exception cref="ArgumentException">A template is not well formed, or versions do not follow each other.</exception>
    public static CrmBuilder AddCampaigns(this CrmBuilder builder, Action<CampaignsBuilder> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        var campaigns = new CampaignsBuilder();
        configure(campaigns);
        campaigns.AddTo(builder);
        return builder;
    }
}
