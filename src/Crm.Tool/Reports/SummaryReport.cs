using Crm.Loyalty.Programs;
using Crm.Tool.Stores;
using Crm.Values;
using NodaTime;

namespace Crm.Tool.Reports;

/// <summary>Makes a summary of a store.</summary>
internal static class SummaryReport
{
    /// <param name="store">The store.</param>
    /// <param name="asOf">Up to when is counted.</param>
    /// <param name="given">Programmes that the store does not have.</param>
    /// <param name="watch">Is told how many customers of how many have been looked at.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public static async Task<Summary> MakeAsync(OpenedStore store, AsOf asOf, IReadOnlyList<LoyaltyProgram> given, Action<long, long> watch, CancellationToken cancellationToken)
    {
        var settings = await StoreSettings.ReadOrUtcAsync(store.Documents, cancellationToken);
        var last = asOf.Last(settings.Zone);
        var definitions = await StoreDefinitions.ReadAsync(store, given, cancellationToken);
        if (definitions.Trouble is { } trouble)
        {
            throw ToolException.Input(trouble);
        }

        var journal = new JournalCount(last);
        await foreach (var (customer, entry) in store.Scan.ReadAllAsync(cancellationToken))
        {
            journal.Take(customer, entry);
        }

        var units = new UnitCount(last, definitions);
        var standing = await StandAsync(store, settings, last, definitions, journal, units, watch, cancellationToken);
        await foreach (var (customer, entry) in store.Scan.ReadLedgerAsync(cancellationToken))
        {
            units.Take(customer, entry);
        }

        units.Close();
        var deferred = store.Customers is Crm.Storage.IDeferredMessages messages ? await messages.CountDeferredAsync(last, cancellationToken) : 0;
        return journal.Summary(units, standing, deferred);
    }

    private static async Task<StandingCount> StandAsync(OpenedStore store, StoreSettings settings, Instant last, StoreDefinitions definitions, JournalCount journal, UnitCount units, Action<long, long> watch, CancellationToken cancellationToken)
    {
        var standing = new StandingCount(definitions.TierFacts, definitions.Modules.Select(module => module.Contract.Name).ToHashSet(StringComparer.Ordinal));
        if (definitions.Modules.Count == 0)
        {
            return standing;
        }

        var seen = 0L;
        await foreach (var view in StoreHistory.ReadAsync(store, definitions, settings, last, journal.HasLater, LeaveOut, cancellationToken))
        {
            standing.Take(view);
            units.Take(view);
            watch(++seen, Math.Max(seen, journal.Customers.Count));
        }

        return standing;

        void LeaveOut(CustomerId customer)
        {
            standing.LeaveOut();
            units.LeaveOut(customer);
        }
    }
}
