using FluentValidation;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Crm.Hosting;

/// <summary>Adds the worker to a host.</summary>
public static class CrmHostingExtensions
{
    /// <summary>Has the host run a <see cref="CrmWorker"/>, with the health checks "crm-worker" (it is alive), "crm-store" (the store is there, with tables that this release knows) and "crm-outbox" (nothing waits too long). Added twice, it is one worker with the first options.</summary>
    /// <param name="services">The services, to which AddCrm adds the engine.</param>
    /// <param name="options">The options; null: the defaults.</param>
    /// <exception cref="ValidationException">Options are out of range; the message lists all that is wrong.</exception>
    public static IServiceCollection AddCrmWorker(this IServiceCollection services, CrmWorkerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        var chosen = options ?? new CrmWorkerOptions();
        new CrmWorkerOptions.Validator().ValidateAndThrow(chosen);
        if (services.Any(service => service.ServiceType == typeof(WorkerPulse)))
        {
            return services;
        }

        services.TryAddSingleton(chosen);
        services.AddSingleton<WorkerPulse>();
        services.AddHostedService<CrmWorker>();
        services.AddHealthChecks().Add(Check<CrmWorkerHealthCheck>("crm-worker")).Add(Check<CrmStoreHealthCheck>("crm-store")).Add(Check<CrmOutboxHealthCheck>("crm-outbox"));
        return services;
    }

    private static HealthCheckRegistration Check<TCheck>(string name)
        where TCheck : class, IHealthCheck => new(name, provider => ActivatorUtilities.CreateInstance<TCheck>(provider), null, ["crm"]);
}
