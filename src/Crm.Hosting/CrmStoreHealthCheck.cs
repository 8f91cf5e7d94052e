using Crm.Engine;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Crm.Hosting;

/// <summary>Unhealthy while the store cannot be reached, or has tables that this release does not know. What it failed with is told by type: messages of drivers may quote what they were given.</summary>
internal sealed class CrmStoreHealthCheck(CrmEngine engine) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await engine.ReadStatusAsync(cancellationToken).ConfigureAwait(false);
            return HealthCheckResult.Healthy();
        }
#pragma warning disable CA1031 // Whatever the store failed with, it cannot be used.
        catch (Exception fault) when (fault is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
        {
            return new HealthCheckResult(context.Registration.FailureStatus, $"The store cannot be used: {fault.GetType().FullName}.");
        }
    }
}
