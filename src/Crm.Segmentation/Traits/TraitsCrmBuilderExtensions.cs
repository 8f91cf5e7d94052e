namespace Crm.Segmentation.Traits;

/// <summary>Adds traits to a host.</summary>
public static class TraitsCrmBuilderExtensions
{
    /// <summary>Adds values that are worked out of each customer's events and facts, and kept as facts; before the segments and journeys that read them.</summary>
    /// <exception cref="InvalidTraitsException">Something is wrong with one; the message lists all of it.</exception>
    public static CrmBuilder AddTraits(this CrmBuilder builder, params IEnumerable<Trait> traits)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.AddModule(new TraitsModule(traits));
    }
}
