using CsvHelper;

namespace Crm.Tool.Import.Reading;

/// <summary>Cells between separators as RFC 4180 says; a quotation mark inside a cell that is not quoted is taken as it is, one that is never closed is an error.</summary>
internal static class CsvRows
{
    public static IEnumerable<SourceRow> Read(TextReader text, char separator)
    {
        CsvMalformedRecord? unclosed = null;
        var options = new CsvReaderOptions
        {
            Separator = separator,
            HasHeader = false,
            TrimWhitespace = true,
            TrimInsideQuotes = true,
            TrackLineNumbers = true,
            PoolStrings = true,
            OnMalformedRecord = record => unclosed = record.Reason == CsvMalformedReason.UnterminatedQuote ? record : unclosed,
        };
        using var reader = CsvReader.Create(text, options, leaveOpen: true);
        while (reader.Read())
        {
            if (unclosed is not null)
            {
                throw new InvalidDataException($"a quotation mark in the row on line {reader.LineNumber} is never closed; close it, or double it where it is part of the text");
            }

            var cells = new string[reader.FieldCount];
            for (var i = 0; i < cells.Length; i++)
            {
                cells[i] = reader.GetString(i);
            }

            yield return new SourceRow(reader.LineNumber, cells);
        }
    }
}
