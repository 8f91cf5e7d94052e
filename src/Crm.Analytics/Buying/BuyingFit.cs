using Crm.Analytics.Fitting;

namespace Crm.Analytics.Buying;

/// <summary>Fits models of repeated buying, from starts that have the unit of time of the histories.</summary>
internal static class BuyingFit
{
    public static ModelFit<TModel> Of<TModel>(IEnumerable<BuyingHistory> histories, TModel? from, Func<double[], TModel> make, Func<double, double, double[][]> starts)
        where TModel : BuyingModel
    {
        ArgumentNullException.ThrowIfNull(histories);
        var groups = Group<BuyingHistory>.Of(histories);
        var (customers, repeats, time) = (0, 0.0, 0.0);
        foreach (var (history, count) in groups)
        {
            customers += count;
            repeats += (double)count * history.Repeats;
            time += count * history.Age;
        }

        if (repeats == 0)
        {
            throw new ArgumentException($"None of {customers} customers bought again; a model of repeated buying needs some who did.", nameof(histories));
        }

        return MaximumLikelihood.Find(
            from is null ? starts(repeats / time, time / customers) : [[.. from.Parameters.Select(parameter => parameter.Value)]],
            make,
            model => groups.Sum(group => group.Count * model.LogLikelihood(group.Item)),
            customers,
            warm: from is not null);
    }

    /// <summary>Starts for r, α, a, b.</summary>
    /// <param name="rate">Repeats of all customers by their time together.</param>
    /// <param name="age">The mean age.</param>
    public static double[][] RateAndRisk(double rate, double age) => [[0.25, 0.25 / rate, 0.5, 2], [1, 1 / rate, 0.5, 5], [0.5, Math.Min(0.5 / rate, age), 1, 2]];

    /// <summary>Starts for r, α, s, β.</summary>
    /// <inheritdoc cref="RateAndRisk"/>
    public static double[][] RateAndEnd(double rate, double age) => [[0.5, 0.5 / rate, 0.5, age / 2], [1, 1 / rate, 0.5, age], [0.5, Math.Min(0.5 / rate, age), 1, 2 * age]];
}
