using Crm.Events;
using Crm.Values;

namespace Crm.Loyalty.Rules;

/// <summary>The amount of an event that a rule looks at: chosen per rule, by name.</summary>
public abstract record EarningBasis
{
    private protected EarningBasis()
    {
    }

    /// <summary>What is left of the spend of the whole event.</summary>
    public static EarningBasis WholeSpend { get; } = new Spend();

    /// <summary>All lines.</summary>
    public static Lines AllLines { get; } = new Lines();

    /// <summary>The basis of an event in minor units; 0 where the event has nothing in the currency.</summary>
    public abstract long Of(CustomerEvent happened, Currency currency);

    /// <summary>What is left of the spend of the whole event.</summary>
    public sealed record Spend : EarningBasis
    {
        /// <inheritdoc/>
        public override long Of(CustomerEvent happened, Currency currency)
        {
            ArgumentNullException.ThrowIfNull(happened);
            return happened.Spend is { } spend && spend.Currency == currency ? spend.MinorUnits : 0;
        }
    }

    /// <summary>
    /// The sum of the lines that match. A line matches when its article or its category is included (both lists empty: every line is) and neither is excluded.
    /// A line in several of the lists counts once.
    /// </summary>
    public sealed record Lines : EarningBasis
    {
        /// <summary>Articles that count.</summary>
        public Sequence<string> Skus { get; init => field = Sorted(value); }

        /// <summary>Categories that count.</summary>
        public Sequence<string> Categories { get; init => field = Sorted(value); }

        /// <summary>Articles that do not count.</summary>
        public Sequence<string> ExceptSkus { get; init => field = Sorted(value); }

        /// <summary>Categories that do not count.</summary>
        public Sequence<string> ExceptCategories { get; init => field = Sorted(value); }

        /// <inheritdoc/>
        public override long Of(CustomerEvent happened, Currency currency)
        {
            ArgumentNullException.ThrowIfNull(happened);
            var sum = 0L;
            foreach (ref readonly var line in happened.Lines.AsSpan())
            {
                if (line.Amount.Currency == currency && Match(in line))
                {
                    sum = checked(sum + line.Amount.MinorUnits);
                }
            }

            return sum;
        }

        /// <summary>How many articles match and cost something, each line counted in whole ones.</summary>
        internal long WholeQuantity(CustomerEvent happened)
        {
            var sum = 0L;
            foreach (ref readonly var line in happened.Lines.AsSpan())
            {
                if (line.Amount.MinorUnits > 0 && Match(in line))
                {
                    sum = checked(sum + (long)decimal.Truncate(Math.Min(line.Quantity, PointsPerAmount.Most)));
                }
            }

            return sum;
        }

        private bool Match(in EventLine line) =>
            ((Skus.IsEmpty && Categories.IsEmpty) || Has(Skus, line.Sku) || Has(Categories, line.Category))
            && !Has(ExceptSkus, line.Sku) && !Has(ExceptCategories, line.Category);

        private static bool Has(Sequence<string> names, string? name) =>
            name is not null && !names.IsEmpty && names.AsSpan().BinarySearch(name, StringComparer.Ordinal) >= 0;

        private static Sequence<string> Sorted(Sequence<string> names) =>
            names.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToSequence();
    }
}
