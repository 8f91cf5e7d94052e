using Crm.Analytics.Buying;
using Crm.Analytics.Fitting;
using Crm.Analytics.Habits;
using Crm.Analytics.Spending;
using Crm.Values;
using NodaTime;

namespace Crm.Tool.Reports;

/// <summary>A model fitted to the customers of a store, and what it says of each.</summary>
internal sealed record BuyingReport
{
    public required string Model { get; init; }

    public required Sequence<ModelParameter> Parameters { get; init; }

    /// <summary>In the order of the parameters; empty where the fit has not converged.</summary>
    public required Sequence<double> StandardErrors { get; init; }

    public required double LogLikelihood { get; init; }

    public required bool Converged { get; init; }

    public required int Customers { get; init; }

    public required IReadOnlyList<BuyingRow> Rows { get; init; }

    /// <summary>Fits a model by its name on the command line.</summary>
    /// <param name="horizon">In units.</param>
    /// <exception cref="ToolException">There is nothing to learn from.</exception>
    public static BuyingReport Of(Sales sales, string model, TimeUnit unit, double horizon)
    {
        var customers = sales.Buyers.Select(customer => Learned.Of(customer, sales.AsOf, unit)).ToList();
        try
        {
            return model switch
            {
                "bg-nbd" => OfBuying(BetaGeometric.Fit(customers.Select(customer => customer.History)), customers, horizon),
                "mbg-nbd" => OfBuying(ModifiedBetaGeometric.Fit(customers.Select(customer => customer.History)), customers, horizon),
                "pareto-nbd" => OfBuying(ParetoNbd.Fit(customers.Select(customer => customer.History)), customers, horizon),
                _ => OfSpending(GammaGamma.Fit(customers.Select(customer => customer.Spend)), customers),
            };
        }
        catch (ArgumentException tooFew)
        {
            throw ToolException.Input($"The model {model} cannot be fitted: {tooFew.Sentence()}");
        }
    }

    private static BuyingReport OfBuying<TModel>(ModelFit<TModel> fit, List<Learned> customers, double horizon)
        where TModel : BuyingModel
    {
        // Amounts of two customers at least are needed to say what anybody is worth.
        var spending = customers.Count(customer => customer.Spend.Purchases > 0) >= 2 ? GammaGamma.Fit(customers.Select(customer => customer.Spend)) : null;
        var value = spending is { Converged: true } ? new LifetimeValue(fit.Model, spending.Model) { Horizon = horizon } : null;
        return Of(fit, fit.Model.Name, fit.Model.Parameters, customers.Select(customer => new BuyingRow(
            customer.Name, customer.History, fit.Model.Alive(customer.History), fit.Model.Expected(customer.History, horizon), value?.Of(customer.History, customer.Spend))));
    }

    private static BuyingReport OfSpending(ModelFit<GammaGamma> fit, List<Learned> customers) =>
        Of(fit, "gamma-gamma", fit.Model.Parameters, customers.Select(customer => new BuyingRow(customer.Name, customer.History, null, null, fit.Model.Expected(customer.Spend))));

    private static BuyingReport Of<TModel>(ModelFit<TModel> fit, string name, Sequence<ModelParameter> parameters, IEnumerable<BuyingRow> rows)
        where TModel : class => new()
        {
            Model = name,
            Parameters = parameters,
            StandardErrors = fit.StandardErrors,
            LogLikelihood = fit.LogLikelihood,
            Converged = fit.Converged,
            Customers = fit.Customers,
            Rows = [.. rows],
        };

    /// <summary>What is learned from a customer: amounts are those of the repeats, one for each date, without the first.</summary>
    [System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Auto)]
    private readonly record struct Learned(string Name, BuyingHistory History, SpendHistory Spend)
    {
        public static Learned Of(CustomerSales customer, LocalDate asOf, TimeUnit unit)
        {
            var days = PurchaseDays.Of(customer.Days) ?? throw new InvalidOperationException($"{customer.Customer} has bought nothing.");
            var repeats = customer.Purchases.Where(sale => sale.Day > days.First).Sum(sale => sale.Amount);
            return new(customer.Customer, BuyingHistory.Of(days, asOf, unit), SpendHistory.OfTotal(days.Count - 1, repeats));
        }
    }
}

/// <summary>What a model says of a customer.</summary>
/// <param name="Customer">The source's own id.</param>
/// <param name="History">x, t_x and T.</param>
/// <param name="Alive">P(alive); null of a model of spend.</param>
/// <param name="Expected">Purchases within the horizon; null of a model of spend.</param>
/// <param name="Value">What those are worth; of a model of spend the mean amount of a purchase. Null where amounts are too few to say.</param>
internal sealed record BuyingRow(string Customer, BuyingHistory History, double? Alive, double? Expected, double? Value);
