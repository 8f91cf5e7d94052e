using Crm.Testing.Laws;

namespace Crm.Testing;

/// <summary>
/// What every <see cref="Storage.IAudienceQuery"/> must keep to, as data: run each check against your own store. Conditions of every kind are asked at instants on and beside their boundaries, and compared with
/// what the evaluator says of each customer's whole history. What a store refuses is not held against it; what it answers is.
/// </summary>
public static class AudienceLaws
{
    /// <summary>All laws. Each takes an empty database, and ships with a counterfeit that it catches.</summary>
    public static IReadOnlyList<StorageLaw> All { get; } = AudienceChecks.All;

    /// <summary>The law with a name.</summary>
    /// <exception cref="ArgumentException">No law has it.</exception>
    public static StorageLaw Named(string name) => All.FirstOrDefault(law => law.Name == name)
        ?? throw new ArgumentException($"No law of audiences is named '{name}'. There are: {string.Join(", ", All.Select(law => law.Name))}.", nameof(name));
}
