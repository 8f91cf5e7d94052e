using Crm.Tool.Import.Mappings;
using Crm.Tool.Import.Openings;

namespace Crm.Tool.Tests.Import;

public sealed class ReadingMappings
{
    [Fact]
    public void Everything_wrong_is_found_at_once_with_its_place()
    {
        var (mapping, faults) = MappingJson.Read("""
            {
              "name": "My Shop",
              "format": { "kind": "cvs", "separator": ";;", "header": "yes", "encodng": "utf-8" },
              "zone": "Mars/Olympus",
              "currency": "HKDD",
              "customer": { "kind": "shop-id" },
              "time": { "column": "When", "formats": ["yyyy-MM-dd", 7, "?"] },
              "line": { "article": "Sku", "price": "Price", "amount": "Total" },
              "rows": [
                { "then": "purchase" },
                { "when": { "column": "Qty", "below": "zero" }, "then": "ignore" }
              ]
            }
            """);

        Assert.Null(mapping);
        Assert.Equal(
            [
                "currency", "customer.column", "format.encodng", "format.header", "format.kind", "format.separator", "line", "line.quantity", "line.quantity", "name",
                "rows[0]", "rows[1]", "rows[1].reason", "rows[1].when.below", "time.formats[1]", "time.formats[2]", "zone",
            ],
            faults.Select(fault => fault.Path).Order(StringComparer.Ordinal));
        Assert.Contains(faults, fault => fault.ToString() == "format.encodng: found an unknown property; expected 'encoding' perhaps; there are kind, separator, header, encoding");
        Assert.Contains(faults, fault => fault.ToString() == "zone: found 'Mars/Olympus'; expected a time zone of the IANA database, such as 'Europe/London'");
    }

    [Theory]
    [InlineData("[]", "", "[]")]
    [InlineData("{", "", "a text that is not JSON")]
    [InlineData("""{"name":"a","name":"b"}""", "name", "the property a second time")]
    public void A_text_that_is_no_mapping_says_so(string json, string path, string found) =>
        Assert.Contains(MappingJson.Read(json).Faults, fault => fault.Path == path && fault.Found == found);

    [Theory]
    [InlineData("HH:mm")]
    [InlineData("dd/MM HH:mm")]
    [InlineData("MM/yyyy")]
    [InlineData("dd/yyyy HH:mm")]
    [InlineData("yyyy-MM")]
    [InlineData("'yyyy-MM-dd' HH:mm")]
    [InlineData("dddd HH:mm")]
    [InlineData("d/M/yyyy h:mm")]
    [InlineData("yyyy-MM-dd mm:ss")]
    [InlineData("yyyy-MM-dd tt")]
    public void A_pattern_that_leaves_a_part_of_the_time_open_is_refused(string pattern)
    {
        var (_, faults) = MappingJson.Read(MappingCatalog.ShippedText("rfm-orders").Replace("\"yyyy-MM-dd\"", $"\"{pattern}\"", StringComparison.Ordinal));

        Assert.Equal("time.formats[0]", Assert.Single(faults).Path);
    }

    [Theory]
    [InlineData("yyyyMMdd")]
    [InlineData("d.M.yy")]
    [InlineData("M/d/uuuu H:mm")]
    [InlineData("dd MMM yyyy")]
    [InlineData("d MMMM yyyy, hh:mm tt")]
    [InlineData("yyyy-MM-dd'T'HH:mm:ss.fff")]
    [InlineData("ddd d/M/yyyy HH")]
    [InlineData("ld<yyyy-MM-dd> HH:mm")]
    [InlineData("s")]
    [InlineData("o")]
    public void A_pattern_that_says_the_day_is_taken(string pattern) =>
        Assert.Empty(MappingJson.Read(MappingCatalog.ShippedText("rfm-orders").Replace("\"yyyy-MM-dd\"", $"\"{pattern}\"", StringComparison.Ordinal)).Faults);

    [Fact]
    public void Names_of_columns_need_a_header()
    {
        var (_, faults) = MappingJson.Read(MappingCatalog.ShippedText("rfm-orders").Replace("\"header\": true", "\"header\": false", StringComparison.Ordinal));

        Assert.Equal(3, faults.Count);
        Assert.All(faults, fault => Assert.Equal("format.header", fault.Path));
    }

    [Fact]
    public void Names_of_columns_need_a_header_whatever_else_is_wrong()
    {
        var (_, faults) = MappingJson.Read(MappingCatalog.ShippedText("rfm-orders").Replace("\"header\": true", "\"header\": false", StringComparison.Ordinal).Replace("USD", "USDD", StringComparison.Ordinal));
        var (_, ofBalances) = OpeningMappingJson.Read("""{ "name": "Old Till", "zone": "UTC", "format": { "kind": "csv", "header": false }, "member": { "column": "member", "kind": "user" }, "tiers": { "tier": 2 } }""");

        Assert.Equal(["currency", "format.header", "format.header", "format.header"], faults.Select(fault => fault.Path).Order(StringComparer.Ordinal));
        Assert.Equal(["format.header", "name"], ofBalances.Select(fault => fault.Path).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_shipped_mappings_are_right_and_have_the_names_they_are_asked_for_by()
    {
        Assert.Equal(["cdnow", "cdnow-sample", "online-retail", "rfm-orders"], MappingCatalog.Shipped);
        Assert.All(MappingCatalog.Shipped, name => Assert.Equal(name, MappingCatalog.Find(name).Name));
        Assert.Equal(["cdnow-id", "cdnow-sample-id", "online-retail-id", "rfm-orders-id"], MappingCatalog.Shipped.Select(name => MappingCatalog.Find(name).Customer.Kind));
    }

    [Fact]
    public void A_misspelt_mapping_learns_which_there_are()
    {
        var wrong = Assert.Throws<ToolException>(() => MappingCatalog.Find("cdnov"));

        Assert.Equal(ExitCode.WrongInput, wrong.ExitCode);
        Assert.Contains("There are: cdnow, cdnow-sample, online-retail, rfm-orders; did you mean 'cdnow'?", wrong.Message, StringComparison.Ordinal);
    }
}
