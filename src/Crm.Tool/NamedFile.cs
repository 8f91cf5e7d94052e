using System.Text.Json;
using Crm.Conditions;
using Crm.Tool.Json;

namespace Crm.Tool;

/// <summary>Opens the files that people name. What is no path at all, such as an empty text, is told as a file that cannot be read.</summary>
internal static class NamedFile
{
    /// <exception cref="IOException">It cannot be read, or is no path.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static string Text(string path) => Named(path, File.ReadAllText);

    /// <summary>A text that a reader of JSON takes: one with half characters, which parse and cannot be read, is told as a file that cannot be read either.</summary>
    /// <inheritdoc cref="Text"/>
    public static string JsonText(string path)
    {
        var text = Text(path);
        try
        {
            using var json = JsonDocument.Parse(text, ConditionJson.Around);
            var halves = HalfCharacters.In(json.RootElement).Select(fault => fault.ToString()).ToList();
            return halves.Count == 0 ? text : throw new IOException(string.Join("; ", halves));
        }
        catch (JsonException)
        {
            // Whoever reads it says what is wrong with it, and what was expected.
            return text;
        }
    }

    /// <inheritdoc cref="Text"/>
    public static byte[] Bytes(string path) => Named(path, File.ReadAllBytes);

    /// <inheritdoc cref="Text"/>
    public static Stream Open(string path) => Named(path, File.OpenRead);

    /// <summary>A file to write to, empty.</summary>
    /// <exception cref="ToolException">It cannot be written.</exception>
    public static FileStream Create(string path)
    {
        try
        {
            return Named(path, static named => new FileStream(named, FileMode.Create, FileAccess.Write, FileShare.Read));
        }
        catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException)
        {
            throw ToolException.Input($"'{path}' cannot be written: {wrong.Message}");
        }
    }

    private static T Named<T>(string path, Func<string, T> open)
    {
        try
        {
            return open(path);
        }
        catch (ArgumentException wrong)
        {
            throw new FileNotFoundException(path.Length == 0 ? "the path is empty; the path of a file is expected." : "it is not the path of a file.", wrong);
        }
    }
}
