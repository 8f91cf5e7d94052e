using Crm.Ledger;
using Crm.Values;

namespace Crm.Engine;

/// <summary>A ledger as it would be had nothing happened after an instant: by which movements a customer came to what there was.</summary>
/// <param name="Customers">Whose stored ledgers it stands for: the customer's, and of those who had become one with the customer by then.</param>
/// <param name="Entries">All of it, in the order in which things were recorded.</param>
public sealed record RedecidedLedger(Sequence<CustomerId> Customers, Sequence<LedgerEntry> Entries);
