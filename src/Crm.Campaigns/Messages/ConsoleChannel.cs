using Crm.Engine;
using Crm.Modules;

namespace Crm.Campaigns.Messages;

/// <summary>Writes messages to a text writer, for development and demonstrations. What it writes is personal data.</summary>
/// <param name="name">The channel that it stands in for, such as "email".</param>
/// <param name="renderer">Makes the text.</param>
/// <param name="writer">Where to, such as <see cref="Console.Out"/>.</param>
public sealed class ConsoleChannel(string name, IMessageRenderer renderer, TextWriter writer) : IMessageChannel
{
    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public async ValueTask<SendOutcome> SendAsync(string id, Message message, CustomerView customer, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        RenderedMessage rendered;
        try
        {
            rendered = renderer.Render(message, customer, CustomerLanguage.Of(customer));
        }
        catch (TemplateException fault)
        {
            return new SendOutcome.Failed(fault.Reason);
        }

        var head = rendered.Subject is { } subject ? $"[{name}] {message.Occasion}: {subject}" : $"[{name}] {message.Occasion}";
        await writer.WriteLineAsync($"{head}\n{rendered.Body}".AsMemory(), cancellationToken).ConfigureAwait(false);
        return new SendOutcome.Sent();
    }
}
