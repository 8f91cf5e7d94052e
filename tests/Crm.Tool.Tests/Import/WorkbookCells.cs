using Crm.Tool.Import.Assembly;
using Crm.Tool.Import.Mappings;
using Crm.Tool.Import.Openings;
using Crm.Tool.Import.Reading;
using Crm.Tool.Tests.Support;
using NodaTime;

namespace Crm.Tool.Tests.Import;

/// <summary>What stands in the cells of a workbook is what it is there, whatever a mapping that was written for text says.</summary>
public sealed class WorkbookCells : IDisposable
{
    private static readonly string[] Header = ["customer_id", "order_date", "revenue"];
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    // The pattern that begins with year and day would read a date of a workbook the other way round.
    [Theory]
    [InlineData("csv", "yyyy-MM-dd")]
    [InlineData("csv", "yyyy-MM-dd HH:mm:ss")]
    [InlineData("csv", "yyyy-dd-MM")]
    [InlineData("csv", "d.M.yyyy")]
    [InlineData("xlsx", "M/d/yyyy H:mm")]
    public void A_date_is_that_date_with_and_without_a_time(string kind, string format)
    {
        var book = folder.Write("sales.xlsx", Workbook.Of(Header, [["7", new DateTime(2011, 2, 5), 5d], ["8", new DateTime(2011, 2, 5, 10, 30, 0), 6d]]));
        var assembled = EventAssembler.Assemble(Mapping(kind, format), book, Assembling.Latest);

        Assert.Empty(assembled.Rejected);
        Assert.Equal([Instant.FromUtc(2011, 2, 5, 0, 0), Instant.FromUtc(2011, 2, 5, 10, 30)], assembled.Events.Select(each => each.Event.OccurredAt!.Value));
    }

    [Fact]
    public void A_text_is_read_by_the_mapping_also_between_dates()
    {
        var book = folder.Write("sales.xlsx", Workbook.Of(Header, [["7", new DateTime(2011, 2, 5), 5d], ["8", "2011-03-02", 6d], ["9", new DateTime(2011, 3, 2), 6d]]));
        var assembled = EventAssembler.Assemble(Mapping("csv", "yyyy-dd-MM"), book, Assembling.Latest);

        Assert.Equal(
            [("8", new LocalDate(2011, 2, 3)), ("7", new LocalDate(2011, 2, 5)), ("9", new LocalDate(2011, 3, 2))],
            assembled.Events.Select(each => (each.Event.Identity!.Value.Value, each.Event.OccurredAt!.Value.InUtc().Date)).OrderBy(each => each.Date));
    }

    [Fact]
    public void A_date_in_a_file_of_balances_is_that_day_too()
    {
        var (mapping, faults) = OpeningMappingJson.Read("""
            { "name": "till", "zone": "Asia/Hong_Kong", "format": { "kind": "csv" }, "member": { "column": "member", "kind": "user" },
              "units": { "unit": { "constant": "points" }, "amount": "points", "expiry": { "column": "until", "formats": ["d/M/yyyy"] } } }
            """);
        Assert.Empty(faults);
        var read = OpeningReader.Read(mapping!, folder.Write("balances.xlsx", Workbook.Of(["member", "points", "until"], [["42", 120d, new DateTime(2026, 3, 31)]])));

        Assert.Empty(read.Rejected);
        Assert.Equal(Instant.FromUtc(2026, 3, 31, 16, 0), read.Balances.Single().Balance.Lots[0].Expiry);
    }

    [Theory]
    [InlineData(4_006_381_333_931, "4006381333931")]
    [InlineData(999_999_999_999_999, "999999999999999")]
    [InlineData(1e15, "1000000000000000")]
    [InlineData(9_007_199_254_740_991, "9007199254740991")]
    [InlineData(-1_234_567_890_123_456, "-1234567890123456")]
    [InlineData(1.2345e20, "123450000000000000000")]
    [InlineData(0.1 + 0.2, "0.3")]
    [InlineData(1e-7, "0.0000001")]
    public void Numbers_come_out_with_all_their_digits_and_no_exponent(double number, string text)
    {
        var book = folder.Write("sales.xlsx", Workbook.Of(["id"], [[number]]));

        Assert.Equal(text, SourceFile.Rows(book, Mapping("csv", "yyyy-MM-dd").Format).Last().Cells[0]);
    }

    [Theory]
    [InlineData("#N/A")]
    [InlineData("#DIV/0!")]
    [InlineData("#REF!")]
    [InlineData("#SPILL!")]
    public void A_cell_whose_formula_has_failed_is_rejected_with_its_error(string error)
    {
        var book = folder.Write("sales.xlsx", Workbook.Of(
            Header,
            [
                [Workbook.Error(error), new DateTime(2011, 2, 5), 5d],
                ["8", Workbook.Error(error), 5d],
                ["9", new DateTime(2011, 2, 5), Workbook.Error(error)],
                ["10", new DateTime(2011, 2, 5), 5d, Workbook.Error(error)],
            ]));
        var assembled = EventAssembler.Assemble(Mapping("csv", "yyyy-MM-dd"), book, Assembling.Latest);

        Assert.Equal(
            [$"line 2, customer_id: '{error}' (error-in-the-cell)", $"line 3, order_date: '{error}' (error-in-the-cell)", $"line 4, revenue: '{error}' (error-in-the-cell)"],
            assembled.Rejected.Take(3).Select(row => row.ToString()));
        Assert.DoesNotContain(assembled.Rejected, row => row.Line == 5 && row.Reason == "error-in-the-cell");
    }

