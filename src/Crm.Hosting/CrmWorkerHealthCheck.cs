using Microsoft.Extensions.Diagnostics.HealthChecks;
using NodaTime;

namespace Crm.Hosting;

/// <summary>Degraded while the worker's latest round failed, unhealthy when none has succeeded for too long.</summary>
internal sealed class CrmWorkerHealthCheck(WorkerPulse pulse, CrmWorkerOptions options) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var silence = pulse.Silence;
        return Task.FromResult(
            silence > Duration.FromTimeSpan(options.UnhealthyAfter) ? HealthCheckResult.Unhealthy($"The worker has not finished a round for {silence.ToTimeSpan()}; its log entries 7003 say why.")
            : pulse.Failed is { } step ? HealthCheckResult.Degraded($"{step} failed in the latest round and will be tried again.")
            : HealthCheckResult.Healthy());
    }
}
