using System.Collections.Frozen;
using Crm.Values;
using NodaTime;

namespace Crm.Definitions;

/// <summary>All versions of all definitions of one sort, with the one that counts at an instant.</summary>
/// <typeparam name="T">What is defined.</typeparam>
public sealed class DefinitionCatalog<T>
    where T : notnull
{
    private readonly FrozenDictionary<string, Definition<T>[]> byName;

    /// <summary>A catalogue of these definitions.</summary>
    /// <exception cref="ArgumentException">A version comes twice, versions do not become active in their order, or a name is no name. The message lists all that is wrong.</exception>
    public DefinitionCatalog(IEnumerable<Definition<T>> definitions)
    {
        ArgumentNullException.ThrowIfNull(definitions);
        byName = definitions.GroupBy(definition => definition.Name, StringComparer.Ordinal)
            .ToFrozenDictionary(group => group.Key, group => group.OrderBy(definition => definition.Version).ToArray(), StringComparer.Ordinal);
        var errors = byName.OrderBy(pair => pair.Key, StringComparer.Ordinal).SelectMany(pair => Errors(pair.Key, pair.Value)).ToList();
        if (errors.Count > 0)
        {
            throw new ArgumentException(string.Join(Environment.NewLine, errors), nameof(definitions));
        }

        Names = byName.Keys.Order(StringComparer.Ordinal).ToSequence();
    }

    /// <summary>The names, in ordinal order.</summary>
    public Sequence<string> Names { get; }

    /// <summary>Every version of every definition, by name and version.</summary>
    public IEnumerable<Definition<T>> All => Names.SelectMany(name => byName[name]);

    /// <summary>The version that counts at an instant; null before the first.</summary>
    /// <exception cref="ArgumentException">No definition has the name; the message lists those there are.</exception>
    public Definition<T>? At(string name, Instant instant)
    {
        var versions = byName.GetValueOrDefault(name)
            ?? throw new ArgumentException($"No definition is named '{name}'. There are: {string.Join(", ", Names)}.", nameof(name));
        for (var i = versions.Length - 1; i >= 0; i--)
        {
            if (versions[i].ActiveFrom <= instant)
            {
                return versions[i];
            }
        }

        return null;
    }

    private static IEnumerable<string> Errors(string name, Definition<T>[] versions)
    {
        if (!Values.Names.IsName(name))
        {
            yield return $"'{name}' is not the name of a definition: lower-case letters, digits, '-', '_' and '.' are expected.";
        }

        foreach (var (earlier, later) in versions.Zip(versions.Skip(1)))
        {
            if (earlier.Version == later.Version)
            {
                yield return $"Version {later.Version} of '{name}' is defined twice; give the later one the next number.";
            }
            else if (earlier.ActiveFrom >= later.ActiveFrom)
            {
                yield return $"Version {later.Version} of '{name}' is active from {later.ActiveFrom}, not after version {earlier.Version} ({earlier.ActiveFrom}).";
            }
        }
    }
}
