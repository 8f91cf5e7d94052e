using Crm.Engine;
using Crm.Storage;
using Crm.Tool.Stores;
using Crm.Values;
using NodaTime;

namespace Crm.Tool.Books;

/// <summary>What one customer holds at an instant, past or future: as the engine says; of programmes that nobody defines here, and of a past whose events have been disposed of, as the ledger has it.</summary>
internal sealed record HeldUnits(IReadOnlyList<UnitBalance> Units, IReadOnlyList<ExpiringLot> Expiring)
{
    /// <summary>What nobody defines here.</summary>
    public Undefined Undefined { get; } = new();

    /// <param name="store">The store.</param>
    /// <param name="engine">Decides by the definitions.</param>
    /// <param name="definitions">What is defined.</param>
    /// <param name="customer">Whose.</param>
    /// <param name="last">The last instant that counts.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public static async Task<HeldUnits> ReadAsync(OpenedStore store, CrmEngine engine, StoreDefinitions definitions, CustomerId customer, Instant last, CancellationToken cancellationToken)
    {
        var isDisposed = false;
        var past = await engine.ReadAsync(CustomerRef.Of(customer), new PastQuestion(last) { WithoutLaterAmendments = true, LeavesOut = _ => isDisposed = true }, cancellationToken);
        var ledger = new LedgerBalance(last) { IsWritten = isDisposed || past is { Customer.Unwritten: null } };
        foreach (var entry in await store.LedgerOfAsync(customer, cancellationToken))
        {
            ledger.Take(entry);
        }

        var told = past is null ? [] : definitions.Told(past.Customer).ToList();
        var units = from membership in told
                    from holding in membership.Holdings
                    let balances = membership.Balances(holding.Unit)
                    select new UnitBalance(membership.Program, holding.Unit, balances.Available, balances.Pending, balances.Reserved, balances.Debt);
        var lots = from membership in told
                   from holding in membership.Holdings
                   from lot in holding.Wallet.Settled().Wallet.Schedule
                   select new ExpiringLot(membership.Program, holding.Unit, lot.At, lot.Amount);
        var held = new HeldUnits(
            [.. units.Concat(ledger.Units.Where(unit => IsOfLedger(unit.Program))).OrderBy(unit => unit.Program, StringComparer.Ordinal).ThenBy(unit => unit.Unit, StringComparer.Ordinal)],
            [
                .. lots.Concat(ledger.Expiring.Where(lot => IsOfLedger(lot.Program)))
                    .GroupBy(lot => (lot.At, lot.Program, lot.Unit)).OrderBy(lot => lot.Key.At).ThenBy(lot => lot.Key.Program, StringComparer.Ordinal).ThenBy(lot => lot.Key.Unit, StringComparer.Ordinal)
                    .Select(lot => new ExpiringLot(lot.Key.Program, lot.Key.Unit, lot.Key.At, lot.Sum(one => one.Amount))),
            ]);

        foreach (var unit in held.Units.Where(unit => !definitions.Defines(unit.Program)))
        {
            held.Undefined.Add(unit);
        }

        return held;

        bool IsOfLedger(string program) => isDisposed || !definitions.Defines(program) || (past is not null && !definitions.Tells(past.Customer, program));
    }
}
