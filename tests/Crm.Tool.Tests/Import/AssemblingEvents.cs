using Crm.Events;
using Crm.Tool.Import.Assembly;
using Crm.Tool.Import.Mappings;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Tool.Tests.Import;

public sealed class AssemblingEvents
{
    private const string Header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";

    [Fact]
    public void Rows_of_one_invoice_become_one_event_wherever_they_stand()
    {
        var assembled = Assembling.Text("online-retail", Header
            + "1,A,,2,2011-01-05 10:01:00,1.50,7,UK\n"
            + "2,A,,1,2011-01-04 09:00:00,1.50,8,UK\n"
            + "1,B,,1,2011-01-05 10:00:00,2.00,7,UK\n");
        var events = assembled.Events.Select(each => each.Event).ToList();

        Assert.Equal(["2", "1"], events.Select(each => each.Key.Value));
        Assert.Equal(Money.Of(5m, Currency.Of("GBP")), events[1].Spend);
        Assert.Equal(["A", "B"], events[1].Lines.Select(line => line.Sku));
        Assert.Equal(Instant.FromUtc(2011, 1, 5, 10, 0), events[1].OccurredAt);
        Assert.Equal((3, 3), (assembled.Rows, assembled.Lines));
    }

    [Fact]
    public void The_order_of_rows_does_not_matter() =>
        Prop.ForAll(
            Gen.Shuffle(Enumerable.Range(0, 12).ToArray()).ToArbitrary(),
            order =>
            {
                var rows = Enumerable.Range(0, 12).Select(i => $"{(i % 4 == 0 ? "C" : "")}{i % 5},A{i},,1,2011-01-0{1 + (i % 3)} 10:00:00,{i + 1}.25,{i % 5},UK\n").ToArray();
                return Shown(string.Concat(rows)) == Shown(string.Concat(order.Select(i => rows[i])));
            }).Check(Config.QuickThrowOnFailure.WithMaxTest(50));

    [Fact]
    public void A_missing_customer_is_tested_before_everything_else()
    {
        var assembled = Assembling.Text("online-retail", Header
            + "C1,A,,zero,when,free,,UK\n"
            + "2,A,,1,2011-01-05 10:00:00,0,8,UK\n"
            + "3,A,,1,2011-01-05 10:00:00,-1,8,UK\n"
            + "4,A,,-1,2011-01-05 10:00:00,1,8,UK\n");

        Assert.Equal(
            [("missing-customer", 1L), ("zero-price", 1), ("negative-price", 1), ("quantity-not-positive", 1)],
            assembled.Ignored.Select(pair => (pair.Key, pair.Value)));
        Assert.Empty(assembled.Events);
        Assert.Empty(assembled.Rejected);
    }

    [Fact]
    public void A_rejected_row_says_line_column_value_and_reason()
    {
        var assembled = Assembling.Text("online-retail", Header
            + "1,A,,one,2011-01-05 10:00:00,1,8,UK\n"
            + "2,A,,1,5 January,1,8,UK\n"
            + "\n"
            + "3,A,,1,2011-01-05 10:00:00\n"
            + "4,A,,1,2031-01-05 10:00:00,1,8,UK\n"
            + "5,,,1,2011-01-05 10:00:00,1,8,UK\n"
            + "6,A,\"two\nlines\",1,2011-01-05 10:00:00,1,8,UK\n"
            + "6,B,,1,2011-01-05 10:00:00,1,9,UK\n"
            + "C7,B,,0,2011-01-05 10:00:00,1,9,UK\n");

        Assert.Equal(
            [
                new RejectedRow(2, "Quantity", "one", "not-a-number"),
                new RejectedRow(3, "InvoiceDate", "5 January", "not-a-time"),
                new RejectedRow(5, null, "3 A  1 2011-01-05 10:00:00", "too-few-columns"),
                new RejectedRow(6, "InvoiceDate", "2031-01-05 10:00:00", "from-the-future"),
                new RejectedRow(7, "StockCode", "", "missing-article"),
                new RejectedRow(8, "InvoiceNo", "6", "another-row-was-rejected"),
                new RejectedRow(10, "CustomerID", "9", "another-customer-under-the-same-key"),
                new RejectedRow(11, "Quantity", "0", "quantity-not-positive"),
            ],
            assembled.Rejected);
        Assert.Empty(assembled.Events);
    }

