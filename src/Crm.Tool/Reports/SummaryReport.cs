using Crm.Loyalty.Programs;
using Crm.Tool.Stores;
using NodaTime;

namespace Crm.Tool.Reports;

/// <summary>Makes a summary of a store.</summary>
internal static class SummaryReport
{
    public static async Task<Summary> MakeAsync(OpenedStore store, AsOf asOf, CancellationToken cancellationToken)
    {
        var settings = await StoreSettings.ReadOrUtcAsync(store.Documents, cancellationToken);
        var last = asOf.Last(settings.Zone);
        var journal = new JournalCount(last);
        await foreach (var (customer, entry) in store.Scan.ReadAllAsync(cancellationToken))
        {
            journal.Take(customer, entry);
        }

        var units = new UnitCount(last);
        var current = default(Values.CustomerId);
        await foreach (var (customer, entry) in store.Scan.ReadLedgerAsync(cancellationToken))
        {
            if (customer != current)
            {
                units.Close();
                current = customer;
            }

            units.Take(entry);
        }

        units.Close();
        var programs = await StoredPrograms.ReadAsync(store.Documents, cancellationToken);
        var tiers = programs.SelectMany(program => program.Ladders.Select(ladder => LoyaltyNames.Fact(program.Name, ladder.Name))).ToHashSet(StringComparer.Ordinal);
        var modules = await store.ModulesAsync(cancellationToken);
        var standing = new StandingCount(tiers, modules.Select(module => module.Contract.Name).ToHashSet(StringComparer.Ordinal));
        var disposed = 0;
        if (modules.Count > 0)
        {
            await foreach (var view in StoreHistory.ReadAsync(store, settings, last, journal.HasLater, _ => disposed++, cancellationToken))
            {
                standing.Take(view);
            }
        }

        var deferred = store.Customers is Crm.Storage.IDeferredMessages messages ? await messages.CountDeferredAsync(last, cancellationToken) : 0;
        return journal.Summary(units.Units, standing, deferred) with { Disposed = disposed };
    }
}
