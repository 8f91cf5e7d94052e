using Crm.Tool.Import.Assembly;
using Crm.Tool.Import.Openings;
using Crm.Tool.Import.Reading;
using Crm.Tool.Tests.Support;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Tool.Tests.Import;

/// <summary>Rows as shops have them: with a cell too many, with nothing in them, with a time missing.</summary>
public sealed class RowsOfShops : IDisposable
{
    private const string Orders = "customer_id,order_date,revenue\n";
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void An_empty_time_is_no_time_in_the_first_row_either()
    {
        var assembled = Assembling.Text("rfm-orders", Orders + "Amy,,5\nBob,,6\n");

        Assert.Empty(assembled.Events);
        Assert.Equal(["line 2, order_date: '' (not-a-time)", "line 3, order_date: '' (not-a-time)"], assembled.Rejected.Select(row => row.ToString()));
    }

    [Fact]
    public void Units_do_not_run_out_at_a_time_that_is_missing()
    {
        var (mapping, _) = OpeningMappingJson.Read("""
            { "name": "till", "zone": "Asia/Hong_Kong", "format": { "kind": "csv" }, "member": { "column": "member", "kind": "user" },
              "units": { "unit": { "constant": "points" }, "amount": "points", "expiry": { "column": "until", "formats": ["yyyy-MM-dd"] } } }
            """);
        var read = OpeningReader.Read(mapping!, folder.Write("balances.csv", "member,points,until\n42,120,\n"));

        Assert.Equal("missing-time", Assert.Single(read.Rejected).Reason);
        Assert.Empty(read.Balances);
    }

    [Fact]
    public void A_decimal_comma_that_was_not_quoted_is_no_whole_amount()
    {
        var assembled = Assembling.Text("rfm-orders", Orders + "Amy,2020-01-01,5,50\nBob,2020-01-01,6,\nCid,2020-01-01,7\n");

        Assert.Equal("line 2: 'Amy 2020-01-01 5 50' (too-many-columns)", Assert.Single(assembled.Rejected).ToString());
        Assert.Equal([6m, 7m], assembled.Events.Select(each => each.Event.Spend!.Value.Amount).Order());
    }

    [Fact]
    public void Cells_that_moved_over_break_the_event_that_their_row_is_a_part_of()
    {
        var assembled = Assembling.Text("online-retail", SampleSales.Header
            + "1,A,Heart, white,6,2011-01-05 10:00:00,1,7,UK\n"
            + "1,B,,6,2011-01-05 10:00:00,1,7,UK\n");

        Assert.Empty(assembled.Events);
        Assert.Equal(["too-many-columns", "another-row-was-rejected"], assembled.Rejected.Select(row => row.Reason));
    }

    [Theory]
    [InlineData(",,")]
    [InlineData("\"\",\" \",")]
    [InlineData("")]
    [InlineData("  ")]
    public void A_row_with_nothing_in_it_is_no_row(string empty)
    {
        var assembled = Assembling.Text("rfm-orders", $"{empty}\n{Orders}Amy,2020-01-01,5\n{empty}\nBob,2020-01-02,5\n{empty}\n");

        Assert.Equal((2, 2), (assembled.Rows, assembled.Count));
        Assert.Empty(assembled.Rejected);
    }

    [Theory]
    [InlineData("customer_id,revenue,order_date,revenue\n", "the header has 'revenue' in column 2 and in column 4; a mapping names a column that stands there once")]
    [InlineData("revenue,customer_id,revenue,order_date,revenue\n", "'revenue' in column 1, in column 3 and in column 5")]
    public void A_name_that_stands_twice_is_no_name_of_a_column(string header, string expected)
    {
        var wrong = Assert.Throws<ToolException>(() => Assembling.Text("rfm-orders", header + "Amy,1,2020-01-01,2\n"));

        Assert.Contains(expected, wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_that_stands_twice_and_is_not_asked_for_does_no_harm() =>
        Assert.Equal(1, Assembling.Text("rfm-orders", "customer_id,note,order_date,note,revenue\nAmy,a,2020-01-01,b,5\n").Count);

    [Theory]
    [InlineData("PK,customer_id,order_date,revenue\n")]
    [InlineData("PKW,customer_id,order_date,revenue\n")]
    public void A_text_that_begins_with_PK_is_a_text(string header)
    {
        foreach (var name in new[] { "sales.csv", "sales.csv.gz" })
        {
            Assert.Equal(1, Assembling.File("rfm-orders", folder.Write(name, header + "1,Amy,2020-01-01,5\n")).Count);
        }
    }

    [Fact]
    public void A_time_is_what_it_says_whatever_was_read_before_it() =>
        Prop.ForAll(
            Gen.Elements("", "2020-01-01", "2020-06-01", "1970-01-01", "soon").ListOf().ToArbitrary(),
            texts =>
            {
                var times = new LocalTimes(["yyyy-MM-dd"], DateTimeZone.Utc);
                return texts.Select(text => times.Read(new SourceRow(1, [text]), 0)).ToList().SequenceEqual(texts.Select(Alone));
            }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    private static Instant? Alone(string text) => NodaTime.Text.LocalDatePattern.Iso.Parse(text) is { Success: true } day ? day.Value.AtMidnight().InUtc().ToInstant() : null;
}
