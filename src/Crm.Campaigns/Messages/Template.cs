using Crm.Values;

namespace Crm.Campaigns.Messages;

/// <summary>A template in both languages, written in Handlebars: "{{customer.name}}", "{{message.days}}", "{{facts.[loyalty.tea-club.points]}}".</summary>
/// <param name="Name">The name that journeys use.</param>
/// <param name="Body">The text.</param>
public sealed record Template(string Name, Text Body)
{
    /// <summary>The subject; null for channels without one.</summary>
    public Text? Subject { get; init; }

    /// <summary>Whether the body is HTML: then values are escaped in it. Subjects are never HTML.</summary>
    public bool IsHtml { get; init; }
}
