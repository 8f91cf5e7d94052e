using Crm.Storage;

namespace Crm.Testing;

/// <summary>Something that every store must keep to.</summary>
/// <param name="Name">A sentence with underscores, unique among the laws.</param>
/// <param name="Claim">What is claimed, and why it matters.</param>
/// <param name="Port">The port that the law is about; it is mandatory for every store that implements it, and for no other.</param>
/// <param name="Check">Checks a store that nobody has written to. Throws <see cref="LawBroken"/>.</param>
public sealed record StorageLaw(string Name, string Claim, Type Port, Func<IStoreFactory, CancellationToken, Task> Check)
{
    /// <summary>What the factory must be able to do beside opening stores (<see cref="IFaultyStores"/>, <see cref="IStoreSearch"/>, <see cref="IElsewhere"/> or <see cref="IHostConnections"/>); null: nothing.</summary>
    public Type? Needs { get; init; }

    /// <summary>The version of the kit that brought the law; see <see cref="StorageLaws.Version"/>.</summary>
    public int Since { get; init; } = 1;

    /// <summary>Makes a store that is deliberately wrong in just what this law claims, so that the law is seen to catch it.</summary>
    public required Func<IStoreFactory> Counterfeit { get; init; }

    /// <summary>Whether a store is held to the law.</summary>
    public bool AppliesTo(ICustomerStore store) => Port.IsInstanceOfType(store);

    /// <summary>Whether the law can be checked: the store implements its port, and the factory can do what it needs.</summary>
    /// <param name="store">The type of the store.</param>
    /// <param name="factory">The type of the factory.</param>
    public bool AppliesTo(Type store, Type factory) => Port.IsAssignableFrom(store) && (Needs is null || Needs.IsAssignableFrom(factory));

    /// <summary>The name.</summary>
    public override string ToString() => Name;
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
