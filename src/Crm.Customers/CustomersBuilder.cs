using Crm.Customers.Profiles;
using Crm.Customers.Stages;
using Crm.Customers.Timelines;
using Crm.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Crm.Customers;

/// <summary>Gathers what a host decides about customers.</summary>
public sealed class CustomersBuilder
{
    internal CustomersBuilder()
    {
    }

    internal ProfileSchema Schema { get; private set; } = ProfileSchema.Usual;

    internal StageRules Life { get; private set; } = StageRules.Usual;

    internal TimelineTexts Texts { get; private set; } = new();

    /// <summary>Declares what profiles may hold; not called: <see cref="ProfileSchema.Usual"/>.</summary>
    public CustomersBuilder Profile(ProfileSchema schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        Schema = schema;
        return this;
    }

    /// <summary>Declares the stages of the life-cycle; not called: <see cref="StageRules.Usual"/>.</summary>
    public CustomersBuilder Stages(StageRules stages)
    {
        ArgumentNullException.ThrowIfNull(stages);
        Life = stages;
        return this;
    }

    /// <summary>Sentences for timelines beside the built-in ones.</summary>
    public CustomersBuilder Sentences(TimelineTexts texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        Texts = texts;
        return this;
    }
}

/// <summary>Adds customers to a host.</summary>
public static class CustomersCrmBuilderExtensions
{
    /// <summary>Adds profiles, tags, stages and the timeline; before all other modules.</summary>
    public static CrmBuilder AddCustomers(this CrmBuilder builder, Action<CustomersBuilder>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var customers = new CustomersBuilder();
        configure?.Invoke(customers);
        builder.Services.TryAddSingleton(customers.Schema);
        builder.Services.TryAddSingleton(provider => new Timeline(provider.GetRequiredService<ICustomerStore>(), customers.Texts));
        return builder.AddModule(new CustomersModule(customers.Schema, customers.Life));
    }
}
