using Crm.Engine;
using Crm.Events;
using Crm.Storage;
using Crm.Tool.Import.Assembly;
using Crm.Tool.Import.Mappings;
using Crm.Tool.Import.Reading;
using Crm.Tool.Tests.Support;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Tool.Tests.Import;

/// <summary>What no event may have is rejected row by row while the file is read, so that the engine never refuses an event of an import.</summary>
public sealed class ValuesOfEvents : IDisposable
{
    private const string Mapping = """
        {
          "name": "till", "format": { "kind": "csv" }, "zone": "UTC", "currency": "CLF",
          "customer": { "column": "customer", "kind": "user" }, "time": { "column": "day", "formats": ["yyyy-MM-dd"] }, "key": ["receipt"],
          "line": { "article": "article", "quantity": "quantity", "price": "price" }, "channel": "channel", "brand": "brand", "rows": [{ "then": "purchase" }]
        }
        """;

    private const string Header = "receipt,customer,day,article,quantity,price,channel,brand\n";

    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("1,8,2025-01-01,A,1,1,Web,", "channel", "Web", "not-a-name")]
    [InlineData("1,8,2025-01-01,A,1,1,web shop,", "channel", "web shop", "not-a-name")]
    [InlineData("1,8,2025-01-01,A,1,1,web,Tea", "brand", "Tea", "not-a-name")]
    [InlineData("1,8,2025-01-01,A,1000001,1,,", "quantity", "1000001", "too-large")]
    [InlineData("1,8,2025-01-01,A,1.0000001,1,,", "quantity", "1.0000001", "too-fine")]
    [InlineData("1,8,2025-01-01,A,1,100000000001,,", "price", "100000000001", "too-large")]
    [InlineData("1,8,2025-01-01,A\0B,1,1,,", "article", "A\0B", "not-a-text")]
    [InlineData("1,8\u0007,2025-01-01,A,1,1,,", "customer", "8\u0007", "not-an-identity")]
    public async Task A_value_that_no_event_may_have_is_rejected_before_the_store_is_opened(string row, string column, string value, string reason)
    {
        Assert.Equal(new RejectedRow(2, column, value, reason), Assert.Single(Assemble(row + "\n").Rejected));

        var store = folder.PathOf("shop.db");
        var import = await Support.Tool.RunAsync("import", folder.Write("sales.csv", Header + row + "\n"), "--map", folder.Write("m.json", Mapping), "--store", store, "--strict");
        Assert.Equal((1, false), (import.Code, File.Exists(store)));
        Assert.Contains($"line 2, {column}: '{value}' ({reason})", import.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("phone", "+852 9123-4567", "+85291234567")]
    [InlineData("phone", "+(852) 9123.4567", "+85291234567")]
    [InlineData("email", " Amy@Example.com", "amy@example.com")]
    [InlineData("user", " 8 ", "8")]
    [InlineData("phone", "91234567", null)]
    [InlineData("phone", "+852", null)]
    [InlineData("email", "amy.example.com", null)]
    public void A_customer_is_named_in_the_one_form_of_the_kind_or_by_nothing(string kind, string cell, string? value)
    {
        var assembled = Assemble($"1,{cell},2025-01-01,A,1,1,,\n", Mapping.Replace("\"user\"", $"\"{kind}\"", StringComparison.Ordinal));

        Assert.Equal(value is null ? [] : [new Identity(kind, value)], assembled.Events.Select(each => each.Event.Identity));
        Assert.Equal(value is null ? [new RejectedRow(2, "customer", cell, "not-an-identity")] : [], assembled.Rejected);
    }

    [Fact]
    public void Half_a_character_is_nothing_that_an_event_may_have()
    {
        var (mapping, _) = MappingJson.Read(Mapping);
        string[] names = ["receipt", "customer", "day", "article", "quantity", "price", "channel", "brand"];
        var (header, right) = (new SourceRow(1, names), new[] { "1", "8", "2025-01-01", "A", "1", "1", "", "" });

        foreach (var (place, reason) in new[] { (0, "not-a-key"), (1, "not-an-identity"), (3, "not-a-text"), (6, "not-a-name") })
        {
            var assembler = new EventAssembler(mapping!, ColumnPlaces.Find(mapping!, "rows.xlsx", header), Assembling.Latest);
            assembler.Take(new SourceRow(2, [.. right.Select((cell, at) => at == place ? "\ud83c" : cell)]));

            Assert.Equal(new RejectedRow(2, names[place], "\ud83c", reason), Assert.Single(assembler.Finish().Rejected));
        }
    }

    [Theory]
    [InlineData("1.00000000", 1)]
    [InlineData("0.50000000", 0.5)]
    [InlineData("0.000001", 0.000001)]
    [InlineData("1000000", 1_000_000)]
    [InlineData("1e3", 1_000)]
    public async Task A_quantity_is_compared_by_its_value(string quantity, decimal expected)
    {
        var happened = Assert.Single(Assemble($"1,8,2025-01-01,A,{quantity},1,,\n").Events).Event;

        Assert.Equal(expected, Assert.Single(happened.Lines).Quantity);
        await RecordAsync([happened]);
    }

    [Fact]
    public async Task More_lines_than_an_event_has_are_rejected_with_it()
    {
        var rows = string.Concat(Enumerable.Repeat("1,8,2025-01-01,A,1,1,,\n", CustomerEvent.MostLines));
        await RecordAsync(Assemble(rows).Events.Select(each => each.Event));

        var more = Assemble(rows + "1,8,2025-01-01,A,1,1,,\n2,8,2025-01-01,A,1,1,,\n");
        Assert.Equal("2", Assert.Single(more.Events).Event.Key.Value);
        Assert.Equal((CustomerEvent.MostLines + 1, "too-many-lines", 10_002L), (more.Rejected.Count, more.Rejected[^1].Reason, more.Rejected[^1].Line));
    }

    [Fact]
    public async Task More_than_an_event_may_be_worth_is_rejected_with_it()
    {
        const string row = "1,8,2025-01-01,A,1,50000000000,,\n";
        await RecordAsync(Assemble(row + row).Events.Select(each => each.Event));

        var more = Assemble(row + row + "1,8,2025-01-01,A,1,0.0001,,\n");
        Assert.Empty(more.Events);
        Assert.Equal(("too-large", "price"), (more.Rejected[^1].Reason, more.Rejected[^1].Column));
    }

    [Theory]
    [InlineData("\"channel\": { \"constant\": \"Web Shop\" }", "channel.constant")]
    [InlineData("\"brand\": { \"constant\": \"Tea\" }", "brand.constant")]
    [InlineData("\"line\": { \"quantity\": { \"constant\": \"many\" }, \"price\": \"revenue\" }", "line.quantity.constant")]
    [InlineData("\"line\": { \"article\": \"customer_id\", \"quantity\": { \"constant\": \"0.0000001\" }, \"amount\": \"revenue\" }", "line.quantity.constant")]
    [InlineData("\"line\": { \"article\": \"customer_id\", \"quantity\": { \"constant\": \"1000001\" }, \"amount\": \"revenue\" }", "line.quantity.constant")]
    [InlineData("\"line\": { \"quantity\": { \"constant\": \"0\" }, \"price\": \"revenue\" }", "line.quantity.constant")]
    public void A_constant_that_no_event_may_have_is_refused(string property, string path)
    {
        var shipped = System.Text.Json.Nodes.JsonNode.Parse(MappingCatalog.ShippedText("rfm-orders"))!.AsObject();
        var changed = System.Text.Json.Nodes.JsonNode.Parse($"{{ {property} }}")!.AsObject();
        foreach (var (name, value) in changed)
        {
            shipped[name] = value!.DeepClone();
        }

        Assert.Equal(path, Assert.Single(MappingJson.Read(shipped.ToJsonString()).Faults).Path);
    }

    [Fact]
    public void Whatever_stands_in_a_file_the_engine_takes_what_is_not_rejected() =>
        Prop.ForAll(
            Gen.ArrayOf(Cells()).Where(rows => rows.Length is > 0 and < 8).ToArbitrary(),
            async Task<bool> (string[] rows) =>
            {
                var assembled = Assemble(string.Concat(rows));
                await RecordAsync(assembled.Events.Select(each => each.Event));
                return assembled.Lines + assembled.Rejected.Count == assembled.Rows;
            }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    [Fact]
    public async Task The_law_catches_an_event_that_was_not_looked_at()
    {
        var taken = Assert.Single(Assemble("1,8,2025-01-01,A,1,1,web,\n").Events).Event;

        await Assert.ThrowsAsync<InvalidEventException>(() => RecordAsync([taken with { Channel = "Web" }]));
        await Assert.ThrowsAsync<InvalidEventException>(() => RecordAsync([taken with { Lines = [taken.Lines[0] with { Quantity = 1.0000001m }] }]));
        await Assert.ThrowsAsync<InvalidEventException>(() => RecordAsync([taken with { Lines = [taken.Lines[0] with { Quantity = 1_000_001 }] }]));
        await Assert.ThrowsAsync<InvalidEventException>(() => RecordAsync([taken with { Spend = new Money(CustomerEvent.MostMinorUnits + 1, Currency.Of("CLF")) }]));
    }

    private static Gen<string> Cells()
    {
        string[][] cells =
        [
            ["1", "2", "3", "", "a|b", new string('k', 201), "k\u0007"],
            ["8", "9", "", "0", new string('c', 201), "\u00a0"],
            ["2025-01-01", "2025-01-02", "2031-01-01", "-9000-01-01", "soon"],
            ["A", "", "Ä", new string('a', 300), "A\0B", "\ud83c\udf75"],
            ["1", "1.00000000", "0.000001", "0.0000001", "1000000", "1000000.1", "1000001", "0", "-1", "1e6", "1e-7", "x"],
            ["1", "0", "0.00005", "100000000000", "100000000000.0001", "-1", "1e28", "x"],
            ["", "web", "Web", "-web", new string('w', 101)],
            ["", "tea", "Tea House", "té"],
        ];
        // Mostly what is right, so that what is wrong is met alone.
        return cells.Select(values => Gen.Frequency((4, Gen.Constant(values[0])), (3, Gen.Elements(values))))
            .Aggregate(Gen.Constant(new List<string>()), (row, cell) => from sofar in row from next in cell select (List<string>)[.. sofar, next])
            .Select(row => string.Join(',', row) + "\n");
    }

    private static async Task RecordAsync(IEnumerable<CustomerEvent> events) =>
        await new CrmEngine(new InMemoryStore(), [], new CrmOptions(), SystemClock.Instance, new RandomIdSource()).RecordAsync([.. events], RecordMode.Backfill, TestContext.Current.CancellationToken);

    private Assembled Assemble(string rows, string mapping = Mapping)
    {
        var path = folder.Write("rows.csv", Header + rows);
        var assembled = EventAssembler.Assemble(MappingCatalog.Find(folder.Write("mapping.json", mapping)), path, Assembling.Latest);
        return assembled with { Events = assembled.Events.ToList() };
    }
}
