using Crm.Events;
using Crm.Values;

namespace Crm.Loyalty.Rules;

/// <summary>The amount of an event that a rule looks at: chosen per rule, by name.</summary>
public abstract record EarningBasis
{
    private protected EarningBasis()
    {
    }

    /// <summary>What is left of the spend of the whole event, without what was paid with points.</summary>
    public static EarningBasis WholeSpend { get; } = new Spend();

    /// <summary>All lines.</summary>
    public static Lines AllLines { get; } = new Lines();

    /// <summary>The basis of an event in minor units; 0 where the event has nothing in the currency.</summary>
    public abstract long Of(CustomerEvent happened, Currency currency);

    internal static bool Has(Sequence<string> names, string? name) =>
        name is not null && !names.IsEmpty && names.AsSpan().BinarySearch(name, StringComparer.Ordinal) >= 0;

    internal static Sequence<string> Sorted(Sequence<string> names) =>
        names.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToSequence();

    /// <summary>
    /// What is left of the spend of the whole event: a projection of what the sender says of it in the fields "discount", "tax", "delivery" and "points-paid" of the purchase.
    /// A field that the sender leaves out is 0. What other tenders paid (a gift card, an e-wallet) was paid and counts.
    /// </summary>
    public sealed record Spend : EarningBasis
    {
        /// <summary>Counts what it would have been without the discount on the whole: the spend plus "discount".</summary>
        public bool BeforeDiscount { get; init; }

        /// <summary>Leaves out the "tax" that is in the spend.</summary>
        public bool WithoutTax { get; init; }

        /// <summary>Leaves out the "delivery" that is in the spend.</summary>
        public bool WithoutDelivery { get; init; }

        /// <summary>Counts also what was paid with points; otherwise "points-paid" is left out, so that points do not earn points.</summary>
        public bool WithPointsPaid { get; init; }

        /// <inheritdoc/>
        public override long Of(CustomerEvent happened, Currency currency)
        {
            ArgumentNullException.ThrowIfNull(happened);
            if (happened.Spend is not { } spend || spend.Currency != currency)
            {
                return 0;
            }

            if (happened.Fields.Count == 0)
            {
                return spend.MinorUnits;
            }

            var basis = spend.MinorUnits
                + (BeforeDiscount ? Part(happened, EventKinds.DiscountField, currency) : 0)
                - (WithoutTax ? Part(happened, EventKinds.TaxField, currency) : 0)
                - (WithoutDelivery ? Part(happened, EventKinds.DeliveryField, currency) : 0)
                - (WithPointsPaid ? 0 : Part(happened, EventKinds.PointsPaidField, currency));
            return Math.Max(basis, 0);
        }

        private static long Part(CustomerEvent happened, string field, Currency currency)
        {
            var amount = happened.Fields[field].AsNumber;
            return amount <= 0 || amount > PointsPerAmount.Most ? 0 : Money.Rounded(amount, currency).MinorUnits;
        }
    }

    /// <summary>
    /// The sum of the lines that match. A line matches when its article, its category or a collection that has one of them is included (all lists empty: every line is) and none is excluded.
    /// A line in several of the lists counts once.
    /// </summary>
    public sealed record Lines : EarningBasis
    {
        /// <summary>Articles that count.</summary>
        public Sequence<string> Skus { get; init => field = Sorted(value); }

        /// <summary>Categories that count.</summary>
        public Sequence<string> Categories { get; init => field = Sorted(value); }

        /// <summary>Collections of the programme that count: labels, brands of goods. By itself, outside of a programme, a basis knows none of them.</summary>
        public Sequence<string> Collections { get; init => field = Sorted(value); }

        /// <summary>Articles that do not count.</summary>
        public Sequence<string> ExceptSkus { get; init => field = Sorted(value); }

        /// <summary>Categories that do not count.</summary>
        public Sequence<string> ExceptCategories { get; init => field = Sorted(value); }

        /// <summary>Collections of the programme that do not count.</summary>
        public Sequence<string> ExceptCollections { get; init => field = Sorted(value); }

        /// <summary>Whether nothing is named that counts, so that every line does that is not excluded.</summary>
        internal bool IsOpen => Skus.IsEmpty && Categories.IsEmpty && Collections.IsEmpty;

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

        /// <summary>Whether a line of the event matches.</summary>
        internal bool Matches(CustomerEvent happened)
        {
            foreach (ref readonly var line in happened.Lines.AsSpan())
            {
                if (Match(in line))
                {
                    return true;
                }
            }

            return false;
        }

        /// <summary>These lines with the articles and categories of the collections in place of their names.</summary>
        internal Lines Resolved(Sequence<ArticleCollection> collections)
        {
            if (Collections.IsEmpty && ExceptCollections.IsEmpty)
            {
                return this;
            }

            var (included, excluded) = (collections.Where(one => Has(Collections, one.Name)).ToList(), collections.Where(one => Has(ExceptCollections, one.Name)).ToList());
            return new Lines
            {
                Skus = [.. Skus, .. included.SelectMany(one => one.Skus)],
                Categories = [.. Categories, .. included.SelectMany(one => one.Categories)],
                ExceptSkus = [.. ExceptSkus, .. excluded.SelectMany(one => one.Skus)],
                ExceptCategories = [.. ExceptCategories, .. excluded.SelectMany(one => one.Categories)],
            };
        }

        internal bool Match(in EventLine line) =>
            (IsOpen || Has(Skus, line.Sku) || Has(Categories, line.Category))
            && !Has(ExceptSkus, line.Sku) && !Has(ExceptCategories, line.Category);
    }
}