    [Fact]
    public void A_failed_formula_breaks_the_event_that_its_row_is_a_part_of_but_not_a_row_that_is_ignored()
    {
        var book = folder.Write("sales.xlsx", Workbook.Of(
            ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"],
            [
                ["1", "A", "Heart", 6d, new DateTime(2011, 2, 5), 1d, 7d, "UK"],
                ["1", "B", "Heart", 6d, new DateTime(2011, 2, 5), Workbook.Error("#VALUE!"), 7d, "UK"],
                ["2", "B", "Heart", 6d, new DateTime(2011, 2, 5), Workbook.Error("#VALUE!"), "", "UK"],
                ["3", "B", Workbook.Error("#N/A"), 6d, new DateTime(2011, 2, 5), 1d, 7d, "UK"],
                ["4", "B", "Heart", 6d, new DateTime(2011, 2, 5), 1d, Workbook.Error("#N/A"), "UK"],
            ]));
        var assembled = EventAssembler.Assemble(MappingCatalog.Find("online-retail"), book, Assembling.Latest);

        Assert.Equal(
            ["line 2, InvoiceNo: '1' (another-row-was-rejected)", "line 3, UnitPrice: '#VALUE!' (error-in-the-cell)", "line 6, CustomerID: '#N/A' (error-in-the-cell)"],
            assembled.Rejected.Select(row => row.ToString()));
        Assert.Equal(("3", 1L), (Assert.Single(assembled.Events).Event.Key.Value, assembled.Ignored.Sum(reason => reason.Value)));
    }

    [Fact]
    public void A_failed_formula_in_a_file_of_balances_is_rejected_with_its_error()
    {
        var (mapping, _) = OpeningMappingJson.Read("""
            { "name": "till", "zone": "Asia/Hong_Kong", "format": { "kind": "csv" }, "member": { "column": "member", "kind": "user" },
              "units": { "unit": { "constant": "points" }, "amount": "points", "expiry": { "column": "until", "formats": ["d/M/yyyy"] }, "whenEmpty": "forever" } }
            """);
        var read = OpeningReader.Read(mapping!, folder.Write("balances.xlsx", Workbook.Of(["member", "points", "until"], [["42", Workbook.Error("#N/A"), Workbook.Error("#REF!")], ["43", 7d, ""]])));

        Assert.Equal(["line 2, points: '#N/A' (error-in-the-cell)", "line 2, until: '#REF!' (error-in-the-cell)"], read.Rejected.Select(row => row.ToString()).Order(StringComparer.Ordinal));
        Assert.Equal("43", read.Balances.Single().Member.Value);
    }

    [Fact]
    public void Failed_formulas_do_not_hide_what_a_column_is()
    {
        var book = folder.Write("sales.xlsx", Workbook.Of(Header, [[Workbook.Error("#N/A"), new DateTime(2011, 2, 5), Workbook.Error("#N/A")], ["9", Workbook.Error("#N/A"), 6d]]));
        var (mapping, faults) = MappingJson.Read(MappingSuggestion.For(book, "UTC", "HKD").Json);

        Assert.Empty(faults);
        Assert.Equal(("customer_id", "order_date", "revenue"), (mapping!.Customer.Column.Name, mapping.Time.Column.Name, mapping.Line.Amount.Name));
        Assert.Single(mapping.Rows);
    }

    [Fact]
    public void A_workbook_that_is_damaged_is_a_sentence_and_never_a_trace()
    {
        var book = folder.Write("sales.xlsx", Damaged(Workbook.Of(Header, [["7", new DateTime(2011, 2, 5), 5d]])));

        Assert.Contains("cannot be read", Assert.Throws<ToolException>(() => SourceFile.Rows(book, Mapping("csv", "yyyy-MM-dd").Format).ToList()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_workbook_of_the_old_form_says_what_to_do()
    {
        var book = folder.Write("sales.xls", [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1, 0, 0, 0, 0]);

        Assert.Contains("save it as .xlsx", Assert.Throws<ToolException>(() => SourceFile.Rows(book, Mapping("csv", "yyyy-MM-dd").Format).ToList()).Message, StringComparison.Ordinal);
    }

    private static Mapping Mapping(string kind, string format)
    {
        var json = MappingCatalog.ShippedText("rfm-orders").Replace("\"yyyy-MM-dd\"", $"\"{format}\"", StringComparison.Ordinal);
        var (mapping, faults) = MappingJson.Read(kind == "csv" ? json : json.Replace("\"csv\", \"separator\": \",\"", $"\"{kind}\"", StringComparison.Ordinal));
        Assert.Empty(faults);
        return mapping!;
    }

    // The archive is whole, and the sheet in it is cut off.
    private static byte[] Damaged(byte[] workbook)
    {
        using var memory = new MemoryStream();
        memory.Write(workbook);
        using (var zip = new System.IO.Compression.ZipArchive(memory, System.IO.Compression.ZipArchiveMode.Update, leaveOpen: true))
        {
            using var sheet = zip.Entries.First(entry => entry.FullName.Contains("sheet", StringComparison.OrdinalIgnoreCase) && entry.FullName.EndsWith(".xml", StringComparison.Ordinal)).Open();
            sheet.SetLength(sheet.Length - 40);
        }

        return memory.ToArray();
    }
}