    [Theory]
    [InlineData("7,B,,one,2011-01-05 10:00:00,1,8,UK", "Quantity", "one", "not-a-number")]
    [InlineData("7,B,,1,2011-01-05 10:00:00,1,9,UK", "CustomerID", "9", "another-customer-under-the-same-key")]
    [InlineData("7,B,,1,2011-01-05 10:00:00", null, "7 B  1 2011-01-05 10:00:00", "too-few-columns")]
    [InlineData("7,B,,1,2031-01-05 10:00:00,1,8,UK", "InvoiceDate", "2031-01-05 10:00:00", "from-the-future")]
    public void An_event_of_which_a_row_is_rejected_is_rejected_with_all_its_rows(string bad, string? column, string value, string reason)
    {
        const string first = "7,A,,1,2011-01-05 10:00:00,1.005,8,UK";
        const string other = "8,A,,1,2011-01-05 10:00:00,1,8,UK";
        const string last = "7,C,,1,2011-01-05 10:00:00,1,8,UK";

        foreach (var place in new[] { 0, 1, 2, 3 })
        {
            var rows = new List<string> { first, other, last };
            rows.Insert(place, bad);
            var assembled = Assembling.Text("online-retail", Header + string.Join('\n', rows) + "\n");

            // Whoever of several customers came first is in the right as little as the others.
            var blamed = reason.StartsWith("another-customer", StringComparison.Ordinal) && place == 0 ? 3 : 1;
            Assert.Equal("8", Assert.Single(assembled.Events).Event.Key.Value);
            Assert.Equal((1, 0), (assembled.Lines, assembled.RoundedLines));
            Assert.Equal([.. rows.Index().Where(row => row.Item != other).Select(row => row.Index + 2L)], assembled.Rejected.Select(row => row.Line));
            Assert.True(blamed == 3 || assembled.Rejected.Single(row => row.Reason != "another-row-was-rejected") == new RejectedRow(place + 2, column, value, reason));
            Assert.All(assembled.Rejected.Where(row => row.Reason == "another-row-was-rejected"), row => Assert.Equal(("InvoiceNo", "7"), (row.Column, row.Value)));
        }
    }

    [Fact]
    public void An_event_is_recorded_whole_or_not_at_all() =>
        Prop.ForAll(
            Gen.ArrayOf(Gen.Choose(0, 3)).Where(rows => rows.Length is > 0 and < 12).ToArbitrary(),
            rows => WholeOrNot(rows, Assembling.Text("online-retail", Header + string.Concat(rows.Select(RowOf))).Events.Select(each => each.Event))).Check(Config.QuickThrowOnFailure.WithMaxTest(100));

    [Fact]
    public void The_law_catches_whoever_records_what_is_left_of_an_event()
    {
        int[] rows = [0, 1, 3];
        var left = rows.Index().Where(row => row.Item != 3).Select(row => RowOf(row.Item, row.Index));

        Assert.False(WholeOrNot(rows, Assembling.Text("online-retail", Header + string.Concat(left)).Events.Select(each => each.Event)));
    }

    [Fact]
    public void A_refund_has_positive_quantities_and_names_no_original()
    {
        var refund = Assert.Single(Assembling.Text("online-retail", Header + "C9,A,,-3,2011-01-05 10:00:00,1.50,7,UK\n").Events).Event;

        Assert.Equal(EventKinds.RefundName, refund.Kind);
        Assert.Equal(new EventLine("A", 3, Money.Of(4.50m, Currency.Of("GBP"))), Assert.Single(refund.Lines));
        Assert.Null(refund.Original);
    }

