using System.Collections.Frozen;
using Crm.Values;

namespace Crm.Privacy;

/// <summary>The purposes that a host has declared, and <see cref="Purpose.Service"/>.</summary>
public sealed class PurposeCatalog
{
    private readonly FrozenDictionary<string, Purpose> byId;

    /// <summary>A catalogue of these purposes.</summary>
    /// <exception cref="ArgumentException">An id is no id, comes with two meanings, or lacks a text. The message lists all that is wrong.</exception>
    public PurposeCatalog(params IEnumerable<Purpose> purposes)
    {
        ArgumentNullException.ThrowIfNull(purposes);
        var all = purposes.Distinct().ToList();
        if (all.TrueForAll(purpose => purpose.Id != Purpose.ServiceId))
        {
            all.Add(Purpose.Service);
        }

        var errors = Errors(all).ToList();
        if (errors.Count > 0)
        {
            throw new ArgumentException(string.Join(Environment.NewLine, errors), nameof(purposes));
        }

        byId = all.ToFrozenDictionary(purpose => purpose.Id, StringComparer.Ordinal);
    }

    /// <summary>The ids, in ordinal order.</summary>
    public IEnumerable<string> Ids => byId.Keys.Order(StringComparer.Ordinal);

    /// <summary>The purpose with this id, or null.</summary>
    public Purpose? Find(string id) => byId.GetValueOrDefault(id);

    private static IEnumerable<string> Errors(List<Purpose> purposes)
    {
        foreach (var purpose in purposes)
        {
            if (!IsId(purpose.Id))
            {
                yield return $"'{purpose.Id}' is not the id of a purpose: lower-case letters, digits, '-' and '_' are expected, such as 'marketing'.";
            }

            if (string.IsNullOrWhiteSpace(purpose.Text.English) || string.IsNullOrWhiteSpace(purpose.Text.Chinese))
            {
                yield return $"The purpose '{purpose.Id}' lacks its text in English or in Chinese; both are expected.";
            }

            if (purpose is { Id: Purpose.ServiceId, Use: not PurposeUse.Service })
            {
                yield return $"The purpose '{Purpose.ServiceId}' is declared for {purpose.Use}; that id stands for what needs no marketing consent: choose another.";
            }
        }

        foreach (var twice in purposes.GroupBy(purpose => purpose.Id, StringComparer.Ordinal).Where(group => group.Count() > 1))
        {
            yield return $"The purpose '{twice.Key}' is declared {twice.Count()} times, differently; one declaration is expected.";
        }
    }

    /// <summary>Whether a text can stand between the dots of a fact's name.</summary>
    internal static bool IsId(string? text) => text is not null && Names.IsName(text) && !text.Contains('.', StringComparison.Ordinal);
}
