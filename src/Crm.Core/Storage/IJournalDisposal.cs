using Crm.Ledger;
using Crm.Values;

namespace Crm.Storage;

/// <summary>
/// An optional ability: journal entries go when they need not be kept any longer, and an opening stands for them. Nothing else goes: ledger, keys, identities and whatever counts later stay.
/// No other port removes an entry of a journal.
/// </summary>
public interface IJournalDisposal
{
    /// <summary>
    /// Takes the entries that an opening stands for out of a journal and writes the opening, in one with the disposal's commit: all of it or nothing. The customer's earlier opening and checkpoints up to the
    /// new one go with them. The key of an entry that is gone stays known for ever, with the short receipt that is given for it.
    /// </summary>
    /// <returns>Committed, or a version conflict when the customer has another version than the commit expects; then nothing is written.</returns>
    /// <exception cref="InvalidOperationException">The disposal does not fit together, or does not name just those entries that the store has up to the opening's instant; nothing is written.</exception>
    ValueTask<CommitResult> DisposeOfAsync(JournalDisposal disposal, CancellationToken cancellationToken);

    /// <summary>The whole ledger of one customer, in the order in which it was written.</summary>
    ValueTask<IReadOnlyList<LedgerEntry>> LedgerOfAsync(CustomerId customer, CancellationToken cancellationToken);
}
