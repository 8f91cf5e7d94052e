namespace Crm.Ledger;

/// <summary>
/// The closed set of movements. Per unit, issued − spent − expired − reversed − transferred = what is held − debt, each figure being the sum of its entries
/// (with the sign turned for all but issued).
/// </summary>
public enum Movement
{
    /// <summary>Units come into being.</summary>
    Issued = 1,

    /// <summary>Units are spent; a positive amount gives spent units back to their lot.</summary>
    Spent = 2,

    /// <summary>Units run out.</summary>
    Expired = 3,

    /// <summary>Issued units are taken back by a correction.</summary>
    Reversed = 4,

    /// <summary>Units go to, or come from, another customer or unit.</summary>
    Transferred = 5,

    /// <summary>Units move between two lots of the same holding, such as from a new lot to a debt; the entries of one cause add up to 0.</summary>
    Offset = 6,
}
