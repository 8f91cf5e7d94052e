using Crm.Storage;
using Crm.Testing.Laws;

namespace Crm.Testing;

/// <summary>
/// What every store must keep to, as data: run each check against your own store in the test framework of your choice. Each law gets an empty database.
/// Every law ships with a counterfeit, a store that is wrong in just that point.
/// </summary>
public static class StorageLaws
{
    /// <summary>All laws.</summary>
    public static IReadOnlyList<StorageLaw> All { get; } =
    [
        .. KeyLaws.All, .. VersionLaws.All, .. JournalLaws.All, .. StateLaws.All, .. WakeupLaws.All, .. OutboxLaws.All, .. QuotaLaws.All, .. BulkLaws.All, .. DocumentLaws.All,
    ];

    /// <summary>The law with a name.</summary>
    /// <exception cref="ArgumentException">No law has it.</exception>
    public static StorageLaw Named(string name) => All.FirstOrDefault(law => law.Name == name)
        ?? throw new ArgumentException($"No law of storage is named '{name}'. There are: {string.Join(", ", All.Select(law => law.Name))}.", nameof(name));

    /// <summary>The laws that a store is held to: those about the ports that it implements.</summary>
    public static IEnumerable<StorageLaw> For(ICustomerStore store) => All.Where(law => law.AppliesTo(store));
}
