using Crm.Events;
using Crm.Tests.Shared;
using Crm.Values;

namespace Crm.Tool.Tests.Import;

/// <summary>What the shipped mappings make of the real files, against counts known from elsewhere.</summary>
public sealed class RealFiles
{
    [Fact]
    public void Every_row_of_cdnow_is_a_purchase()
    {
        var assembled = Assembling.File("cdnow", RealData.Require("cdnow/CDNOW_master.txt.gz"));
        var events = assembled.Events.Select(each => each.Event).ToList();

        Assert.Equal((69_659, 69_659, 69_659), (assembled.Rows, assembled.Lines, assembled.Count));
        Assert.Empty(assembled.Rejected);
        Assert.Equal(69_659, events.Select(each => each.Key).Distinct().Count());
        Assert.Equal(23_570, events.Select(each => each.Identity).Distinct().Count());
        Assert.Equal(2_500_315.63m, events.Sum(each => each.Spend!.Value.Amount));
        Assert.All(events, each => Assert.Equal(EventKinds.PurchaseName, each.Kind));
        Assert.Equal(Currency.Of("USD"), events[0].Spend!.Value.Currency);
    }

    [Fact]
    public void The_customer_of_the_cdnow_sample_is_the_second_column_without_zeros()
    {
        var assembled = Assembling.File("cdnow-sample", RealData.Require("cdnow/CDNOW_sample.txt.gz"));
        var customers = assembled.Events.Select(each => each.Event.Identity!.Value.Value).Distinct().ToList();

        Assert.Equal(6_919, assembled.Count);
        Assert.Equal(2_357, customers.Count);
        Assert.Equal(Enumerable.Range(1, 2_357), customers.Select(int.Parse).Order());
        Assert.DoesNotContain(customers, customer => customer.StartsWith('0'));
    }

    [Fact]
    public void The_orders_of_the_rfm_package_belong_to_995_customers()
    {
        var assembled = Assembling.File("rfm-orders", RealData.Require("rfm_data_orders.csv.gz"));

        Assert.Equal(4_906, assembled.Count);
        Assert.Equal(995, assembled.Events.Select(each => each.Event.Identity).Distinct().Count());
        Assert.Empty(assembled.Rejected);
    }

    [Fact]
    public void Online_retail_is_clean_purchases_and_refunds()
    {
        var assembled = Assembling.File("online-retail", RealData.Require("online_retail_uci.csv.gz"));
        var events = assembled.Events.Select(each => each.Event).ToList();
        var purchases = events.Where(each => each.Kind == EventKinds.PurchaseName).ToList();
        var refunds = events.Where(each => each.Kind == EventKinds.RefundName).ToList();
        var gross = purchases.Sum(each => each.Spend!.Value.Amount);
        var refunded = refunds.Sum(each => each.Spend!.Value.Amount);

        Assert.Equal(541_909, assembled.Rows);
        Assert.Equal(
            [("missing-customer", 135_080L), ("zero-price", 40), ("negative-price", 0), ("quantity-not-positive", 0)],
            assembled.Ignored.Select(pair => (pair.Key, pair.Value)));
        Assert.Empty(assembled.Rejected);
        Assert.Equal((397_884, 8_905), (purchases.Sum(each => each.Lines.Count), refunds.Sum(each => each.Lines.Count)));
        Assert.Equal(397_884 + 8_905, assembled.Lines);
        Assert.Equal((18_532, 22_186), (purchases.Count, assembled.Count));
        Assert.Equal(4_338, purchases.Select(each => each.Identity).Distinct().Count());
        Assert.Equal(4_371, events.Select(each => each.Identity).Distinct().Count());
        Assert.Equal((8_911_407.90m, 611_342.09m, 8_300_065.81m), (gross, refunded, gross - refunded));
        Assert.Equal(4, assembled.RoundedLines);
        Assert.All(refunds, each => Assert.Null(each.Original));

        // Customer by customer, each in the order of time.
        Assert.All(events.Zip(events.Skip(1)), pair => Assert.True(pair.First.Identity != pair.Second.Identity || pair.First.OccurredAt <= pair.Second.OccurredAt));
        Assert.Equal(4_370, events.Zip(events.Skip(1)).Count(pair => pair.First.Identity != pair.Second.Identity));
    }
}