    [Theory]
    [InlineData("1", "0.005", 0.00, true)]
    [InlineData("1", "0.015", 0.02, true)]
    [InlineData("3", "0.015", 0.04, true)]
    [InlineData("2", "0.005", 0.01, false)]
    [InlineData("1", "2.500", 2.50, false)]
    public void A_total_is_rounded_half_even_and_counted_when_that_changes_it(string quantity, string price, decimal total, bool changed)
    {
        var assembled = Assembling.Text("online-retail", Header + $"1,A,,{quantity},2011-01-05 10:00:00,{price},7,UK\n");

        Assert.Equal(total, Assert.Single(assembled.Events).Event.Spend!.Value.Amount);
        Assert.Equal(changed ? 1 : 0, assembled.RoundedLines);
    }

    [Fact]
    public void Exact_repeats_are_all_recorded_and_have_the_same_keys_the_next_time()
    {
        const string text = "customer_id,order_date,revenue\nAmy,2020-01-01,5\nBob,2020-01-01,5\nAmy,2020-01-01,5\n";
        var first = Assembling.Text("rfm-orders", text).Events.Select(each => each.Event.Key).ToList();
        var again = Assembling.Text("rfm-orders", text).Events.Select(each => each.Event.Key).ToList();

        Assert.Equal(3, first.Distinct().Count());
        Assert.Equal(first, again);
        Assert.All(first, key => Assert.DoesNotContain("Amy", key.Value, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("2011-03-27 01:30:00", "2011-03-27T01:30:00Z")] // skipped: an hour later, 02:30 summer time
    [InlineData("2011-10-30 01:30:00", "2011-10-30T00:30:00Z")] // twice: the first
    [InlineData("2011-07-01 12:00:00", "2011-07-01T11:00:00Z")]
    public void Local_times_that_clock_changes_skip_or_repeat_have_one_meaning(string local, string expected)
    {
        var happened = Assert.Single(Assembling.Text("online-retail", Header + $"1,A,,1,{local},1,7,UK\n").Events).Event;

        Assert.Equal(expected, happened.OccurredAt.ToString());
    }

    [Fact]
    public void A_date_is_the_start_of_its_day_in_the_zone()
    {
        var happened = Assert.Single(Assembling.Text("cdnow", " id date cds dollars\n 00001 19970101 1 11.77\n").Events).Event;

        Assert.Equal(Instant.FromUtc(1997, 1, 1, 5, 0), happened.OccurredAt);
        Assert.Equal("00001", happened.Identity!.Value.Value);
    }

    [Theory]
    [InlineData(new[] { "a|b", "c" }, new[] { "a", "b|c" })]
    [InlineData(new[] { @"a\", "b" }, new[] { "a", @"\b" })]
    [InlineData(new[] { "", "x" }, new[] { "x", "" })]
    public void Keys_of_several_columns_stay_apart(string[] one, string[] other) =>
        Assert.NotEqual(OccurrenceKeys.Of(one), OccurrenceKeys.Of(other));

    // One of two invoices, and a row in four has a quantity that is none.
    private static string RowOf(int kind, int place) => $"{1 + (place % 2)},A{place},,{(kind == 3 ? "one" : "1")},2011-01-05 10:00:00,1,8,UK\n";

    private static bool WholeOrNot(int[] rows, IEnumerable<CustomerEvent> events) =>
        rows.Index().GroupBy(row => 1 + (row.Index % 2)).Where(invoice => invoice.All(row => row.Item != 3)).Select(invoice => (Key: $"{invoice.Key}", Lines: invoice.Count())).Order()
            .SequenceEqual(events.Select(happened => (happened.Key.Value, happened.Lines.Count)).Order());

    private static string Shown(string rows) => string.Join(
        '\n',
        Assembling.Text("online-retail", Header + rows).Events
            .Select(each => $"{each.Event.Key} {each.Event.Kind} {each.Event.OccurredAt} {each.Event.Spend} {string.Join(',', each.Event.Lines.Order(Comparer<EventLine>.Create((a, b) => string.CompareOrdinal(a.Sku, b.Sku))))}"));
}
