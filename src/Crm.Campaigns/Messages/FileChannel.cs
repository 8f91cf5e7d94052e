using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using Crm.Engine;
using Crm.Modules;
using Crm.Values;

namespace Crm.Campaigns.Messages;

/// <summary>
/// Appends messages to FOLDER/NAME.jsonl, one JSON object a line, for a mailing house or for tests. A message that is handed over again after a crash is a second line with the same "id".
/// What it writes is personal data.
/// </summary>
/// <param name="name">The channel, such as "direct-mail"; also the name of the file.</param>
/// <param name="renderer">Makes the text.</param>
/// <param name="folder">The folder; made when it is not there.</param>
public sealed class FileChannel(string name, IMessageRenderer renderer, string folder) : IMessageChannel, IDisposable
{
    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.Create(UnicodeRanges.All) };
    private readonly SemaphoreSlim gate = new(1);

    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public async ValueTask<SendOutcome> SendAsync(string id, Message message, CustomerView customer, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(customer);
        RenderedMessage rendered;
        try
        {
            rendered = renderer.Render(message, customer, CustomerLanguage.Of(customer));
        }
        catch (TemplateException fault)
        {
            return new SendOutcome.Failed(fault.Reason);
        }

        await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            Directory.CreateDirectory(folder);
            await File.AppendAllTextAsync(Path.Combine(folder, $"{name}.jsonl"), Line(id, message, customer, rendered), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            gate.Release();
        }

        return new SendOutcome.Sent();
    }

    /// <inheritdoc/>
    public void Dispose() => gate.Dispose();

    private static string Line(string id, Message message, CustomerView customer, RenderedMessage rendered)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, Readable))
        {
            json.WriteStartObject();
            json.WriteString("id", id);
            json.WriteString("customer", customer.Customer.ToString());
            json.WriteString("occasion", message.Occasion);
            json.WriteString("template", message.Template);
            json.WriteString("language", rendered.Language == Language.English ? "en" : "zh-Hant");
            json.WriteString("decidedAt", Scalar.Of(message.DecidedAt).ToString());
            if (rendered.Subject is { } subject)
            {
                json.WriteString("subject", subject);
            }

            json.WriteString("body", rendered.Body);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray()) + "\n";
    }
}
