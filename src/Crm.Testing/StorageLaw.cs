using Crm.Storage;

namespace Crm.Testing;

/// <summary>Something that every store must keep to.</summary>
/// <param name="Name">A sentence with underscores, unique among the laws.</param>
/// <param name="Claim">What is claimed, and why it matters.</param>
/// <param name="Port">The port that the law is about; a store that does not implement an optional one is not held to it.</param>
/// <param name="Check">Checks a store that nobody has written to. Throws <see cref="LawBroken"/>.</param>
public sealed record StorageLaw(string Name, string Claim, Type Port, Func<IStoreFactory, CancellationToken, Task> Check)
{
    /// <summary>Makes a store that is deliberately wrong in just what this law claims, so that the law is seen to catch it.</summary>
    public required Func<IStoreFactory> Counterfeit { get; init; }

    /// <summary>Whether a store is held to the law.</summary>
    public bool AppliesTo(ICustomerStore store) => Port.IsInstanceOfType(store);

    /// <summary>The name.</summary>
    public override string ToString() => Name;
}

/// <summary>Opens stores over one database that nobody else writes to.</summary>
public interface IStoreFactory
{
    /// <summary>Opens the store of a tenant. Called twice with one name, the two stores have the same content.</summary>
    ValueTask<ICustomerStore> OpenAsync(string tenant, CancellationToken cancellationToken);
}

/// <summary>A store does not keep to a law.</summary>
/// <param name="about">What was looked at.</param>
/// <param name="found">What was found.</param>
/// <param name="expected">What would have been right.</param>
public sealed class LawBroken(string about, string found, string expected) : Exception($"{about}: found {found}; {expected} is expected.")
{
    /// <summary>What was found.</summary>
    public string Found { get; } = found;

    /// <summary>What would have been right.</summary>
    public string Expected { get; } = expected;
}
