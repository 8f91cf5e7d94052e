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
}
