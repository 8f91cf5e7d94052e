using Crm.Engine;
using Crm.Storage;
using Crm.Tool.Stores;
using Crm.Values;
using NodaTime;

namespace Crm.Tool.Reports;

/// <summary>Customers as they were at an instant.</summary>
internal static class StoreHistory
{
    private const int BatchSize = 1_000;
    private const string Kind = "replayed";

    /// <summary>
    /// Every customer as of an instant. Where nothing happened after it, the stored states are brought forward; otherwise the journal up to it is decided again, in memory.
    /// </summary>
    /// <param name="hasLater">Whether the journal has entries after the instant.</param>
    public static async IAsyncEnumerable<CustomerView> ReadAsync(
        OpenedStore store,
        StoreSettings settings,
        Instant last,
        bool hasLater,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var clock = new StoppedClock(last);
        var engine = hasLater
            ? await ReplayAsync(store, settings, clock, cancellationToken)
            : await store.EngineAsync(settings, clock, cancellationToken);
        await foreach (var customer in store.Scan.ReadCustomersAsync(cancellationToken))
        {
            var reference = hasLater ? CustomerRef.Of(new Identity(Kind, customer.ToString())) : CustomerRef.Of(customer);
            if (await engine.ReadAsync(reference, cancellationToken) is { } view)
            {
                yield return view;
            }
        }
    }

    private static async Task<CrmEngine> ReplayAsync(OpenedStore store, StoreSettings settings, StoppedClock clock, CancellationToken cancellationToken)
    {
        var engine = OpenedStore.EngineOver(new InMemoryStore(), await store.ModulesAsync(cancellationToken), settings, clock);
        var batch = new List<Events.CustomerEvent>(BatchSize);
        await foreach (var (customer, entry) in store.Scan.ReadAllAsync(cancellationToken))
        {
            var occurred = entry.Event.OccurredAt ?? entry.EffectiveAt;
            if (occurred > clock.Now)
            {
                continue;
            }

            batch.Add(entry.Event with { Customer = null, Identity = new Identity(Kind, customer.ToString()), OccurredAt = occurred });
            if (batch.Count == BatchSize)
            {
                await engine.RecordAsync(batch, RecordMode.Backfill, cancellationToken);
                batch.Clear();
            }
        }

        if (batch.Count > 0)
        {
            await engine.RecordAsync(batch, RecordMode.Backfill, cancellationToken);
        }

        return engine;
    }

    private sealed class StoppedClock(Instant now) : IClock
    {
        public Instant Now { get; } = now;

        public Instant GetCurrentInstant() => Now;
    }
}
