using System.Text;
using Crm.Tool.Import.Mappings;
using Crm.Tool.Import.Reading;
using Crm.Tool.Tests.Support;

namespace Crm.Tool.Tests.Import;

public sealed class ReadingFiles : IDisposable
{
    private static readonly FileFormat Csv = new(FileKind.Csv, ',', true, FileEncoding.Utf8);
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("sales.csv")]
    [InlineData("sales.csv.gz")]
    public void Cells_are_read_as_rfc_4180_says(string name)
    {
        var path = folder.Write(name, "id,text\r\n1,\"a, \"\"b\"\"\"\r\n\r\n2,\"two\r\nlines\"\r\n3, 5\" plate \r\n");

        Assert.Equal(
            [(1, "id/text"), (2, "1/a, \"b\""), (4, "2/two\r\nlines"), (6, "3/5\" plate")],
            SourceFile.Rows(path, Csv).Select(row => ((int)row.Line, string.Join('/', row.Cells))));
    }

    [Fact]
    public void A_byte_order_mark_is_no_part_of_the_first_cell()
    {
        var path = folder.Write("sales.csv", [0xef, 0xbb, 0xbf, .. "id\n1\n"u8]);

        Assert.Equal(["id", "1"], SourceFile.Rows(path, Csv).Select(row => row.Cells[0]));
    }

    [Fact]
    public void Bytes_that_are_no_utf_8_are_refused_or_read_as_latin_1()
    {
        var path = folder.Write("sales.csv", [.. "id\ncaf"u8, 0xe9, .. "\ncaf\u00e9\n"u8]);

        var wrong = Assert.Throws<ToolException>(() => SourceFile.Rows(path, Csv).ToList());
        Assert.Contains("\"encoding\": \"latin-1\"", wrong.Message, StringComparison.Ordinal);
        Assert.Equal(["id", "café", "café"], SourceFile.Rows(path, Csv with { Encoding = FileEncoding.Utf8OrLatin1 }).Select(row => row.Cells[0]));
        Assert.Equal(["id", "café", "cafÃ©"], SourceFile.Rows(path, Csv with { Encoding = FileEncoding.Latin1 }).Select(row => row.Cells[0]));
    }

    [Fact]
    public void A_quotation_mark_that_is_never_closed_is_found_instead_of_swallowing_the_rest()
    {
        var path = folder.Write("sales.csv", "id,text\n1,\"open\n2,b\n");

        Assert.Contains("line 2 is never closed", Assert.Throws<ToolException>(() => SourceFile.Rows(path, Csv).ToList()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sales.xlsx")]
    [InlineData("sales.xlsx.gz")]
    public void The_first_sheet_of_a_workbook_is_read_whatever_the_mapping_says(string name)
    {
        var path = folder.Write(name, Workbook.Of(["id", "when", "price"], [["7", new DateTime(2011, 1, 5, 10, 30, 0), 2.55], ["8", new DateTime(2011, 1, 6), 10d]]));

        Assert.Equal(
            ["1 id,when,price", "2 7,2011-01-05 10:30:00,2.55", "3 8,2011-01-06,10"],
            SourceFile.Rows(path, Csv).Select(row => $"{row.Line} {string.Join(',', row.Cells)}"));
    }

    [Fact]
    public void A_text_is_no_workbook()
    {
        var path = folder.Write("sales.xlsx", "id\n1\n");

        Assert.Contains("found a text file; expected an Excel workbook", Assert.Throws<ToolException>(() => SourceFile.Rows(path, Csv with { Kind = FileKind.Xlsx }).ToList()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_cut_off_says_so()
    {
        var path = folder.Write("sales.csv.gz", Encoding.ASCII.GetBytes("id\n" + string.Concat(Enumerable.Range(0, 5_000).Select(i => $"{i}\n"))));
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..^100]);

        Assert.Contains("cannot be read to its end", Assert.Throws<ToolException>(() => SourceFile.Rows(path, Csv).ToList()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_there_says_so() =>
        Assert.Contains("cannot be read", Assert.Throws<ToolException>(() => SourceFile.Rows(folder.PathOf("none.csv"), Csv).ToList()).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("customer_id;order_date;revenue\nAmy;2020-01-01;5\n", "the header has 1 column; the mapping 'rfm-orders' expects customer_id, order_date, revenue. Did you mean separator ';'?")]
    [InlineData("customer_id\torder_date\trevenue\n", "Did you mean separator '\\t'?")]
    [InlineData("customer_id order_date revenue\n", "Did you mean format.kind 'spaced'?")]
    [InlineData("customer_id,orderdate,revenue\n", "the header has no column 'order_date'; did you mean 'orderdate'?")]
    [InlineData("", "found no row; expected a header and rows with customer_id, order_date, revenue")]
    public void A_header_that_does_not_fit_says_what_would(string text, string expected) =>
        Assert.Contains(expected, Assert.Throws<ToolException>(() => Assembling.Text("rfm-orders", text)).Message, StringComparison.Ordinal);

    [Fact]
    public void Columns_by_place_need_as_many_columns()
    {
        var wrong = Assert.Throws<ToolException>(() => Assembling.Text("cdnow", "1,19970101,1,11.77\n"));

        Assert.Contains("the header has 1 column; the mapping 'cdnow' expects column 1, column 2, column 4, column 3. The row has ',' in it", wrong.Message, StringComparison.Ordinal);
    }
}
