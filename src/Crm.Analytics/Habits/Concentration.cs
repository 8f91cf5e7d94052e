using System.Globalization;

namespace Crm.Analytics.Habits;

/// <summary>How much of a whole the greatest contribute: Pareto's rule, for the spend of customers.</summary>
public sealed class Concentration
{
    private readonly decimal[] amounts;
    private readonly decimal[] sums;

    /// <summary>The amounts of all customers, in any order. Those below 0 count as they are, at the end.</summary>
    public Concentration(IEnumerable<decimal> amounts)
    {
        this.amounts = [.. amounts.OrderDescending()];
        sums = new decimal[this.amounts.Length + 1];
        for (var i = 0; i < this.amounts.Length; i++)
        {
            sums[i + 1] = sums[i] + this.amounts[i];
        }
    }

    /// <summary>How many customers there are.</summary>
    public int Customers => amounts.Length;

    /// <summary>What they contribute together.</summary>
    public decimal Total => sums[^1];

    /// <summary>How many of the customers a share of them is: the nearest whole number, of two the even one.</summary>
    /// <param name="share">0 to 1, such as 0.2.</param>
    public int CountOf(decimal share) => (int)decimal.Round(Part(share) * Customers, MidpointRounding.ToEven);

    /// <summary>What part of the whole the top share of the customers contributes, such as 0.746; 0 where the whole is nothing.</summary>
    /// <param name="share">0 to 1, such as 0.2.</param>
    public decimal PartOfTop(decimal share) => Total == 0 ? 0 : sums[CountOf(share)] / Total;

    /// <summary>How many customers, the greatest first, it takes to contribute a part of the whole.</summary>
    /// <param name="part">0 to 1, such as 0.8.</param>
    public int CustomersFor(decimal part) => Array.FindIndex(sums, sum => sum >= Part(part) * Total);

    /// <summary>The least amount of those in the top share of the customers: who has it, or more, belongs to them. Null where the share is of nobody.</summary>
    /// <param name="share">0 to 1, such as 0.2.</param>
    public decimal? LeastOfTop(decimal share) => CountOf(share) is > 0 and var count ? amounts[count - 1] : null;

    private static decimal Part(decimal value) => value is >= 0 and <= 1
        ? value
        : throw new ArgumentOutOfRangeException(nameof(value), string.Create(CultureInfo.InvariantCulture, $"The part is {value}; 0 to 1 is expected."));
}
