using System.Collections;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Reflection;
using System.Text;
using Crm.Engine;
using Crm.Events;
using Crm.Storage;
using Crm.Values;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Crm.Customers.Tests.Profiles;

/// <summary>Values of the profile are in the profile and nowhere else.</summary>
public sealed class KeepingQuiet
{
    private const string Canary = "kanarienvogel";
    private static readonly Fields Secrets = Fields.Of(("name", $"{Canary} Chan"), ("email", $"{Canary}@example.com"));

    [Fact]
    public async Task A_profile_value_is_in_no_journal_entry_receipt_slot_fact_log_or_trace()
    {
        var log = new Listener();
        using var traces = new ActivityListener { ShouldListenTo = _ => true, Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData, ActivityStopped = activity => log.Lines.Enqueue(Dump.Of(activity.TagObjects) + activity.DisplayName) };
        ActivitySource.AddActivityListener(traces);
        var club = new Club(more: services => services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(log)));

        var receipt = await club.RecordAsync(CustomerEvents.Profile("web:1", Club.Amy, Secrets));
        await club.RecordAsync(CustomerEvent.Purchase("pos:1", Club.Amy, Money.Hkd(52)) with { Profile = Secrets });
        await club.RecordAsync(CustomerEvents.AlsoKnown("web:2", Club.Amy, Identity.Email($"{Canary}@example.com")));
        await club.RecordAsync(CustomerEvent.Refund("pos:2", Club.Amy, "pos:1", Money.Hkd(52)));

        var snapshot = await club.Store.LoadAsync(CustomerRef.Of(Club.Amy), TestContext.Current.CancellationToken);
        Assert.Equal(Secrets, snapshot.Profile);
        Assert.DoesNotContain(Canary, Dump.Of(receipt), StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(Canary, Dump.Of(await club.JournalAsync()), StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(Canary, Dump.Of((await club.ReadAsync()).Facts), StringComparison.OrdinalIgnoreCase);
        Assert.All(snapshot.Slots, slot => Assert.DoesNotContain(Canary, Encoding.UTF8.GetString([.. slot.Bytes]), StringComparison.OrdinalIgnoreCase));
        Assert.NotEmpty(log.Lines);
        Assert.All(log.Lines, line => Assert.DoesNotContain(Canary, line, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task A_profile_value_is_in_no_exception()
    {
        var club = new Club();
        await club.RecordAsync(CustomerEvents.Profile("web:1", Club.Amy, Secrets));
        CustomerEvent[] wrong =
        [
            CustomerEvents.Profile("web:2", Club.Amy, Fields.Of(("phone", Canary), ("birthday", Canary), ("nickname", Canary), ("zone", Canary), ("email", Canary), ("name", new string('x', 300) + Canary))),
            CustomerEvents.Profile("web:1", Club.Amy, Fields.Of(("name", $"{Canary} Wong"))) with { Channel = "web" },
            CustomerEvents.Profile("web:3", Club.Amy, Secrets) with { Kind = "profile.chnaged" },
            CustomerEvents.Profile("web:4", Club.Amy, Secrets) with { OccurredAt = club.Now + NodaTime.Duration.FromDays(9) },
        ];

        foreach (var happened in wrong)
        {
            var refused = await Assert.ThrowsAnyAsync<Exception>(async () => await club.RecordAsync(happened));
            Assert.True(refused is InvalidEventException or KeyReusedException, refused.ToString());
            Assert.DoesNotContain(Canary, refused.ToString(), StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public void The_search_would_find_it() => Assert.Contains(Canary, Dump.Of(CustomerEvents.Profile("web:1", Club.Amy, Secrets)), StringComparison.Ordinal);

    /// <summary>Every value that can be reached, whatever its ToString hides.</summary>
    private static class Dump
    {
        public static string Of(object? root)
        {
            var text = new StringBuilder();
            Walk(root, text, 0);
            return text.ToString();
        }

        private static void Walk(object? value, StringBuilder text, int depth)
        {
            if (value is null || depth > 8)
            {
                return;
            }

            text.Append(value).Append('\n');
            if (value is IEnumerable many and not string)
            {
                foreach (var item in many)
                {
                    Walk(item, text, depth + 1);
                }
            }
            else if (value.GetType().Namespace?.StartsWith("Crm", StringComparison.Ordinal) == true || value.GetType().Name.StartsWith("KeyValuePair", StringComparison.Ordinal))
            {
                foreach (var property in value.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.GetIndexParameters().Length == 0))
                {
                    Walk(property.GetValue(value), text, depth + 1);
                }
            }
        }
    }

    private sealed class Listener : ILoggerProvider, ILogger
    {
        /// <summary>Traces are of the whole process, so tests that run beside this one write here too.</summary>
        public ConcurrentQueue<string> Lines { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Enqueue($"{formatter(state, exception)} {state} {exception}");

        public void Dispose()
        {
        }
    }
}
