using System.Globalization;
using System.Runtime.InteropServices;
using Crm.Modules;

namespace Crm.Engine;

/// <summary>Adds up ledgers and compares them with what modules hold. There is no policy in it: entries name lot and amount.</summary>
internal static class Bookkeeping
{
    /// <summary>The lots in which the books and the state of a customer differ.</summary>
    /// <param name="modules">The modules.</param>
    /// <param name="state">The customer's state.</param>
    /// <param name="booked">The ledger entries; several of one lot are added up.</param>
    public static IEnumerable<Difference> Compare(ModuleSet modules, CustomerState state, IEnumerable<UnitsHeld> booked)
    {
        var keepers = 0;
        var lots = new Dictionary<(string Program, string Unit, string Lot), (long Held, long Booked)>();
        foreach (var entry in booked)
        {
            ref var lot = ref CollectionsMarshal.GetValueRefOrAddDefault(lots, (entry.Program, entry.Unit, entry.Lot), out _);
            lot.Booked = checked(lot.Booked + entry.Amount);
        }

        for (var i = 0; i < modules.Count; i++)
        {
            if (modules.All[i] is not IHoldsUnits holder)
            {
                continue;
            }

            keepers++;
            foreach (var units in holder.Held(state.Slots[i]))
            {
                ref var lot = ref CollectionsMarshal.GetValueRefOrAddDefault(lots, (units.Program, units.Unit, units.Lot), out _);
                lot.Held = checked(lot.Held + units.Amount);
            }
        }

        // Without a module that holds units there is nothing to compare the books with.
        return keepers == 0 ? [] : lots.Where(lot => lot.Value.Held != lot.Value.Booked).OrderBy(lot => lot.Key.Program, StringComparer.Ordinal).ThenBy(lot => lot.Key.Unit, StringComparer.Ordinal).ThenBy(lot => lot.Key.Lot, StringComparer.Ordinal).Select(lot => new Difference(
            $"the lot '{lot.Key.Lot}' of {lot.Key.Unit} in '{lot.Key.Program}'",
            string.Create(CultureInfo.InvariantCulture, $"{lot.Value.Held} held"),
            string.Create(CultureInfo.InvariantCulture, $"{lot.Value.Booked}, the sum of its ledger entries,")));
    }
}
