using System.Globalization;
using Crm.Engine;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using NodaTime;

namespace Crm.Hosting;

/// <summary>Degraded while something waits in the outbox for longer than it should. The data has how many wait, and for how many seconds the first of them.</summary>
internal sealed class CrmOutboxHealthCheck(CrmEngine engine, IClock clock, CrmWorkerOptions options) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            if (await engine.ReadStatusAsync(cancellationToken).ConfigureAwait(false) is not { } status)
            {
                return HealthCheckResult.Healthy("The store does not tell what waits.");
            }

            var age = status.OutboxSince is { } since ? clock.GetCurrentInstant() - since : Duration.Zero;
            var data = new Dictionary<string, object> { ["depth"] = status.OutboxDepth, ["age"] = age.TotalSeconds };
            return age > Duration.FromTimeSpan(options.OutboxDegradedAfter)
                ? HealthCheckResult.Degraded(string.Create(CultureInfo.InvariantCulture, $"{status.OutboxDepth} items wait in the outbox, the first for {age.ToTimeSpan()}."), null, data)
                : HealthCheckResult.Healthy(null, data);
        }
#pragma warning disable CA1031 // The check "crm-store" says what is wrong with the store.
        catch (Exception fault) when (fault is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
        {
            return HealthCheckResult.Degraded($"What waits in the outbox is not known: {fault.GetType().FullName}.");
        }
    }
}
