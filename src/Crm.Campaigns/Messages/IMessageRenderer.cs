using Crm.Engine;
using Crm.Modules;
using Crm.Values;

namespace Crm.Campaigns.Messages;

/// <summary>Turns a decided message into text. Called when the message leaves, because only then are the values of the person at hand.</summary>
public interface IMessageRenderer
{
    /// <summary>The text of a message in a language.</summary>
    /// <exception cref="TemplateException">There is no such template, or a value that it names is missing.</exception>
    RenderedMessage Render(Message message, CustomerView customer, Language language);
}

/// <summary>A message as the customer reads it; personal data.</summary>
/// <param name="Subject">The subject; null for channels without one.</param>
/// <param name="Body">The text.</param>
/// <param name="Language">The language that it is in.</param>
public sealed record RenderedMessage(string? Subject, string Body, Language Language)
{
    /// <summary>The language alone; the text is personal.</summary>
    public override string ToString() => $"{nameof(RenderedMessage)} {{ {nameof(Language)} = {Language} }}";
}

/// <summary>A template cannot be rendered. The message names the template and the value, never the values of a person.</summary>
public sealed class TemplateException : Exception
{
    internal TemplateException(string reason, string message)
        : base(message) => Reason = reason;

    /// <summary>Why, as a code of <see cref="Decisions.Reasons"/>.</summary>
    public string Reason { get; }
}
