using System.IO.Compression;

namespace Crm.Tool.Tests.Support;

/// <summary>Reads compressed files.</summary>
internal static class Gzip
{
    public static IEnumerable<string> Lines(string file)
    {
        using var text = new StreamReader(new GZipStream(File.OpenRead(file), CompressionMode.Decompress));
        while (text.ReadLine() is { } line)
        {
            yield return line;
        }
    }
}
