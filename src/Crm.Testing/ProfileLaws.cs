using Crm.Storage;
using Crm.Testing.Laws;
using Crm.Values;

namespace Crm.Testing;

/// <summary>A host's customer table under test: the port, and the host's own way to write.</summary>
public interface IHostTable
{
    /// <summary>The port.</summary>
    ICustomerProfiles Profiles { get; }

    /// <summary>At least three profiles that the table can hold and that all differ: with every field, in other scripts, with fields left out.</summary>
    IReadOnlyList<Fields> Samples { get; }

    /// <summary>Writes a profile as the host does, over the one that the key had.</summary>
    /// <param name="number">Which customer, from 1.</param>
    /// <param name="values">One of <see cref="Samples"/>.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The host's key.</returns>
    ValueTask<string> WriteAsync(int number, Fields values, CancellationToken cancellationToken);

    /// <summary>Changes something of a customer that is no part of the profile, such as the date of the last visit to a web page.</summary>
    ValueTask TouchAsync(int number, CancellationToken cancellationToken);
}

/// <summary>Something that every <see cref="ICustomerProfiles"/> must keep to.</summary>
/// <param name="Name">A sentence with underscores.</param>
/// <param name="Claim">What is claimed, and why it matters.</param>
/// <param name="Check">Checks an empty table. Throws <see cref="LawBroken"/>.</param>
public sealed record ProfileLaw(string Name, string Claim, Func<IHostTable, CancellationToken, Task> Check)
{
    /// <summary>Makes a table that is deliberately wrong in just what this law claims.</summary>
    public required Func<IHostTable> Counterfeit { get; init; }

    /// <summary>The name.</summary>
    public override string ToString() => Name;
}

/// <summary>What every host's customer table must keep to, as data.</summary>
public static class ProfileLaws
{
    /// <summary>All laws.</summary>
    public static IReadOnlyList<ProfileLaw> All { get; } = HostTableLaws.All;

    /// <summary>The law with a name.</summary>
    /// <exception cref="ArgumentException">No law has it.</exception>
    public static ProfileLaw Named(string name) => All.FirstOrDefault(law => law.Name == name)
        ?? throw new ArgumentException($"No law of profiles is named '{name}'. There are: {string.Join(", ", All.Select(law => law.Name))}.", nameof(name));
}
