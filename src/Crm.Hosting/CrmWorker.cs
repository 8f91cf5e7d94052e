using System.Text;
using Crm.Engine;
using FluentValidation;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Crm.Hosting;

/// <summary>
/// Handles what is due and lets messages leave, again and again until the host stops. A step that fails is logged and tried again; several workers, in one process or in many, share the work by leases.
/// </summary>
public sealed partial class CrmWorker : BackgroundService
{
    private const int MostDoublings = 6;
    private readonly CrmEngine engine;
    private readonly CrmWorkerOptions options;
    private readonly WorkerPulse pulse;
    private readonly ILogger<CrmWorker> logger;
    private int failures;

    /// <summary>A worker.</summary>
    /// <exception cref="ValidationException">Options are out of range; the message lists all that is wrong.</exception>
    public CrmWorker(CrmEngine engine, CrmWorkerOptions options, WorkerPulse pulse, ILogger<CrmWorker> logger)
    {
        ArgumentNullException.ThrowIfNull(engine);
        ArgumentNullException.ThrowIfNull(options);
        new CrmWorkerOptions.Validator().ValidateAndThrow(options);
        this.engine = engine;
        this.options = options;
        this.pulse = pulse;
        this.logger = logger;
    }

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(RoundsAsync(stoppingToken), ObserveAsync(stoppingToken));

    private async Task RoundsAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var wait = await RoundAsync(stoppingToken).ConfigureAwait(false);
            if (wait > TimeSpan.Zero)
            {
                await Task.Delay(wait, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Both steps, one after the other: a failure of one does not keep the other from its work. When nothing is left to do, what waits is counted.</summary>
    /// <returns>How long to wait before the next round.</returns>
    private async Task<TimeSpan> RoundAsync(CancellationToken stoppingToken)
    {
        var due = await StepAsync("RunDue", async () =>
        {
            var report = await engine.RunDueAsync(options.Most, stoppingToken).ConfigureAwait(false);
            if (report.Customers + report.Conflicts > 0)
            {
                LogDue(report.Customers, report.Conflicts);
            }

            return report.Customers + report.Conflicts;
        }, stoppingToken).ConfigureAwait(false);
        var isCutShort = false;
        var left = await StepAsync("Pump", async () =>
        {
            var report = await engine.PumpAsync(options.Most, stoppingToken).ConfigureAwait(false);
            isCutShort = report.IsCutShort;
            if (report.Items > 0)
            {
                LogPumped(report.Sent, report.Refused, report.Stale, report.Failed, report.Postponed, report.FollowUps);
            }

            return report.Items;
        }, stoppingToken).ConfigureAwait(false);
        var more = due >= options.Most || left >= options.Most || isCutShort;
        if (due is not null && left is not null && !more)
        {
            // Sets the gauges of what waits.
            left = await StepAsync("Count", async () => (await engine.ReadStatusAsync(stoppingToken).ConfigureAwait(false)) is null ? 0 : 1, stoppingToken).ConfigureAwait(false);
        }

        if (due is null || left is null)
        {
            failures++;
            return options.RetryAfter * Math.Min(100, 1 << Math.Min(failures - 1, MostDoublings));
        }

        failures = 0;
        pulse.Beat();
        return more ? TimeSpan.Zero : options.Every;
    }

    // Beside the rounds: the first look is at everybody, and what is due does not wait for it.
    private async Task ObserveAsync(CancellationToken stoppingToken)
    {
        while (options.ObserveProfilesEvery is { } every && !stoppingToken.IsCancellationRequested)
        {
            await StepAsync("ObserveProfiles", async () =>
            {
                var report = await engine.ObserveProfilesAsync(stoppingToken).ConfigureAwait(false);
                if (report.Changed > 0)
                {
                    LogObserved(report.Changed, report.Looked, report.Profiles);
                }

                return report.Changed;
            }, stoppingToken).ConfigureAwait(false);
            await Task.Delay(every, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // Whatever was cancelled while the host goes on, such as by a time-out of somebody's client, has failed.
    private async Task<int?> StepAsync(string step, Func<Task<int>> run, CancellationToken stoppingToken)
    {
        try
        {
            return await run().ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            return 0;
        }
#pragma warning disable CA1031 // Whatever failed must not end the worker: it is logged and tried again.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            LogFailed(step, Describe(fault));
            pulse.Fail(step);
            return null;
        }
    }

    // Messages of exceptions from drivers and channels may quote values of a person, so types and places are logged and messages are not.
    private static string Describe(Exception fault)
    {
        var text = new StringBuilder();
        for (var cause = fault; cause is not null; cause = cause.InnerException)
        {
            text.Append(text.Length == 0 ? "" : " from ").Append(cause.GetType().FullName).AppendLine().Append(cause.StackTrace).AppendLine();
        }

        return text.ToString();
    }

    [LoggerMessage(EventId = 7001, Level = LogLevel.Information, Message = "Brought {Customers} customers forward; {Conflicts} were changed by somebody else meanwhile and come again.")]
    private partial void LogDue(int customers, int conflicts);

    [LoggerMessage(EventId = 7002, Level = LogLevel.Information, Message = "Outbox: {Sent} sent, {Refused} refused, {Stale} stale, {Failed} failed, {Postponed} postponed, {FollowUps} follow-ups delivered.")]
    private partial void LogPumped(int sent, int refused, int stale, int failed, int postponed, int followUps);

    [LoggerMessage(EventId = 7004, Level = LogLevel.Information, Message = "{Changed} customers are answered about otherwise, because the host has changed their profiles ({Looked} looked at of {Profiles}).")]
    private partial void LogObserved(int changed, int looked, int profiles);

    [LoggerMessage(EventId = 7003, Level = LogLevel.Error, Message = "{Step} failed and will be tried again: {Fault}")]
    private partial void LogFailed(string step, string fault);
}
