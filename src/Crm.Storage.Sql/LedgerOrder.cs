namespace Crm.Storage.Sql;

/// <summary>
/// How a database finds who was written into the ledger lately. Every row of the ledger has a place, a number; what is not seen yet comes to be seen at the horizon or beyond it, and stays there.
/// </summary>
/// <param name="Now">
/// A question with one parameter, {0}: the tenant. Its row: a text that says which ledger places belong to, and changes when they begin anew, as after a restore; the horizon; and the end, beyond all that can be seen. No row:
/// there is nothing in the ledger yet.
/// </param>
/// <param name="At">A question with {0}, the tenant, and {1}, a horizon of earlier: its row has the text that was given with it, if that horizon can still be gone on from; otherwise it is another, or there is none.</param>
/// <param name="Written">A question with {0}, the tenant, {1}, a horizon, and {2}, an end: the ids of the customers who have rows between them, each once.</param>
public sealed record LedgerOrder(string Now, string At, string Written);
