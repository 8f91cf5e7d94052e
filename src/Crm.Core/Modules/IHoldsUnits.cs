namespace Crm.Modules;

/// <summary>A module whose state holds units that the ledger accounts for. Verification adds up the ledger of a customer, lot by lot, and compares.</summary>
public interface IHoldsUnits
{
    /// <summary>What a state of the module holds. Each lot comes once; those of 0 may be left out, and what is owed is a lot below 0.</summary>
    /// <param name="state">A state of the module.</param>
    IEnumerable<UnitsHeld> Held(object state);
}

/// <summary>What a customer holds of a unit in one lot.</summary>
/// <param name="Program">The programme, as ledger entries have it.</param>
/// <param name="Unit">The unit.</param>
/// <param name="Lot">The lot.</param>
/// <param name="Amount">How much; below 0 where it is owed.</param>
public readonly record struct UnitsHeld(string Program, string Unit, string Lot, long Amount);
