using System.Runtime.InteropServices;
using Crm.Ledger;
using Crm.Modules;
using Crm.Values;

namespace Crm.Testing.Simulation;

/// <summary>What the commits of one customer add up to.</summary>
internal sealed class Books
{
    private readonly Dictionary<(string Program, string Unit, string Lot), long> lots = [];

    public long Version { get; set; }

    /// <summary>The ledger so far, lot by lot.</summary>
    public IEnumerable<UnitsHeld> Lots => lots.Select(lot => new UnitsHeld(lot.Key.Program, lot.Key.Unit, lot.Key.Lot, lot.Value));

    public void Take(Sequence<LedgerEntry> ledger)
    {
        foreach (var entry in ledger)
        {
            var lot = (entry.Program, entry.Unit, entry.Lot);
            ref var sum = ref CollectionsMarshal.GetValueRefOrAddDefault(lots, lot, out _);
            sum += entry.Amount;
            if (sum == 0)
            {
                lots.Remove(lot);
            }
        }
    }
}
