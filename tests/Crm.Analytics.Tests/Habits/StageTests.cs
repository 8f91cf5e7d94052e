using Crm.Analytics.Habits;
using NodaTime;

namespace Crm.Analytics.Tests.Habits;

/// <summary>Stages, and the line above which customers are core.</summary>
public sealed class StageTests
{
    private static readonly LocalDate Opening = new(2026, 1, 1);
    private static readonly StageRule Rule = new(new NesRule(new PurchaseCycle.OfAll(30))) { CoreSpend = 1_000 };

    [Fact]
    public void Prospects_occasional_loyal_and_core_customers_are_told_apart()
    {
        var (once, thrice) = (new PurchaseDays(1, Opening, Opening), new PurchaseDays(3, Opening, Opening.PlusDays(40)));
        Assert.Equal("prospect", Rule.On(Opening, null, 0).Code());
        Assert.Equal("occasional", Rule.On(Opening, once, 999.99m).Code());
        Assert.Equal("core", Rule.On(Opening, once, 1_000).Code());
        Assert.Equal("loyal", Rule.On(Opening.PlusDays(70), thrice, 0).Code());
        Assert.Equal("occasional", Rule.On(Opening.PlusDays(71), thrice, 0).Code());
        Assert.Equal("occasional", (Rule with { LoyalDays = 4 }).On(Opening.PlusDays(41), thrice, 0).Code());
        Assert.Equal("loyal", (Rule with { CoreSpend = null }).On(Opening.PlusDays(41), thrice, 1_000_000).Code());
        Assert.Contains("at least 2", Assert.Throws<ArgumentOutOfRangeException>(() => Rule with { LoyalDays = 1 }).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_fifth_of_the_customers_bring_three_quarters_of_the_revenue()
    {
        var retail = new Concentration(Retail.Spend());
        Assert.Equal((4_338, 8_911_407.904m), (retail.Customers, retail.Total));
        Assert.Equal(0.746m, Math.Round(retail.PartOfTop(0.2m), 3));
        Assert.Equal(1_133, retail.CustomersFor(0.8m));

        var cdnow = new Concentration(RawFiles.Rows("cdnow/CDNOW_master.txt.gz", ' ').GroupBy(row => row[0]).Select(own => own.Sum(row => (decimal)RawFiles.Number(row[3]))));
        Assert.Equal(0.678m, Math.Round(cdnow.PartOfTop(0.2m), 3));
    }

    [Fact]
    public void Who_has_the_least_amount_of_the_top_belongs_to_it()
    {
        var shop = new Concentration([5, 1, 9, 3, 3, 2, 8, 7, 4, 6]);
        Assert.Equal(8, shop.LeastOfTop(0.2m));
        Assert.Equal(17m / 48, shop.PartOfTop(0.2m));
        Assert.Equal([0, 1, 3, 10], new[] { 0, 0.1m, 0.5m, 1 }.Select(shop.CustomersFor));
        Assert.Null(shop.LeastOfTop(0.01m));
        Assert.Equal(0, new Concentration([]).PartOfTop(0.5m));
        Assert.Throws<ArgumentOutOfRangeException>(() => shop.PartOfTop(1.1m));
    }
}
