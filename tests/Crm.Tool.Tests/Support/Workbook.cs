using DocumentFormat.OpenXml;
using DocumentFormat.OpenXml.Packaging;
using DocumentFormat.OpenXml.Spreadsheet;

namespace Crm.Tool.Tests.Support;

/// <summary>Makes small Excel workbooks.</summary>
internal static class Workbook
{
    /// <summary>A workbook with one sheet: texts, numbers and dates as Excel stores them.</summary>
    public static byte[] Of(params object[][][] blocks)
    {
        using var memory = new MemoryStream();
        using (var document = SpreadsheetDocument.Create(memory, SpreadsheetDocumentType.Workbook))
        {
            var book = document.AddWorkbookPart();
            book.Workbook = new DocumentFormat.OpenXml.Spreadsheet.Workbook();
            var styles = book.AddNewPart<WorkbookStylesPart>();
            styles.Stylesheet = new Stylesheet(
                new Fonts(new Font()),
                new Fills(new Fill()),
                new Borders(new Border()),
                new CellFormats(new CellFormat(), new CellFormat { NumberFormatId = 22, ApplyNumberFormat = true }));
            var part = book.AddNewPart<WorksheetPart>();
            var rows = new SheetData();
            part.Worksheet = new Worksheet(rows);
            book.Workbook.AppendChild(new Sheets(new Sheet { Id = book.GetIdOfPart(part), SheetId = 1, Name = "Sales" }));
            foreach (var row in blocks.SelectMany(block => block))
            {
                rows.AppendChild(new Row(row.Select(CellOf)));
            }
        }

        return memory.ToArray();
    }

    public static byte[] Of(string[] header, object[][] rows) => Of([header, .. rows]);

    /// <summary>A cell whose formula has failed.</summary>
    /// <param name="text">Such as "#N/A".</param>
    public static object Error(string text) => new Failed(text);

    private static Cell CellOf(object value) => value switch
    {
        DateTime time => new Cell { StyleIndex = 1, CellValue = new CellValue(time.ToOADate()) },
        Failed(var text) => new Cell { DataType = CellValues.Error, CellValue = new CellValue(text) },
        double number => new Cell { CellValue = new CellValue(number) },
        _ => new Cell { DataType = CellValues.InlineString, InlineString = new InlineString(new DocumentFormat.OpenXml.Spreadsheet.Text(value.ToString() ?? "")) },
    };

    private sealed record Failed(string Text);
}
