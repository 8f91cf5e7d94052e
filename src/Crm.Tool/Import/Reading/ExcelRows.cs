using System.Globalization;
using System.Text;
using ExcelDataReader;

namespace Crm.Tool.Import.Reading;

/// <summary>The rows of the first sheet of a workbook. Dates become ISO text, numbers their shortest decimal text, without an exponent: they may be identifiers. Formulas that have failed are their errors.</summary>
internal static class ExcelRows
{
    public static IEnumerable<SourceRow> Read(Stream workbook, string path)
    {
        using var reader = Open(workbook, path);
        var failed = FailedCells.In(workbook);
        for (var line = 1L; reader.Read(); line++)
        {
            var cells = new string[reader.FieldCount];
            HashSet<int>? dates = null;
            for (var i = 0; i < cells.Length; i++)
            {
                var value = reader.GetValue(i);
                cells[i] = Text(value);
                if (value is DateTime)
                {
                    (dates ??= []).Add(i);
                }
            }

            HashSet<int>? errors = null;
            foreach (var (place, error) in failed.GetValueOrDefault(line, []).Where(cell => cell.Place < cells.Length))
            {
                cells[place] = error;
                (errors ??= []).Add(place);
            }

            yield return new SourceRow(line, cells) { Dates = dates, Errors = errors };
        }
    }

    private static IExcelDataReader Open(Stream workbook, string path)
    {
        try
        {
            // The reader asks for a code page of old .xls files even when it is never used.
            Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
            return ExcelReaderFactory.CreateOpenXmlReader(workbook);
        }
        catch (Exception wrong) when (wrong is ExcelDataReader.Exceptions.ExcelReaderException or InvalidDataException)
        {
            throw ToolException.Input($"{path}: found a ZIP archive that is no Excel workbook ({wrong.Message}); expected .xlsx or text.");
        }
    }

    private static string Text(object? value) => value switch
    {
        null => "",
        string text => text.Trim(),
        DateTime time => time.ToString(time.TimeOfDay == TimeSpan.Zero ? "yyyy-MM-dd" : "yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture),
        double number when Math.Abs(number) < 1e15 => Plain((decimal)number),
        double number when Math.Abs(number) < 1e28 => Plain(decimal.Parse(number.ToString("R", CultureInfo.InvariantCulture), NumberStyles.Float, CultureInfo.InvariantCulture)),
        IFormattable other => other.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };

    private static string Plain(decimal number) => number.ToString("0.############################", CultureInfo.InvariantCulture);
}
