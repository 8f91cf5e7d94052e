using System.Text.Json;
using Crm.Loyalty.Programs;
using Crm.Values;

namespace Crm.Loyalty.Rules;

/// <summary>A team's own rule that programmes may be written with as JSON: it writes its settings itself, so that they are part of the programme's hash.</summary>
public interface IJsonEarningRule : IEarningRule
{
    /// <summary>The name of its kind in the catalogue, such as "happy-hour".</summary>
    string Kind { get; }

    /// <summary>Writes the properties of its settings, in one order and in one form for equal rules.</summary>
    void WriteSettings(Utf8JsonWriter json);
}

/// <summary>What a rule of a team's own kind is made of when it is read.</summary>
/// <param name="Name">The rule's name.</param>
/// <param name="Version">The version of its code that the programme names; one of the kind's.</param>
/// <param name="Terms">Its terms.</param>
/// <param name="Json">Its settings; null where there are none.</param>
/// <param name="Errors">Where everything goes that is wrong with the settings, with the path within them.</param>
public sealed record RuleSettings(string Name, int Version, EarningTerms Terms, JsonElement? Json, ICollection<ProgramError> Errors)
{
    /// <summary>The text of a property; empty, with an error, where it is missing or no text.</summary>
    public string Text(string name) => Find(name, JsonValueKind.String, "a text")?.GetString() ?? "";

    /// <summary>The whole number of a property; 0, with an error, where it is missing or none.</summary>
    public long Whole(string name)
    {
        if (Find(name, JsonValueKind.Number, "a whole number") is not { } found)
        {
            return 0;
        }

        if (found.TryGetInt64(out var whole))
        {
            return whole;
        }

        Errors.Add(new ProgramError(name, $"{found.GetRawText()} is found where a whole number is expected."));
        return 0;
    }

    /// <summary>Notes properties that are none of these.</summary>
    public void Allow(params string[] names)
    {
        foreach (var property in Json is { ValueKind: JsonValueKind.Object } settings ? settings.EnumerateObject().Select(property => property.Name) : [])
        {
            if (!names.Contains(property, StringComparer.Ordinal))
            {
                Errors.Add(new ProgramError(property, $"There is no such setting; expected are {string.Join(", ", names)}."));
            }
        }
    }

    private JsonElement? Find(string name, JsonValueKind kind, string expected)
    {
        if (Json is { ValueKind: JsonValueKind.Object } settings && settings.TryGetProperty(name, out var found))
        {
            if (found.ValueKind == kind)
            {
                return found;
            }

            Errors.Add(new ProgramError(name, $"{found.GetRawText()} is found where {expected} is expected."));
            return null;
        }

        Errors.Add(new ProgramError(name, $"The setting is missing; {expected} is expected."));
        return null;
    }
}

/// <summary>A kind of rule of a team's own.</summary>
/// <param name="Name">Its name in JSON, such as "happy-hour".</param>
/// <param name="Versions">The versions of its code that can still be asked; a programme names one. Keep the old ones, so that history is decided by what it was decided by.</param>
/// <param name="Read">Makes a rule of its settings; whatever is wrong with them goes to <see cref="RuleSettings.Errors"/>.</param>
public sealed record EarningRuleKind(string Name, Sequence<int> Versions, Func<RuleSettings, IEarningRule> Read);

/// <summary>The kinds of rules of a team's own, by name. Nothing is looked for in assemblies: what is here was put here.</summary>
public sealed class EarningRuleKinds
{
    private readonly SortedDictionary<string, EarningRuleKind> kinds = new(StringComparer.Ordinal);

    /// <summary>No kind.</summary>
    public static EarningRuleKinds None { get; } = new([]);

    /// <summary>A catalogue.</summary>
    /// <exception cref="ArgumentException">A name comes twice, is no name, or a kind has no version.</exception>
    public EarningRuleKinds(params IEnumerable<EarningRuleKind> kinds)
    {
        foreach (var kind in kinds)
        {
            if (!Values.Names.IsName(kind.Name) || kind.Versions.IsEmpty)
            {
                throw new ArgumentException($"'{kind.Name}' is not a kind of rule: a name of lower-case letters, digits, '-', '_' and '.' and at least one version are expected.", nameof(kinds));
            }

            if (!this.kinds.TryAdd(kind.Name, kind))
            {
                throw new ArgumentException($"The kind of rule '{kind.Name}' is registered twice; names are expected to differ.", nameof(kinds));
            }
        }
    }

    /// <summary>The names, in ordinal order.</summary>
    public IEnumerable<string> Names => kinds.Keys;

    /// <summary>The kind with a name; null where there is none.</summary>
    public EarningRuleKind? Find(string name) => kinds.GetValueOrDefault(name);
}
