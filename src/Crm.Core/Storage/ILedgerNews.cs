using Crm.Values;

namespace Crm.Storage;

/// <summary>
/// An optional ability: telling whose ledger was written to since one last asked, at a cost that grows with their number and not with that of all customers.
/// </summary>
public interface ILedgerNews : ILedgerScan
{
    /// <summary>
    /// Tells whose ledger was written to since a mark. Everybody is told whose entries can be read now and could not be when the mark was made, however early the transaction began that wrote them; somebody whose
    /// entries could be read then may be told again.
    /// </summary>
    /// <param name="since">The mark of an earlier answer; null: there is none.</param>
    /// <param name="cancellationToken">Cancels.</param>
    ValueTask<LedgerNews> ReadNewsAsync(string? since, CancellationToken cancellationToken);
}

/// <summary>Whose ledger was written to.</summary>
/// <param name="Mark">What to ask from the next time; null: the store cannot tell, and the next time it may be anybody.</param>
/// <param name="Customers">
/// Each customer once, by bucket and then by id. Null: it may be anybody, because no mark was given, or one that means nothing here, as when the store was restored from a copy since.
/// </param>
public sealed record LedgerNews(string? Mark, Sequence<CustomerId>? Customers);
