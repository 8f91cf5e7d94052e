using Crm.Definitions;
using Crm.Engine;
using Crm.Segmentation.Segments;
using Crm.Segmentation.Studies;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using NodaTime;

namespace Crm.Segmentation;

/// <summary>Gathers the segments of a host. All that is wrong with them is said at once.</summary>
public sealed class SegmentationBuilder
{
    private readonly List<Definition<Segment>> versions = [];

    internal SegmentationBuilder()
    {
    }

    /// <summary>Adds a segment that counts from the beginning of time.</summary>
    public SegmentationBuilder Define(Segment segment) => Define(segment, 1, Instant.MinValue);

    /// <summary>Adds a version of a segment that counts from an instant on; the one before it counts until then.</summary>
    /// <param name="segment">The version.</param>
    /// <param name="version">From 1, counting up.</param>
    /// <param name="activeFrom">From when it counts, included.</param>
    public SegmentationBuilder Define(Segment segment, int version, Instant activeFrom)
    {
        ArgumentNullException.ThrowIfNull(segment);
        return Define(new Definition<Segment>(segment.Id, version, activeFrom, segment, segment.Hash));
    }

    /// <summary>Adds a version of a segment, such as one read with <see cref="SegmentJson"/>.</summary>
    public SegmentationBuilder Define(Definition<Segment> definition)
    {
        ArgumentNullException.ThrowIfNull(definition);
        versions.Add(definition);
        return this;
    }

    internal SegmentCatalog Build() => new(new DefinitionCatalog<Segment>(versions));
}

/// <summary>Adds segmentation to a host.</summary>
public static class SegmentationCrmBuilderExtensions
{
    /// <summary>Adds segmentation with the segments that the configuration names; after the modules whose facts they read. Hosts explain memberships by the <see cref="SegmentCatalog"/> of their services, and ask about all customers by the <see cref="SegmentStudy"/>.</summary>
    /// <exception cref="InvalidSegmentException">Something is wrong with a segment; the message lists all of it.</exception>
    public static CrmBuilder AddSegmentation(this CrmBuilder builder, Action<SegmentationBuilder> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        var segmentation = new SegmentationBuilder();
        configure(segmentation);
        var catalog = segmentation.Build();
        builder.Services.AddSingleton(catalog);
        builder.Services.TryAddSingleton(provider => new SegmentStudy(provider.GetRequiredService<CrmEngine>(), catalog, provider.GetRequiredService<IClock>(), provider.GetService<ISendGate>()));
        return builder.AddModule(new SegmentationModule(catalog));
    }
}
