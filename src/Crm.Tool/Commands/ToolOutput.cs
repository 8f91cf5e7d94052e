using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Crm.Values;
using CsvHelper;
using Spectre.Console;

namespace Crm.Tool.Commands;

/// <summary>How results are written.</summary>
internal enum OutputForm
{
    /// <summary>Tables for people.</summary>
    Tables,

    /// <summary>One JSON object.</summary>
    Json,

    /// <summary>CSV with a header row.</summary>
    Csv,
}

/// <summary>Where results and messages go, and how they look.</summary>
internal sealed class ToolOutput(TextWriter output, TextWriter error, OutputForm form, Language language)
{
    private static readonly JsonWriterOptions Indented = new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public OutputForm Form { get; } = form;

    public Language Language { get; } = language;

    /// <summary>Whether a person watches the messages, so that a progress bar makes sense.</summary>
    public bool IsWatched { get; } = error == Console.Error && !Console.IsErrorRedirected;

    /// <summary>Messages: never on stdout.</summary>
    public IAnsiConsole Messages { get; } = Terminal(error, error == Console.Error && !Console.IsErrorRedirected);

    /// <summary>A table, or text, on stdout.</summary>
    public void Show(Spectre.Console.Rendering.IRenderable table) => Terminal(output, output == Console.Out && !Console.IsOutputRedirected).Write(table);

    public void Line(string text) => output.WriteLine(text);

    public void Message(string text) => error.WriteLine(text);

    /// <summary>One JSON object on stdout.</summary>
    public void Json(Action<Utf8JsonWriter> content)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Indented))
        {
            json.WriteStartObject();
            content(json);
            json.WriteEndObject();
        }

        output.WriteLine(Encoding.UTF8.GetString(buffer.GetBuffer().AsSpan(0, (int)buffer.Length)));
    }

    /// <summary>Rows on stdout, the header first.</summary>
    public void Csv(IEnumerable<IReadOnlyList<string>> rows)
    {
        using var csv = CsvWriter.Create(output, CsvWriterOptions.Default, leaveOpen: true);
        foreach (var row in rows)
        {
            foreach (var cell in row)
            {
                csv.WriteField(cell);
            }

            csv.EndRecord();
        }
    }

    private static IAnsiConsole Terminal(TextWriter writer, bool isTerminal)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = isTerminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = isTerminal ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = isTerminal ? InteractionSupport.Detect : InteractionSupport.No,
        });
        if (!isTerminal)
        {
            console.Profile.Width = 160;
        }

        return console;
    }
}
