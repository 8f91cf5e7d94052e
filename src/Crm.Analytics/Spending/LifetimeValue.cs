using System.Globalization;
using Crm.Analytics.Buying;

namespace Crm.Analytics.Spending;

/// <summary>
/// What a customer is yet worth: the purchases that are expected in each step of a horizon, at the amount that is expected of this customer, discounted to now. It assumes as <see cref="GammaGamma"/> does that amounts say nothing of frequencies.
/// Fader, Hardie and Lee, "RFM and CLV: using iso-value curves for customer base analysis", Journal of Marketing Research 42 (2005), with a finite horizon.
/// </summary>
/// <param name="Buying">When they buy.</param>
/// <param name="Spending">How much; null: <see cref="Of"/> says how often only, each purchase being worth 1.</param>
public sealed record LifetimeValue(BuyingModel Buying, GammaGamma? Spending)
{
    /// <summary>How far it looks, in the unit of <see cref="Buying"/>; above 0. 39 unless told.</summary>
    public double Horizon { get; init => field = ModelParameter.Positive(value, "horizon"); } = 39;

    /// <summary>How long a step is; what is bought in a step is discounted from the end of it. 1 unless told; above 0.</summary>
    public double Step { get; init => field = ModelParameter.Positive(value, "step"); } = 1;

    /// <summary>By how much less a unit of money is worth one unit of time later, such as 0.002 a week; 0 or more. 0 unless told.</summary>
    public double Discount { get; init => field = Within(value, double.MaxValue, "discount"); }

    /// <summary>The part of the amounts that is gained, 0 to 1; 1 unless told: what is worked out is then turnover.</summary>
    public double Margin { get; init => field = Within(value, 1, "margin"); } = 1;

    /// <summary>The value of a customer.</summary>
    /// <param name="history">Their purchases, in the unit of <see cref="Buying"/>.</param>
    /// <param name="spend">Their amounts.</param>
    /// <returns>In the main unit of the currency of the amounts; 0 or more, infinite where <see cref="GammaGamma.Expected"/> is.</returns>
    public double Of(BuyingHistory history, SpendHistory spend)
    {
        var each = Margin * (Spending?.Expected(spend) ?? 1);
        if (Discount == 0)
        {
            return each * Buying.Expected(history, Horizon);
        }

        var (value, before) = (0.0, 0.0);
        for (var step = 1; before < Horizon; step++)
        {
            var end = Math.Min(step * Step, Horizon);
            value += (Buying.Expected(history, end) - Buying.Expected(history, before)) * Math.Pow(1 + Discount, -end);
            before = end;
        }

        return each * value;
    }

    private static double Within(double value, double most, string name) => value >= 0 && value <= most
        ? value
        : throw new ArgumentOutOfRangeException(name, string.Create(CultureInfo.InvariantCulture, $"The {name} is {value}; a number from 0 to {most:R} is expected."));
}
