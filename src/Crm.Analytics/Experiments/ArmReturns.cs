using System.Globalization;

namespace Crm.Analytics.Experiments;

/// <summary>What the people of one arm brought and cost, everybody who was assigned to it, those with nothing as 0.</summary>
/// <param name="Revenue">What they spent, net of what they gave back.</param>
/// <param name="Cost">What was spent on them: messages, coupons, what points given to them will cost.</param>
/// <param name="Covariance">How revenue and cost of one person go together, over one less than there are people: coupons cost where somebody buys.</param>
public sealed record ArmReturns(Sample Revenue, Sample Cost, double Covariance)
{
    /// <summary>The figures of an arm, person by person; accurate however large the amounts are (Welford's updates).</summary>
    /// <exception cref="ArgumentException">There are fewer than two people, or an amount is not finite.</exception>
    public static ArmReturns Of(IEnumerable<(double Revenue, double Cost)> people)
    {
        ArgumentNullException.ThrowIfNull(people);
        var (count, revenue, cost, revenueSquares, costSquares, products) = (0L, 0.0, 0.0, 0.0, 0.0, 0.0);
        foreach (var person in people)
        {
            count++;
            var (fromRevenue, fromCost) = (person.Revenue - revenue, person.Cost - cost);
            revenue += fromRevenue / count;
            cost += fromCost / count;
            revenueSquares += fromRevenue * (person.Revenue - revenue);
            costSquares += fromCost * (person.Cost - cost);
            products += fromRevenue * (person.Cost - cost);
        }

        if (count < 2 || !double.IsFinite(revenueSquares + costSquares))
        {
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"An arm of {count} people was found; two or more with finite amounts are expected."), nameof(people));
        }

        return new ArmReturns(new Sample(count, revenue, revenueSquares / (count - 1)), new Sample(count, cost, costSquares / (count - 1)), products / (count - 1));
    }
}
