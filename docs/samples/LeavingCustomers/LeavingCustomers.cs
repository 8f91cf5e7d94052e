using Crm;
using Crm.Analytics;
using Crm.Analytics.Buying;
using Crm.Analytics.Figures;
using Crm.Analytics.Habits;
using Crm.Analytics.Spending;
using Crm.Conditions;
using Crm.Segmentation;
using Crm.Segmentation.Segments;
using Crm.Values;
using NodaTime;

namespace LeavingCustomers;

/// <summary>From past purchases to a segment of customers who are about to leave.</summary>
public static class Leaving
{
    // snippet: learn
    /// <summary>What past purchases teach: the days on which each customer bought, and the mean amount of a day.</summary>
    public static CustomerFigures Learn(IReadOnlyCollection<(PurchaseDays Days, SpendHistory Spend)> customers, LocalDate asOf)
    {
        var buying = BetaGeometric.Fit(customers.Select(customer => BuyingHistory.Of(customer.Days, asOf, TimeUnit.Day)));
        var spending = GammaGamma.Fit(customers.Select(customer => customer.Spend));
        if (!buying.Converged || !spending.Converged)
        {
            throw new InvalidOperationException($"{customers.Count} customers are too few, or too much alike, to learn from.");
        }

        return new CustomerFigures
        {
            Zone = "Asia/Hong_Kong",
            Currency = Currency.Hkd,
            Nes = new NesRule(new PurchaseCycle.Own(Otherwise: PurchaseCycle.OfAll.MeanOf(customers.Select(customer => customer.Days)).Days)),
            Buying = new BuyingFigures(new LifetimeValue(buying.Model, spending.Model) { Horizon = 365 }, TimeUnit.Day) { AsleepBelow = 0.5 },
            Step = CalendarPeriod.Week,
        };
    }

    // end

    // snippet: use
    /// <summary>Whoever is worth keeping and is, today or within a week, more likely gone than not.</summary>
    public static Segment WorthACall { get; } = new()
    {
        Id = "worth-a-call",
        Label = new Text("Worth a call", "值得聯絡"),
        Where = If.Fact(FigureNames.Value).AtLeast(200) & If.Fact(FigureNames.Asleep).FromToday(Comparison.AtMost, Period.FromDays(7), "Asia/Hong_Kong"),
    };

    /// <summary>The figures, and then the segments that read them.</summary>
    public static void Configure(CrmBuilder crm, CustomerFigures figures) => crm
        .AddAnalytics(figures)
        .AddSegmentation(segments => segments.Define(WorthACall));

    // end
}
