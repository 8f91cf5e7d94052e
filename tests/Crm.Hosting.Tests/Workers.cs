using System.Diagnostics;
using Crm.Engine;
using Crm.Events;
using Crm.Modules;
using Crm.Storage;
using Crm.Testing;
using Crm.Values;
using FluentValidation;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using NodaTime;

namespace Crm.Hosting.Tests;

public sealed class Workers
{
    private static readonly CrmWorkerOptions Quick = new() { Every = TimeSpan.FromSeconds(1), RetryAfter = TimeSpan.FromMilliseconds(100) };
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3); // a machine may have much else to do; only who hangs is given up

    [Fact]
    public async Task A_host_with_a_worker_delivers_what_is_due()
    {
        var clock = FakeClock.At(2026, 1, 1);
        var box = new Box();
        using var host = Hosted(clock, box, new List<string>());
        var engine = host.Services.GetRequiredService<CrmEngine>();
        await engine.RecordAsync(CustomerEvent.Purchase("pos:1", Identity.User("amy"), Money.Hkd(52)), TestContext.Current.CancellationToken);
        clock.Advance(Duration.FromDays(2));

        await host.StartAsync(TestContext.Current.CancellationToken);
        var message = await box.First.Task.WaitAsync(Patience, TestContext.Current.CancellationToken);
        await host.StopAsync(TestContext.Current.CancellationToken);

        Assert.Equal(FakeClock.At(2026, 1, 2).GetCurrentInstant(), message.DecidedAt);
        Assert.Equal(HealthStatus.Healthy, await HealthAsync(host));
        clock.Advance(Duration.FromHours(1));
        Assert.Equal(HealthStatus.Unhealthy, await HealthAsync(host));
    }

    [Fact]
    public async Task A_step_that_fails_is_logged_without_its_message_and_tried_again()
    {
        var clock = FakeClock.At(2026, 1, 1);
        var box = new Box();
        var log = new List<string>();
        using var host = Hosted(clock, box, log, failures: 2);
        var engine = host.Services.GetRequiredService<CrmEngine>();
        await engine.RecordAsync(CustomerEvent.Purchase("pos:1", Identity.User("amy"), Money.Hkd(52)), TestContext.Current.CancellationToken);
        clock.Advance(Duration.FromDays(2));

        await host.StartAsync(TestContext.Current.CancellationToken);
        await UntilAsync(() =>
        {
            clock.Advance(Duration.FromMinutes(3)); // the lease of the customer that failed has to end first
            return Task.FromResult(box.First.Task.IsCompleted);
        });
        await host.StopAsync(TestContext.Current.CancellationToken);

        lock (log)
        {
            Assert.Equal(2, log.Count(line => line.StartsWith("7003 Error RunDue", StringComparison.Ordinal)));
            Assert.DoesNotContain(log, line => line.Contains("+852", StringComparison.Ordinal));
            Assert.Contains(log, line => line.Contains(nameof(ModuleFaultException), StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task What_waits_too_long_in_the_outbox_degrades_the_host()
    {
        var clock = FakeClock.At(2026, 1, 1);
        using var host = Hosted(clock, new Box(), []);
        await host.Services.GetRequiredService<CrmEngine>().RecordAsync(CustomerEvent.Purchase("pos:1", Identity.User("amy"), Money.Hkd(52)), TestContext.Current.CancellationToken);
        clock.Advance(Duration.FromDays(2));
        await host.Services.GetRequiredService<CrmEngine>().RunDueAsync(cancellationToken: TestContext.Current.CancellationToken);

        var report = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(check => check.Name == "crm-outbox", TestContext.Current.CancellationToken);

        var outbox = report.Entries["crm-outbox"];
        Assert.Equal(HealthStatus.Degraded, outbox.Status);
        Assert.Equal((1L, 86_400d), (outbox.Data["depth"], outbox.Data["age"]));
        await host.Services.GetRequiredService<CrmEngine>().PumpAsync(cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(HealthStatus.Healthy, (await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(check => check.Name == "crm-outbox", TestContext.Current.CancellationToken)).Status);
    }

    [Fact]
    public async Task A_worker_whose_channel_is_slow_is_healthy_and_goes_on_without_a_pause()
    {
        var clock = FakeClock.At(2026, 1, 1);
        var box = new Box();
        using var host = Hosted(clock, box, [], options: Quick with { Every = TimeSpan.FromHours(1), UnhealthyAfter = TimeSpan.FromHours(2) });
        var engine = host.Services.GetRequiredService<CrmEngine>();
        await engine.RecordAsync([.. Enumerable.Range(0, 400).Select(n => CustomerEvent.Purchase($"pos:{n}", Identity.User(n), Money.Hkd(52)))], cancellationToken: TestContext.Current.CancellationToken);
        clock.Advance(Duration.FromDays(2));
        await engine.RunDueAsync(cancellationToken: TestContext.Current.CancellationToken);
        var pulse = host.Services.GetRequiredService<WorkerPulse>();
        var silences = new List<Duration>();
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        box.Meanwhile = () =>
        {
            clock.Advance(Duration.FromSeconds(1));
            silences.Add(pulse.Silence);
            if (silences.Count == 400)
            {
                all.SetResult();
            }
        };

        await host.StartAsync(TestContext.Current.CancellationToken);
        await all.Task.WaitAsync(Patience, TestContext.Current.CancellationToken);
        await host.StopAsync(TestContext.Current.CancellationToken);

        // Before the first round, nothing has succeeded for two days.
        Assert.All(silences.Skip(60), silence => Assert.InRange(silence, Duration.Zero, Duration.FromMinutes(1)));
    }

    [Fact]
    public async Task A_step_that_somebody_elses_time_out_cancels_is_logged_and_degrades_the_host()
    {
        var clock = FakeClock.At(2026, 1, 1);
        var log = new List<string>();
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.AddProvider(new ListLog(log));
        builder.Services.AddSingleton<IClock>(clock);
        builder.Services.AddCrm(crm => crm.UseStore(_ => new Unreachable(new TaskCanceledException("The request about +85291234567 took too long."))));
        builder.Services.AddCrmWorker(Quick);
        using var host = builder.Build();

        await host.StartAsync(TestContext.Current.CancellationToken);
        await UntilAsync(async () => (await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(check => check.Name == "crm-worker", TestContext.Current.CancellationToken)).Status == HealthStatus.Degraded);
        await host.StopAsync(TestContext.Current.CancellationToken);

        Assert.True(Said(log, "7003 Error Pump failed and will be tried again: System.Threading.Tasks.TaskCanceledException"));
        Assert.False(Said(log, "+852"));
    }

    private static async Task UntilAsync(Func<Task<bool>> holds)
    {
        for (var begun = Stopwatch.GetTimestamp(); !await holds();)
        {
            Assert.True(Stopwatch.GetElapsedTime(begun) < Patience, "What was waited for has not come.");
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }
    }

    private static bool Said(List<string> log, string text)
    {
        lock (log)
        {
            return log.Exists(line => line.Contains(text, StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData(typeof(IOException))]
    [InlineData(typeof(TaskCanceledException))]
    public async Task A_store_that_cannot_be_reached_is_unhealthy_and_its_message_is_not_told(Type trouble)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton<IClock>(FakeClock.At(2026, 1, 1));
        builder.Services.AddCrm(crm => crm.UseStore(_ => new Unreachable((Exception)Activator.CreateInstance(trouble, "No route to the host of +85291234567.")!)));
        builder.Services.AddCrmWorker(Quick);
        using var host = builder.Build();

        var report = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(check => check.Name is "crm-store" or "crm-outbox", TestContext.Current.CancellationToken);

        Assert.Equal(HealthStatus.Unhealthy, report.Entries["crm-store"].Status);
        Assert.Equal($"The store cannot be used: {trouble.FullName}.", report.Entries["crm-store"].Description);
        Assert.Equal(HealthStatus.Degraded, report.Entries["crm-outbox"].Status);
        Assert.All(report.Entries.Values, entry => Assert.Null(entry.Exception));
    }

    [Fact]
    public async Task A_profile_that_the_host_changes_is_noticed_without_an_event()
    {
        var (box, table, clock) = (new Box(), new Table(), FakeClock.At(2026, 1, 1));
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton<IClock>(clock);
        builder.Services.AddSingleton<IMessageChannel>(box);
        builder.Services.AddSingleton<ICustomerProfiles>(table);
        builder.Services.AddCrm(crm => crm.UseMemory().AddModule(new WelcomesLocals()));
        builder.Services.AddCrmWorker(Quick with { ObserveProfilesEvery = TimeSpan.FromSeconds(1) });
        using var host = builder.Build();
        await host.Services.GetRequiredService<CrmEngine>().RecordAsync(CustomerEvent.Purchase("pos:1", Identity.User("amy"), Money.Hkd(52)), TestContext.Current.CancellationToken);
        table.District = "HK";
        clock.Advance(Duration.FromMinutes(1));

        await host.StartAsync(TestContext.Current.CancellationToken);
        var message = await box.First.Task.WaitAsync(Patience, TestContext.Current.CancellationToken);
        await host.StopAsync(TestContext.Current.CancellationToken);

        Assert.Equal("local", message.Occasion);
    }

    [Fact]
    public void Options_out_of_range_are_said_at_once()
    {
        var thrown = Assert.Throws<ValidationException>(() => new ServiceCollection().AddCrmWorker(new CrmWorkerOptions { Every = TimeSpan.Zero, Most = 0, UnhealthyAfter = TimeSpan.Zero, ObserveProfilesEvery = TimeSpan.Zero }));

        Assert.Equal(4, thrown.Errors.Count());
    }

    [Fact]
    public void Added_twice_it_is_one_worker()
    {
        var services = new ServiceCollection().AddCrmWorker(Quick).AddCrmWorker();

        Assert.Single(services, service => service.ServiceType == typeof(IHostedService) && service.ImplementationType == typeof(CrmWorker));
    }

    private static IHost Hosted(FakeClock clock, Box box, List<string> log, int failures = 0, CrmWorkerOptions? options = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.AddProvider(new ListLog(log));
        builder.Services.AddSingleton<IClock>(clock);
        builder.Services.AddSingleton<IMessageChannel>(box);
        builder.Services.AddCrm(crm => crm.UseMemory().AddModule(new DayLater(failures)));
        builder.Services.AddCrmWorker(options ?? Quick);
        return builder.Build();
    }

    /// <summary>A store whose driver quotes what it was asked for.</summary>
    private sealed class Unreachable(Exception trouble) : ICustomerStore, IOutbox, IWakeups
    {
        public ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken) => throw trouble;

        public ValueTask<IReadOnlyList<OutboxItem>> LeaseAsync(Instant now, Instant until, int most, CancellationToken cancellationToken) => throw trouble;

        public ValueTask ReleaseAsync(OutboxItem item, Instant lease, Instant notBefore, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask SettleAsync(OutboxItem item, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<IReadOnlyList<CustomerId>> LeaseDueAsync(Instant due, Instant now, Instant until, int most, CancellationToken cancellationToken) => ValueTask.FromResult<IReadOnlyList<CustomerId>>([]);

        public ValueTask<CustomerHistory> LoadHistoryAsync(CustomerId customer, HistoryStart start, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken) => throw new NotSupportedException();

        public IAsyncEnumerable<JournalEntry> ReadJournalAsync(CustomerId customer, long afterVersion, CancellationToken cancellationToken) => throw new NotSupportedException();
    }

    private static async Task<HealthStatus> HealthAsync(IHost host) =>
        (await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(TestContext.Current.CancellationToken)).Status;

    private sealed class Box : IMessageChannel
    {
        public TaskCompletionSource<Message> First { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Action Meanwhile { get; set; } = () => { };

        public string Name => "email";

        public ValueTask<SendOutcome> SendAsync(string id, Message message, CustomerView customer, CancellationToken cancellationToken)
        {
            Meanwhile();
            First.TrySetResult(message);
            return ValueTask.FromResult<SendOutcome>(new SendOutcome.Sent());
        }
    }

    private sealed class Table : ICustomerProfiles
    {
        public string District { get; set; } = "KLN";

        public ValueTask<Fields> ReadAsync(CustomerId customer, string? user, CancellationToken cancellationToken) => ValueTask.FromResult(Fields.Of(("district", District)));

        public IAsyncEnumerable<HostProfile> ReadAllAsync(CancellationToken cancellationToken) => new[] { new HostProfile("amy", Fields.Of(("district", District)), District) }.ToAsyncEnumerable();
    }

    /// <summary>Writes to whoever turns out to live in HK.</summary>
    private sealed class WelcomesLocals : CustomerModule<DayLater.Nothing>
    {
        public override ModuleContract Contract { get; } = new() { Name = "locals", Codec = new DayLater.Codec(), Handles = [EventKinds.ProfileObservedName], Observes = ["district"] };

        protected override Outcome Handle(DayLater.Nothing state, ModuleContext context) => context.Observed("district").AsCode == "HK"
            ? new Outcome.Accepted { Messages = [new Message { Occasion = "local", Channel = "email", Template = "hello", Purpose = "service", DecidedAt = context.Moment.Instant, UsefulUntil = context.Moment.Instant + Duration.FromDays(9) }] }
            : Outcome.Nothing;
    }

    /// <summary>Writes to a customer a day after each purchase; the first times that fails with a message that quotes a number.</summary>
    private sealed class DayLater(int failures) : CustomerModule<DayLater.Nothing>
    {
        private int failed;

        public override ModuleContract Contract { get; } = new() { Name = "day-later", Codec = new Codec(), Handles = [EventKinds.PurchaseName] };

        protected override Outcome Handle(Nothing state, ModuleContext context)
        {
            var now = context.Moment.Instant;
            if (context.Stimulus is Stimulus.Happened { Event: var bought })
            {
                return new Outcome.Accepted { Agenda = [new AgendaChange(bought.Key.ToString(), now + Duration.FromDays(1))] };
            }

            if (Interlocked.Increment(ref failed) <= failures)
            {
                throw new InvalidOperationException("+85291234567 is no number.");
            }

            return new Outcome.Accepted { Messages = [new Message { Occasion = "later", Channel = "email", Template = "hello", Purpose = "service", DecidedAt = now, UsefulUntil = now + Duration.FromDays(9) }] };
        }

        internal sealed record Nothing;

        internal sealed class Codec : SlotCodec<Nothing>
        {
            public override int Version => 1;

            public override Nothing Empty { get; } = new();

            protected override void Write(Nothing state, SlotWriter writer)
            {
            }

            protected override Nothing Read(int version, ref SlotReader reader) => Empty;
        }
    }

    private sealed class ListLog(List<string> lines) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (lines)
            {
                lines.Add($"{eventId.Id} {logLevel} {formatter(state, exception)} {exception}");
            }
        }

        public void Dispose()
        {
        }
    }
}
