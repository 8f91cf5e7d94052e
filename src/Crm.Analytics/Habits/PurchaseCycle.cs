using System.Globalization;

namespace Crm.Analytics.Habits;

/// <summary>The time after which a customer who buys regularly buys again. Whose time it is, the published definitions of NES leave open; here it is said.</summary>
public abstract record PurchaseCycle
{
    private protected PurchaseCycle()
    {
    }

    /// <summary>A cycle for everybody, such as the mean gap of all customers or of a segment.</summary>
    /// <param name="Days">Its length; above 0.</param>
    public sealed record OfAll(decimal Days) : PurchaseCycle
    {
        /// <inheritdoc cref="OfAll" path="/param[@name='Days']"/>
        public decimal Days { get; } = Positive(Days);

        /// <summary>The mean gap between one purchase day and the next, over all gaps of all customers, to six decimals.</summary>
        /// <exception cref="ArgumentException">Nobody bought on two days.</exception>
        public static OfAll MeanOf(IEnumerable<PurchaseDays> customers)
        {
            ArgumentNullException.ThrowIfNull(customers);
            var (span, gaps) = (0L, 0L);
            foreach (var customer in customers)
            {
                span += customer.Span;
                gaps += customer.Count - 1;
            }

            return gaps > 0
                ? new(decimal.Round((decimal)span / gaps, 6, MidpointRounding.ToEven))
                : throw new ArgumentException("Nobody bought on two days; a mean gap needs one gap at least.", nameof(customers));
        }

        /// <inheritdoc/>
        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"of all {Days}");

        internal override int LastDayWithin(PurchaseDays days, int cycles) => Whole(cycles * Days);
    }

    /// <summary>The customer's own mean gap, (latest − first) / (days − 1).</summary>
    /// <param name="Otherwise">The cycle in days of those who have bought on one day only; above 0.</param>
    public sealed record Own(decimal Otherwise) : PurchaseCycle
    {
        /// <inheritdoc cref="Own" path="/param[@name='Otherwise']"/>
        public decimal Otherwise { get; } = Positive(Otherwise);

        /// <summary>The shortest cycle in days; who buys more often has this one. 1 unless told; above 0.</summary>
        public decimal Least { get; init => field = Positive(value); } = 1;

        /// <inheritdoc/>
        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"own otherwise {Otherwise} least {Least}");

        // Whole numbers as long as there is a gap: a silence of exactly one cycle is within it, whatever its fraction.
        internal override int LastDayWithin(PurchaseDays days, int cycles) => days.Count == 1
            ? Whole(cycles * Otherwise)
            : Math.Max((int)Math.Min(int.MaxValue / 2, (long)cycles * days.Span / (days.Count - 1)), Whole(cycles * Least));
    }

    /// <summary>After how many days of silence, these included, so many cycles have not passed yet.</summary>
    internal abstract int LastDayWithin(PurchaseDays days, int cycles);

    private static decimal Positive(decimal days) => days > 0
        ? days
        : throw new ArgumentOutOfRangeException(nameof(days), string.Create(CultureInfo.InvariantCulture, $"The cycle is {days} days long; more than 0 is expected."));

    private static int Whole(decimal days) => (int)Math.Min(int.MaxValue / 2, decimal.Floor(days));
}
