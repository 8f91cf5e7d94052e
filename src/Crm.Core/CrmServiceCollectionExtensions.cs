using Crm.Engine;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using NodaTime;

namespace Crm;

/// <summary>Adds the engine to a host's services.</summary>
public static class CrmServiceCollectionExtensions
{
    /// <summary>Adds a <see cref="CrmEngine"/> with what the builder chooses: at least a store.</summary>
    /// <exception cref="InvalidOperationException">On first use, when no store was chosen; the message says which calls choose one.</exception>
    public static IServiceCollection AddCrm(this IServiceCollection services, Action<CrmBuilder> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        var builder = new CrmBuilder(services);
        configure(builder);
#pragma warning disable RS0030 // The one place where the engine's clock is the system's.
        services.TryAddSingleton<IClock>(SystemClock.Instance);
#pragma warning restore RS0030
        services.TryAddSingleton<IIdSource, RandomIdSource>();
        services.TryAddSingleton(provider => new CrmEngine(
            provider.GetService<ICustomerStore>() ?? throw new InvalidOperationException("AddCrm was called without a store. Choose one: crm.UseSqlite(\"Data Source=club.db\") from Crm.Storage.Sqlite, crm.UseMemory(), or crm.UseStore(…) for your own."),
            provider.GetServices<ICustomerModule>(),
            builder.Options,
            provider.GetRequiredService<IClock>(),
            provider.GetRequiredService<IIdSource>(),
            new CrmPorts
            {
                Profiles = provider.GetService<ICustomerProfiles>(),
                Gate = provider.GetService<ISendGate>(),
                Channels = provider.GetServices<IMessageChannel>().ToSequence(),
            }));
        return services;
    }
}
