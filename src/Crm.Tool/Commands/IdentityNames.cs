using Crm.Values;

namespace Crm.Tool.Commands;

/// <summary>Identities as they are typed: a kind, a colon and a value.</summary>
internal static class IdentityNames
{
    /// <exception cref="ToolException">It is none.</exception>
    public static Identity Parse(string name)
    {
        var colon = name.IndexOf(':', StringComparison.Ordinal);
        try
        {
            return colon > 0 ? Identity.Of(name[..colon], name[(colon + 1)..]) : throw ToolException.Usage($"'{name}' is not an identity; a kind, a colon and a value are expected, such as 'user:42'.");
        }
        catch (ArgumentException wrong)
        {
            throw ToolException.Usage(wrong.Sentence());
        }
    }
}
