using Crm.Tool.Import.Mappings;
using Crm.Tool.Tests.Support;

namespace Crm.Tool.Tests.Import;

public sealed class SuggestingMappings : IDisposable
{
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_proposed_mapping_can_be_used_as_it_is()
    {
        var sales = folder.Write("sales.csv", SampleSales.OnlineRetail(40));
        var suggested = await Support.Tool.RunAsync("import", "--suggest", sales);
        var mapping = folder.Write("mine.json", suggested.Out);
        var import = await Support.Tool.RunAsync("import", sales, "--map", mapping, "--store", "memory", "--json");

        Assert.Equal(0, suggested.Code);
        Assert.Contains("check them", suggested.Error, StringComparison.Ordinal);
        Assert.Equal((0, 40, 0), (import.Code, import.Json.GetProperty("recorded").GetInt32(), import.Json.GetProperty("rejected").GetArrayLength()));
    }

    [Theory]
    [InlineData("kunde;datum;betrag\n7;31.12.2020;5.00\n8;1.1.2021;6.00\n", "csv", ';', true, "d.M.yyyy")]
    [InlineData(" 00001 19970101 1 11.77\n 00002 19970112 2 12.00\n", "Spaced", ',', false, "yyyyMMdd")]
    [InlineData("Order ID\tCustomer\tOrder Date\tTotal\n1\tAmy\t2020-01-01\t5\n", "csv", '\t', true, "yyyy-MM-dd")]
    public void Separator_header_and_time_are_found(string text, string kind, char separator, bool header, string format)
    {
        var (json, _) = MappingSuggestion.For(folder.Write("sales.txt", text), "UTC", "HKD");
        var (mapping, faults) = MappingJson.Read(json);

        Assert.Empty(faults);
        Assert.NotNull(mapping);
        Assert.Equal(kind, mapping.Format.Kind.ToString(), ignoreCase: true);
        Assert.Equal((separator, header), (mapping.Format.Separator, mapping.Format.Header));
        Assert.Equal([format], mapping.Time.Formats);
    }

    [Theory]
    [InlineData("discount,price,amount,sku", "price", null)]
    [InlineData("account,unit price,total,sku", "unit price", null)]
    [InlineData("qty,unitprice,total,sku", "unitprice", "qty")]
    [InlineData("item_count,UnitPrice,total,sku", "UnitPrice", "item_count")]
    [InlineData("Units,Unit Price,total,sku", "Unit Price", "Units")]
    [InlineData("NumberOfPieces,price,total,sku", "price", "NumberOfPieces")]
    public void A_word_is_the_whole_word(string columns, string price, string? quantity)
    {
        var mapping = Suggested($"customer,date,{columns}\nAmy,2020-01-31,1,2,3,tea\nBob,2020-02-29,4,5,6,cup\n").Mapping;

        Assert.Equal(quantity, mapping.Line.Quantity?.Column?.Name);
        Assert.Equal(quantity is null ? columns.Split(',')[2] : price, mapping.Line.Amount.Name);
    }

    [Fact]
    public void What_is_taken_off_is_not_what_was_spent() =>
        Assert.Equal("order_total", Suggested("customer,date,discount_amount,order_total\nAmy,2020-01-31,1,10\n").Mapping.Line.Amount.Name);

    [Theory]
    [InlineData("InvoiceDate,InvoiceNo,InvoiceAmount,CustomerID", "InvoiceNo")]
    [InlineData("invoicedate,invoiceno,invoiceamount,customerid", "invoiceno")]
    [InlineData("order date,order id,order total,customer", "order id")]
    [InlineData("date,billing,billable,customer", null)]
    public void The_number_of_a_receipt_is_no_date_and_no_amount(string header, string? key)
    {
        var mapping = Suggested($"{header}\n2020-01-31,17,5.50,Amy\n2020-01-31,18,6.50,Bob\n").Mapping;

        Assert.Equal(key, mapping.Key.IsEmpty ? null : mapping.Key[0].Name);
        Assert.Equal(header.Split(',')[3], mapping.Customer.Column.Name);
        Assert.Equal(header.Split(',')[0], mapping.Time.Column.Name);
    }

    [Theory]
    [InlineData("1/2/2020", "3/4/2020", "d/M/yyyy", true)]
    [InlineData("1/2/2020 8:30", "3/4/2020 9:00", "d/M/yyyy H:mm", true)]
    [InlineData("1/2/2020", "31/1/2020", "d/M/yyyy", false)]
    [InlineData("1/2/2020", "1/31/2020", "M/d/yyyy", false)]
    [InlineData("2020-01-02", "2020-03-04", "yyyy-MM-dd", false)]
    [InlineData("5/5/2020", "6/6/2020", "d/M/yyyy", true)]
    public void Days_and_months_that_could_change_places_are_doubted(string first, string second, string format, bool doubted)
    {
        // What decides may stand far behind the first rows.
        var rows = string.Concat(Enumerable.Repeat($"Amy,{first},5\n", 400)) + $"Bob,{second},6\n";
        var (mapping, doubts) = Suggested("customer,order date,total\n" + rows);

        Assert.Equal([format], mapping.Time.Formats);
        Assert.Equal(doubted, doubts.Any(doubt => doubt.Contains("day", StringComparison.Ordinal) && doubt.Contains("month", StringComparison.Ordinal) && doubt.Contains("'order date'", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(",customer,date,total\n0,Amy,2020-01-31,5\n")] // an index without a name
    [InlineData("note,customer,note,date,total,total\na,Amy,b,2020-01-31,5,6\n")] // names that stand twice
    public async Task A_proposal_can_be_used_with_a_header_that_lacks_names(string text)
    {
        var sales = folder.Write("sales.csv", text);
        var mapping = folder.Write("mine.json", (await Support.Tool.RunAsync("import", "--suggest", sales)).Out);
        var import = await Support.Tool.RunAsync("import", sales, "--map", mapping, "--store", "memory", "--json");

        Assert.True(import.Code == 0, import.Error);
        Assert.Equal((1, 0), (import.Json.GetProperty("recorded").GetInt32(), import.Json.GetProperty("rejected").GetArrayLength()));
    }

    [Fact]
    public void A_column_of_dates_in_a_workbook_is_the_time_also_where_some_have_none()
    {
        var book = folder.Write("sales.xlsx", Workbook.Of(["Customer", "Paid", "Total"], [["Amy", new DateTime(2020, 1, 2), 5d], ["Bob", new DateTime(2020, 1, 2, 10, 30, 0), 6d]]));
        var (mapping, faults) = MappingJson.Read(MappingSuggestion.For(book, "UTC", "HKD").Json);

        Assert.Empty(faults);
        Assert.Equal("Paid", mapping!.Time.Column.Name);
        Assert.Equal(2, Crm.Tool.Import.Assembly.EventAssembler.Assemble(mapping, book, Assembling.Latest).Count);
    }

    private (Mapping Mapping, IReadOnlyList<string> Doubts) Suggested(string text)
    {
        var (json, doubts) = MappingSuggestion.For(folder.Write("sales.csv", text), "UTC", "HKD");
        var (mapping, faults) = MappingJson.Read(json);
        Assert.Empty(faults);
        return (mapping ?? throw new InvalidOperationException(json), doubts);
    }
}
