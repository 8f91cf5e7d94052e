using System.Runtime.InteropServices;
using Crm.Ledger;
using Crm.Values;

namespace Crm.Storage;

/// <summary>
/// An optional ability: reading what is new in the ledger since it was last read, whoever's it is. The ledger is only ever added to, so who knows up to which version of each customer they have read need
/// not read it whole again.
/// </summary>
public interface ILedgerScan
{
    /// <summary>The next customers, by bucket and then by id, merged ones among them, each with the version they have now.</summary>
    /// <param name="after">The last customer of those read before; null to begin.</param>
    /// <param name="most">At most so many; fewer only at the end.</param>
    /// <param name="cancellationToken">Cancels.</param>
    ValueTask<IReadOnlyList<CustomerVersion>> ReadVersionsAsync(CustomerId? after, int most, CancellationToken cancellationToken);

    /// <summary>What was written into the ledger of some customers after a version of each, in the order in which the customers are given, each in the order written. What one commit wrote comes whole.</summary>
    /// <param name="after">Each customer once, by bucket and then by id, with the version up to which the ledger is known; 0: nothing of it is.</param>
    /// <param name="cancellationToken">Cancels.</param>
    ValueTask<IReadOnlyList<LedgerLine>> ReadLedgerAfterAsync(IReadOnlyCollection<CustomerVersion> after, CancellationToken cancellationToken);
}

/// <summary>A version of a customer.</summary>
/// <param name="Customer">Who.</param>
/// <param name="Version">The version; 0 before the birth.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct CustomerVersion(CustomerId Customer, long Version);

/// <summary>An entry of a ledger, with its place.</summary>
/// <param name="Customer">Whose.</param>
/// <param name="Version">The version of the commit that wrote it.</param>
/// <param name="Entry">The entry.</param>
public sealed record LedgerLine(CustomerId Customer, long Version, LedgerEntry Entry);
