using System.IO.Compression;
using System.Text;
using Crm.Tool.Import.Mappings;

namespace Crm.Tool.Import.Reading;

/// <summary>Opens a file of sales, compressed or not, and reads its rows one after another.</summary>
internal static class SourceFile
{
    // What every ZIP archive begins with, as workbooks are.
    private static readonly byte[] Archive = [.. "PK\u0003\u0004"u8];

    // What workbooks of before 2007 begin with.
    private static readonly byte[] OldWorkbook = [0xd0, 0xcf, 0x11, 0xe0];

    /// <summary>The rows that have anything in them, the header among them. They are read while they are walked; the file is closed at the end.</summary>
    /// <exception cref="ToolException">The file cannot be read; the message says why.</exception>
    public static IEnumerable<SourceRow> Rows(string path, FileFormat format)
    {
        using var stream = Open(path);
        var rows = IsWorkbook(stream, path)
            ? ExcelRows.Read(stream, path)
            : format.Kind switch
            {
                FileKind.Csv => CsvRows.Read(Text(stream, format.Encoding), format.Separator),
                FileKind.Spaced => SpacedRows.Read(Text(stream, format.Encoding)),
                FileKind.Xlsx => throw ToolException.Input($"{path}: found a text file; expected an Excel workbook (.xlsx), because the mapping's format.kind is 'xlsx'."),
                _ => throw new InvalidOperationException($"No reader for files of kind {format.Kind}."),
            };
        using var each = rows.GetEnumerator();
        Func<bool> next = each.MoveNext;
        while (Try(path, next))
        {
            // A row of separators alone is what spreadsheets leave of an empty one.
            if (Array.Exists(each.Current.Cells, cell => cell.Length > 0))
            {
                yield return each.Current;
            }
        }
    }

    /// <summary>The first characters of a text file, for guessing what it is; null for a workbook.</summary>
    public static string? Beginning(string path, int characters)
    {
        using var stream = Open(path);
        if (IsWorkbook(stream, path))
        {
            return null;
        }

        using var text = Text(stream, FileEncoding.Utf8OrLatin1);
        var buffer = new char[characters];
        return Try(path, () => new string(buffer, 0, text.ReadBlock(buffer)));
    }

    /// <summary>Refuses a file that cannot be opened, whatever is in it.</summary>
    /// <exception cref="ToolException">It cannot; the message says why.</exception>
    public static void Refuse(string path) => Open(path).Dispose();

    private static T Try<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (DecoderFallbackException wrong)
        {
            throw ToolException.Input($"{path}: found bytes that are not UTF-8 ({wrong.Message}); expected UTF-8, or a mapping with \"encoding\": \"latin-1\" or \"utf-8-or-latin-1\".");
        }
        catch (Exception wrong) when (wrong is IOException or InvalidDataException or System.Xml.XmlException or ExcelDataReader.Exceptions.ExcelReaderException)
        {
            throw ToolException.Input($"{path}: it cannot be read to its end: {wrong.Message}");
        }
    }

    private static Stream Open(string path)
    {
        Stream file;
        bool compressed;
        try
        {
            file = NamedFile.Open(path);
            compressed = file.ReadByte() == 0x1f && file.ReadByte() == 0x8b;
            file.Position = 0;
        }
        catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException)
        {
            throw ToolException.Input($"'{path}' cannot be read: {(Directory.Exists(path) ? "it is a folder; the path of a file is expected." : wrong.Message)}");
        }

        return compressed ? Try(path, () => Decompressed(new BufferedStream(new GZipStream(file, CompressionMode.Decompress), 1 << 16))) : file;
    }

    /// <summary>A workbook is a ZIP archive, so it must be read out of its compression wholly; text is read on as it comes.</summary>
    private static Stream Decompressed(Stream decompressed)
    {
        var head = Head(decompressed);
        var whole = new PrefixedStream(head, decompressed);
        if (!head.AsSpan().SequenceEqual(Archive) && !head.AsSpan().SequenceEqual(OldWorkbook))
        {
            return whole;
        }

        var memory = new MemoryStream();
        using (whole)
        {
            whole.CopyTo(memory);
        }

        memory.Position = 0;
        return memory;
    }

    private static bool IsWorkbook(Stream stream, string path)
    {
        if (!stream.CanSeek)
        {
            return false;
        }

        var head = Head(stream);
        stream.Position = 0;
        return head.AsSpan().SequenceEqual(OldWorkbook)
            ? throw ToolException.Input($"{path}: found an Excel workbook of the form of before 2007 (.xls); save it as .xlsx or as text.")
            : head.AsSpan().SequenceEqual(Archive);
    }

    private static byte[] Head(Stream stream)
    {
        var head = new byte[Archive.Length];
        return head[..stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)];
    }

    private static StreamReader Text(Stream stream, FileEncoding encoding) => new(
        stream,
        encoding switch
        {
            FileEncoding.Utf8 => new UTF8Encoding(encoderShouldEmitUTF8Identifier: true, throwOnInvalidBytes: true),
            FileEncoding.Latin1 => Encoding.Latin1,
            FileEncoding.Utf8OrLatin1 => Encoding.GetEncoding("utf-8", EncoderFallback.ReplacementFallback, new Latin1Fallback()),
            _ => throw new InvalidOperationException($"No decoder for {encoding}."),
        },
        detectEncodingFromByteOrderMarks: true,
        bufferSize: 1 << 16);
}
